//! ONNX's BatchNormalization, any number of axes behind the channels.

use super::case_file::CaseFile;
use super::{Check, Stop, layers};
use crate::ops::batchnorm::{OP, TRAINING};
use crate::ops::{Bound, Data, Expected};

/// Inference, or training with the biased variance. ONNX's momentum is the share of the old running values.
pub(super) fn batchnorm(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let x = case.input("X")?;
    let [n, c, ref inner @ ..] = *x.shape else {
        return Stop::damaged(format!("its X is {:?}, not N, C, ...", x.shape));
    };
    let l: usize = inner.iter().product();
    let of_channels = |name: &str, older: &str| -> Result<Data, Stop> {
        let tensor = match case.find_input(name)? {
            Some(tensor) => tensor,
            None => case.input(older)?,
        };
        tensor.must_be(name, &[c])?;
        Ok(Data::F32(tensor.operand()?))
    };
    let inputs = vec![
        Data::F32(x.operand()?),
        of_channels("scale", "scale")?,
        of_channels("B", "B")?,
        of_channels("input_mean", "mean")?,
        of_channels("input_var", "var")?,
    ];
    let (rtol, atol) = case.tolerance()?;
    let near = |operand, name: &str, shape: &[usize]| -> Result<Expected, Stop> {
        let tensor = case.output(name)?;
        tensor.must_be(name, shape)?;
        let want = tensor.doubles();
        let bound = Bound::Absolute(want.iter().map(|w| atol + rtol * w.abs()).collect());
        Ok(Expected { operand, want, bound })
    };
    let mut pairs = vec![("n", n.to_string()), ("c", c.to_string()), ("l", l.to_string())];
    pairs.push(("eps", case.float("epsilon", 1e-5)?.to_string()));
    let y = near("y", "Y", &x.shape)?;
    if !case.flag("training_mode")? {
        return Ok(vec![layers::check("", &OP, layers::sizes(&OP, &pairs)?, inputs, vec![y])]);
    }
    pairs.push(("momentum", (1.0 - case.float("momentum", 0.9)?).to_string()));
    pairs.push(("running", "biased".to_owned()));
    let expected =
        vec![near("running_mean", "running_mean", &[c])?, near("running_variance", "running_var", &[c])?, y];
    Ok(vec![layers::check("", &TRAINING, layers::sizes(&TRAINING, &pairs)?, inputs, expected)])
}
