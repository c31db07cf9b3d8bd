//! What a shader declares: bindings, parameter block, constants, workgroup. Read with naga, without a device, so that a
//! test can hold every shader to its op on a machine that has no GPU.

use wgpu::naga;

use crate::error::{Error, Result};
use crate::ops::{DType, Knobs, Op, Role, Shader, Sizes};

/// A shader's declarations, once its constants are set.
#[derive(Debug, Clone)]
pub struct Interface {
    /// Storage bindings: number, variable, whether the kernel writes.
    pub storage: Vec<(u32, String, bool)>,
    /// The parameter block, if there is one.
    pub params: Option<Params>,
    /// Values of its constants, and the workgroup.
    pub knobs: Knobs,
    /// The text that is compiled: the file's, with `const` lines substituted.
    pub source: String,
    /// Constants left to the pipeline: names and values of `override`s that were set.
    pub overrides: Vec<(String, f64)>,
}

/// A shader's parameter block.
#[derive(Debug, Clone)]
pub struct Params {
    /// Its binding number.
    pub binding: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// Offset in bytes and name of each 32-bit member.
    pub members: Vec<(u32, String)>,
}

/// Parses `shader`, sets constants, and holds it to the op: every binding must be an operand, one of `scratch`, or a
/// parameter block named `params` whose members are sizes of the op.
///
/// A constant in `set` may be an `override` of the shader, or a `const NAME: u32 = ...;` line (for sizes of per-thread
/// arrays, which WGSL cannot override), of which there must be exactly one.
///
/// # Errors
/// [`Error::ShaderInvalid`] with naga's excerpt, [`Error::ShaderInterface`] with what does not fit.
pub fn reflect(shader: &Shader, op: &'static Op, scratch: &[&str], set: &[(&str, u32)]) -> Result<Interface> {
    let misfit =
        |reason: String| Error::ShaderInterface { file: shader.name.to_owned(), op: op.name, reason };
    let (source, overrides) = substitute(shader, set).map_err(misfit)?;
    let invalid = |excerpt: String| Error::ShaderInvalid { file: shader.name.to_owned(), excerpt };
    let module = naga::front::wgsl::parse_str(&source)
        .map_err(|e| invalid(e.emit_to_string_with_path(&source, shader.name)))?;
    let mut validator =
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::all());
    let info =
        validator.validate(&module).map_err(|e| invalid(e.emit_to_string_with_path(&source, shader.name)))?;
    let constants: naga::back::PipelineConstants = overrides.iter().cloned().collect();
    let entry = Some((naga::ShaderStage::Compute, "main"));
    if !module.entry_points.iter().any(|e| e.name == "main" && e.stage == naga::ShaderStage::Compute) {
        return Err(misfit("it has no entry point `@compute fn main`".to_owned()));
    }
    let (module, info) = naga::back::pipeline_constants::process_overrides(&module, &info, entry, &constants)
        .map_err(|e| misfit(format!("its constants cannot be set: {e}")))?;
    let mut interface =
        Interface { storage: Vec::new(), params: None, knobs: knobs(&module), source, overrides };
    let main = module.entry_points.iter().position(|e| e.name == "main").unwrap_or(0);
    for (handle, variable) in module.global_variables.iter() {
        let Some(binding) = &variable.binding else { continue };
        // The pipeline's layout holds what the kernel uses; what it only declares has no place there.
        if info.get_entry_point(main)[handle].is_empty() {
            continue;
        }
        if binding.group != 0 {
            return Err(misfit(format!("bindings must be in group 0, not {}", binding.group)));
        }
        let name = variable.name.clone().unwrap_or_default();
        match variable.space {
            naga::AddressSpace::Uniform => {
                let (bytes, members) = members(&module, variable.ty, op).map_err(misfit)?;
                interface.params = Some(Params { binding: binding.binding, bytes, members });
            }
            naga::AddressSpace::Storage { access } => {
                let writes = access.contains(naga::StorageAccess::STORE);
                check_storage(&module, variable.ty, &name, writes, op, scratch).map_err(misfit)?;
                interface.storage.push((binding.binding, name, writes));
            }
            _ => return Err(misfit(format!("`{name}` is neither a storage buffer nor the parameter block"))),
        }
    }
    Ok(interface)
}

impl Interface {
    /// The parameter block's bytes for these sizes.
    pub fn params_bytes(&self, op: &Op, sizes: &Sizes) -> Vec<u8> {
        let Some(params) = &self.params else { return Vec::new() };
        let mut bytes = vec![0u8; usize::try_from(params.bytes).unwrap_or(0)];
        for (offset, name) in &params.members {
            if let (Some(value), Some(cell)) =
                (op.named(sizes, name), bytes.get_mut(*offset as usize..*offset as usize + 4))
            {
                cell.copy_from_slice(&value.to_ne_bytes());
            }
        }
        bytes
    }
}

fn substitute(shader: &Shader, set: &[(&str, u32)]) -> Result<(String, Vec<(String, f64)>), String> {
    let mut source = shader.source.to_owned();
    let mut overrides = Vec::new();
    for (name, value) in set {
        let declares = |line: &str, keyword: &str| {
            let rest =
                line.trim_start().strip_prefix(keyword).and_then(|r| r.trim_start().strip_prefix(name));
            rest.is_some_and(|r| r.trim_start().starts_with([':', '=', ';']))
        };
        if source.lines().any(|l| declares(l, "override ")) {
            overrides.push(((*name).to_owned(), f64::from(*value)));
            continue;
        }
        let found = source.lines().filter(|l| declares(l, "const ")).count();
        if found != 1 {
            return Err(format!("`{name}` cannot be set: {found} lines declare it as `override` or `const`"));
        }
        let lines = source.lines().map(|l| {
            if declares(l, "const ") { format!("const {name}: u32 = {value}u;") } else { l.to_owned() }
        });
        source = lines.collect::<Vec<_>>().join("\n") + "\n";
    }
    Ok((source, overrides))
}

