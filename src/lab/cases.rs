//! The cases that `check` runs: they stand beside the op.

use crate::error::Result;
use crate::ops::Op;
pub use crate::ops::Setup;

/// The cases of an op.
///
/// # Errors
/// None for the ops of this crate; an op whose sizes its own table does not fit says so.
pub fn of(op: &'static Op) -> Result<Vec<Setup>> {
    (op.cases)()
}
