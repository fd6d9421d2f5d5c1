//! The snapshot file: what the writer writes can be read, and any other bytes are refused.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod fixture;

use proptest::prelude::*;
use selvedge::engine::{Engine, Request, Visitor};
use selvedge::event::{ItemIndex, ItemKey};
use selvedge::place::Place;
use selvedge::profile::Consent;
use selvedge::snapshot::writer::{SigningKey, build};
use selvedge::snapshot::{AlignedBytes, SectionKind, Snapshot, SnapshotError, Trust};
use sha2::{Digest, Sha256};

fn trusted() -> [selvedge::snapshot::VerifyingKey; 1] {
    [fixture::key().verifying_key()]
}

fn open(bytes: &[u8]) -> Result<Snapshot<AlignedBytes>, SnapshotError> {
    Snapshot::open(AlignedBytes::copy_of(bytes), Trust::Keys(&trusted()))
}

/// Reads everything that a snapshot offers, to find any panic.
fn exercise(snapshot: Snapshot<AlignedBytes>) {
    for row in 0..snapshot.rows() as u32 {
        let item = ItemIndex(row);
        let text = snapshot.text(item);
        let _ = snapshot.find_id(text.id);
        let _ = snapshot.category_path(item);
        let _ = snapshot.popularity(item);
    }
    let _ = snapshot.categories_named("Group 1");
    let Ok(engine) = Engine::new(snapshot) else { return };
    let visitor = Visitor {
        profile: None,
        consent: Consent::Granted,
        place: Place::default(),
        now_ms: fixture::NOW_MS,
    };
    let names: Vec<String> = engine
        .snapshot()
        .policy()
        .slots
        .iter()
        .map(|slot| slot.name.clone())
        .collect();
    for slot in &names {
        let request = Request {
            slot,
            n: None,
            category: None,
            exclude: &[],
            visitor,
        };
        if let Ok(context) = engine.assign(&request) {
            let _ = engine.decide(&context);
        }
    }
    let mut profile = selvedge::profile::Profile::new(selvedge::profile::VisitorId([1; 16]));
    for item in ["item-000", "item-006", "item-100"] {
        let event = selvedge::engine::Recorded::check("click", item, None, None, fixture::NOW_MS).unwrap();
        event.remember(&mut profile, item);
    }
    let _ = engine.settle(&mut profile, fixture::NOW_MS);
    let visitor = Visitor {
        profile: Some(&profile),
        ..visitor
    };
    let _ = engine.rank(&visitor, &["item-001", "item-002", "none"], 3);
    let _ = engine.similar("item-003", 5, fixture::NOW_MS);
}

#[test]
fn a_written_snapshot_reads_back() {
    let snapshot = open(fixture::snapshot_bytes().as_ref()).unwrap();
    assert_eq!(
        (snapshot.rows(), snapshot.dims(), snapshot.stride()),
        (fixture::ITEMS, fixture::DIMS, 32)
    );
    assert_eq!(
        (snapshot.segments(), snapshot.contexts(), snapshot.slate_len()),
        (fixture::GROUPS, 8, 30)
    );
    assert_eq!(snapshot.policy(), &fixture::policy());
    let item = snapshot.find_id("item-005").unwrap();
    assert_eq!(snapshot.key(item), Some(ItemKey::of("item-005")));
    let text = snapshot.text(item);
    assert_eq!(
        (text.title, text.image),
        ("Ware 5 – größte Auswahl", Some("/images/5.webp"))
    );
    assert_eq!(text.attributes, [("brand", "Brand 5"), ("size", "1 kg")]);
    let path: Vec<&str> = snapshot
        .category_path(item)
        .into_iter()
        .map(|c| snapshot.category_name(c))
        .collect();
    assert_eq!(path, ["Group 5", "Shelf 5-1"]);
    let model = fixture::model();
    let trained = &model.items.iter().find(|input| input.id == "item-005").unwrap().factors;
    for (read, trained) in snapshot.factors(item).iter().zip(trained) {
        assert!((read - trained).abs() < 0.006, "{read} against {trained}");
    }
    assert!(
        snapshot.version().starts_with("20171204T093000Z-"),
        "{}",
        snapshot.version()
    );
    assert!(snapshot.unverified().is_empty());
}

