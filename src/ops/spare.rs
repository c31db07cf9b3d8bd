//! Memory for what lives no longer than one call, kept for the next one: a fresh page costs more than the numbers on it.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many pieces are kept.
const KEPT: usize = 6;

static SPARES: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// So many floats that hold anything, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Spare {
    memory: Vec<f32>,
    len: usize,
}

fn spares() -> MutexGuard<'static, Vec<Vec<f32>>> {
    // A list of vectors is sound wherever a thread stopped.
    SPARES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spare {
    /// The smallest kept piece that is large enough, or the largest, grown.
    pub(super) fn take(len: usize) -> Self {
        let mut memory = {
            let mut all = spares();
            let fits = (0..all.len()).filter(|&at| all[at].len() >= len).min_by_key(|&at| all[at].len());
            let best = fits.or_else(|| (0..all.len()).max_by_key(|&at| all[at].len()));
            best.map(|at| all.swap_remove(at)).unwrap_or_default()
        };
        if memory.len() < len {
            // Nothing is worth copying.
            memory = vec![0.0; len];
        }
        Self { memory, len }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        let mut all = spares();
        all.push(std::mem::take(&mut self.memory));
        if all.len() > KEPT {
            let smallest = (0..all.len()).min_by_key(|&at| all[at].len());
            smallest.map(|at| all.swap_remove(at));
        }
    }
}

impl Deref for Spare {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[..self.len]
    }
}

impl DerefMut for Spare {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_length_asked_for_and_comes_back() {
        for len in [3, 1000, 0, 10] {
            let mut spare = Spare::take(len);
            spare.fill(1.0);
            assert_eq!(spare.len(), len);
        }
        let (mut a, b) = (Spare::take(5), Spare::take(5));
        a.fill(7.0);
        assert_eq!((a.len(), b.len()), (5, 5));
    }
}
