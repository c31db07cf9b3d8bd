//! The one door to the `gemm` crate: strided products of slices, every index inside them asserted.

/// A matrix in a slice: element (i, j) stands at `i * strides.0 + j * strides.1`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    strides: (usize, usize),
}

impl<'a> Matrix<'a> {
    /// The matrix that begins with the slice.
    pub(super) fn new(values: &'a [f32], strides: (usize, usize)) -> Self {
        Self { values, strides }
    }
}

/// C = A B, or C += A B where `adds`; A is m x k, B is k x n, C is m x n with strides of its own.
///
/// # Panics
/// If an index that the sizes and strides reach lies outside a slice: a fault of this crate.
#[expect(unsafe_code, reason = "the gemm crate takes raw pointers and strides")]
pub(super) fn gemm(
    [m, n, k]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    c: &mut [f32],
    c_strides: (usize, usize),
    adds: bool,
    threads: usize,
) {
    let fits = |length: usize, (rows, columns): (usize, usize), strides: (usize, usize)| {
        (rows - 1) * strides.0 + (columns - 1) * strides.1 < length
    };
    assert!(m > 0 && n > 0 && k > 0, "a product needs at least one row, column and term");
    assert!(
        fits(a.values.len(), (m, k), a.strides)
            && fits(b.values.len(), (k, n), b.strides)
            && fits(c.len(), (m, n), c_strides),
        "operands must have the shapes of the sizes"
    );
    let parallelism = if threads > 1 { gemm::Parallelism::Rayon(threads) } else { gemm::Parallelism::None };
    let stride = |v: usize| v.cast_signed();
    // SAFETY: the assertions above hold every element that the sizes and strides reach inside the three slices; C is
    // not aliased, since it is borrowed mutably; it is read only where `adds`, and then it is initialised as a slice.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            stride(c_strides.1),
            stride(c_strides.0),
            adds,
            a.values.as_ptr(),
            stride(a.strides.1),
            stride(a.strides.0),
            b.values.as_ptr(),
            stride(b.strides.1),
            stride(b.strides.0),
            if adds { 1.0f32 } else { 0.0 },
            1.0f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}
