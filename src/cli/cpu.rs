//! What the CPU is called, and how much memory is free.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::error::{Error, Result};

/// The CPU's name, as its maker gives it.
pub(super) fn name() -> String {
    let system = System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()));
    let first = |s: &System| s.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
    let brand = system.ok().as_ref().and_then(first).unwrap_or_default();
    if brand.is_empty() { "CPU".to_owned() } else { brand }
}

/// Refuses work that would hold more than the machine's free memory, which the system would end without a word.
///
/// # Errors
/// [`Error::TooLarge`].
pub(super) fn has_room_for(what: &str, needed: u64) -> Result<()> {
    let memory = MemoryRefreshKind::nothing().with_ram();
    let system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory));
    // A container may allow less than the machine has. 0 where the system does not say.
    let limit = system.map_or(0, |s| {
        let free = s.available_memory();
        // Cached files count as used there, but give way; what processes hold does not.
        s.cgroup_limits().map_or(free, |c| free.min(c.total_memory.saturating_sub(c.rss)))
    });
    if limit > 0 && needed > limit {
        let what = format!("{what} (bytes of the host's memory)");
        return Err(Error::TooLarge { what, needed, limit, limit_name: "available memory" });
    }
    Ok(())
}
