//! What the tests on a device share. Without an adapter they are ignored, visibly; with `TESELA_REQUIRE_GPU=1`, as in
//! continuous integration, they fail.

#![allow(dead_code, reason = "each test program uses its part")]

use std::io::Write as _;

use tesela::engine::Engine;
use tesela::gpu::Gpu;
use tesela::lab::Case;
use tesela::ops::{Fill, matmul};

/// An engine on the adapter that `WGPU_ADAPTER_NAME` chooses, or `None`, and the reason is shown.
pub(crate) fn engine_or_skip() -> Option<Engine> {
    match Gpu::new() {
        Ok(gpu) => Some(Engine::new(Some(gpu), 2).expect("two threads")),
        Err(reason) => {
            ignored(&reason.to_string());
            None
        }
    }
}

/// Whether there is an adapter; where there is none, that is shown.
pub(crate) fn adapter() -> bool {
    let found = !tesela::gpu::list().is_empty();
    if !found {
        ignored("this machine has no adapter");
    }
    found
}

fn ignored(reason: &str) {
    let required = std::env::var("TESELA_REQUIRE_GPU").is_ok_and(|value| value == "1");
    assert!(!required, "TESELA_REQUIRE_GPU is 1, but {reason}");
    shown(reason);
}

/// Says that a test is not for this adapter, past the test harness's capture, so that it is seen although the test passes.
pub(crate) fn shown(reason: &str) {
    let thread = std::thread::current();
    let _ = writeln!(std::io::stderr(), "test {} ... ignored: {reason}", thread.name().unwrap_or("a test"));
}

/// Products with one infinity at the start of a line in the middle of A, then of B: a kernel that reads past the end of
/// the line before meets it. In every form, with lines that are a multiple of four long and with others.
pub(crate) fn an_infinity_in_a_line() -> Vec<Case> {
    let op = &matmul::OP;
    let mut cases = Vec::new();
    for [m, n, k] in [["40", "44", "36"], ["37", "35", "33"]] {
        for [ta, tb] in [["no", "no"], ["no", "yes"], ["yes", "no"], ["yes", "yes"]] {
            let pairs = [("m", m), ("n", n), ("k", k), ("ta", ta), ("tb", tb)];
            let sizes = op.sizes(pairs).expect("sizes of a product");
            for operand in 0..2 {
                let mut inputs = Case::draw(op, &sizes, Fill::Uniform, 6);
                let line = (op.shape)(&sizes, op.operands[operand].name)[1];
                inputs[operand].f32_mut()[17 * line] = f32::INFINITY;
                cases.push(Case::given(op, &sizes, inputs, Some(6)));
            }
        }
    }
    cases
}
