//! HOW an op is computed: one value a variant.

use super::{Caps, Choice, Shader, Sizes, View, ViewMut};

/// One way to compute an op.
#[derive(Debug)]
pub struct Variant {
    /// Technique plus parameters, as `tiled_16`.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// The code.
    pub how: How,
    /// Whether infinities and NaN in the inputs are outside its reach (a product with the zeros of an identity or of
    /// padding turns them into NaN).
    pub finite_only: bool,
    /// Why these sizes cannot run on such a device; `None` where they can. Limits of workgroups and buffers are
    /// judged by the engine, from the shader itself.
    pub requires: fn(&Sizes, &Caps) -> Option<String>,
    /// Constants of its kernels that `tesela tune` may vary; empty for most.
    pub space: &'static [Choice],
}

/// The code of a variant.
#[derive(Debug)]
pub enum How {
    /// A function on the CPU. `serial` code ignores the thread count.
    Cpu {
        /// The function.
        run: fn(&mut CpuCall<'_, '_>),
        /// Whether it uses more than one thread.
        parallel: bool,
    },
    /// Kernels on the GPU, run one after the other, and buffers that only they see.
    Wgsl {
        /// The kernels, in order.
        passes: &'static [Pass],
        /// Buffers between the kernels.
        scratch: &'static [Scratch],
    },
    /// The thesis's host loop: extract each window, multiply it by the identity on the device, fetch it, take the
    /// maximum.
    PerWindow(&'static Product),
}

/// One kernel launch.
#[derive(Debug)]
pub struct Pass {
    /// The kernel.
    pub shader: Shader,
    /// Values for the shader's constants; the others keep what the file says.
    pub set: &'static [(&'static str, u32)],
    /// Whether these sizes use this kernel. Of a variant's passes, those that apply are run in order.
    pub when: fn(&Sizes) -> bool,
}

/// A buffer that only the kernels of one variant see.
#[derive(Debug)]
pub struct Scratch {
    /// The variable's name in the shaders.
    pub name: &'static str,
    /// How many 32-bit elements.
    pub len: fn(&Sizes) -> u64,
}

/// How the thesis's host loop multiplies a window by the identity.
#[derive(Debug)]
pub struct Product {
    /// The kernel: operands `a`, `c` and, where the filter is uploaded, `b`.
    pub shader: Shader,
    /// Values for its constants.
    pub set: &'static [(&'static str, u32)],
    /// Whether the identity is uploaded for each window (`filter = buffer`) or stands in the kernel (`constant`).
    pub uploads_filter: bool,
}

/// What a CPU variant gets.
#[derive(Debug)]
pub struct CpuCall<'a, 'd> {
    /// The sizes.
    pub sizes: &'a Sizes,
    /// The operands that are only read, in the op's order.
    pub inputs: &'a [View<'a>],
    /// What is updated in place, holding what it is before, then the outputs that the sizes ask for; each in the op's
    /// order.
    pub outputs: &'a mut [ViewMut<'d>],
    /// Threads to use; the call runs inside a rayon pool of that many.
    pub threads: usize,
}

impl Variant {
    /// Code on the CPU, on one thread or, where `parallel`, on several.
    pub(super) const fn cpu(
        name: &'static str,
        doc: &'static str,
        run: fn(&mut CpuCall<'_, '_>),
        parallel: bool,
    ) -> Self {
        Self::of(name, doc, How::Cpu { run, parallel })
    }

    /// Plain code on one thread, called `serial`.
    pub(super) const fn serial(doc: &'static str, run: fn(&mut CpuCall<'_, '_>)) -> Self {
        Self::cpu("serial", doc, run, false)
    }

    /// Plain code on several threads, called `rayon`.
    pub(super) const fn rayon(doc: &'static str, run: fn(&mut CpuCall<'_, '_>)) -> Self {
        Self::cpu("rayon", doc, run, true)
    }

    /// Kernels that need no buffers between them and take any sizes.
    pub(super) const fn kernels(name: &'static str, doc: &'static str, passes: &'static [Pass]) -> Self {
        Self::of(name, doc, How::Wgsl { passes, scratch: &[] })
    }

    /// Kernels with buffers between them, for any sizes.
    pub(super) const fn kernels_between(
        name: &'static str,
        doc: &'static str,
        passes: &'static [Pass],
        scratch: &'static [Scratch],
    ) -> Self {
        Self::of(name, doc, How::Wgsl { passes, scratch })
    }

    /// A variant for any sizes and any values.
    pub(super) const fn of(name: &'static str, doc: &'static str, how: How) -> Self {
        Self { name, doc, how, finite_only: false, requires: Self::anywhere, space: &[] }
    }

    /// The same for finite inputs only.
    #[must_use]
    pub(super) const fn finite(self) -> Self {
        Self { finite_only: true, ..self }
    }

    /// The same where `requires` gives no reason against it.
    #[must_use]
    pub(super) const fn requiring(self, requires: fn(&Sizes, &Caps) -> Option<String>) -> Self {
        Self { requires, ..self }
    }

    /// No reason to skip.
    pub fn anywhere(_: &Sizes, _: &Caps) -> Option<String> {
        None
    }

    /// For [`Variant::requires`] of kernels whose workgroups have rows of one subgroup of eight lanes each.
    pub(super) fn subgroups_of_eight(_: &Sizes, caps: &Caps) -> Option<String> {
        let [low, high] = caps.subgroup_size;
        let fits = [low, high] == [8, 8];
        (!fits).then(|| format!("it needs subgroups of exactly 8, the device has {low} to {high}"))
    }

    /// Whether it runs on the CPU.
    pub fn is_cpu(&self) -> bool {
        matches!(self.how, How::Cpu { .. })
    }

    /// Whether it dispatches once for each window, and so takes time by the number of windows.
    pub fn is_per_window(&self) -> bool {
        matches!(self.how, How::PerWindow(_))
    }

    /// Whether its kernels know of every size that only kernels that name it know of.
    pub fn knows(&self, sizes: &Sizes) -> bool {
        let named = |size| self.shaders().iter().any(|shader| shader.names(size));
        self.is_cpu() || sizes.to_be_named().all(named)
    }

    /// The constants that it sets, kernel by kernel.
    pub fn constants(&self) -> Vec<&'static [(&'static str, u32)]> {
        match &self.how {
            How::Cpu { .. } => Vec::new(),
            How::Wgsl { passes, .. } => passes.iter().map(|p| p.set).collect(),
            How::PerWindow(product) => vec![product.set],
        }
    }

    /// Its shaders, whatever the sizes.
    pub fn shaders(&self) -> Vec<&Shader> {
        match &self.how {
            How::Cpu { .. } => Vec::new(),
            How::Wgsl { passes, .. } => passes.iter().map(|p| &p.shader).collect(),
            How::PerWindow(product) => vec![&product.shader],
        }
    }
}

impl Pass {
    /// A kernel as its file says, whatever the sizes.
    pub(super) const fn plain(shader: Shader) -> Self {
        Self { shader, set: &[], when: Self::always }
    }

    /// For [`Pass::when`]: whatever the sizes.
    pub fn always(_: &Sizes) -> bool {
        true
    }
}
