//! Shared lists that are changed for one visitor behind the cache: `exclude` and `rerank`.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod fixture;

use std::collections::BTreeSet;

use fixture::ask::{engine_of, ids, profile, request, visitor};
use fixture::{EXCLUDES, NOW_MS, RERANKS, Random};
use selvedge::engine::{Decision, Engine, Reason, Request, Scope, Visitor};
use selvedge::event::EventKind;
use selvedge::policy::{Audience, PerVisitor, SlotPolicy};
use selvedge::profile::{Consent, HistoryEntry, Profile, VisitorId, minutes};
use selvedge::snapshot::{AlignedBytes, SnapshotError};

fn engine() -> Engine<AlignedBytes> {
    engine_of(&fixture::model_per_visitor())
}

/// Returns the decision, and its cache key if it is shared.
fn answer<'s>(engine: &'s Engine<AlignedBytes>, request: &Request<'_>) -> (Decision<'s>, Option<String>) {
    let context = engine.assign(request).unwrap();
    let key = context.cache_key().as_ref().map(|key| key.as_str().to_owned());
    let decision = engine.decide(&context);
    assert_eq!(decision.scope, context.scope);
    // There is no cache key exactly if the answer is for one visitor or the request excludes items.
    assert_eq!(
        key.is_none(),
        context.scope == Scope::Visitor || !request.exclude.is_empty()
    );
    (decision, key)
}

#[test]
fn a_buyer_of_a_shown_item_gets_the_list_without_it_and_all_others_share() {
    let engine = engine();
    let fan = profile(&engine, &[("click", "item-001")]);
    let (shared, key) = answer(&engine, &request(EXCLUDES, visitor(Some(&fan))));
    let shown = ids(&shared);
    assert!(key.as_deref().unwrap().contains("/excludes/s1/"), "{key:?}");

    let bought = profile(&engine, &[("click", "item-001"), ("conversion", shown[2])]);
    let (own, own_key) = answer(&engine, &request(EXCLUDES, visitor(Some(&bought))));
    assert_eq!((own.scope, own.segment, own_key), (Scope::Visitor, Some(1), None));
    let expected: Vec<&str> = shown.iter().copied().filter(|id| *id != shown[2]).collect();
    assert_eq!(ids(&own)[..7], expected, "the rest stays as it was");
    assert_eq!(own.items.len(), 8, "and is filled up");
    assert!(own.items.iter().all(|item| item.reason == Reason::Segment));

    // Items that the visitor bought but that are not on this list: further down, or of another taste.
    for elsewhere in ["item-002", "item-239"] {
        let bought = profile(
            &engine,
            &[("click", "item-001"), ("conversion", elsewhere), ("click", "item-001")],
        );
        if bought.segment.unwrap().segment != 1 {
            continue;
        }
        assert_eq!(
            answer(&engine, &request(EXCLUDES, visitor(Some(&bought)))).1,
            key,
            "{elsewhere}"
        );
    }
    let (longer, _) = answer(
        &engine,
        &Request {
            n: Some(20),
            ..request(EXCLUDES, visitor(Some(&fan)))
        },
    );
    let ninth = profile(&engine, &[("click", "item-001"), ("conversion", ids(&longer)[8])]);
    assert_eq!(answer(&engine, &request(EXCLUDES, visitor(Some(&ninth)))).1, key);
    let narrowed = Request {
        exclude: &shown[..1],
        ..request(EXCLUDES, visitor(Some(&ninth)))
    };
    let (own, _) = answer(&engine, &narrowed);
    assert_eq!(
        own.scope,
        Scope::Visitor,
        "without the first item the ninth would be shown"
    );
    assert_eq!(ids(&own)[..7], shown[1..]);
    assert!(!ids(&own).contains(&ids(&longer)[8]));
    let more = Request {
        n: Some(9),
        ..request(EXCLUDES, visitor(Some(&ninth)))
    };
    assert_eq!(answer(&engine, &more).1, None, "nine items would show it");
}

