//! Golden decisions, natively. The same files are run in Node (with and without SIMD), in workerd over HTTP and in Chromium.
//!
//! The snapshots under `tests/vectors` are kept as they are from now on: a reader that cannot open them breaks the promise of
//! the format. `SELVEDGE_WRITE_VECTORS=NAME cargo test -p selvedge --test golden` writes the two files of one name anew; that
//! is done only for a new version of the format, or where a change of decisions is meant.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod fixture;
mod vectors;

use selvedge::quantize::Width;
use selvedge::snapshot::writer::{Model, build};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust, parse_public_key};
use vectors::Golden;

/// Name and width. Version 1.0 had no bounds and no widths, and two files of 1.2 have signs of their rows, which readers ignore:
/// nothing writes these files any more.
const FILES: [(&str, Width); 6] = [
    ("golden-v1", Width::Int8),
    ("golden-v1.1", Width::Int8),
    ("golden-v1.1-int4", Width::Int4),
    ("golden-v1.2-signs", Width::Int8),
    ("golden-v1.2-two-stages", Width::Int4),
    ("golden-v1.3-per-visitor", Width::Int8),
];

fn model(name: &str) -> Model {
    if name.starts_with("golden-v1.3") {
        fixture::model_per_visitor()
    } else {
        fixture::model()
    }
}

fn path(name: &str, extension: &str) -> String {
    format!("{}/tests/vectors/{name}.{extension}", env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> (AlignedBytes, Golden) {
    let bytes = std::fs::read(path(name, "selvedge")).unwrap();
    let decisions = std::fs::read_to_string(path(name, "json")).unwrap();
    (AlignedBytes::copy_of(&bytes), serde_json::from_str(&decisions).unwrap())
}

#[test]
fn golden_decisions_are_the_same_natively() {
    for (name, width) in FILES {
        if std::env::var("SELVEDGE_WRITE_VECTORS").is_ok_and(|asked| asked == name) {
            let model = Model { width, ..model(name) };
            let bytes = build(&model, Some(&fixture::key())).unwrap();
            std::fs::write(path(name, "selvedge"), bytes.as_ref()).unwrap();
            let written = vectors::write(bytes, &fixture::key(), fixture::NOW_MS);
            std::fs::write(path(name, "json"), written).unwrap();
        }
        let (bytes, golden) = read(name);
        assert!(golden.cases.len() >= 12);
        assert_eq!(vectors::check(bytes, &golden), golden.cases.len(), "{name}");
    }
}

#[test]
fn the_golden_snapshots_stay_readable() {
    for (name, width) in FILES {
        let (bytes, golden) = read(name);
        let key = parse_public_key(&golden.public_key).unwrap();
        let snapshot = Snapshot::open(bytes, Trust::Keys(&[key])).unwrap();
        assert_eq!(snapshot.version(), golden.model, "{name}");
        assert_eq!((snapshot.rows(), snapshot.width()), (240, width), "{name}");
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
        // Equal scores may change places with their rows; which items are shown does not depend on it.
        assert_eq!(sorted(&old.expect.items), sorted(&new.expect.items), "{}", old.name);
    }
}

#[test]
fn files_with_retired_sections_decide_what_the_files_without_them_decide() {
    for (with, without) in [
        ("golden-v1.2-signs", "golden-v1.1"),
        ("golden-v1.2-two-stages", "golden-v1.1-int4"),
    ] {
        let ((_, with), (_, without)) = (read(with), read(without));
        assert_eq!(with.cases.len(), without.cases.len());
        for (with, without) in with.cases.iter().zip(&without.cases) {
            assert_eq!((&with.name, &with.expect), (&without.name, &without.expect));
        }
    }
}
