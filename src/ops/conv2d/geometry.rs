//! The sizes of a convolution as numbers, what follows from them, and the sizes that mean nothing.

use crate::error::Result;
use crate::ops::axis::{self, Axis};
use crate::ops::{Sizes, element_count};

/// The sizes of one convolution and what follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the field's standard letters, explained in the ops' list of sizes")]
pub struct Conv {
    pub n: usize,
    pub ci: usize,
    pub h: usize,
    pub w: usize,
    pub co: usize,
    pub kh: usize,
    pub kw: usize,
    pub sh: usize,
    pub sw: usize,
    pub ph: usize,
    pub pw: usize,
    pub dh: usize,
    pub dw: usize,
    pub groups: usize,
    pub bias: bool,
    pub relu: bool,
    /// Rows of the output.
    pub oh: usize,
    /// Columns of the output.
    pub ow: usize,
    /// Channels of the images in a group.
    pub cig: usize,
    /// Channels of the output in a group.
    pub cog: usize,
}

impl Conv {
    /// The numbers of checked sizes.
    pub fn of(sizes: &Sizes) -> Self {
        let get = |name| sizes.get(name) as usize;
        let [h, kh, sh, ph, dh] = ["h", "kh", "sh", "ph", "dh"].map(get);
        let [w, kw, sw, pw, dw] = ["w", "kw", "sw", "pw", "dw"].map(get);
        let (ci, co, groups) = (get("ci"), get("co"), get("groups"));
        let [oh, ow] = Axis::both(sizes).map(|axis| axis.windows(false) as usize);
        Self {
            n: get("n"),
            ci,
            h,
            w,
            co,
            kh,
            kw,
            sh,
            sw,
            ph,
            pw,
            dh,
            dw,
            groups,
            bias: sizes.find("bias") == Some(1),
            relu: sizes.find("relu") == Some(1),
            oh,
            ow,
            cig: ci.checked_div(groups).unwrap_or(0),
            cog: co.checked_div(groups).unwrap_or(0),
        }
    }

    /// Products that make one output: channels of a group times taps.
    pub fn terms(&self) -> usize {
        self.cig * self.kh * self.kw
    }

    /// Outputs of one channel of one image.
    pub fn pixels(&self) -> usize {
        self.oh * self.ow
    }

    /// The row of the image under tap row `i` of the windows in output row `r`; `None` in the padding.
    pub(super) fn row(&self, r: usize, i: usize) -> Option<usize> {
        (r * self.sh + i * self.dh).checked_sub(self.ph).filter(|row| *row < self.h)
    }

    /// The output columns whose tap column `j` lies inside the image, and the image's column under the first of them.
    pub(super) fn columns(&self, j: usize) -> (std::ops::Range<usize>, usize) {
        let at = j * self.dw;
        let first = self.pw.saturating_sub(at).div_ceil(self.sw).min(self.ow);
        let end = (self.w + self.pw).saturating_sub(at).div_ceil(self.sw).clamp(first, self.ow);
        (first..end, (first * self.sw + at).saturating_sub(self.pw))
    }

    /// How the sums of `conv2d_grad_weight` are divided on a GPU: so many parts of the n x oh x ow products, so many
    /// products each, a multiple of four. Enough parts to fill a large GPU, 512 products or more each, and partial sums of
    /// 64 MiB at most.
    pub fn split(&self) -> (usize, usize) {
        let products = (self.n * self.pixels()).max(1);
        let weights = (self.co * self.terms()).max(1);
        let patches = self.groups * self.cog.div_ceil(64) * self.terms().div_ceil(64);
        let parts = products.div_ceil(512).min(1024usize.div_ceil(patches.max(1)));
        let length = products.div_ceil(parts.min((1 << 24) / weights).max(1)).next_multiple_of(4);
        (products.div_ceil(length), length)
    }
}

/// Sizes that kernels may name beside the fields.
pub(super) fn derived(sizes: &Sizes) -> Vec<(&'static str, u32)> {
    let p = Conv::of(sizes);
    let (splits, split_len) = p.split();
    let all = [
        ("oh", p.oh),
        ("ow", p.ow),
        ("cig", p.cig),
        ("cog", p.cog),
        ("splits", splits),
        ("split_len", split_len),
    ];
    all.map(|(name, value)| (name, u32::try_from(value).unwrap_or(u32::MAX))).to_vec()
}

