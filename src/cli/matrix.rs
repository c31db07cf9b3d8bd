//! Printing a matrix: whole where it fits, else with its middle left out.

/// Rows shown at most.
const MAX_ROWS: usize = 24;
/// Columns looked at from either end for the width of a cell; more than any terminal holds.
const LOOKED_AT: usize = 512;

/// What stands for what is left out.
const DOTS: &str = "...";

/// A matrix to print.
pub(super) struct Matrix<'a> {
    /// Rows.
    pub(super) rows: usize,
    /// Columns.
    pub(super) cols: usize,
    /// The value at a row and a column.
    pub(super) value: &'a dyn Fn(usize, usize) -> f32,
}

impl Matrix<'_> {
    /// The lines, each with its newline and `indent` blanks before it, none longer than `width` columns unless a single
    /// column is.
    pub(super) fn render(&self, width: usize, indent: usize) -> String {
        let rows = shown(self.rows, MAX_ROWS);
        let all_columns: Vec<usize> = shown(self.cols, 2 * LOOKED_AT).into_iter().flatten().collect();
        let cells = || rows.iter().flatten().flat_map(|&r| all_columns.iter().map(move |&c| (r, c)));
        let widest = cells().map(|(r, c)| number((self.value)(r, c)).len()).max().unwrap_or(1);
        let fitting = |cell: usize| ((width.saturating_sub(indent) + 1) / (cell + 1)).max(3);
        // Where something is left out, a cell must hold the dots that say so.
        let is_whole = self.rows <= MAX_ROWS && self.cols <= fitting(widest);
        let cell = if is_whole { widest } else { widest.max(DOTS.len()) };
        let columns = shown(self.cols, fitting(cell));
        let mut text = String::new();
        for row in rows {
            let line: Vec<String> = columns
                .iter()
                .map(|column| match (row, column) {
                    (Some(r), Some(c)) => format!("{:>cell$}", number((self.value)(r, *c))),
                    _ => format!("{:>cell$}", DOTS),
                })
                .collect();
            text.push_str(&" ".repeat(indent));
            text.push_str(&line.join(" "));
            text.push('\n');
        }
        text
    }
}

/// At most `room` of `count` positions: both ends, and `None` for what is left out between them.
fn shown(count: usize, room: usize) -> Vec<Option<usize>> {
    if count <= room {
        return (0..count).map(Some).collect();
    }
    let head = room / 2;
    let tail = (room - 1 - head).min(count);
    (0..head).map(Some).chain([None]).chain((count - tail..count).map(Some)).collect()
}

/// A value as a person reads it: whole numbers without a point, others with four digits behind it.
pub(super) fn number(value: f32) -> String {
    let size = value.abs();
    if !value.is_finite() || (value.fract() == 0.0 && size < 1e7) {
        format!("{value}")
    } else if (1e-3..1e6).contains(&size) {
        format!("{value:.4}")
    } else {
        format!("{value:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(rows: usize, cols: usize, width: usize) -> String {
        let value = |r: usize, c: usize| f32::from(u16::try_from(r * cols + c).unwrap());
        Matrix { rows, cols, value: &value }.render(width, 2)
    }

    #[test]
    fn small_matrices_are_whole() {
        assert_eq!(rendered(2, 3, 60), "  0 1 2\n  3 4 5\n");
        assert_eq!(rendered(1, 1, 60), "  0\n");
    }

    #[test]
    fn wide_ones_lose_their_middle_and_fit() {
        for width in [40, 60, 200] {
            let text = rendered(30, 100, width);
            assert!(text.lines().all(|line| line.len() <= width), "{text}");
            assert!(text.contains("..."));
            assert!(text.lines().next().unwrap().ends_with(" 99"), "{text}");
            assert!(text.trim_end().ends_with("2999"));
            assert_eq!(text.lines().count(), MAX_ROWS);
        }
    }

    #[test]
    fn numbers_are_short() {
        let texts = [1.0, 0.5, -2.25, 1e-9, 3.5e8, f32::NEG_INFINITY, f32::NAN].map(number);
        assert_eq!(texts, ["1", "0.5000", "-2.2500", "1.000e-9", "3.500e8", "-inf", "NaN"]);
    }
}
