//! The probes on the adapter that `WGPU_ADAPTER_NAME` chooses: what they leave, and that it can be believed.

#![allow(clippy::unwrap_used, reason = "a test stops at the first fault")]

mod support;

use tesela::analysis::roofline::{rate, roof};
use tesela::engine::Engine;
use tesela::lab::ceilings;
use tesela::record::{Ceilings, ProbeKind, Side};

fn samples(found: &Ceilings, kind: ProbeKind, side: Side) -> usize {
    found.probe(kind, side).map_or(0, |p| p.samples_ns.len())
}

#[test]
fn an_adapter_has_every_ceiling_or_a_reason() {
    let Some(engine) = support::engine_or_skip() else { return };
    let found = ceilings(&engine).unwrap();
    let gpu = engine.gpu().unwrap();
    assert_eq!(found.software, gpu.adapter().software);
    for kind in [
        ProbeKind::Copy,
        ProbeKind::Read,
        ProbeKind::FmaF32,
        ProbeKind::Upload,
        ProbeKind::Download,
        ProbeKind::Launch,
        ProbeKind::Submission,
    ] {
        assert!(samples(&found, kind, Side::Gpu) >= 3, "{kind:?}: {:?}", found.skipped);
    }
    assert_eq!(found.probe(ProbeKind::FmaF16, Side::Gpu).is_some(), gpu.caps().f16);
    assert_eq!(found.skipped.len(), usize::from(!gpu.caps().f16), "{:?}", found.skipped);
    assert!(found.skipped.iter().all(|s| s.reason.contains("SHADER_F16")));
    let (gpu, cpu) = (roof(&found, Side::Gpu, "matmul").unwrap(), roof(&found, Side::Cpu, "matmul").unwrap());
    for roof in [gpu, cpu] {
        // Wide enough for every machine: 10 MB/s to 1 PB/s, 10 MFLOP/s to 100 PFLOP/s.
        assert!(
            (1e7..1e15).contains(&roof.bytes_per_s) && (1e7..1e17).contains(&roof.flops_per_s),
            "{roof:?}"
        );
    }
    let launches = found.probe(ProbeKind::Launch, Side::Gpu).and_then(rate).unwrap();
    let submissions = found.probe(ProbeKind::Submission, Side::Gpu).and_then(rate).unwrap();
    assert!(launches > submissions, "{launches} launches a second, {submissions} submissions");

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(Ceilings::FILE);
    found.write(&path).unwrap();
    assert_eq!(Ceilings::read(&path).unwrap(), found);
}

#[test]
fn without_an_adapter_the_cpu_has_its_ceilings() {
    let found = ceilings(&Engine::new(None, 2).unwrap()).unwrap();
    assert_eq!((found.adapter.as_deref(), found.threads), (None, 2));
    assert!(found.skipped.is_empty() && roof(&found, Side::Gpu, "matmul").is_none());
    let product = found.probe(ProbeKind::Product, Side::Cpu).and_then(rate).unwrap();
    let chains = found.probe(ProbeKind::FmaF32, Side::Cpu).and_then(rate).unwrap();
    // In the tests' own profile the chains may not be compiled as they are in a release.
    assert!(
        cfg!(debug_assertions) || chains > 0.5 * product,
        "{chains} in registers, {product} in the product"
    );
    assert_eq!(roof(&found, Side::Cpu, "matmul").unwrap().flops_per_s, chains.max(product));
}