/// Refuses empty images and windows, strides and dilations of 0, groups that do not divide the channels, windows larger
/// than the padded image, and overflows.
pub(super) fn check(op: &'static str, sizes: &Sizes) -> Result<()> {
    axis::check(op, sizes, &["n", "ci", "co", "groups"])?;
    let groups = sizes.get("groups");
    for name in ["ci", "co"] {
        if !sizes.get(name).is_multiple_of(groups) {
            return axis::refuse(op, sizes, name, format!("cannot be shared out over {groups} groups"));
        }
    }
    let p = Conv::of(sizes);
    let narrow = |v: usize| u32::try_from(v).unwrap_or(u32::MAX);
    element_count(op, "the images (n x ci x h x w)", &[p.n, p.ci, p.h, p.w].map(narrow))?;
    element_count(op, "the weights (co x ci/groups x kh x kw)", &[p.co, p.cig, p.kh, p.kw].map(narrow))?;
    element_count(op, "the outputs (n x co x oh x ow)", &[p.n, p.co, p.oh, p.ow].map(narrow))?;
    // A kernel counts the products of one gradient of an image.
    element_count(op, "the taps of a channel (co/groups x kh x kw)", &[p.cog, p.kh, p.kw].map(narrow))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::ops::conv2d::{FORWARD, GRAD_WEIGHT};

    fn conv(text: &str) -> Result<Conv> {
        let pairs = text.split(' ').map(|p| p.split_once('=').unwrap());
        FORWARD.sizes(pairs).map(|s| Conv::of(&s))
    }

    #[test]
    fn output_sizes_follow_pytorch() {
        let out = |text| conv(text).map(|p| (p.oh, p.ow)).unwrap();
        assert_eq!(out("h=5 kh=3"), (3, 3));
        assert_eq!(out("h=5 kh=3 ph=1"), (5, 5));
        assert_eq!(out("h=32 kh=3 sh=2 ph=1"), (16, 16));
        assert_eq!(out("h=9 w=7 kh=3 kw=2 sh=2 sw=1 ph=1 pw=0"), (5, 6));
        assert_eq!(out("h=10 kh=3 ph=2 dh=2"), (10, 10));
    }

    #[test]
    fn columns_inside_are_those_that_a_search_finds() {
        for text in ["h=7 kh=3 ph=2", "h=8 kh=4 sh=3 ph=3 dh=2", "h=3 kh=2 ph=4 dh=5", "h=5 kh=1 sh=4"] {
            let p = conv(text).unwrap();
            for j in 0..p.kw {
                let inside =
                    |q: &usize| (q * p.sw + j * p.dw).checked_sub(p.pw).is_some_and(|column| column < p.w);
                let found: Vec<usize> = (0..p.ow).filter(inside).collect();
                let (range, start) = p.columns(j);
                assert_eq!(range.clone().collect::<Vec<_>>(), found, "{text} j={j}");
                assert!(found.first().is_none_or(|q| q * p.sw + j * p.dw - p.pw == start), "{text} j={j}");
            }
        }
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        let refused = |text| conv(text).unwrap_err().to_string();
        assert!(refused("h=4 kh=5").contains("kh = 5 spans 5"));
        assert!(refused("h=4 kh=2 sh=0").contains("sh = 0 does not move"));
        assert!(refused("h=4 kh=2 dw=0").contains("dw = 0"));
        assert!(refused("h=4 kh=2 groups=0").contains("groups = 0"));
        assert!(refused("h=4 kh=2 ci=3 groups=2").contains("ci = 3 cannot be shared out over 2 groups"));
        assert!(refused("h=4 kh=2 ci=2 co=3 groups=2").contains("co = 3 cannot"));
        assert!(refused("h=65536 w=65536 kh=1 n=2").contains("the images"));
        assert!(refused("h=4294967295 kh=4294967295 dh=4294967295").contains("32-bit"));
        let bias = GRAD_WEIGHT.sizes([("h", "4"), ("kh", "2"), ("bias", "yes")]).unwrap_err();
        assert!(matches!(bias, Error::UnknownSize { .. }), "{bias:?}");
    }

    #[test]
    fn the_parts_of_a_sum_cover_it() {
        for text in ["h=5 kh=3", "n=256 h=32 ci=3 co=64 kh=3 ph=1", "n=64 h=16 ci=192 co=384 kh=3 ph=1"] {
            let p = conv(text).unwrap();
            let (splits, length) = p.split();
            assert!(splits * length >= p.n * p.pixels() && (splits - 1) * length < p.n * p.pixels());
            assert!(splits == 1 || splits * p.co * p.terms() <= 1 << 24);
        }
    }
}