/// Integer constants, workgroup size and shared memory of a module without overrides.
fn knobs(module: &naga::Module) -> Knobs {
    let literal = |init| match module.global_expressions[init] {
        naga::Expression::Literal(naga::Literal::U32(v)) => Some(v),
        naga::Expression::Literal(naga::Literal::I32(v)) => u32::try_from(v).ok(),
        _ => None,
    };
    let constants = module.constants.iter().filter_map(|(_, c)| Some((c.name.clone()?, literal(c.init)?)));
    let shared = module.global_variables.iter().filter(|(_, v)| v.space == naga::AddressSpace::WorkGroup);
    let bytes = shared.map(|(_, v)| module.types[v.ty].inner.size(module.to_ctx())).sum();
    Knobs {
        constants: constants.collect(),
        workgroup_size: module
            .entry_points
            .iter()
            .find(|e| e.name == "main")
            .map_or([1; 3], |e| e.workgroup_size),
        workgroup_bytes: bytes,
    }
}

type Members = (u64, Vec<(u32, String)>);

fn members(module: &naga::Module, ty: naga::Handle<naga::Type>, op: &Op) -> Result<Members, String> {
    let naga::TypeInner::Struct { members, span } = &module.types[ty].inner else {
        return Err("the uniform buffer must be a struct of sizes".to_owned());
    };
    let known = || {
        let fields = op.fields.iter().map(|f| f.name.to_owned());
        fields.chain(derived_names(op)).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for member in members {
        let name = member.name.clone().unwrap_or_default();
        let is_integer = matches!(
            module.types[member.ty].inner,
            naga::TypeInner::Scalar(naga::Scalar {
                kind: naga::ScalarKind::Uint | naga::ScalarKind::Sint,
                width: 4
            })
        );
        let is_real = matches!(
            module.types[member.ty].inner,
            naga::TypeInner::Scalar(naga::Scalar { kind: naga::ScalarKind::Float, width: 4 })
        );
        let real = op.fields.iter().any(|f| f.name == name && f.real);
        if real && !is_real {
            return Err(format!("the parameter `{name}` is a real number: it must be an f32"));
        }
        if !real && !is_integer {
            return Err(format!("the parameter `{name}` must be a u32 or an i32"));
        }
        if !known().contains(&name) {
            return Err(format!(
                "the parameter `{name}` is no size of the op; known are {}",
                known().join(", ")
            ));
        }
        found.push((member.offset, name));
    }
    Ok((u64::from(*span), found))
}

/// The names of an op's derived sizes, from sizes that are valid for every op.
fn derived_names(op: &Op) -> Vec<String> {
    let ones = op.fields.iter().filter(|f| f.default.is_none()).map(|f| (f.name, "1"));
    op.sizes(ones).map_or_else(|_| Vec::new(), |s| (op.derived)(&s).iter().map(|d| d.0.to_owned()).collect())
}

fn check_storage(
    module: &naga::Module,
    ty: naga::Handle<naga::Type>,
    name: &str,
    writes: bool,
    op: &Op,
    scratch: &[&str],
) -> Result<(), String> {
    let element = match &module.types[ty].inner {
        naga::TypeInner::Array { base, .. } => *base,
        _ => return Err(format!("`{name}` must be an array")),
    };
    let scalar = match &module.types[element].inner {
        naga::TypeInner::Scalar(scalar) | naga::TypeInner::Vector { scalar, .. } => *scalar,
        _ => return Err(format!("`{name}` must hold numbers or vectors of numbers")),
    };
    if scratch.contains(&name) {
        let whole = scalar.width == 4;
        return whole.then_some(()).ok_or_else(|| format!("`{name}` must hold 32-bit numbers"));
    }
    let Some(operand) = op.operands.iter().find(|o| o.name == name) else {
        let known: Vec<_> = op.operands.iter().map(|o| o.name).chain(scratch.iter().copied()).collect();
        return Err(format!("`{name}` is no operand; known are {}", known.join(", ")));
    };
    if usize::from(scalar.width) != operand.dtype.bytes() {
        return Err(format!("`{name}` must hold {}-bit numbers", 8 * operand.dtype.bytes()));
    }
    // Floats may be read as bits: that is how a NaN is carried through comparisons.
    let fits = match operand.dtype {
        DType::F32 => matches!(scalar.kind, naga::ScalarKind::Float | naga::ScalarKind::Uint),
        DType::I32 => scalar.kind == naga::ScalarKind::Sint,
        DType::F16 => scalar.kind == naga::ScalarKind::Float,
    };
    if !fits {
        return Err(format!("`{name}` holds {:?} numbers, the operand {:?}", scalar.kind, operand.dtype));
    }
    match operand.role {
        Role::Input if writes => Err(format!("`{name}` is an input: declare it `var<storage, read>`")),
        Role::Output if !writes => {
            Err(format!("`{name}` is an output: declare it `var<storage, read_write>`"))
        }
        Role::InOut if !writes => {
            Err(format!("`{name}` is updated in place: declare it `var<storage, read_write>`"))
        }
        _ => Ok(()),
    }
}
