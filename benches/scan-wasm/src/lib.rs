//! The core's exact top-k over generated rows, callable from JavaScript with numbers only.
//!
//! `run.mjs` beside this crate times it. All exports take and return numbers, so the module runs as cargo builds it,
//! without wasm-bindgen's glue.

mod snapshot;

use std::cell::RefCell;

use half::f16;
use selvedge::quantize::{Query, quantize_row, stride_of};
use selvedge::retrieve::{Codes, Filter, Rows, Scored, backend_name, top_k};
use wasm_bindgen::prelude::wasm_bindgen;

#[derive(Default)]
struct Scan {
    codes: Vec<i8>,
    scales: Vec<f16>,
    stride: usize,
    query: Option<Query>,
    filter: Option<Filter>,
    found: Vec<Scored>,
}

thread_local! {
    static SCAN: RefCell<Scan> = RefCell::default();
}

/// Generates `rows × dims` factors and a query. Returns the stride, or 0 if the sizes are refused.
#[wasm_bindgen]
pub fn setup(rows: u32, dims: u32, seed: u32) -> u32 {
    SCAN.with_borrow_mut(|scan| generate(scan, rows, dims, seed))
        .unwrap_or(0)
}

fn generate(scan: &mut Scan, rows: u32, dims: u32, seed: u32) -> Option<u32> {
    let (rows, dims) = (usize::try_from(rows).ok()?, usize::try_from(dims).ok()?);
    let stride = stride_of(dims)?;
    let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // The upper 16 bits, which are exact in f32.
        let [.., low, high] = state.to_le_bytes();
        f32::from(u16::from_le_bytes([low, high])) / 32_768.0 - 1.0
    };
    scan.codes = vec![0; rows.checked_mul(stride)?];
    scan.scales.clear();
    let mut values = vec![0.0; dims];
    for codes in scan.codes.chunks_mut(stride) {
        values.fill_with(&mut next);
        scan.scales.push(quantize_row(&values, codes).ok()?);
    }
    values.fill_with(&mut next);
    scan.query = Query::new(&values, stride).ok();
    scan.filter = Some(Filter::all(rows));
    scan.stride = stride;
    u32::try_from(stride).ok()
}

/// Scans all rows for the `k` best. Returns a checksum over rows and ranks, so that runs can be compared.
#[wasm_bindgen]
pub fn scan(k: u32) -> u32 {
    SCAN.with_borrow_mut(|scan| {
        let Scan {
            codes,
            scales,
            stride,
            query: Some(query),
            filter: Some(filter),
            found,
        } = scan
        else {
            return 0;
        };
        let Ok(rows) = Rows::new(Codes::int8(codes), *stride, scales) else {
            return 0;
        };
        *found = top_k(&rows, query, filter, usize::try_from(k).unwrap_or(0));
        found
            .iter()
            .fold(0u32, |sum, scored| sum.wrapping_mul(31).wrapping_add(scored.item.0))
    })
}

/// The row at `rank` of the last scan; `u32::MAX` if there is none.
#[wasm_bindgen]
pub fn item(rank: u32) -> u32 {
    SCAN.with_borrow(|scan| {
        let rank = usize::try_from(rank).unwrap_or(usize::MAX);
        scan.found.get(rank).map_or(u32::MAX, |scored| scored.item.0)
    })
}

/// Address of the codes, `rows × stride` int8.
#[wasm_bindgen]
pub fn codes_at() -> usize {
    SCAN.with_borrow(|scan| scan.codes.as_ptr().addr())
}

/// Address of the scales, one f16 per row.
#[wasm_bindgen]
pub fn scales_at() -> usize {
    SCAN.with_borrow(|scan| scan.scales.as_ptr().addr())
}

/// Address of the query's codes, `stride` int16; 0 before `setup`.
#[wasm_bindgen]
pub fn query_at() -> usize {
    SCAN.with_borrow(|scan| scan.query.as_ref().map_or(0, |query| query.codes().as_ptr().addr()))
}

/// The query's scale.
#[wasm_bindgen]
pub fn query_scale() -> f32 {
    SCAN.with_borrow(|scan| scan.query.as_ref().map_or(0.0, Query::scale))
}

/// 1 if the scan uses `simd128`.
#[wasm_bindgen]
pub fn uses_simd() -> u32 {
    u32::from(backend_name() == "simd128")
}
