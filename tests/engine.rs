//! Decisions over a small model with planted tastes.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod fixture;

use fixture::NOW_MS;
use fixture::ask::{engine_of, ids, profile, request, visitor};
use selvedge::engine::{Conditions, Decision, Engine, Reason, Request, RequestError, Scope, Visitor};
use selvedge::profile::{Consent, Profile};
use selvedge::snapshot::AlignedBytes;

fn engine() -> Engine<AlignedBytes> {
    engine_of(&fixture::model())
}

fn answer<'s>(engine: &'s Engine<AlignedBytes>, request: &Request<'_>) -> Decision<'s> {
    let context = engine.assign(request).unwrap();
    assert_eq!(
        context.cache_key().is_none(),
        context.scope == Scope::Visitor || !request.exclude.is_empty()
    );
    engine.decide(&context)
}

/// Number of items that belong to a planted group.
fn of_group(decision: &Decision<'_>, group: usize) -> usize {
    let name = format!("Group {group}");
    decision
        .items
        .iter()
        .filter(|item| item.categories.first() == Some(&name.as_str()))
        .count()
}

#[test]
fn a_click_turns_the_slot_towards_its_group_and_the_explanation_says_why() {
    let engine = engine();
    let before = answer(&engine, &request("home", visitor(None)));
    assert_eq!(
        (before.scope, before.context),
        (Scope::Context, Some("weekday-morning"))
    );
    let clicked = profile(&engine, &[("click", "item-004")]);
    let after = answer(&engine, &request("home", visitor(Some(&clicked))));
    assert_eq!(after.scope, Scope::Visitor);
    assert!(of_group(&after, 4) >= 7, "{:?}", ids(&after));
    assert_eq!(after.segment, Some(4));
    let Reason::Because { item, share, .. } = after.items[0].reason else {
        panic!("{:?}", after.items[0].reason)
    };
    assert_eq!((item, share), ("item-004", 1.0));
    assert_eq!(after.explanation.history[0].item, "item-004");
}

#[test]
fn scores_never_rise_along_a_slate() {
    let engine = engine();
    let known = profile(&engine, &[("view", "item-003"), ("add_to_cart", "item-010")]);
    for slot in ["home", "segment"] {
        let decision = answer(&engine, &request(slot, visitor(Some(&known))));
        assert_eq!(decision.items.len(), 8);
        assert!(
            decision.items.windows(2).all(|pair| pair[0].score >= pair[1].score),
            "{slot}"
        );
    }
}

#[test]
fn bought_items_disappear_only_from_the_slot_that_excludes_them() {
    let engine = engine();
    let bought = profile(&engine, &[("conversion", "item-000"), ("click", "item-006")]);
    let home = answer(&engine, &request("home", visitor(Some(&bought))));
    assert!(!ids(&home).contains(&"item-000"));
    let all = Request {
        n: Some(24),
        ..request("diverse", visitor(Some(&bought)))
    };
    assert!(ids(&answer(&engine, &all)).contains(&"item-000"));
}

#[test]
fn items_outside_of_their_availability_are_shown_to_nobody() {
    let engine = engine();
    let fans: Vec<Profile> = (0..fixture::GROUPS)
        .map(|group| profile(&engine, &[("click", &format!("item-{group:03}"))]))
        .collect();
    for known in fans.iter().map(Some).chain([None]) {
        for slot in ["home", "segment"] {
            let all = Request {
                n: Some(24),
                ..request(slot, visitor(known))
            };
            for id in ids(&answer(&engine, &all)) {
                let number: usize = id.trim_start_matches("item-").parse().unwrap();
                assert!(number < fixture::ITEMS - 20, "{id} in {slot}");
            }
        }
    }
    let late = Request {
        n: Some(24),
        visitor: Visitor {
            now_ms: fixture::YEAR_2100_MS,
            ..visitor(None)
        },
        ..request("home", visitor(None))
    };
    assert_eq!(answer(&engine, &late).explanation.candidates, fixture::ITEMS - 10);
}

#[test]
fn a_category_of_any_level_limits_the_answer() {
    let engine = engine();
    let known = profile(&engine, &[("click", "item-004")]);
    for (name, depth) in [("Group 2", 0), ("shelf 2-0", 1)] {
        for who in [None, Some(&known)] {
            let limited = Request {
                category: Some(name),
                ..request("home", visitor(who))
            };
            let decision = answer(&engine, &limited);
            assert_eq!(decision.items.len(), 8, "{name}");
            assert!(
                decision
                    .items
                    .iter()
                    .all(|item| item.categories[depth].eq_ignore_ascii_case(name))
            );
        }
    }
}

