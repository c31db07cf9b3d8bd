//! `matmul`: C = A B in single precision, one product or a batch of them. A is m x k, B is k x n, C is m x n, each
//! row-major; A or B may lie transposed in memory.

mod cases;
mod coopmat;
#[cfg(test)]
mod coopmat_tests;
mod cpu;
mod half;
mod library;
mod mixed;
mod reference;
mod split;
mod variants;

pub use half::HALF;
pub use mixed::MIXED;
pub use reference::rows as expected_rows;

use super::{Cost, DType, Field, Op, Operand, Role, Sizes, element_count};
use crate::error::{Error, Result};

/// The operation.
pub static OP: Op = Op {
    name: "matmul",
    doc: "C = A B, `batch` of each; A is m x k (k x m in memory with ta), B is k x n (n x k with tb), C is m x n, \
          row-major f32",
    fields: FIELDS,
    operands: OPERANDS,
    check,
    derived: split::derived,
    shape,
    cost,
    reference: reference::reference,
    draw: Op::floats,
    variants: variants::VARIANTS,
    cases: || cases::cases(&OP),
};

const FIELDS: &[Field] = &[
    Field::required("m", "rows of A and C"),
    Field::same("n", "m", "columns of B and C"),
    Field::same("k", "m", "columns of A, rows of B"),
    Field::or("batch", 1, "products, each with an A and a B of its own").by_name(),
    Field::choice("ta", &["no", "yes"], "whether A lies transposed in memory, as k x m").by_name(),
    Field::choice("tb", &["no", "yes"], "whether B lies transposed in memory, as n x k").by_name(),
];

const OPERANDS: &[Operand] = &[
    Operand { name: "a", role: Role::Input, dtype: DType::F32 },
    Operand { name: "b", role: Role::Input, dtype: DType::F32 },
    Operand { name: "c", role: Role::Output, dtype: DType::F32 },
];

/// The sizes as numbers.
#[derive(Debug, Clone, Copy)]
struct Dims {
    m: usize,
    n: usize,
    k: usize,
    batch: usize,
    ta: bool,
    tb: bool,
}

impl Dims {
    fn of(sizes: &Sizes) -> Self {
        let get = |name| sizes.get(name) as usize;
        let flag = |name| sizes.get(name) == 1;
        Self { m: get("m"), n: get("n"), k: get("k"), batch: get("batch"), ta: flag("ta"), tb: flag("tb") }
    }

    /// Elements from one row of A to the next, and from one column to the next.
    fn a_strides(&self) -> (usize, usize) {
        if self.ta { (1, self.m) } else { (self.k, 1) }
    }

    /// The same of B.
    fn b_strides(&self) -> (usize, usize) {
        if self.tb { (1, self.k) } else { (self.n, 1) }
    }
}

fn check(sizes: &Sizes) -> Result<()> {
    for (name, text) in sizes.entries().filter(|(name, _)| !matches!(*name, "ta" | "tb")) {
        if sizes.get(name) == 0 {
            let reason = "is empty: a product needs at least one row, column and term".to_owned();
            return Err(Error::BadSize { op: OP.name, name: name.to_owned(), value: text, reason });
        }
    }
    let [m, n, k, batch] = ["m", "n", "k", "batch"].map(|name| sizes.get(name));
    let times = if batch > 1 { "batch x " } else { "" };
    element_count(OP.name, &format!("A ({times}m x k)"), &[batch, m, k])?;
    element_count(OP.name, &format!("B ({times}k x n)"), &[batch, k, n])?;
    element_count(OP.name, &format!("C ({times}m x n)"), &[batch, m, n])?;
    Ok(())
}

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    let Dims { m, n, k, batch, ta, tb } = Dims::of(sizes);
    let matrix = match operand {
        "a" if ta => [k, m],
        "a" => [m, k],
        "b" if tb => [n, k],
        "b" => [k, n],
        "c" => [m, n],
        _ => return Vec::new(),
    };
    if batch == 1 { matrix.to_vec() } else { vec![batch, matrix[0], matrix[1]] }
}

/// 2 m n k operations a product: one multiplication and one addition a term.
fn cost(sizes: &Sizes) -> Cost {
    let [m, n, k, batch] = ["m", "n", "k", "batch"].map(|name| u64::from(sizes.get(name)));
    Cost { flops: 2 * batch * m * n * k, bytes: 4 * batch * (m * k + k * n + m * n) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_overflowing_sizes_are_refused_by_name() {
        let refused =
            |m: &str, n: &str, k: &str| OP.sizes([("m", m), ("n", n), ("k", k)]).unwrap_err().to_string();
        assert!(refused("0", "1", "1").contains("m = 0"));
        assert!(refused("1", "1", "0").contains("k = 0"));
        assert!(refused("65536", "65536", "1").contains("C (m x n)"));
        assert!(refused("4294967295", "1", "4294967295").contains("A (m x k)"));
        assert!(refused("-1", "1", "1").contains("not a whole number"));
    }

    #[test]
    fn a_transposed_operand_has_its_shape_in_memory() {
        let sizes = OP.sizes([("m", "2"), ("n", "3"), ("k", "5"), ("ta", "yes"), ("tb", "1")]).unwrap();
        assert_eq!([shape(&sizes, "a"), shape(&sizes, "b"), shape(&sizes, "c")], [[5, 2], [3, 5], [2, 3]]);
        let sizes = OP.sizes([("m", "2"), ("n", "3"), ("k", "5"), ("batch", "4")]).unwrap();
        assert_eq!([shape(&sizes, "a"), shape(&sizes, "c")], [[4, 2, 5], [4, 2, 3]]);
        assert_eq!(sizes.to_be_named().collect::<Vec<_>>(), ["batch"]);
        assert_eq!(cost(&sizes).flops, 240);
    }

    #[test]
    fn n_and_k_follow_m() {
        let sizes = OP.sizes([("m", "7")]).unwrap();
        assert_eq!(sizes.to_string(), "m=7 n=7 k=7 batch=1 ta=no tb=no");
        assert_eq!(cost(&sizes), Cost { flops: 686, bytes: 588 });
    }
}
