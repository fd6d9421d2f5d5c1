//! The decision id: it carries what made a slate, and only the edge's key ring can seal it.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod fixture;

use fixture::ask::{engine_of, ids, profile, request, visitor};
use fixture::{NOW_MS, Random};
use proptest::prelude::*;
use selvedge::engine::{
    Conditions, DecisionContext, DecisionIdError, DecisionRecord, Engine, MAX_DECISION_ID_CHARS, MAX_RECORDED_ITEMS,
    NamedDecision, Request, Scope, Shown, Visitor,
};
use selvedge::event::ItemKey;
use selvedge::experiment::ArmAssignment;
use selvedge::overlay::Overlay;
use selvedge::place::{Daypart, Device, Locale, Place};
use selvedge::profile::cookie::Keyring;
use selvedge::snapshot::{AlignedBytes, CategoryIndex};

const KEY_1: &str = "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
const KEY_2: &str = "2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

fn read(id: &str) -> DecisionRecord {
    DecisionRecord::read(id, None).unwrap().0
}

/// Calls `check` with decision contexts of every kind: serving segments, categories, devices, exclusions, similar
/// items, and candidates of the caller.
fn each_context(engine: &Engine<AlignedBytes>, conditions: &Conditions<'_>, check: impl Fn(&DecisionContext<'_>)) {
    let mut random = Random(7);
    let fan = profile(engine, &[("click", "item-001"), ("conversion", "item-007")]);
    for slot in engine.snapshot().policy().slots.iter().map(|slot| slot.name.as_str()) {
        for who in [None, Some(&fan)] {
            for category in [None, Some("Group 2")] {
                for exclude in [&[][..], &["item-003"][..]] {
                    let asked = Request {
                        n: Some(1 + usize::try_from(random.next() % 20).unwrap()),
                        category,
                        exclude,
                        visitor: Visitor {
                            place: Place {
                                local_ms: NOW_MS.into(),
                                locale: Locale::first_of("de-AT").into(),
                                device: Device::Mobile.into(),
                            },
                            ..visitor(who)
                        },
                        ..request(slot, visitor(who))
                    };
                    check(&engine.assign_under(conditions, &asked).unwrap());
                }
            }
        }
    }
    check(&engine.assign_similar(conditions, "item-005", 10, NOW_MS).unwrap());
    check(
        &engine
            .assign_rank(conditions, &visitor(Some(&fan)), &["item-001", "made up"], 5)
            .unwrap(),
    );
    check(
        &engine
            .assign_rank(conditions, &visitor(None), &["item-001"], 5)
            .unwrap(),
    );
}

#[test]
fn an_id_holds_model_slot_segment_cache_key_and_shown_items_of_its_decision() {
    let engine = engine_of(&fixture::model_per_visitor());
    let arms = [
        ArmAssignment::new("shelf", 1, true).unwrap(),
        ArmAssignment::new("colour", 2, false).unwrap(),
    ];
    let overlay = Overlay::new(9, vec![ItemKey::of("item-002")]);
    let live = Conditions {
        arms: &arms,
        overlay: &overlay,
        seed: 42,
    };
    for conditions in [Conditions::PLAIN, live] {
        each_context(&engine, &conditions, |context| {
            let decision = engine.decide(context);
            let record = read(&decision.id);
            assert_eq!(record.cache_key(), context.cache_key(), "{context:?}");
            assert_eq!(
                (
                    record.model.as_str(),
                    record.slot.as_str(),
                    record.scope,
                    record.segment
                ),
                (decision.model, decision.slot, decision.scope, decision.segment)
            );
            assert_eq!(record.daypart.map(Daypart::name), decision.context);
            assert_eq!(
                (record.arms.as_slice(), record.overlay),
                (conditions.arms, conditions.overlay.version())
            );
            let shown: Vec<ItemKey> = decision.items.iter().map(|item| ItemKey::of(item.id)).collect();
            assert_eq!(record.shown.iter().map(|shown| shown.item).collect::<Vec<_>>(), shown);
            // The id of an unshared answer holds its time; that of a shared answer holds nothing about one visit.
            assert_eq!(record.made.is_none(), record.shared);
            assert!(
                record
                    .made
                    .is_none_or(|(minute, seed)| u64::from(minute) == NOW_MS / 60_000 && seed == conditions.seed)
            );
        });
    }
}