#[test]
fn the_same_model_makes_the_same_file() {
    assert_eq!(fixture::snapshot_bytes().as_ref(), fixture::snapshot_bytes().as_ref());
}

#[test]
fn every_single_bit_flip_of_a_signed_file_is_refused() {
    // Flips all bits of every byte of the head, and of one byte per 64-byte line elsewhere. With a digest per section,
    // every flip inside a section takes the same path, so this sample covers the whole file.
    let good = build(&fixture::model_per_visitor(), Some(&fixture::key())).unwrap();
    let good = good.as_ref();
    let snapshot = open(good).unwrap();
    let head = snapshot.directory().next().unwrap().1.start;
    let mut bytes = AlignedBytes::copy_of(good);
    let mut flip = |at: usize, bit: u8| {
        bytes.as_mut_slice()[at] ^= 1 << bit;
        let refused = Snapshot::open(bytes.as_ref(), Trust::Keys(&trusted())).is_err();
        bytes.as_mut_slice()[at] ^= 1 << bit;
        assert!(refused, "byte {at}, bit {bit}");
    };
    for at in 0..head {
        for bit in 0..8 {
            flip(at, bit);
        }
    }
    for at in (head..good.len()).step_by(61) {
        flip(at, (at % 8) as u8);
    }
}

#[test]
fn every_bit_of_every_section_is_covered_by_its_digest() {
    // The exhaustive half of the test above: every single flipped bit of a section changes its digest, and all bytes
    // outside of sections are head or zero padding, which is checked.
    let good = fixture::snapshot_bytes();
    let snapshot = open(good.as_ref()).unwrap();
    let mut covered = vec![false; good.as_ref().len()];
    for (_, range, sha256, verified) in snapshot.directory() {
        assert!(verified);
        assert_eq!(<[u8; 32]>::from(Sha256::digest(&good.as_ref()[range.clone()])), *sha256);
        covered[range].fill(true);
    }
    let head = snapshot.directory().next().unwrap().1.start;
    for (at, byte) in good.as_ref().iter().enumerate().skip(head) {
        if !covered[at] {
            assert_eq!(*byte, 0, "padding at {at}");
            let mut bytes = AlignedBytes::copy_of(good.as_ref());
            bytes.as_mut_slice()[at] = 1;
            let error = Snapshot::open(bytes.as_ref(), Trust::Unverified).err();
            assert!(
                matches!(error, Some(SnapshotError::Padding { .. })),
                "padding at {at}: {error:?}"
            );
        }
    }
}

#[test]
fn no_truncation_is_accepted_with_or_without_verification() {
    let good = fixture::snapshot_bytes();
    for len in (0..good.as_ref().len()).rev().step_by(37).chain(0..2000) {
        let bytes = AlignedBytes::copy_of(&good.as_ref()[..len]);
        assert!(Snapshot::open(bytes.as_ref(), Trust::Unverified).is_err(), "{len}");
    }
}

#[test]
fn an_unsigned_file_and_a_file_by_another_key_are_refused() {
    let unsigned = build(&fixture::model(), None).unwrap();
    assert_eq!(open(unsigned.as_ref()).err(), Some(SnapshotError::Unsigned));
    let other = build(&fixture::model(), Some(&SigningKey::from_bytes(&[7; 32]))).unwrap();
    assert!(matches!(
        open(other.as_ref()).err(),
        Some(SnapshotError::UnknownKey { .. })
    ));
    assert!(Snapshot::open(unsigned, Trust::Unverified).is_ok());
}

