//! Asks for memory before it is needed, where work on what is in the caches would leave the memory idle.

/// Elements of a cache line.
const LINE: usize = 16;

/// Begins to bring `elements` into the nearest cache, and does not wait for them.
#[inline(always)]
pub(super) fn prefetch(elements: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in elements.chunks(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[expect(unsafe_code, reason = "there is no safe request of this kind")]
        // SAFETY: SSE is part of every x86-64, and a request reads nothing.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (elements, LINE);
}
