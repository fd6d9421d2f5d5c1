//! What is known of users at the moment of a split.

use std::collections::HashSet;

use selvedge::event::EventKind;
use selvedge::profile::MAX_HISTORY;

use crate::fit::Fitted;
use crate::interactions::{EventLog, LogEvent, Weighting, distinct_users, positions};

/// Users that are judged, at most: with so many, intervals are narrower than any difference worth knowing.
const MAX_USERS: usize = 20_000;

/// One judged user.
pub struct Case {
    /// Row in the model.
    pub row: usize,
    /// Items to be found, ascending.
    pub held_out: Vec<u32>,
}

/// What is known at the split, by rows of the model; items are those of the log, columns those of the model.
pub struct Known<'a> {
    rows: Vec<Option<u32>>,
    columns: Vec<Option<u32>>,
    items: &'a [u32],
    /// Events of each row that count, by time.
    events: Vec<Vec<LogEvent>>,
    /// Items of each row with their summed weights, ascending.
    pub weights: Vec<Vec<(u32, f32)>>,
    /// Items of each row, ascending.
    pub taken: Vec<Vec<u32>>,
    /// Users of each item.
    pub item_users: Vec<u64>,
    /// Users with an event that counts.
    pub users: usize,
    split_ms: i64,
    weighting: &'a Weighting,
}

impl<'a> Known<'a> {
    pub fn new(past: &EventLog, fitted: &'a Fitted, split_ms: i64, weighting: &'a Weighting) -> Self {
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
    pub fn cases(&self, future: &[LogEvent], only_new: bool) -> Vec<Case> {
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
    pub fn profile(&self, row: usize) -> Vec<(u32, f32)> {
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

    pub fn columns_of(&self, items: &[u32]) -> Vec<u32> {
        items.iter().filter_map(|&item| self.columns[item as usize]).collect()
    }

    pub fn items_of(&self, lists: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
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