#[test]
fn confirming_sections_one_by_one_makes_the_engine_ready_in_two_steps() {
    let keys = trusted();
    let mut snapshot = Snapshot::open_signed(fixture::snapshot_bytes(), Trust::Keys(&keys)).unwrap();
    assert!(matches!(
        Engine::new(Snapshot::open_signed(fixture::snapshot_bytes(), Trust::Keys(&keys)).unwrap()).err(),
        Some(SnapshotError::Unverified { .. })
    ));
    let digest = |snapshot: &Snapshot<AlignedBytes>, range: std::ops::Range<usize>| -> [u8; 32] {
        Sha256::digest(&snapshot.as_bytes()[range]).into()
    };
    let pending = snapshot.unverified();
    assert_eq!(pending.last().unwrap().kind, Some(SectionKind::Provenance));
    let (late, early): (Vec<_>, Vec<_>) = pending.into_iter().partition(|p| p.kind == Some(SectionKind::Factors));
    for section in early {
        let sha256 = digest(&snapshot, section.range.clone());
        snapshot.confirm(section.index, &sha256).unwrap();
    }
    let mut engine = Engine::new(snapshot).unwrap();
    assert!(!engine.personal_ready());
    let wrong = engine.snapshot_mut().confirm(late[0].index, &[0; 32]);
    assert_eq!(
        wrong,
        Err(SnapshotError::Digest {
            kind: SectionKind::Factors
        })
    );
    let sha256 = digest(engine.snapshot(), late[0].range.clone());
    engine.snapshot_mut().confirm(late[0].index, &sha256).unwrap();
    assert!(engine.personal_ready());
}

/// Builds a file, lets `change` edit its directory, and signs it again: the file of a faulty writer, not of an
/// attacker.
fn resigned(change: impl FnOnce(&mut [u8])) -> AlignedBytes {
    let mut bytes = AlignedBytes::copy_of(fixture::snapshot_bytes().as_ref());
    change(bytes.as_mut_slice());
    bytes
}

#[test]
fn unknown_sections_are_refused_if_required_and_skipped_if_not() {
    // Gives the provenance section (the last entry) a kind that no reader knows.
    let good = fixture::snapshot_bytes();
    let count = open(good.as_ref()).unwrap().directory().count();
    let entry = 64 + (count - 1) * 64;
    assert_eq!(
        u32::from_le_bytes(good.as_ref()[entry..entry + 4].try_into().unwrap()),
        19
    );
    let skipped = resigned(|bytes| bytes[entry..entry + 4].copy_from_slice(&999u32.to_le_bytes()));
    assert!(Snapshot::open(skipped, Trust::Unverified).is_ok());
    let refused = resigned(|bytes| {
        bytes[entry..entry + 4].copy_from_slice(&999u32.to_le_bytes());
        bytes[entry + 4] = 1;
    });
    assert_eq!(
        Snapshot::open(refused, Trust::Unverified).err(),
        Some(SnapshotError::UnknownRequired { kind: 999 })
    );
}

#[test]
fn errors_say_where_what_was_expected_and_what_was_found() {
    let error = |change: &dyn Fn(&mut [u8])| {
        Snapshot::open(resigned(change), Trust::Unverified)
            .err()
            .expect("refused")
            .to_string()
    };
    assert!(error(&|bytes| bytes[0] = 0).contains("magic bytes"));
    assert_eq!(
        error(&|bytes| bytes[8] = 9),
        "snapshot header at offset 8: expected format version 1, found 9; update the reader or pack the model again"
    );
    assert_eq!(
        error(&|bytes| bytes[44] = 0),
        "snapshot dims at offset 44: expected 1 to 1024, found 0"
    );
    assert!(error(&|bytes| bytes[64 + 8] ^= 64).contains("expected to start at offset"));
}

