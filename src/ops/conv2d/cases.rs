//! The cases of `check`, the same for the convolution and its gradients.

use crate::error::Result;
use crate::ops::{Fill, Op, Setup};

/// n, ci, h, w; co, kh, kw; sh, sw; ph, pw; dh, dw; groups.
const ROWS: &[[u32; 14]] = &[
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1],
    [1, 1, 5, 5, 1, 3, 3, 1, 1, 0, 0, 1, 1, 1],
    [1, 1, 5, 5, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1],
    [2, 3, 9, 11, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1],
    [2, 3, 16, 16, 8, 3, 3, 2, 2, 1, 1, 1, 1, 1],
    [1, 4, 9, 7, 5, 3, 2, 2, 1, 1, 0, 1, 1, 1],
    [3, 2, 6, 6, 4, 1, 1, 1, 1, 0, 0, 1, 1, 1],
    [1, 3, 11, 13, 2, 5, 5, 3, 2, 2, 2, 1, 1, 1],
    [2, 5, 4, 4, 7, 4, 4, 1, 1, 0, 0, 1, 1, 1],
    [1, 2, 10, 10, 3, 3, 3, 1, 1, 2, 2, 2, 2, 1],
    [2, 4, 8, 8, 6, 3, 3, 1, 1, 1, 1, 1, 1, 2],
    // Depthwise, with one and with two outputs a channel.
    [2, 5, 7, 8, 5, 3, 3, 1, 1, 1, 1, 1, 1, 5],
    [1, 3, 7, 6, 6, 3, 2, 2, 1, 1, 1, 1, 2, 3],
    // Depthwise, windows wider than four, that move by the distance of their taps and by more.
    [2, 4, 13, 17, 4, 3, 5, 1, 1, 1, 2, 1, 1, 4],
    [1, 3, 11, 19, 9, 5, 6, 2, 2, 2, 3, 1, 2, 3],
    [3, 2, 9, 10, 2, 3, 3, 2, 2, 1, 1, 1, 1, 2],
    // Rows and columns differ in everything.
    [2, 6, 13, 10, 4, 2, 4, 3, 2, 0, 3, 2, 1, 2],
    [1, 2, 6, 14, 3, 4, 2, 1, 4, 3, 0, 1, 3, 1],
    // Strides that leave the last rows and columns of the image unread, and strides longer than the window.
    [1, 2, 12, 12, 2, 2, 2, 5, 5, 0, 0, 1, 1, 1],
    [1, 1, 8, 9, 2, 1, 1, 3, 4, 0, 0, 1, 1, 1],
    // More padding than window: outputs that see nothing.
    [1, 1, 3, 3, 2, 2, 2, 1, 1, 4, 4, 1, 1, 1],
    [1, 2, 2, 3, 2, 2, 2, 1, 1, 3, 3, 5, 4, 1],
    // A full line of images of one row.
    [2, 4, 1, 37, 5, 1, 3, 1, 2, 0, 1, 1, 1, 1],
    // Around the tiles: channels, taps and outputs one either side of multiples of 16, 64 and 128.
    [1, 7, 8, 8, 63, 3, 3, 1, 1, 1, 1, 1, 1, 1],
    [1, 16, 9, 9, 65, 1, 1, 1, 1, 0, 0, 1, 1, 1],
    [3, 65, 5, 5, 33, 2, 2, 1, 1, 0, 0, 1, 1, 1],
    [2, 17, 13, 5, 31, 3, 3, 1, 1, 1, 1, 1, 1, 1],
    [1, 12, 6, 7, 64, 4, 4, 1, 1, 2, 2, 1, 1, 2],
    [5, 20, 6, 6, 24, 3, 3, 1, 1, 1, 1, 1, 1, 4],
    [7, 130, 4, 5, 9, 3, 2, 1, 1, 1, 1, 1, 1, 1],
    // Images enough for products by positions; outputs that see nothing, a block of channels cut short.
    [17, 16, 4, 4, 17, 3, 3, 1, 1, 1, 1, 1, 1, 1],
    [16, 18, 7, 5, 20, 3, 2, 2, 1, 1, 0, 1, 1, 1],
    [16, 17, 6, 7, 16, 2, 3, 1, 2, 2, 3, 3, 2, 1],
    [16, 16, 3, 2, 16, 2, 2, 1, 1, 4, 4, 1, 1, 1],
    [18, 16, 4, 3, 131, 3, 3, 1, 1, 1, 1, 1, 1, 1],
    // Images large enough for strips: one strip and several, padding, dilation, groups.
    [4, 3, 20, 19, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1],
    [5, 4, 30, 26, 17, 3, 4, 1, 1, 0, 2, 1, 1, 1],
    [4, 2, 19, 36, 3, 3, 3, 1, 1, 3, 2, 2, 2, 1],
    [6, 4, 33, 25, 6, 2, 3, 1, 1, 1, 0, 1, 1, 2],
    // Sums long enough to be divided.
    [9, 3, 14, 15, 10, 3, 3, 1, 1, 1, 1, 1, 1, 1],
    [9, 3, 14, 15, 6, 3, 3, 1, 1, 1, 1, 1, 1, 3],
];

const NAMES: [&str; 14] =
    ["n", "ci", "h", "w", "co", "kh", "kw", "sh", "sw", "ph", "pw", "dh", "dw", "groups"];

/// Every row; `more` is added to each of them.
fn cases(op: &'static Op, more: &[(&str, &str)]) -> Result<Vec<Setup>> {
    let setup = |(number, row): (usize, &[u32; 14])| {
        let text = row.map(|value| value.to_string());
        let pairs = NAMES.into_iter().zip(text.iter().map(String::as_str));
        let fill = if number % 2 == 0 { Fill::Uniform } else { Fill::Digits };
        Ok(Setup { sizes: op.sizes(pairs.chain(more.iter().copied()))?, fill })
    };
    ROWS.iter().enumerate().map(setup).collect()
}

/// Rectified sums of infinities, NaN of both signs and both zeros, for those that take them.
const SPECIAL: &[&str] = &[
    "n=3 ci=1 h=7 kh=1 co=2 relu=yes fill=special",
    "n=2 ci=2 h=6 kh=2 ph=1 co=3 bias=yes relu=yes fill=special",
    "n=2 ci=3 h=5 kh=3 co=3 groups=3 bias=yes relu=yes fill=special",
];

/// Without and with a bias, and rectified.
pub(super) fn forward(op: &'static Op) -> Result<Vec<Setup>> {
    let rectified = cases(op, &[("bias", "yes"), ("relu", "yes")])?;
    let plain = [cases(op, &[])?, cases(op, &[("bias", "yes")])?];
    Ok([plain.concat(), rectified, op.setups(SPECIAL)?].concat())
}

pub(super) fn gradient(op: &'static Op) -> Result<Vec<Setup>> {
    cases(op, &[])
}