#[test]
fn visitors_who_share_a_cache_key_get_one_id_at_any_time() {
    let engine = engine_of(&fixture::model_per_visitor());
    let id = |now_ms: u64| {
        let asked = request(
            "segment",
            Visitor {
                now_ms,
                ..visitor(None)
            },
        );
        let context = engine.assign(&asked).unwrap();
        assert!(context.cache_key().is_some());
        engine.decide(&context).id
    };
    assert_eq!(id(NOW_MS), id(NOW_MS + 59_000));
}

#[test]
fn an_id_can_be_read_after_its_model_is_gone() {
    let before = engine_of(&fixture::model());
    let decision = before.decide(&before.assign(&request("home", visitor(None))).unwrap());
    let (id, model, shown) = (decision.id.clone(), decision.model.to_owned(), ids(&decision).join(" "));
    let mut smaller = fixture::model();
    smaller.items.truncate(20);
    smaller.created_ms += 3_600_000;
    let after = engine_of(&smaller);
    let record = read(&id);
    assert_eq!(record.model, model);
    assert_ne!(record.model, after.version());
    // The id names items by their stable keys, so a model that lacks an item cannot mistake it for another one.
    let keys: Vec<ItemKey> = record.shown.iter().map(|shown| shown.item).collect();
    assert_eq!(keys, shown.split(' ').map(ItemKey::of).collect::<Vec<_>>());
}

#[test]
fn a_seal_is_valid_for_its_own_id_and_for_keys_of_the_ring_only() {
    let engine = engine_of(&fixture::model());
    let mut decision = engine.decide(&engine.assign(&request("home", visitor(None))).unwrap());
    let ring = Keyring::parse(KEY_1).unwrap();
    let plain = decision.id.clone();
    decision.seal(&ring);
    let sealed = decision.id.clone();
    assert!(sealed.starts_with(&plain));
    let verdict = |id: &str, ring: Option<&Keyring>| DecisionRecord::read(id, ring).unwrap().1;
    assert!(verdict(&sealed, Some(&ring)));
    assert!(
        verdict(&sealed, Some(&Keyring::parse(&[KEY_2, KEY_1].join(",")).unwrap())),
        "rotated"
    );
    for (id, ring) in [
        (&plain, Some(&ring)),
        (&sealed, None),
        (&sealed, Some(&Keyring::parse(KEY_2).unwrap())),
        (&sealed, Some(&Keyring::parse(&KEY_2.replacen('2', "1", 1)).unwrap())),
    ] {
        assert!(!verdict(id, ring));
    }
    // With any one character changed, the id is refused, or reads as unsealed, or still means the same record.
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        if let Ok((record, is_sealed)) = DecisionRecord::read(&changed, Some(&ring)) {
            assert!(!is_sealed || record == read(&plain), "{at}");
        }
    }
    decision.seal(&ring);
    assert_eq!(decision.id, sealed, "a sealed id is not sealed again");
}

#[test]
fn an_overlay_hides_items_from_everybody_under_a_key_of_its_own() {
    let engine = engine_of(&fixture::model_per_visitor());
    let shown = engine.decide(&engine.assign(&request("home", visitor(None))).unwrap());
    let gone = ids(&shown)[0];
    let overlay = Overlay::new(3, vec![ItemKey::of(gone), ItemKey::of("never heard of")]);
    let conditions = Conditions {
        overlay: &overlay,
        ..Conditions::PLAIN
    };
    each_context(&engine, &conditions, |context| {
        let decision = engine.decide(context);
        assert!(
            decision.slot == "rank" || !ids(&decision).contains(&gone),
            "{}",
            decision.slot
        );
        let key = context.cache_key();
        assert!(key.is_none_or(|key| key.as_str().ends_with("/o3")));
    });
}

#[test]
fn text_that_is_not_an_id_is_refused_with_the_reason() {
    let id = |text: &str| DecisionRecord::read(text, None).unwrap_err();
    assert_eq!(id(""), DecisionIdError::Damaged { what: "version" });
    assert_eq!(id("not base64!"), DecisionIdError::Encoding);
    assert_eq!(id("AgAA"), DecisionIdError::Version { found: 2 });
    assert_eq!(id("Af__"), DecisionIdError::Damaged { what: "flags" });
    assert_eq!(
        id(&"A".repeat(MAX_DECISION_ID_CHARS + 1)),
        DecisionIdError::Long { found: 2049 }
    );
    let engine = engine_of(&fixture::model());
    let whole = engine
        .decide(&engine.assign(&request("home", visitor(None))).unwrap())
        .id;
    for end in 0..whole.len() {
        assert!(DecisionRecord::read(&whole[..end], None).is_err(), "{end}");
    }
    assert!(DecisionRecord::read(&[&whole, "AAAA"].concat(), None).is_err());
    assert_eq!(id(&[&whole, ".AAAA"].concat()), DecisionIdError::Encoding);
}

