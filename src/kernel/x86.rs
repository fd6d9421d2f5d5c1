//! x86-64 AVX2, chosen at run time. `pulp` turns the check into a token whose methods are safe to call.

use core::arch::x86_64::__m128i;
use core::marker::PhantomData;

use pulp::{NullaryFnOnce, i8x16, i16x16, i32x8, x86::V3};

use super::{Chunk, LANES, QueryCodes, Scan, Vector, run};

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

    pub(super) fn run<'a, C: Chunk>(self, query: QueryCodes<'_>, scan: &mut impl Scan<'a, C>) {
        self.0.vectorize(Call {
            avx2: self,
            query,
            scan,
            blocks: PhantomData,
        });
    }
}

/// The arguments of one call. A closure cannot be marked `inline(always)`, and without that mark its body would be
/// compiled for the baseline instruction set.
struct Call<'q, 's, 'a, S, C> {
    avx2: Avx2,
    query: QueryCodes<'q>,
    scan: &'s mut S,
    blocks: PhantomData<&'a C>,
}

impl<'a, C: Chunk, S: Scan<'a, C>> NullaryFnOnce for Call<'_, '_, 'a, S, C> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        run(self.avx2, self.query, self.scan);
    }
}

impl Vector for Avx2 {
    type Query = i16x16;
    type Sum = i32x8;
    type Quad = __m128i;

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
    fn multiply_add_int4(self, sum: i32x8, codes: &[u8; LANES], [first, second]: [i16x16; 2]) -> i32x8 {
        let avx2 = self.0.avx2;
        let words = avx2._mm256_broadcastsi128_si256(bytemuck::cast(*codes));
        // AVX2 has no shift with a different count in each half; a multiplication by a power of two does the same.
        let shifted = |left: i16, right: i16| {
            let by: [[i16; 8]; 2] = [[left; 8], [right; 8]];
            bytemuck::cast(avx2._mm256_srai_epi16::<12>(avx2._mm256_mullo_epi16(words, bytemuck::cast(by))))
        };
        let low = self
            .0
            .multiply_wrapping_add_adjacent_i16x16(shifted(1 << 12, 1 << 8), first);
        let high = self.0.multiply_wrapping_add_adjacent_i16x16(shifted(1 << 4, 1), second);
        self.0.wrapping_add_i32x8(self.0.wrapping_add_i32x8(sum, low), high)
    }

    #[inline(always)]
    fn add_lanes(self, [a, b, c, d]: [i32x8; 4]) -> __m128i {
        let ab = self.0.horizontal_add_pack_i32x8(a, b);
        let cd = self.0.horizontal_add_pack_i32x8(c, d);
        let [low, high]: [__m128i; 2] = bytemuck::cast(self.0.horizontal_add_pack_i32x8(ab, cd));
        self.0.sse2._mm_add_epi32(low, high)
    }

    #[inline(always)]
    fn larger(self, left: __m128i, right: __m128i) -> __m128i {
        self.0.sse4_1._mm_max_epi32(left, right)
    }

    #[inline(always)]
    fn to_array(self, quad: __m128i) -> [i32; 4] {
        bytemuck::cast(quad)
    }
}
