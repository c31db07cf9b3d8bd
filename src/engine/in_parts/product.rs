//! Products in groups of a batch, or in blocks of C.
//!
//! A block of C is a panel of A, some of its rows, times a panel of B, some of its columns; both have all k terms, so that
//! every element is summed as in the whole product. One panel stays on the device, the panels of the other operand stream
//! past it: what stays is chosen so that less is uploaded.

use super::{Block, Budget, Cut, Piece, largest, with};
use crate::error::Result;
use crate::ops::{Op, Sizes, matmul};

const OP: &Op = &matmul::OP;

/// The sizes of one product, in elements.
#[derive(Debug, Clone, Copy)]
struct Product {
    m: usize,
    n: usize,
    k: usize,
    ta: bool,
    tb: bool,
}

/// Rows and columns of the blocks of C, and which operand stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Blocks {
    rows: usize,
    columns: usize,
    stays: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    A,
    B,
}

/// Pieces that fit the budget.
///
/// # Errors
/// [`crate::Error::TooLarge`] where a single row of A, or a column of B, does not.
pub(super) fn cut(sizes: &Sizes, budget: Budget) -> Result<Cut> {
    let [m, n, k, batch] = ["m", "n", "k", "batch"].map(|name| sizes.get(name) as usize);
    let product = Product { m, n, k, ta: sizes.get("ta") == 1, tb: sizes.get("tb") == 1 };
    let group = |count: usize| with(sizes, [("batch", count)]);
    if let Some(most) = largest(batch, |count| budget.panels().holds_call(OP, &group(count))) {
        return Ok(groups(product, batch, most, group));
    }
    let Some(blocks) = product.blocks(budget) else {
        let what = format!(
            "a row of A or a column of B of {k} terms, which is not cut (cut k yourself and add the products up)"
        );
        return Err(budget.exceeded(&what, 4 * k as u64));
    };
    let Blocks { rows, columns, stays } = blocks;
    let (down, across) = (starts(m, rows), starts(n, columns));
    let mut pieces = Vec::new();
    for number in 0..batch {
        let mut add = |row: usize, column: usize| {
            pieces.push(product.piece(sizes, number, [row, column], blocks));
        };
        match stays {
            Operand::A => down.iter().for_each(|&row| across.iter().for_each(|&column| add(row, column))),
            Operand::B => across.iter().for_each(|&column| down.iter().for_each(|&row| add(row, column))),
        }
    }
    let resident = usize::from(stays == Operand::B);
    let what = format!("blocks of C of up to {rows} x {columns} elements, a part of {stays:?} staying");
    Ok(Cut { pieces, resident: Some(resident), what })
}

fn starts(size: usize, step: usize) -> Vec<usize> {
    (0..size).step_by(step).collect()
}

impl Product {
    /// How C is cut; `None` where a row of A or a column of B exceeds the budget.
    fn blocks(self, budget: Budget) -> Option<Blocks> {
        let Self { m, n, k, .. } = self;
        let all = budget.elements();
        if k > all {
            return None;
        }
        // Terms so many that no row streams well are taken as they are.
        let panels = budget.panels().elements();
        let streamed = if panels < k { all } else { panels };
        let resident = budget.resident().elements().max(streamed);
        // A panel stays that is as wide as may be; the other's is as wide as its own limit and that of the block allow.
        let sides = |staying: usize, streaming: usize| {
            let stays = side(staying, streamed.min(resident / k));
            (stays, side(streaming, (streamed / k).min(streamed / stays)))
        };
        let uploads = |staying: usize, streaming: usize, panels: usize| (staying + streaming * panels) * k;
        let ((columns, rows), (tall, wide)) = (sides(n, m), sides(m, n));
        let b_stays = uploads(n, m, n.div_ceil(columns));
        let a_stays = uploads(m, n, m.div_ceil(tall));
        Some(if b_stays <= a_stays {
            Blocks { rows, columns, stays: Operand::B }
        } else {
            Blocks { rows: tall, columns: wide, stays: Operand::A }
        })
    }

    /// The block of C that begins at a row and a column of product `number`.
    fn piece(self, sizes: &Sizes, number: usize, [row, column]: [usize; 2], blocks: Blocks) -> Piece {
        let Self { m, n, k, ta, tb } = self;
        let rows = blocks.rows.min(m - row);
        let columns = blocks.columns.min(n - column);
        let (a, b, c) = (number * m * k, number * k * n, number * m * n);
        let a = if ta { strip(a + row, k, rows, m) } else { Block::run(a + row * k, rows * k) };
        let b = if tb { Block::run(b + column * k, columns * k) } else { strip(b + column, k, columns, n) };
        let taken = vec![strip(c + row * n + column, rows, columns, n)];
        let sizes = with(sizes, [("m", rows), ("n", columns), ("batch", 1)]);
        Piece { sizes, given: vec![a, b], taken, offset: 0 }
    }
}

/// `runs` runs of `len` elements, `apart` elements apart; one run where there is no gap.
fn strip(host: usize, runs: usize, len: usize, apart: usize) -> Block {
    if len == apart { Block::run(host, runs * len) } else { Block { host, runs, len, apart, device: 0 } }
}

/// As many of `size` rows or columns as `most` allows; of the kernels' patches whole ones, where not all.
fn side(size: usize, most: usize) -> usize {
    const PATCH: usize = 128;
    if size > most && most > PATCH { most / PATCH * PATCH } else { size.min(most) }
}

fn groups(product: Product, batch: usize, most: usize, group: impl Fn(usize) -> Sizes) -> Cut {
    let height = batch.div_ceil(batch.div_ceil(most));
    let Product { m, n, k, .. } = product;
    let piece = |from: usize| {
        let count = height.min(batch - from);
        let part = |elements: usize| Block::run(from * elements, count * elements);
        let (given, taken) = (vec![part(m * k), part(k * n)], vec![part(m * n)]);
        Piece { sizes: group(count), given, taken, offset: 0 }
    };
    let pieces = (0..batch).step_by(height).map(piece).collect();
    Cut { pieces, resident: None, what: format!("groups of up to {height} products") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(m: usize, n: usize, k: usize, bytes: u64) -> Option<Blocks> {
        Product { m, n, k, ta: false, tb: false }.blocks(Budget::test(bytes))
    }

    #[test]
    fn the_operand_that_fits_stays() {
        // 1264 bytes hold 252 elements.
        assert_eq!(blocks(100, 10, 20, 1264), Some(Blocks { rows: 12, columns: 10, stays: Operand::B }));
        assert_eq!(blocks(10, 100, 20, 1264), Some(Blocks { rows: 10, columns: 12, stays: Operand::A }));
        assert_eq!(blocks(100, 100, 252, 1264), Some(Blocks { rows: 1, columns: 1, stays: Operand::B }));
        assert_eq!(blocks(1, 1, 253, 1264), None);
    }

    #[test]
    fn large_products_upload_little() {
        // A device of 2 GiB a binding: B passes once in panels of half a GiB, A as often as there are panels.
        let Some(Blocks { rows, columns, stays }) = blocks(40_000, 40_000, 40_000, (1 << 31) - 1) else {
            panic!()
        };
        assert_eq!((rows, columns, stays), (768, 3328, Operand::B));
    }
}
