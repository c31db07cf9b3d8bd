//! Training in mixed precision: gradients against f64, steps that overflow, the scale as it halves and doubles.

use tesela::engine::{Engine, Target};
use tesela::nn::model::{Examples, Weights};
use tesela::nn::precision::LossScale;
use tesela::nn::{LossScaling, Model, Network, Optimiser, OptimiserKind, Options};

use crate::by_references;
use crate::engines::{EVERY_KIND, examples};

/// No dropout, whose masks depend on the number of the step, skipped or not.
const PLAIN: &str = r#"
name = "plain"
input = [2, 8, 8]
layer = [
    { kind = "conv2d", filters = 6, kernel = 3, padding = 1 },
    { kind = "relu" },
    { kind = "maxpool", kernel = 2 },
    { kind = "flatten" },
    { kind = "linear", outputs = 16 },
    { kind = "relu" },
    { kind = "linear", outputs = "classes" },
]
"#;

/// Those who can train in mixed precision.
fn engine() -> (Engine, Vec<Target>) {
    let (engine, mut targets) = crate::engine();
    if engine.gpu().is_some_and(|gpu| !gpu.caps().f16) {
        crate::support::shown("the adapter has no half precision in shaders");
        targets.retain(|target| *target == Target::Cpu);
    }
    (engine, targets)
}

fn model<'e>(
    engine: &'e Engine,
    target: Target,
    mixed: Option<LossScaling>,
    optimiser: &Optimiser,
) -> Model<'e> {
    let network = Network::parse("plain", PLAIN, 4).unwrap();
    let options = Options { mixed, optimiser: optimiser.clone(), ..Options::default() };
    Model::new(engine, target, network, options).unwrap()
}

fn scaling(exponent: i32, interval: u32) -> Option<LossScaling> {
    Some(LossScaling { start: 2f32.powi(exponent), interval })
}

/// So many steps on the same images; gives the losses.
fn train(model: &mut Model<'_>, steps: usize) -> Vec<f32> {
    let (x, targets) = examples(12, 4, 2, 8);
    let weights = [1.0 / 12.0; 12];
    for _ in 0..steps {
        model.train(Examples { x: &x, targets: &targets, weights: &weights }, 0.01).unwrap();
    }
    model.outcomes().unwrap().iter().map(|o| o.loss).collect()
}

/// The bits of all that a model remembers but the state of the loss scaling.
fn bits(model: &mut Model<'_>) -> Vec<(String, Vec<u32>)> {
    let state: Weights = model.state().unwrap();
    let kept = state.into_iter().filter(|(name, _)| name != "scaling");
    kept.map(|(name, values)| (name, values.iter().map(|v| v.to_bits()).collect())).collect()
}

fn optimisers() -> [Optimiser; 3] {
    let sgd = Optimiser { kind: OptimiserKind::Sgd, nesterov: true, max_norm: 1.0, ..Optimiser::default() };
    let adamw = Optimiser { kind: OptimiserKind::Adamw, weight_decay: 0.1, ..Optimiser::default() };
    [Optimiser::default(), adamw, sgd]
}

/// Two factors of each of the six products on the longest way from the loss through the network and back to a weight are
/// rounded, each by 2^-11 of itself at most; errors of one size add up to less than their sum.
const ROUNDED: f64 = 12.0 / 2048.0;

/// Where a number lies half way between two halves, single precision and f64 may round it to different ones; few do, and seen
/// was 4e-5.
const AS_REFERENCES: f64 = 2e-4;

#[test]
fn gradients_are_those_of_f64_but_for_the_rounding_of_factors() {
    let (engine, targets) = engine();
    let text = EVERY_KIND.replace("\"relu\"", "\"sigmoid\"");
    // A first scale of 65536 would overflow here, and be halved.
    let mixed = LossScaling { start: 1024.0, ..LossScaling::default() };
    let (x, classes) = examples(12, 4, 3, 16);
    let batch = Examples { x: &x, targets: &classes, weights: &[1.0 / 12.0; 12] };
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    for target in targets {
        let network = Network::parse("every kind", &text, 4).unwrap();
        let options = Options { mixed: Some(mixed), ..Options::default() };
        let mut model = Model::new(&engine, target, network, options).unwrap();
        let exact = by_references::gradients(&mut model, batch, None);
        let rounded = by_references::gradients(&mut model, batch, Some(mixed));
        let got = model.gradients(batch).unwrap();
        let names: Vec<String> = model.network().parameters().map(|p| p.name.clone()).collect();
        let mut furthest = 0.0f64;
        for (((name, got), exact), rounded) in names.iter().zip(&got).zip(&exact).zip(&rounded) {
            let size = norm(&mut exact.iter().map(|v| f64::from(*v)));
            if size < 1e-4 {
                assert!(matches!(name.as_str(), "conv1.bias" | "linear1.bias"), "{name}: {size}");
                continue;
            }
            let far = |from: &[f32]| {
                norm(&mut got.f32().iter().zip(from).map(|(a, b)| f64::from(*a) - f64::from(*b))) / size
            };
            let (far, further) = (far(rounded), far(exact));
            assert!(far <= AS_REFERENCES, "{name} on {target:?}: {far} from the references");
            assert!(further <= ROUNDED, "{name} on {target:?}: {further} from f64");
            furthest = furthest.max(further);
        }
        assert!(furthest > 1e-5, "{target:?}: nothing was rounded to halves");
    }
}

