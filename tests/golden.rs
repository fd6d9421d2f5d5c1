//! Golden decisions, natively. The same file is run in Node (with and without SIMD), in workerd over HTTP and in Chromium.
//!
//! `tests/vectors/golden-v1.selvedge` is kept as it is from now on: a reader that cannot open it breaks the promise of the
//! format. `SELVEDGE_WRITE_VECTORS=1 cargo test -p selvedge --test golden` writes both files anew; that is done only where a
//! change of decisions is meant.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod fixture;
mod vectors;

use selvedge::snapshot::{AlignedBytes, Snapshot, Trust, parse_public_key};
use vectors::Golden;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/golden-v1.selvedge");
const DECISIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/golden-v1.json");

#[test]
fn golden_decisions_are_the_same_natively() {
    if std::env::var_os("SELVEDGE_WRITE_VECTORS").is_some() {
        let bytes = fixture::snapshot_bytes();
        std::fs::write(SNAPSHOT, bytes.as_ref()).unwrap();
        let written = vectors::write(bytes, &fixture::key(), fixture::NOW_MS);
        std::fs::write(DECISIONS, written).unwrap();
    }
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(DECISIONS).unwrap()).unwrap();
    assert!(golden.cases.len() >= 12);
    let checked = vectors::check(AlignedBytes::copy_of(&std::fs::read(SNAPSHOT).unwrap()), &golden);
    assert_eq!(checked, golden.cases.len());
}

#[test]
fn the_golden_snapshot_of_format_1_stays_readable() {
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(DECISIONS).unwrap()).unwrap();
    let key = parse_public_key(&golden.public_key).unwrap();
    let bytes = AlignedBytes::copy_of(&std::fs::read(SNAPSHOT).unwrap());
    let snapshot = Snapshot::open(bytes, Trust::Keys(&[key])).unwrap();
    assert_eq!(snapshot.version(), golden.model);
    assert_eq!(snapshot.rows(), 240);
}