#[test]
fn without_consent_nothing_of_the_profile_is_used() {
    let engine = engine();
    let known = profile(&engine, &[("click", "item-004")]);
    let denied = Visitor {
        consent: Consent::Denied,
        ..visitor(Some(&known))
    };
    for slot in ["home", "segment", "diverse"] {
        let with = answer(&engine, &request(slot, denied));
        let without = answer(&engine, &request(slot, visitor(None)));
        assert_eq!(with, without);
    }
    let ranked = engine.rank(&denied, &["item-001", "item-004"], 2).unwrap();
    assert_eq!(
        ranked,
        engine.rank(&visitor(None), &["item-001", "item-004"], 2).unwrap()
    );
}

#[test]
fn visitors_share_cache_key_and_answer_within_a_segment_only() {
    let engine = engine();
    let one = profile(&engine, &[("click", "item-001")]);
    let two = profile(&engine, &[("click", "item-007"), ("view", "item-013")]);
    let other = profile(&engine, &[("click", "item-002")]);
    let plan = |who| {
        let request = request("segment", visitor(Some(who)));
        let context = engine.assign(&request).unwrap();
        (
            context.cache_key().unwrap(),
            serde_json::to_string(&engine.decide(&context)).unwrap(),
        )
    };
    assert_eq!(plan(&one), plan(&two));
    assert_ne!(plan(&one).0, plan(&other).0);
    assert!(plan(&one).0.as_str().contains("/segment/s1/"), "{:?}", plan(&one).0);
    // A shared answer contains nothing of a visitor's history.
    assert!(!plan(&one).1.contains("\"weight\""));
}

#[test]
fn a_remembered_segment_gives_the_same_cache_key_as_a_computed_one() {
    let engine = engine();
    let settled = profile(&engine, &[("click", "item-003")]);
    let mut forgetful = settled.clone();
    forgetful.segment = None;
    let key = |who| {
        engine
            .assign(&request("segment", visitor(Some(who))))
            .unwrap()
            .cache_key()
    };
    assert_eq!(key(&settled), key(&forgetful));
}

#[test]
fn diversity_limits_a_category_while_other_categories_have_items() {
    let engine = engine();
    let known = profile(&engine, &[("click", "item-004")]);
    let decision = answer(&engine, &request("diverse", visitor(Some(&known))));
    for item in &decision.items {
        let shelf = &item.categories[1];
        assert!(
            decision
                .items
                .iter()
                .filter(|other| &other.categories[1] == shelf)
                .count()
                <= 2
        );
    }
}

#[test]
fn excluded_ids_are_left_out_and_the_answer_is_not_shared() {
    let engine = engine();
    let plain = answer(&engine, &request("segment", visitor(None)));
    let first = ids(&plain)[0];
    let without = Request {
        exclude: &[first],
        ..request("segment", visitor(None))
    };
    let decision = answer(&engine, &without);
    assert!(!ids(&decision).contains(&first));
    assert_eq!(decision.items.len(), 8);
}

#[test]
fn similar_items_are_of_the_same_group_and_never_the_item_itself() {
    let engine = engine();
    let near = engine.similar("item-005", 10, NOW_MS).unwrap();
    assert_eq!(of_group(&near, 5), 10);
    assert!(!ids(&near).contains(&"item-005"));
    let key = |item| {
        let context = engine.assign_similar(&Conditions::PLAIN, item, 10, NOW_MS).unwrap();
        context.cache_key().unwrap()
    };
    assert_eq!(key("item-005"), key("item-005"));
    assert_ne!(key("item-005"), key("item-006"));
}

#[test]
fn candidates_are_ranked_once_each_and_unknown_ones_are_listed_separately() {
    let engine = engine();
    let known = profile(&engine, &[("click", "item-004")]);
    let given = ["nobody", "item-001", "item-010", "item-001", "item-016", "none"];
    let decision = engine.rank(&visitor(Some(&known)), &given, 10).unwrap();
    assert_eq!(decision.unknown, ["nobody", "none"]);
    let mut ranked = ids(&decision);
    assert_eq!(ranked[2], "item-001");
    ranked.sort_unstable();
    assert_eq!(ranked, ["item-001", "item-010", "item-016"]);
}

