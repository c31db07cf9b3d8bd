//! The points of a `samples.csv`: one op at one set of sizes.

use std::collections::HashMap;
use std::error::Error;

/// One op at one set of sizes, with the cells that its rows share.
pub struct Point {
    /// The operation.
    pub op: String,
    /// Every cell of the first row of the point, by column.
    pub cells: HashMap<String, String>,
    /// The cells of the sizes, in the order of the columns.
    key: Vec<String>,
    /// Name of the CPU, from a row of a CPU variant.
    pub cpu: Option<String>,
    /// Name of the adapter, and whether it is a CPU that poses as a GPU.
    pub adapter: Option<(String, String)>,
}

impl Point {
    /// The points of the file, each once, in the order of their first rows.
    pub fn read(path: &str) -> Result<Vec<Self>, Box<dyn Error>> {
        let mut reader = csv::Reader::from_path(path)?;
        let header = reader.headers()?.clone();
        let place =
            |name: &str| header.iter().position(|h| h == name).ok_or(format!("{path}: no column {name}"));
        let (threads, flops, op) = (place("threads")?, place("flops")?, place("op")?);
        let mut found: Vec<Self> = Vec::new();
        for record in reader.records() {
            let record = record?;
            let key: Vec<String> = (threads + 1..flops).map(|at| record[at].to_owned()).collect();
            let cells = header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect();
            let at = found.iter().position(|p| p.op == record[op] && p.key == key).unwrap_or_else(|| {
                found.push(Self { op: record[op].to_owned(), cells, key, cpu: None, adapter: None });
                found.len() - 1
            });
            let (name, software) =
                (record[place("adapter")?].to_owned(), record[place("software")?].to_owned());
            if record[threads].is_empty() {
                found[at].adapter = Some((name, software));
            } else {
                found[at].cpu = Some(name);
            }
        }
        Ok(found)
    }

    /// A size that is a number.
    pub fn size(&self, name: &str) -> Result<usize, Box<dyn Error>> {
        let cell = self.cells.get(name).ok_or_else(|| format!("no size {name}"))?;
        Ok(cell.parse().map_err(|_| format!("{name} is {cell}"))?)
    }

    /// Whether a size has this word; a column that is missing has none.
    pub fn is(&self, name: &str, word: &str) -> bool {
        self.cells.get(name).is_none_or(|cell| cell == word)
    }

    /// m, n, k of a plain product; `None` for anything else.
    pub fn product(&self) -> Option<[usize; 3]> {
        let plain =
            self.op == "matmul" && self.is("batch", "1") && self.is("ta", "no") && self.is("tb", "no");
        plain.then(|| ["m", "n", "k"].map(|name| self.size(name).unwrap_or(0)))
    }

    /// The sizes of a pooling without indices whose padding is minus infinity; `None` for anything else.
    pub fn pool(&self) -> Option<Pool> {
        let usual = self.is("pad_value", "neg_inf") && self.is("indices", "no") && self.is("ceil", "floor");
        let plain = self.op == "maxpool" && usual && self.is("dh", "1") && self.is("dw", "1");
        let pair = |a: &str, b: &str| Some([self.size(a).ok()?, self.size(b).ok()?]);
        let (images, side) = (pair("n", "c")?, pair("h", "w")?);
        let pool = Pool {
            images,
            side,
            kernel: pair("kh", "kw")?,
            stride: pair("sh", "sw")?,
            pad: pair("ph", "pw")?,
        };
        plain.then_some(pool)
    }
}

/// Sizes of a max pooling: n and c, h and w, window, stride, padding.
pub struct Pool {
    pub images: [usize; 2],
    pub side: [usize; 2],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub pad: [usize; 2],
}

impl Pool {
    /// Elements of the images.
    pub fn len(&self) -> usize {
        self.images.iter().chain(&self.side).product()
    }

    /// Rows and columns of the output.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|at| (self.side[at] + 2 * self.pad[at] - self.kernel[at]) / self.stride[at] + 1)
    }
}
