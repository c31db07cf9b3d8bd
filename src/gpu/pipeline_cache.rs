//! Compiled pipelines from one process to the next, where the backend hands them out (Vulkan).

use sha2::{Digest, Sha256};

use super::Gpu;

/// SHA-256 of the bytes that follow it. The backend looks at a header only, and a driver trusts the rest.
type Seal = [u8; 32];

/// The backend's cache of a device that was opened with one.
#[derive(Debug)]
pub(super) struct PipelineCache {
    pub(super) raw: wgpu::PipelineCache,
    /// What to call it: the same for adapters that can use each other's.
    name: String,
    /// The seal of what it began with.
    begun_with: Option<Seal>,
}

impl PipelineCache {
    /// A cache that begins with what `stored` gives for its name, or empty where that is damaged, of another driver or of
    /// another program; `None` where the backend has no such thing.
    pub(super) fn new(
        gpu: &Gpu,
        info: &wgpu::AdapterInfo,
        stored: impl FnOnce(&str) -> Option<Vec<u8>>,
    ) -> Option<Self> {
        if !gpu.device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let name = wgpu::util::pipeline_cache_key(info)?;
        let bytes = stored(&name).unwrap_or_default();
        let begun = unsealed(&bytes).and_then(|(seal, data)| Some((begin(gpu, Some(data))?, Some(seal))));
        let (raw, begun_with) = begun.or_else(|| Some((begin(gpu, None)?, None)))?;
        Some(Self { raw, name, begun_with })
    }
}

#[expect(unsafe_code, reason = "a driver trusts what it is given back")]
fn begin(gpu: &Gpu, data: Option<&[u8]>) -> Option<wgpu::PipelineCache> {
    // What is refused is said, so that it is known whether the data is in use.
    let descriptor = wgpu::PipelineCacheDescriptor { label: Some("tesela"), data, fallback: false };
    // SAFETY: the data carries the seal that `Gpu::compiled` put on what the API gave, so it is that, whole, unless
    // someone forged it; the API itself refuses what another adapter or driver made.
    let raw = unsafe { gpu.device.create_pipeline_cache(&descriptor) };
    gpu.check("the cache of pipelines").is_ok().then_some(raw)
}

/// A seal, and the bytes that it is right for.
fn unsealed(bytes: &[u8]) -> Option<(Seal, &[u8])> {
    let (seal, data) = bytes.split_first_chunk()?;
    (*seal == seal_of(data)).then_some((*seal, data))
}

fn seal_of(data: &[u8]) -> Seal {
    Sha256::digest(data).into()
}

impl Gpu {
    /// All that is compiled on this device, to begin a later [`Gpu::open_with`] with: the name that it will be asked
    /// for by, and the bytes. `None` where nothing is new, where the backend hands nothing out, and for a device that
    /// was opened without.
    pub fn compiled(&self) -> Option<(String, Vec<u8>)> {
        let cache = self.cache.as_ref()?;
        let data = cache.raw.get_data()?;
        let seal = seal_of(&data);
        (Some(seal) != cache.begun_with).then(|| (cache.name.clone(), [seal.as_slice(), &data].concat()))
    }

    /// Whether it began with pipelines that were compiled before.
    pub fn begun_compiled(&self) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.begun_with.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::test_device::{device_or_skip, skipped};
    use crate::gpu::{Checks, Choice};
    use crate::ops::{How, relu};

    /// What a device has compiled that began with `bytes`, once it has a pipeline; and whether it took them.
    fn compiled_after(bytes: Option<Vec<u8>>) -> Option<(bool, Option<Vec<u8>>)> {
        let gpu = Gpu::open_with(&Choice::Auto, |_| bytes).ok()?;
        let How::Wgsl { passes: [pass], .. } = &relu::OP.variants.iter().find(|v| !v.is_cpu()).unwrap().how
        else {
            panic!("one kernel")
        };
        gpu.pipeline(&pass.shader, &relu::OP, &[], pass.set, Checks::On).unwrap();
        gpu.cache.as_ref()?;
        Some((gpu.begun_compiled(), gpu.compiled().map(|(_, bytes)| bytes)))
    }

    #[test]
    fn a_store_is_taken_back_and_anything_else_is_left() {
        if device_or_skip().is_none() {
            return;
        }
        let Some((begun, Some(bytes))) = compiled_after(None) else {
            return skipped("this adapter hands no pipelines out");
        };
        assert!(!begun);
        let (begun, more) = compiled_after(Some(bytes.clone())).unwrap();
        assert!(begun);
        assert!(more.is_none(), "nothing new was compiled");
        let mut flipped = bytes.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let short = bytes[..bytes.len() - 1].to_vec();
        for damaged in [flipped, short, vec![7; 31], Vec::new()] {
            let (begun, more) = compiled_after(Some(damaged)).unwrap();
            assert!(!begun && more.is_some());
        }
        // Sealed, and refused by the API all the same: no cache, and one of another device.
        let mut foreign = bytes[size_of::<Seal>()..].to_vec();
        foreign[20] ^= 0xFF;
        for data in [b"no cache".as_slice(), &foreign] {
            let (begun, more) = compiled_after(Some([seal_of(data).as_slice(), data].concat())).unwrap();
            assert!(!begun && more.is_some());
        }
    }

    #[test]
    fn a_device_opened_without_compiles_everything_itself() {
        let Some(gpu) = device_or_skip() else { return };
        assert!(gpu.compiled().is_none() && !gpu.begun_compiled());
    }
}