#[test]
fn an_item_that_is_not_yet_or_no_longer_available_is_named_nowhere() {
    let engine = engine();
    let items = fixture::model().items;
    let [early, over] = [items.len() - 15, items.len() - 5].map(|index| items[index].id.as_str());
    // A visitor who touched both while they were there, and one item that still is.
    let known = profile(
        &engine,
        &[("conversion", early), ("conversion", over), ("view", "item-004")],
    );
    let ranked = engine
        .rank(&visitor(Some(&known)), &[early, "item-004", over], 10)
        .unwrap();
    assert_eq!(
        (ids(&ranked), ranked.unknown.clone()),
        (vec!["item-004"], vec![early, over])
    );
    for id in [early, over] {
        let refused = engine.similar(id, 5, NOW_MS);
        assert!(matches!(refused, Err(RequestError::UnknownItem { .. })), "{id}");
    }
    let home = answer(&engine, &request("home", visitor(Some(&known))));
    assert_eq!(home.scope, Scope::Visitor);
    for decision in [&home, &ranked] {
        assert_eq!(decision.explanation.history.len(), 1);
        let named = decision.explanation.history.iter().map(|item| item.item);
        let because = decision.items.iter().filter_map(|item| match item.reason {
            Reason::Because { item, .. } => Some(item),
            _ => None,
        });
        let named: Vec<&str> = named.chain(because).chain(ids(decision)).collect();
        assert!(!named.contains(&early) && !named.contains(&over), "{named:?}");
    }
    // Before it ended, the second one was there.
    let before = Visitor {
        now_ms: NOW_MS - 2 * 3_600_000,
        ..visitor(Some(&known))
    };
    assert_eq!(ids(&engine.rank(&before, &[early, over], 10).unwrap()), [over]);
    assert!(engine.similar(over, 5, NOW_MS - 2 * 3_600_000).is_ok());
}

#[test]
fn refused_requests_say_what_was_found() {
    let engine = engine();
    let error = |request: &Request<'_>| engine.assign(request).unwrap_err();
    assert_eq!(
        error(&request("hoem", visitor(None))).to_string(),
        "slot: expected one of home, segment, diverse, found \"hoem\"; add it to [[slots]] of the configuration or ask for one of these"
    );
    for n in [0, 25] {
        let asked = Request {
            n: Some(n),
            ..request("home", visitor(None))
        };
        assert_eq!(error(&asked), RequestError::Count { max: 24, found: n });
    }
    let category = Request {
        category: Some("Group 99"),
        ..request("home", visitor(None))
    };
    assert!(matches!(error(&category), RequestError::UnknownCategory { .. }));
    let ids = vec!["x"; 101];
    let exclude = Request {
        exclude: &ids,
        ..request("home", visitor(None))
    };
    assert_eq!(error(&exclude), RequestError::TooManyExcluded { found: 101 });
    assert!(matches!(
        engine.similar("none", 5, NOW_MS),
        Err(RequestError::UnknownItem { .. })
    ));
    assert_eq!(
        engine.rank(&visitor(None), &[], 5).unwrap_err(),
        RequestError::Candidates { found: 0 }
    );
}

#[test]
fn a_profile_whose_items_the_model_lacks_falls_back_to_the_daypart() {
    let engine = engine();
    let stranger = profile(&engine, &[("click", "gone-1"), ("conversion", "gone-2")]);
    assert_eq!(stranger.history().len(), 2);
    let decision = answer(&engine, &request("home", visitor(Some(&stranger))));
    assert_eq!(decision.scope, Scope::Context);
}

/// The fixture with a union of all segments. In its slot for segments, `rung` gives the serving segment of each.
fn with_union(rung: impl Fn(u32) -> u32) -> Engine<AlignedBytes> {
    let mut model = fixture::model();
    let leaves = u32::try_from(model.segments.len()).unwrap();
    let sum: Vec<f32> = (0..model.dims)
        .map(|dim| model.segments.iter().map(|segment| segment.centroid[dim]).sum())
        .collect();
    for segment in &mut model.segments {
        segment.parent = Some(leaves);
    }
    model.segments.push(selvedge::snapshot::writer::SegmentInput {
        centroid: sum,
        members: model.segments.iter().map(|segment| segment.members).sum(),
        parent: None,
        slate: vec![7, 3, 5, 11, 2, 13, 17, 19, 23, 29, 31, 37],
    });
    model.rungs = vec![(0..=leaves).map(rung).collect(); model.policy.slots.len()];
    engine_of(&model)
}

fn segment_slot(engine: &Engine<AlignedBytes>) -> String {
    let slots = &engine.snapshot().policy().slots;
    let slot = slots
        .iter()
        .find(|slot| slot.audience == selvedge::policy::Audience::Segment);
    slot.unwrap().name.clone()
}

