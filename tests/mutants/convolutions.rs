//! Faults of the convolutions and their gradients.

use super::{Mutant, mutant, nth};

pub(super) const CONV2D: &[Mutant] = &[
    mutant("padding_with_the_wrong_sign", "conv2d/direct.wgsl", "- i32(params.ph)", "+ i32(params.ph)"),
    mutant("groups_see_the_first", "conv2d/direct.wgsl", " + o / params.cog * params.cig", ""),
    mutant("bias_forgotten", "conv2d/direct.wgsl", "sum = b[o];", "sum = 0.0;"),
    mutant("one_dilation_for_both", "conv2d/direct.wgsl", "j * params.dw", "j * params.dh"),
    mutant("window_turned", "conv2d/direct.wgsl", "w[weights + j]", "w[weights + params.kw - 1u - j]"),
    mutant("not_rectified", "conv2d/direct.wgsl", "params.relu == 0u || ", "true || "),
    mutant("always_rectified", "conv2d/direct.wgsl", "params.relu == 0u || ", ""),
    mutant("nan_rectified", "conv2d/direct.wgsl", " || is_nan", ""),
    mutant(
        "rectified_before_the_bias",
        "conv2d/implicit_gemm.wgsl",
        "finished(sums + bias)",
        "finished(sums)",
    ),
    nth(
        (0, 2),
        mutant("without_first_barrier", "conv2d/implicit_gemm.wgsl", "        workgroupBarrier();\n", ""),
    ),
    nth(
        (1, 2),
        mutant("without_second_barrier", "conv2d/implicit_gemm.wgsl", "        workgroupBarrier();\n", ""),
    ),
    mutant(
        "taps_by_the_wrong_side",
        "conv2d/implicit_gemm.wgsl",
        "p / SIZE_KW % SIZE_KH",
        "p / SIZE_KH % SIZE_KW",
    ),
    mutant(
        "one_past_the_batch",
        "conv2d/implicit_gemm.wgsl",
        "columns < vec4(params.n",
        "columns <= vec4(params.n",
    ),
    mutant(
        "slice_short",
        "conv2d/implicit_gemm.wgsl",
        "start < terms; start += BK",
        "start + BK <= terms; start += BK",
    ),
    mutant("weights_not_aligned", "conv2d/implicit_gemm.wgsl", "if terms % 4u == 0u", "if terms % 2u == 0u"),
    nth(
        (0, 2),
        mutant(
            "large_without_first_barrier",
            "conv2d/implicit_gemm_8x8.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    nth(
        (1, 2),
        mutant(
            "large_without_second_barrier",
            "conv2d/implicit_gemm_8x8.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    mutant(
        "large_halves_exchanged",
        "conv2d/implicit_gemm_8x8.wgsl",
        "right.source, right.top, right.left",
        "left.source, left.top, left.left",
    ),
    mutant(
        "subgroup_halves_exchanged",
        "conv2d/implicit_gemm_subgroup.wgsl",
        "let b1 = right_half(near);",
        "let b1 = left_half(near);",
    ),
    mutant(
        "subgroup_terms_past_the_end",
        "conv2d/implicit_gemm_subgroup.wgsl",
        "(terms < vec4(TERMS)) & ",
        "",
    ),
    mutant(
        "subgroup_rows_of_the_next_group",
        "conv2d/implicit_gemm_subgroup.wgsl",
        "if row >= SIZE_COG {",
        "if row >= SIZE_COG + 1u {",
    ),
    mutant(
        "subgroup_row_dropped",
        "conv2d/implicit_gemm_subgroup.wgsl",
        "if SIZE_COG > 56u { store(",
        "if SIZE_COG > 64u { store(",
    ),
];

pub(super) const GRAD_INPUT: &[Mutant] = &[
    mutant("between_the_strides", "conv2d_grad_input/direct.wgsl", "u32(from_top) % params.sh != 0u || ", ""),
    mutant("padding_forgotten", "conv2d_grad_input/direct.wgsl", "i32(row + params.ph)", "i32(row)"),
    mutant("groups_see_the_first", "conv2d_grad_input/direct.wgsl", "c / params.cig * params.cog", "0u"),
    mutant("one_dilation_for_both", "conv2d_grad_input/direct.wgsl", "j * params.dw", "j * params.dh"),
    mutant("any_row_divides", "conv2d_grad_input/implicit_gemm.wgsl", "r * SIZE_SH == down", "r <= down"),
    mutant(
        "a_row_too_far",
        "conv2d_grad_input/implicit_gemm.wgsl",
        "(r < vec4(params.oh))",
        "(r <= vec4(params.oh))",
    ),
    mutant("taps_of_one_row", "conv2d_grad_input/implicit_gemm.wgsl", "+ p % taps", "+ p % SIZE_KW"),
    nth(
        (1, 2),
        mutant(
            "without_second_barrier",
            "conv2d_grad_input/implicit_gemm.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    mutant(
        "large_lower_half_dropped",
        "conv2d_grad_input/implicit_gemm_8x8.wgsl",
        "v < 2u * WY * BK",
        "v < WY * BK",
    ),
    nth(
        (1, 2),
        mutant(
            "large_without_second_barrier",
            "conv2d_grad_input/implicit_gemm_8x8.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    mutant(
        "turned_across_groups",
        "conv2d_grad_input/turn_weights.wgsl",
        "channel / params.cig * params.cog + o",
        "o",
    ),
    mutant(
        "subgroup_any_column_divides",
        "conv2d_grad_input/implicit_gemm_subgroup.wgsl",
        "(q * SIZE_SW == along)",
        "(q <= along)",
    ),
    mutant(
        "subgroup_one_past_the_batch",
        "conv2d_grad_input/implicit_gemm_subgroup.wgsl",
        "vec2(all_columns - 1u)",
        "vec2(all_columns)",
    ),
];

pub(super) const GRAD_WEIGHT: &[Mutant] = &[
    mutant("first_image_only", "conv2d_grad_weight/direct.wgsl", "image < params.n;", "image < 1u;"),
    mutant("groups_see_the_first", "conv2d_grad_weight/direct.wgsl", "o / params.cog * params.cig + c", "c"),
    mutant(
        "columns_padded_as_rows",
        "conv2d_grad_weight/direct.wgsl",
        "- i32(params.pw)",
        "- i32(params.ph)",
    ),
    mutant(
        "parts_overlap",
        "conv2d_grad_weight/implicit_gemm.wgsl",
        "(split + 1u) * params.split_len",
        "(split + 1u) * params.split_len + 1u",
    ),
    mutant(
        "a_column_too_many",
        "conv2d_grad_weight/implicit_gemm.wgsl",
        "if column + 1u < terms {",
        "if true {",
    ),
    nth(
        (1, 2),
        mutant(
            "without_second_barrier",
            "conv2d_grad_weight/implicit_gemm.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    mutant("first_part_only", "conv2d_grad_weight/sum_splits.wgsl", "split < params.splits", "split < 1u"),
    mutant(
        "large_parts_overlap",
        "conv2d_grad_weight/implicit_gemm_8x8.wgsl",
        "(split + 1u) * params.split_len",
        "(split + 1u) * params.split_len + 1u",
    ),
    nth(
        (0, 2),
        mutant(
            "large_without_first_barrier",
            "conv2d_grad_weight/implicit_gemm_8x8.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    mutant(
        "subgroup_parts_overlap",
        "conv2d_grad_weight/implicit_gemm_subgroup.wgsl",
        "(split + 1u) * params.split_len",
        "(split + 1u) * params.split_len + 4u",
    ),
    mutant(
        "subgroup_gradients_not_aligned",
        "conv2d_grad_weight/implicit_gemm_subgroup.wgsl",
        "if PIXELS % 4u == 0u",
        "if PIXELS % 2u == 0u",
    ),
];
