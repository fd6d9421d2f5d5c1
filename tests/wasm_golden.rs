//! The golden decisions in WebAssembly, with and without SIMD: `cargo test --target wasm32-unknown-unknown`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "vectors/files.rs"]
mod files;
mod vectors;

use selvedge::snapshot::AlignedBytes;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn golden_decisions_are_the_same_in_wasm() {
    for (name, decisions, snapshot) in files::FILES {
        let golden: vectors::Golden = serde_json::from_str(decisions).unwrap();
        let bytes = AlignedBytes::copy_of(snapshot);
        assert_eq!(vectors::check(bytes, &golden), golden.cases.len(), "{name}");
    }
}
