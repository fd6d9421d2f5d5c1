//! A small site with planted tastes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use selvedge_models::lists::ListPolicy;

use super::*;
use crate::config::TrainConfig;
use selvedge::cache::Freshness;
use selvedge::event::EventKind;
use selvedge_models::fit::days_ms;
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
fn events_of_one_time_are_refused() {
    let mut log = log();
    for event in &mut log.events {
        event.at_ms = 0;
    }
    assert!(matches!(
        simulate(&log, &config(), &options()),
        Err(SimulateError::Empty { .. })
    ));
}

/// Each list of a segment as rows of the snapshot, in bytes.
fn lists<B: AsRef<[u8]>>(snapshot: &selvedge::snapshot::Snapshot<B>, segments: usize) -> Vec<Vec<u8>> {
    (0..segments)
        .map(|segment| {
            let rows = snapshot.slate(1 + segment);
            rows.flat_map(|row| row.0.to_le_bytes()).collect()
        })
        .collect()
}

#[test]
fn the_lists_that_are_measured_are_byte_for_byte_those_that_are_packed() {
    use crate::model::ModelDir;
    use crate::stage::Cleared;

    // 2025-01-01: ingest takes no times before 1990.
    const BASE_MS: i64 = 1_735_689_600_000;
    let folder = tempfile::tempdir().unwrap();
    let log = log();
    let until_ms = log.end_ms().unwrap() - days_ms(7.0);
    let mut events = "user,item,time\n".to_owned();
    for event in log.before(until_ms) {
        let (user, item) = (&log.users[event.user as usize], &log.items[event.item as usize]);
        events.push_str(&format!("{user},{item},{}\n", BASE_MS + event.at_ms));
    }
    std::fs::write(folder.path().join("events.csv"), events).unwrap();
    let text = "[[events]]\npath = \"events.csv\"\nevent_type = \"conversion\"\ntimestamp_format = \"unix_ms\"\n\
                [events.columns]\nuser = \"user\"\nitem = \"item\"\ntimestamp = \"time\"\n\
                [train]\nfactors = 16\niterations = 6\nvalidation_days = 0.0\n[segment]\ncount = 5\nmin_members = 10\n\
                [pack]\nslate_length = 30\n";
    let mut config = Config::parse(text, "selvedge.toml".as_ref(), folder.path(), &[]).unwrap();
    let now_ms = BASE_MS + log.end_ms().unwrap();
    selvedge_lake::ingest::ingest(&config.sources(), now_ms, |_| std::rc::Rc::new(|_| ())).unwrap();
    crate::pack::generate(&config.pack.signing_key).unwrap();
    let model = ModelDir::new(&config.model.dir);
    for policy in [ListPolicy::Voted, ListPolicy::Centroid] {
        config.segment.lists = policy;
        // What is shipped: trained on everything in the lake.
        crate::stages::train(&config, &model).unwrap();
        crate::stages::segment(&config, &model).unwrap();
        let packed = crate::pack::pack(&config, &model, &Cleared::without_gate(), now_ms).unwrap();
        let bytes = crate::pack::read_snapshot(&packed.path).unwrap();
        let packed = selvedge::snapshot::Snapshot::open(bytes, selvedge::snapshot::Trust::Unverified).unwrap();
        // What is measured: trained on the same events, which are the days before the test here.
        let past = read_log(&config).unwrap();
        let fitted = fit(
            &config.train.als(),
            &past,
            past.end_ms().unwrap(),
            &config.train.fit_plan(),
        )
        .unwrap();
        let options = Options {
            segments: vec![5, 2],
            ..options()
        };
        let weighting = config.train.weighting();
        let study = Study {
            log: &past,
            fitted: &fitted,
            config: &config,
            slot: &SlotConfig::default(),
            replay: Replay {
                log: &past,
                split_ms: past.end_ms().unwrap(),
                weighting: &weighting,
                k: 10,
                every: 1,
            },
            options: &options,
        };
        let engine = study.engine(&study.grouped(), config.segment.lists).unwrap();
        let segments = packed.leaf_segments();
        assert_eq!(engine.snapshot().leaf_segments(), segments);
        assert!(segments >= 3, "{segments}");
        let measured = lists(engine.snapshot(), segments);
        assert_eq!(measured, lists(&packed, segments), "{policy:?}");
        assert!(measured.iter().all(|list| list.len() == 30 * 4), "{policy:?}");
        let ids = |snapshot: &dyn Fn(usize) -> String| (0..60).map(snapshot).collect::<Vec<_>>();
        let row = |row: usize| selvedge::event::ItemIndex(u32::try_from(row).unwrap());
        assert_eq!(
            ids(&|at| engine.snapshot().text(row(at)).id.to_owned()),
            ids(&|at| packed.text(row(at)).id.to_owned()),
            "rows are the same items"
        );
    }
}
