//! Evaluation on a global time split: what was known before a time is trained on, what came after it is predicted.

use std::collections::HashSet;

use selvedge::encode::FoldInParameters;
use selvedge::event::EventKind;
use selvedge::profile::MAX_HISTORY;
use selvedge::quantize::Width;

use super::baselines::{Popularity, own_items};
use super::metrics::count;
use super::report::{Evaluation, Judge, Protocol, Ranking, Split};
use super::served::{ServedItems, ServedUser};
use super::{EvaluateError, MAX_USERS};
use crate::als::{Factors, Scorer};
use crate::compress::{Coding, Measured, Rotation};
use crate::config::Config;
use crate::interactions::{EventLog, LogEvent, Weighting, distinct_users, positions};
use crate::train::{Fitted, days_ms, fit, objective};

/// "Recently popular" looks back as far as the test looks ahead, and at least a week.
const RECENT_DAYS: f64 = 7.0;

/// Trains on the events before the last `evaluate.test_days` and judges on those days.
///
/// # Errors
/// [`EvaluateError`] when one of the parts is empty or training fails.
pub fn evaluate(log: &EventLog, config: &Config) -> Result<Evaluation, EvaluateError> {
    let until_ms = log.end_ms().unwrap_or(0);
    let split_ms = until_ms.saturating_sub(days_ms(config.evaluate.test_days));
    // The past is a log of its own: nothing that trains can look past the split.
    let past = EventLog {
        users: log.users.clone(),
        items: log.items.clone(),
        events: log.before(split_ms).to_vec(),
    };
    let weighting = Weighting::new(&config.train);
    let future: Vec<LogEvent> = log
        .since(split_ms)
        .iter()
        .filter(|event| weighting.of_kind(event.kind) > 0.0)
        .copied()
        .collect();
    if past.events.is_empty() || future.is_empty() {
        return Err(EvaluateError::EmptyPart {
            test_days: config.evaluate.test_days,
            before: past.events.len(),
            after: future.len(),
        });
    }
    let fitted = fit(&past, split_ms, &config.train)?;
    let known = Known::new(&past, &fitted, split_ms, &weighting);
    let recent_ms = split_ms.saturating_sub(days_ms(config.evaluate.test_days.max(RECENT_DAYS)));
    let recent = past
        .since(recent_ms)
        .iter()
        .filter(|event| weighting.of_kind(event.kind) > 0.0);
    let baselines = [
        ("most-popular", Popularity::new(&known.item_users)),
        (
            "recently-popular",
            Popularity::new(&distinct_users(past.items.len(), recent)),
        ),
    ];
    let parameters = objective(&config.train).fold_in(fitted.set.items.len());
    let served = ServedItems::new(&fitted.outcome.items, Width::Int8, parameters)?;
    let scorer = Scorer::new(&fitted.outcome.items);
    let k = usize::try_from(config.evaluate.k).unwrap_or(usize::MAX);

    let mut protocols = Vec::new();
    let mut codings = Vec::new();
    for only_new in [false, true] {
        let cases = known.cases(&future, only_new);
        let excluded = |case: &Case| {
            if only_new {
                known.taken[case.row].as_slice()
            } else {
                &[]
            }
        };
        let held_out: Vec<Vec<u32>> = cases.iter().map(|case| case.held_out.clone()).collect();
        let judge = Judge {
            k,
            held_out: &held_out,
            item_users: &known.item_users,
            users: known.users,
        };
        let mut rankings: Vec<Ranking> = baselines
            .iter()
            .map(|(name, popularity)| {
                let lists = cases.iter().map(|case| popularity.fill(Vec::new(), excluded(case), k));
                judge.judge(name, &lists.collect::<Vec<_>>())
            })
            .collect();
        if !only_new {
            let again = cases
                .iter()
                .map(|case| baselines[0].1.fill(own_items(&known.weights[case.row]), &[], k));
            rankings.push(judge.judge("buy-again", &again.collect::<Vec<_>>()));
        }
        let columns: Vec<Vec<u32>> = cases.iter().map(|case| known.columns_of(excluded(case))).collect();
        let queries: Vec<(&[f32], &[u32])> = cases
            .iter()
            .zip(&columns)
            .map(|(case, columns)| (fitted.outcome.users.row(case.row), columns.as_slice()))
            .collect();
        rankings.push(judge.judge("als", &known.items_of(scorer.top_k(&queries, k))));
        let users: Vec<ServedUser> = cases
            .iter()
            .zip(columns)
            .map(|(case, excluded)| ServedUser {
                history: known.profile(case.row),
                excluded,
            })
            .collect();
        let lists = served.top_k(&users, k)?;
        rankings.push(judge.judge("als-served", &known.items_of(lists.clone())));
        if !only_new {
            codings = measure(&fitted.outcome.items, parameters, &users, &lists, |lists| {
                judge.judge("coding", &known.items_of(lists)).ndcg.value
            })?;
        }
        let held = held_out.iter().map(Vec::len).sum::<usize>();
        protocols.push(Protocol {
            name: if only_new { "new" } else { "all" }.to_owned(),
            users: cases.len(),
            held_out_per_user: count(held) / count(cases.len().max(1)),
            rankings,
        });
    }
    let future_users: HashSet<u32> = future.iter().map(|event| event.user).collect();
    let users_without_history = future_users
        .iter()
        .filter(|&&user| fitted.set.users.binary_search(&user).is_err())
        .count();
    Ok(Evaluation {
        split: Split::Time {
            at_ms: split_ms,
            until_ms,
        },
        k,
        iterations: fitted.outcome.iteration,
        users: fitted.set.users.len(),
        items: fitted.set.items.len(),
        interactions: fitted.set.matrix.entries(),
        users_without_history,
        protocols,
        codings,
    })
}

