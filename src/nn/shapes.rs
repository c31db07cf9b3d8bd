//! What a layer makes of a shape, and the parameters it needs.

use super::layer::{Conv2d, Kind, Linear, Outputs, Parameter, PoolLayer, Shape, Start};
use crate::ops::{Fans, Init, Op, avgpool, conv2d, maxpool};

/// Output shape and parameters of a layer; their place is not set yet.
pub(super) fn of(name: &str, kind: &Kind, input: Shape) -> Result<(Shape, Vec<Parameter>), String> {
    match (kind, input) {
        (Kind::Conv2d(conv), Shape::Image(image)) => convolution(name, conv, image),
        (Kind::Maxpool(pool), Shape::Image(image)) => pooled(&maxpool::OP, pool, image),
        (Kind::Avgpool(pool), Shape::Image(image)) => pooled(&avgpool::OP, pool, image),
        (Kind::GlobalAvgpool, Shape::Image([c, ..])) => Ok((Shape::Row(c), Vec::new())),
        (Kind::Flatten, Shape::Image(_)) => {
            let len = u32::try_from(input.len()).map_err(|_| "it gets too large".to_owned())?;
            Ok((Shape::Row(len), Vec::new()))
        }
        (Kind::Linear(linear), Shape::Row(inputs)) => dense(name, linear, inputs),
        (Kind::Batchnorm(norm), _) => {
            if !(0.0..=1.0).contains(&norm.momentum) {
                return Err(format!("momentum = {} is not a share from 0 to 1", norm.momentum));
            }
            if !(norm.eps > 0.0 && norm.eps.is_finite()) {
                return Err(format!("eps = {} is not a positive number", norm.eps));
            }
            let channels = match input {
                Shape::Image([c, ..]) | Shape::Row(c) => c as usize,
            };
            let of = |part: &str, value| Parameter {
                name: format!("{name}.{part}"),
                shape: vec![channels],
                start: Start::Constant(value),
                at: 0,
            };
            Ok((input, vec![of("weight", 1.0), of("bias", 0.0)]))
        }
        (Kind::Dropout(dropout), _) => {
            if (0.0..1.0).contains(&dropout.p) {
                Ok((input, Vec::new()))
            } else {
                Err(format!("p = {} is not a probability below 1", dropout.p))
            }
        }
        (Kind::Relu | Kind::Sigmoid, _) => Ok((input, Vec::new())),
        (Kind::Linear(_), Shape::Image(_)) => Err(format!(
            "it takes a row of numbers and gets an image of {input}; put a layer of kind \"flatten\" or \
             \"global_avgpool\" before it"
        )),
        (_, Shape::Row(_)) => Err(format!("it takes an image (c x h x w) and gets a row of {input} numbers")),
    }
}

fn convolution(name: &str, conv: &Conv2d, [c, h, w]: [u32; 3]) -> Result<(Shape, Vec<Parameter>), String> {
    let sizes = conv_sizes(conv, 1, [c, h, w]).map_err(|e| unfit(conv.kernel.hw(), [c, h, w], &e))?;
    let shape = (conv2d::FORWARD.shape)(&sizes, "y");
    let weight = (conv2d::FORWARD.shape)(&sizes, "w");
    let taps = weight[2] * weight[3];
    let fans = Fans { inputs: weight[1] * taps, outputs: weight[0] / conv.groups as usize * taps };
    let output = image(&shape)?;
    Ok((output, tensors(name, weight, &conv.init, fans)))
}

fn pooled(op: &'static Op, pool: &PoolLayer, [c, h, w]: [u32; 3]) -> Result<(Shape, Vec<Parameter>), String> {
    let sizes = pool_sizes(op, pool, 1, [c, h, w]).map_err(|e| unfit(pool.kernel.hw(), [c, h, w], &e))?;
    Ok((image(&(op.shape)(&sizes, "y"))?, Vec::new()))
}

