//! WebAssembly `simd128`: part of the module or not, so chosen when it is compiled.

use core::arch::wasm32::{
    i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_shuffle,
    i32x4_splat, i64x2_shuffle, v128,
};

use super::{LANES, Vector};

#[derive(Clone, Copy)]
pub(super) struct Simd128;

impl Vector for Simd128 {
    type Query = [v128; 2];
    type Sum = v128;

    #[inline(always)]
    fn load_query(self, codes: &[i16; LANES]) -> Self::Query {
        bytemuck::cast(*codes)
    }

    #[inline(always)]
    fn zero(self) -> v128 {
        i32x4_splat(0)
    }

    #[inline(always)]
    fn multiply_add(self, sum: v128, codes: &[i8; LANES], [low, high]: Self::Query) -> v128 {
        // One `v128.load` whatever the optimisation level is. Written lane by lane, it became a load that extends at
        // `opt-level = 3` alone, and sixteen scalar loads in the size-optimised browser build (20 times slower).
        let codes: v128 = bytemuck::cast(*codes);
        let sum = i32x4_add(sum, i32x4_dot_i16x8(i16x8_extend_low_i8x16(codes), low));
        i32x4_add(sum, i32x4_dot_i16x8(i16x8_extend_high_i8x16(codes), high))
    }

    #[inline(always)]
    fn add_lanes(self, [a, b, c, d]: [v128; 4]) -> [i32; 4] {
        let ab = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let cd = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        let sums = i32x4_add(i64x2_shuffle::<0, 2>(ab, cd), i64x2_shuffle::<1, 3>(ab, cd));
        [
            i32x4_extract_lane::<0>(sums),
            i32x4_extract_lane::<1>(sums),
            i32x4_extract_lane::<2>(sums),
            i32x4_extract_lane::<3>(sums),
        ]
    }
}
