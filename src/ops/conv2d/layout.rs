//! Other orders of the same numbers, in which the products of `positions` find what they need side by side.
//!
//! All copies are shared out over threads by blocks of what is written.

use rayon::prelude::*;

use crate::ops::relu::rectify;

/// Channels that are copied at a time: a cache line of them.
const CHANNELS: usize = 16;

/// Images n x c x l as n x l x c.
pub(super) fn channels_last(x: &[f32], [c, l]: [usize; 2], to: &mut [f32]) {
    to.par_chunks_mut(c * l).zip(x.par_chunks(c * l)).for_each(|(to, x)| {
        for (block, x) in x.chunks(CHANNELS * l).enumerate() {
            for (at, to) in to.chunks_exact_mut(c).enumerate() {
                let to = &mut to[block * CHANNELS..][..x.len() / l];
                to.iter_mut().zip(x[at..].iter().step_by(l)).for_each(|(to, x)| *to = *x);
            }
        }
    });
}

/// What lies as l x n x c as images n x c x l, with a number added to each channel and, if asked for, rectified.
pub(super) fn channels_first(
    from: &[f32],
    [c, l]: [usize; 2],
    (bias, relu): (Option<&[f32]>, bool),
    y: &mut [f32],
) {
    let images = from.len() / (c * l);
    y.par_chunks_mut(c * l).enumerate().for_each(|(n, y)| {
        for (block, y) in y.chunks_mut(CHANNELS * l).enumerate() {
            let first = block * CHANNELS;
            for (at, from) in from.chunks_exact(images * c).enumerate() {
                let from = &from[n * c + first..][..y.len() / l];
                let y = y[at..].iter_mut().step_by(l);
                match bias {
                    Some(bias) => y.zip(from.iter().zip(&bias[first..])).for_each(|(y, (v, b))| *y = v + b),
                    None => y.zip(from).for_each(|(y, v)| *y = *v),
                }
            }
            if relu {
                rectify(y);
            }
        }
    });
}

/// Images n x c x h x w as h x w x n x c.
pub(super) fn positions_first(x: &[f32], [c, h, w]: [usize; 3], to: &mut [f32]) {
    let images = x.len() / (c * h * w);
    to.par_chunks_mut(w * images * c).enumerate().for_each(|(row, to)| {
        for (n, x) in x.chunks_exact(c * h * w).enumerate() {
            for (block, x) in x.chunks(CHANNELS * h * w).enumerate() {
                for (column, to) in to.chunks_exact_mut(images * c).enumerate() {
                    let to = &mut to[n * c + block * CHANNELS..][..x.len() / (h * w)];
                    let from = x[row * w + column..].iter().step_by(h * w);
                    to.iter_mut().zip(from).for_each(|(to, x)| *to = *x);
                }
            }
        }
    });
}

/// Images n x c x h x w as h x c x w x n.
pub(super) fn images_last(x: &[f32], [c, h, w]: [usize; 3], to: &mut [f32]) {
    let images = x.len() / (c * h * w);
    let blocks = c.div_ceil(CHANNELS);
    // A block of channels of one row; the last block of a row may be smaller.
    let mut chunks = Vec::with_capacity(h * blocks);
    for (row, mut rest) in to.chunks_exact_mut(c * w * images).enumerate() {
        for block in 0..blocks {
            let channels = CHANNELS.min(c - block * CHANNELS);
            let (chunk, tail) = rest.split_at_mut(channels * w * images);
            chunks.push((row, block * CHANNELS, chunk));
            rest = tail;
        }
    }
    chunks.into_par_iter().for_each(|(row, first, to)| {
        for (n, x) in x.chunks_exact(c * h * w).enumerate() {
            for (channel, to) in to.chunks_exact_mut(w * images).enumerate() {
                let from = &x[((first + channel) * h + row) * w..][..w];
                to[n..].iter_mut().step_by(images).zip(from).for_each(|(to, x)| *to = *x);
            }
        }
    });
}

