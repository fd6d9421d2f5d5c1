//! Searching a real snapshot: written by JavaScript straight into this module's memory, opened where it lies.

use std::cell::RefCell;

use selvedge::event::ItemIndex;
use selvedge::quantize::Query;
use selvedge::retrieve::{Filter, Rows, Scored, top_k};
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

/// How a search goes about it.
const FULL_SCAN: u32 = 0;

/// Searches for the `k` best: query coded, all blocks read (`mode` 0), or only the blocks that the bounds leave (1). Returns a
/// checksum, 0 where nothing was found.
#[wasm_bindgen]
pub fn snapshot_search(k: usize, mode: u32) -> u32 {
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
        let (Some(rows), Ok(coded)) = (snapshot.factor_rows(), Query::new(values, snapshot.stride())) else {
            return 0;
        };
        *found = run(rows, query.insert(coded), filter, k, mode);
        checksum(found)
    })
}

/// The same for the rows nearest to a row, by cosine.
#[wasm_bindgen]
pub fn snapshot_near(row: u32, k: usize, mode: u32) -> u32 {
    SEARCH.with_borrow_mut(|search| {
        let Search {
            snapshot: Some(snapshot),
            query,
            filter: Some(filter),
            found,
            ..
        } = search
        else {
            return 0;
        };
        let (Some(rows), Ok(unit)) = (snapshot.cosine_rows(), Query::unit(&snapshot.codes(ItemIndex(row)))) else {
            return 0;
        };
        *found = run(rows, query.insert(unit), filter, k, mode);
        checksum(found)
    })
}

fn run(rows: Rows<'_>, query: &Query, filter: &Filter, k: usize, mode: u32) -> Vec<Scored> {
    // Other scales, if only the same ones, take the bounds away.
    let plain = rows.with_scales(rows.scales());
    let rows = if mode == FULL_SCAN { plain.unwrap_or(rows) } else { rows };
    top_k(&rows, query, filter, k)
}

fn checksum(found: &[Scored]) -> u32 {
    let items = found.iter().map(|scored| scored.item.0);
    items.fold(1, |sum, item| sum.wrapping_mul(31).wrapping_add(item))
}

/// The row at `rank` of the last search; `u32::MAX` where there is none.
#[wasm_bindgen]
pub fn snapshot_item(rank: usize) -> u32 {
    SEARCH.with_borrow(|search| search.found.get(rank).map_or(u32::MAX, |scored| scored.item.0))
}
