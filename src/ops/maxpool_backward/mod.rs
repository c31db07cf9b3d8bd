//! `maxpool_backward`: the gradient of max pooling. Every output hands its gradient to the element of the image that was
//! its maximum, by the index that the forward pass wrote.
//!
//! A gather: one sum an element of the image, over the windows that may hold it, in row-major order of the windows. The
//! serial scatter adds in the same order, so all variants give the same bits, and no atomics are needed. NaN and
//! infinities in `dy` go where their index says. An index outside the plane (-1: the padding won) is dropped.

mod banded;

use rayon::prelude::*;

use super::maxpool::{self, Pool};
use super::shader::wgsl;
use super::tolerance::EPS;
use super::{
    Bound, Caps, Cost, CpuCall, DType, Data, Expected, Field, Fill, Op, Operand, Pass, Role, Sizes, Variant,
};

/// The operation.
pub static OP: Op = Op {
    name: "maxpool_backward",
    doc: "dX[n,c,e] = sum of dY[n,c,r,q] over the windows r, q of the plane whose indices[n,c,r,q] is e; f32",
    fields: FIELDS,
    operands: &[
        Operand { name: "dy", role: Role::Input, dtype: DType::F32 },
        Operand { name: "indices", role: Role::Input, dtype: DType::I32 },
        Operand { name: "dx", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| maxpool::check(OP.name, sizes, Pool::of(sizes).pad_zero),
    derived: |sizes| {
        let pool = Pool::of(sizes);
        vec![("oh", pool.oh), ("ow", pool.ow)]
    },
    shape: |sizes, operand| match operand {
        "dy" | "indices" => Pool::of(sizes).output(),
        "dx" => Pool::of(sizes).image(),
        _ => Vec::new(),
    },
    cost,
    reference,
    draw,
    cases: || OP.setups(CASES),
    variants: VARIANTS,
};

const FIELDS: &[Field] = &[
    Field::or("n", 1, "images"),
    Field::or("c", 1, "channels"),
    Field::required("h", "rows of an image"),
    Field::same("w", "h", "columns of an image"),
    Field::required("kh", "rows of the window"),
    Field::same("kw", "kh", "columns of the window"),
    Field::same("sh", "kh", "rows from one window to the next"),
    Field::same("sw", "sh", "columns from one window to the next"),
    Field::or("ph", 0, "rows of padding above and below"),
    Field::same("pw", "ph", "columns of padding left and right"),
    Field::or("dh", 1, "rows between the taps of a window"),
    Field::same("dw", "dh", "columns between the taps of a window"),
    Field::choice("ceil", &["floor", "ceil"], "how the number of windows is rounded"),
    Field::choice("pad_value", &["neg_inf", "zero"], "the padding: minus infinity or zero"),
];

static VARIANTS: &[Variant] = &[
    Variant::serial("a scatter, plane by plane, on one thread", serial),
    Variant::rayon("planes shared out over threads", parallel),
    Variant::cpu(
        "banded_cpu",
        "bands of rows shared out over threads, zeros written on the way; windows of 2 x 2 side by side in wide vectors",
        banded::run,
        true,
    ),
    Variant::kernels(
        "gather",
        "one thread an element of the image, a loop over the windows that may hold it",
        &[Pass::plain(wgsl!("maxpool_backward/gather"))],
    ),
    Variant::kernels(
        "gather_specialized",
        "one thread a block of the image, each window that may hold a part of it read once; windows compiled in",
        &[Pass::plain(wgsl!("maxpool_backward/gather_specialized"))],
    )
    .requiring(block),
];

/// Windows that a thread of `gather_specialized` holds, and elements that it writes, at most.
const CAPACITY: u64 = 64;

fn block(sizes: &Sizes, _: &Caps) -> Option<String> {
    let pool = Pool::of(sizes);
    let windows = |k: u32, s: u32, d: u32| (u64::from(d) * u64::from(k - 1) + u64::from(s)) / u64::from(s);
    let held = windows(pool.kh, pool.sh, pool.dh) * windows(pool.kw, pool.sw, pool.dw);
    let elements = u64::from(pool.sh) * u64::from(pool.sw);
    (held > CAPACITY || elements > CAPACITY).then(|| {
        format!(
            "a thread would hold {held} windows and write {elements} elements; {CAPACITY} of each is the most"
        )
    })
}

const CASES: &[&str] = &[
    "h=1 kh=1",
    "h=4 kh=2",
    "n=2 c=3 h=32 kh=2",
    "n=2 c=3 h=32 kh=2 fill=special",
    "c=2 h=17 w=19 kh=3 sh=2 ph=1",
    "c=2 h=17 w=19 kh=3 sh=2 ph=1 ceil=ceil fill=special",
    "n=3 h=9 kh=3 sh=1 ph=1 fill=ties",
    "h=5 kh=5 sh=1 ph=2",
    "h=40 w=37 kh=15 sh=1 ph=7",
    "n=2 c=2 h=16 w=21 kh=1 kw=5 sh=2 sw=4 ph=0 pw=2 dh=3 dw=1",
    "h=15 w=14 kh=3 kw=2 sh=2 sw=1 ph=1 dh=2 dw=3 ceil=ceil",
    "h=15 kh=3 sh=1 dh=2 fill=special",
    "c=300 h=3 kh=3 sh=1 ph=1",
    "c=2 h=10 kh=2 sh=4",
    "h=65 w=63 kh=2 ph=1 fill=negative",
    "c=2 h=4 w=5 kh=2 sh=1 ph=2 pad_value=zero",
    "h=3 w=9 kh=1 kw=2 sh=2 sw=1 ph=3 pw=6 pad_value=zero fill=negative",
    "c=2 h=3 w=2 kh=2 sh=1 ph=2 dh=4",
];

/// One addition an output; every operand touched once.
fn cost(sizes: &Sizes) -> Cost {
    let [outputs, image] = ["dy", "dx"].map(|name| OP.len(sizes, name) as u64);
    Cost { flops: outputs, bytes: 4 * (2 * outputs + image) }
}

/// Gradients of the kind asked for, and the indices of a pooling of such an image.
fn draw(_: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let pool = Pool::of(sizes);
    let image = fill.floats(seed, 1, OP.len(sizes, "dx"));
    let mut indices = Vec::with_capacity(OP.len(sizes, "indices"));
    for plane in image.f32().chunks_exact(pool.planes().0) {
        for r in 0..pool.oh {
            indices.extend((0..pool.ow).map(|q| maxpool::window(&pool, plane, r, q).1));
        }
    }
    vec![fill.floats(seed, 0, indices.len()), Data::I32(indices)]
}

/// A scatter in f64. Where no more than one window shares an element the sum is a copy; for t terms the bound is that of
/// a sum, (t - 1) 2^-24 sum |dy|.
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let (plane, windows) = Pool::of(sizes).planes();
    let mut want = vec![0.0; OP.len(sizes, "dx")];
    let mut sums = vec![(0u32, 0.0); want.len()];
    for (at, (&dy, &index)) in inputs[0].f32().iter().zip(inputs[1].i32()).enumerate() {
        if let Some(within) = usize::try_from(index).ok().filter(|&i| i < plane) {
            let element = at / windows * plane + within;
            want[element] += f64::from(dy);
            sums[element].0 += 1;
            sums[element].1 += f64::from(dy.abs());
        }
    }
    let bound = |(terms, abs): (u32, f64)| if terms < 2 { 0.0 } else { f64::from(terms - 1) * EPS * abs };
    let bounds = sums.into_iter().map(bound).collect();
    vec![Expected { operand: "dx", want, bound: Bound::Absolute(bounds) }]
}

fn serial(call: &mut CpuCall<'_, '_>) {
    let pool = Pool::of(call.sizes);
    let (plane, windows) = pool.planes();
    let gradients =
        call.inputs[0].f32().chunks_exact(windows).zip(call.inputs[1].i32().chunks_exact(windows));
    for (dx, (dy, indices)) in call.outputs[0].f32_mut().chunks_exact_mut(plane).zip(gradients) {
        scatter(dx, dy, indices);
    }
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let pool = Pool::of(call.sizes);
    let (plane, windows) = pool.planes();
    let (dy, indices) = (call.inputs[0].f32(), call.inputs[1].i32());
    call.outputs[0]
        .f32_mut()
        .par_chunks_exact_mut(plane)
        .zip(dy.par_chunks_exact(windows).zip(indices.par_chunks_exact(windows)))
        .for_each(|(dx, (dy, indices))| scatter(dx, dy, indices));
}

/// One plane.
fn scatter(dx: &mut [f32], dy: &[f32], indices: &[i32]) {
    dx.fill(0.0);
    for (&dy, &index) in dy.iter().zip(indices) {
        if let Some(element) = usize::try_from(index).ok().and_then(|i| dx.get_mut(i)) {
            *element += dy;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Windows of 2 x 2 at stride 1 over 2 x 3; the middle column holds both maxima.
        let sizes = OP.sizes([("h", "2"), ("w", "3"), ("kh", "2"), ("sh", "1")]).unwrap();
        let inputs = [Data::F32(vec![1.5, 2.25]), Data::I32(vec![1, 1])];
        assert_eq!(reference(&sizes, &inputs)[0].want, [0.0, 3.75, 0.0, 0.0, 0.0, 0.0]);
        let inputs = [Data::F32(vec![1.5, 2.25]), Data::I32(vec![-1, 5])];
        assert_eq!(reference(&sizes, &inputs)[0].want, [0.0, 0.0, 0.0, 0.0, 0.0, 2.25]);
    }

    /// The gradient of sum(g * maxpool(x)), by central differences; steps are too small to move a maximum.
    #[test]
    fn it_agrees_with_finite_differences() {
        for text in ["h=5 w=6 kh=3 sh=2 ph=1", "h=7 kh=2 sh=1 dh=2", "c=2 h=4 kh=2 sh=1 ph=1 pad_value=zero"]
        {
            let pairs = || text.split(' ').filter_map(|p| p.split_once('='));
            let sizes = OP.sizes(pairs()).unwrap();
            let forward = maxpool::OP.sizes(pairs()).unwrap();
            let inputs = draw(&OP, &sizes, Fill::Uniform, 3);
            let gradient = &reference(&sizes, &inputs)[0].want;
            let x = Fill::Uniform.floats(3, 1, gradient.len());
            let loss = |x: Vec<f32>| -> f64 {
                let y = &(maxpool::OP.reference)(&forward, &[Data::F32(x)])[0].want;
                y.iter().zip(inputs[0].f32()).map(|(y, &g)| y * f64::from(g)).sum()
            };
            for (at, want) in gradient.iter().enumerate() {
                let moved = |by: f32| {
                    let mut x = x.f32().to_vec();
                    x[at] += by;
                    (f64::from(x[at]), loss(x))
                };
                let ((x1, up), (x0, down)) = (moved(1e-4), moved(-1e-4));
                assert!(((up - down) / (x1 - x0) - want).abs() < 1e-6, "{text} at {at}");
            }
        }
    }
}