#[test]
fn a_step_that_overflows_is_skipped_and_halves_the_scale() {
    let (engine, targets) = engine();
    for target in targets {
        for optimiser in optimisers() {
            let mut model = model(&engine, target, scaling(20, 2000), &optimiser);
            train(&mut model, 2);
            // Scaled to 2^100 no gradient is within the range of halves.
            let mut state = model.state().unwrap();
            let at = state.iter().position(|(name, _)| name == "scaling").unwrap();
            state[at].1[0] = 2f32.powi(100);
            model.put_state(&state).unwrap();
            let (before, counts) = (bits(&mut model), model.loss_scale().unwrap().unwrap());
            let loss = train(&mut model, 1);
            assert!(loss[0].is_finite());
            assert!(bits(&mut model) == before, "{target:?}: weights or moments moved");
            let after = model.loss_scale().unwrap().unwrap();
            let want =
                LossScale { scale: 2f32.powi(99), good: 0, skipped: counts.skipped + 1, taken: counts.taken };
            assert_eq!(after, want, "{target:?}");
            let clean = model.gradients(Examples { x: &[0.0; 128], targets: &[0], weights: &[0.0] }).unwrap();
            assert!(clean.iter().all(|g| g.f32().iter().all(|g| g.abs() == 0.0)));
            assert_eq!(model.loss_scale().unwrap(), Some(want), "asking for gradients changes nothing");
        }
    }
}

/// Steps that were skipped leave no trace: with the scale that they found, a model makes the same steps, to the bit, and
/// Adam counts only those that were taken.
#[test]
fn a_scale_that_is_too_large_finds_its_way_down() {
    let (engine, targets) = engine();
    for target in targets {
        for optimiser in optimisers() {
            let mut late = model(&engine, target, scaling(40, 2000), &optimiser);
            let losses = train(&mut late, 40);
            let LossScale { scale, good, skipped, taken } = late.loss_scale().unwrap().unwrap();
            assert!((10..36).contains(&skipped), "{skipped}");
            assert_eq!((taken, good), (40 - skipped, 40 - skipped));
            assert_eq!(scale, 2f32.powi(40 - i32::try_from(skipped).unwrap()));
            assert!(losses[39] < losses[0], "{target:?} does not learn: {losses:?}");
            let mut direct =
                model(&engine, target, scaling(40 - i32::try_from(skipped).unwrap(), 2000), &optimiser);
            let again = train(&mut direct, usize::try_from(taken).unwrap());
            assert_eq!(again, losses[usize::try_from(skipped).unwrap()..]);
            assert!(bits(&mut direct) == bits(&mut late), "{target:?}: other weights");
        }
    }
}

#[test]
fn good_steps_double_the_scale() {
    let (engine, targets) = engine();
    for target in targets {
        let mut model = model(&engine, target, scaling(4, 3), &Optimiser::default());
        train(&mut model, 7);
        let want = LossScale { scale: 64.0, good: 1, skipped: 0, taken: 7 };
        assert_eq!(model.loss_scale().unwrap(), Some(want), "{target:?}");
    }
}

/// What ten steps in mixed precision may be from those in single precision, and on one engine from another, as a part of
/// the first loss: the rounding of factors, grown by ten steps; seen was 2.4e-4.
const LIKE_SINGLE: f32 = 0.002;

#[test]
fn ten_steps_repeat_to_the_bit_and_go_where_single_precision_goes() {
    let (engine, targets) = engine();
    let mut single = model(&engine, Target::Cpu, None, &Optimiser::default());
    let wanted = train(&mut single, 10);
    assert_eq!(single.loss_scale().unwrap(), None);
    for target in targets {
        let run = || {
            let mut model = model(&engine, target, Some(LossScaling::default()), &Optimiser::default());
            (train(&mut model, 10), bits(&mut model))
        };
        let (losses, weights) = run();
        assert!((losses.clone(), weights) == run(), "{target:?}: two runs differ");
        assert_ne!(losses, wanted, "{target:?}: it is single precision");
        for (step, (got, want)) in losses.iter().zip(&wanted).enumerate() {
            let far = (got - want).abs() / wanted[0];
            assert!(far <= LIKE_SINGLE, "{target:?}, step {step}: {got}, in single precision {want}");
        }
    }
}
