//! Writes a signed snapshot of exactly so many bytes, for the memory benchmark and its tests.
//!
//! `cargo run --example sized -- FILE BYTES NUMBER` writes FILE. Snapshots of different numbers have different versions. Nearly all bytes
//! are items with random vectors; a text that nobody reads fills the rest. The public key is the one that `planted` writes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a generator for tests"
)]

#[path = "planted.rs"]
#[allow(dead_code, reason = "its `main` writes other files")]
mod planted;

use selvedge::snapshot::writer::{ItemInput, Model, SigningKey, build};

/// Numbers in a vector of an item.
const DIMS: usize = 64;

fn main() {
    let [_, file, bytes, number] = std::env::args()
        .collect::<Vec<_>>()
        .try_into()
        .expect("usage: sized FILE BYTES NUMBER");
    let bytes: usize = bytes.parse().expect("BYTES is a whole number");
    let number: u64 = number.parse().expect("NUMBER is a whole number");
    let key = SigningKey::from_bytes(&planted::SIGNING_KEY);
    let length = |items, padding| packed(items, padding, number, &key).len();
    // Bytes of an item, from the difference of two small snapshots. Some sections grow in steps, so the text gets a share of 4 %.
    let (few, many) = (length(1000, 0), length(2000, 0));
    let each = (many - few).div_ceil(1000) + 1;
    let mut items = (1000 + bytes.saturating_sub(few) / each).saturating_mul(24) / 25;
    let mut found = length(items, 0);
    while found > bytes && items > 200 {
        items = items.saturating_sub((found - bytes).div_ceil(each) + 100).max(200);
        found = length(items, 0);
    }
    let mut padding = bytes.checked_sub(found).expect("BYTES is enough for 200 items");
    let mut snapshot = packed(items, padding, number, &key);
    // Sections begin at multiples of 64 bytes, so the text may need some more or fewer than the difference.
    for _ in 0..4 {
        if snapshot.len() != bytes {
            padding = (padding + bytes).saturating_sub(snapshot.len());
            snapshot = packed(items, padding, number, &key);
        }
    }
    println!("{} bytes, {items} items", snapshot.len());
    std::fs::write(file, snapshot).expect("the file can be written");
}

fn packed(items: usize, padding: usize, number: u64, key: &SigningKey) -> Vec<u8> {
    let small = planted::model(planted::CREATED_MS + number * 60_000, "");
    let mut state = number;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let widened = |mut vector: Vec<f32>| {
        vector.resize(DIMS, 0.0);
        vector
    };
    let item = |index: usize| ItemInput {
        id: format!("item-{index:07}"),
        title: format!("An item of the benchmark with number {index}"),
        image: Some(format!("/images/{index:07}.webp")),
        categories: vec![format!("Category {}", index % 50)],
        attributes: vec![("brand".into(), format!("Brand {}", index % 300))],
        factors: (0..DIMS).map(|_| random()).collect(),
        popularity: 1.0 / (1.0 + index as f32),
        available_from_min: None,
        available_until_min: None,
    };
    let mut policy = small.policy.clone();
    policy.trained_items = u32::try_from(items).expect("fewer items than a u32 counts");
    let model = Model {
        dims: DIMS,
        items: (0..items).map(item).collect(),
        segments: small
            .segments
            .into_iter()
            .map(|mut segment| {
                segment.centroid = widened(segment.centroid);
                segment
            })
            .collect(),
        contexts: small.contexts.into_iter().map(widened).collect(),
        provenance: "x".repeat(padding),
        policy,
        ..planted::model(planted::CREATED_MS + number * 60_000, "")
    };
    build(&model, Some(key))
        .expect("the model is well formed")
        .as_ref()
        .to_vec()
}
