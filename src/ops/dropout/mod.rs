//! `dropout`: a share p of the elements becomes zero, the others grow by 1 / (1 - p).
//!
//! The mask is a pure function of seed, step, layer and the element's position: block b of four elements takes the four
//! words of Philox4x32-10 with counter (b, step, 0, 0) and key (seed, layer), and an element stays where its word is at
//! least p 2^32, rounded down. So the mask is the same on every engine, and the gradient is the same op on `dy`: nothing
//! is stored. What stays is multiplied once, so results are equal bit for bit; what is dropped is +0, NaN or not.

mod philox;

use rayon::prelude::*;

use self::philox::{LANES, philox, philox_lanes};
use super::relu::shape;
use super::shader::wgsl;
use super::tolerance::{EPS, TINY};
use super::wide::wide;
use super::{CHUNK, Cost, CpuCall, DType, Data, Expected, Field, Op, Operand, Pass, Role, Sizes, Variant};
use super::{relu, within};

/// The operation.
pub static OP: Op = Op {
    name: "dropout",
    doc: "y[i] = x[i] / (1 - p) where the random word of i, mask_seed, step and layer is at least p 2^32, else 0; f32",
    fields: &[
        Field::required("len", "elements"),
        Field::real("p", 0.5, "probability of an element to be dropped, below 1"),
        Field::or("mask_seed", 0, "seed of the run"),
        Field::or("step", 0, "training step"),
        Field::or("layer", 0, "number of the layer"),
    ],
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "y", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| {
        relu::check(OP.name, sizes)?;
        within(OP.name, sizes, "p", 0.0..1.0)
    },
    derived: |sizes| {
        let mask = Mask::of(sizes);
        vec![("threshold", mask.threshold), ("scale_bits", mask.scale.to_bits())]
    },
    shape,
    // A multiplication an element, and a quarter of ten rounds of ten integer operations, which are not counted.
    cost: |sizes| {
        let len = u64::from(sizes.get("len"));
        Cost { flops: len, bytes: 8 * len }
    },
    reference,
    draw: Op::floats,
    cases: || {
        OP.setups(&[
            "len=1",
            "len=3 p=0.1",
            "len=255 p=0.3 mask_seed=7 step=1 layer=2",
            "len=256 mask_seed=4294967295 step=4294967295 layer=4294967295",
            "len=257 p=0 mask_seed=1",
            "len=1021 p=0.999 mask_seed=2",
            "len=9002 mask_seed=35 step=100 layer=1 fill=special",
            "len=5000 p=0.25 mask_seed=35 step=101 layer=1 fill=digits",
        ])
    },
    variants: &[
        Variant::serial("four elements a turn on one thread", |call| {
            let mask = Mask::of(call.sizes);
            mask.apply(0, call.inputs[0].f32(), call.outputs[0].f32_mut());
        }),
        Variant::rayon("chunks shared out over threads", parallel),
        Variant::kernels("direct", "one thread four elements", &[Pass::plain(wgsl!("dropout/direct"))]),
    ],
};

/// Which elements stay, and by what they grow.
#[derive(Debug, Clone, Copy)]
struct Mask {
    threshold: u32,
    scale: f32,
    key: [u32; 2],
    step: u32,
}