#[test]
fn without_consent_and_without_a_profile_everything_is_shared() {
    let engine = engine();
    let known = profile(&engine, &[("click", "item-001"), ("conversion", "item-007")]);
    for slot in [EXCLUDES, RERANKS] {
        let denied = Visitor {
            consent: Consent::Denied,
            ..visitor(Some(&known))
        };
        let (stranger, key) = answer(&engine, &request(slot, visitor(None)));
        assert!(key.is_some());
        assert_eq!(answer(&engine, &request(slot, denied)), (stranger, key), "{slot}");
    }
}

#[test]
fn a_reranked_list_has_the_segments_items_in_the_visitors_order() {
    let engine = engine();
    let shared = engine_of(&{
        let mut model = fixture::model_per_visitor();
        for slot in &mut model.policy.slots {
            slot.per_visitor = PerVisitor::Nothing;
        }
        model
    });
    fn ask(who: &Profile) -> Request<'_> {
        Request {
            n: Some(12),
            ..request(RERANKS, visitor(Some(who)))
        }
    }
    let mut orders = BTreeSet::new();
    for clicks in [
        ["item-000", "item-006"],
        ["item-012", "item-030"],
        ["item-054", "item-000"],
    ] {
        let who = profile(&engine, &clicks.map(|item| ("click", item)));
        let (own, key) = answer(&engine, &ask(&who));
        assert_eq!(
            (own.scope, own.segment, key),
            (Scope::Visitor, Some(6), None),
            "of the union"
        );
        let whole = Request {
            n: Some(24),
            ..ask(&who)
        };
        let pool: Vec<&str> = {
            let context = shared.assign(&whole).unwrap();
            assert!(context.cache_key().is_some());
            ids(&shared.decide(&context)).clone()
        };
        let (all, _) = answer(&engine, &whole);
        // The whole served list of 30 is reordered, and it contains the beginning of the shared list.
        assert!(pool.iter().filter(|id| ids(&all).contains(id)).count() >= 18);
        assert_eq!(ids(&all)[..12], ids(&own));
        assert!(own.items.windows(2).all(|pair| pair[0].score >= pair[1].score));
        // Almost the same order as the exact encoder gives the same items.
        let exact = engine.rank(&visitor(Some(&who)), &ids(&all), 24).unwrap();
        let near = ids(&exact)[..8].iter().filter(|id| ids(&all)[..8].contains(id)).count();
        assert!(near >= 7, "{near}");
        assert!(!own.explanation.history.is_empty(), "the explanation names the history");
        orders.insert(ids(&own).join(" "));
    }
    assert_eq!(orders.len(), 3, "three visitors of one segment, three orders");
}

#[test]
fn reranking_leaves_out_excluded_items_and_needs_enough_history() {
    let mut model = fixture::model_per_visitor();
    model.policy.min_history = 2;
    let engine = engine_of(&model);
    let short = profile(&engine, &[("click", "item-001")]);
    let (list, key) = answer(&engine, &request(RERANKS, visitor(Some(&short))));
    assert!(key.is_some(), "one item is too little");
    let bought = profile(&engine, &[("click", "item-001"), ("conversion", ids(&list)[0])]);
    let (own, key) = answer(&engine, &request(RERANKS, visitor(Some(&bought))));
    assert_eq!(key, None);
    assert!(!ids(&own).contains(&ids(&list)[0]));
    let only = profile(&engine, &[("conversion", ids(&list)[0])]);
    let (own, key) = answer(&engine, &request(RERANKS, visitor(Some(&only))));
    assert_eq!(
        (own.scope, key),
        (Scope::Visitor, None),
        "too little for an order, enough to leave it out"
    );
    assert!(!ids(&own).contains(&ids(&list)[0]));
}

