//! Integer dot products of many int8 rows with one int16 query, and their scaling to scores.
//!
//! Four layers, each in its own place: the algorithm ([`dots`]), the vector operations it is written in
//! ([`Vector`]), one implementation of these per instruction set (`scalar`, `wasm`, `x86`), and the choice between
//! them ([`Backend`]).
//!
//! Every backend gives the same bits. The dot product is exact in `i32`, so the order of its sums cannot matter,
//! and the scaling is one fixed sequence of IEEE operations per row ([`scale_dots`]) that is compiled from one source.
//! No fused multiply-add, no relaxed SIMD: the same snapshot and query must rank alike natively, in the Worker and in
//! the browser.

mod scalar;
#[cfg(test)]
mod tests;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

use half::f16;

/// Rows that are scored in one step: one word of a filter's bitmap.
pub(crate) const BLOCK_ROWS: usize = 64;

/// Codes per vector step: every stride is a multiple of it.
pub(crate) const LANES: usize = 16;

/// Largest stride. With codes in −128..=127 and a query in −8191..=8191, a dot product stays under
/// 1024 × 128 × 8191 = 1,073,610,752 < 2³¹, so `i32` cannot overflow whatever the bytes are.
pub(crate) const MAX_STRIDE: usize = 1024;

/// Largest absolute value of a quantized query.
pub(crate) const MAX_QUERY_CODE: i16 = 8191;

/// At most [`BLOCK_ROWS`] neighbouring rows.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    /// rows × stride / 16 groups of 16 codes.
    pub(crate) codes: &'a [[i8; LANES]],
    /// One scale per row.
    pub(crate) scales: &'a [f16],
    /// Bit `i` is set where row `i` may be returned. The scores of other rows are unspecified.
    pub(crate) wanted: u64,
}

/// A quantized query: stride / 16 groups of 16 codes, each at most [`MAX_QUERY_CODE`] in absolute value.
#[derive(Clone, Copy)]
pub(crate) struct QueryCodes<'a> {
    pub(crate) codes: &'a [[i16; LANES]],
    pub(crate) scale: f32,
}

/// The instruction set that computes the dot products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Portable code. On wasm32 built with `simd128` the compiler vectorises it all the same: measure it without.
    #[cfg_attr(all(target_arch = "wasm32", target_feature = "simd128"), allow(dead_code))]
    Scalar,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
}

impl Backend {
    /// The fastest one that this machine runs.
    #[must_use]
    pub(crate) fn detect() -> Self {
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        return Self::Simd128;
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = x86::Avx2::detect() {
            return Self::Avx2(avx2);
        }
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        Self::Scalar
    }

    /// All that this machine runs, for tests that compare them.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        let mut all = vec![Self::Scalar];
        if Self::detect() != Self::Scalar {
            all.push(Self::detect());
        }
        all
    }

    /// `scalar`, `simd128` or `avx2`.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => "simd128",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
        }
    }

    /// Writes the scores of a block's wanted rows; says whether any row may have scored above `floor`.
    ///
    /// A `true` may come from a row that is not wanted; a `false` is certain. NaN is never above.
    pub(crate) fn score_block(
        self,
        block: Block<'_>,
        query: QueryCodes<'_>,
        floor: f32,
        scores: &mut [f32; BLOCK_ROWS],
    ) -> bool {
        match self {
            Self::Scalar => score_block(scalar::Scalar, block, query, floor, scores),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => score_block(wasm::Simd128, block, query, floor, scores),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.score_block(block, query, floor, scores),
        }
    }
}

/// What an instruction set offers: 16 codes at a time, and the sums of four rows together.
trait Vector: Copy {
    /// 16 query codes.
    type Query: Copy;
    /// A row's dot product so far, spread over lanes.
    type Sum: Copy;

