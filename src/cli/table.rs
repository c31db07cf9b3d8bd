//! Plain tables: columns by their widest cell, numbers to the right.

/// A table in the making.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column heads.
    pub(super) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned).to_vec()] }
    }

    /// Adds a row.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// The table's lines, each with its newline and `indent` blanks before it.
    pub(super) fn render(&self, indent: usize) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |c: usize| self.rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0);
        let body = self.rows.get(1..).unwrap_or_default();
        let numeric = |c: usize| body.iter().all(|r| r[c].bytes().all(|b| b.is_ascii_digit()));
        let layout: Vec<(usize, bool)> = (0..columns).map(|c| (width(c), numeric(c))).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&layout).map(|(cell, &(width, right))| {
                if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            text.push_str(&" ".repeat(indent));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let mut table = Table::new(["variant", "passed"]);
        table.row(["naive".to_owned(), "7".to_owned()]);
        table.row(["tiled_16".to_owned(), "12".to_owned()]);
        assert_eq!(table.render(1), " variant   passed\n naive          7\n tiled_16      12\n");
    }
}
