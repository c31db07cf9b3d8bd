//! Every variant of every op against the reference, on the adapter that `WGPU_ADAPTER_NAME` chooses.

use tesela::engine::Engine;
use tesela::gpu::Gpu;
use tesela::lab::{Case, Verdict, cases, verify};
use tesela::ops::OPS;

fn engine() -> Engine {
    Engine::new(Some(Gpu::new().unwrap()), 2).unwrap()
}

#[test]
fn every_variant_passes_every_case() {
    let engine = engine();
    let mut faults = Vec::new();
    let mut passed = 0;
    for op in OPS {
        for (number, setup) in cases::of(op).unwrap().iter().enumerate() {
            let case = Case::drawn(op, &setup.sizes, setup.fill, number as u64);
            for variant in op.variants {
                match verify(&engine, &case, variant).unwrap() {
                    Verdict::Passed(_) => passed += 1,
                    Verdict::Failed(mismatch) => faults.push(format!("{mismatch} ({:?})", setup.fill)),
                    Verdict::Skipped(reason) => {
                        println!("skipped {}/{} {}: {reason}", op.name, variant.name, setup.sizes)
                    }
                }
            }
        }
    }
    println!("{passed} passed");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
