//! Workgroup counts: a small expression from a shader's header, and the folding of large counts over three dimensions.
//!
//! Grammar: `expr = term (("+" | "-") term)*`, `term = factor (("*" | "/") factor)*`, `factor = number | name |
//! "(" expr ")" | "div_ceil(" expr "," expr ")"`. Arithmetic is on unsigned 64-bit numbers and checked.

/// Evaluates `expression`; `lookup` gives the value of a name.
///
/// # Errors
/// A sentence that says what is wrong: an unknown name, a missing bracket, an overflow, a division by zero.
pub fn evaluate(expression: &str, lookup: &dyn Fn(&str) -> Option<u32>) -> Result<u64, String> {
    let tokens = tokens(expression)?;
    let mut parser = Parser { tokens: &tokens, at: 0, lookup };
    let value = parser.expr()?;
    match parser.peek() {
        None => Ok(value),
        Some(extra) => Err(format!("`{extra}` is left over in `{expression}`")),
    }
}

/// Splits `total` workgroups over x, y and z so that no dimension exceeds `limit` and x·y·z is at least `total`. The
/// kernels take the linear number back from `workgroup_id` and `num_workgroups` and ignore what is beyond the end.
/// `None` where even three dimensions do not hold it.
pub fn fold(total: u64, limit: u32) -> Option<[u32; 3]> {
    let limit = u64::from(limit);
    let y_rows = total.div_ceil(limit);
    let z = y_rows.div_ceil(limit);
    if z > limit {
        return None;
    }
    let y = y_rows.div_ceil(z.max(1));
    let x = if y_rows <= 1 { total } else { total.div_ceil(y * z) };
    let narrow = |v: u64| u32::try_from(v.max(1)).ok();
    Some([narrow(x)?, narrow(y)?, narrow(z)?])
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for ch in text.chars().chain([' ']) {
        if ch.is_ascii_alphanumeric() || ch == '_' {
            word.push(ch);
            continue;
        }
        if !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        match ch {
            '+' | '-' | '*' | '/' | '(' | ')' | ',' => out.push(ch.to_string()),
            c if c.is_whitespace() => {}
            c => return Err(format!("`{c}` has no meaning in `{text}`")),
        }
    }
    Ok(out)
}

/// How deeply brackets may nest; a header line needs two or three.
const MAX_DEPTH: usize = 32;

struct Parser<'a> {
    tokens: &'a [String],
    at: usize,
    lookup: &'a dyn Fn(&str) -> Option<u32>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.peek() == Some(token) {
            self.at += 1;
            return Ok(());
        }
        Err(format!("`{token}` is missing before `{}`", self.peek().unwrap_or("the end")))
    }

    fn expr(&mut self) -> Result<u64, String> {
        self.expr_at(0)
    }

    fn expr_at(&mut self, depth: usize) -> Result<u64, String> {
        let mut value = self.term(depth)?;
        while let Some(sign @ ("+" | "-")) = self.peek() {
            let plus = sign == "+";
            self.at += 1;
            let other = self.term(depth)?;
            let next = if plus { value.checked_add(other) } else { value.checked_sub(other) };
            value = next.ok_or("the count leaves the range of 64 bits")?;
        }
        Ok(value)
    }

    fn term(&mut self, depth: usize) -> Result<u64, String> {
        let mut value = self.factor(depth)?;
        while let Some(sign @ ("*" | "/")) = self.peek() {
            let times = sign == "*";
            self.at += 1;
            let other = self.factor(depth)?;
            let next = if times { value.checked_mul(other) } else { value.checked_div(other) };
            value = next.ok_or("the count overflows 64 bits or divides by zero")?;
        }
        Ok(value)
    }

    fn factor(&mut self, depth: usize) -> Result<u64, String> {
        if depth > MAX_DEPTH {
            return Err("the brackets nest too deeply".to_owned());
        }
        let token = self.peek().ok_or("the expression ends too early")?.to_owned();
        self.at += 1;
        match token.as_str() {
            "(" => {
                let value = self.expr_at(depth + 1)?;
                self.expect(")")?;
                Ok(value)
            }
            "div_ceil" => {
                self.expect("(")?;
                let a = self.expr_at(depth + 1)?;
                self.expect(",")?;
                let b = self.expr_at(depth + 1)?;
                self.expect(")")?;
                if b == 0 { Err("div_ceil divides by zero".to_owned()) } else { Ok(a.div_ceil(b)) }
            }
            number if number.starts_with(|c: char| c.is_ascii_digit()) => {
                number.parse().map_err(|_| format!("`{number}` is not a number"))
            }
            name => (self.lookup)(name)
                .map(u64::from)
                .ok_or_else(|| format!("`{name}` is neither a size of the op nor a constant of the shader")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(text: &str) -> Result<u64, String> {
        evaluate(text, &|name| match name {
            "m" => Some(33),
            "n" => Some(16),
            "TILE" => Some(16),
            _ => None,
        })
    }

    #[test]
    fn known_values() {
        assert_eq!(eval("div_ceil(m, TILE) * div_ceil(n, TILE)"), Ok(3));
        assert_eq!(eval("(m + n - 1) / n"), Ok(3));
        assert_eq!(eval("2 + 3 * 4"), Ok(14));
        assert_eq!(eval("10 - 3 - 2"), Ok(5));
    }

    #[test]
    fn faults_are_sentences() {
        for bad in
            ["", "q", "m +", "(m", "m n", "m / 0", "div_ceil(m)", "m - 34", "m % 2", "99999999999999999999"]
        {
            assert!(eval(bad).is_err(), "{bad}");
        }
        assert!(eval(&"(".repeat(100_000)).is_err());
    }

    #[test]
    fn folds_keep_every_workgroup() {
        for total in [1, 2, 65_535, 65_536, 65_537, 131_071, 1 << 24, 4_294_836_225, 4_294_836_226, 1 << 40] {
            let [x, y, z] = fold(total, 65_535).unwrap();
            assert!(u64::from(x) * u64::from(y) * u64::from(z) >= total, "{total}");
            assert!(x <= 65_535 && y <= 65_535 && z <= 65_535, "{total}: {x} {y} {z}");
        }
        assert_eq!(fold(10, 65_535), Some([10, 1, 1]));
        assert_eq!(fold(u64::MAX, 65_535), None);
    }
}
