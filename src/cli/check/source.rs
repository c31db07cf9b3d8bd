//! Where cases come from: the op's own list, or an oracle's folder.

use std::path::Path;

use crate::cli::oracle::{self, Check, Content, Entry};
use crate::error::Result;
use crate::lab::{Case, cases};
use crate::ops::Op;

/// Cases, made or read one at a time.
pub(super) struct Source {
    /// How many there are.
    pub(super) count: usize,
    /// The cases.
    pub(super) entries: Box<dyn Iterator<Item = Entry>>,
}

impl Source {
    /// The cases that belong to the ops.
    ///
    /// # Errors
    /// As [`cases::of`].
    pub(super) fn built_in(ops: &[&'static Op], seed: u64) -> Result<Self> {
        let mut setups = Vec::new();
        for op in ops {
            setups.extend(cases::of(op)?.into_iter().map(|setup| (*op, setup)));
        }
        let entry = move |(op, setup): (&'static Op, cases::Setup)| {
            let fill = format!("{:?}", setup.fill).to_lowercase();
            let call = Case::drawn(op, &setup.sizes, setup.fill, seed);
            Entry {
                name: format!("{} {} fill={fill}", op.name, setup.sizes),
                group: op.name.to_owned(),
                content: Content::Checks(vec![Check { part: "", calls: vec![call] }]),
            }
        };
        Ok(Self { count: setups.len(), entries: Box::new(setups.into_iter().map(entry)) })
    }

    /// The cases in a folder and below it.
    ///
    /// # Errors
    /// As [`oracle::find`].
    pub(super) fn oracle(dir: &Path) -> Result<Self> {
        let folders = oracle::find(dir)?;
        let root = dir.to_path_buf();
        Ok(Self {
            count: folders.len(),
            entries: Box::new(folders.into_iter().map(move |folder| oracle::load(&root, &folder))),
        })
    }
}