#[test]
fn with_little_traffic_a_union_serves_its_segments_under_one_cache_key() {
    let apart = with_union(|segment| segment);
    let leaves = u32::try_from(apart.snapshot().leaf_segments()).unwrap();
    assert_eq!(apart.snapshot().segments(), apart.snapshot().leaf_segments() + 1);
    let together = with_union(|_| leaves);
    let slot = segment_slot(&apart);
    let mut keys = std::collections::BTreeSet::new();
    let mut segments = std::collections::BTreeSet::new();
    for item in ["item-000", "item-001", "item-002", "item-003"] {
        let profile = profile(&together, &[("click", item)]);
        segments.insert(profile.segment.unwrap().segment);
        let request = request(&slot, visitor(Some(&profile)));
        let context = together.assign(&request).unwrap();
        keys.insert(context.cache_key().unwrap());
        let decision = together.decide(&context);
        assert_eq!(
            (decision.scope, decision.segment),
            (Scope::Segment, u16::try_from(leaves).ok())
        );
        assert_eq!(ids(&decision)[..3], ["item-007", "item-003", "item-005"]);
    }
    // Visitors still have segments of their own, so another slot, or more traffic, can distinguish them.
    assert!(segments.len() > 1 && segments.iter().all(|segment| u32::from(*segment) < leaves));
    assert_eq!(keys.len(), 1);
}

#[test]
fn without_a_serving_segment_the_daypart_list_is_served() {
    let engine = with_union(|_| u32::MAX);
    let slot = segment_slot(&engine);
    let profile = profile(&engine, &[("click", "item-000")]);
    let known = engine.assign(&request(&slot, visitor(Some(&profile)))).unwrap();
    let stranger = engine.assign(&request(&slot, visitor(None))).unwrap();
    assert_eq!((known.scope, known.cache_key()), (stranger.scope, stranger.cache_key()));
}

#[test]
fn parents_before_their_children_and_serving_segments_out_of_range_are_refused() {
    let refused = |change: &dyn Fn(&mut selvedge::snapshot::writer::Model)| {
        let mut model = fixture::model();
        change(&mut model);
        let error = selvedge::snapshot::writer::build(&model, None).err();
        error.map(|error| error.to_string()).unwrap_or_default()
    };
    let slots = fixture::model().policy.slots.len();
    let segments = fixture::model().segments.len();
    let itself = refused(&|model| model.segments[1].parent = Some(1));
    assert!(
        itself.contains("segment-parents at element 1: expected a later segment"),
        "{itself}"
    );
    let outside = refused(&|model| model.segments[0].parent = Some(1_000));
    assert!(outside.contains("found 1000"), "{outside}");
    let rung = refused(&|model| model.rungs = vec![vec![99; segments]; slots]);
    assert!(
        rung.contains("rungs at element 0: expected a segment, or none, found 99"),
        "{rung}"
    );
    let short = refused(&|model| model.rungs = vec![vec![0; segments]]);
    assert!(slots == 1 || short.contains("rungs"), "{short}");
    // The list of a segment of one person shows what that person did. The writer ends with the reader's checks.
    for members in [0, 1] {
        let alone = refused(&|model| model.segments[2].members = members);
        assert!(
            alone.contains("segment-members at element 2: expected at least 2 members"),
            "{alone}"
        );
    }
    let list = refused(&|model| model.segments[0].slate = vec![1_000_000]);
    assert!(list.contains("list of a segment"), "{list}");
}

#[test]
fn an_availability_bitmap_of_another_minute_or_snapshot_is_not_used() {
    const HOUR_MS: u64 = 3_600_000;
    let engine = engine();
    let mut smaller = fixture::model();
    smaller.items.truncate(100);
    let smaller = engine_of(&smaller);
    // Ten items became unavailable an hour ago.
    for now_ms in [NOW_MS - 2 * HOUR_MS, NOW_MS] {
        let asker = Visitor {
            now_ms,
            ..visitor(None)
        };
        let everything = Request {
            n: Some(8),
            ..request("home", asker)
        };
        let context = engine.assign(&everything).unwrap();
        let expected = engine.decide(&context);
        let near_context = engine
            .assign_similar(&Conditions::PLAIN, "item-004", 5, now_ms)
            .unwrap();
        let near = engine.decide(&near_context);
        for kept in [
            engine.available(NOW_MS),
            engine.available(NOW_MS - 2 * HOUR_MS),
            smaller.available(now_ms),
        ] {
            assert_eq!(engine.decide_among(&kept, &context), expected);
            assert_eq!(engine.decide_among(&kept, &near_context), near);
        }
        let over = fixture::model().items.len() - near.explanation.candidates;
        assert_eq!(over, if now_ms == NOW_MS { 21 } else { 11 }, "and the item itself");
    }
    let available = engine.available(NOW_MS);
    assert!(available.is_of(NOW_MS) && !available.is_of(NOW_MS + 60_000));
}
