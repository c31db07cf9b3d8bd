//! Numbers from records. Pure: rows in, numbers out; no file, no clock, no device.
//!
//! [`points`] groups the rows, [`speedup`] compares them, [`amdahl`], [`growth`] and [`crossover`] say what follows.
//! [`bootstrap`] and [`mann_whitney`] say how sure that is, [`quality`] what speaks against the samples themselves.
//! [`roofline`] says how near a variant comes to what its machine allows.
//! [`scaling`], [`usl`] and [`threads`] say what more processors bring.
//! [`compare`] holds two runs against each other, [`peers`] our best variant against other libraries, [`checks`] a kernel with
//! checks against itself without. [`training`] says where the time of a training step goes.
//! [`axis`] finds what a sweep varied, so that a figure knows its horizontal axis.

pub mod amdahl;
pub mod axis;
mod bca;
pub mod bootstrap;
mod by_rounds;
pub mod checks;
pub mod compare;
pub mod crossover;
pub mod growth;
mod least_squares;
pub mod mann_whitney;
mod moderated;
mod normal;
mod order_interval;
pub mod outliers;
pub mod peers;
pub mod points;
pub mod quality;
pub mod roofline;
pub mod scaling;
pub mod speedup;
pub mod stats;
mod student;
pub mod threads;
pub mod training;
pub mod trend;
pub mod usl;

#[cfg(test)]
mod certainty_tests;
#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod crossover_tests;
#[cfg(test)]
mod peers_tests;
#[cfg(test)]
mod rounds_tests;
#[cfg(test)]
mod scaling_tests;
#[cfg(test)]
mod tests;