/// Weights co x ci x taps as taps x ci x co.
pub(super) fn outputs_last(w: &[f32], [co, ci, taps]: [usize; 3], to: &mut [f32]) {
    to.par_chunks_mut(ci * co).enumerate().for_each(|(tap, to)| {
        for (block, w) in w.chunks(CHANNELS * ci * taps).enumerate() {
            for (c, to) in to.chunks_exact_mut(co).enumerate() {
                let from = w[c * taps + tap..].iter().step_by(ci * taps);
                to[block * CHANNELS..].iter_mut().zip(from).for_each(|(to, w)| *to = *w);
            }
        }
    });
}

/// Weights co x ci x kh x kw as kh x kw x co x ci, each row of taps from its last to its first.
pub(super) fn inputs_last(w: &[f32], [co, ci, kh, kw]: [usize; 4], to: &mut [f32]) {
    to.par_chunks_mut(co * ci).enumerate().for_each(|(number, to)| {
        let tap = number / kw * kw + (kw - 1 - number % kw);
        to.iter_mut().zip(w[tap..].iter().step_by(kh * kw)).for_each(|(to, w)| *to = *w);
    });
}

/// Gradients taps x co x ci as co x ci x taps.
pub(super) fn taps_last(from: &[f32], [co, ci, taps]: [usize; 3], dw: &mut [f32]) {
    dw.par_chunks_mut(ci * taps).enumerate().for_each(|(o, dw)| {
        for (tap, from) in from.chunks_exact(co * ci).enumerate() {
            dw[tap..].iter_mut().step_by(taps).zip(&from[o * ci..]).for_each(|(dw, v)| *dw = *v);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 images, 17 channels, 3 x 2: an element is 1000 n + 10 c + its position, so that its place can be read off it.
    fn images() -> Vec<f32> {
        let element = |(n, c, at): (u16, u16, u16)| f32::from(1000 * n + 10 * c + at);
        let all = (0..2).flat_map(|n| (0..17).flat_map(move |c| (0..6).map(move |at| (n, c, at))));
        all.map(element).collect()
    }

    #[test]
    fn every_number_finds_its_place() {
        let x = images();
        let mut to = vec![f32::NAN; x.len()];
        channels_last(&x, [17, 6], &mut to);
        assert_eq!(to[(6 + 5) * 17 + 16], 1165.0);
        positions_first(&x, [17, 3, 2], &mut to);
        assert_eq!(to[(5 * 2 + 1) * 17 + 16], 1165.0);
        assert_eq!(to[(3 * 2) * 17 + 9], 93.0);
        let mut back = vec![f32::NAN; x.len()];
        channels_first(&to, [17, 6], (None, false), &mut back);
        assert_eq!(back, x);
        let bias: Vec<f32> = (0..17u8).map(f32::from).collect();
        channels_first(&to, [17, 6], (Some(&bias), false), &mut back);
        assert_eq!(back[16 * 6 + 5], 165.0 + 16.0);
        channels_first(&to, [17, 6], (Some(&[-100.0; 17]), true), &mut back);
        assert_eq!([back[16 * 6 + 5], back[5 * 6]], [65.0, 0.0]);
        images_last(&x, [17, 3, 2], &mut to);
        assert_eq!(to[((2 * 17 + 16) * 2 + 1) * 2 + 1], 1165.0);
        assert_eq!(to[((17 + 4) * 2) * 2], 42.0);
        assert!(to.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn weights_go_and_come_back() {
        // 2 outputs, 17 inputs, 3 x 2 taps.
        let w = images();
        let mut to = vec![f32::NAN; w.len()];
        outputs_last(&w, [2, 17, 6], &mut to);
        assert_eq!(to[(5 * 17 + 16) * 2 + 1], 1165.0);
        inputs_last(&w, [2, 17, 3, 2], &mut to);
        // Row 2 of the taps, its last tap first.
        assert_eq!(to[(4 * 2 + 1) * 17 + 16], 1165.0);
        let by_tap: Vec<f32> =
            (0..6).flat_map(|tap| (0..34).map(move |e| (tap, e))).map(|(tap, e)| w[e * 6 + tap]).collect();
        let mut back = vec![f32::NAN; w.len()];
        taps_last(&by_tap, [2, 17, 6], &mut back);
        assert_eq!(back, w);
    }
}