#[test]
fn not_a_number_in_scales_or_gram_is_refused() {
    let good = fixture::snapshot_bytes();
    let snapshot = open(good.as_ref()).unwrap();
    let start = |kind: SectionKind| {
        snapshot
            .directory()
            .find(|entry| entry.0 == kind as u32)
            .unwrap()
            .1
            .start
    };
    for (kind, value) in [
        (SectionKind::Scales, vec![0x00, 0x7e]),
        (SectionKind::Gram, vec![0, 0, 0xc0, 0x7f]),
    ] {
        let at = start(kind);
        let bytes = resigned(|bytes| bytes[at..at + value.len()].copy_from_slice(&value));
        let error = Snapshot::open(bytes, Trust::Unverified).err();
        assert!(
            matches!(error, Some(SnapshotError::Content { kind: found, .. }) if found == kind),
            "{error:?}"
        );
    }
}

#[test]
fn block_bounds_that_rise_or_are_smaller_than_a_row_are_refused() {
    let good = fixture::snapshot_bytes();
    let snapshot = open(good.as_ref()).unwrap();
    let section = |kind: SectionKind| snapshot.directory().find(|entry| entry.0 == kind as u32).unwrap().1;
    let bounds = section(SectionKind::BlockBounds);
    assert!(bounds.len() >= 8, "the fixture has more than one block");
    let first = f32::from_le_bytes(good.as_ref()[bounds.start..bounds.start + 4].try_into().unwrap());
    let refused = |at: usize, value: f32| {
        let bytes = resigned(|bytes| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes()));
        Snapshot::open(bytes, Trust::Unverified)
            .err()
            .map(|error| error.to_string())
    };
    for (at, value, expected) in [
        (bounds.start, f32::NAN, "a finite float from 0"),
        (bounds.start, f32::INFINITY, "a finite float from 0"),
        (bounds.start, -1.0, "a finite float from 0"),
        (bounds.start + 4, first * 1.5, "not larger than the one before"),
        (bounds.start, first * 0.99, "at least the norm of every row"),
        (bounds.end - 4, 0.0, "at least the norm of every row"),
    ] {
        let message = refused(at, value).unwrap_or_default();
        assert!(message.contains(expected), "{value} at {at}: {message:?}");
    }
    assert_eq!(
        refused(bounds.start, first * 2.0),
        None,
        "too large costs time and hides nothing"
    );

    let order = section(SectionKind::PopularityOrder);
    let bytes = resigned(|bytes| bytes[order.start..order.start + 4].copy_from_slice(&u32::MAX.to_le_bytes()));
    assert!(matches!(
        Snapshot::open(bytes, Trust::Unverified).err(),
        Some(SnapshotError::Content {
            kind: SectionKind::PopularityOrder,
            ..
        })
    ));
}

#[test]
fn rows_lie_longest_first_and_are_browsed_most_popular_first() {
    let bytes = fixture::snapshot_bytes();
    let snapshot = open(bytes.as_ref()).unwrap();
    let rows = u32::try_from(snapshot.rows()).unwrap();
    let norms: Vec<f32> = (0..rows)
        .map(|row| {
            snapshot
                .factors(ItemIndex(row))
                .iter()
                .map(|value| value * value)
                .sum::<f32>()
                .sqrt()
        })
        .collect();
    assert!(norms.windows(2).all(|pair| pair[0] >= pair[1] * 0.999_99));
    let popularity: Vec<f32> = (0..snapshot.rows())
        .map(|place| snapshot.popularity(snapshot.by_popularity(place).unwrap()))
        .collect();
    assert!(popularity.windows(2).all(|pair| pair[0] >= pair[1]));
    assert!(popularity[0] > popularity[popularity.len() - 1]);
}

fn int4_bytes() -> AlignedBytes {
    let model = selvedge::snapshot::writer::Model {
        width: selvedge::quantize::Width::Int4,
        ..fixture::model()
    };
    build(&model, Some(&fixture::key())).unwrap()
}

