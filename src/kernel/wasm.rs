//! WebAssembly `simd128`: part of the module or not, so chosen when it is compiled.

use core::arch::wasm32::{
    i16x8, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_shuffle, i32x4_splat, i64x2_shuffle, v128,
};

use super::{LANES, Vector};

#[derive(Clone, Copy)]
pub(super) struct Simd128;

impl Vector for Simd128 {
    type Query = [v128; 2];
    type Sum = v128;

    #[inline(always)]
    fn load_query(self, codes: &[i16; LANES]) -> Self::Query {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *codes;
        [i16x8(a, b, c, d, e, f, g, h), i16x8(i, j, k, l, m, n, o, p)]
    }

    #[inline(always)]
    fn zero(self) -> v128 {
        i32x4_splat(0)
    }

    #[inline(always)]
    fn multiply_add(self, sum: v128, codes: &[i8; LANES], [low, high]: Self::Query) -> v128 {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *codes;
        let sum = i32x4_add(sum, i32x4_dot_i16x8(extend([a, b, c, d, e, f, g, h]), low));
        i32x4_add(sum, i32x4_dot_i16x8(extend([i, j, k, l, m, n, o, p]), high))
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

/// Eight codes as i16. Written lane by lane because the intrinsic that loads and extends takes a raw pointer; the
/// compiler makes the same single `i16x8.load8x8_s` of it (seen in its assembly).
#[inline(always)]
fn extend(codes: [i8; 8]) -> v128 {
    let [a, b, c, d, e, f, g, h] = codes.map(i16::from);
    i16x8(a, b, c, d, e, f, g, h)
}
