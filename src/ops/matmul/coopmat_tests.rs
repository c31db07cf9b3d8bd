//! The arithmetic of `matmul/coopmat_f32.wgsl`, step by step on the CPU, held to the bound of the op on inputs that are made
//! to break it, with matrix units of several kinds. What the shader itself does on a device stands in `tests/coopmat.rs`.

#![expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is emulated")]

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use super::coopmat::compensated;
use super::reference::{U, product};
use super::{Dims, OP};
use crate::ops::{Caps, Coopmat, Data, Fill, compare};

/// How a matrix unit adds 16 products to a number.
type Unit = fn(f32, &[f64; 16]) -> f32;

const UNITS: [(&str, Unit); 4] = [
    ("nearest", |addend, terms| terms.iter().fold(addend, |sum, t| (f64::from(sum) + t) as f32)),
    ("cut off by 4", |addend, terms| terms.chunks(4).fold(addend, cut_off)),
    ("cut off by 8", |addend, terms| terms.chunks(8).fold(addend, cut_off)),
    ("cut off by 16", |addend, terms| cut_off(addend, terms)),
];

/// Every term cut to the 24 bits of the largest, and so their sum.
fn cut_off(addend: f32, terms: &[f64]) -> f32 {
    let all = || terms.iter().copied().chain([f64::from(addend)]);
    let cut = |x: f64, of: f64| {
        let unit = f64::from_bits((of.abs().to_bits() >> 52 << 52).saturating_sub(23 << 52));
        if of == 0.0 { 0.0 } else { (x / unit).trunc() * unit }
    };
    let largest = all().fold(0.0, |l: f64, x| l.max(x.abs()));
    let sum: f64 = all().map(|x| cut(x, largest)).sum();
    cut(sum, sum) as f32
}

/// What is left out on purpose, so that the tests are seen to notice it.
#[derive(Clone, Copy, PartialEq)]
enum Left {
    Nothing,
    LowHalves,
    SecondLook,
}

fn lift(largest: u32) -> i32 {
    (141 - (largest >> 23).cast_signed()).min(127)
}

fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits((exponent + 127).cast_unsigned() << 23)
}

fn rounded(x: f32) -> f32 {
    let nearest = f32::from_bits((x.to_bits() + 0x1000) & 0xFFFF_E000);
    if x.abs() >= 2f32.powi(-14) { nearest } else { 0.0 }
}

fn halves(number: f32, largest: u32) -> [f64; 2] {
    let x = number * power_of_two(lift(largest));
    let high = rounded(x);
    let both = [high, rounded((x - high) * 2048.0)];
    // A half holds what was rounded for it.
    assert!(both.iter().all(|h| !h.is_finite() || half::f16::from_f32(*h).to_f32() == *h), "{number}");
    both.map(f64::from)
}

/// Largest and smallest magnitude that is not zero.
fn range(line: &[f32]) -> [u32; 2] {
    let bits = || line.iter().map(|x| x.to_bits() & 0x7FFF_FFFF);
    [bits().max().unwrap(), bits().filter(|b| *b > 0).min().unwrap_or(u32::MAX)]
}

/// One element of C, and whether it was computed once more.
fn element(a: &[f32], b: &[f32], unit: Unit, left: Left) -> (f32, bool) {
    let (of_a, of_b) = (range(a), range(b));
    let (mut c, mut d) = (0.0f32, 0.0f32);
    for (a, b) in a.chunks(16).zip(b.chunks(16)) {
        let mut terms = [[0.0; 16]; 3];
        for (p, (a, b)) in a.iter().zip(b).enumerate() {
            let ([a, a_low], [b, b_low]) = (halves(*a, of_a[0]), halves(*b, of_b[0]));
            [terms[0][p], terms[1][p], terms[2][p]] = [a * b, a_low * b, a * b_low];
        }
        c += unit(0.0, &terms[0]);
        d = unit(unit(d, &terms[1]), &terms[2]);
    }
    let sum = if left == Left::LowHalves { c } else { c + d / 2048.0 };
    if of_a[0].max(of_b[0]) < 0x7F80_0000 {
        if of_a[0].min(of_b[0]) == 0 {
            return (0.0, false);
        }
        let is_large = sum.abs() >= 1_048_576.0 + 128.0 * a.len() as f32;
        let is_narrow = |[largest, smallest]: [u32; 2]| (smallest >> 23).cast_signed() + lift(largest) >= 125;
        if is_large || (is_narrow(of_a) && is_narrow(of_b)) || left == Left::SecondLook {
            let down = (-(lift(of_a[0]) + lift(of_b[0]))).max(-252);
            let first = down / 2;
            return (sum * power_of_two(first) * power_of_two(down - first), false);
        }
    }
    (a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b), true)
}

/// A row of A and a column of B.
type Lines = (Vec<f32>, Vec<f32>);
type Draw = fn(&mut ChaCha8Rng, usize) -> Lines;

/// A number of random bits with an exponent from a range, of either sign.
fn spread(rng: &mut ChaCha8Rng, low: i32, high: i32) -> f32 {
    let span = (high - low + 1).cast_unsigned();
    let exponent = low + (rng.next_u32() % span).cast_signed();
    let bits = rng.next_u32();
    f32::from_bits(bits & 0x807F_FFFF | (exponent + 127).cast_unsigned() << 23)
}

