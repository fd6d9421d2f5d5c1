//! Searching a real snapshot: written by JavaScript straight into this module's memory, opened where it lies.

use std::cell::RefCell;

use selvedge::quantize::Query;
use selvedge::retrieve::{Filter, Scored, top_k};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use wasm_bindgen::prelude::wasm_bindgen;

#[derive(Default)]
struct Search {
    bytes: Option<AlignedBytes>,
    snapshot: Option<Snapshot<AlignedBytes>>,
    values: Vec<f32>,
    query: Option<Query>,
    filter: Option<Filter>,
    found: Vec<Scored>,
}

thread_local! {
    static SEARCH: RefCell<Search> = RefCell::default();
}

/// Memory for a snapshot of this many bytes; its address.
#[wasm_bindgen]
pub fn snapshot_reserve(bytes: usize) -> usize {
    SEARCH.with_borrow_mut(|search| {
        let memory = search.bytes.insert(AlignedBytes::zeroed(bytes));
        memory.as_ref().as_ptr().addr()
    })
}

/// Checks the structure of what was written there; the number of rows, 0 where it is refused. Digests are left to the host.
#[wasm_bindgen]
pub fn snapshot_open() -> usize {
    SEARCH.with_borrow_mut(|search| {
        let Some(Ok(snapshot)) = search
            .bytes
            .take()
            .map(|bytes| Snapshot::open_signed(bytes, Trust::Unverified))
        else {
            return 0;
        };
        search.values = vec![0.0; snapshot.dims()];
        search.filter = Some(Filter::all(snapshot.rows()));
        search.snapshot.insert(snapshot).rows()
    })
}

/// Address of the query's values, `dims` f32.
#[wasm_bindgen]
pub fn snapshot_query() -> usize {
    SEARCH.with_borrow(|search| search.values.as_ptr().addr())
}

/// Allows the rows whose number leaves no remainder of `every` (`allowed`), or all others; 0 allows all.
#[wasm_bindgen]
pub fn snapshot_filter(every: u32, allowed: bool) {
    SEARCH.with_borrow_mut(|search| {
        let rows = search.snapshot.as_ref().map_or(0, Snapshot::rows);
        search.filter = Some(match every {
            0 => Filter::all(rows),
            _ => Filter::from_predicate(rows, |item| (item.0 % every == 0) == allowed),
        });
    });
}

/// Searches for the `k` best: query coded, all blocks or as few as the bounds leave. A checksum, 0 where nothing was found.
#[wasm_bindgen]
pub fn snapshot_search(k: usize, bounded: bool) -> u32 {
    SEARCH.with_borrow_mut(|search| {
        let Search {
            snapshot: Some(snapshot),
            values,
            query,
            filter: Some(filter),
            found,
            ..
        } = search
        else {
            return 0;
        };
        let rows = if bounded {
            snapshot.factor_rows()
        } else {
            snapshot
                .factor_rows()
                .and_then(|rows| rows.with_scales(rows.scales()).ok())
        };
        let (Some(rows), Ok(coded)) = (rows, Query::new(values, snapshot.stride())) else {
            return 0;
        };
        *found = top_k(&rows, query.insert(coded), filter, k);
        found
            .iter()
            .fold(1u32, |sum, scored| sum.wrapping_mul(31).wrapping_add(scored.item.0))
    })
}

/// The row at `rank` of the last search; `u32::MAX` where there is none.
#[wasm_bindgen]
pub fn snapshot_item(rank: usize) -> u32 {
    SEARCH.with_borrow(|search| search.found.get(rank).map_or(u32::MAX, |scored| scored.item.0))
}
