//! Loops compiled again for wider vectors than every processor of its kind has, chosen at run time. On other processors
//! (NEON is part of every 64-bit ARM) the plain compilation is the widest one.

/// Runs `work`, compiled for the widest vectors that the processor has: 512 bits, 256 bits, or what all have. It is
/// compiled so only as far as it is inlined: `work` and what it calls must be `#[inline(always)]`. Results are the same
/// bits: nothing is reordered or fused.
#[inline]
pub(super) fn wide<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512vl")
    {
        #[expect(unsafe_code, reason = "a call of code compiled for features that were just found")]
        // SAFETY: the processor has these parts of AVX-512.
        return unsafe { with_avx512(work) };
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "a call of code compiled for a feature that was just found")]
        // SAFETY: the processor has AVX2.
        return unsafe { with_avx2(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
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
