//! Integer dot products of many int8 or int4 rows with one int16 query, and their scaling to scores.
//!
//! Four layers are kept apart: the algorithm ([`blocks`]), the vector operations it is written in ([`Vector`]), one
//! implementation of these per instruction set (`scalar`, `wasm`, `x86`), and the choice between them ([`Backend`]).
//!
//! Every backend gives the same bits, because a snapshot and a query must rank alike natively, in the Worker and in the
//! browser. The dot product is exact in `i32`, so the order of its sums does not matter. The scaling is one fixed
//! sequence of IEEE operations per row ([`scale_dots`]), compiled from one source, without fused multiply-add or
//! relaxed SIMD.

mod scalar;
#[cfg(test)]
mod tests;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

use core::cmp::Ordering;

use bytemuck::{Pod, Zeroable};
use half::f16;

pub(crate) use scalar::unpack;

/// Rows scored in one step: as many as one word of a filter's bitmap has bits.
pub(crate) const BLOCK_ROWS: usize = 64;

/// Codes per vector step. Every stride is a multiple of it.
pub(crate) const LANES: usize = 16;

/// int4 codes in 16 bytes.
pub(crate) const INT4_LANES: usize = 32;

/// Largest stride. With codes in −128..=127 and a query in −8191..=8191, a dot product stays under
/// 1024 × 128 × 8191 = 1,073,610,752 < 2³¹, so `i32` cannot overflow whatever the bytes are.
pub(crate) const MAX_STRIDE: usize = 1024;

/// Largest absolute value of a quantized query.
pub(crate) const MAX_QUERY_CODE: i16 = 8191;

/// 16 bytes of a row's codes, as they are stored.
pub(crate) trait Chunk: Copy + 'static {
    /// Number of groups of 16 query codes that one chunk is multiplied with.
    const GROUPS: usize;
    /// These groups in registers.
    type Query<V: Vector>: Copy;

    /// Loads the first [`GROUPS`](Self::GROUPS) of `groups`; missing groups are zero.
    fn load_query<V: Vector>(vector: V, groups: &[[i16; LANES]]) -> Self::Query<V>;
    fn multiply_add<V: Vector>(&self, vector: V, sum: V::Sum, query: Self::Query<V>) -> V::Sum;
}

/// 16 int8 codes.
pub(crate) type Int8 = [i8; LANES];

/// 32 int4 codes in eight little-endian words. Word `j` holds the codes `j`, `8 + j`, `16 + j` and `24 + j`, the first
/// one in its lowest four bits. A left shift and an arithmetic right shift of all eight words thus give eight
/// neighbouring codes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(transparent)]
pub(crate) struct Int4(pub(crate) [u8; LANES]);

impl Chunk for Int8 {
    const GROUPS: usize = 1;
    type Query<V: Vector> = V::Query;

    #[inline(always)]
    fn load_query<V: Vector>(vector: V, groups: &[[i16; LANES]]) -> V::Query {
        // Callers have checked the lengths: after inlining, the branch is gone.
        vector.load_query(groups.first().unwrap_or(&[0; LANES]))
    }

    #[inline(always)]
    fn multiply_add<V: Vector>(&self, vector: V, sum: V::Sum, query: V::Query) -> V::Sum {
        vector.multiply_add(sum, self, query)
    }
}

impl Chunk for Int4 {
    const GROUPS: usize = 2;
    type Query<V: Vector> = [V::Query; 2];

    #[inline(always)]
    fn load_query<V: Vector>(vector: V, groups: &[[i16; LANES]]) -> [V::Query; 2] {
        core::array::from_fn(|at| vector.load_query(groups.get(at).unwrap_or(&[0; LANES])))
    }

    #[inline(always)]
    fn multiply_add<V: Vector>(&self, vector: V, sum: V::Sum, query: [V::Query; 2]) -> V::Sum {
        vector.multiply_add_int4(sum, &self.0, query)
    }
}

