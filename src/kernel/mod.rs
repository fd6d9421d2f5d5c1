//! Integer dot products of many int8 or int4 rows with one int16 query, and their scaling to scores.
//!
//! Four layers, each in its own place: the algorithm ([`blocks`]), the vector operations it is written in
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

use core::cmp::Ordering;

use bytemuck::{Pod, Zeroable};
use half::f16;

pub(crate) use scalar::unpack;

/// Rows that are scored in one step: one word of a filter's bitmap.
pub(crate) const BLOCK_ROWS: usize = 64;

/// Codes per vector step: every stride is a multiple of it.
pub(crate) const LANES: usize = 16;

/// Codes in 16 bytes of int4.
pub(crate) const INT4_LANES: usize = 32;

/// Largest stride. With codes in −128..=127 and a query in −8191..=8191, a dot product stays under
/// 1024 × 128 × 8191 = 1,073,610,752 < 2³¹, so `i32` cannot overflow whatever the bytes are.
pub(crate) const MAX_STRIDE: usize = 1024;

/// Largest absolute value of a quantized query.
pub(crate) const MAX_QUERY_CODE: i16 = 8191;

/// 16 bytes of a row's codes, as they are stored.
pub(crate) trait Chunk: Copy + 'static {
    /// Groups of 16 query codes that it meets.
    const GROUPS: usize;
    /// Those groups in registers.
    type Query<V: Vector>: Copy;

    /// The first [`GROUPS`](Self::GROUPS) of `groups`; zeros where there are fewer.
    fn load_query<V: Vector>(vector: V, groups: &[[i16; LANES]]) -> Self::Query<V>;
    fn multiply_add<V: Vector>(&self, vector: V, sum: V::Sum, query: Self::Query<V>) -> V::Sum;
}

/// 16 int8 codes.
pub(crate) type Int8 = [i8; LANES];

/// 32 int4 codes: eight little-endian words, of which word `j` holds the codes `j`, `8 + j`, `16 + j` and `24 + j`, the first
/// one in its lowest four bits. A shift and an arithmetic shift of eight words at once then give eight neighbours.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(transparent)]
pub(crate) struct Int4(pub(crate) [u8; LANES]);

impl Chunk for Int8 {
    const GROUPS: usize = 1;
    type Query<V: Vector> = V::Query;

