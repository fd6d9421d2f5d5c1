//! A small site with planted tastes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use selvedge::event::EventKind;

use super::*;
use crate::als::Objective;
use crate::interactions::Weighting;
use crate::random::SplitMix64;
use crate::recommender::{Als, Imported};

const DAY_MS: i64 = 86_400_000;

/// 90 users of three tastes over 60 items, an event a day for 40 days.
fn planted() -> EventLog {
    let mut events = Vec::new();
    for user in 0..90_u32 {
        let mut random = SplitMix64::new(8, u64::from(user));
        for day in 0..40 {
            let draw = u32::try_from(random.below(20)).unwrap();
            let item = draw * 3 + user % 3;
            events.push(LogEvent {
                at_ms: day * DAY_MS,
                user,
                item,
                kind: EventKind::Conversion.code(),
            });
        }
    }
    events.sort_unstable();
    let names = |n: u32, letter: &str| (0..n).map(|i| format!("{letter}{i:03}")).collect();
    EventLog {
        users: names(90, "u"),
        items: names(60, "i"),
        events,
    }
}

fn als() -> Als {
    Als {
        dims: 16,
        iterations: 6,
        objective: Objective {
            unobserved_weight: 0.1,
            regularisation: 0.01,
            regularisation_exponent: 1.0,
        },
        seed: 42,
    }
}

fn plan() -> TimeSplit {
    TimeSplit {
        k: 10,
        test_days: 7.0,
        min_judged: 30,
        fit: FitPlan {
            weighting: Weighting {
                kinds: [0.0, 0.5, 0.5, 1.0, 1.0],
                half_life_ms: None,
            },
            min_item_users: 5,
            validation_ms: 0,
        },
        segments: SegmentPlan {
            search: Search {
                count: 3,
                min_members: 20,
                seed: 42,
            },
            lists: ListPolicy::Voted,
            length: 100,
        },
    }
}

fn judged(log: &EventLog, plan: &TimeSplit) -> Result<Evaluation, EvaluationError> {
    evaluate(log, &als(), plan, &|| 0.0)
}

fn ranking<'a>(evaluation: &'a Evaluation, protocol: usize, name: &str) -> &'a Ranking {
    evaluation.protocols[protocol]
        .rankings
        .iter()
        .find(|ranking| ranking.name == name)
        .unwrap()
}

#[test]
fn planted_tastes_are_found_and_beat_the_baselines_on_new_items() {
    let evaluation = judged(&planted(), &plan()).unwrap();
    let (als, popular) = (ranking(&evaluation, 1, "als"), ranking(&evaluation, 1, "most-popular"));
    assert!(als.ndcg.low > popular.ndcg.high, "{als:?} against {popular:?}");
    let served = ranking(&evaluation, 1, "als-served");
    assert!(
        (served.ndcg.value - als.ndcg.value).abs() < 0.03,
        "{served:?} against {als:?}"
    );
    assert_eq!(evaluation.protocols[0].name, "all");
    assert!(
        evaluation.protocols[0]
            .rankings
            .iter()
            .any(|ranking| ranking.name == "buy-again")
    );
    assert!(
        evaluation.protocols[1]
            .rankings
            .iter()
            .all(|ranking| ranking.name != "buy-again")
    );
}

#[test]
fn every_smaller_coding_is_measured_against_the_full_one() {
    let evaluation = judged(&planted(), &plan()).unwrap();
    let candidates = crate::compress::Coding::candidates(16).len();
    assert_eq!(evaluation.codings.len(), candidates);
    let full = &evaluation.codings[0];
    assert_eq!(
        (full.width.as_str(), full.dims, full.kept, full.overlap),
        ("int8", 16, 1.0, 1.0)
    );
    assert_eq!(full.ndcg, ranking(&evaluation, 0, "als-served").ndcg.value);
}