    fn load_query(self, codes: &[i16; LANES]) -> Self::Query;
    fn zero(self) -> Self::Sum;
    fn multiply_add(self, sum: Self::Sum, codes: &[i8; LANES], query: Self::Query) -> Self::Sum;
    /// Adds up the lanes of four rows. Four at a time because one row's lanes cost as many shuffles as four rows'.
    fn add_lanes(self, sums: [Self::Sum; 4]) -> [i32; 4];
}

/// One block on one instruction set. Always inlined, so that it is compiled for the caller's target features.
#[inline(always)]
fn score_block<V: Vector>(
    vector: V,
    block: Block<'_>,
    query: QueryCodes<'_>,
    floor: f32,
    scores: &mut [f32; BLOCK_ROWS],
) -> bool {
    let mut products = [0i32; BLOCK_ROWS];
    // Strides of common models get code of their own: the query then stays in registers over the whole block.
    match query.codes.len() {
        2 => dots(
            vector,
            block,
            &FixedQuery::<V, 2>::load(vector, query.codes),
            &mut products,
        ),
        4 => dots(
            vector,
            block,
            &FixedQuery::<V, 4>::load(vector, query.codes),
            &mut products,
        ),
        8 => dots(
            vector,
            block,
            &FixedQuery::<V, 8>::load(vector, query.codes),
            &mut products,
        ),
        _ => dots(vector, block, &AnyQuery(query.codes), &mut products),
    }
    if let Ok(scales) = <&[f16; BLOCK_ROWS]>::try_from(block.scales) {
        scale_dots(&products, scales, query.scale, floor, scores)
    } else {
        let mut scales = [f16::ZERO; BLOCK_ROWS];
        for (to, from) in scales.iter_mut().zip(block.scales) {
            *to = *from;
        }
        scale_dots(&products, &scales, query.scale, floor, scores)
    }
}

/// How the inner loop walks over the rows and the query.
trait RowDot<V: Vector> {
    /// The rows, one after the other.
    fn rows<'a>(&self, codes: &'a [[i8; LANES]]) -> impl Iterator<Item = &'a [[i8; LANES]]>;

    /// Lane sums of the dot product of one row.
    fn dot(&self, vector: V, row: &[[i8; LANES]]) -> V::Sum;
}

/// A query of a stride known to the compiler.
struct FixedQuery<V: Vector, const CHUNKS: usize>([V::Query; CHUNKS]);

impl<V: Vector, const CHUNKS: usize> FixedQuery<V, CHUNKS> {
    #[inline(always)]
    fn load(vector: V, codes: &[[i16; LANES]]) -> Self {
        // The caller matched on the length: the missing-chunk branch is gone after inlining.
        Self(core::array::from_fn(|at| {
            vector.load_query(codes.get(at).unwrap_or(&[0; LANES]))
        }))
    }
}

impl<V: Vector, const CHUNKS: usize> RowDot<V> for FixedQuery<V, CHUNKS> {
    #[inline(always)]
    fn rows<'a>(&self, codes: &'a [[i8; LANES]]) -> impl Iterator<Item = &'a [[i8; LANES]]> {
        codes.as_chunks::<CHUNKS>().0.iter().map(<[_; CHUNKS]>::as_slice)
    }

    #[inline(always)]
    fn dot(&self, vector: V, row: &[[i8; LANES]]) -> V::Sum {
        row.iter().zip(&self.0).fold(vector.zero(), |sum, (codes, query)| {
            vector.multiply_add(sum, codes, *query)
        })
    }
}

/// A query of any stride, read from memory for every row.
struct AnyQuery<'a>(&'a [[i16; LANES]]);

