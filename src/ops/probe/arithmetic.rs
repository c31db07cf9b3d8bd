//! `fma_f32`, `fma_f16` and `launch`: as many operations a second as the device gives, and what it costs to start a
//! kernel that has nothing to do.

use super::chains;
use crate::error::{Error, Result};
use crate::ops::shader::wgsl;
use crate::ops::{Caps, Cost, DType, Data, Expected, Field, Fill, Op, Operand, Pass, Role, Sizes, Variant};
use crate::ops::{element_count, not_empty};

/// Lanes of a thread: four vectors of four.
pub(super) const LANES: u32 = 16;
/// Steps of every lane in a turn.
pub(super) const STEPS: u32 = 8;

/// Sixteen chains of multiply and add a thread, in single precision.
pub static FMA_F32: Op = Op {
    name: "fma_f32",
    doc: "y_i = sum of 16 lanes, each lane * factor + term, 8 times a turn; f32",
    fields: FIELDS,
    operands: OPERANDS,
    // Loops end after so many turns on some drivers; the sums stay below 2^24.
    check: |sizes| check("fma_f32", sizes, 65_535),
    derived: |_| Vec::new(),
    shape,
    cost,
    reference,
    draw: ones,
    variants: &[
        Variant::cpu("chains_cpu", "chains in registers, on all threads", chains::run, true),
        Variant::kernels("chains_4x4", "four chains of vectors", &[Pass::plain(wgsl!("probe/fma_f32"))]),
    ],
    cases: || FMA_F32.setups(&["len=1 turns=1", "len=65 turns=3", "len=257 turns=100"]),
};

/// The same in half precision, where the device has it.
pub static FMA_F16: Op = Op {
    name: "fma_f16",
    doc: "y_i = sum of 16 lanes, each lane * factor + term, 8 times a turn; f16, sums in f32",
    fields: FIELDS,
    operands: OPERANDS,
    // A lane begins with 78 at most and gains 8 a turn; whole numbers are exact up to 2048.
    check: |sizes| check("fma_f16", sizes, (2048 - 63 - (LANES - 1)) / STEPS),
    derived: |_| Vec::new(),
    shape,
    cost,
    reference,
    draw: ones,
    variants: &[Variant::kernels(
        "chains_4x4",
        "four chains of vectors",
        &[Pass::plain(wgsl!("probe/fma_f16"))],
    )
    .requiring(has_f16)],
    cases: || FMA_F16.setups(&["len=1 turns=1", "len=65 turns=3", "len=257 turns=100"]),
};

/// Counters that grow by one a launch.
pub static LAUNCH: Op = Op {
    name: "launch",
    doc: "y_i += 1; f32",
    fields: &[Field::required("len", "counters")],
    operands: &[Operand { name: "y", role: Role::InOut, dtype: DType::F32 }],
    check: |sizes| not_empty("launch", sizes, &["len"]),
    derived: |_| Vec::new(),
    shape: |sizes, _| vec![sizes.get("len") as usize],
    cost: |sizes| Cost { flops: u64::from(sizes.get("len")), bytes: 8 * u64::from(sizes.get("len")) },
    reference: |_, inputs| vec![Expected::exact("y", inputs[0].f32().iter().map(|y| y + 1.0))],
    draw: |op, sizes, _, _| vec![Data::F32(vec![0.0; op.len(sizes, "y")])],
    variants: &[Variant::kernels("counter", "one thread a counter", &[Pass::plain(wgsl!("probe/launch"))])],
    cases: || LAUNCH.setups(&["len=1", "len=65"]),
};

const FIELDS: &[Field] = &[
    Field::required("len", "threads of the kernel, elements of y"),
    Field::required("turns", "turns of a thread's loop"),
];

const OPERANDS: &[Operand] = &[
    Operand { name: "x", role: Role::Input, dtype: DType::F32 },
    Operand { name: "y", role: Role::Output, dtype: DType::F32 },
];

fn check(op: &'static str, sizes: &Sizes, most_turns: u32) -> Result<()> {
    not_empty(op, sizes, &["len", "turns"])?;
    element_count(op, "y", &[sizes.get("len")])?;
    let turns = sizes.get("turns");
    if turns > most_turns {
        return Err(Error::BadSize {
            op,
            name: "turns".to_owned(),
            value: turns.to_string(),
            reason: format!("is more than {most_turns}, up to which every lane is a whole number"),
        });
    }
    Ok(())
}

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    vec![if operand == "x" { 2 } else { sizes.get("len") as usize }]
}

/// Two operations a step and lane.
fn cost(sizes: &Sizes) -> Cost {
    let [len, turns] = ["len", "turns"].map(|name| u64::from(sizes.get(name)));
    Cost { flops: len * turns * u64::from(2 * LANES * STEPS), bytes: 8 + 4 * len }
}

/// With factor and term 1 every lane counts its steps: right results are exact, and none comes out without the work.
fn ones(_: &'static Op, _: &Sizes, _: Fill, _: u64) -> Vec<Data> {
    vec![Data::F32(vec![1.0, 1.0])]
}

fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let (factor, term) = (inputs[0].at(0), inputs[0].at(1));
    let lane = |begin: u32| {
        let steps = 0..sizes.get("turns") * STEPS;
        steps.fold(f64::from(begin), |value, _| value * factor + term)
    };
    // Threads begin alike every 64.
    let sums: Vec<f64> = (0..64).map(|i| (0..LANES).map(|l| lane(i + l)).sum()).collect();
    let want = (0..sizes.get("len") as usize).map(|i| (sums[i % 64], 0.0));
    vec![Expected::near("y", want)]
}

fn has_f16(_: &Sizes, caps: &Caps) -> Option<String> {
    (!caps.f16).then(|| "the adapter has no half precision in shaders (SHADER_F16)".to_owned())
}
