//! Every way in which the library can fail: one variant a cause, and each message says what to do next.

use std::path::PathBuf;

/// The result type of the whole crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation that is not in the list of ops.
    #[error("there is no operation `{name}`; known are {known}")]
    UnknownOp {
        /// The name asked for.
        name: String,
        /// The names that exist, comma-separated.
        known: String,
    },
    /// A variant that the op does not have.
    #[error("`{op}` has no variant `{name}`; known are {known}")]
    UnknownVariant {
        /// The operation.
        op: &'static str,
        /// The name asked for.
        name: String,
        /// The names that exist, comma-separated.
        known: String,
    },
    /// A size that the op does not have.
    #[error("`{op}` has no size `{name}`; known are {known}")]
    UnknownSize {
        /// The operation.
        op: &'static str,
        /// The name asked for.
        name: String,
        /// The names that exist, comma-separated.
        known: String,
    },
    /// A size without a default that was not given.
    #[error("`{op}` needs the size `{name}`: {doc}")]
    MissingSize {
        /// The operation.
        op: &'static str,
        /// The size.
        name: &'static str,
        /// What the size means.
        doc: &'static str,
    },
    /// A size whose value cannot be used.
    #[error("`{op}`: {name} = {value} {reason}")]
    BadSize {
        /// The operation.
        op: &'static str,
        /// The size.
        name: String,
        /// The value given.
        value: String,
        /// Why it cannot be used, and what can.
        reason: String,
    },
    /// A product of sizes that does not fit the index type of the kernels.
    #[error("`{op}`: {what} has more elements than a 32-bit index can count ({elements}); use smaller sizes")]
    Overflow {
        /// The operation.
        op: &'static str,
        /// The operand whose element count overflows.
        what: String,
        /// The product, or a description of it when it overflows 64 bits.
        elements: String,
    },
    /// Operands whose shape does not fit the sizes.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// The operand or file.
        what: String,
        /// The shape that fits.
        expected: String,
        /// The shape that was given.
        got: String,
    },
    /// A variant that cannot run these sizes on this device.
    #[error("variant `{variant}` does not apply: {reason}")]
    NotApplicable {
        /// The variant.
        variant: String,
        /// The reason to skip it.
        reason: String,
    },

    /// No adapter satisfies the request.
    #[error("no suitable adapter for `{wanted}`: {found}; {advice}")]
    NoAdapter {
        /// What was asked for.
        wanted: String,
        /// What exists.
        found: String,
        /// What to do about it.
        advice: String,
    },
    /// The adapter refused to open a device.
    #[error(
        "the adapter `{adapter}` did not open a device: {message}; update its driver or choose another with --device"
    )]
    DeviceRequest {
        /// The adapter's name.
        adapter: String,
        /// What the driver said.
        message: String,
    },
    /// The device was lost while working.
    #[error(
        "the device was lost: {message}; a launch that runs for seconds can trip the driver's watchdog: try smaller sizes, then restart the program"
    )]
    DeviceLost {
        /// What the driver said.
        message: String,
    },
    /// The device has no memory left.
    #[error(
        "the device is out of memory while {what}; use smaller sizes, or close other programs that use it"
    )]
    OutOfMemory {
        /// What was being done.
        what: String,
    },
    /// The graphics API rejected a command.
    #[error("the graphics API rejected {what}: {message}")]
    Validation {
        /// What was being done.
        what: String,
        /// What the API said.
        message: String,
    },
    /// A buffer or grid beyond the device's limits.
    #[error(
        "{what} needs {needed}, the device allows {limit} ({limit_name}); use smaller sizes or another device"
    )]
    TooLarge {
        /// The operand or grid.
        what: String,
        /// What it needs.
        needed: u64,
        /// What is allowed.
        limit: u64,
        /// The name of the limit, as the WebGPU specification has it.
        limit_name: &'static str,
    },
    /// A shader that does not parse or validate.
    #[error("{file} is not valid WGSL:\n{excerpt}")]
    ShaderInvalid {
        /// The shader's file name.
        file: String,
        /// The compiler's excerpt with line and column.
        excerpt: String,
    },
    /// A shader whose bindings or parameters do not fit the op.
    #[error("{file} does not fit `{op}`: {reason}")]
    ShaderInterface {
        /// The shader's file name.
        file: String,
        /// The operation.
        op: &'static str,
        /// What does not fit, and what would.
        reason: String,
    },

    /// A result outside the bound.
    #[error("{0}")]
    Mismatch(Box<crate::error::Mismatch>),

    /// A file or folder that cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or folder that cannot be written.
    #[error("cannot write {path}: {source}; {}", remedy(source))]
    Write {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that is not what its reader expects.
    #[error("{path} is not a usable {format}: {reason}")]
    Format {
        /// The path.
        path: PathBuf,
        /// The format expected, as in "NIfTI-1 volume".
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that claims more than a reader will allocate.
    #[error(
        "{path} claims {claimed} bytes of {what}, above the limit of {limit} bytes; the file is damaged, or too big for this program"
    )]
    ClaimsTooMuch {
        /// The path.
        path: PathBuf,
        /// What is claimed.
        what: &'static str,
        /// The size claimed in bytes.
        claimed: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// An experiment file that cannot be used.
    #[error("{path}: {reason}")]
    Experiment {
        /// The path.
        path: PathBuf,
        /// What is wrong, with line and column where the parser knows them.
        reason: String,
    },
    /// A network file that cannot be used, or layers that do not fit each other.
    #[error("{source_name}: {reason}")]
    Network {
        /// The file, or what else holds the text.
        source_name: String,
        /// What is wrong, with the layer and both shapes.
        reason: String,
    },
    /// A loss that is no number any more.
    #[error(
        "the loss is not finite at step {step} (epoch {epoch}); the first output that is not finite is that of {layer}; \
         the best weights of the epochs before are kept: train with a lower learning rate, or clip the gradients (optimiser.max_norm){advice}"
    )]
    NotFinite {
        /// The epoch, from 1.
        epoch: u32,
        /// The step, from 1.
        step: u32,
        /// The layer.
        layer: String,
        /// What more to try, after a semicolon; empty in single precision, as which validation counts always.
        advice: &'static str,
    },
    /// Training in mixed precision whose gradients overflow in every step, though the loss is finite.
    #[error(
        "no step of {what} was taken: gradients were not finite though the loss was, and its scale was halved to {scale} in vain; \
         start with a smaller scale (loss_scaling.start), make more steps, or train in f32"
    )]
    NoStepTaken {
        /// Of what: an epoch, the range test.
        what: String,
        /// The scale of the loss that was left, as 2^-126.
        scale: String,
    },
    /// Records that cannot be analysed.
    #[error("{what}: {reason}")]
    Records {
        /// The file or folder.
        what: String,
        /// What is missing or contradictory.
        reason: String,
    },
    /// A figure that could not be drawn.
    #[error("cannot draw {what}: {reason}")]
    Figure {
        /// The figure.
        what: String,
        /// What the drawing library said.
        reason: String,
    },
    /// A thread that failed; a fault of the program, or of a data set made by hand.
    #[error("{what} failed: {message}")]
    Panicked {
        /// What was being done.
        what: String,
        /// What the thread said.
        message: String,
    },
    /// The user stopped the work; what was done is kept.
    #[error("stopped; what was done so far is kept")]
    Interrupted,
}

