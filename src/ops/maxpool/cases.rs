//! The cases of `check`: windows one either side of every tile, awkward shapes, and inputs that are easy to get wrong.

use super::OP;
use crate::error::Result;
use crate::ops::{Fill, Setup};

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
    // Windows of 2 x 2 side by side on planes of all small widths, and rows that are left over.
    [3, 5, 4, 4, 2, 2, 2, 2, 0, 0, 1, 1, 0],
    [2, 3, 9, 8, 2, 2, 2, 2, 0, 0, 1, 1, 0],
    [2, 3, 6, 16, 2, 2, 2, 2, 0, 0, 1, 1, 0],
    [2, 2, 7, 39, 2, 2, 2, 2, 0, 0, 1, 1, 0],
    // Windows that fill a tile of shared memory several times over, by rows and by parts of a row.
    [1, 1, 40, 45, 9, 9, 9, 9, 0, 0, 1, 1, 0],
    [1, 1, 20, 61, 2, 20, 2, 20, 1, 1, 1, 1, 0],
    // More windows over one tap than a thread keeps in registers, and dilated ones that share taps.
    [1, 1, 80, 83, 35, 37, 1, 1, 17, 18, 1, 1, 0],
    [1, 2, 48, 45, 9, 10, 1, 2, 8, 9, 2, 2, 0],
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

const NAMES: [&str; 13] = ["n", "c", "h", "w", "kh", "kw", "sh", "sw", "ph", "pw", "dh", "dw", "ceil"];
const FILLS: [Fill; 4] = [Fill::Uniform, Fill::Special, Fill::Negative, Fill::Ties];

/// Every row with values only and with indices, padded with minus infinity and, where there is padding, with zeros;
/// the kinds of input take turns, and each row meets NaN and infinities at least once.
pub(super) fn cases() -> Result<Vec<Setup>> {
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
                let sizes = OP.sizes(pairs().chain([("pad_value", *pad_value), ("indices", indices)]))?;
                setups.push(Setup { sizes: sizes.clone(), fill: Fill::Special });
                setups.push(Setup { sizes, fill: FILLS[(number + 2 * turn) % 4] });
            }
        }
    }
    Ok(setups)
}
