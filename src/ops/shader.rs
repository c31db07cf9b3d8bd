//! A shader as text inside the program, and what is read out of it.

use super::{Op, Sizes};
use crate::error::{Error, Result};

/// A WGSL source and the name it is reported by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shader {
    /// The file's name, as `matmul/naive.wgsl`.
    pub name: &'static str,
    /// The text.
    pub source: &'static str,
    /// Whether it is part of the program. Only such a one may run without checks.
    pub embedded: bool,
}

impl Shader {
    /// A shader that is part of the program.
    pub const fn embedded(name: &'static str, source: &'static str) -> Self {
        Self { name, source, embedded: true }
    }

    /// A shader from a file of the user's. It stays in memory until the program ends, as the embedded ones do.
    pub fn loaded(name: &str, source: String) -> Self {
        let leaked = |text: String| Box::leak(text.into_boxed_str());
        Self { name: leaked(name.to_owned()), source: leaked(source), embedded: false }
    }

    /// The expression after `// workgroups:` in the header: how many workgroups to launch. It lives in the shader
    /// because it follows from the tile sizes that live there.
    ///
    /// # Errors
    /// [`Error::ShaderInterface`] where the line is missing or stands twice.
    pub fn workgroups(&self, op: &'static str) -> Result<&'static str> {
        match self.header("// workgroups:") {
            (1, Some(expression)) => Ok(expression),
            (count, _) => Err(Error::ShaderInterface {
                file: self.name.to_owned(),
                op,
                reason: format!(
                    "it has {count} lines `// workgroups: EXPRESSION`; write one, as in `// workgroups: div_ceil(m, TILE) \
                     * div_ceil(n, TILE)`, from the op's sizes and the shader's constants"
                ),
            }),
        }
    }

    /// The expression after `// turns:` in the header, if there is one: how often the loops of one thread turn, at
    /// most and all together. Only devices that end loops early ask for it.
    pub fn turns(&self) -> Option<&'static str> {
        self.header("// turns:").1
    }

    /// Whether a line declares `override NAME`.
    pub fn has_override(&self, name: &str) -> bool {
        self.has_line("override ", name)
    }

    /// Whether a line declares `override NAME` or `const NAME`: what may be set from outside.
    pub fn declares(&self, name: &str) -> bool {
        self.has_override(name) || self.has_line("const ", name)
    }

    fn has_line(&self, keyword: &str, name: &str) -> bool {
        let rest = |l: &'static str| l.trim_start().strip_prefix(keyword)?.trim_start().strip_prefix(name);
        self.source.lines().filter_map(rest).any(|r| r.trim_start().starts_with([':', '=', ';']))
    }

    /// Whether the text knows of a size: as a member of its parameter block, or as the constant `SIZE_<NAME>`.
    pub fn names(&self, size: &str) -> bool {
        let member = |line: &str| {
            line.trim_start().strip_prefix(size).is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        self.has_override(&format!("SIZE_{}", size.to_uppercase())) || self.source.lines().any(member)
    }

    /// The sizes that this shader wants compiled in, as values for its constants: `override SIZE_KH` is set to the size
    /// `kh`, and so for derived sizes. It keeps a choice or a divisor out of the inner loops, at the price of a pipeline for
    /// each value.
    pub fn compiled_sizes(&self, op: &Op, sizes: &Sizes) -> Vec<(String, u32)> {
        let all = sizes.values().chain((op.derived)(sizes));
        let named = all.map(|(name, value)| (format!("SIZE_{}", name.to_uppercase()), value));
        named.filter(|(name, _)| self.has_override(name)).collect()
    }

    fn header(&self, key: &str) -> (usize, Option<&'static str>) {
        let lines = || self.source.lines().filter_map(|l| l.trim().strip_prefix(key));
        (lines().count(), lines().next().map(str::trim))
    }
}

/// Embeds `shaders/<name>.wgsl`.
macro_rules! wgsl {
    ($name:literal) => {
        $crate::ops::Shader::embedded(
            concat!($name, ".wgsl"),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $name, ".wgsl")),
        )
    };
}
pub(crate) use wgsl;

/// The values of a shader's constants once all are set: what a workgroup-count expression may name beside the sizes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Knobs {
    /// `override` and `const` declarations with an integer value.
    pub constants: Vec<(String, u32)>,
    /// Invocations of a workgroup along x, y and z.
    pub workgroup_size: [u32; 3],
    /// Shared memory of a workgroup in bytes.
    pub workgroup_bytes: u32,
}

impl Knobs {
    /// The constant of that name; `WORKGROUP` is the number of invocations of a workgroup.
    pub fn get(&self, name: &str) -> Option<u32> {
        if name == "WORKGROUP" {
            return Some(self.workgroup_size.iter().product());
        }
        self.constants.iter().find(|c| c.0 == name).map(|c| c.1)
    }
}
