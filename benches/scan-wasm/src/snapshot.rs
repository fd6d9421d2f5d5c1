//! Searches a real snapshot, which JavaScript writes into this module's memory and which is opened in place.

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

/// Allocates memory for a snapshot of this many bytes and returns its address.
#[wasm_bindgen]
pub fn snapshot_reserve(bytes: usize) -> usize {
    SEARCH.with_borrow_mut(|search| {
        let memory = search.bytes.insert(AlignedBytes::zeroed(bytes));
        memory.as_ref().as_ptr().addr()
    })
}

/// Opens the snapshot and checks its structure, but not its digests. Returns the number of rows, or 0 if it is refused.
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

/// Allows the rows that are multiples of `every` if `allowed`, or else all others; 0 allows all rows.
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

/// The `mode` of a search that reads every block.
const FULL_SCAN: u32 = 0;

/// Codes the query and searches for the `k` best: reads all blocks (`mode` 0), or only those that the bounds do not rule out (1).
/// Returns a checksum, or 0 if nothing was found.
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

/// The same for the rows nearest to a row by cosine.
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
    // Setting the scales removes the bounds, even if they are the same scales.
    let plain = rows.with_scales(rows.scales());
    let rows = if mode == FULL_SCAN { plain.unwrap_or(rows) } else { rows };
    top_k(&rows, query, filter, k)
}

fn checksum(found: &[Scored]) -> u32 {
    let items = found.iter().map(|scored| scored.item.0);
    items.fold(1, |sum, item| sum.wrapping_mul(31).wrapping_add(item))
}

/// The row at `rank` of the last search; `u32::MAX` if there is none.
#[wasm_bindgen]
pub fn snapshot_item(rank: usize) -> u32 {
    SEARCH.with_borrow(|search| search.found.get(rank).map_or(u32::MAX, |scored| scored.item.0))
}
