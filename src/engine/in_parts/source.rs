//! Operands on the host, wherever they lie.

use ndarray::{ArrayView, ArrayView1, ArrayViewD, Axis, Dimension, Ix1};

/// Elements of an operand in row-major order.
pub trait Source {
    /// Hands `len` elements from element `from` on to `to`, in order, in one piece or in several.
    fn read(&self, from: usize, len: usize, to: &mut dyn FnMut(&[f32]));
}

impl Source for &[f32] {
    fn read(&self, from: usize, len: usize, to: &mut dyn FnMut(&[f32])) {
        to(&self[from..from + len]);
    }
}

impl<D: Dimension> Source for ArrayView<'_, f32, D> {
    fn read(&self, from: usize, len: usize, to: &mut dyn FnMut(&[f32])) {
        if let Some(all) = self.as_slice() {
            return all.read(from, len, to);
        }
        // An array that lies otherwise in memory is gathered row by row: copying it as a whole would double it.
        let width = self.shape().last().map_or(1, |&width| width.max(1));
        let mut gathered = Vec::with_capacity(width.min(len));
        let (mut at, end) = (from, from + len);
        while at < end {
            let column = at % width;
            let taken = (width - column).min(end - at);
            gathered.clear();
            gathered.extend(row(self.view().into_dyn(), at / width).iter().skip(column).take(taken));
            to(&gathered);
            at += taken;
        }
    }
}

/// Row `number` of an array, counted over all axes but the last.
fn row(mut view: ArrayViewD<'_, f32>, mut number: usize) -> ArrayView1<'_, f32> {
    while view.ndim() > 1 {
        let below: usize = view.shape()[1..view.ndim() - 1].iter().product();
        view = view.index_axis_move(Axis(0), number / below);
        number %= below;
    }
    // An array without axes is its one element.
    let flat = if view.ndim() == 0 { view.insert_axis(Axis(0)) } else { view };
    flat.into_dimensionality::<Ix1>().unwrap_or_else(|_| unreachable!("one axis is left"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, arr0, s};

    fn read(source: &dyn Source, from: usize, len: usize) -> Vec<f32> {
        let mut all = Vec::new();
        source.read(from, len, &mut |piece| all.extend_from_slice(piece));
        all
    }

    #[test]
    fn any_view_reads_as_its_elements_in_order() {
        let whole =
            Array4::from_shape_fn((2, 3, 5, 7), |(n, c, h, w)| (((n * 3 + c) * 5 + h) * 7 + w) as f32);
        let turned = whole.view().permuted_axes([1, 0, 3, 2]);
        let stepped = whole.slice(s![.., ..;-1, 1..;2, ..;3]);
        for view in [whole.view(), turned, stepped] {
            let want: Vec<f32> = view.iter().copied().collect();
            for (from, len) in [(0, want.len()), (0, 1), (3, 11), (want.len() - 4, 4), (5, 0)] {
                assert_eq!(
                    read(&view, from, len),
                    want[from..from + len],
                    "{from} {len} of {:?}",
                    view.shape()
                );
            }
        }
        assert_eq!(read(&arr0(4.0).view(), 0, 1), [4.0]);
    }
}
