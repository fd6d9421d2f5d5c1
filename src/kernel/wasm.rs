//! WebAssembly `simd128`. A module either contains it or not, so it is chosen at compile time.

use core::arch::wasm32::{
    i16x8_extend_low_i8x16, i16x8_shl, i16x8_shr, i32x4_add, i32x4_dot_i16x8, i32x4_max, i32x4_shuffle, i32x4_splat,
    i64x2, i64x2_shuffle, v128,
};

use super::{LANES, Vector};

#[derive(Clone, Copy)]
pub(super) struct Simd128;

impl Vector for Simd128 {
    type Query = [v128; 2];
    type Sum = v128;
    type Quad = v128;

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
        let [first, second]: [i64; 2] = bytemuck::cast(*codes);
        let sum = i32x4_add(sum, i32x4_dot_i16x8(extend(first), low));
        i32x4_add(sum, i32x4_dot_i16x8(extend(second), high))
    }

    #[inline(always)]
    fn multiply_add_int4(self, sum: v128, codes: &[u8; LANES], [first, second]: [Self::Query; 2]) -> v128 {
        let words: v128 = bytemuck::cast(*codes);
        let sum = i32x4_add(sum, i32x4_dot_i16x8(i16x8_shr(i16x8_shl(words, 12), 12), first[0]));
        let sum = i32x4_add(sum, i32x4_dot_i16x8(i16x8_shr(i16x8_shl(words, 8), 12), first[1]));
        let sum = i32x4_add(sum, i32x4_dot_i16x8(i16x8_shr(i16x8_shl(words, 4), 12), second[0]));
        i32x4_add(sum, i32x4_dot_i16x8(i16x8_shr(words, 12), second[1]))
    }

    #[inline(always)]
    fn add_lanes(self, [a, b, c, d]: [v128; 4]) -> v128 {
        let ab = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        let cd = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
        i32x4_add(i64x2_shuffle::<0, 2>(ab, cd), i64x2_shuffle::<1, 3>(ab, cd))
    }

    #[inline(always)]
    fn larger(self, left: v128, right: v128) -> v128 {
        i32x4_max(left, right)
    }

    #[inline(always)]
    fn to_array(self, quad: v128) -> [i32; 4] {
        bytemuck::cast(quad)
    }
}

/// Loads eight codes as i16. The intrinsic that loads and extends takes a raw pointer; the compiler makes the same
/// single `i16x8.load8x8_s` from this at every optimisation level (`cargo xtask test` checks the built modules).
#[inline(always)]
fn extend(codes: i64) -> v128 {
    i16x8_extend_low_i8x16(i64x2(codes, 0))
}
