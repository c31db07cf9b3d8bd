//! A window that moves along an axis: what convolution and pooling share.

use super::{Sizes, not_empty};
use crate::error::{Error, Result};

/// The names of both axes' sizes: elements, window, stride, padding, dilation.
const NAMES: [[&str; 5]; 2] = [["h", "kh", "sh", "ph", "dh"], ["w", "kw", "sw", "pw", "dw"]];

/// One axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    n: u64,
    s: u64,
    p: u64,
    /// Elements that a window spans: d (k - 1) + 1.
    pub(super) span: u64,
}

impl Axis {
    /// The axis of the rows and that of the columns.
    pub(super) fn both(sizes: &Sizes) -> [Self; 2] {
        NAMES.map(|names| {
            let [n, k, s, p, d] = names.map(|name| u64::from(sizes.get(name)));
            Self { n, s, p, span: d * k.saturating_sub(1) + 1 }
        })
    }

    /// Image and padding on both sides.
    fn padded(self) -> u64 {
        self.n + 2 * self.p
    }

    /// Windows along the axis: `floor((n + 2p - span) / s) + 1`. With `ceil` the division rounds up, and a last window
    /// that would start in the padding behind the image is dropped (PyTorch's rule). 0 for sizes that `check` refuses.
    pub(super) fn windows(self, ceil: bool) -> u32 {
        if self.span > self.padded() || self.s == 0 {
            return 0;
        }
        let room = self.padded() - self.span;
        let mut windows = if ceil { room.div_ceil(self.s) } else { room / self.s } + 1;
        if ceil && (windows - 1) * self.s >= self.n + self.p {
            windows -= 1;
        }
        u32::try_from(windows).unwrap_or(u32::MAX)
    }
}

/// Refuses strides and dilations of 0, other sizes of 0 (`others` names those beside image and window), windows larger
/// than the padded image, and coordinates that 32 bits do not hold.
pub(super) fn check(op: &'static str, sizes: &Sizes, others: &[&str]) -> Result<()> {
    not_empty(op, sizes, others)?;
    not_empty(op, sizes, &["h", "w", "kh", "kw"])?;
    for ([_, k, s, _, d], axis) in NAMES.into_iter().zip(Axis::both(sizes)) {
        if sizes.get(s) == 0 {
            return refuse(op, sizes, s, "does not move the window; use 1 or more".to_owned());
        }
        if sizes.get(d) == 0 {
            return refuse(op, sizes, d, "puts all taps in one place; use 1 or more".to_owned());
        }
        let (padded, span) = (axis.padded(), axis.span);
        if padded.saturating_add(span).saturating_add(axis.s) > 1 << 31 {
            let reason = "with its padding and dilation leaves the range of 32-bit coordinates";
            return refuse(op, sizes, k, reason.to_owned());
        }
        if span > padded {
            let reason = format!(
                "spans {span} elements with its dilation, the padded image has {padded}; use a smaller window or more \
                 padding"
            );
            return refuse(op, sizes, k, reason);
        }
    }
    Ok(())
}

/// Refuses a size, by its name and its value.
pub(super) fn refuse(op: &'static str, sizes: &Sizes, name: &str, reason: String) -> Result<()> {
    let value = sizes.entries().find(|e| e.0 == name).map_or_else(String::new, |e| e.1);
    Err(Error::BadSize { op, name: name.to_owned(), value, reason })
}
