//! Images and volumes: readers with stated limits, slices, the phantom.
//!
//! | module | what |
//! |---|---|
//! | [`grey`] | a grey image in memory, written as PNG or JPEG |
//! | [`image_file`] | PNG and JPEG files to grey images |
//! | [`volume`] | a volume in memory, in RAS+ order |
//! | [`nifti`] | NIfTI-1 files to volumes |
//! | [`slice`](mod@slice) | volumes to axial slices |
//! | [`csv_matrix`], [`npy`] | matrices and arrays of numbers |
//! | [`phantom`] | a synthetic data set of three classes, inside the program |
//! | [`folder`] | a folder of images, read in parallel |
//! | [`source`] | the slices that `tesela reproduce` works on |
//!
//! Every reader has a function on bytes and one on a path, a stated limit on what it allocates, and an error for
//! whatever it is fed: `tests/readers_survive.rs` mutates files to hold them to that. Nothing is ever overwritten.

mod bounded;
pub mod csv_matrix;
pub mod folder;
pub mod grey;
pub mod image_file;
pub mod nifti;
pub mod npy;
pub mod phantom;
pub mod slice;
pub mod source;
pub mod volume;

pub use grey::{Encoding, GreyImage};
pub use slice::Window;
pub use volume::Volume;
