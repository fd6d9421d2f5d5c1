//! Writes a small signed model with planted tastes: four departments on four axes, a segment and dayparts on each.
//!
//! The tests of the Worker serve it, because its answers are known beforehand: a visitor who touches tea gets tea.
//! `cargo run --example planted -- DIR` writes `planted.selvedge`, `planted-next.selvedge` (the same, packed a day later with other
//! titles) and `planted.pub` (the public key in hexadecimal).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a generator for tests"
)]

use std::path::PathBuf;

use selvedge::event::EventKind;
use selvedge::policy::{Audience, PerVisitor, Policy, SlotPolicy};
use selvedge::snapshot::writer::{ItemInput, Model, ReleaseInput, SegmentInput, SigningKey, build};

const DIMS: usize = 16;
const DEPARTMENTS: [(&str, [&str; 2]); 4] = [
    ("tea", ["Green", "Black"]),
    ("tool", ["Hand", "Power"]),
    ("toy", ["Wood", "Soft"]),
    ("book", ["Novel", "Travel"]),
];
const ITEMS_EACH: usize = 30;
/// 2026-01-01T00:00:00Z.
pub const CREATED_MS: u64 = 1_767_225_600_000;
/// A day.
pub const DAY_MS: u64 = 86_400_000;
/// A signing key for tests only, because it is public.
pub const SIGNING_KEY: [u8; 32] = [42; 32];

/// Writes the files.
pub fn main() {
    let dir = PathBuf::from(std::env::args().nth(1).expect("usage: planted DIR"));
    std::fs::create_dir_all(&dir).expect("the directory can be made");
    let key = SigningKey::from_bytes(&SIGNING_KEY);
    for (name, created_ms, mark) in [
        ("planted.selvedge", CREATED_MS, ""),
        ("planted-next.selvedge", CREATED_MS + DAY_MS, " (next)"),
    ] {
        let bytes = build(&model(created_ms, mark), Some(&key)).expect("the model is well formed");
        std::fs::write(dir.join(name), bytes.as_ref()).expect("the file can be written");
    }
    let public = base16ct::lower::encode_string(key.verifying_key().as_bytes());
    std::fs::write(dir.join("planted.pub"), public).expect("the file can be written");
}

/// The model, packed at this time; `mark` is appended to each title.
pub fn model(created_ms: u64, mark: &str) -> Model {
    let items = (0..DEPARTMENTS.len() * ITEMS_EACH).map(|index| {
        let (department, number) = (index % DEPARTMENTS.len(), index / DEPARTMENTS.len());
        let (name, kinds) = DEPARTMENTS[department];
        let kind = kinds[number % kinds.len()];
        // A little of a second axis, different for each item, so that no two vectors are equal.
        let mut factors = vec![0.0; DIMS];
        factors[department] = 1.0 - number as f32 / 100.0;
        factors[4 + number % 12] = 0.1 + index as f32 / 2000.0;
        ItemInput {
            id: format!("{name}-{number:02}"),
            title: format!("{kind} {name} no. {number}{mark}"),
            image: None,
            categories: vec![name.to_uppercase(), format!("{kind} {name}")],
            attributes: vec![("brand".into(), format!("Brand {}", number % 3))],
            factors,
            popularity: 1000.0 / (1.0 + index as f32),
            available_from_min: None,
            // The last item of each department is never available.
            available_until_min: (number == ITEMS_EACH - 1).then_some(1),
        }
    });
    Model {
        width: selvedge::quantize::Width::Int8,
        dims: DIMS,
        items: items.collect(),
        segments: (0..4)
            .map(|axis| SegmentInput {
                centroid: axis_vector(axis),
                members: 50 + axis as u32,
                parent: None,
                slate: Vec::new(),
            })
            .collect(),
        rungs: Vec::new(),
        contexts: (0..8).map(|daypart| axis_vector(daypart % 4)).collect(),
        slate_len: 40,
        policy: policy(),
        created_ms,
        trained_until_ms: CREATED_MS,
        release: ReleaseInput::default(),
        provenance: "source=planted\n".into(),
    }
}

fn axis_vector(axis: usize) -> Vec<f32> {
    let mut vector = vec![0.0; DIMS];
    vector[axis] = 1.0;
    vector
}

fn policy() -> Policy {
    let slot = |name: &str, audience, ttl_s, stale_while_revalidate_s| SlotPolicy {
        name: name.into(),
        audience,
        exclude: vec![EventKind::Conversion],
        n_default: 8,
        n_max: 24,
        ttl_s,
        stale_while_revalidate_s,
        stale_if_error_s: 0,
        ..SlotPolicy::default()
    };
    Policy {
        half_life_ms: 30 * DAY_MS,
        kind_weights: [0.0, 1.0, 2.0, 3.0, 4.0],
        unobserved_weight: 0.1,
        regularisation: 0.05,
        regularisation_exponent: 0.0,
        trained_items: (DEPARTMENTS.len() * ITEMS_EACH) as u32,
        hysteresis: 0.02,
        min_history: 2,
        slots: vec![
            slot("home", Audience::Visitor, 300, 600),
            slot("shelf", Audience::Segment, 300, 600),
            // Stale from its first second, so that a test of the stale window need not wait.
            slot("stale", Audience::Segment, 0, 600),
            SlotPolicy {
                per_visitor: PerVisitor::Exclude,
                ..slot("unbought", Audience::Segment, 300, 600)
            },
            SlotPolicy {
                per_visitor: PerVisitor::Rerank,
                ..slot("ordered", Audience::Segment, 300, 600)
            },
        ],
    }
}
