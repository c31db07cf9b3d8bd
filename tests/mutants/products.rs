//! Wrong kernels of the product.

use super::{Mutant, mutant, nth, with};

/// As `blocked_warptile_128x128_8x8` has them.
const WARP_TILES: &[(&str, u32)] = &[("LX", 4), ("LY", 8)];

pub(super) const MATMUL: &[Mutant] = &[
    mutant("a_term_short", "matmul/naive.wgsl", "p < params.k;", "p < params.k - 1u;"),
    mutant(
        "a_term_twice",
        "matmul/naive.wgsl",
        "for (var p = 0u;",
        "sum += a[a_start + a_index(row, 0u)] * b[b_start + b_index(0u, column)]; for (var p = 0u;",
    ),
    mutant("last_row_unwritten", "matmul/naive.wgsl", "row >= params.m", "row >= params.m - 1u"),
    mutant(
        "last_column_unwritten",
        "matmul/tiled.wgsl",
        "row < params.m && column < params.n {\n        c",
        "row < params.m && column + 1u < params.n {\n        c",
    ),
    mutant(
        "one_past_the_end",
        "matmul/naive.wgsl",
        "    c[(product * params.m + row) * params.n + column] = sum;",
        "    c[(product * params.m + row) * params.n + column] = sum;\n    c[params.batch * params.m * params.n] = sum;",
    ),
    mutant(
        "transposed_a_as_it_lies",
        "matmul/naive.wgsl",
        "return p * params.m + row;",
        "return row * params.k + p;",
    ),
    mutant(
        "transposed_b_by_the_wrong_rows",
        "matmul/naive.wgsl",
        "column * params.k + p",
        "column * params.n + p",
    ),
    mutant(
        "one_a_for_the_batch",
        "matmul/tiled.wgsl",
        "let a_start = product * params.m * params.k;",
        "let a_start = 0u;",
    ),
    mutant(
        "tiled_cells_not_swapped",
        "matmul/tiled.wgsl",
        "        b_cell = local.xy;",
        "        b_cell = local.yx + local.xy;",
    ),
    mutant(
        "blocked_transposed_a_by_its_columns",
        "matmul/blocked_4x4.wgsl",
        "let columns = select(params.k, params.m, SIZE_TA == 1u);",
        "let columns = params.k;",
    ),
    mutant(
        "blocked_transposed_b_not_turned",
        "matmul/blocked_8x8.wgsl",
        "                let block = transpose(mat4x4(",
        "                let block = (mat4x4(",
    ),
    mutant("a_transposed", "matmul/loop.wgsl", "a[i * params.k + p]", "a[p * params.m + i]"),
    mutant("stride_too_long", "matmul/loop.wgsl", "j += GROUPS_X * BX", "j += GROUPS_X * BX + 1u"),
    nth(
        (0, 2),
        mutant("tiled_without_first_barrier", "matmul/tiled.wgsl", "        workgroupBarrier();\n", ""),
    ),
    nth(
        (1, 2),
        mutant("tiled_without_second_barrier", "matmul/tiled.wgsl", "        workgroupBarrier();\n", ""),
    ),
    mutant(
        "tile_read_transposed",
        "matmul/tiled.wgsl",
        "b_tile[p * TILE + local.x]",
        "b_tile[local.x * TILE + p]",
    ),
    nth(
        (0, 2),
        mutant(
            "blocked_without_first_barrier",
            "matmul/blocked_4x4.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    nth(
        (1, 2),
        mutant(
            "blocked_without_second_barrier",
            "matmul/blocked_4x4.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    mutant(
        "blocked_batch_unwritten",
        "matmul/blocked_4x4.wgsl",
        "let c_start = product * params.m * params.n;",
        "let c_start = 0u;",
    ),
    mutant(
        "blocked_slice_short",
        "matmul/blocked_4x4.wgsl",
        "start < params.k; start += BK",
        "start + BK <= params.k; start += BK",
    ),
    mutant(
        "blocked_wrong_component",
        "matmul/blocked_8x8.wgsl",
        "(*sums)[7] = fma(vec4(upper.w)",
        "(*sums)[7] = fma(vec4(upper.z)",
    ),
    mutant(
        "blocked_overrun",
        "matmul/blocked_8x8.wgsl",
        "if column + 3u < params.n { c",
        "if column + 2u < params.n { c",
    ),
    with(
        WARP_TILES,
        mutant(
            "warp_tile_beside_its_place",
            "matmul/blocked_8x8.wgsl",
            "2u * LX * (tile % (WX / LX))",
            "LX * (tile % (WX / LX))",
        ),
    ),
    with(
        WARP_TILES,
        mutant(
            "warp_tile_in_the_wrong_row",
            "matmul/blocked_8x8.wgsl",
            "2u * LY * (tile / (WX / LX))",
            "2u * LY * (tile % (WX / LX))",
        ),
    ),
    with(
        WARP_TILES,
        mutant(
            "warp_tile_halves_as_the_patch",
            "matmul/blocked_8x8.wgsl",
            "b_tile[p * B_STRIDE + LX + place.x]",
            "b_tile[p * B_STRIDE + WX + place.x]",
        ),
    ),
    with(
        WARP_TILES,
        mutant(
            "warp_tile_lanes_turned",
            "matmul/blocked_8x8.wgsl",
            "vec2(lane % LX, lane / LX)",
            "vec2(lane / LX, lane % LX)",
        ),
    ),
    mutant(
        "blocked_8x4_lower_rows_as_the_upper",
        "matmul/blocked_8x4.wgsl",
        "a_tile[p * A_STRIDE + WY + local.y]",
        "a_tile[p * A_STRIDE + local.y]",
    ),
    mutant(
        "blocked_8x4_lower_rows_too_high",
        "matmul/blocked_8x4.wgsl",
        "let below = row + 4u * WY;",
        "let below = row + 4u;",
    ),
    mutant(
        "blocked_8x4_half_of_a_loaded",
        "matmul/blocked_8x4.wgsl",
        "v < 2u * WY * (BK / 4u)",
        "v < WY * (BK / 4u)",
    ),
    nth(
        (0, 2),
        mutant(
            "blocked_8x4_without_first_barrier",
            "matmul/blocked_8x4.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    nth(
        (1, 2),
        mutant(
            "blocked_8x4_without_second_barrier",
            "matmul/blocked_8x4.wgsl",
            "        workgroupBarrier();\n",
            "",
        ),
    ),
    mutant(
        "blocked_8x4_transposed_a_by_rows_of_four",
        "matmul/blocked_8x4.wgsl",
        "quad = v % (2u * WY);",
        "quad = v % WY;",
    ),
    nth(
        (0, 2),
        mutant(
            "blocked_8x8_past_the_end_of_a_line_of_a",
            "matmul/blocked_8x8.wgsl",
            "row >= rows || column >= columns",
            "row >= rows",
        ),
    ),
    nth(
        (0, 2),
        mutant(
            "blocked_8x4_past_the_end_of_a_line_of_a",
            "matmul/blocked_8x4.wgsl",
            "row >= rows || column >= columns",
            "row >= rows",
        ),
    ),
    nth(
        (1, 2),
        mutant(
            "blocked_8x4_past_the_end_of_a_line_of_b",
            "matmul/blocked_8x4.wgsl",
            "row >= rows || column >= columns",
            "row >= rows",
        ),
    ),
    mutant(
        "registers_alignment_ignored",
        "matmul/registers_4x4.wgsl",
        "(select(params.k, params.m, SIZE_TA == 1u) | select(params.n, params.k, SIZE_TB == 1u)) % 4u",
        "select(params.k, params.m, SIZE_TA == 1u) % 4u",
    ),
    mutant(
        "registers_last_terms_left_out",
        "matmul/registers_8x8.wgsl",
        "for (; p < params.k; p++) {",
        "for (; p + 1u < params.k; p++) {",
    ),
    with(
        WARP_TILES,
        mutant(
            "prefetch_tile_in_the_wrong_row",
            "matmul/blocked_prefetch_8x8.wgsl",
            "2u * LY * (tile / (WX / LX))",
            "LY * (tile / (WX / LX))",
        ),
    ),
    mutant(
        "prefetch_of_the_same_slice",
        "matmul/blocked_prefetch_8x8.wgsl",
        "quad, start + BK + p, of_a)",
        "quad, start + p, of_a)",
    ),
];
