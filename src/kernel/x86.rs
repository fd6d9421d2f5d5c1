//! x86-64 AVX2, chosen at run time. `pulp` turns the check into a token whose methods are safe to call.

use pulp::{NullaryFnOnce, i8x16, i16x16, i32x8, x86::V3};

use super::{BLOCK_ROWS, Block, LANES, QueryCodes, Vector, score_block};

/// Proof that this machine has AVX2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(V3);

impl PartialEq for Avx2 {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Avx2 {}

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        V3::try_new().map(Self)
    }

    pub(super) fn score_block(
        self,
        block: Block<'_>,
        query: QueryCodes<'_>,
        floor: f32,
        scores: &mut [f32; BLOCK_ROWS],
    ) -> bool {
        self.0.vectorize(Call {
            avx2: self,
            block,
            query,
            floor,
            scores,
        })
    }
}

/// The arguments of one call: a closure cannot be marked `inline(always)`, and without that the body would be compiled
/// for the baseline instruction set.
struct Call<'a> {
    avx2: Avx2,
    block: Block<'a>,
    query: QueryCodes<'a>,
    floor: f32,
    scores: &'a mut [f32; BLOCK_ROWS],
}

impl NullaryFnOnce for Call<'_> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        score_block(self.avx2, self.block, self.query, self.floor, self.scores)
    }
}

impl Vector for Avx2 {
    type Query = i16x16;
    type Sum = i32x8;

    #[inline(always)]
    fn load_query(self, codes: &[i16; LANES]) -> i16x16 {
        bytemuck::cast(*codes)
    }

    #[inline(always)]
    fn zero(self) -> i32x8 {
        self.0.splat_i32x8(0)
    }

    #[inline(always)]
    fn multiply_add(self, sum: i32x8, codes: &[i8; LANES], query: i16x16) -> i32x8 {
        let codes: i8x16 = bytemuck::cast(*codes);
        let products = self
            .0
            .multiply_wrapping_add_adjacent_i16x16(self.0.convert_i8x16_to_i16x16(codes), query);
        self.0.wrapping_add_i32x8(sum, products)
    }

    #[inline(always)]
    fn add_lanes(self, [a, b, c, d]: [i32x8; 4]) -> [i32; 4] {
        let ab = self.0.horizontal_add_pack_i32x8(a, b);
        let cd = self.0.horizontal_add_pack_i32x8(c, d);
        let [low, high]: [[i32; 4]; 2] = bytemuck::cast(self.0.horizontal_add_pack_i32x8(ab, cd));
        core::array::from_fn(|row| low[row] + high[row])
    }
}