#[test]
fn an_int4_snapshot_is_smaller_opens_and_ranks_nearly_as_int8_does() {
    let (small, large) = (int4_bytes(), fixture::snapshot_bytes());
    assert!(small.as_ref().len() < large.as_ref().len());
    let decide = |bytes: &AlignedBytes| {
        let engine = Engine::new(open(bytes.as_ref()).unwrap()).unwrap();
        let near = engine.similar("item-005", 12, fixture::NOW_MS).unwrap();
        let ids: Vec<String> = near.items.iter().map(|item| item.id.to_owned()).collect();
        let vector = engine
            .snapshot()
            .factors(engine.snapshot().find_id("item-005").unwrap());
        (ids, vector)
    };
    let ((small, small_vector), (large, large_vector)) = (decide(&small), decide(&large));
    // The 40 items of a group lie close together. The codes may change their order, but not the group.
    let group = |ids: &[String]| -> Vec<usize> {
        ids.iter()
            .map(|id| id.trim_start_matches("item-").parse::<usize>().unwrap() % 6)
            .collect()
    };
    let same = small.iter().filter(|id| large.contains(id)).count();
    assert!(same >= 6, "{same} of 12 items are near in both");
    assert_eq!(group(&small), group(&large));
    assert_eq!(small_vector.len(), large_vector.len());
    for (small, large) in small_vector.iter().zip(&large_vector) {
        assert!((small - large).abs() < 0.2, "{small} against {large}");
    }
}

/// A file of format 1.2, which could store signs of rows.
fn bytes_of_1_2() -> AlignedBytes {
    AlignedBytes::copy_of(include_bytes!("vectors/golden-v1.2-signs.selvedge"))
}

/// Returns the directory entries of the sections that held signs.
fn retired(bytes: &AlignedBytes) -> Vec<(usize, std::ops::Range<usize>)> {
    let kinds = [SectionKind::SignRotation, SectionKind::SignCosines, SectionKind::Signs].map(|kind| kind as u32);
    let snapshot = open(bytes.as_ref()).unwrap();
    let entries = snapshot.directory().enumerate();
    entries
        .filter(|(_, entry)| kinds.contains(&entry.0))
        .map(|(index, entry)| (index, entry.1))
        .collect()
}

