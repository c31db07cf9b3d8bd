//! How the product is computed, from the plainest to the fastest.

use super::{coopmat, cpu, library, split};
use crate::ops::shader::wgsl;
use crate::ops::{Choice, Pass, Scratch, Variant};

/// Threads along the columns and the rows of C, and terms of a slice (the shader's loops go four by four). `tiled` has no
/// space: its two variants differ in that very constant. Nor have the thesis's kernels: they stay as it has them.
const PATCHES_8X8: &[Choice] =
    &[Choice::new("WX", &[4, 8, 16]), Choice::new("WY", &[4, 8, 16]), Choice::new("BK", &[8, 16, 32])];
const PATCHES_8X4: &[Choice] =
    &[Choice::new("WX", &[8, 16, 32]), Choice::new("WY", &[4, 8, 16]), Choice::new("BK", &[8, 16, 32])];
pub(super) const PATCHES_4X4: &[Choice] =
    &[Choice::new("WX", &[8, 16, 32]), Choice::new("WY", &[8, 16, 32]), Choice::new("BK", &[8, 16, 32])];
/// Lanes of a warp tile, 8 to 64 of them, and the patch that is made of such tiles.
const WARP_TILES: &[Choice] = &[
    Choice::new("WX", &[8, 16]),
    Choice::new("WY", &[8, 16]),
    Choice::new("BK", &[8, 16]),
    Choice::new("LX", &[4, 8]),
    Choice::new("LY", &[2, 4, 8]),
];
/// The same where the patch is fixed; all threads as one tile among them.
const LANES: &[Choice] = &[Choice::new("LX", &[4, 8, 16]), Choice::new("LY", &[2, 4, 8, 16])];
const REGISTERS: &[Choice] = &[Choice::new("WX", &[4, 8, 16, 32]), Choice::new("WY", &[2, 4, 8, 16])];
const SUBGROUPS: &[Choice] = &[Choice::new("WY", &[1, 2, 4, 8])];

