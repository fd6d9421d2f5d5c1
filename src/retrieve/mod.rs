//! Exact top-k over int8 or int4 rows, with the filter inside the scan.
//!
//! The answer is the true top-k of the quantized vectors: equal to scoring every row and sorting. Where the rows come
//! with bounds (the longest first, and how long the longest of each block is), the scan ends at the first block that by
//! the Cauchy-Schwarz inequality cannot hold a row above the worst of the best `k`. The score of row `i` is `f32(dot) × scale[i] × query_scale`, multiplied in this order, with a dot product
//! that is exact in `i32`. It has the same bits on every backend (scalar, `simd128`, AVX2), and the order is total: score
//! descending, then row ascending.

#[cfg(test)]
mod bounds_tests;
mod filter;
#[cfg(test)]
pub(crate) mod tests;
mod top;

pub use filter::Filter;
// Whoever searches rows names them too.
pub use crate::quantize::{Codes, Rows, RowsError};
pub use top::{Scored, ranked, ranked_first};

use half::f16;

use crate::event::ItemIndex;
use crate::kernel::{BLOCK_ROWS, Backend, Block, Chunk, Chunks, LANES, QueryCodes, Scan};
use crate::quantize::{Query, blocks_of, row_of};
use top::Best;

/// The instruction set that scores rows here: `scalar`, `simd128` or `avx2`.
#[must_use]
pub fn backend_name() -> &'static str {
    Backend::detect().name()
}

/// The `k` best of the rows that `filter` allows, best first; fewer where fewer are allowed.
///
/// Rows past the filter's length are not allowed. A row whose score is not finite (its scale is NaN or infinite, which
/// the snapshot opener refuses, or the product overflows) is never returned. A query made for another stride matches no
/// row: make it with [`Rows::stride`].
///
/// Cost: rows × stride multiplications, less rows that the filter does not allow and those past the first bound that is too
/// small; rows that enter the best `k` cost log₂(k) steps each.
#[must_use]
pub fn top_k(rows: &Rows<'_>, query: &Query, filter: &Filter, k: usize) -> Vec<Scored> {
    top_k_on(Backend::detect(), rows, query, filter, k)
}

/// The score of each given row, in the given order: the same bits as [`top_k`] gives.
///
/// Negative infinity, which sorts last, stands where the row does not exist or its score is not finite.
#[must_use]
pub fn score_rows(rows: &Rows<'_>, query: &Query, items: &[ItemIndex]) -> Vec<f32> {
    score_rows_on(Backend::detect(), rows, query, items)
}

fn top_k_on(backend: Backend, rows: &Rows<'_>, query: &Query, filter: &Filter, k: usize) -> Vec<Scored> {
    if k == 0 || rows.stride() != query.stride() {
        return Vec::new();
    }
    match rows.codes().chunks {
        Chunks::Int8(chunks) => top_k_of(backend, rows, chunks, query, filter, k),
        Chunks::Int4(chunks) => top_k_of(backend, rows, chunks, query, filter, k),
    }
}

fn top_k_of<C: Chunk>(
    backend: Backend,
    rows: &Rows<'_>,
    chunks: &[C],
    query: &Query,
    filter: &Filter,
    k: usize,
) -> Vec<Scored> {
    let mut scan = TopScan {
        blocks: blocks_of(chunks, rows.scales(), chunks_per_row::<C>(rows)).zip(filter.words()),
        bounds: rows.bounds(),
        query,
        best: Best::new(k.min(rows.len())),
        next_row: 0,
        wanted: 0,
    };
    backend.run(codes_of(query), &mut scan);
    scan.best.into_sorted()
}

fn score_rows_on(backend: Backend, rows: &Rows<'_>, query: &Query, items: &[ItemIndex]) -> Vec<f32> {
    if rows.stride() != query.stride() {
        return vec![f32::NEG_INFINITY; items.len()];
    }
    match rows.codes().chunks {
        Chunks::Int8(chunks) => score_rows_of(backend, rows, chunks, query, items),
        Chunks::Int4(chunks) => score_rows_of(backend, rows, chunks, query, items),
    }
}

