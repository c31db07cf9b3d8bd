//! The front door for Rust programs: products and pooling of `ndarray` views on a GPU.

use ndarray::{Array2, Array4, ArrayView2, ArrayView4};

use super::gpu::GpuPrepared;
use super::in_parts::{Budget, InParts, Source, preferred};
use super::{Prepared, outputs};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::ops::{self, Data, Op, Operand, Sizes};

/// C = A B on the GPU, by the first of the variants `blocked`, `registers` and `naive` that the device can run.
///
/// `a` is m x k, `b` is k x n, the result m x n; views of any strides are taken. Where an operand exceeds the device's
/// limits the product is computed in parts ([`super::in_parts`]).
///
/// # Errors
/// [`Error::Shape`] where the inner sizes differ, the errors of sizes, [`Error::TooLarge`] where a single row of `a` or
/// column of `b` exceeds the device's limits, and what the device reports.
///
/// ```
/// # fn main() -> tesela::Result<()> {
/// use ndarray::array;
/// # let Ok(gpu) = tesela::Gpu::new() else { return Ok(()) };
/// let a = array![[1.0, 2.0], [3.0, 4.0]];
/// let b = array![[5.0, 6.0], [7.0, 8.0]];
/// let c = tesela::matmul(&gpu, &a.view(), &b.view())?;
/// assert_eq!(c, array![[19.0, 22.0], [43.0, 50.0]]);
/// # Ok(())
/// # }
/// ```
pub fn matmul(gpu: &Gpu, a: &ArrayView2<'_, f32>, b: &ArrayView2<'_, f32>) -> Result<Array2<f32>> {
    let ((m, k), (rows, n)) = (a.dim(), b.dim());
    if k != rows {
        return Err(Error::Shape {
            what: "B of the product".to_owned(),
            expected: format!("{k} rows, as A has columns"),
            got: format!("{rows} rows"),
        });
    }
    let op: &'static Op = &ops::matmul::OP;
    let [m_text, n_text, k_text] = [m, n, k].map(|v| v.to_string());
    let sizes = op.sizes([("m", m_text.as_str()), ("n", &n_text), ("k", &k_text)])?;
    let mut results = call(gpu, op, &["blocked", "registers", "naive"], &sizes, &[a, b])?;
    shaped(results.pop(), |c| Array2::from_shape_vec((m, n), c))
}

/// A two-dimensional pooling: window, stride, padding, dilation (rows, columns), rounding.
///
/// ```
/// let overlapping = tesela::Pool2d::new(3).stride(2).padding(1);
/// let tall = tesela::Pool2d::window(5, 1).strides(2, 1).ceil();
/// # let _ = (overlapping, tall);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool2d {
    window: [u32; 2],
    stride: [u32; 2],
    padding: [u32; 2],
    dilation: [u32; 2],
    ceil: bool,
    zero: bool,
}

impl Pool2d {
    /// A square window whose stride is its side.
    pub fn new(kernel: u32) -> Self {
        Self::window(kernel, kernel)
    }

    /// A window of `kh` rows and `kw` columns whose strides are its sides.
    pub fn window(kh: u32, kw: u32) -> Self {
        Self {
            window: [kh, kw],
            stride: [kh, kw],
            padding: [0, 0],
            dilation: [1, 1],
            ceil: false,
            zero: false,
        }
    }

    /// The same stride on both axes.
    #[must_use]
    pub fn stride(self, s: u32) -> Self {
        self.strides(s, s)
    }

    /// Rows and columns between windows.
    #[must_use]
    pub fn strides(self, sh: u32, sw: u32) -> Self {
        Self { stride: [sh, sw], ..self }
    }

    /// The same padding on all four sides. It is minus infinity and never wins.
    #[must_use]
    pub fn padding(self, p: u32) -> Self {
        self.paddings(p, p)
    }

    /// Padding rows above and below, padding columns left and right.
    #[must_use]
    pub fn paddings(self, ph: u32, pw: u32) -> Self {
        Self { padding: [ph, pw], ..self }
    }

    /// Rows and columns between the taps of a window.
    #[must_use]
    pub fn dilation(self, dh: u32, dw: u32) -> Self {
        Self { dilation: [dh, dw], ..self }
    }

    /// Rounds the number of windows up instead of down.
    #[must_use]
    pub fn ceil(self) -> Self {
        Self { ceil: true, ..self }
    }

    /// Pads with zeros that take part in the maximum, as the thesis does.
    #[must_use]
    pub fn zero_padding(self) -> Self {
        Self { zero: true, ..self }
    }

    fn sizes(&self, dim: (usize, usize, usize, usize), indices: bool) -> Result<Sizes> {
        let (n, c, h, w) = dim;
        let image = [("n", n), ("c", c), ("h", h), ("w", w)].map(|(name, v)| (name, v.to_string()));
        let pairs = [("k", self.window), ("s", self.stride), ("p", self.padding), ("d", self.dilation)];
        let axes = pairs
            .iter()
            .zip(AXES)
            .flat_map(|((_, [h, w]), names)| [(names[0], h.to_string()), (names[1], w.to_string())]);
        let flags = [("ceil", self.ceil), ("pad_value", self.zero), ("indices", indices)];
        let flags = flags.map(|(name, on)| (name, u32::from(on).to_string()));
        let all: Vec<(&str, String)> = image.into_iter().chain(axes).chain(flags).collect();
        ops::maxpool::OP.sizes(all.iter().map(|(name, text)| (*name, text.as_str())))
    }
}

