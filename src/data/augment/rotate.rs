//! Rotation about the middle of a picture, to the nearest pixel.

/// A rotation of pictures of one size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rotation {
    h: usize,
    w: usize,
    /// Source (x, y) of the middle of output pixel (0, 0), and the steps to the next column and the next row, in
    /// 2^-32 of a pixel: whole numbers, so that stepping along a row loses nothing.
    start: [i64; 2],
    column: [i64; 2],
    row: [i64; 2],
    turned: bool,
}

const ONE: f64 = 4_294_967_296.0;

impl Rotation {
    /// A turn by `degrees` counter-clockwise, as people see the picture.
    pub(super) fn new(degrees: f32, h: usize, w: usize) -> Self {
        let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
        let (half_w, half_h) = (w as f64 / 2.0, h as f64 / 2.0);
        #[expect(clippy::cast_possible_truncation, reason = "at most 2^31 pixels of 2^32 parts")]
        let fixed = |value: f64| (value * ONE).round() as i64;
        // The source of an output pixel is found by the opposite turn; rows go down, which turns the sign of sin.
        let (x, y) = (0.5 - half_w, 0.5 - half_h);
        Self {
            h,
            w,
            start: [fixed(cos * x - sin * y + half_w), fixed(sin * x + cos * y + half_h)],
            column: [fixed(cos), fixed(sin)],
            row: [fixed(-sin), fixed(cos)],
            turned: degrees != 0.0,
        }
    }

    /// Row `y` of the rotated plane; pixels from outside the source are black.
    pub(super) fn row(&self, source: &[u8], y: usize, out: &mut [u8]) {
        if !self.turned {
            out.copy_from_slice(&source[y * self.w..][..self.w]);
            return;
        }
        let down = i64::try_from(y).unwrap_or(i64::MAX);
        let mut x_at = self.start[0] + down * self.row[0];
        let mut y_at = self.start[1] + down * self.row[1];
        for value in out {
            // A negative place becomes a number above every side.
            #[expect(clippy::cast_sign_loss, reason = "compared with the sides")]
            let (x, y) = ((x_at >> 32) as u32 as usize, (y_at >> 32) as u32 as usize);
            *value = if x < self.w && y < self.h { source[y * self.w + x] } else { 0 };
            x_at += self.column[0];
            y_at += self.column[1];
        }
    }
}
