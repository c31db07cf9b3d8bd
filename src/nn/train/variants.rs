//! Variants that a training asks for by name.

use std::collections::BTreeSet;

use super::Setup;
use crate::error::{Error, Result};
use crate::nn::plan::{Plan, Purpose};
use crate::nn::{Network, Variants};

/// Refuses variants of ops that no training step calls, as those of `conv2d` in mixed precision.
///
/// # Errors
/// [`Error::NotApplicable`], with the ops that are called.
pub(super) fn check_called(setup: &Setup, network: &Network) -> Result<()> {
    let Setup { config, variants, .. } = setup;
    if variants.is_empty() {
        return Ok(());
    }
    let purpose =
        Purpose::Training { mask_seed: 0, optimiser: config.optimiser.clone(), mixed: config.mixed() };
    let batch = u32::try_from(config.batch).unwrap_or(u32::MAX);
    let plan = Plan::compile(network, batch, &purpose)?;
    let calls = plan.forward.iter().chain(&plan.backward).chain(&plan.update);
    refuse_others(variants, &calls.map(|call| call.op.name).collect())
}

fn refuse_others(variants: &Variants, called: &BTreeSet<&str>) -> Result<()> {
    let Some((op, name)) = variants.iter().find(|(op, _)| !called.contains(op.as_str())) else {
        return Ok(());
    };
    let called = called.iter().copied().collect::<Vec<_>>().join(", ");
    let reason = format!("no step of this training calls {op}; it calls {called}");
    Err(Error::NotApplicable { variant: format!("{op}={name}"), reason })
}