/// No answer in use under a cache key shows an excluded item to a visitor whose request has that key. This holds for an
/// answer that is computed now and for one that was computed earlier.
#[test]
fn no_answer_in_use_shows_an_item_that_is_excluded_for_its_visitor() {
    let mut random = Random(0xfeed_5e1d_0000_0007);
    let mut below = |n: u64| random.next() % n;
    let (mut shared_answers, mut own_answers) = (0, 0);
    for max_per_category in [0, 1, 3] {
        let mut model = fixture::model_per_visitor();
        for slot in &mut model.policy.slots {
            slot.max_per_category = max_per_category;
            slot.n_max = 30;
        }
        // A union has more categories to choose from.
        model.rungs[3] = model.rungs[4].clone();
        // Items whose availability begins and ends within the stale windows, which last an hour in all.
        for (at, item) in model.items.iter_mut().enumerate() {
            let minute = (NOW_MS / 60_000) as u32;
            if max_per_category != 1 && at % 3 == 0 {
                item.available_until_min = Some(minute - 30 + (at as u32 * 7) % 60);
            }
            if max_per_category != 1 && at % 5 == 0 {
                item.available_from_min = Some(minute - 90 + (at as u32 * 11) % 60);
            }
        }
        let engine = engine_of(&model);
        for _ in 0..150 {
            let group = below(6);
            let mut who = Profile::new(VisitorId([1; 16]));
            for (kind, count) in [(EventKind::Click, 1 + below(3)), (EventKind::Conversion, below(4))] {
                for _ in 0..count {
                    let item = below(40) * 6 + group;
                    who.remember(HistoryEntry {
                        item: selvedge::event::ItemKey::of(&format!("item-{item:03}")),
                        kind,
                        at_min: minutes(NOW_MS - 60_000 * below(3_000)),
                    });
                }
            }
            engine.settle(&mut who, NOW_MS);
            let done: Vec<String> = (0..240)
                .map(|item| format!("item-{item:03}"))
                .filter(|id| {
                    let key = selvedge::event::ItemKey::of(id);
                    who.history()
                        .iter()
                        .any(|entry| entry.item == key && entry.kind == EventKind::Conversion)
                })
                .collect();
            let category = [
                None,
                Some(format!("Group {group}")),
                Some(format!("Shelf {group}-{}", group % 4)),
            ][below(3) as usize]
                .clone();
            let n = 1 + usize::try_from(below(30)).unwrap();
            // Every third request excludes items that may be on the list.
            let left_out: Vec<String> = (0..below(3) * below(4))
                .map(|_| format!("item-{:03}", below(40) * 6 + group))
                .collect();
            let exclude: Vec<&str> = left_out.iter().map(String::as_str).collect();
            let ask = |visitor| Request {
                n: Some(n),
                category: category.as_deref(),
                exclude: &exclude,
                ..request(EXCLUDES, visitor)
            };
            let (own, key) = answer(&engine, &ask(visitor(Some(&who))));
            assert!(
                ids(&own).iter().all(|id| !done.iter().any(|done| done == id)),
                "{done:?}"
            );
            let Some(key) = key else {
                own_answers += 1;
                continue;
            };
            shared_answers += 1;
            // The answer computed under that key by a visitor who bought nothing, at any minute while it is in use.
            let mut other = Profile::new(VisitorId([2; 16]));
            for entry in who.history().iter().filter(|entry| entry.kind == EventKind::Click) {
                other.remember(*entry);
            }
            other.segment = who.segment;
            for ago_min in [0, 10, 29, 45, 59] {
                let then = NOW_MS - ago_min * 60_000;
                let earlier = Visitor {
                    now_ms: then,
                    ..visitor(Some(&other))
                };
                let (shown, shown_key) = answer(&engine, &ask(earlier));
                if shown_key.as_ref() == Some(&key) {
                    assert!(
                        ids(&shown).iter().all(|id| !done.iter().any(|done| done == id)),
                        "{key}, {ago_min} minutes ago: {:?}, excluded {done:?}",
                        ids(&shown)
                    );
                }
            }
        }
    }
    assert!(
        shared_answers > 50 && own_answers > 50,
        "{shared_answers} shared, {own_answers} own"
    );
}

