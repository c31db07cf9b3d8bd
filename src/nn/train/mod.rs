//! Training: epochs of steps, validation after each, the best weights kept, and a state from which a stopped run goes on
//! to the same bits.

mod apply;
mod config;
mod files;
mod saved;
mod setup;
mod state;
mod taken;
mod trainer;
mod variants;

pub use config::{Config, DataTable, Normalise};
pub use saved::{STATE_FILE, Saved};
pub use setup::Setup;
pub use state::{Best, State, Sums};
pub use trainer::{Observer, Trained, Trainer};