/// Chunks of either width, row after row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chunks<'a> {
    Int8(&'a [Int8]),
    Int4(&'a [Int4]),
}

/// Up to [`BLOCK_ROWS`] neighbouring rows.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a, C> {
    /// Chunks, row after row.
    pub(crate) codes: &'a [C],
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

/// The instruction set for dot products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Portable code. In a Wasm build with `simd128` the compiler vectorises it, too, so measure it in a build without.
    #[cfg_attr(all(target_arch = "wasm32", target_feature = "simd128"), allow(dead_code))]
    Scalar,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
}

impl Backend {
    /// Returns the fastest one that this machine supports.
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

    /// Returns all that this machine supports, for tests that compare them.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        let mut all = vec![Self::Scalar];
        if Self::detect() != Self::Scalar {
            all.push(Self::detect());
        }
        all
    }

    /// Returns `scalar`, `simd128` or `avx2`.
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

    /// Scores the blocks of a scan until it has no more. The instruction set is chosen once for all blocks.
    pub(crate) fn run<'a, C: Chunk>(self, query: QueryCodes<'_>, scan: &mut impl Scan<'a, C>) {
        match self {
            Self::Scalar => run(scalar::Scalar, query, scan),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => run(wasm::Simd128, query, scan),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.run(query, scan),
        }
    }
}

/// Source of blocks and destination of scores.
pub(crate) trait Scan<'a, C: Chunk> {
    /// Returns the next block, or `None` at the end.
    fn next_block(&mut self) -> Option<Block<'a, C>>;

    /// Returns the floor: only scores above it matter now. A block without such a score is not passed to `take`.
    fn floor(&self) -> f32;

    /// Takes the scores of the last block. The scores of unwanted rows are unspecified.
    fn take(&mut self, scores: &[f32; BLOCK_ROWS]);
}

/// Vector operations of an instruction set: 16 codes at a time, and the sums of four rows together.
pub(crate) trait Vector: Copy {
    /// 16 query codes.
    type Query: Copy;
    /// Partial dot product of a row, spread over lanes.
    type Sum: Copy;
    /// The dot products of four rows.
    type Quad: Copy;

    fn load_query(self, codes: &[i16; LANES]) -> Self::Query;
    fn zero(self) -> Self::Sum;
    fn multiply_add(self, sum: Self::Sum, codes: &[i8; LANES], query: Self::Query) -> Self::Sum;
    /// Like `multiply_add`, for 32 int4 codes in the order of [`Int4`].
    fn multiply_add_int4(self, sum: Self::Sum, codes: &[u8; LANES], query: [Self::Query; 2]) -> Self::Sum;
    /// Adds up the lanes of four rows: four rows take as many shuffles as one.
    fn add_lanes(self, sums: [Self::Sum; 4]) -> Self::Quad;
    /// Returns the larger value of each position.
    fn larger(self, left: Self::Quad, right: Self::Quad) -> Self::Quad;
    fn to_array(self, quad: Self::Quad) -> [i32; 4];
}

/// Runs a whole scan on one instruction set. Always inlined, so that it is compiled for the caller's target features.
#[inline(always)]
fn run<'a, V: Vector, C: Chunk>(vector: V, query: QueryCodes<'_>, scan: &mut impl Scan<'a, C>) {
    // Common strides (32, 64 and, as int8, 128 codes) have code of their own, which keeps the query in registers over a
    // whole block. Each one adds a kilobyte to a module that browsers load, so there are no more.
    match (C::GROUPS, query.codes.len()) {
        (1, 2) | (2, 4) => blocks(
            vector,
            &FixedQuery::<V, C, 2>::load(vector, query.codes),
            query.scale,
            scan,
        ),
        (1, 4) => blocks(
            vector,
            &FixedQuery::<V, C, 4>::load(vector, query.codes),
            query.scale,
            scan,
        ),
        (1, 8) => blocks(
            vector,
            &FixedQuery::<V, C, 8>::load(vector, query.codes),
            query.scale,
            scan,
        ),
        (2, 2) => blocks(
            vector,
            &FixedQuery::<V, C, 1>::load(vector, query.codes),
            query.scale,
            scan,
        ),
        _ => blocks(vector, &AnyQuery(query.codes), query.scale, scan),
    }
}

