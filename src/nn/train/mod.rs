//! Training: epochs of steps, validation after each, the best weights kept, and a state from which a stopped run goes on
//! to the same bits.

mod config;
mod saved;
mod state;
mod trainer;

pub use config::{Config, DataTable, Normalise};
pub use saved::{STATE_FILE, Saved};
pub use state::{Best, State, Sums};
pub use trainer::{Observer, Setup, Trained, Trainer};
