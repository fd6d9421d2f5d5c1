//! Portable code, one row at a time.

use super::{LANES, Vector};

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
