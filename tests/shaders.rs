//! Every shader is held to its op without a device: it parses, binds what the op has, says in its header what it does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and says what it saw")]

use std::collections::BTreeSet;
use std::path::Path;

use tesela::Error;
use tesela::gpu::{Interface, reflect};
use tesela::ops::probe::PROBES;
use tesela::ops::{How, OPS, Op, Shader, Sizes, grid, matmul, maxpool};

/// One use of a shader: by which variant, for which op, with which scratch buffers and constants.
struct Use {
    variant: &'static str,
    shader: Shader,
    op: &'static Op,
    scratch: Vec<&'static str>,
    set: &'static [(&'static str, u32)],
}

fn uses() -> Vec<Use> {
    let mut all = Vec::new();
    for op in OPS.iter().chain(PROBES) {
        for variant in op.variants {
            let name = variant.name;
            match &variant.how {
                How::Cpu { .. } => {}
                How::Wgsl { passes, scratch } => all.extend(passes.iter().map(|pass| Use {
                    variant: name,
                    shader: pass.shader,
                    op,
                    scratch: scratch.iter().map(|s| s.name).collect(),
                    set: pass.set,
                })),
                // The thesis's host loop runs a product on each window.
                How::PerWindow(product) => all.push(Use {
                    variant: name,
                    shader: product.shader,
                    op: &matmul::OP,
                    scratch: Vec::new(),
                    set: product.set,
                }),
            }
        }
    }
    all
}

impl Use {
    fn reflected(&self) -> Interface {
        reflect(&self.shader, self.op, &self.scratch, self.set)
            .unwrap_or_else(|e| panic!("{} of {}: {e}", self.shader.name, self.variant))
    }
}

/// Sizes that every op takes.
fn sizes_of(op: &'static Op, value: &'static str) -> Sizes {
    op.sizes(op.fields.iter().filter(|f| f.default.is_none()).map(|f| (f.name, value))).unwrap()
}

/// The comment lines at the top of a shader, joined.
fn header(source: &str) -> String {
    let lines = source.lines().map_while(|l| l.strip_prefix("//"));
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_shader_fits_its_op() {
    for used in uses() {
        let interface = used.reflected();
        assert!(interface.storage.iter().any(|(_, _, writes)| *writes), "{}", used.shader.name);
        let params = interface.params.clone().unwrap_or_else(|| panic!("{}", used.shader.name));
        assert!(!params.members.is_empty());
        // The members reach the kernel with the values that the op gives them.
        let sizes = sizes_of(used.op, "3");
        let bytes = interface.params_bytes(used.op, &sizes);
        for (offset, name) in params.members {
            let cell: [u8; 4] = bytes[offset as usize..][..4].try_into().unwrap();
            assert_eq!(Some(u32::from_ne_bytes(cell)), used.op.named(&sizes, &name), "{name}");
        }
    }
}

#[test]
fn header_expressions_name_only_what_exists() {
    for used in uses() {
        let knobs = used.reflected().knobs;
        let sizes = sizes_of(used.op, "5");
        let lookup = |name: &str| used.op.named(&sizes, name).or_else(|| knobs.get(name));
        let file = used.shader.name;
        let groups = grid::evaluate(used.shader.workgroups(used.op.name).unwrap(), &lookup);
        assert!(groups.as_ref().is_ok_and(|g| *g > 0), "{file}: {groups:?}");
        let loops = used.shader.source.contains("for (") || used.shader.source.contains("while ");
        match used.shader.turns() {
            Some(turns) => assert!(grid::evaluate(turns, &lookup).is_ok_and(|t| t > 0), "{file}: {turns}"),
            None => assert!(!loops, "{file} has loops; its header must say how often they turn"),
        }
    }
}

#[test]
fn every_shader_says_what_it_does() {
    for used in uses() {
        let (file, source) = (used.shader.name, used.shader.source);
        let header = header(source);
        assert!(header.len() > 200, "{file}: its header says too little");
        for (_, name, _) in used.reflected().storage {
            let said = header.contains(&format!("{name}:")) || header.contains(&format!(" {name} "));
            assert!(said, "{file}: its header gives no shape for `{name}`");
        }
        assert!(header.contains("row-major"), "{file}: its header gives no memory order");
        assert!(header.contains("barrier"), "{file}: its header says nothing on barriers");
        let none = header.contains("no barrier");
        assert_eq!(none, !source.contains("workgroupBarrier();"), "{file}: its header is wrong on barriers");
    }
}

#[test]
fn every_file_belongs_to_a_variant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let mut files = BTreeSet::new();
    for folder in std::fs::read_dir(&root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            files.insert(name);
        }
    }
    let used: BTreeSet<String> = uses().iter().map(|u| u.shader.name.to_owned()).collect();
    assert_eq!(files, used);
    for used in uses() {
        let path = root.join(used.shader.name);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), used.shader.source, "{}", path.display());
    }
}

#[test]
fn shared_memory_fits_what_most_devices_have() {
    for used in uses() {
        let bytes = used.reflected().knobs.workgroup_bytes;
        assert!(bytes <= 32 << 10, "{} of {} wants {bytes} bytes", used.shader.name, used.variant);
    }
}