fn lists_of_similar(bytes: &AlignedBytes) -> Vec<(String, u32)> {
    let snapshot = Snapshot::open(AlignedBytes::copy_of(bytes.as_ref()), Trust::Unverified).unwrap();
    let engine = Engine::new(snapshot).unwrap();
    // The last twenty items are not available, and have no similar ones.
    (0..fixture::ITEMS - 20)
        .flat_map(|item| {
            let decision = engine.similar(&format!("item-{item:03}"), 12, fixture::NOW_MS).unwrap();
            assert!(decision.explanation.exact);
            let items = decision.items.iter();
            items
                .map(|item| (item.id.to_owned(), item.score.to_bits()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_content_of_retired_sections_changes_no_answer() {
    let good = bytes_of_1_2();
    let expected = lists_of_similar(&good);
    let entries = retired(&good);
    assert_eq!(entries.len(), 3);
    let mut bytes = AlignedBytes::copy_of(good.as_ref());
    for (index, range) in entries {
        // NaN in every value, and flags that no longer require the section.
        bytes.as_mut_slice()[range].fill(0xff);
        bytes.as_mut_slice()[64 + index * 64 + 4] = 0;
    }
    assert_eq!(lists_of_similar(&bytes), expected);
}

#[test]
fn a_flipped_bit_in_a_retired_section_is_refused() {
    let good = bytes_of_1_2();
    for (_, range) in retired(&good) {
        let mut bytes = AlignedBytes::copy_of(good.as_ref());
        bytes.as_mut_slice()[range.start] ^= 1;
        let refused = Snapshot::open(bytes, Trust::Keys(&trusted()));
        assert!(matches!(refused.err(), Some(SnapshotError::Digest { .. })));
    }
}

#[test]
fn a_stride_that_does_not_fit_the_width_and_factors_in_two_widths_are_refused() {
    let bytes = int4_bytes();
    let snapshot = open(bytes.as_ref()).unwrap();
    let width = snapshot
        .directory()
        .position(|entry| entry.0 == SectionKind::FactorsInt4 as u32)
        .unwrap();
    let note = snapshot
        .directory()
        .position(|entry| entry.0 == SectionKind::Provenance as u32)
        .unwrap();
    let kind_of = |entry: usize, kind: u32| {
        let mut bytes = AlignedBytes::copy_of(bytes.as_ref());
        bytes.as_mut_slice()[64 + entry * 64..][..4].copy_from_slice(&kind.to_le_bytes());
        Snapshot::open(bytes, Trust::Unverified).err()
    };
    // Renamed to int8, the section has half the bytes that the stride requires.
    assert!(matches!(
        kind_of(width, SectionKind::Factors as u32),
        Some(
            SnapshotError::Length {
                kind: SectionKind::Factors,
                ..
            } | SnapshotError::Field { what: "stride", .. }
        )
    ));
    assert_eq!(
        kind_of(note, SectionKind::Factors as u32),
        Some(SnapshotError::Duplicate {
            kind: SectionKind::FactorsInt4
        })
    );
    assert_eq!(kind_of(width, 999), Some(SnapshotError::UnknownRequired { kind: 999 }));
    let mut bytes = AlignedBytes::copy_of(bytes.as_ref());
    bytes.as_mut_slice()[48] = 16;
    let error = Snapshot::open(bytes, Trust::Unverified)
        .err()
        .map(|error| error.to_string());
    assert_eq!(
        error.as_deref(),
        Some("snapshot stride at offset 48: expected dims rounded up to a multiple of 32, found 16")
    );
}

#[test]
fn an_inconsistent_model_is_not_written() {
    let mut model = fixture::model();
    model.items[3].factors.pop();
    assert!(matches!(build(&model, None), Err(SnapshotError::Build { .. })));
    let mut model = fixture::model();
    model.items[3].title = "two\nlines".into();
    assert!(matches!(build(&model, None), Err(SnapshotError::BuildText { .. })));
    let mut model = fixture::model();
    model.items[3].id = " padded".into();
    assert!(matches!(build(&model, None), Err(SnapshotError::BuildId { .. })));
    let mut model = fixture::model();
    model.items[3].categories = vec!["deep".into(); 17];
    assert!(matches!(build(&model, None), Err(SnapshotError::BuildCount { .. })));
    let mut model = fixture::model();
    model.items[3].id = model.items[4].id.clone();
    assert!(matches!(build(&model, None), Err(SnapshotError::KeyCollision { .. })));
    let mut model = fixture::model();
    model.policy.slots[1].name = model.policy.slots[0].name.clone();
    assert!(matches!(build(&model, None), Err(SnapshotError::Content { .. })));
    let mut model = fixture::model();
    model.items[3].factors[0] = f32::NAN;
    assert!(matches!(build(&model, None), Err(SnapshotError::Build { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn with_verification_off_no_flipped_byte_panics(file in 0usize..3, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = AlignedBytes::copy_of([&*GOOD, &*GOOD_INT4, &*GOOD_1_2][file].as_slice());
        for (place, value) in changes {
            let at = place.index(bytes.as_ref().len());
            bytes.as_mut_slice()[at] = value;
        }
        if let Ok(snapshot) = Snapshot::open(bytes, Trust::Unverified) {
            exercise(snapshot);
        }
    }

    #[test]
    fn with_verification_off_no_change_to_the_head_panics(at in 0usize..1500, value in any::<u8>()) {
        let mut bytes = AlignedBytes::copy_of(GOOD.as_slice());
        bytes.as_mut_slice()[at] = value;
        if let Ok(snapshot) = Snapshot::open(bytes, Trust::Unverified) {
            exercise(snapshot);
        }
    }
}

static GOOD_1_2: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| bytes_of_1_2().as_ref().to_vec());
static GOOD_INT4: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| int4_bytes().as_ref().to_vec());
static GOOD: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| fixture::snapshot_bytes().as_ref().to_vec());