prop_compose! {
    fn records()(
        names in ("[!-~]{1,30}", "[a-z0-9-]{1,24}"),
        scopes in (0usize..4, 0usize..4),
        numbers in (any::<Option<u16>>(), prop::option::of(0usize..8), any::<Option<u32>>(), any::<Option<u64>>(), any::<u16>()),
        place in (prop::sample::select(vec!["", "de", "fil"]), prop::option::of(prop::sample::select(vec!['d', 'm', 't']))),
        shared in any::<bool>(),
        arms in prop::collection::vec(("[a-z0-9-]{1,24}", any::<u8>(), any::<bool>()), 0..4),
        live in (any::<u64>(), any::<Option<(u32, u64)>>()),
        shown in prop::collection::vec((any::<u64>(), 0.001f32..=1.0), 0..MAX_RECORDED_ITEMS),
    ) -> DecisionRecord {
        let scope = |at: usize| [Scope::Visitor, Scope::Segment, Scope::Context, Scope::Everyone][at];
        DecisionRecord {
            model: names.0,
            slot: names.1,
            scope: scope(scopes.0),
            list: scope(scopes.1),
            segment: numbers.0,
            daypart: numbers.1.and_then(Daypart::from_index),
            category: numbers.2.map(CategoryIndex),
            near: numbers.3.map(ItemKey),
            locale: Locale::first_of(place.0),
            device: place.1.and_then(Device::from_code),
            n: numbers.4,
            shared,
            arms: arms.iter().map(|(name, arm, changes)| ArmAssignment::new(name, *arm, *changes).unwrap()).collect(),
            overlay: live.0,
            made: live.1,
            shown: shown.iter().map(|(item, propensity)| Shown { item: ItemKey(*item), propensity: *propensity }).collect(),
        }
    }
}

proptest! {
    #[test]
    fn a_record_reads_back_as_it_was_written(record in records()) {
        let id = record.to_id();
        prop_assert!(id.len() <= MAX_DECISION_ID_CHARS, "{}", id.len());
        prop_assert_eq!(read(&id), record);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9_.-]{0,200}") {
        let _ = DecisionRecord::read(&text, Some(&Keyring::parse(KEY_1).unwrap()));
    }
}

#[test]
fn a_collected_decision_names_the_model_of_the_view_even_if_the_click_meets_another_model() {
    let before = engine_of(&fixture::model());
    let ring = Keyring::parse(KEY_1).unwrap();
    let mut decision = before.decide(&before.assign(&request("home", visitor(None))).unwrap());
    decision.seal(&ring);
    let mut smaller = fixture::model();
    smaller.items.retain(|item| item.id != decision.items[1].id);
    smaller.created_ms += 3_600_000;
    let after = engine_of(&smaller);

    let named = NamedDecision::read(&decision.id, Some(&ring)).unwrap();
    assert_eq!(named.position_of(decision.items[3].id), Some(3));
    assert_eq!(named.position_of("somewhere else"), None);
    let told = serde_json::to_value(named.collected(Some(&after))).unwrap();
    assert_eq!(told["model"], before.version());
    assert_ne!(told["model"], after.version());
    assert_eq!(
        (&told["sealed"], &told["slot"], &told["scope"], &told["rung"]),
        (&true.into(), &"home".into(), &"context".into(), &"context".into())
    );
    assert_eq!(told["key"], format!("v1/{}/home/d1/-/-/-/8", before.version()));
    for (position, item) in decision.items.iter().enumerate() {
        let shown = &told["items"][position];
        // The new model lacks the second item, but its key still names it.
        assert_eq!(
            shown["item"],
            if position == 1 {
                serde_json::Value::Null
            } else {
                item.id.into()
            }
        );
        assert_eq!(shown["key"], format!("{:016x}", ItemKey::of(item.id).0));
        assert_eq!(
            (&shown["position"], &shown["propensity"]),
            (&position.into(), &1.0.into())
        );
    }
}