#[inline(always)]
fn blocks<'a, V: Vector, C: Chunk>(
    vector: V,
    query: &impl RowDot<V, C>,
    query_scale: f32,
    scan: &mut impl Scan<'a, C>,
) {
    // Allocated once for all blocks: clearing it per block cost a call out of WebAssembly.
    let mut sums = [vector.zero(); BLOCK_ROWS];
    let mut products = [0i32; BLOCK_ROWS];
    let mut scores = [0f32; BLOCK_ROWS];
    while let Some(block) = scan.next_block() {
        let largest = dots(vector, block, query, &mut sums, &mut products);
        let floor = scan.floor();
        if may_exceed(largest, block.scales, query_scale, floor)
            && scale_dots(&products, block.scales, query_scale, floor, &mut scores)
        {
            scan.take(&scores);
        }
    }
}

/// How the inner loop iterates over rows and query.
trait RowDot<V: Vector, C: Chunk> {
    /// Chunks of one row.
    type Row: ?Sized + 'static;

    /// Iterates over the rows.
    fn rows<'a>(&self, codes: &'a [C]) -> impl Iterator<Item = &'a Self::Row>;

    /// Returns the lane sums of one row's dot product.
    fn dot(&self, vector: V, row: &Self::Row) -> V::Sum;
}

/// A query whose stride the compiler knows.
struct FixedQuery<V: Vector, C: Chunk, const CHUNKS: usize>([C::Query<V>; CHUNKS]);

impl<V: Vector, C: Chunk, const CHUNKS: usize> FixedQuery<V, C, CHUNKS> {
    #[inline(always)]
    fn load(vector: V, codes: &[[i16; LANES]]) -> Self {
        Self(core::array::from_fn(|at| {
            C::load_query(vector, codes.get(at * C::GROUPS..).unwrap_or(&[]))
        }))
    }
}

impl<V: Vector, C: Chunk, const CHUNKS: usize> RowDot<V, C> for FixedQuery<V, C, CHUNKS> {
    // An array rather than a slice, so that the compiler knows its length.
    type Row = [C; CHUNKS];

    #[inline(always)]
    fn rows<'a>(&self, codes: &'a [C]) -> impl Iterator<Item = &'a Self::Row> {
        codes.as_chunks().0.iter()
    }

    #[inline(always)]
    fn dot(&self, vector: V, row: &Self::Row) -> V::Sum {
        let mut sum = vector.zero();
        for (codes, query) in row.iter().zip(&self.0) {
            sum = codes.multiply_add(vector, sum, *query);
        }
        sum
    }
}

/// A query of any stride, loaded from memory for every row.
struct AnyQuery<'a>(&'a [[i16; LANES]]);

impl<V: Vector, C: Chunk> RowDot<V, C> for AnyQuery<'_> {
    type Row = [C];

    #[inline(always)]
    fn rows<'a>(&self, codes: &'a [C]) -> impl Iterator<Item = &'a [C]> {
        // A stride of 0 has no rows, but `chunks_exact` would panic on it.
        codes.chunks_exact((self.0.len() / C::GROUPS).max(1))
    }

    #[inline(always)]
    fn dot(&self, vector: V, row: &[C]) -> V::Sum {
        row.iter()
            .zip(self.0.chunks_exact(C::GROUPS))
            .fold(vector.zero(), |sum, (codes, query)| {
                codes.multiply_add(vector, sum, C::load_query(vector, query))
            })
    }
}