fn score_rows_of<C: Chunk>(
    backend: Backend,
    rows: &Rows<'_>,
    chunks: &[C],
    query: &Query,
    items: &[ItemIndex],
) -> Vec<f32> {
    let mut scan = RowScan {
        chunks,
        scales: rows.scales(),
        per_row: chunks_per_row::<C>(rows),
        items: items.iter(),
        scores: vec![f32::NEG_INFINITY; items.len()],
        at: 0,
    };
    backend.run(codes_of(query), &mut scan);
    scan.scores
}

fn chunks_per_row<C: Chunk>(rows: &Rows<'_>) -> usize {
    rows.stride() / (C::GROUPS * LANES)
}

fn codes_of(query: &Query) -> QueryCodes<'_> {
    QueryCodes {
        codes: query.chunks(),
        scale: query.scale(),
    }
}

/// Every block of which the filter wants a row, in ascending order.
struct TopScan<'q, I> {
    blocks: I,
    /// Those of the blocks that were not handed out yet; empty where there are none.
    bounds: &'q [f32],
    query: &'q Query,
    best: Best,
    /// The row after the block that was handed out last.
    next_row: u32,
    /// What the filter wants of that block.
    wanted: u64,
}

impl<'a, 'f, C: Chunk, I> Scan<'a, C> for TopScan<'_, I>
where
    I: Iterator<Item = ((&'a [C], &'a [f16]), &'f u64)>,
{
    #[inline(always)]
    fn next_block(&mut self) -> Option<Block<'a, C>> {
        loop {
            let ((codes, scales), &wanted) = self.blocks.next()?;
            if let Some((bound, rest)) = self.bounds.split_first() {
                // Bounds only fall, and so no later block can do what this one cannot. Equal is not enough to enter.
                if self.query.score_bound(*bound) <= self.best.floor() {
                    return None;
                }
                self.bounds = rest;
            }
            self.next_row = self.next_row.saturating_add(64);
            // A filter may know more rows than there are.
            let wanted = wanted & (u64::MAX >> (BLOCK_ROWS - scales.len().clamp(1, BLOCK_ROWS)));
            if wanted != 0 {
                self.wanted = wanted;
                return Some(Block { codes, scales, wanted });
            }
        }
    }

    #[inline(always)]
    fn floor(&self) -> f32 {
        self.best.floor()
    }

    // Out of line: rarely reached, and the scan's loop stays small.
    #[inline(never)]
    fn take(&mut self, scores: &[f32; BLOCK_ROWS]) {
        let first_row = self.next_row.saturating_sub(64);
        let mut wanted = self.wanted;
        while wanted != 0 {
            let bit = wanted.trailing_zeros();
            wanted &= wanted - 1;
            let score = scores[bit as usize % BLOCK_ROWS];
            if score > self.best.floor() && score.is_finite() {
                self.best.insert(Scored {
                    item: ItemIndex(first_row.saturating_add(bit)),
                    score,
                });
            }
        }
    }
}

/// Single rows, each a block of its own.
struct RowScan<'a, C, I> {
    chunks: &'a [C],
    scales: &'a [f16],
    /// Chunks of a row.
    per_row: usize,
    items: I,
    scores: Vec<f32>,
    /// One more than the place of the row that was handed out last.
    at: usize,
}

impl<'a, 'i, C: Chunk, I: Iterator<Item = &'i ItemIndex>> Scan<'a, C> for RowScan<'a, C, I> {
    #[inline(always)]
    fn next_block(&mut self) -> Option<Block<'a, C>> {
        loop {
            let item = self.items.next()?;
            self.at += 1;
            if let Some((codes, scales)) = row_of(self.chunks, self.scales, self.per_row, item.get()) {
                return Some(Block {
                    codes,
                    scales,
                    wanted: 1,
                });
            }
        }
    }

    #[inline(always)]
    fn floor(&self) -> f32 {
        f32::NEG_INFINITY
    }

    #[inline(always)]
    fn take(&mut self, scores: &[f32; BLOCK_ROWS]) {
        if let Some(place) = self.scores.get_mut(self.at.wrapping_sub(1))
            && scores[0].is_finite()
        {
            *place = scores[0];
        }
    }
}