#[test]
fn a_slot_for_single_visitors_also_excludes_for_visitors_with_little_history() {
    let mut model = fixture::model_per_visitor();
    model.policy.min_history = 3;
    model.policy.slots[0] = SlotPolicy {
        exclude: vec![EventKind::Conversion],
        per_visitor: PerVisitor::Exclude,
        ..fixture::slot("home", Audience::Visitor)
    };
    let engine = engine_of(&model);
    let new = profile(&engine, &[("click", "item-001")]);
    let (list, key) = answer(&engine, &request("home", visitor(Some(&new))));
    assert!(key.is_some() && list.scope == Scope::Segment);
    let bought = profile(&engine, &[("click", "item-001"), ("conversion", ids(&list)[0])]);
    let (own, _) = answer(&engine, &request("home", visitor(Some(&bought))));
    assert_eq!(ids(&own)[..7], ids(&list)[1..]);
}

#[test]
fn a_slot_for_everyone_shares_one_list_and_can_rerank_it() {
    let mut model = fixture::model_per_visitor();
    model.policy.slots.extend([
        fixture::slot("alike", Audience::Everyone),
        SlotPolicy {
            per_visitor: PerVisitor::Rerank,
            ..fixture::slot("alike-ordered", Audience::Everyone)
        },
    ]);
    model.rungs = Vec::new();
    let engine = engine_of(&model);
    let known = profile(&engine, &[("click", "item-001"), ("click", "item-013")]);
    let (list, key) = answer(&engine, &request("alike", visitor(None)));
    assert_eq!((list.scope, list.context), (Scope::Context, Some("weekday-morning")));
    assert!(key.as_deref().unwrap().contains("/alike/d"), "{key:?}");
    assert_eq!(answer(&engine, &request("alike", visitor(Some(&known)))), (list, key));

    let whole = |slot, who| Request {
        n: Some(24),
        ..request(slot, visitor(who))
    };
    let (pool, _) = answer(&engine, &whole("alike-ordered", None));
    let (own, key) = answer(&engine, &whole("alike-ordered", Some(&known)));
    assert_eq!((own.scope, own.segment, key), (Scope::Visitor, None, None));
    assert_ne!(ids(&own), ids(&pool));
    let exact = engine.rank(&visitor(Some(&known)), &ids(&own), 24).unwrap();
    let near = ids(&exact)[..8].iter().filter(|id| ids(&own)[..8].contains(id)).count();
    assert!(near >= 7, "{:?}", ids(&own));
    assert!(own.items.iter().all(|item| item.reason == Reason::Context));
}

#[test]
fn an_unknown_per_visitor_mode_is_refused() {
    // Both in a record of fields and in the fixed-layout record of formats up to 1.3.
    let fields = selvedge::snapshot::writer::build(&fixture::model_per_visitor(), None).unwrap();
    let fixed = include_bytes!("vectors/golden-v1.3-per-visitor.selvedge");
    for (bytes, behind_name, refused) in [
        (
            fields.as_ref(),
            28,
            ("per_visitor: 0 nothing, 1 exclude or 2 rerank", 3.0, 3),
        ),
        (
            fixed,
            27,
            ("per visitor 0 (nothing), 1 (exclude) or 2 (rerank)", 3.0, 4),
        ),
    ] {
        let mut changed = bytes.to_vec();
        let name = changed.windows(8).position(|window| window == b"excludes").unwrap();
        changed[name + behind_name] = 3;
        let opened =
            selvedge::snapshot::Snapshot::open(AlignedBytes::copy_of(&changed), selvedge::snapshot::Trust::Unverified);
        let Err(SnapshotError::Content {
            expected,
            found,
            element,
            ..
        }) = opened.map(|_| ())
        else {
            panic!("expected the content to be refused");
        };
        assert_eq!((expected, found, element), refused);
    }
}
