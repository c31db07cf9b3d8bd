//! Stores that go past the caches. A plain store of a line that is not in the cache reads it first; a result that is larger
//! than any cache, and that nobody reads soon, is written in half the traffic without.

/// Elements of a result from which on it is taken to be larger than the caches: 32 MiB.
pub(super) const LARGE: usize = 8 << 20;

/// Elements of a cache line.
const LINE: usize = 16;

/// Writes runs of elements past the caches. Runs that follow one another are put together to whole lines: a line of which a
/// part is stored past the cache and a part through it costs more than either.
pub(super) struct Writer<'y> {
    to: &'y mut [f32],
    /// Room for elements that are not stored yet, how many there are, and where they belong.
    held: &'y mut Vec<f32>,
    count: usize,
    at: usize,
}

/// Lets `work` write to `to`. All is stored, and visible to other threads in the usual order, once this returns. `held` is
/// memory that may be kept from call to call.
#[inline(always)]
pub(super) fn write<R>(to: &mut [f32], held: &mut Vec<f32>, work: impl FnOnce(&mut Writer<'_>) -> R) -> R {
    work(&mut Writer { to, held, count: 0, at: 0 })
}

impl Writer<'_> {
    /// Lets `fill` write `len` elements that belong at `at`.
    #[inline(always)]
    pub(super) fn run(&mut self, at: usize, len: usize, fill: impl FnOnce(&mut [f32])) {
        if at != self.at + self.count {
            self.store_rest();
            self.at = at;
        }
        if self.held.len() < self.count + len {
            self.held.resize(self.count + len, 0.0);
        }
        fill(&mut self.held[self.count..][..len]);
        self.count += len;
        self.store_lines();
    }

    #[inline(always)]
    fn store_lines(&mut self) {
        let to = &mut self.to[self.at..][..self.count];
        let head = to.as_ptr().align_offset(LINE * size_of::<f32>()).min(to.len());
        let stored = head + (to.len() - head) / LINE * LINE;
        to[..head].copy_from_slice(&self.held[..head]);
        store(&self.held[head..stored], &mut to[head..stored]);
        self.held.copy_within(stored..self.count, 0);
        self.count -= stored;
        self.at += stored;
    }

    fn store_rest(&mut self) {
        self.to[self.at..][..self.count].copy_from_slice(&self.held[..self.count]);
        self.at += self.count;
        self.count = 0;
    }
}

/// On every way out, a panic's too.
impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.store_rest();
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "there is no safe fence of this kind")]
        // SAFETY: SSE is part of every x86-64.
        unsafe {
            std::arch::x86_64::_mm_sfence();
        }
    }
}

/// Stores whole lines.
#[inline(always)]
fn store(from: &[f32], to: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    for (from, to) in from.as_chunks::<4>().0.iter().zip(to.as_chunks_mut::<4>().0) {
        #[expect(unsafe_code, reason = "there is no safe store of this kind")]
        // SAFETY: `to` is four elements at a multiple of 16 bytes, which SSE, part of every x86-64, stores; the writer's
        // fence comes before another thread can be told of them.
        unsafe {
            use std::arch::x86_64::{_mm_loadu_ps, _mm_stream_ps};
            _mm_stream_ps(to.as_mut_ptr(), _mm_loadu_ps(from.as_ptr()));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    to.copy_from_slice(from);
}

#[cfg(test)]
mod tests {
    /// Runs of any length at any place, neighbours and others, one of them written twice.
    #[test]
    fn runs_are_whole_and_touch_nothing_else() {
        let value = |at: usize| u16::try_from(at).map_or(0.0, f32::from);
        for (first, len) in (0..40).flat_map(|first| (0..50).map(move |len| (first, len))) {
            let mut to = vec![-1.0; 240];
            let runs = [(first, len), (first + len, 3), (first + len + 3, len), (200, 17), (first, len)];
            super::write(&mut to, &mut Vec::new(), |writer| {
                for (at, len) in runs {
                    writer.run(at, len, |y| y.iter_mut().zip(at..).for_each(|(y, at)| *y = value(at)));
                }
            });
            for (at, got) in to.iter().enumerate() {
                let written = runs.iter().any(|&(first, len)| (first..first + len).contains(&at));
                let wanted = if written { value(at) } else { -1.0 };
                assert_eq!(got.to_bits(), wanted.to_bits(), "{first} {len}: {at}");
            }
        }
    }
}
