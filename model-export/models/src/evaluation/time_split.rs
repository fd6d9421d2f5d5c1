//! Evaluation on a global time split: what was known before a time is trained on, what came after it is predicted.

use std::collections::HashSet;

use selvedge::quantize::Width;

use super::codings::measure;
use super::error::EvaluationError;
use super::known::{Case, Known};
use super::report::{Evaluation, Judge, Protocol, Ranking, Split, served_name};
use super::split_time::split_time;
use crate::baselines::{Popularity, own_items};
use crate::fit::{FitPlan, days_ms, fit};
use crate::interactions::{EventLog, LogEvent, distinct_users};
use crate::lists::{ListPolicy, Segmentation, ready_lists};
use crate::metrics::count;
use crate::recommender::Recommender;
use crate::segments::{Search, cluster, tree};
use crate::served::ServedUser;

/// "Recently popular" looks back as far as the test looks ahead, and at least a week.
const RECENT_DAYS: f64 = 7.0;

/// What is judged, and how a model is fitted for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeSplit {
    /// Length of the lists.
    pub k: usize,
    /// The last days of the log, which the model does not see.
    pub test_days: f64,
    /// Users that these days must judge; else another part is taken, see [`split_time`].
    pub min_judged: usize,
    /// How the model is fitted on the days before.
    pub fit: FitPlan,
    /// How its users are grouped, and what a group is shown.
    pub segments: SegmentPlan,
}

/// How users are grouped, and what each group is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SegmentPlan {
    /// How to look for segments.
    pub search: Search,
    /// How the list of a segment is made.
    pub lists: ListPolicy,
    /// How long it is.
    pub length: usize,
}

/// Fits the recommender on the events before the last `test_days` and judges it on those days. `clock_us` tells the
/// microseconds since any one moment: searches are timed by it.
///
/// # Errors
/// [`EvaluationError`] when one of the parts is empty or training fails.
pub fn evaluate(
    log: &EventLog,
    recommender: &dyn Recommender,
    plan: &TimeSplit,
    clock_us: &dyn Fn() -> f64,
) -> Result<Evaluation, EvaluationError> {
    let weighting = plan.fit.weighting;
    let range = split_time(log, &weighting, plan.test_days, plan.min_judged);
    let (split_ms, until_ms) = (range.at_ms, range.until_ms);
    // The past is a log of its own: nothing that trains can look past the split.
    let past = EventLog {
        users: log.users.clone(),
        items: log.items.clone(),
        events: log.before(split_ms).to_vec(),
    };
    let future: Vec<LogEvent> = log
        .since(split_ms)
        .iter()
        .take_while(|event| event.at_ms < until_ms)
        .filter(|event| weighting.of_kind(event.kind) > 0.0)
        .copied()
        .collect();
    if past.events.is_empty() || future.is_empty() {
        return Err(EvaluationError::EmptyPart {
            test_days: plan.test_days,
            before: past.events.len(),
            after: future.len(),
        });
    }
    let fitted = fit(recommender, &past, split_ms, &plan.fit)?;
    let known = Known::new(&past, &fitted, split_ms, &weighting);
    let recent_ms = split_ms.saturating_sub(days_ms(plan.test_days.max(RECENT_DAYS)));
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
    let export = recommender.export(&fitted.outcome);
    let served = export.served(Width::Int8)?;
    let clusters = cluster(&fitted.outcome.users, &plan.segments.search);
    let tree = tree(&clusters.centroids, &clusters.members);
    let segments = Segmentation {
        tree: &tree,
        users: &fitted.outcome.users,
        assignment: &clusters.assignment,
    };
    let SegmentPlan { lists, length, .. } = plan.segments;
    let ready = ready_lists(lists, &segments, &export.items, &served, &tree.centroids, length)?;
    let k = plan.k;

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
        let rows: Vec<(usize, &[u32])> = cases
            .iter()
            .zip(&columns)
            .map(|(case, columns)| (case.row, columns.as_slice()))
            .collect();
        let exact = recommender.score(&fitted.outcome, &rows, k);
        rankings.push(judge.judge(recommender.name(), &known.items_of(exact)));
        let users: Vec<ServedUser> = cases
            .iter()
            .zip(columns)
            .map(|(case, excluded)| ServedUser {
                history: known.profile(case.row),
                excluded,
            })
            .collect();
        let lists = served.top_k(&users, k)?;
        rankings.push(judge.judge(&served_name(recommender), &known.items_of(lists.clone())));
        let shared = cases.iter().map(|case| {
            let leaf = clusters.assignment.get(case.row).copied().flatten();
            let list = leaf.map_or(&[][..], |leaf| ready[leaf as usize].as_slice());
            let items = list.iter().map(|column| fitted.set.items[*column as usize]);
            let left: Vec<u32> = items
                .filter(|item| excluded(case).binary_search(item).is_err())
                .take(k)
                .collect();
            baselines[0].1.fill(left, excluded(case), k)
        });
        rankings.push(judge.judge("segments", &shared.collect::<Vec<_>>()));
        if !only_new {
            codings = measure(&export, &users, &lists, clock_us, |lists| {
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
            by: range.by,
            strays: range.strays,
        },
        k,
        iterations: fitted.outcome.iteration,
        users: fitted.set.users.len(),
        items: fitted.set.items.len(),
        interactions: fitted.set.matrix.entries(),
        users_without_history,
        test_users: future_users.len(),
        protocols,
        codings,
    })
}

#[cfg(test)]
mod tests;
