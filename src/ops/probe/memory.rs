//! `copy` and `read`: as many bytes a second as the memory gives.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::ops::shader::wgsl;
use crate::ops::{CHUNK, Caps, Cost, DType, Data, Expected, Field, Op, Operand, Pass, Role, Sizes, Variant};
use crate::ops::{element_count, not_empty};

/// y = x. Costs 8 bytes an element: one read, one write.
pub static COPY: Op = Op {
    name: "copy",
    doc: "y = x; f32",
    fields: &[Field::required("len", "elements")],
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "y", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| {
        not_empty("copy", sizes, &["len"])?;
        element_count("copy", "x", &[sizes.get("len")]).map(|_| ())
    },
    derived: |_| Vec::new(),
    shape: |sizes, _| vec![sizes.get("len") as usize],
    cost: |sizes| Cost { flops: 0, bytes: 8 * u64::from(sizes.get("len")) },
    reference: |_, inputs| vec![Expected::exact("y", inputs[0].f32().iter().copied())],
    draw: |op, sizes, _, _| pattern(op, sizes, 6),
    variants: &[
        Variant::rayon("chunks copied by all threads", |call| {
            let x = call.inputs[0].f32().par_chunks(CHUNK);
            let y = call.outputs[0].f32_mut().par_chunks_mut(CHUNK);
            y.zip(x).for_each(|(y, x)| y.copy_from_slice(x));
        }),
        by_fours("vec4", "four numbers a thread", &[Pass::plain(wgsl!("probe/copy"))]),
    ],
    cases: || COPY.setups(&["len=4", "len=1020", "len=1024", "len=1028", "len=65540"]),
};

/// Threads of a workgroup of the kernel, which decide what its sum adds up: WG in the shader, as a test holds it to.
const WORKGROUP: usize = 256;

/// The most numbers that one workgroup adds up: of zeros and ones, so many are exact in f32.
const MOST: u32 = 1 << 24;

/// Sums of x, one a workgroup. Costs 4 bytes an element of x and 4 a sum. The number of workgroups is a size: how much
/// of the device works on a fixed problem is what an experiment can vary.
pub static READ: Op = Op {
    name: "read",
    doc: "y_g = sum of the vectors of four that workgroup g takes in turns; f32",
    fields: &[Field::required("len", "elements"), Field::required("workgroups", "workgroups, one sum each")],
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "y", role: Role::Output, dtype: DType::F32 },
    ],
    check: check_read,
    derived: |_| Vec::new(),
    shape: |sizes, operand| vec![sizes.get(if operand == "x" { "len" } else { "workgroups" }) as usize],
    cost: |sizes| {
        let [len, workgroups] = ["len", "workgroups"].map(|name| u64::from(sizes.get(name)));
        Cost { flops: len, bytes: 4 * (len + workgroups) }
    },
    reference: |sizes, inputs| {
        let workgroups = sizes.get("workgroups") as usize;
        let mut sums = vec![0.0_f32; workgroups];
        for (number, vector) in inputs[0].f32().chunks(4).enumerate() {
            sums[number / WORKGROUP % workgroups] += vector.iter().sum::<f32>();
        }
        vec![Expected::exact("y", sums)]
    },
    draw: |op, sizes, _, _| pattern(op, sizes, 1),
    variants: &[by_fours("vec4", "four numbers a turn, sums written", &[Pass::plain(wgsl!("probe/read"))])],
    cases: || {
        READ.setups(&[
            "len=4 workgroups=1",
            "len=1020 workgroups=1",
            "len=4096 workgroups=3",
            "len=65540 workgroups=7",
            "len=8 workgroups=300",
        ])
    },
};

fn check_read(sizes: &Sizes) -> Result<()> {
    not_empty("read", sizes, &["len", "workgroups"])?;
    let [len, workgroups] = ["len", "workgroups"].map(|name| sizes.get(name));
    element_count("read", "x", &[len])?;
    if len.div_ceil(workgroups) > MOST {
        return Err(Error::BadSize {
            op: "read",
            name: "workgroups".to_owned(),
            value: workgroups.to_string(),
            reason: format!("leaves a workgroup more than {MOST} numbers; use more workgroups"),
        });
    }
    Ok(())
}

/// Whole numbers of so many bits without a period that a memory could notice; no seed is needed.
fn pattern(op: &'static Op, sizes: &Sizes, bits: u32) -> Vec<Data> {
    let value = |i: u32| f32::from(u8::try_from(i.wrapping_mul(2_654_435_761) >> (32 - bits)).unwrap_or(0));
    let len = u32::try_from(op.len(sizes, "x")).unwrap_or(u32::MAX);
    vec![Data::F32((0..len).map(value).collect())]
}

/// A kernel that needs a multiple of four elements.
const fn by_fours(name: &'static str, doc: &'static str, passes: &'static [Pass]) -> Variant {
    Variant::kernels(name, doc, passes).requiring(multiple_of_four)
}

fn multiple_of_four(sizes: &Sizes, _: &Caps) -> Option<String> {
    let len = sizes.get("len");
    (!len.is_multiple_of(4))
        .then(|| format!("it takes four numbers at a time, and {len} is no multiple of 4"))
}
