//! One call many times: verified, measured, swept.
//!
//! [`Experiment`] is a TOML file; a [`Sweep`] runs its points through [`verify`] and the measuring loop into a run folder.
//! [`tune`] searches for a kernel's constants. [`ceilings`] measures what the machine itself can reach.

mod budget;
mod by_rows;
pub mod cases;
mod entrant;
mod experiment;
mod measure;
mod median;
mod probe;
mod provenance;
mod sweep;
pub mod tune;
mod verify;

pub use budget::Budget;
pub use by_rows::{Judged, judge};
pub use experiment::{Experiment, Point};
pub use median::median;
pub use probe::ceilings;
pub use provenance::{Provenance, machine_name, record, utc_now};
pub use sweep::{Observer, Outcome, Silent, Source, Sweep};
pub use verify::{Case, Verdict, user_variant, verify, verify_with};
