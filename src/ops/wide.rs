//! Loops compiled a second time for wider vectors than every processor of its kind has, chosen at run time.

/// Runs `work`, compiled for 256-bit vectors where the processor has them. It is compiled so only as far as it is inlined:
/// `work` and what it calls must be `#[inline(always)]`. Results are the same bits: nothing is reordered or fused.
#[inline]
pub(super) fn wide<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "a call of code compiled for a feature that was just found")]
        // SAFETY: the processor has AVX2.
        return unsafe { with_avx2(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs_the_work_once() {
        let mut count = 0;
        let answer = super::wide(|| {
            count += 1;
            7
        });
        assert_eq!((answer, count), (7, 1));
    }
}
