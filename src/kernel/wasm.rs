//! WebAssembly `simd128`: part of the module or not, so chosen when it is compiled.

use core::arch::wasm32::{
    i8x16_add, i8x16_bitmask, i8x16_swizzle, i16x8_add, i16x8_extend_low_i8x16, i16x8_ge, i16x8_max, i16x8_shl,
    i16x8_shr, i16x8_sub, i32x4_add, i32x4_dot_i16x8, i32x4_max, i32x4_shuffle, i32x4_splat, i64x2, i64x2_shuffle,
    u8x16_splat, u16x8_shr, u16x8_splat, v128, v128_and, v128_andnot, v128_bitselect,
};

use super::{LANES, PLANES, Plane, TABLES, Table, Vector};

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

    #[inline(always)]
    fn reach(self, pairs: &[[Plane; PLANES]], tables: &[[Table; TABLES]], threshold: u16) -> (u64, u16) {
        let low_half = u8x16_splat(15);
        let threshold = u16x8_splat(threshold);
        let mut passed = 0u64;
        let mut largest = u16x8_splat(0);
        for column in 0..4 {
            // Sums of pairs of rows as words, even row in the low byte, until that overflows into the odd row's; the odd
            // rows' sums apart, to be taken off again at the end.
            let (mut both, mut odd) = (u16x8_splat(0), u16x8_splat(0));
            for (planes, tables) in pairs.iter().zip(tables) {
                let tables: [v128; TABLES] = bytemuck::cast(*tables);
                let [first, second] = planes.map(|plane| {
                    let columns: [v128; 4] = bytemuck::cast(plane);
                    columns[column]
                });
                let looked_up = |bytes: v128, low: v128, high: v128| {
                    i8x16_add(
                        i8x16_swizzle(low, v128_and(bytes, low_half)),
                        i8x16_swizzle(high, v128_and(u16x8_shr(bytes, 4), low_half)),
                    )
                };
                let sums = i8x16_add(
                    looked_up(first, tables[0], tables[1]),
                    looked_up(second, tables[2], tables[3]),
                );
                both = i16x8_add(both, sums);
                odd = i16x8_add(odd, u16x8_shr(sums, 8));
            }
            let even = i16x8_sub(both, i16x8_shl(odd, 8));
            let (even_passed, odd_passed) = (i16x8_ge(even, threshold), i16x8_ge(odd, threshold));
            largest = i16x8_max(largest, v128_andnot(even, even_passed));
            largest = i16x8_max(largest, v128_andnot(odd, odd_passed));
            // Row 2i is the low byte of word i.
            let bits = i8x16_bitmask(v128_bitselect(even_passed, odd_passed, u16x8_splat(0xff)));
            passed |= u64::from(bits) << (16 * column);
        }
        let largest: [u16; 8] = bytemuck::cast(largest);
        (passed, largest.into_iter().fold(0, u16::max))
    }
}

/// Eight codes as i16. The intrinsic that loads and extends takes a raw pointer; from this the compiler makes the same
/// single `i16x8.load8x8_s` at every optimisation level (`cargo xtask test` looks into the built modules).
#[inline(always)]
fn extend(codes: i64) -> v128 {
    i16x8_extend_low_i8x16(i64x2(codes, 0))
}
