//! In which order an epoch goes through its examples.

use super::super::random::Stream;

/// The order of `indices` in an epoch: their own, or one shuffled by seed and epoch, whatever came before.
pub fn epoch_order(indices: &[usize], shuffle: bool, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order = indices.to_vec();
    if shuffle {
        Stream::new(*b"shuffle ", [seed, epoch, 0]).shuffle(&mut order);
    }
    order
}
