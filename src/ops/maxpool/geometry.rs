//! The sizes of a pooling as numbers, its output size, and the sizes that mean nothing.

use crate::error::Result;
use crate::ops::axis::{self, Axis};
use crate::ops::{Sizes, element_count};

/// The sizes of one pooling, of whatever op, and the output size that follows. What an op does not have is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the field's standard letters, explained in the op's list of sizes")]
pub struct Pool {
    pub n: u32,
    pub c: u32,
    pub h: u32,
    pub w: u32,
    pub kh: u32,
    pub kw: u32,
    pub sh: u32,
    pub sw: u32,
    pub ph: u32,
    pub pw: u32,
    pub dh: u32,
    pub dw: u32,
    pub ceil: bool,
    pub pad_zero: bool,
    pub indices: bool,
    pub oh: u32,
    pub ow: u32,
}

impl Pool {
    /// The numbers of checked sizes.
    pub fn of(sizes: &Sizes) -> Self {
        let get = |name| sizes.get(name);
        let mut pool = Self {
            n: get("n"),
            c: get("c"),
            h: get("h"),
            w: get("w"),
            kh: get("kh"),
            kw: get("kw"),
            sh: get("sh"),
            sw: get("sw"),
            ph: get("ph"),
            pw: get("pw"),
            dh: get("dh"),
            dw: get("dw"),
            ceil: get("ceil") == 1,
            pad_zero: sizes.find("pad_value") == Some(1),
            indices: sizes.find("indices") == Some(1),
            oh: 0,
            ow: 0,
        };
        [pool.oh, pool.ow] = Axis::both(sizes).map(|axis| axis.windows(pool.ceil));
        pool
    }

    /// The shape of the image: n, c, h, w.
    pub fn image(&self) -> Vec<usize> {
        [self.n, self.c, self.h, self.w].map(|v| v as usize).to_vec()
    }

    /// The shape of the output: n, c, oh, ow.
    pub fn output(&self) -> Vec<usize> {
        [self.n, self.c, self.oh, self.ow].map(|v| v as usize).to_vec()
    }

    /// Elements of one plane of the image, and of the output.
    pub fn planes(&self) -> (usize, usize) {
        (self.h as usize * self.w as usize, self.oh as usize * self.ow as usize)
    }

    /// Rows and columns from the first tap of a window to its last, both counted.
    pub fn spans(&self) -> [usize; 2] {
        [(self.kh, self.dh), (self.kw, self.dw)].map(|(k, d)| (k as usize - 1) * d as usize + 1)
    }

    /// Where tap i, j of the window r, q lies: row and column, both inside the image or not.
    pub fn tap(&self, [r, q]: [u32; 2], [i, j]: [u32; 2]) -> (i64, i64) {
        let row = i64::from(r * self.sh) - i64::from(self.ph) + i64::from(i * self.dh);
        let column = i64::from(q * self.sw) - i64::from(self.pw) + i64::from(j * self.dw);
        (row, column)
    }

    /// The flat position of a row and a column within the plane; `None` outside the image.
    pub fn flat(&self, row: i64, column: i64) -> Option<usize> {
        let inside = (0..i64::from(self.h)).contains(&row) && (0..i64::from(self.w)).contains(&column);
        if inside { usize::try_from(row * i64::from(self.w) + column).ok() } else { None }
    }
}

/// Refuses empty images and windows, strides and dilations of 0, windows larger than the padded image, padding above
/// half the window (unless `any_padding`: such a window could hold nothing but padding), and overflows.
pub(in crate::ops) fn check(op: &'static str, sizes: &Sizes, any_padding: bool) -> Result<()> {
    axis::check(op, sizes, &["n", "c"])?;
    let p = Pool::of(sizes);
    for (Axis { span, .. }, pad) in Axis::both(sizes).into_iter().zip(["ph", "pw"]) {
        if !any_padding && u64::from(sizes.get(pad)) > span / 2 {
            let reason = format!(
                "is above half the window's span ({span} / 2): a window could hold nothing but padding; use {} or less, or \
                 pad_value = \"zero\"",
                span / 2
            );
            return axis::refuse(op, sizes, pad, reason);
        }
    }
    element_count(op, "x (n x c x h x w)", &[p.n, p.c, p.h, p.w])?;
    element_count(op, "y (n x c x oh x ow)", &[p.n, p.c, p.oh, p.ow])?;
    // Separable pooling keeps h x ow elements between its passes, and indices are 32-bit signed within a plane.
    element_count(op, "the row maxima (n x c x h x ow)", &[p.n, p.c, p.h, p.ow])?;
    if u64::from(p.h) * u64::from(p.w) > 1 << 31 {
        let reason = "times w leaves the range of 32-bit indices within a plane";
        return axis::refuse(op, sizes, "h", reason.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::maxpool::OP;

    fn pool(text: &str) -> Result<Pool> {
        let pairs = text.split(' ').map(|p| p.split_once('=').unwrap());
        OP.sizes(pairs).map(|s| Pool::of(&s))
    }

    #[test]
    fn output_sizes_follow_pytorch() {
        let out = |text| pool(text).map(|p| (p.oh, p.ow)).unwrap();
        assert_eq!(out("h=4 kh=2"), (2, 2));
        assert_eq!(out("h=5 kh=2"), (2, 2));
        assert_eq!(out("h=5 kh=2 ceil=ceil"), (3, 3));
        assert_eq!(out("h=4 kh=3 sh=2 ceil=ceil"), (2, 2));
        assert_eq!(out("h=7 kh=3 sh=2 ph=1"), (4, 4));
        assert_eq!(out("h=8 w=10 kh=3 kw=2 sh=1 sw=3 dh=2 dw=3"), (4, 3));
        // The last window would start behind the image: dropped.
        assert_eq!(out("h=1 kh=1 sh=3 ceil=ceil"), (1, 1));
        assert_eq!(out("h=4 kh=2 sh=2 ph=2 pad_value=zero"), (4, 4));
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        let refused = |text| pool(text).unwrap_err().to_string();
        assert!(refused("h=4 kh=5").contains("kh = 5 spans 5"));
        assert!(refused("h=4 kh=2 sh=0").contains("sh = 0 does not move"));
        assert!(refused("h=4 kh=2 ph=2").contains("ph = 2 is above half"));
        assert!(refused("h=4 kh=2 dh=0").contains("dh = 0"));
        assert!(refused("h=0 kh=1").contains("h = 0"));
        assert!(refused("h=65536 w=65536 kh=1 n=2").contains("x (n x c x h x w)"));
        assert!(refused("h=4 kh=2 ceil=up").contains("none of floor, ceil"));
        assert!(refused("h=4294967295 kh=4294967295 dh=4294967295").contains("32-bit"));
    }
}
