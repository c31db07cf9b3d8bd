//! Operations that measure the machine and compute nothing of use: the roofs of memory and arithmetic, and what a launch
//! costs. They are ops so that the same checks hold for them as for every kernel (reflection, reference, poison, guard
//! cells), and they stand in [`PROBES`], not in [`super::OPS`]: no list offers them, but who names one gets it, as the
//! experiment on workgroups does.
//!
//! Idea of measured ceilings: Williams, Waterman and Patterson, "Roofline", CACM 52 (2009).

mod arithmetic;
mod chains;
mod memory;

pub use arithmetic::{FMA_F16, FMA_F32, LAUNCH};
pub use memory::{COPY, READ};

use super::Op;

/// Every probe.
pub static PROBES: &[&Op] = &[&COPY, &READ, &FMA_F32, &FMA_F16, &LAUNCH];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{Fill, OPS};

    #[test]
    fn no_list_offers_a_probe() {
        assert!(PROBES.iter().all(|probe| OPS.iter().all(|op| op.name != probe.name)));
    }

    #[test]
    fn lanes_count_their_steps() {
        let sizes = FMA_F32.sizes([("len", "65"), ("turns", "3")]).unwrap();
        let inputs = (FMA_F32.draw)(&FMA_F32, &sizes, Fill::Uniform, 1);
        let want = &(FMA_F32.reference)(&sizes, &inputs)[0].want;
        // Thread 0: the lanes 0, ..., 15, each 24 steps on; thread 64 begins anew.
        assert_eq!((want[0], want[64]), (120.0 + 16.0 * 24.0, 120.0 + 16.0 * 24.0));
        assert_eq!(want[5], 120.0 + 16.0 * 29.0);
        assert_eq!((FMA_F32.cost)(&sizes).flops, 65 * 3 * 256);
    }

    #[test]
    fn what_would_not_stay_exact_is_refused() {
        assert!(FMA_F16.sizes([("len", "1"), ("turns", "246")]).is_ok());
        assert!(FMA_F16.sizes([("len", "1"), ("turns", "247")]).is_err());
        assert!(FMA_F32.sizes([("len", "1"), ("turns", "65536")]).is_err());
        assert!(READ.sizes([("len", "16777216"), ("workgroups", "1")]).is_ok());
        assert!(READ.sizes([("len", "16777220"), ("workgroups", "1")]).is_err());
    }
}
