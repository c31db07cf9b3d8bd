//! One call many times: verified, measured, swept.

pub mod cases;
mod verify;

pub use verify::{Case, Verdict, user_variant, verify};
