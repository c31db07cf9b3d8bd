//! The readers under test.

use std::path::Path;

use tesela::data::dataset::{Columns, LABEL_OVERHEAD, Labels};
use tesela::data::{csv_matrix, image_file, nifti, npy, picture};
use tesela::lab::Experiment;
use tesela::record;

use crate::samples;

/// What readers with a limit are given as theirs: small, so that a claim above it is nothing special.
const LIMIT: u64 = 64 << 10;

/// The same for images, whose decoders may hold rows of blocks beside the pixels.
const IMAGE_LIMIT: u64 = 1 << 20;

/// One reader.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    /// Valid files, small ones.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Reads a file; whether it was accepted.
    pub(crate) read: fn(&[u8]) -> bool,
    /// The bytes that reading may hold beside an input of that many.
    pub(crate) allowed: fn(usize) -> usize,
    /// What makes damage go deeper: true checksums, or compression. [`samples::as_is`] where there is nothing such.
    pub(crate) finish: fn(Vec<u8>) -> Vec<u8>,
}

/// The bytes of a stated limit.
fn bytes(stated: u64) -> usize {
    usize::try_from(stated).unwrap_or(usize::MAX)
}

/// All of them.
pub(crate) fn readers() -> Vec<Reader> {
    vec![
        Reader {
            name: "nifti",
            seeds: samples::nifti(),
            read: |input| nifti::from_bytes(input, Path::new("input"), LIMIT).is_ok(),
            allowed: |_| bytes(LIMIT + nifti::OVERHEAD_BYTES),
            finish: samples::as_is,
        },
        Reader {
            name: "nifti gz",
            seeds: samples::nifti(),
            read: |input| nifti::from_bytes(input, Path::new("input"), LIMIT).is_ok(),
            allowed: |_| bytes(LIMIT + nifti::OVERHEAD_BYTES),
            finish: samples::gzip,
        },
        Reader {
            name: "nifti gz, damaged after compression",
            seeds: samples::nifti().into_iter().map(samples::gzip).collect(),
            read: |input| nifti::from_bytes(input, Path::new("input"), LIMIT).is_ok(),
            allowed: |_| bytes(LIMIT + nifti::OVERHEAD_BYTES),
            finish: samples::as_is,
        },
        Reader {
            name: "png",
            seeds: samples::png(),
            read: |input| image_file::from_bytes(input, Path::new("input"), IMAGE_LIMIT).is_ok(),
            allowed: |_| bytes(IMAGE_LIMIT + image_file::OVERHEAD_BYTES),
            finish: samples::true_png_checksums,
        },
        Reader {
            name: "jpeg",
            seeds: samples::jpeg(),
            read: |input| image_file::from_bytes(input, Path::new("input"), IMAGE_LIMIT).is_ok(),
            allowed: |_| bytes(IMAGE_LIMIT + image_file::OVERHEAD_BYTES),
            finish: samples::as_is,
        },
        Reader {
            name: "png to a picture",
            seeds: samples::png(),
            read: |input| picture::from_bytes(input, Path::new("input"), IMAGE_LIMIT).is_ok(),
            allowed: |_| bytes(IMAGE_LIMIT + image_file::OVERHEAD_BYTES),
            finish: samples::true_png_checksums,
        },
        Reader {
            name: "jpeg to a picture",
            seeds: samples::jpeg(),
            read: |input| picture::from_bytes(input, Path::new("input"), IMAGE_LIMIT).is_ok(),
            allowed: |_| bytes(IMAGE_LIMIT + image_file::OVERHEAD_BYTES),
            finish: samples::as_is,
        },
        Reader {
            name: "labels",
            seeds: samples::labels(),
            read: |input| {
                let columns = Columns { file: None, label: None, group: Some("group"), need_labels: true };
                Labels::from_bytes(input, Path::new("input"), &columns).is_ok()
            },
            allowed: |length| 64 * length + bytes(LABEL_OVERHEAD),
            finish: samples::as_is,
        },
        Reader {
            name: "csv",
            seeds: samples::csv(),
            read: |input| csv_matrix::from_bytes(input, Path::new("input")).is_ok(),
            allowed: |length| 2 * length + bytes(csv_matrix::OVERHEAD_BYTES),
            finish: samples::as_is,
        },
        Reader {
            name: "npy",
            seeds: samples::npy(),
            read: |input| npy::from_bytes(input, Path::new("input")).is_ok(),
            allowed: |length| length + bytes(npy::OVERHEAD_BYTES),
            finish: samples::as_is,
        },
        Reader {
            name: "toml",
            seeds: samples::toml(),
            read: |input| Experiment::from_bytes(Path::new("input"), input).is_ok(),
            allowed: |length| 16 * length + bytes(Experiment::OVERHEAD_BYTES),
            finish: samples::as_is,
        },
        Reader {
            name: "samples",
            seeds: samples::samples(),
            read: |input| record::from_bytes(Path::new("input"), input).is_ok(),
            allowed: |length| 64 * length + (1 << 20),
            finish: samples::as_is,
        },
    ]
}
