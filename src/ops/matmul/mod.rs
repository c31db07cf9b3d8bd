//! `matmul`: C = A B in single precision. A is m x k, B is k x n, C is m x n, each row-major.

mod cpu;
mod reference;
mod variants;

use super::{Cost, DType, Field, Op, Operand, Role, Sizes, element_count};
use crate::error::{Error, Result};

/// The operation.
pub static OP: Op = Op {
    name: "matmul",
    doc: "C = A B; A is m x k, B is k x n, C is m x n, row-major f32",
    fields: FIELDS,
    operands: OPERANDS,
    check,
    derived: |_| Vec::new(),
    shape,
    cost,
    reference: reference::reference,
    draw: Op::floats,
    cases: &[],
    variants: variants::VARIANTS,
};

const FIELDS: &[Field] = &[
    Field::required("m", "rows of A and C"),
    Field::same("n", "m", "columns of B and C"),
    Field::same("k", "m", "columns of A, rows of B"),
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
}

impl Dims {
    fn of(sizes: &Sizes) -> Self {
        let get = |name| sizes.get(name) as usize;
        Self { m: get("m"), n: get("n"), k: get("k") }
    }
}

fn check(sizes: &Sizes) -> Result<()> {
    for (name, text) in sizes.entries() {
        if sizes.get(name) == 0 {
            let reason = "is empty: a product needs at least one row, column and term".to_owned();
            return Err(Error::BadSize { op: OP.name, name: name.to_owned(), value: text, reason });
        }
    }
    let (m, n, k) = (sizes.get("m"), sizes.get("n"), sizes.get("k"));
    element_count(OP.name, "A (m x k)", &[m, k])?;
    element_count(OP.name, "B (k x n)", &[k, n])?;
    element_count(OP.name, "C (m x n)", &[m, n])?;
    Ok(())
}

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    let Dims { m, n, k } = Dims::of(sizes);
    match operand {
        "a" => vec![m, k],
        "b" => vec![k, n],
        "c" => vec![m, n],
        _ => Vec::new(),
    }
}

/// 2 m n k operations: one multiplication and one addition a term.
fn cost(sizes: &Sizes) -> Cost {
    let [m, n, k] = ["m", "n", "k"].map(|name| u64::from(sizes.get(name)));
    Cost { flops: 2 * m * n * k, bytes: 4 * (m * k + k * n + m * n) }
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
    fn n_and_k_follow_m() {
        let sizes = OP.sizes([("m", "7")]).unwrap();
        assert_eq!(sizes.to_string(), "m=7 n=7 k=7");
        assert_eq!(cost(&sizes), Cost { flops: 686, bytes: 588 });
    }
}
