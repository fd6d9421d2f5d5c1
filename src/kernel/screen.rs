//! A first look at rows through one sign per dimension: which of them deserve their dot product.
//!
//! Four signs are an index into a table of 16 sums, and one byte shuffle looks up 16 rows (as the fast scan of André,
//! Kermarrec and Le Scouarnec, "Cache locality is not enough", VLDB 2015, does for product codes). Entries have 6 bits so
//! that four of them add up within a byte.

use half::f16;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::wasm;
use super::{AnyQuery, BLOCK_ROWS, Backend, Chunk, Int4, Int8, QueryCodes, RowDot, Vector, scalar, widen};

/// The signs of eight dimensions of 64 rows, a byte for each: bit `i` is set where dimension `i` is not negative.
pub(crate) type Plane = [u8; BLOCK_ROWS];

/// For each pattern of four signs its sum, at most [`MAX_ENTRY`].
pub(crate) type Table = [u8; 16];

/// Largest entry of a table.
pub(crate) const MAX_ENTRY: u8 = 63;

/// Planes are read in pairs: the signs of 16 dimensions.
pub(crate) const PLANES: usize = 2;

/// Tables that a pair of planes needs.
pub(crate) const TABLES: usize = 4;

/// The chunks of one row after the other, of either width.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chunks<'a> {
    Int8(&'a [Int8]),
    Int4(&'a [Int4]),
}

/// A block of at most 64 rows with its signs.
#[derive(Clone, Copy)]
pub(crate) struct SignBlock<'a> {
    /// Number of its first row.
    pub(crate) first_row: usize,
    /// One scale per row.
    pub(crate) scales: &'a [f16],
    /// Bit `i` is set where row `i` may be returned.
    pub(crate) wanted: u64,
    /// An even number.
    pub(crate) planes: &'a [Plane],
    /// Rows with a smaller sum are left out.
    pub(crate) threshold: u16,
}

/// Where blocks come from and scores go.
pub(crate) trait SignScan<'a> {
    /// The next block, `None` at the end.
    fn next_block(&mut self) -> Option<SignBlock<'a>>;

    /// Of the block that was handed out last, the rows with smaller sums than its threshold are left out; this is the
    /// largest of these sums, or more.
    fn left_out(&mut self, largest: u16);

    /// Takes the score of a row of the block that was handed out last. Rows come in ascending order.
    fn take(&mut self, row: u32, score: f32);
}

impl Backend {
    /// Scores those rows of a scan's blocks whose table sums reach the threshold. `chunks`: of all rows; `tables`: four for each
    /// pair of planes.
    pub(crate) fn screen<'a>(
        self,
        query: QueryCodes<'_>,
        chunks: Chunks<'a>,
        tables: &[[Table; TABLES]],
        scan: &mut impl SignScan<'a>,
    ) {
        match self {
            Self::Scalar => screen(scalar::Scalar, query, chunks, tables, scan),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128 => screen(wasm::Simd128, query, chunks, tables, scan),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.screen(query, chunks, tables, scan),
        }
    }
}

/// A whole scan on one instruction set. Always inlined, so that it is compiled for the caller's target features. One loop for
/// both widths: few rows get as far as their codes, and a loop for each is 3 KB of a module that browsers load.
#[inline(always)]
pub(super) fn screen<'a, V: Vector>(
    vector: V,
    query: QueryCodes<'_>,
    chunks: Chunks<'a>,
    tables: &[[Table; TABLES]],
    scan: &mut impl SignScan<'a>,
) {
    while let Some(block) = scan.next_block() {
        let (pairs, _) = block.planes.as_chunks::<PLANES>();
        let (passed, largest_below) = if block.threshold == 0 {
            (u64::MAX, 0)
        } else {
            vector.reach(pairs, tables, block.threshold)
        };
        if passed != u64::MAX {
            scan.left_out(largest_below);
        }
        let mut wanted = passed & block.wanted;
        while wanted != 0 {
            let row = wanted.trailing_zeros();
            wanted &= wanted - 1;
            let number = block.first_row + row as usize;
            let sum = match chunks {
                Chunks::Int8(chunks) => row_dot(vector, query, chunks, number),
                Chunks::Int4(chunks) => row_dot(vector, query, chunks, number),
            };
            if let Some(sum) = sum
                && let Some(scale) = block.scales.get(row as usize)
            {
                let zero = vector.zero();
                let [product, ..] = vector.to_array(vector.add_lanes([sum, zero, zero, zero]));
                #[expect(clippy::cast_precision_loss, reason = "as in `scale_dots`, to the same bits")]
                let score = product as f32 * widen(*scale) * query.scale + 0.0;
                scan.take(row, score);
            }
        }
    }
}

/// Lane sums of one row's dot product; `None` where there is no such row.
#[inline(always)]
fn row_dot<V: Vector, C: Chunk>(vector: V, query: QueryCodes<'_>, chunks: &[C], row: usize) -> Option<V::Sum> {
    let per_row = (query.codes.len() / C::GROUPS).max(1);
    let codes = chunks.get(row * per_row..(row + 1) * per_row)?;
    Some(RowDot::<V, C>::dot(&AnyQuery(query.codes), vector, codes))
}
