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
//! | [`picture`] | PNG and JPEG files to pictures in bytes, grey or RGB |
//! | [`dataset`] | examples with classes: a folder per class, volumes, a table of labels, the phantom |
//! | [`split`] | which examples are for training, validation and test, and what leaks between them |
//! | [`prepare`], [`augment`] | pictures to the numbers that a network reads; random changes on the way |
//! | [`inspect`] | the facts of a data set: counts, sizes, duplicates, blanks |
//! | [`batch`] | batches, prepared ahead on threads |
//! | [`source`] | the slices that `tesela reproduce` works on |
//!
//! Every reader has a function on bytes and one on a path, a stated limit on what it allocates, and an error for
//! whatever it is fed: `tests/readers_survive.rs` mutates files to hold them to that. Nothing is ever overwritten.

pub mod augment;
pub mod batch;
mod bounded;
pub mod csv_matrix;
pub mod dataset;
pub mod folder;
pub mod grey;
pub mod image_file;
pub mod inspect;
pub mod nifti;
pub mod npy;
pub mod phantom;
pub mod picture;
pub mod prepare;
mod random;
mod resample;
pub mod slice;
pub mod source;
pub mod split;
pub mod volume;

pub use augment::Augment;
pub use batch::{Batch, Feed, Feeder, Loader};
pub use dataset::{Dataset, Example, LoadOptions, balanced_weights};
pub use grey::{Encoding, GreyImage};
pub use picture::Picture;
pub use prepare::{Mode, Prepare, prepare_one};
pub use slice::Window;
pub use split::{Leaks, Split, SplitRule};
pub use volume::Volume;