/// A wrong result, with all that is needed to find it again.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The operation.
    pub op: String,
    /// The variant.
    pub variant: String,
    /// The sizes, as `m=4 n=4 k=4`.
    pub sizes: String,
    /// The seed of the inputs, where they were drawn.
    pub seed: Option<u64>,
    /// The output operand.
    pub operand: String,
    /// The flat index of the first wrong element.
    pub index: usize,
    /// The value found.
    pub got: f64,
    /// The value expected.
    pub want: f64,
    /// The error allowed there.
    pub bound: f64,
    /// How many elements are wrong.
    pub bad: usize,
    /// How many elements were compared.
    pub of: usize,
    /// What else was wrong, as "the guard cells behind the output were written".
    pub note: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{} [{}]", self.op, self.variant, self.sizes)?;
        if let Some(seed) = self.seed {
            write!(f, " seed {seed}")?;
        }
        write!(f, ": {}[{}] is {:?}, expected {:?}", self.operand, self.index, self.got, self.want)?;
        write!(f, " within {:e}; {} of {} elements are wrong", self.bound, self.bad, self.of)?;
        if !self.note.is_empty() {
            write!(f, "; {}", self.note)?;
        }
        Ok(())
    }
}

/// What to do about a file that cannot be written.
fn remedy(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::AlreadyExists => {
            "nothing is written over: choose another place, or move that away"
        }
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "free some space",
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "choose a place that you may write to"
        }
        _ => "choose another place, or free some space",
    }
}

impl Error {
    /// A [`Error::Read`] for `path`.
    pub fn read(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Read { path: path.into(), source }
    }

    /// A [`Error::Write`] for `path`.
    pub fn write(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Write { path: path.into(), source }
    }

    /// A [`Error::Format`] for `path`.
    pub fn format(path: impl Into<PathBuf>, format: &'static str, reason: impl Into<String>) -> Self {
        Self::Format { path: path.into(), format, reason: reason.into() }
    }
}