    #[inline(always)]
    fn load_query<V: Vector>(vector: V, groups: &[[i16; LANES]]) -> V::Query {
        // The callers have checked the lengths: the branch is gone after inlining.
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

/// The chunks of one row after the other, of either width.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chunks<'a> {
    Int8(&'a [Int8]),
    Int4(&'a [Int4]),
}

/// At most [`BLOCK_ROWS`] neighbouring rows.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a, C> {
    /// The chunks of one row after the other.
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

    /// Scores the blocks that a scan hands out, one after the other, until it has no more.
    ///
    /// The instruction set is chosen here, once for all blocks.
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

/// Where blocks come from and scores go.
pub(crate) trait Scan<'a, C: Chunk> {
    /// The next block, `None` at the end.
    fn next_block(&mut self) -> Option<Block<'a, C>>;

    /// Only scores above this one matter now. Blocks without any are not handed back.
    fn floor(&self) -> f32;

    /// Takes the scores of the block that was handed out last. Those of rows that were not wanted are unspecified.
    fn take(&mut self, scores: &[f32; BLOCK_ROWS]);
}

/// What an instruction set offers: 16 codes at a time, and the sums of four rows together.
pub(crate) trait Vector: Copy {
    /// 16 query codes.
    type Query: Copy;
    /// A row's dot product so far, spread over lanes.
    type Sum: Copy;
    /// The dot products of four rows.
    type Quad: Copy;

    fn load_query(self, codes: &[i16; LANES]) -> Self::Query;
    fn zero(self) -> Self::Sum;
    fn multiply_add(self, sum: Self::Sum, codes: &[i8; LANES], query: Self::Query) -> Self::Sum;
    /// The same for 32 int4 codes; see [`Int4`] for their order.
    fn multiply_add_int4(self, sum: Self::Sum, codes: &[u8; LANES], query: [Self::Query; 2]) -> Self::Sum;
    /// Adds up the lanes of four rows. Four at a time because one row's lanes cost as many shuffles as four rows'.
    fn add_lanes(self, sums: [Self::Sum; 4]) -> Self::Quad;
    /// The larger one of each place.
    fn larger(self, left: Self::Quad, right: Self::Quad) -> Self::Quad;
    fn to_array(self, quad: Self::Quad) -> [i32; 4];
}

/// A whole scan on one instruction set. Always inlined, so that it is compiled for the caller's target features.
#[inline(always)]
fn run<'a, V: Vector, C: Chunk>(vector: V, query: QueryCodes<'_>, scan: &mut impl Scan<'a, C>) {
    // Strides of common models (32, 64 and, as int8, 128 codes) get code of their own: the query then stays in registers
    // over a whole block. Each of them is a kilobyte of a module that browsers load, so there are no more.
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
    // Kept over all blocks: clearing them for each one was a call out of WebAssembly.
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

/// How the inner loop walks over the rows and the query.
trait RowDot<V: Vector, C: Chunk> {
    /// Chunks of a row.
    type Row: ?Sized + 'static;

    /// The rows, one after the other.
    fn rows<'a>(&self, codes: &'a [C]) -> impl Iterator<Item = &'a Self::Row>;

    /// Lane sums of the dot product of one row.
    fn dot(&self, vector: V, row: &Self::Row) -> V::Sum;
}

/// A query of a stride known to the compiler.
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
    // An array and no slice, so that its length is known.
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

/// A query of any stride, read from memory for every row.
struct AnyQuery<'a>(&'a [[i16; LANES]]);

impl<V: Vector, C: Chunk> RowDot<V, C> for AnyQuery<'_> {
    type Row = [C];

    #[inline(always)]
    fn rows<'a>(&self, codes: &'a [C]) -> impl Iterator<Item = &'a [C]> {
        // A stride of 0 has no rows; `chunks_exact` would panic on it.
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

/// Dot products of the block's rows, 0 for those that are not wanted; gives the largest.
///
/// Two passes, lane sums to memory first, because V8 issues loads early and arithmetic late: with four rows in one step
/// it holds the products of all four at once, runs out of vector registers and spills them (seen in its code; 8 % of the
/// scan where the rows are in cache). It moves no load over a store, so a store after each row keeps rows apart.
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

/// Whether a row of the block can score above the floor, told from its largest dot product and its largest scale alone.
///
/// Rounding is monotonic: where no factor is negative, no row's product exceeds the product of the largest ones. Where
/// one is (or a scale is no finite number), the answer is yes. `largest` is 0 or more, and counts rows of earlier blocks
/// where this one is short.
#[inline(always)]
fn may_exceed(largest: i32, scales: &[f16], query_scale: f32, floor: f32) -> bool {
    // As integers, the patterns of finite values from +0 on are in the order of the values, and all others are larger.
    let bits = scales.iter().map(|scale| scale.to_bits()).fold(0, u16::max);
    #[expect(clippy::cast_precision_loss, reason = "round to nearest, as in the scores")]
    let bound = largest as f32 * widen(f16::from_bits(bits)) * query_scale;
    // `!(a <= b)`: a bound of NaN decides nothing.
    floor < 0.0
        || bits > f16::MAX.to_bits()
        || !matches!(bound.partial_cmp(&floor), Some(Ordering::Less | Ordering::Equal))
}

/// Scores of a block, in this order of operations: `f32(dot) × scale × query_scale + 0`; says whether any is above the
/// floor (NaN never is).
///
/// The last addition turns −0 into +0, so that `==` and the total order of floats agree and ties are broken by index
/// alone. Written without branches: the compiler vectorises it for every instruction set.
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
        // A count and no early exit: a loop with an exit is not vectorised.
        above += u32::from(*score > floor);
    }
    above != 0
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
