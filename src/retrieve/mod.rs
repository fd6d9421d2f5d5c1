//! Exact top-k search over int8 or int4 rows, with the filter inside the scan.
//!
//! The result is the true top-k of the quantized vectors, equal to scoring every row and sorting. If the rows lie
//! longest first and have a bound on the length of each block, the scan stops at the first block that, by the
//! Cauchy-Schwarz inequality, cannot hold a row above the worst of the best `k`.
//!
//! The score of row `i` is `f32(dot) × scale[i] × query_scale`, multiplied in this order, with a dot product that is
//! exact in `i32`. It has the same bits on every backend (scalar, `simd128`, AVX2). The order is total: score
//! descending, then row ascending.

#[cfg(test)]
mod bounds_tests;
mod filter;
#[cfg(test)]
pub(crate) mod tests;
mod top;

pub use filter::Filter;
// Callers that search rows need these names too.
pub use crate::quantize::{Codes, Rows, RowsError};
pub use top::{Scored, ranked, ranked_first};

use half::f16;

use crate::event::ItemIndex;
use crate::kernel::{BLOCK_ROWS, Backend, Block, Chunk, Chunks, LANES, QueryCodes, Scan};
use crate::quantize::{Query, blocks_of, row_of};
use top::Best;

/// Returns the instruction set that scores rows on this machine: `scalar`, `simd128` or `avx2`.
#[must_use]
pub fn backend_name() -> &'static str {
    Backend::detect().name()
}

/// Returns the `k` best rows that `filter` allows, best first; fewer if fewer are allowed.
///
/// Rows past the filter's length are not allowed. A row whose score is not finite is never returned: its scale is NaN
/// or infinite, which the snapshot opener refuses, or the product overflows. A query made for another stride matches no
/// row; make it with [`Rows::stride`].
///
/// Complexity: `O(rows × stride)`, except for blocks that the filter excludes and blocks after the first bound that is
/// too small, plus `O(log k)` for each row that enters the best `k`.
///
/// ```
/// use selvedge::event::ItemIndex;
/// use selvedge::quantize::{CodeTable, Query, Width};
/// use selvedge::retrieve::{Filter, top_k};
///
/// let factors = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]];
/// let table = CodeTable::quantize(factors.iter().map(|row| row.as_slice()), 2, Width::Int8)?;
/// let rows = table.rows()?;
/// let query = Query::new(&[1.0, 0.2], rows.stride())?;
/// let best = top_k(&rows, &query, &Filter::all(rows.len()), 2);
/// assert_eq!(best.iter().map(|row| row.item).collect::<Vec<_>>(), [ItemIndex(0), ItemIndex(1)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn top_k(rows: &Rows<'_>, query: &Query, filter: &Filter, k: usize) -> Vec<Scored> {
    top_k_on(Backend::detect(), rows, query, filter, k)
}

/// Returns the score of each given row, in the given order, with the same bits as in [`top_k`].
///
/// A row that does not exist, or whose score is not finite, gets negative infinity, which sorts last.
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

/// Scan over all blocks with a wanted row, in ascending order.
struct TopScan<'q, I> {
    blocks: I,
    /// Bounds of the blocks that are still to come; empty if the rows have none.
    bounds: &'q [f32],
    query: &'q Query,
    best: Best,
    /// First row after the current block.
    next_row: u32,
    /// Rows of the current block that the filter allows.
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
                // Bounds only fall, so no later block can do better. A score must exceed the floor to enter, so an
                // equal bound ends the scan, too.
                if self.query.score_bound(*bound) <= self.best.floor() {
                    return None;
                }
                self.bounds = rest;
            }
            self.next_row = self.next_row.saturating_add(64);
            // The filter may be longer than the rows.
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

    // Rarely called; out of line, it keeps the scan's loop small.
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

/// Scan over single rows, each as a block of its own.
struct RowScan<'a, C, I> {
    chunks: &'a [C],
    scales: &'a [f16],
    /// Chunks per row.
    per_row: usize,
    items: I,
    scores: Vec<f32>,
    /// Position of the current row in `scores`, plus one.
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
