//! A small site with planted tastes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::config::TrainConfig;
use selvedge::event::EventKind;
use selvedge_models::interactions::LogEvent;
use selvedge_models::random::SplitMix64;

const DAY_MS: i64 = 86_400_000;

/// Four tastes with 15 items each; a visitor a day.
fn log() -> EventLog {
    let mut events = Vec::new();
    for user in 0..160_u32 {
        let mut random = SplitMix64::new(4, u64::from(user));
        for day in 0..30 {
            let item = u32::try_from(random.below(15)).unwrap() * 4 + user % 4;
            events.push(LogEvent {
                at_ms: day * DAY_MS + i64::from(user) * 400_000,
                user,
                item,
                kind: EventKind::Conversion.code(),
            });
        }
    }
    events.sort_unstable();
    let names = |n: u32, letter: &str| (0..n).map(|i| format!("{letter}{i:03}")).collect();
    EventLog {
        users: names(160, "u"),
        items: names(60, "i"),
        events,
    }
}

fn config() -> Config {
    let mut config = Config {
        train: TrainConfig {
            factors: 16,
            iterations: 6,
            validation_days: 0.0,
            ..TrainConfig::default()
        },
        ..Config::default()
    };
    config.evaluate.k = 10;
    config
}

fn options() -> Options {
    Options {
        segments: vec![1, 4],
        ttl_s: vec![10, 60],
        requests_per_s: Some(2.0),
        locations: 1,
        refresh_s: 1e9,
        hit_ratio: 0.9,
        requests: 50_000,
    }
}

#[test]
fn as_many_segments_as_tastes_keep_nearly_all_and_one_keeps_little() {
    let found = simulate(&log(), &config(), &options()).unwrap();
    assert_eq!((found.requests, found.users), (7 * 160, 160));
    let [four, one] = found.levels.as_slice() else {
        panic!("two levels, {:?}", found.levels)
    };
    assert_eq!((four.segments, one.segments), (4, 1));
    for kept in [four.kept_k_means, four.kept_tree, four.kept_voted] {
        assert!(kept > 0.9 && one.kept_tree < kept - 0.3, "{kept}, {one:?}");
    }
    assert!(found.everyone.kept < 0.7);
    let chosen = found.recommended.unwrap();
    assert_eq!(chosen.segments, 4);
    assert!(chosen.hit_ratio >= 0.9);
}

#[test]
fn fewer_keys_and_longer_lives_are_hit_more_often() {
    let found = simulate(&log(), &config(), &options()).unwrap();
    let hits = |level: usize, ttl: usize| found.levels[level].caches[ttl].hit_ratio;
    assert!(hits(1, 0) >= hits(0, 0));
    assert!(hits(0, 1) >= hits(0, 0));
    // The rate of each key is half a second's; what is expected of requests at random is about what even ones find.
    let slot = SlotConfig::default();
    let freshness = Freshness {
        ttl_s: 10,
        stale_while_revalidate_s: slot.stale_while_revalidate_s,
        stale_if_error_s: slot.stale_if_error_s,
    };
    let expected = selvedge::cache::expected_hit_ratio(0.5, &freshness);
    assert!((hits(0, 0) - expected).abs() < 0.02, "{} of {expected}", hits(0, 0));
}

#[test]
fn a_replay_is_the_same_again_and_nothing_is_recommended_where_nothing_reaches() {
    let strict = Options {
        requests_per_s: Some(1e-6),
        ..options()
    };
    let (first, second) = (
        simulate(&log(), &config(), &strict).unwrap(),
        simulate(&log(), &config(), &strict).unwrap(),
    );
    assert_eq!(first.levels.len(), second.levels.len());
    for (a, b) in first.levels.iter().zip(&second.levels) {
        assert_eq!((a.kept_voted, a.kept_rerank), (b.kept_voted, b.kept_rerank));
        assert_eq!(a.caches[0].hit_ratio, b.caches[0].hit_ratio);
    }
    assert_eq!(first.recommended, None);
    assert!(first.levels[0].caches[0].hit_ratio < 0.01);
}

#[test]
fn test_days_without_events_are_refused() {
    let mut config = config();
    config.evaluate.test_days = 0.0;
    assert!(matches!(
        simulate(&log(), &config, &options()),
        Err(SimulateError::Empty { .. })
    ));
}
