//! Golden decisions, natively. Other tests run the same files in Node (with and without SIMD), in workerd over HTTP,
//! and in Chromium.
//!
//! The snapshots in `tests/vectors` never change: a reader that cannot open them breaks the promise of the format. Each
//! format version has one file (1.1 and 1.2 have two, from before that rule). `examples/golden.rs` writes the file of
//! the current version; files of older versions are never written again.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "vectors/files.rs"]
mod files;
mod fixture;
mod vectors;

use selvedge::quantize::Width;

use files::FILES;
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust, parse_public_key};
use vectors::Golden;

/// Files with int4 codes.
const INT4: [&str; 2] = ["golden-v1.1-int4", "golden-v1.2-two-stages"];

fn read(name: &str) -> (AlignedBytes, Golden) {
    let (_, decisions, bytes) = FILES.iter().find(|(file, ..)| *file == name).unwrap();
    (AlignedBytes::copy_of(bytes), serde_json::from_str(decisions).unwrap())
}

#[test]
fn the_current_version_has_a_golden_file_and_every_file_is_listed() {
    let (name, bytes) = fixture::golden::written();
    let (newest, _, kept) = FILES.last().unwrap();
    assert_eq!(*newest, name, "cargo run --features writer --example golden");
    assert!(bytes.as_ref() == *kept, "the writer writes {name} as it did");
    let mut listed: Vec<String> = FILES.iter().map(|(name, ..)| format!("{name}.selvedge")).collect();
    listed.sort();
    let mut there: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".selvedge"))
        .collect();
    there.sort();
    assert_eq!(there, listed);
}

#[test]
fn golden_decisions_are_the_same_natively() {
    for (name, ..) in FILES {
        let (bytes, golden) = read(name);
        assert!(golden.cases.len() >= 12);
        assert_eq!(vectors::check(bytes, &golden), golden.cases.len(), "{name}");
    }
}

#[test]
fn the_golden_snapshots_stay_readable() {
    for (name, ..) in FILES {
        let (bytes, golden) = read(name);
        let key = parse_public_key(&golden.public_key).unwrap();
        let snapshot = Snapshot::open(bytes, Trust::Keys(&[key])).unwrap();
        assert_eq!(snapshot.version(), golden.model, "{name}");
        let width = if INT4.contains(name) { Width::Int4 } else { Width::Int8 };
        assert_eq!((snapshot.rows(), snapshot.width()), (240, width), "{name}");
        // Older files store slots as fixed-layout records, newer ones as records of fields.
        let policy = match *name {
            "golden-v1.4" | "golden-v1.5" => fixture::golden::model().policy,
            "golden-v1.3-per-visitor" => fixture::model_per_visitor().policy,
            _ => fixture::policy(),
        };
        assert_eq!(*snapshot.policy(), policy, "{name}");
    }
}

#[test]
fn rows_in_another_order_change_no_decision_of_the_same_model() {
    let ((_, old), (_, new)) = (read("golden-v1"), read("golden-v1.1"));
    for (old, new) in old.cases.iter().zip(&new.cases) {
        let sorted = |items: &[String]| {
            let mut items = items.to_vec();
            items.sort();
            items
        };
        assert_eq!(old.name, new.name);
        // Items with equal scores are ordered by row, so they may swap; the set of shown items must not change.
        assert_eq!(sorted(&old.expect.items), sorted(&new.expect.items), "{}", old.name);
    }
}

#[test]
fn files_of_the_same_model_in_another_format_decide_the_same() {
    for (one, other) in [
        // Contains signs of rows, which readers ignore.
        ("golden-v1.2-signs", "golden-v1.1"),
        ("golden-v1.2-two-stages", "golden-v1.1-int4"),
        // Stores slots as records of fields.
        ("golden-v1.4", "golden-v1.3-per-visitor"),
        // Names a shop and a channel.
        ("golden-v1.5", "golden-v1.4"),
    ] {
        let ((_, one), (_, other)) = (read(one), read(other));
        assert_eq!(one.cases.len(), other.cases.len());
        for (one, other) in one.cases.iter().zip(&other.cases) {
            assert_eq!((&one.name, &one.expect), (&other.name, &other.expect));
        }
    }
}
