//! Searching a real snapshot: written by JavaScript straight into this module's memory, opened where it lies.

use std::cell::RefCell;

use selvedge::event::ItemIndex;
use selvedge::quantize::Query;
use selvedge::retrieve::{Filter, Rows, TwoStage, top_k_in_two_stages};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use wasm_bindgen::prelude::wasm_bindgen;

#[derive(Default)]
struct Search {
    bytes: Option<AlignedBytes>,
    snapshot: Option<Snapshot<AlignedBytes>>,
    values: Vec<f32>,
    query: Option<Query>,
    filter: Option<Filter>,
    answer: Option<TwoStage>,
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
const TWO_STAGES: u32 = 2;

/// Searches for the `k` best: query coded, all blocks read (`mode` 0), as few rows as bounds and signs leave (1), or in two
/// stages (2, as 1 without signs). A checksum, 0 where nothing was found.
#[wasm_bindgen]
pub fn snapshot_search(k: usize, mode: u32) -> u32 {
    SEARCH.with_borrow_mut(|search| {
        let Search {
            snapshot: Some(snapshot),
            values,
            query,
            filter: Some(filter),
            answer,
            ..
        } = search
        else {
            return 0;
        };
        let (Some(rows), Ok(coded)) = (snapshot.factor_rows(), Query::new(values, snapshot.stride())) else {
            return 0;
        };
        let found = run(snapshot, rows, query.insert(coded), filter, k, mode);
        checksum(answer.insert(found))
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
            answer,
            ..
        } = search
        else {
            return 0;
        };
        let (Some(rows), Ok(unit)) = (snapshot.cosine_rows(), Query::unit(&snapshot.codes(ItemIndex(row)))) else {
            return 0;
        };
        let found = run(snapshot, rows, query.insert(unit), filter, k, mode);
        checksum(answer.insert(found))
    })
}

fn run(
    snapshot: &Snapshot<AlignedBytes>,
    rows: Rows<'_>,
    query: &Query,
    filter: &Filter,
    k: usize,
    mode: u32,
) -> TwoStage {
    // Other scales, if only the same ones, take bounds and signs away.
    let plain = rows.with_scales(rows.scales());
    let rows = if mode == FULL_SCAN { plain.unwrap_or(rows) } else { rows };
    let deviations = snapshot.sign_deviations().filter(|_| mode == TWO_STAGES);
    top_k_in_two_stages(&rows, query, filter, k, deviations.unwrap_or(f32::INFINITY))
}

fn checksum(answer: &TwoStage) -> u32 {
    let items = answer.found.iter().map(|scored| scored.item.0);
    items.fold(1, |sum, item| sum.wrapping_mul(31).wrapping_add(item))
}

/// The row at `rank` of the last search; `u32::MAX` where there is none.
#[wasm_bindgen]
pub fn snapshot_item(rank: usize) -> u32 {
    SEARCH.with_borrow(|search| {
        let found = search.answer.as_ref().and_then(|answer| answer.found.get(rank));
        found.map_or(u32::MAX, |scored| scored.item.0)
    })
}

/// Whether the last list is proven to be the exact one.
#[wasm_bindgen]
pub fn snapshot_certified() -> bool {
    SEARCH.with_borrow(|search| search.answer.as_ref().is_some_and(|answer| answer.certified))
}