impl Mask {
    fn of(sizes: &Sizes) -> Self {
        let p = sizes.decimal("p");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 <= p < 1; rounding is meant"
        )]
        let (threshold, scale) = ((p * 4_294_967_296.0) as u32, (1.0 / (1.0 - p)) as f32);
        Self { threshold, scale, key: [sizes.get("mask_seed"), sizes.get("layer")], step: sizes.get("step") }
    }

    /// Elements from block `block` on; a block is four elements.
    fn apply(&self, block: u32, x: &[f32], y: &mut [f32]) {
        for ((number, x), y) in (block..).zip(x.chunks(4)).zip(y.chunks_mut(4)) {
            let words = philox([number, self.step, 0, 0], self.key);
            for ((y, &x), word) in y.iter_mut().zip(x).zip(words) {
                *y = self.keep(word, x);
            }
        }
    }

    /// The same, many blocks at a time.
    #[inline(always)]
    fn apply_wide(&self, block: u32, x: &[f32], y: &mut [f32]) {
        let (blocks, rest) = x.as_chunks::<{ 4 * LANES }>();
        let (results, rest_of_y) = y.as_chunks_mut::<{ 4 * LANES }>();
        for (number, (x, y)) in (block..).step_by(LANES).zip(blocks.iter().zip(results)) {
            let words = philox_lanes(number, self.step, self.key);
            for (at, (y, &x)) in y.iter_mut().zip(x).enumerate() {
                *y = self.keep(words[at], x);
            }
        }
        let done = u32::try_from(blocks.len() * LANES).unwrap_or(u32::MAX);
        self.apply(block.saturating_add(done), rest, rest_of_y);
    }

    #[inline(always)]
    fn keep(&self, word: u32, x: f32) -> f32 {
        let grown = x * self.scale;
        if word >= self.threshold { grown } else { 0.0 }
    }
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let mask = Mask::of(call.sizes);
    let x = call.inputs[0].f32().par_chunks(CHUNK);
    call.outputs[0].f32_mut().par_chunks_mut(CHUNK).zip(x).enumerate().for_each(|(chunk, (y, x))| {
        let block = u32::try_from(chunk * (CHUNK / 4)).unwrap_or(u32::MAX);
        wide(
            #[inline(always)]
            || mask.apply_wide(block, x, y),
        );
    });
}

/// One rounding, in whichever direction; a dropped element is 0.
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let mask = Mask::of(sizes);
    let element = |(i, &x): (u32, &f32)| {
        let word = philox([i / 4, mask.step, 0, 0], mask.key)[i as usize % 4];
        let y = f64::from(x) * f64::from(mask.scale);
        if word >= mask.threshold { (y, 2.0 * EPS * y.abs() + TINY) } else { (0.0, 0.0) }
    };
    vec![Expected::near("y", (0u32..).zip(inputs[0].f32()).map(element))]
}

#[cfg(test)]
mod tests {
    use super::super::{View, ViewMut};
    use super::*;

    fn dropped(pairs: &[(&str, &str)]) -> Vec<bool> {
        let sizes = OP.sizes([("len", "20000")].into_iter().chain(pairs.iter().copied())).unwrap();
        let (x, mut y) = (vec![1.0; 20_000], vec![0.0; 20_000]);
        let (inputs, mut outputs) = ([View::F32(&x)], [ViewMut::F32(&mut y)]);
        parallel(&mut CpuCall { sizes: &sizes, inputs: &inputs, outputs: &mut outputs, threads: 1 });
        y.iter().map(|&v| v == 0.0).collect()
    }

    #[test]
    fn the_share_is_p_and_every_number_of_the_call_matters() {
        let share = |mask: &[bool]| mask.iter().filter(|d| **d).count() as f64 / 20_000.0;
        let base = dropped(&[("p", "0.3"), ("mask_seed", "1")]);
        // Five standard deviations.
        assert!((share(&base) - 0.3).abs() < 0.0162, "{}", share(&base));
        for other in [("mask_seed", "2"), ("step", "1"), ("layer", "1")] {
            let mask = dropped(&[
                ("p", "0.3"),
                if other.0 == "mask_seed" { other } else { ("mask_seed", "1") },
                other,
            ]);
            let same = base.iter().zip(&mask).filter(|(a, b)| a == b).count() as f64 / 20_000.0;
            assert!((same - 0.58).abs() < 0.0175, "{other:?}: {same}");
        }
        assert!(dropped(&[("p", "0")]).iter().all(|d| !d));
        assert_eq!(dropped(&[("p", "0.3"), ("mask_seed", "1")]), base);
    }

    #[test]
    fn p_is_below_one() {
        for p in ["1", "-0.1", "1.5"] {
            assert!(OP.sizes([("len", "4"), ("p", p)]).unwrap_err().to_string().contains("outside"));
        }
    }
}
