//! A plan run by the references of its ops: products and sums in f64, each result rounded to single precision.

use tesela::nn::model::Examples;
use tesela::nn::plan::{GRADIENTS, PARAMETERS, Plan, PlannedCall, SCALING, Slot};
use tesela::nn::{LossScaling, Model, Network, Optimiser, plan::Purpose};
use tesela::ops::{DType, Data, Role};

/// Gradients of a network's parameters by the references, in the order of its parameters, without the scale.
pub(crate) fn gradients(
    model: &mut Model<'_>,
    examples: Examples<'_>,
    mixed: Option<LossScaling>,
) -> Vec<Vec<f32>> {
    let network = model.network().clone();
    let optimiser = Optimiser::default();
    let purpose = Purpose::Training { mask_seed: 35, optimiser, mixed };
    let batch = u32::try_from(examples.targets.len()).unwrap();
    let plan = Plan::compile(&network, batch, &purpose).unwrap();
    let mut buffers: Vec<Data> = plan.buffers.iter().map(|b| zeros(b.dtype, b.len)).collect();
    put(&mut buffers, plan.x, &Data::F32(examples.x.to_vec()));
    put(&mut buffers, plan.targets, &Data::I32(examples.targets.to_vec()));
    put(&mut buffers, plan.weights, &Data::F32(examples.weights.to_vec()));
    let named = |name: &str| plan.buffers.iter().position(|b| b.name == name).unwrap();
    for (parameter, values) in network.parameters().zip(model.parameters().unwrap()) {
        put(&mut buffers, of(&network, named(PARAMETERS), &parameter.name), &values);
    }
    let scale = mixed.map_or(1.0, |m| m.start);
    if mixed.is_some() {
        buffers[named(SCALING)].f32_mut()[0] = scale;
    }
    plan.forward.iter().chain(&plan.backward).for_each(|call| run(&mut buffers, call));
    let gradient = |name: &str| {
        let Data::F32(values) = get(&buffers, of(&network, named(GRADIENTS), name)) else { panic!("floats") };
        values.iter().map(|g| g / scale).collect()
    };
    network.parameters().map(|p| gradient(&p.name)).collect()
}

fn of(network: &Network, buffer: usize, name: &str) -> Slot {
    let parameter = network.parameters().find(|p| p.name == name).unwrap();
    Slot { buffer, at: parameter.at, len: parameter.len() }
}

fn zeros(dtype: DType, len: usize) -> Data {
    if dtype == DType::I32 { Data::I32(vec![0; len]) } else { Data::F32(vec![0.0; len]) }
}

fn get(buffers: &[Data], Slot { buffer, at, len }: Slot) -> Data {
    match &buffers[buffer] {
        Data::F32(values) => Data::F32(values[at..at + len].to_vec()),
        Data::I32(values) => Data::I32(values[at..at + len].to_vec()),
        Data::F16(_) => panic!("plans hold no halves"),
    }
}

fn put(buffers: &mut [Data], slot: Slot, data: &Data) {
    let place = slot.at..slot.at + slot.len;
    match (&mut buffers[slot.buffer], data) {
        (Data::F32(to), Data::F32(from)) => to[place].copy_from_slice(from),
        (Data::I32(to), Data::I32(from)) => to[place].copy_from_slice(from),
        _ => panic!("another type"),
    }
}

fn run(buffers: &mut [Data], call: &PlannedCall) {
    let slot = |name: &str| call.operands.iter().find(|(n, _)| *n == name).map(|(_, slot)| *slot);
    let input =
        |o: &tesela::ops::Operand| slot(o.name).map_or_else(|| zeros(o.dtype, 0), |slot| get(buffers, slot));
    let inputs: Vec<Data> = call.op.inputs().map(input).collect();
    for expected in (call.op.reference)(&call.sizes, &inputs) {
        let Some(slot) = slot(expected.operand) else { continue };
        let operand = call.op.operands.iter().find(|o| o.name == expected.operand).unwrap();
        assert!(operand.role != Role::Input);
        let values = if operand.dtype == DType::I32 {
            Data::I32(expected.want.iter().map(|v| *v as i32).collect())
        } else {
            Data::F32(expected.want.iter().map(|v| *v as f32).collect())
        };
        put(buffers, slot, &values);
    }
}
