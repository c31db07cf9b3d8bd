//! What a run leaves behind: samples and provenance, written and read back.

mod row;

pub use row::{CallKind, Clock, Row, Status};