/// Serves the same users from every coding. `full` are the lists of the first one; `ndcg` judges lists.
fn measure(
    items: &Factors,
    parameters: FoldInParameters,
    users: &[ServedUser],
    full: &[Vec<u32>],
    ndcg: impl Fn(Vec<Vec<u32>>) -> f64,
) -> Result<Vec<Measured>, EvaluateError> {
    const TOP: usize = 10;
    let first = ndcg(full.to_vec());
    let mut measured = Vec::new();
    for coding in Coding::candidates(items.dims()) {
        let turned = Rotation::new(items, coding).apply_all(items);
        let served = ServedItems::new(&turned, coding.width, parameters)?;
        let lists = served.top_k(users, full.first().map_or(0, Vec::len))?;
        let shares: Vec<f64> = lists
            .iter()
            .zip(full)
            .map(|(list, full)| {
                let top = full.iter().take(TOP);
                let both = top
                    .clone()
                    .filter(|item| list.iter().take(TOP).any(|other| other == *item));
                count(both.count()) / count(top.count().max(1))
            })
            .collect();
        let ndcg = ndcg(lists);
        measured.push(Measured {
            width: coding.width.name().to_owned(),
            dims: coding.dims,
            bytes_per_item: coding.bytes_per_item(),
            ndcg,
            kept: if first > 0.0 { ndcg / first } else { 1.0 },
            overlap: shares.iter().sum::<f64>() / count(shares.len().max(1)),
            search_us: served.search_us(users, TOP * 2)?,
        });
    }
    Ok(measured)
}

/// One judged user.
struct Case {
    /// Row in the model.
    row: usize,
    /// Items to be found, ascending.
    held_out: Vec<u32>,
}

/// What is known at the split, by rows of the model; items are those of the log, columns those of the model.
struct Known<'a> {
    rows: Vec<Option<u32>>,
    columns: Vec<Option<u32>>,
    items: &'a [u32],
    /// Events of each row that count, by time.
    events: Vec<Vec<LogEvent>>,
    /// Items of each row with their summed weights, ascending.
    weights: Vec<Vec<(u32, f32)>>,
    /// Items of each row, ascending.
    taken: Vec<Vec<u32>>,
    /// Users of each item.
    item_users: Vec<u64>,
    users: usize,
    split_ms: i64,
    weighting: &'a Weighting,
}

impl<'a> Known<'a> {
    fn new(past: &EventLog, fitted: &'a Fitted, split_ms: i64, weighting: &'a Weighting) -> Self {
        let counting = || past.events.iter().filter(|event| weighting.of_kind(event.kind) > 0.0);
        let rows = positions(&fitted.set.users, past.users.len());
        let mut events = vec![Vec::new(); fitted.set.users.len()];
        for event in counting() {
            if let Some(row) = rows[event.user as usize] {
                events[row as usize].push(*event);
            }
        }
        let weights: Vec<Vec<(u32, f32)>> = events
            .iter()
            .map(|events| summed(events.iter(), split_ms, weighting, Some))
            .collect();
        Self {
            columns: positions(&fitted.set.items, past.items.len()),
            items: &fitted.set.items,
            taken: weights
                .iter()
                .map(|items| items.iter().map(|&(item, _)| item).collect())
                .collect(),
            item_users: distinct_users(past.items.len(), counting()),
            users: counting().map(|event| event.user).collect::<HashSet<u32>>().len(),
            rows,
            events,
            weights,
            split_ms,
            weighting,
        }
    }