pub(super) static VARIANTS: &[Variant] = &[
    Variant::serial("plain loops i, k, j on one thread", cpu::serial),
    Variant::rayon("cache-blocked loops, rows shared out over threads", cpu::rayon),
    Variant::cpu(
        "library",
        "the `gemm` crate: packed, SIMD chosen at run time, threads as asked",
        library::library,
        true,
    ),
    Variant::kernels(
        "naive",
        "one thread an element, a loop over k (the thesis's matmul1)",
        &[Pass::plain(wgsl!("matmul/naive"))],
    ),
    Variant::kernels(
        "loop_thesis",
        "i-j-k loops that start at the thread's coordinates: threads repeat each other's work (the thesis's matmul2)",
        &[Pass::plain(wgsl!("matmul/loop_thesis"))],
    ),
    Variant::kernels(
        "loop",
        "i-j-k loops with a grid stride: each element once",
        &[Pass::plain(wgsl!("matmul/loop"))],
    ),
    Variant::kernels(
        "tiled_16",
        "16 x 16 tiles of A and B in shared memory (the thesis's matmul3)",
        &[Pass { shader: wgsl!("matmul/tiled"), set: &[("TILE", 16)], when: Pass::always }],
    ),
    Variant::kernels(
        "tiled_32",
        "32 x 32 tiles of A and B in shared memory: 1024 threads a workgroup, as the thesis ran matmul3",
        &[Pass { shader: wgsl!("matmul/tiled"), set: &[("TILE", 32)], when: Pass::always }],
    ),
    // The first of a family is what its bare name means: the larger patch wins wherever the device is kept busy.
    Variant::kernels(
        "blocked_128x128_8x8",
        "128 x 128 patches, slices of 16 terms in shared memory, 8 x 8 elements a thread in registers",
        &[Pass::plain(wgsl!("matmul/blocked_8x8"))],
    )
    .searched(PATCHES_8X8),
    Variant::kernels(
        "blocked_warptile_128x128_8x8",
        "the same, each 32 threads that follow one another a warp tile of 64 x 32: they read the same cells of shared \
         memory",
        &[Pass { shader: wgsl!("matmul/blocked_8x8"), set: &[("LX", 4), ("LY", 8)], when: Pass::always }],
    )
    .searched(WARP_TILES),
    Variant::kernels(
        "blocked_128x64_8x4",
        "128 x 64 patches, slices of 16 terms in shared memory, 8 x 4 elements a thread in registers",
        &[Pass::plain(wgsl!("matmul/blocked_8x4"))],
    )
    .searched(PATCHES_8X4),
    Variant::kernels(
        "blocked_64x64_4x4",
        "64 x 64 patches, slices of 16 terms in shared memory, 4 x 4 elements a thread in registers",
        &[Pass::plain(wgsl!("matmul/blocked_4x4"))],
    )
    .searched(PATCHES_4X4),
    // Without a space: its tiles are among those of the one before.
    Variant::kernels(
        "blocked_32x32_4x4",
        "the same with patches of 32 x 32, four times as many: for small products, which leave processors idle",
        &[Pass { shader: wgsl!("matmul/blocked_4x4"), set: &[("WX", 8), ("WY", 8)], when: Pass::always }],
    ),
    Variant::kernels(
        "blocked_prefetch_128x128_8x8",
        "the same as 128 x 128 patches, the next slice loaded into registers while one is worked on",
        &[Pass::plain(wgsl!("matmul/blocked_prefetch_8x8"))],
    )
    .searched(LANES),
    Variant::kernels_between(
        "blocked_splitk_64x64_4x4",
        "64 x 64 patches, the terms divided into parts that a second kernel adds up in their order: for few patches and \
         many terms",
        &[Pass::plain(wgsl!("matmul/blocked_splitk_4x4")), Pass::plain(wgsl!("matmul/sum_splits"))],
        &[Scratch { name: "partial", len: split::partial_sums }],
    )
    .searched(PATCHES_4X4),
    Variant::kernels(
        "blocked_subgroup_16x4",
        "16 x 4 elements a thread in registers, a subgroup of eight shares A by broadcasts: no shared memory, no barrier",
        &[Pass::plain(wgsl!("matmul/blocked_subgroup_16x4"))],
    )
    .requiring(Variant::subgroups_of_eight)
    .searched(SUBGROUPS),
    Variant::kernels(
        "registers_4x4",
        "4 x 4 elements a thread in registers, vector loads, no shared memory",
        &[Pass::plain(wgsl!("matmul/registers_4x4"))],
    )
    .searched(REGISTERS),
    Variant::kernels(
        "registers_8x4",
        "the same, 8 x 4 elements a thread",
        &[Pass::plain(wgsl!("matmul/registers_8x4"))],
    )
    .searched(REGISTERS),
    Variant::kernels(
        "registers_8x8",
        "the same, 8 x 8 elements a thread",
        &[Pass::plain(wgsl!("matmul/registers_8x8"))],
    )
    .searched(REGISTERS),
    Variant::kernels_between(
        "coopmat_f32_128x128",
        "cooperative matrices (tensor cores) of halves, two a number and three products a term, corrected to single \
         precision: 128 x 128 patches",
        &[Pass::plain(wgsl!("matmul/coopmat_f32_ranges")), Pass::plain(wgsl!("matmul/coopmat_f32"))],
        coopmat::RANGES,
    )
    .requiring(coopmat::compensated),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Values of a constant in a variant's space.
    fn values(variant: &str, name: &str) -> &'static [u32] {
        let variant = VARIANTS.iter().find(|v| v.name == variant).unwrap();
        variant.space.iter().find(|choice| choice.name == name).unwrap().values
    }

    #[test]
    fn the_tuner_reaches_patches_of_32_64_and_128_with_every_number_of_elements_a_thread() {
        for (variant, [rows, columns]) in
            [("blocked_64x64_4x4", [4, 4]), ("blocked_128x64_8x4", [8, 4]), ("blocked_128x128_8x8", [8, 8])]
        {
            let tall = values(variant, "WY").iter().map(|wy| rows * wy).collect::<BTreeSet<_>>();
            let wide = values(variant, "WX").iter().map(|wx| columns * wx).collect::<BTreeSet<_>>();
            for side in [32, 64, 128] {
                assert!(tall.contains(&side) && wide.contains(&side), "{variant}: {side}");
            }
            assert_eq!(values(variant, "BK"), [8, 16, 32], "{variant}");
        }
    }

    #[test]
    fn warp_tiles_fit_their_patch_and_every_size_of_a_subgroup() {
        let of = |name| values("blocked_warptile_128x128_8x8", name);
        let mut lanes = BTreeSet::new();
        for (lx, ly) in of("LX").iter().flat_map(|lx| of("LY").iter().map(move |ly| (lx, ly))) {
            lanes.insert(lx * ly);
            assert!(of("WX").iter().all(|wx| wx % lx == 0) && of("WY").iter().all(|wy| wy % ly == 0));
        }
        assert_eq!(lanes.into_iter().collect::<Vec<_>>(), [8, 16, 32, 64]);
    }
}