/// The op's names for rows and columns of window, stride, padding, dilation.
const AXES: [[&str; 2]; 4] = [["kh", "kw"], ["sh", "sw"], ["ph", "pw"], ["dh", "dw"]];

/// Max pooling of an n x c x h x w image on the GPU, by the variant `direct`. An image that exceeds the device's limits goes
/// through it in bands of rows or in groups of planes ([`super::in_parts`]), by the first variant of
/// [`super::in_parts::preferred`] that applies; the host then holds the image, the result and a few bands.
///
/// # Errors
/// The errors of sizes ([`Error::BadSize`], [`Error::Overflow`]), [`Error::TooLarge`] where the rows under a single row of
/// windows exceed the device's limits, and what the device reports.
///
/// ```
/// # fn main() -> tesela::Result<()> {
/// # let Ok(gpu) = tesela::Gpu::new() else { return Ok(()) };
/// let x = ndarray::Array4::from_shape_fn((1, 1, 4, 4), |(_, _, r, q)| (4 * r + q) as f32);
/// let y = tesela::max_pool2d(&gpu, &x.view(), &tesela::Pool2d::new(2))?;
/// assert_eq!(y.into_raw_vec_and_offset().0, [5.0, 7.0, 13.0, 15.0]);
/// # Ok(())
/// # }
/// ```
pub fn max_pool2d(gpu: &Gpu, x: &ArrayView4<'_, f32>, pool: &Pool2d) -> Result<Array4<f32>> {
    let mut results = pooled(gpu, x, pool, false)?;
    let dim = output_dim(x, pool, false)?;
    shaped(results.pop(), |y| Array4::from_shape_vec(dim, y))
}

/// As [`max_pool2d`], and for each output the flat position h·w-wise within its plane of the first maximum
/// (-1 where zero padding wins).
///
/// # Errors
/// As [`max_pool2d`].
pub fn max_pool2d_with_indices(
    gpu: &Gpu,
    x: &ArrayView4<'_, f32>,
    pool: &Pool2d,
) -> Result<(Array4<f32>, Array4<i32>)> {
    let mut results = pooled(gpu, x, pool, true)?;
    let dim = output_dim(x, pool, true)?;
    let Some(Data::I32(indices)) = results.pop() else { unreachable!("the op's second output is integers") };
    let indices = Array4::from_shape_vec(dim, indices).map_err(|e| misshapen(&e))?;
    Ok((shaped(results.pop(), |y| Array4::from_shape_vec(dim, y))?, indices))
}

fn output_dim(x: &ArrayView4<'_, f32>, pool: &Pool2d, indices: bool) -> Result<(usize, usize, usize, usize)> {
    let p = ops::maxpool::Pool::of(&pool.sizes(x.dim(), indices)?);
    Ok((p.n as usize, p.c as usize, p.oh as usize, p.ow as usize))
}

fn pooled(gpu: &Gpu, x: &ArrayView4<'_, f32>, pool: &Pool2d, indices: bool) -> Result<Vec<Data>> {
    let sizes = pool.sizes(x.dim(), indices)?;
    call(gpu, &ops::maxpool::OP, &["direct"], &sizes, &[x])
}

/// Runs the first variant of `families` that these sizes and this device allow; in parts where the operands do not fit.
fn call(
    gpu: &Gpu,
    op: &'static Op,
    families: &[&str],
    sizes: &Sizes,
    operands: &[&dyn Source],
) -> Result<Vec<Data>> {
    let budget = Budget::of(gpu);
    if !budget.holds_call(op, sizes) {
        let parts = InParts::new(gpu, None, op, &preferred(op)?, sizes, budget)?;
        let mut results = outputs(op, sizes);
        parts.run(operands, &mut results)?;
        return Ok(results);
    }
    let whole = |(operand, source): (&Operand, &&dyn Source)| {
        let len = op.len(sizes, operand.name);
        let mut all = Vec::with_capacity(len);
        source.read(0, len, &mut |elements| all.extend_from_slice(elements));
        Data::F32(all)
    };
    let inputs: Vec<Data> = op.inputs().zip(operands).map(whole).collect();
    let mut refused = None;
    for family in families {
        for variant in op.variants_named(family)? {
            match GpuPrepared::new(gpu, op, variant, sizes, &[], gpu.checks()) {
                Ok(mut prepared) => {
                    let mut results = outputs(op, sizes);
                    prepared.run(&inputs, &mut results)?;
                    return Ok(results);
                }
                Err(e @ Error::NotApplicable { .. }) => refused = Some(e),
                Err(e) => return Err(e),
            }
        }
    }
    Err(refused.unwrap_or_else(|| Error::NotApplicable {
        variant: families.join(", "),
        reason: "there is no such variant".to_owned(),
    }))
}

fn shaped<A>(
    data: Option<Data>,
    shape: impl FnOnce(Vec<f32>) -> Result<A, ndarray::ShapeError>,
) -> Result<A> {
    let Some(Data::F32(values)) = data else { unreachable!("the op's first output is floats") };
    shape(values).map_err(|e| misshapen(&e))
}

fn misshapen(error: &ndarray::ShapeError) -> Error {
    Error::Shape {
        what: "the result".to_owned(),
        expected: "the op's output shape".to_owned(),
        got: error.to_string(),
    }
}