impl<V: Vector> RowDot<V> for AnyQuery<'_> {
    #[inline(always)]
    fn rows<'a>(&self, codes: &'a [[i8; LANES]]) -> impl Iterator<Item = &'a [[i8; LANES]]> {
        // A stride of 0 has no rows; `chunks_exact` would panic on it.
        codes.chunks_exact(self.0.len().max(1))
    }

    #[inline(always)]
    fn dot(&self, vector: V, row: &[[i8; LANES]]) -> V::Sum {
        row.iter().zip(self.0).fold(vector.zero(), |sum, (codes, query)| {
            vector.multiply_add(sum, codes, vector.load_query(query))
        })
    }
}

/// Dot products of the block's rows, 0 for those that are not wanted.
///
/// Two passes, lane sums to memory first, because V8 issues loads early and arithmetic late: with four rows in one step
/// it holds the products of all four at once, runs out of vector registers and spills them (seen in its code; 8 % of the
/// scan where the rows are in cache). It moves no load over a store, so a store after each row keeps rows apart.
#[inline(always)]
fn dots<V: Vector>(vector: V, block: Block<'_>, query: &impl RowDot<V>, products: &mut [i32; BLOCK_ROWS]) {
    let mut sums = [vector.zero(); BLOCK_ROWS];
    let mut wanted = block.wanted;
    for (row, sum) in query.rows(block.codes).zip(&mut sums) {
        if wanted & 1 != 0 {
            *sum = query.dot(vector, row);
        }
        wanted >>= 1;
    }
    let (groups, _) = products.as_chunks_mut::<4>();
    for (sums, products) in sums.as_chunks::<4>().0.iter().zip(groups) {
        *products = vector.add_lanes(*sums);
    }
}

/// Scores of a block, in this order of operations: `f32(dot) × scale × query_scale + 0`.
///
/// The last addition turns −0 into +0, so that `==` and the total order of floats agree and ties are broken by index
/// alone. Written without branches over whole arrays: the compiler vectorises it for every instruction set.
#[inline(always)]
fn scale_dots(
    products: &[i32; BLOCK_ROWS],
    scales: &[f16; BLOCK_ROWS],
    query_scale: f32,
    floor: f32,
    scores: &mut [f32; BLOCK_ROWS],
) -> bool {
    for ((score, product), scale) in scores.iter_mut().zip(products).zip(scales) {
        #[expect(clippy::cast_precision_loss, reason = "round to nearest, alike on every backend")]
        let product = *product as f32;
        *score = product * widen(*scale) * query_scale + 0.0;
    }
    // A count and no early exit: a loop with an exit is not vectorised.
    scores.iter().map(|score| u32::from(*score > floor)).sum::<u32>() != 0
}

/// An f16 as f32: exact for finite values, NaN for infinities and NaN.
///
/// `half`'s own conversion branches on the class of the number, which keeps the loop around it from being vectorised;
/// over 100,000 rows that costs more than the dot products. A score of NaN is never returned, so mapping the infinities
/// to NaN keeps rows with a hostile scale out.
#[inline(always)]
pub(crate) fn widen(value: f16) -> f32 {
    const MANTISSA_BITS: u32 = 10;
    const WIDER_BY: u32 = 23 - MANTISSA_BITS;
    // Difference of the exponent biases, 127 − 15, in the exponent's place.
    const REBIAS: u32 = (127 - 15) << 23;
    // 2⁻²⁴, the weight of a subnormal's last bit.
    const SUBNORMAL_UNIT: f32 = f32::from_bits((127 - 24) << 23);

    let bits = u32::from(value.to_bits());
    let magnitude = bits & 0x7fff;
    let sign = (bits & 0x8000) << 16;
    #[expect(clippy::cast_precision_loss, reason = "15 bits fit an f32's mantissa")]
    let subnormal = (magnitude as f32 * SUBNORMAL_UNIT).to_bits();
    let normal = (magnitude << WIDER_BY) + REBIAS;
    let finite = if magnitude < 1 << MANTISSA_BITS {
        subnormal
    } else {
        normal
    };
    let all = if magnitude < 0x7c00 { finite } else { f32::NAN.to_bits() };
    f32::from_bits(all | sign)
}