fn both(rng: &mut ChaCha8Rng, k: usize, number: fn(&mut ChaCha8Rng, usize) -> f32) -> Lines {
    ((0..k).map(|p| number(rng, p)).collect(), (0..k).map(|p| number(rng, p)).collect())
}

fn filled(rng: &mut ChaCha8Rng, k: usize, fill: Fill) -> Lines {
    let seed = rng.next_u64();
    (fill.floats(seed, 0, k).f32().to_vec(), fill.floats(seed, 1, k).f32().to_vec())
}

const DRAWS: [(&str, Draw); 12] = [
    ("uniform", |rng, k| filled(rng, k, Fill::Uniform)),
    ("digits", |rng, k| filled(rng, k, Fill::Digits)),
    ("special", |rng, k| filled(rng, k, Fill::Special)),
    // The rest behind the high half is odd and as long as can be, and all errors have one sign.
    ("long rests", |rng, k| {
        both(rng, k, |rng, _| f32::from_bits(rng.next_u32() & 0x003F_E000 | 0x3F80_0FFF))
    }),
    ("just above powers of two", |rng, k| {
        both(rng, k, |rng, _| f32::from_bits(rng.next_u32() % 4 * 0x0080_0000 + 0x3F80_0FFF))
    }),
    ("seventeen octaves", |rng, k| both(rng, k, |rng, _| spread(rng, -8, 8))),
    ("thirty octaves", |rng, k| both(rng, k, |rng, _| spread(rng, -20, 10))),
    ("all octaves", |rng, k| both(rng, k, |rng, _| spread(rng, -60, 60))),
    // The large numbers of one meet the zeros of the other.
    ("large ones alone", |rng, k| {
        let (mut a, mut b) =
            both(rng, k, |rng, p| if p < 2 { spread(rng, 50, 60) } else { spread(rng, -3, 3) });
        (a[0], b[1]) = (0.0, 0.0);
        (a, b)
    }),
    ("cancelling", |rng, k| {
        let (a, b) = both(rng, k, |rng, _| spread(rng, -20, 0));
        let pairs = |p: usize| (p / 2 * 2, if p.is_multiple_of(2) { 1.0 } else { -1.0 });
        let twice = |p: usize| a[pairs(p).0];
        ((0..k).map(twice).collect(), (0..k).map(|p| b[pairs(p).0] * pairs(p).1).collect())
    }),
    // So small that no power lifts them all the way, against as large ones.
    ("tiny by huge", |rng, k| {
        ((0..k).map(|_| spread(rng, -126, -116)).collect(), (0..k).map(|_| spread(rng, 90, 110)).collect())
    }),
    ("zeros by numbers", |rng, k| (vec![0.0; k], filled(rng, k, Fill::Uniform).0)),
];

/// How many elements are wrong, and how many were computed once more, of how many.
fn judged(draw: Draw, unit: Unit, left: Left) -> [usize; 3] {
    let mut counts = [0; 3];
    for k in [96usize, 101, 127, 256, 1000, 4096] {
        for seed in 0..40 {
            let (a, b) = draw(&mut ChaCha8Rng::seed_from_u64(seed), k);
            let dims = Dims { m: 1, n: 1, k, batch: 1, ta: false, tb: false };
            let expected = product(dims, &a, &b, U);
            let (got, again) = element(&a, &b, unit, left);
            counts[0] += usize::from(compare(&Data::F32(vec![got]), &expected[0]).is_some());
            counts[1] += usize::from(again);
            counts[2] += 1;
        }
    }
    counts
}

#[test]
fn corrected_halves_keep_the_bound_of_single_precision() {
    for (input, draw) in DRAWS {
        for (name, unit) in UNITS {
            let [wrong, again, of] = judged(draw, unit, Left::Nothing);
            assert_eq!(wrong, 0, "{input}, {name}: of {of}, {again} of them computed once more");
            match input {
                // What ordinary data costs, and what the second look is for.
                "uniform" | "digits" | "long rests" | "seventeen octaves" | "zeros by numbers" => {
                    assert!(again * 100 <= of, "{input}: {again} of {of} once more");
                }
                "special" | "large ones alone" => assert_eq!(again, of, "{input}"),
                _ => {}
            }
        }
    }
}

#[test]
fn without_low_halves_or_the_second_look_it_would_not() {
    let find = |name: &str| DRAWS.iter().find(|d| d.0 == name).unwrap().1;
    for (name, unit) in UNITS {
        for input in ["uniform", "long rests"] {
            assert!(judged(find(input), unit, Left::LowHalves)[0] > 0, "{input}, {name}");
        }
        assert!(judged(find("large ones alone"), unit, Left::SecondLook)[0] > 0, "{name}");
    }
}

/// Where the smallest number of terms comes from: the parts of the bound that do not grow, against the op's own.
#[test]
fn fewer_terms_are_refused_where_the_bound_leaves_no_room() {
    let caps = Caps { coopmat: Coopmat::Works, ..Caps::default() };
    let room = |k: f64| k + 2.0 - (59.0 + k / 14.0) >= k / 4.0;
    for k in 1..400u32 {
        let sizes = OP.sizes([("m", "5"), ("k", k.to_string().as_str())]).unwrap();
        let taken = compensated(&sizes, &caps).is_none();
        assert!(!taken || room(f64::from(k)), "{k}");
        assert_eq!(taken, k >= 96);
    }
}