/// Computes the dot products of the block's rows, 0 for unwanted ones, and returns the largest.
///
/// It first writes all lane sums to memory and adds them up in a second pass. V8 issues loads early and arithmetic
/// late: with four rows in one step it holds the products of all four at once, runs out of vector registers and spills
/// them (seen in its code; 8 % of the scan if the rows are in cache). V8 moves no load over a store, so a store after
/// each row keeps rows apart.
#[inline(always)]
fn dots<V: Vector, C: Chunk, Q: RowDot<V, C>>(
    vector: V,
    block: Block<'_, C>,
    query: &Q,
    sums: &mut [V::Sum; BLOCK_ROWS],
    products: &mut [i32; BLOCK_ROWS],
) -> i32 {
    let rows = query.rows(block.codes).zip(sums.iter_mut());
    if block.wanted == u64::MAX {
        for (row, sum) in rows {
            *sum = query.dot(vector, row);
        }
    } else {
        let mut wanted = block.wanted;
        for (row, sum) in rows {
            *sum = if wanted & 1 == 0 {
                vector.zero()
            } else {
                query.dot(vector, row)
            };
            wanted >>= 1;
        }
    }
    let zero = vector.add_lanes([vector.zero(); 4]);
    let mut largest = zero;
    let (groups, _) = products.as_chunks_mut::<4>();
    for (sums, products) in sums.as_chunks::<4>().0.iter().zip(groups) {
        let quad = vector.add_lanes(*sums);
        largest = vector.larger(largest, quad);
        *products = vector.to_array(quad);
    }
    vector.to_array(largest).into_iter().fold(0, i32::max)
}

/// Whether a row of the block can score above the floor, decided by the largest dot product and the largest scale
/// alone.
///
/// Rounding is monotonic: if no factor is negative, no row's product exceeds the product of the largest factors. If one
/// is negative, or a scale is not finite, the answer is yes. `largest` is 0 or more; in a short block it may come from
/// rows of an earlier block.
#[inline(always)]
fn may_exceed(largest: i32, scales: &[f16], query_scale: f32, floor: f32) -> bool {
    // As integers, the bit patterns of finite values from +0 on have the order of the values; all other patterns are
    // larger.
    let bits = scales.iter().map(|scale| scale.to_bits()).fold(0, u16::max);
    #[expect(clippy::cast_precision_loss, reason = "round to nearest, as in the scores")]
    let bound = largest as f32 * widen(f16::from_bits(bits)) * query_scale;
    // Written so that a bound of NaN does not end the block.
    floor < 0.0
        || bits > f16::MAX.to_bits()
        || !matches!(bound.partial_cmp(&floor), Some(Ordering::Less | Ordering::Equal))
}

/// Computes the scores of a block, in this order of operations: `f32(dot) × scale × query_scale + 0`. Returns whether
/// any is above the floor (NaN never is).
///
/// Adding 0 turns −0 into +0, so that `==` and the total order of floats agree and only the index breaks ties. The loop
/// has no branches, so the compiler vectorises it for every instruction set.
#[inline(always)]
fn scale_dots(
    products: &[i32; BLOCK_ROWS],
    scales: &[f16],
    query_scale: f32,
    floor: f32,
    scores: &mut [f32; BLOCK_ROWS],
) -> bool {
    let mut above = 0u32;
    for ((score, product), scale) in scores.iter_mut().zip(products).zip(scales) {
        #[expect(clippy::cast_precision_loss, reason = "round to nearest, alike on every backend")]
        let product = *product as f32;
        *score = product * widen(*scale) * query_scale + 0.0;
        // Counting instead of leaving early: a loop with an exit is not vectorised.
        above += u32::from(*score > floor);
    }
    above != 0
}

/// Converts f16 to f32: exact for finite values, NaN for infinities and NaN.
///
/// `half`'s own conversion branches on the class of the number, which prevents vectorisation of the loop around it;
/// over 100,000 rows that costs more than the dot products. A score of NaN is never returned, so mapping infinities to
/// NaN keeps rows with a hostile scale out of results.
#[inline(always)]
pub(crate) fn widen(value: f16) -> f32 {
    const MANTISSA_BITS: u32 = 10;
    const WIDER_BY: u32 = 23 - MANTISSA_BITS;
    // Difference of the exponent biases, 127 − 15, shifted to the exponent's bits.
    const REBIAS: u32 = (127 - 15) << 23;
    // 2⁻²⁴, the weight of a subnormal f16's last bit.
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