#[test]
fn the_model_that_is_judged_does_not_depend_on_the_test_days() {
    let log = planted();
    let before = judged(&log, &plan()).unwrap();
    // Another future: everybody takes item 0, all week.
    let Split::Time { at_ms, .. } = before.split else {
        panic!("a time split")
    };
    let mut other = log.clone();
    for event in other.events.iter_mut().filter(|event| event.at_ms >= at_ms) {
        event.item = 0;
    }
    other.events.sort_unstable();
    let past = |log: &EventLog| {
        let past = EventLog {
            events: log.before(at_ms).to_vec(),
            ..log.clone()
        };
        fit(&als(), &past, at_ms, &plan().fit).unwrap().outcome
    };
    assert!(past(&log) == past(&other));
    let after = judged(&other, &plan()).unwrap();
    assert_eq!(before.interactions, after.interactions);
    assert!(ranking(&after, 0, "als").ndcg.value < ranking(&before, 0, "als").ndcg.value);
}

#[test]
fn test_days_that_judge_nobody_give_way_and_an_empty_part_is_refused_with_the_counts() {
    let mut plan = plan();
    for days in [1_000.0, 0.0] {
        plan.test_days = days;
        let evaluation = judged(&planted(), &plan).unwrap();
        assert!(
            matches!(
                evaluation.split,
                Split::Time {
                    by: crate::evaluation::SplitBy::LastTenthOfTime,
                    ..
                }
            ),
            "{:?}",
            evaluation.split
        );
        assert_eq!((evaluation.protocols[0].users, evaluation.test_users), (90, 90));
    }
    let mut log = planted();
    for event in &mut log.events {
        event.at_ms = DAY_MS;
    }
    assert!(matches!(judged(&log, &plan), Err(EvaluationError::EmptyPart { .. })));
}

#[test]
fn vectors_that_were_exported_and_imported_serve_the_same_lists() {
    let log = planted();
    let at_ms = 33 * DAY_MS;
    let trained = fit(&als(), &log, at_ms, &plan().fit).unwrap();
    let export = als().export(&trained.outcome);
    let ids: Vec<String> = trained
        .set
        .items
        .iter()
        .map(|item| log.items[*item as usize].clone())
        .collect();
    let imported = Imported::new(ids, export.items.clone(), als().objective);
    let again = fit(&imported, &log, at_ms, &plan().fit).unwrap();
    assert_eq!(again.set, trained.set);
    let reexport = imported.export(&again.outcome);
    assert_eq!(reexport, export, "items and fold-in are those that were imported");
    let users: Vec<ServedUser> = (0..trained.set.users.len())
        .map(|row| {
            let weights = trained.set.matrix.row_weights(row).iter().copied();
            ServedUser {
                history: trained.set.matrix.row(row).iter().copied().zip(weights).collect(),
                excluded: Vec::new(),
            }
        })
        .collect();
    let lists = |export: &crate::recommender::Export| export.served(Width::Int8).unwrap().top_k(&users, 10).unwrap();
    assert_eq!(lists(&export), lists(&reexport));
    // The same through the whole evaluation: what is served does not depend on which of the two it came from.
    let evaluation = evaluate(&log, &imported, &plan(), &|| 0.0).unwrap();
    let served = ranking(&evaluation, 0, "imported-served");
    let own = ranking(&evaluation, 0, "imported");
    assert!(
        (served.ndcg.value - own.ndcg.value).abs() < 0.03,
        "{served:?} against {own:?}"
    );
}

#[test]
fn segments_are_judged_by_the_lists_that_they_are_shown() {
    let voted = judged(&planted(), &plan()).unwrap();
    let everybody = ranking(&voted, 0, "most-popular").ndcg.value;
    let served = ranking(&voted, 0, "als-served").ndcg.value;
    let segments = ranking(&voted, 0, "segments").ndcg.value;
    assert!(
        segments > everybody,
        "three tastes, three segments: {segments} of {served}"
    );
    let mut one = plan();
    one.segments.search.count = 1;
    let one = judged(&planted(), &one).unwrap();
    assert!(ranking(&one, 0, "segments").ndcg.value < segments);
}

#[test]
fn items_without_an_imported_vector_are_left_out() {
    let log = planted();
    let trained = fit(&als(), &log, 33 * DAY_MS, &plan().fit).unwrap();
    let ids: Vec<String> = log.items.iter().take(30).cloned().collect();
    let imported = Imported::new(ids, trained.outcome.items, als().objective);
    let again = fit(&imported, &log, 33 * DAY_MS, &plan().fit).unwrap();
    assert_eq!(again.outcome.items.rows(), 30);
    assert!(again.set.items.iter().all(|item| *item < 30));
}
