//! Gradients of a whole network with every kind of layer, against finite differences of its loss: that the calls of a
//! plan are wired as the mathematics wants, whoever runs them.

use tesela::nn::model::Examples;
use tesela::nn::{Model, Network, Options};

use crate::engines::{EVERY_KIND, examples};

/// The step along a gradient, as a part of the tensor's own length; and the error that the curve of the loss and the
/// rounding of single precision leave, as a part of the slope.
const STEP: f64 = 2e-3;
const SLOPES_AGREE: f64 = 0.03;

#[test]
fn every_gradient_is_the_slope_of_the_loss() {
    let (engine, targets) = crate::engine();
    // A kink of a relu or of a maximum within the step would spoil the difference.
    let text = EVERY_KIND.replace("\"relu\"", "\"sigmoid\"");
    for target in targets {
        let network = Network::parse("every kind", &text, 4).unwrap();
        let mut model = Model::new(&engine, target, network, Options::default()).unwrap();
        let (x, classes) = examples(12, 4, 3, 16);
        let weights = [1.0 / 12.0; 12];
        let batch = Examples { x: &x, targets: &classes, weights: &weights };
        let gradients = model.gradients(batch).unwrap();
        let values = model.parameters().unwrap();
        model.outcomes().unwrap();
        let names: Vec<String> = model.network().parameters().map(|p| p.name.clone()).collect();
        for ((name, gradient), values) in names.iter().zip(&gradients).zip(&values) {
            let (gradient, values) = (gradient.f32(), values.f32());
            let norm = |v: &[f32]| v.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
            let slope = norm(gradient);
            if slope < 1e-4 {
                // A bias before a normalisation has no effect; all that is left is rounding.
                assert!(
                    matches!(name.as_str(), "conv1.bias" | "linear1.bias"),
                    "{name} has no gradient: {slope}"
                );
                continue;
            }
            let step = STEP * norm(values).max(1.0) / slope;
            let mut at = |sign: f64| {
                let moved = values
                    .iter()
                    .zip(gradient)
                    .map(|(v, g)| (f64::from(*v) + sign * step * f64::from(*g)) as f32);
                model.set_parameter(name, &moved.collect::<Vec<_>>()).unwrap();
                model.gradients(batch).unwrap();
                f64::from(model.outcomes().unwrap()[0].loss)
            };
            let difference = (at(1.0) - at(-1.0)) / (2.0 * step * slope);
            let far = (difference - slope).abs();
            assert!(
                far <= SLOPES_AGREE * slope,
                "{name} on {target:?}: {difference} by differences, {slope}"
            );
            model.set_parameter(name, values).unwrap();
        }
    }
}
