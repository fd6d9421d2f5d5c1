//! The golden decisions in WebAssembly, with and without SIMD: `cargo test --target wasm32-unknown-unknown`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod vectors;

use selvedge::snapshot::AlignedBytes;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn golden_decisions_are_the_same_in_wasm() {
    for (decisions, snapshot) in [
        (
            include_str!("vectors/golden-v1.json"),
            include_bytes!("vectors/golden-v1.selvedge").as_slice(),
        ),
        (
            include_str!("vectors/golden-v1.1.json"),
            include_bytes!("vectors/golden-v1.1.selvedge"),
        ),
        (
            include_str!("vectors/golden-v1.1-int4.json"),
            include_bytes!("vectors/golden-v1.1-int4.selvedge"),
        ),
        (
            include_str!("vectors/golden-v1.2-signs.json"),
            include_bytes!("vectors/golden-v1.2-signs.selvedge"),
        ),
        (
            include_str!("vectors/golden-v1.2-two-stages.json"),
            include_bytes!("vectors/golden-v1.2-two-stages.selvedge"),
        ),
        (
            include_str!("vectors/golden-v1.3-per-visitor.json"),
            include_bytes!("vectors/golden-v1.3-per-visitor.selvedge"),
        ),
    ] {
        let golden: vectors::Golden = serde_json::from_str(decisions).unwrap();
        let bytes = AlignedBytes::copy_of(snapshot);
        assert_eq!(vectors::check(bytes, &golden), golden.cases.len());
    }
}
