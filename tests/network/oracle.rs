//! The thesis's AlexNet against PyTorch: output, loss, every gradient, and the losses of Adam's first steps.

use std::path::{Path, PathBuf};

use tesela::data::npy::{self, ArrayData};
use tesela::nn::model::Examples;
use tesela::nn::{Model, Network, Options};

/// A case of the oracle: its folder and what it says of its tensors.
struct Case {
    folder: PathBuf,
    json: serde_json::Value,
}

impl Case {
    /// `None` where the oracle's cases are not at hand.
    fn open(name: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle/torch").join(name);
        let Ok(text) = std::fs::read_to_string(folder.join("case.json")) else {
            eprintln!("ignored: there is no {}", folder.display());
            return None;
        };
        Some(Self { folder, json: serde_json::from_str(&text).unwrap() })
    }

    fn read(&self, name: &str) -> Vec<f64> {
        let array = npy::read(&self.folder.join(format!("{name}.npy"))).unwrap();
        match array.data {
            ArrayData::F32(v) => v.into_iter().map(f64::from).collect(),
            ArrayData::F64(v) => v,
            ArrayData::I32(v) => v.into_iter().map(f64::from).collect(),
            ArrayData::I64(v) => v.into_iter().map(|v| v as f64).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        self.read(name).into_iter().map(|v| v as f32).collect()
    }

    fn classes(&self) -> Vec<i32> {
        self.read("target").into_iter().map(|v| v as i32).collect()
    }

    /// Holds numbers to an output of the case and its own tolerance.
    fn holds(&self, name: &str, got: &[f32], who: &str) {
        let outputs = self.json["outputs"].as_array().unwrap();
        let entry = outputs.iter().find(|o| o["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        let (rtol, atol) = (entry["rtol"].as_f64().unwrap(), entry["atol"].as_f64().unwrap());
        let want = self.read(name);
        assert_eq!(got.len(), want.len(), "{who}: {name}");
        for (at, (&got, want)) in got.iter().zip(want).enumerate() {
            let (error, bound) = ((f64::from(got) - want).abs(), atol + rtol * want.abs());
            let holds = error <= bound;
            assert!(holds, "{who}: {name}[{at}] is {got}, PyTorch has {want}, bound {bound:e}");
        }
    }

    fn number(&self, name: &str) -> u32 {
        u32::try_from(self.json["attributes"][name].as_u64().unwrap()).unwrap()
    }
}

/// The file of the thesis's network with other widths, and without dropout.
fn alexnet(case: &Case) -> Network {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/networks/alexnet32.toml");
    let mut text = std::fs::read_to_string(path).unwrap();
    let channels = case.json["attributes"]["conv_channels"].as_array().unwrap();
    let mut widths = channels.iter();
    let mut dense = [case.number("fc"), case.number("fc"), case.number("classes")].into_iter();
    let lines = text.lines().map(|line| match line.split(" = ").next() {
        Some("filters") => format!("filters = {}", widths.next().unwrap()),
        Some("outputs") => format!("outputs = {}", dense.next().unwrap()),
        _ => line.to_owned(),
    });
    text = lines.collect::<Vec<_>>().join("\n");
    let text = text.replace("[[layer]]\nkind = \"dropout\"\np = 0.5\n", "");
    assert!(!text.contains("dropout"));
    Network::parse("alexnet", &text, case.number("classes")).unwrap()
}

/// The oracle's name of a parameter: `conv1.weight` is `conv1_w`, `linear1.bias` is `fc1_b`.
fn named(ours: &str) -> String {
    ours.replace("linear", "fc").replace(".weight", "_w").replace(".bias", "_b")
}

#[test]
fn alexnet_of_small_width_is_pytorchs() {
    let Some(case) = Case::open("alexnet/alexnet_001_w8_fc64_b4") else { return };
    let (engine, targets) = crate::engine();
    for target in targets {
        let who = format!("{target:?}");
        let mut model = Model::new(&engine, target, alexnet(&case), Options::default()).unwrap();
        let names: Vec<String> = model.network().parameters().map(|p| p.name.clone()).collect();
        for name in &names {
            model.set_parameter(name, &case.floats(&named(name))).unwrap();
        }
        let (x, targets) = (case.floats("x"), case.classes());
        let weights = vec![0.25; targets.len()];
        let examples = Examples { x: &x, targets: &targets, weights: &weights };
        let gradients = model.gradients(examples).unwrap();
        for (name, gradient) in names.iter().zip(&gradients) {
            case.holds(&format!("grad_{}", named(name)), gradient.f32(), &who);
        }
        let outputs = model.layer_outputs(4, true).unwrap();
        case.holds("logits", &outputs.last().unwrap().2, &who);
        let loss = model.outcomes().unwrap()[0].loss;
        case.holds("loss", &[loss], &who);
        let mut losses = Vec::new();
        for _ in 0..6 {
            model.train(examples, 1e-3).unwrap();
            losses.push(model.outcomes().unwrap()[0].loss);
        }
        case.holds("adam_losses", &losses, &who);
    }
}

/// The generator that the oracle states for parameters it does not store.
fn generated(spec: &serde_json::Value) -> Vec<f32> {
    let seed: u64 = spec["seed"].as_str().unwrap().parse().unwrap();
    let scale = spec["scale"].as_f64().unwrap() as f32;
    let sides = spec["shape"].as_array().unwrap();
    let len: u64 = sides.iter().map(|s| s.as_u64().unwrap()).product();
    let value = |i: u64| {
        let mut z = seed.wrapping_add(i).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 40) as f64 / 8_388_608.0 - 1.0) as f32 * scale
    };
    (0..len).map(value).collect()
}

#[test]
fn alexnet_of_full_width_is_pytorchs() {
    let Some(case) = Case::open("alexnet_full/alexnet_full_001_w64_fc4096_b2") else { return };
    let (engine, targets) = crate::engine();
    let specs = case.json["attributes"]["params"].as_array().unwrap();
    let x = generated(&case.json["attributes"]["x"]);
    for target in targets {
        let who = format!("{target:?}");
        let mut model = Model::new(&engine, target, alexnet(&case), Options::default()).unwrap();
        let names: Vec<String> = model.network().parameters().map(|p| p.name.clone()).collect();
        let first = case.floats("first_params");
        for (number, (name, spec)) in names.iter().zip(specs).enumerate() {
            assert_eq!(spec["name"], named(name).as_str());
            let values = generated(spec);
            assert_eq!(values[..3], first[3 * number..3 * number + 3]);
            model.set_parameter(name, &values).unwrap();
        }
        let classes = case.classes();
        let examples = Examples { x: &x, targets: &classes, weights: &[0.5, 0.5] };
        let gradients = model.gradients(examples).unwrap();
        for (name, gradient) in names.iter().zip(&gradients) {
            let (gradient, name) = (gradient.f32(), named(name));
            let probes = case.read(&format!("probe_{name}"));
            let probed: Vec<f32> = probes.iter().map(|&at| gradient[at as usize]).collect();
            case.holds(&format!("grad_{name}"), &probed, &who);
            let sum = |f: fn(f64) -> f64| gradient.iter().map(|&g| f(f64::from(g))).sum::<f64>() as f32;
            let norms = [sum(|g| g * g).sqrt(), sum(f64::abs), sum(|g| g)];
            case.holds(&format!("gradnorm_{name}"), &norms, &who);
        }
        case.holds("logits", &model.layer_outputs(2, true).unwrap().last().unwrap().2, &who);
        case.holds("loss", &[model.outcomes().unwrap()[0].loss], &who);
    }
}
