//! Portable code, one row at a time.

use super::{LANES, Vector};

/// Returns the 32 codes of an int4 chunk, in order.
#[inline(always)]
pub(crate) fn unpack(codes: &[u8; LANES]) -> [[i8; LANES]; 2] {
    core::array::from_fn(|group| {
        core::array::from_fn(|at| {
            // Code 16 × group + at is in word at % 8; byte 0 or 1 of the word, by group, holds two codes.
            let byte = codes[at % 8 * 2 + group];
            let nibble = if at < 8 { byte << 4 } else { byte & 0xf0 };
            nibble.cast_signed() >> 4
        })
    })
}

#[derive(Clone, Copy)]
pub(super) struct Scalar;

impl Vector for Scalar {
    type Query = [i16; LANES];
    type Sum = i32;
    type Quad = [i32; 4];

    #[inline(always)]
    fn load_query(self, codes: &[i16; LANES]) -> Self::Query {
        *codes
    }

    #[inline(always)]
    fn zero(self) -> i32 {
        0
    }

    #[inline(always)]
    fn multiply_add(self, sum: i32, codes: &[i8; LANES], query: Self::Query) -> i32 {
        codes
            .iter()
            .zip(&query)
            .fold(sum, |sum, (code, query)| sum + i32::from(*code) * i32::from(*query))
    }

    #[inline(always)]
    fn multiply_add_int4(self, sum: i32, codes: &[u8; LANES], query: [Self::Query; 2]) -> i32 {
        let codes = unpack(codes);
        codes
            .iter()
            .zip(&query)
            .fold(sum, |sum, (codes, query)| self.multiply_add(sum, codes, *query))
    }

    #[inline(always)]
    fn add_lanes(self, sums: [i32; 4]) -> [i32; 4] {
        sums
    }

    #[inline(always)]
    fn larger(self, left: [i32; 4], right: [i32; 4]) -> [i32; 4] {
        core::array::from_fn(|row| left[row].max(right[row]))
    }

    #[inline(always)]
    fn to_array(self, quad: [i32; 4]) -> [i32; 4] {
        quad
    }
}
