//! The cases that `check` runs: sizes one either side of every tile, awkward shapes, and inputs that are easy to get
//! wrong.

use crate::error::Result;
use crate::ops::{Fill, Op, Sizes};

/// Sizes and the kind of input.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The sizes.
    pub sizes: Sizes,
    /// The inputs.
    pub fill: Fill,
}

/// m, n, k.
const MATMUL: &[[u32; 3]] = &[
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

/// n, c, h, w; kh, kw; sh, sw; ph, pw; dh, dw; ceil.
const MAXPOOL: &[[u32; 13]] = &[
    [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0],
    [1, 1, 4, 4, 2, 2, 2, 2, 0, 0, 1, 1, 0],
    [2, 3, 32, 32, 2, 2, 2, 2, 0, 0, 1, 1, 0],
    [1, 2, 17, 19, 3, 3, 2, 2, 1, 1, 1, 1, 0],
    [1, 2, 17, 19, 3, 3, 2, 2, 1, 1, 1, 1, 1],
    [3, 1, 9, 9, 3, 3, 1, 1, 1, 1, 1, 1, 0],
    [1, 1, 5, 5, 5, 5, 1, 1, 2, 2, 1, 1, 0],
    [1, 1, 40, 37, 15, 15, 1, 1, 7, 7, 1, 1, 0],
    [1, 1, 33, 65, 7, 7, 1, 1, 3, 3, 1, 1, 0],
    [2, 2, 16, 21, 1, 5, 2, 4, 0, 2, 3, 1, 0],
    [1, 1, 15, 14, 3, 2, 2, 1, 1, 1, 2, 3, 1],
    [1, 3, 14, 20, 6, 5, 3, 2, 0, 2, 1, 1, 1],
    [1, 1, 15, 15, 3, 3, 1, 1, 0, 0, 2, 2, 0],
    [1, 300, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 0],
    [1, 1, 1, 130, 1, 2, 1, 2, 0, 0, 1, 1, 0],
    [1, 1, 130, 1, 3, 1, 2, 1, 1, 0, 1, 1, 1],
    [1, 2, 10, 10, 2, 2, 4, 4, 0, 0, 1, 1, 0],
    [1, 1, 8, 8, 1, 1, 3, 3, 0, 0, 1, 1, 1],
    [1, 1, 64, 64, 2, 2, 2, 2, 0, 0, 1, 1, 0],
    [1, 1, 65, 63, 2, 2, 2, 2, 1, 1, 1, 1, 0],
    [1, 1, 67, 129, 3, 3, 2, 2, 1, 1, 1, 1, 0],
    [1, 1, 7, 9, 7, 9, 1, 1, 3, 4, 1, 1, 0],
    [2, 1, 12, 70, 4, 2, 1, 3, 2, 1, 3, 2, 0],
    // Output rows of four and more, whatever the alignment of the image's rows.
    [1, 3, 9, 12, 3, 3, 1, 1, 1, 1, 1, 1, 0],
    [2, 2, 13, 16, 3, 3, 2, 2, 0, 0, 1, 1, 0],
    [1, 2, 11, 41, 3, 4, 1, 1, 1, 2, 1, 1, 0],
    [1, 2, 6, 35, 2, 1, 2, 2, 0, 0, 1, 1, 1],
    [1, 2, 9, 43, 3, 3, 3, 3, 0, 0, 1, 1, 0],
    [1, 1, 10, 30, 2, 6, 1, 1, 1, 3, 1, 1, 0],
    // Windows that fill a tile of shared memory several times over, by rows and by parts of a row.
    [1, 1, 40, 45, 9, 9, 9, 9, 0, 0, 1, 1, 0],
    [1, 1, 20, 61, 2, 20, 2, 20, 1, 1, 1, 1, 0],
    // Windows between whose taps the whole image fits: they hold nothing.
    [1, 2, 3, 2, 2, 2, 1, 1, 2, 2, 4, 4, 0],
];

/// The same for padding of zeros alone: it may be wider than half the window, so that windows hold nothing else.
const MAXPOOL_ZERO: &[[u32; 13]] = &[
    [1, 2, 4, 5, 2, 2, 1, 1, 2, 2, 1, 1, 0],
    [1, 1, 3, 9, 1, 2, 2, 1, 3, 6, 1, 1, 0],
    [1, 1, 6, 7, 3, 3, 2, 2, 4, 5, 1, 1, 1],
    [1, 1, 5, 6, 2, 3, 1, 3, 3, 8, 2, 2, 0],
];

/// The cases of an op.
///
/// # Errors
/// None for the ops of this crate; an op whose sizes the table does not fit says so.
pub fn of(op: &'static Op) -> Result<Vec<Setup>> {
    match op.name {
        "matmul" => matmul(op),
        "maxpool" => maxpool(op),
        _ => op.cases.iter().map(|text| listed(op, text)).collect(),
    }
}

/// A case of the op's own list.
fn listed(op: &'static Op, text: &str) -> Result<Setup> {
    let mut fill = Fill::Uniform;
    let mut pairs = Vec::new();
    for (name, value) in text.split(' ').filter_map(|pair| pair.split_once('=')) {
        match name {
            "fill" => fill = Fill::named(value).unwrap_or(fill),
            _ => pairs.push((name, value)),
        }
    }
    Ok(Setup { sizes: op.sizes(pairs)?, fill })
}

fn matmul(op: &'static Op) -> Result<Vec<Setup>> {
    let mut setups = Vec::new();
    for [m, n, k] in MATMUL {
        let text = [m, n, k].map(ToString::to_string);
        let sizes = op.sizes(["m", "n", "k"].into_iter().zip(text.iter().map(String::as_str)))?;
        let fill = if (m + n + k) % 2 == 0 { Fill::Uniform } else { Fill::Digits };
        setups.push(Setup { sizes, fill });
    }
    Ok(setups)
}

const NAMES: [&str; 13] = ["n", "c", "h", "w", "kh", "kw", "sh", "sw", "ph", "pw", "dh", "dw", "ceil"];
const FILLS: [Fill; 4] = [Fill::Uniform, Fill::Special, Fill::Negative, Fill::Ties];

/// Every row with values only and with indices, padded with minus infinity and, where there is padding, with zeros;
/// the kinds of input take turns, and each row meets NaN and infinities at least once.
fn maxpool(op: &'static Op) -> Result<Vec<Setup>> {
    let paddings =
        |row: &[u32; 13]| if row[8] + row[9] > 0 { &["neg_inf", "zero"][..] } else { &["neg_inf"] };
    let both = MAXPOOL.iter().map(|row| (row, paddings(row)));
    let zero = MAXPOOL_ZERO.iter().map(|row| (row, &["zero"][..]));
    let mut setups = Vec::new();
    for (number, (row, pad_values)) in both.chain(zero).enumerate() {
        let text = row.map(|v| v.to_string());
        let pairs = || NAMES.into_iter().zip(text.iter().map(String::as_str));
        for pad_value in pad_values {
            for (turn, indices) in ["no", "yes"].into_iter().enumerate() {
                let sizes = op.sizes(pairs().chain([("pad_value", *pad_value), ("indices", indices)]))?;
                setups.push(Setup { sizes: sizes.clone(), fill: Fill::Special });
                setups.push(Setup { sizes, fill: FILLS[(number + 2 * turn) % 4] });
            }
        }
    }
    Ok(setups)
}
