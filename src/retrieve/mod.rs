//! Exact top-k over int8 rows, with the filter inside the scan.
//!
//! Every row is scored; none is pruned by an index or an estimate, so the answer is the true top-k of the quantized
//! vectors. The score of row `i` is `f32(dot) × scale[i] × query_scale`, multiplied in this order, with a dot product
//! that is exact in `i32`. It has the same bits on every backend (scalar, `simd128`, AVX2), and the order is total: score
//! descending, then row ascending.

mod filter;
mod rows;
#[cfg(test)]
pub(crate) mod tests;
mod top;

pub use filter::Filter;
pub use rows::{Rows, RowsError};
pub use top::Scored;

use crate::event::ItemIndex;
use crate::kernel::{BLOCK_ROWS, Backend, Block, QueryCodes};
use crate::quantize::Query;
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
/// Cost: rows × stride multiplications, less blocks of 64 and groups of four rows of which the filter allows none; rows
/// that enter the best `k` cost log₂(k) steps each.
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
    let query = QueryCodes {
        codes: query.chunks(),
        scale: query.scale(),
    };
    let mut best = Best::new(k.min(rows.len()));
    let mut scores = [0f32; BLOCK_ROWS];
    let mut first_row = 0u32;
    for ((codes, scales), &wanted) in rows.blocks().zip(filter.words()) {
        if wanted != 0 {
            let block = Block { codes, scales, wanted };
            if backend.score_block(block, query, best.floor(), &mut scores) {
                // Bits past the last row: the block's scales tell how many rows there are.
                let existing = u64::MAX >> (BLOCK_ROWS - scales.len().clamp(1, BLOCK_ROWS));
                offer(&mut best, first_row, &scores, wanted & existing);
            }
        }
        first_row = first_row.saturating_add(64);
    }
    best.into_sorted()
}

// Out of line: rarely reached, and the scan's loop stays small.
#[inline(never)]
fn offer(best: &mut Best, first_row: u32, scores: &[f32; BLOCK_ROWS], mut wanted: u64) {
    while wanted != 0 {
        let bit = wanted.trailing_zeros();
        wanted &= wanted - 1;
        let score = scores[bit as usize % BLOCK_ROWS];
        if score > best.floor() && score.is_finite() {
            best.insert(Scored {
                item: ItemIndex(first_row.saturating_add(bit)),
                score,
            });
        }
    }
}

fn score_rows_on(backend: Backend, rows: &Rows<'_>, query: &Query, items: &[ItemIndex]) -> Vec<f32> {
    let fits = rows.stride() == query.stride();
    let query = QueryCodes {
        codes: query.chunks(),
        scale: query.scale(),
    };
    let mut scores = [0f32; BLOCK_ROWS];
    let score = |item: &ItemIndex| {
        let (codes, scales) = rows.row_chunks(*item).filter(|_| fits)?;
        backend.score_block(
            Block {
                codes,
                scales,
                wanted: 1,
            },
            query,
            f32::NEG_INFINITY,
            &mut scores,
        );
        Some(scores[0]).filter(|score| score.is_finite())
    };
    items
        .iter()
        .map(score)
        .map(|score| score.unwrap_or(f32::NEG_INFINITY))
        .collect()
}