fn dense(name: &str, linear: &Linear, inputs: u32) -> Result<(Shape, Vec<Parameter>), String> {
    let Outputs::Number(outputs) = linear.outputs else {
        return Err("`classes` is not known here".to_owned());
    };
    if outputs == 0 {
        return Err("it gives no number at all".to_owned());
    }
    let fans = Fans { inputs: inputs as usize, outputs: outputs as usize };
    let weight = vec![outputs as usize, inputs as usize];
    Ok((Shape::Row(outputs), tensors(name, weight, &linear.init, fans)))
}

fn tensors(name: &str, weight: Vec<usize>, init: &str, fans: Fans) -> Vec<Parameter> {
    let init = Init::named(init).unwrap_or(Init::Zeros);
    let of = |part: &str, shape, start| Parameter { name: format!("{name}.{part}"), shape, start, at: 0 };
    let channels = vec![weight[0]];
    vec![of("weight", weight, Start::Drawn(init, fans)), of("bias", channels, Start::Constant(0.0))]
}

fn image(shape: &[usize]) -> Result<Shape, String> {
    let side = |at: usize| u32::try_from(shape[at]).map_err(|_| "it gets too large".to_owned());
    Ok(Shape::Image([side(1)?, side(2)?, side(3)?]))
}

fn unfit([kh, kw]: [u32; 2], [c, h, w]: [u32; 3], error: &crate::Error) -> String {
    format!("a window of {kh} x {kw} does not fit its input of {c} x {h} x {w}: {error}")
}

/// The sizes of a convolution of `n` images; its sums are not rectified.
pub(super) fn conv_sizes(conv: &Conv2d, n: u32, [c, h, w]: [u32; 3]) -> crate::Result<crate::ops::Sizes> {
    let ([kh, kw], [sh, sw]) = (conv.kernel.hw(), conv.stride.hw());
    let ([ph, pw], [dh, dw]) = (conv.padding.hw(), conv.dilation.hw());
    let numbers = [
        ("n", n),
        ("ci", c),
        ("h", h),
        ("w", w),
        ("co", conv.filters),
        ("kh", kh),
        ("kw", kw),
        ("sh", sh),
        ("sw", sw),
        ("ph", ph),
        ("pw", pw),
        ("dh", dh),
        ("dw", dw),
        ("groups", conv.groups),
        ("bias", 1),
    ];
    sizes(&conv2d::FORWARD, &numbers)
}

/// The sizes of pooling `n` images.
pub(super) fn pool_sizes(
    op: &'static Op,
    pool: &PoolLayer,
    n: u32,
    [c, h, w]: [u32; 3],
) -> crate::Result<crate::ops::Sizes> {
    let ([kh, kw], [sh, sw]) = (pool.kernel.hw(), pool.stride.unwrap_or(pool.kernel).hw());
    let ([ph, pw], [dh, dw]) = (pool.padding.hw(), pool.dilation.hw());
    let mut numbers = vec![
        ("n", n),
        ("c", c),
        ("h", h),
        ("w", w),
        ("kh", kh),
        ("kw", kw),
        ("sh", sh),
        ("sw", sw),
        ("ph", ph),
        ("pw", pw),
        ("dh", dh),
        ("dw", dw),
        ("ceil", u32::from(pool.ceil)),
    ];
    if op.name == maxpool::OP.name {
        numbers.push(("indices", 1));
    }
    sizes(op, &numbers)
}

/// Sizes of an op from whole numbers; those that the op does not have are left out.
pub(super) fn sizes(op: &'static Op, numbers: &[(&str, u32)]) -> crate::Result<crate::ops::Sizes> {
    let texts: Vec<(&str, String)> = numbers
        .iter()
        .filter(|(name, _)| op.fields.iter().any(|f| f.name == *name))
        .map(|(name, value)| (*name, value.to_string()))
        .collect();
    op.sizes(texts.iter().map(|(name, value)| (*name, value.as_str())))
}
