//! The native scan: exact top-20 over 100,000 rows, printed as one line of JSON per size. `benches/scan-wasm` times the
//! same in WebAssembly.
//!
//! `cargo bench --bench scan`. Before timing, it checks the result against sorting all scores.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use half::f16;
use selvedge::event::ItemIndex;
use selvedge::quantize::{QuantizeError, Query, quantize_row, stride_of};
use selvedge::retrieve::{Codes, Filter, Rows, Scored, backend_name, score_rows, top_k};

const ROWS: u32 = 100_000;
const K: usize = 20;
const WARM_UP: usize = 50;
const RUNS: usize = 500;

fn main() -> ExitCode {
    for dims in [32, 64, 128] {
        match bench(dims) {
            Ok(true) => {}
            Ok(false) => {
                eprintln!("error: {dims} dimensions: the scan does not give the {K} best scores");
                return ExitCode::FAILURE;
            }
            Err(error) => {
                eprintln!("error: {dims} dimensions: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn bench(dims: usize) -> Result<bool, QuantizeError> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let [.., low, high] = state.to_le_bytes();
        f32::from(u16::from_le_bytes([low, high])) / 32_768.0 - 1.0
    };
    let stride = stride_of(dims).unwrap_or(dims);
    let mut codes = vec![0i8; ROWS as usize * stride];
    let mut values = vec![0.0f32; dims];
    let mut scales: Vec<f16> = Vec::new();
    for row in codes.chunks_mut(stride) {
        values.fill_with(&mut next);
        scales.push(quantize_row(&values, row)?);
    }
    values.fill_with(&mut next);
    let query = Query::new(&values, stride)?;
    let Ok(rows) = Rows::new(Codes::int8(&codes), stride, &scales) else {
        return Ok(false);
    };
    let filter = Filter::all(rows.len());

    if top_k(&rows, &query, &filter, K) != sorted(&rows, &query) {
        return Ok(false);
    }
    let mut took: Vec<Duration> = (0..WARM_UP + RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(top_k(&rows, black_box(&query), &filter, K));
            start.elapsed()
        })
        .skip(WARM_UP)
        .collect();
    took.sort();
    let ms = |at: usize| took[at].as_secs_f64() * 1e3;
    println!(
        r#"{{"bench":"scan","backend":"{}","rows":{ROWS},"dims":{dims},"k":{K},"runs":{RUNS},"median_ms":{:.4},"p99_ms":{:.4},"min_ms":{:.4}}}"#,
        backend_name(),
        ms(RUNS / 2),
        ms(RUNS * 99 / 100),
        ms(0),
    );
    Ok(true)
}

fn sorted(rows: &Rows<'_>, query: &Query) -> Vec<Scored> {
    let items: Vec<ItemIndex> = (0..ROWS).map(ItemIndex).collect();
    let scores = score_rows(rows, query, &items);
    let mut all: Vec<Scored> = items
        .into_iter()
        .zip(scores)
        .map(|(item, score)| Scored { item, score })
        .collect();
    all.sort_by(Scored::rank);
    all.truncate(K);
    all
}
