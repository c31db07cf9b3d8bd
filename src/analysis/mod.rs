//! Numbers from records. Pure: rows in, numbers out; no file, no clock, no device.
//!
//! [`points`] groups the rows, [`speedup`] compares them, [`amdahl`], [`growth`] and [`crossover`] say what follows.
//! [`axis`] finds what a sweep varied, so that a figure knows its horizontal axis.

pub mod amdahl;
pub mod axis;
pub mod bootstrap;
pub mod crossover;
pub mod growth;
pub mod points;
pub mod speedup;
pub mod stats;

#[cfg(test)]
mod tests;