const GOOD: &str = "// workgroups: 1
struct Params { m: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
override TILE: u32 = 4u;
const RUN: u32 = 2u;
@compute @workgroup_size(TILE)
fn main() { c[0] = a[0] * f32(params.m) * f32(RUN); }
";

/// What is said of `GOOD` with one piece of it replaced.
fn complaint(from: &str, to: &str, set: &[(&str, u32)]) -> Error {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    let shader = Shader::loaded("mine.wgsl", GOOD.replace(from, to));
    reflect(&shader, &matmul::OP, &[], set).unwrap_err()
}

#[test]
fn constants_reach_the_shader() {
    let shader = Shader::loaded("mine.wgsl", GOOD.to_owned());
    let interface = reflect(&shader, &matmul::OP, &[], &[("TILE", 8), ("RUN", 3)]).unwrap();
    assert_eq!(interface.knobs.workgroup_size, [8, 1, 1]);
    assert_eq!((interface.knobs.get("TILE"), interface.knobs.get("RUN")), (Some(8), Some(3)));
    assert_eq!(interface.knobs.get("WORKGROUP"), Some(8));
}

#[test]
fn what_does_not_parse_is_shown_with_line_and_column() {
    for (from, to, place) in [
        ("fn main() {", "fn main( {", "mine.wgsl:9:10"),
        ("c[0] = a[0]", "c[0] = q[0]", "mine.wgsl:9:20"),
        ("c[0] = a[0]", "a[0] = a[0]", "mine.wgsl:9:"),
    ] {
        let error = complaint(from, to, &[]);
        assert!(matches!(error, Error::ShaderInvalid { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("mine.wgsl is not valid WGSL"), "{text}");
        assert!(text.contains(place), "{place} is not in: {text}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    for (from, to, set, said) in [
        ("> a: array", "> left: array", &[][..], "`left` is no operand; known are a, b, c"),
        ("a: array<f32>", "a: array<i32>", &[], "`a` holds Sint numbers"),
        ("a: array<f32>", "a: f32", &[], "`a` must be an array"),
        ("storage, read> a", "storage, read_write> a", &[], "`a` is an input"),
        ("storage, read_write> c", "storage, read> c", &[], "`c` is an output"),
        ("m: u32", "rows: u32", &[], "`rows` is no size of the op; known are m, n, k, batch, ta, tb"),
        ("m: u32", "m: f32", &[], "`m` must be a u32 or an i32"),
        ("@group(0) @binding(1)", "@group(1) @binding(1)", &[], "group 0"),
        ("fn main()", "fn start()", &[], "no entry point"),
        ("override TILE", "override TILE", &[("TYLE", 8)], "`TYLE` cannot be set: 0 lines"),
    ] {
        // Only names are needed of what is bound: types and members are what goes wrong here.
        let bare = GOOD.replace(
            "c[0] = a[0] * f32(params.m) * f32(RUN);",
            "let first = &params; let second = &a_operand; let third = &c;",
        );
        assert_eq!(bare.matches(from).count(), 1, "{from}");
        let name = if to.contains("left") { "left" } else { "a" };
        let text = bare.replace(from, to).replace("a_operand", name);
        let shader = Shader::loaded("mine.wgsl", text);
        let error = reflect(&shader, &matmul::OP, &[], set).unwrap_err();
        assert!(matches!(error, Error::ShaderInterface { .. }), "{from} -> {to}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(said) && text.contains("mine.wgsl"), "{from} -> {to}: {text}");
    }
}

#[test]
fn the_count_of_workgroups_must_stand_there_once() {
    for text in [GOOD.replace("// workgroups: 1\n", ""), GOOD.replace("struct", "// workgroups: 2\nstruct")] {
        let error = Shader::loaded("mine.wgsl", text).workgroups("matmul").unwrap_err();
        assert!(error.to_string().contains("`// workgroups: EXPRESSION`"), "{error}");
    }
}

#[test]
fn scratch_is_known_only_where_it_is_declared() {
    let columns = uses().into_iter().find(|u| u.shader.name.ends_with("separable_columns.wgsl")).unwrap();
    let error = reflect(&columns.shader, &maxpool::OP, &[], &[]).unwrap_err();
    assert!(error.to_string().contains("`row_keys` is no operand"), "{error}");
}

#[test]
fn real_numbers_are_floats_and_what_is_updated_is_written() {
    let op = Op::find("sgd").unwrap();
    let good = uses().into_iter().find(|u| u.op.name == "sgd").unwrap().shader.source;
    for (from, to, said) in [
        ("    lr: f32", "    lr: u32", "`lr` is a real number: it must be an f32"),
        ("    nesterov: u32", "    nesterov: f32", "`nesterov` must be a u32 or an i32"),
        ("read_write> velocity", "read> velocity", "`velocity` is updated in place"),
    ] {
        // Only declarations are held to the op: a body that uses each of them is enough.
        let body = good.find("@compute").unwrap();
        let text = good[..body].replace(from, to)
            + "@compute @workgroup_size(1) fn main() { let a = &params; let b = &gradients; let c = &parameters; \
               let d = &velocity; }";
        let error = reflect(&Shader::loaded("mine.wgsl", text), op, &[], &[]).unwrap_err().to_string();
        assert!(error.contains(said), "{from} -> {to}: {error}");
    }
}

#[test]
fn operands_stand_by_their_role() {
    for op in OPS {
        let roles: Vec<u8> = op.operands.iter().map(|o| o.role as u8).collect();
        assert!(roles.is_sorted(), "{}: inputs, then what is updated in place, then outputs", op.name);
        assert!(op.outputs(&sizes_of(op, "3")).next().is_some(), "{}", op.name);
    }
}