    /// Users with something to find; every so-manieth where there are more than [`MAX_USERS`].
    fn cases(&self, future: &[LogEvent], only_new: bool) -> Vec<Case> {
        let mut pairs: Vec<(u32, u32)> = future
            .iter()
            .filter_map(|event| Some((self.rows[event.user as usize]?, event.item)))
            .filter(|&(row, item)| !only_new || self.taken[row as usize].binary_search(&item).is_err())
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let cases: Vec<Case> = pairs
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|pairs| {
                let row = pairs.first()?.0 as usize;
                Some(Case {
                    row,
                    held_out: pairs.iter().map(|&(_, item)| item).collect(),
                })
            })
            .collect();
        let step = cases.len().div_ceil(MAX_USERS).max(1);
        cases.into_iter().step_by(step).collect()
    }

    /// The history that a profile at the edge would hold at the split: the last events, known items only, as columns.
    fn profile(&self, row: usize) -> Vec<(u32, f32)> {
        let impression = EventKind::Impression.code();
        let remembered: Vec<&LogEvent> = self.events[row]
            .iter()
            .filter(|event| event.kind != impression)
            .collect();
        let last = remembered.len().saturating_sub(MAX_HISTORY);
        summed(
            remembered[last..].iter().copied(),
            self.split_ms,
            self.weighting,
            |item| self.columns[item as usize],
        )
    }

    fn columns_of(&self, items: &[u32]) -> Vec<u32> {
        items.iter().filter_map(|&item| self.columns[item as usize]).collect()
    }

    fn items_of(&self, lists: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
        lists
            .into_iter()
            .map(|list| list.into_iter().map(|column| self.items[column as usize]).collect())
            .collect()
    }
}

/// Sums of event weights per number of the item, ascending; items without a number are left out.
fn summed<'e>(
    events: impl Iterator<Item = &'e LogEvent>,
    now_ms: i64,
    weighting: &Weighting,
    number: impl Fn(u32) -> Option<u32>,
) -> Vec<(u32, f32)> {
    let mut weighted: Vec<(u32, f32)> = events
        .filter_map(|event| Some((number(event.item)?, weighting.of(event, now_ms))))
        .filter(|&(_, weight)| weight > 0.0)
        .collect();
    weighted.sort_by_key(|&(number, _)| number);
    weighted
        .chunk_by(|a, b| a.0 == b.0)
        .filter_map(|same| Some((same.first()?.0, same.iter().map(|&(_, weight)| weight).sum())))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::config::TrainConfig;
    use crate::random::SplitMix64;

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

    fn config() -> Config {
        let train = TrainConfig {
            factors: 16,
            iterations: 6,
            unobserved_weight: 0.1,
            validation_days: 0.0,
            ..TrainConfig::default()
        };
        let mut config = Config {
            train,
            ..Config::default()
        };
        config.evaluate.k = 10;
        config
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
        let evaluation = evaluate(&planted(), &config()).unwrap();
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
    fn a_model_that_falls_behind_its_baseline_does_not_pass() {
        let mut config = config();
        config.evaluate.must_beat = Some(crate::config::Baseline::MostPopular);
        let mut evaluation = evaluate(&planted(), &config).unwrap();
        assert!(crate::evaluate::gate(&evaluation, &config).is_ok());
        for ranking in &mut evaluation.protocols[0].rankings {
            if ranking.name == "als-served" {
                ranking.ndcg.value = 0.01;
            }
        }
        let refused = crate::evaluate::gate(&evaluation, &config).unwrap_err();
        assert!(
            matches!(
                refused,
                EvaluateError::Gate {
                    baseline: "most-popular",
                    ..
                }
            ),
            "{refused}"
        );
        config.evaluate.must_beat = None;
        assert!(crate::evaluate::gate(&evaluation, &config).is_ok());
    }

    #[test]
    fn every_smaller_coding_is_measured_against_the_full_one() {
        let evaluation = evaluate(&planted(), &config()).unwrap();
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
        let before = evaluate(&log, &config()).unwrap();
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
            fit(&past, at_ms, &config().train).unwrap().outcome
        };
        assert!(past(&log) == past(&other));
        let after = evaluate(&other, &config()).unwrap();
        assert_eq!(before.interactions, after.interactions);
        assert!(ranking(&after, 0, "als").ndcg.value < ranking(&before, 0, "als").ndcg.value);
    }

    #[test]
    fn an_empty_part_is_refused_with_the_counts() {
        let mut config = config();
        config.evaluate.test_days = 1_000.0;
        assert!(matches!(
            evaluate(&planted(), &config),
            Err(EvaluateError::EmptyPart {
                before: 0,
                after: 3_600,
                ..
            })
        ));
        config.evaluate.test_days = 0.0;
        assert!(matches!(
            evaluate(&planted(), &config),
            Err(EvaluateError::EmptyPart { after: 0, .. })
        ));
    }
}
