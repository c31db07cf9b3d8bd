//! The Python dictionary in the header of an NPY file: three keys in any order, and nothing else.

/// The most axes that an array may have (NumPy's own limit).
pub(super) const MAX_RANK: usize = 64;

/// The header's three facts.
#[derive(Debug, PartialEq)]
pub(super) struct Dictionary {
    pub(super) descr: String,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
///
/// # Errors
/// The reason, for anything else.
pub(super) fn parse(header: &[u8]) -> Result<Dictionary, String> {
    let Ok(text) = std::str::from_utf8(header) else {
        return Err("its header is not text".into());
    };
    let mut rest = Rest(text);
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    rest.expect("{")?;
    while !rest.accept("}") {
        let key = rest.string()?;
        rest.expect(":")?;
        let repeated = match key {
            "descr" => descr.replace(rest.string()?.to_owned()).is_some(),
            "fortran_order" => fortran_order.replace(rest.boolean()?).is_some(),
            "shape" => shape.replace(rest.tuple()?).is_some(),
            other => return Err(format!("its header has the unknown key `{}`", excerpt(other))),
        };
        if repeated {
            return Err(format!("its header has the key `{key}` twice"));
        }
        if !rest.accept(",") {
            rest.expect("}")?;
            break;
        }
    }
    if !rest.0.trim().is_empty() {
        return Err(format!("its header goes on behind its end: `{}`", excerpt(rest.0)));
    }
    match (descr, fortran_order, shape) {
        (Some(descr), Some(fortran_order), Some(shape)) => Ok(Dictionary { descr, fortran_order, shape }),
        _ => Err("its header lacks one of descr, fortran_order and shape".into()),
    }
}

/// The text not yet read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn accept(&mut self, token: &str) -> bool {
        match self.0.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.accept(token) {
            return Ok(());
        }
        Err(format!("its header has `{}` in place of `{token}`", excerpt(self.0.trim_start())))
    }

    /// A string in either quote, without escapes.
    fn string(&mut self) -> Result<&'a str, String> {
        let quote = if self.accept("'") { '\'' } else { '"' };
        if quote == '"' {
            self.expect("\"")?;
        }
        let Some((inside, rest)) = self.0.split_once(quote) else {
            return Err("its header ends within a string".into());
        };
        self.0 = rest;
        Ok(inside)
    }

    fn boolean(&mut self) -> Result<bool, String> {
        if self.accept("True") {
            return Ok(true);
        }
        self.expect("False").map(|()| false)
    }

    fn tuple(&mut self) -> Result<Vec<u64>, String> {
        let mut axes = Vec::new();
        self.expect("(")?;
        while !self.accept(")") {
            let text = self.0.trim_start();
            let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let Ok(axis) = text[..digits].parse() else {
                return Err(format!("its shape has `{}` in place of a size", excerpt(text)));
            };
            if axes.len() == MAX_RANK {
                return Err(format!("its shape has more than {MAX_RANK} axes"));
            }
            axes.push(axis);
            self.0 = &text[digits..];
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(axes)
    }
}

/// The first characters of what was found, for a message.
fn excerpt(text: &str) -> String {
    text.chars().take(20).collect()
}
