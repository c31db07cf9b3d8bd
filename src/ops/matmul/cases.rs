//! The cases of `check`: sizes one either side of every tile, and awkward shapes.

use crate::error::Result;
use crate::ops::{Fill, Op, Setup};

/// m, n, k.
const PLAIN: &[[u32; 3]] = &[
    [1, 1, 1],
    [1, 7, 1],
    [7, 1, 5],
    [2, 2, 2],
    [4, 4, 4],
    [3, 5, 2],
    [12, 11, 10],
    [15, 17, 16],
    [16, 16, 16],
    [17, 15, 33],
    [31, 33, 32],
    [32, 32, 32],
    [33, 31, 35],
    [63, 65, 64],
    [64, 64, 64],
    [65, 63, 66],
    [64, 128, 20],
    [127, 129, 8],
    [128, 128, 128],
    [129, 127, 130],
    [1, 257, 66],
    [66, 1, 257],
    [1, 1, 1000],
    [5, 3, 1024],
    [257, 66, 1],
    [100, 300, 52],
    // Around the register tiles, with rows of A, of B, of both and of neither a multiple of four long.
    [3, 4, 4],
    [5, 8, 12],
    [61, 68, 20],
    [33, 36, 17],
    [34, 35, 20],
    [130, 132, 36],
    [128, 124, 15],
    [125, 131, 48],
    // More rows and columns than the grid of `loop` has threads.
    [515, 3, 4],
    [3, 530, 5],
];

/// m, n, k, batch: with every combination of transposed operands.
const TRANSPOSED: &[[u32; 4]] = &[
    [1, 1, 1, 1],
    [2, 3, 5, 1],
    [5, 4, 7, 3],
    [17, 15, 33, 1],
    [16, 32, 8, 2],
    [31, 33, 18, 5],
    [33, 66, 65, 1],
    [64, 68, 20, 1],
    [130, 132, 36, 1],
    [127, 65, 17, 2],
    [1, 70, 300, 1],
    [70, 1, 130, 2],
];

/// Every plain product, then those of transposed operands and of batches.
pub(super) fn cases(op: &Op) -> Result<Vec<Setup>> {
    let plain = PLAIN.iter().map(|&[m, n, k]| [m, n, k, 1, 0, 0]);
    let kinds = |[m, n, k, batch]: [u32; 4]| {
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(ta, tb)| [m, n, k, batch, ta, tb])
    };
    let special = TRANSPOSED.iter().flat_map(|&row| kinds(row)).filter(|row| row[3..] != [1, 0, 0]);
    plain.chain(special).map(|row| setup(op, row)).collect()
}

fn setup(op: &Op, row: [u32; 6]) -> Result<Setup> {
    let text = row.map(|value| value.to_string());
    let names = ["m", "n", "k", "batch", "ta", "tb"];
    let sizes = op.sizes(names.into_iter().zip(text.iter().map(String::as_str)))?;
    let [m, n, k, ..] = row;
    Ok(Setup { sizes, fill: if (m + n + k) % 2 == 0 { Fill::Uniform } else { Fill::Digits } })
}
