//! From events to the matrix that training works on.

use selvedge::encode::decay;
use selvedge::event::EVENT_KINDS;

use serde::{Deserialize, Serialize};

use crate::als::{MatrixError, SparseMatrix};

/// One event of a known user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogEvent {
    /// When, in milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// Row in [`EventLog::users`].
    pub user: u32,
    /// Row in [`EventLog::items`].
    pub item: u32,
    /// [`selvedge::event::EventKind::code`].
    pub kind: u8,
}

/// Events in order of time, with users and items as numbers.
///
/// Numbers follow the order of the ids and equal times that of the numbers: the same events give the same log, in
/// whatever order they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventLog {
    /// User ids, ascending.
    pub users: Vec<String>,
    /// Item ids, ascending.
    pub items: Vec<String>,
    /// Events, by time.
    pub events: Vec<LogEvent>,
}

impl EventLog {
    /// The log of events whose `user` and `item` are places in `users` and `items`, each in any order.
    #[must_use]
    pub fn new(users: Vec<String>, items: Vec<String>, events: impl IntoIterator<Item = LogEvent>) -> Self {
        let (users, user_numbers) = sorted(users);
        let (items, item_numbers) = sorted(items);
        let mut events: Vec<LogEvent> = events
            .into_iter()
            .map(|event| LogEvent {
                user: user_numbers[event.user as usize],
                item: item_numbers[event.item as usize],
                ..event
            })
            .collect();
        events.sort_unstable();
        Self { users, items, events }
    }

    /// The events before a time; the rest of [`Self::events`] is at that time or after it.
    #[must_use]
    pub fn before(&self, at_ms: i64) -> &[LogEvent] {
        &self.events[..self.events.partition_point(|event| event.at_ms < at_ms)]
    }

    /// The events at a time or after it.
    #[must_use]
    pub fn since(&self, at_ms: i64) -> &[LogEvent] {
        &self.events[self.events.partition_point(|event| event.at_ms < at_ms)..]
    }

    /// The time just after the last event: a split there has all events before it.
    #[must_use]
    pub fn end_ms(&self) -> Option<i64> {
        self.events.last().map(|event| event.at_ms.saturating_add(1))
    }
}

/// The ids in ascending order, and the new number of each old one.
fn sorted(ids: Vec<String>) -> (Vec<String>, Vec<u32>) {
    let mut numbered: Vec<(String, u32)> = ids.into_iter().zip(0..).collect();
    numbered.sort_unstable();
    let mut renumbered = vec![0; numbered.len()];
    for (new, (_, old)) in (0_u32..).zip(&numbered) {
        renumbered[*old as usize] = new;
    }
    (numbered.into_iter().map(|(id, _)| id).collect(), renumbered)
}

/// What an event counts: the weight of its kind, halved with every half-life of its age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighting {
    /// Weight per kind, by its code.
    pub kinds: [f32; EVENT_KINDS],
    /// Half-life in milliseconds; `None`: events do not age.
    pub half_life_ms: Option<u64>,
}

impl Weighting {
    /// The weight of an event at a time. The decay is the core's, so that a profile at the edge weighs the same.
    #[must_use]
    pub fn of(&self, event: &LogEvent, now_ms: i64) -> f32 {
        let kind = self.of_kind(event.kind);
        let age_ms = u64::try_from(now_ms.saturating_sub(event.at_ms)).unwrap_or(0);
        self.half_life_ms
            .map_or(kind, |half_life| kind * decay(age_ms, half_life))
    }

    /// The weight of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: u8) -> f32 {
        self.kinds.get(usize::from(kind)).copied().unwrap_or(0.0)
    }
}

/// What a model is trained on.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSet {
    /// Users × items; the weight of a cell is the sum of its events' weights.
    pub matrix: SparseMatrix,
    /// User of each matrix row, ascending.
    pub users: Vec<u32>,
    /// Item of each matrix column, ascending.
    pub items: Vec<u32>,
    /// Events that count, per matrix row.
    pub user_events: Vec<u64>,
    /// Events that count, per matrix column.
    pub item_events: Vec<u64>,
    /// Distinct users, per matrix column.
    pub item_users: Vec<u64>,
    /// The time that the weights are of.
    pub until_ms: i64,
}

/// Builds the training set from events before `until_ms`. Items of fewer than `min_item_users` users are left out, and
/// with them users who have no other item.
///
/// # Errors
/// [`MatrixError`] for weights that are not finite.
pub fn training_set(
    log: &EventLog,
    until_ms: i64,
    weighting: &Weighting,
    min_item_users: u64,
) -> Result<TrainingSet, MatrixError> {
    let counting = || {
        log.before(until_ms)
            .iter()
            .filter(|event| weighting.of(event, until_ms) > 0.0)
    };
    let item_users = distinct_users(log.items.len(), counting());
    let kept = |item: u32| item_users[item as usize] >= min_item_users.max(1);
    let items: Vec<u32> = (0..).take(log.items.len()).filter(|&item| kept(item)).collect();
    let columns = positions(&items, log.items.len());
    let mut events_of_user = vec![0_u64; log.users.len()];
    for event in counting().filter(|event| kept(event.item)) {
        events_of_user[event.user as usize] += 1;
    }
    let users: Vec<u32> = (0..)
        .take(log.users.len())
        .filter(|&user: &u32| events_of_user[user as usize] > 0)
        .collect();
    let rows = positions(&users, log.users.len());
    let mut item_events = vec![0; items.len()];
    let mut entries = Vec::new();
    for event in counting() {
        let (Some(row), Some(column)) = (rows[event.user as usize], columns[event.item as usize]) else {
            continue;
        };
        item_events[column as usize] += 1;
        entries.push((row, column, weighting.of(event, until_ms)));
    }
    Ok(TrainingSet {
        matrix: SparseMatrix::from_entries(users.len(), items.len(), entries)?,
        user_events: users.iter().map(|&user| events_of_user[user as usize]).collect(),
        item_users: items.iter().map(|&item| item_users[item as usize]).collect(),
        users,
        items,
        item_events,
        until_ms,
    })
}

/// What `min_item_users` leaves out of training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RareItems {
    /// Events that count, of all items.
    pub events: u64,
    /// Those of items of fewer users.
    pub rare_events: u64,
    /// These items.
    pub rare_items: u64,
    /// The largest `min_item_users`, up to the one that was asked for, that keeps two thirds of the events.
    pub keeps_two_thirds: u64,
}

impl RareItems {
    /// From the users and the events of each item.
    #[must_use]
    pub fn of(items: impl Iterator<Item = (u64, u64)>, min_item_users: u64) -> Self {
        let mut found = Self::default();
        let mut rare: std::collections::BTreeMap<u64, u64> = std::collections::BTreeMap::new();
        for (users, events) in items.filter(|(_, events)| *events > 0) {
            found.events += events;
            if users < min_item_users {
                found.rare_events += events;
                found.rare_items += 1;
                *rare.entry(users).or_default() += events;
            }
        }
        let mut left_out = found.rare_events;
        found.keeps_two_thirds = min_item_users.max(1);
        for (users, events) in rare.iter().rev() {
            if left_out * 3 <= found.events {
                break;
            }
            found.keeps_two_thirds = *users;
            left_out -= events;
        }
        found
    }

    /// The same of a log.
    #[must_use]
    pub fn of_log(log: &EventLog, weighting: &Weighting, min_item_users: u64) -> Self {
        let counting = || log.events.iter().filter(|event| weighting.of_kind(event.kind) > 0.0);
        let users = distinct_users(log.items.len(), counting());
        let mut events = vec![0_u64; log.items.len()];
        for event in counting() {
            if let Some(count) = events.get_mut(event.item as usize) {
                *count += 1;
            }
        }
        Self::of(users.into_iter().zip(events), min_item_users)
    }

    /// Whether more than a third of the events are left out.
    #[must_use]
    pub const fn is_too_much(&self) -> bool {
        self.rare_events * 3 > self.events
    }
}

/// Distinct users of each of `items` items.
#[must_use]
pub fn distinct_users<'a>(items: usize, events: impl Iterator<Item = &'a LogEvent>) -> Vec<u64> {
    let mut pairs: Vec<(u32, u32)> = events.map(|event| (event.item, event.user)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut counts = vec![0; items];
    for (item, _) in pairs {
        counts[item as usize] += 1;
    }
    counts
}

/// Position in `chosen` of each number below `count`.
#[must_use]
pub fn positions(chosen: &[u32], count: usize) -> Vec<Option<u32>> {
    let mut positions = vec![None; count];
    for (position, &number) in (0_u32..).zip(chosen) {
        positions[number as usize] = Some(position);
    }
    positions
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use selvedge::event::EventKind;

    const DAY_MS: i64 = 86_400_000;

    fn weighting(half_life_ms: Option<u64>) -> Weighting {
        Weighting {
            kinds: [0.0, 0.25, 0.5, 1.0, 1.0],
            half_life_ms,
        }
    }

    fn log(events: &[(&str, &str, EventKind, i64)]) -> EventLog {
        let (mut users, mut items, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for &(user, item, kind, day) in events {
            let number = |ids: &mut Vec<String>, id: &str| {
                let known = ids.iter().position(|known| known == id);
                u32::try_from(known.unwrap_or_else(|| {
                    ids.push(id.to_owned());
                    ids.len() - 1
                }))
            };
            rows.push(LogEvent {
                user: number(&mut users, user).unwrap(),
                item: number(&mut items, item).unwrap(),
                kind: kind.code(),
                at_ms: day * DAY_MS,
            });
        }
        EventLog::new(users, items, rows)
    }

    #[test]
    fn the_order_in_which_events_are_read_does_not_matter() {
        let mut events = vec![
            ("b", "y", EventKind::Click, 3),
            ("a", "x", EventKind::View, 1),
            ("c", "x", EventKind::Conversion, 3),
            ("a", "z", EventKind::Click, 2),
        ];
        let forward = log(&events);
        events.reverse();
        assert_eq!(forward, log(&events));
        assert_eq!(forward.users, ["a", "b", "c"]);
    }

    #[test]
    fn a_time_split_leaks_no_event() {
        let log = log(&[
            ("a", "x", EventKind::Click, 1),
            ("a", "y", EventKind::Click, 2),
            ("a", "z", EventKind::Click, 3),
            ("b", "only-later", EventKind::Click, 4),
        ]);
        let split = 2 * DAY_MS;
        assert!(log.before(split).iter().all(|event| event.at_ms < split));
        assert!(log.since(split).iter().all(|event| event.at_ms >= split));
        assert_eq!(log.before(split).len() + log.since(split).len(), 4);
        let set = training_set(&log, split, &weighting(None), 1).unwrap();
        assert_eq!(
            (set.users, set.items),
            (vec![0], vec![1]),
            "x alone was there before the split"
        );
        assert_eq!(log.before(log.end_ms().unwrap()).len(), 4);
    }

    #[test]
    fn weights_are_of_the_kind_and_halve_with_age_and_sum_up() {
        let log = log(&[
            ("a", "x", EventKind::Conversion, 0),
            ("a", "x", EventKind::Click, 10),
            ("a", "y", EventKind::Impression, 10),
        ]);
        let ten_days = u64::try_from(10 * DAY_MS).unwrap();
        let set = training_set(&log, 10 * DAY_MS + 1, &weighting(Some(ten_days)), 1).unwrap();
        assert_eq!(set.items.len(), 1, "an impression counts nothing");
        let weight = set.matrix.row_weights(0)[0];
        assert!((weight - 1.0).abs() < 1e-6, "half a conversion and a click: {weight}");
        assert_eq!((set.item_events[0], set.item_users[0], set.user_events[0]), (2, 1, 2));
    }

    #[test]
    fn what_is_left_out_is_counted_and_the_bound_that_keeps_two_thirds_is_named() {
        // 10 events of an item of 5 users, 20 of one of 3, 30 of one of a single user.
        let items = [(5, 10), (3, 20), (1, 30), (9, 0)];
        let found = RareItems::of(items.into_iter(), 5);
        assert_eq!((found.events, found.rare_events, found.rare_items), (60, 50, 2));
        assert!(found.is_too_much());
        assert_eq!(found.keeps_two_thirds, 1, "2 would leave out half");
        let found = RareItems::of([(5, 80), (3, 20), (1, 30)].into_iter(), 5);
        assert_eq!((found.keeps_two_thirds, found.is_too_much()), (3, true));
        let found = RareItems::of([(5, 80), (3, 20)].into_iter(), 5);
        assert_eq!((found.keeps_two_thirds, found.is_too_much()), (5, false));
    }

    #[test]
    fn items_of_too_few_users_are_left_out_with_users_who_have_nothing_else() {
        let log = log(&[
            ("a", "x", EventKind::Click, 0),
            ("b", "x", EventKind::Click, 0),
            ("b", "x", EventKind::Click, 1),
            ("c", "rare", EventKind::Click, 1),
            ("c", "rare", EventKind::Click, 2),
        ]);
        let set = training_set(&log, 9 * DAY_MS, &weighting(None), 2).unwrap();
        assert_eq!((set.users.len(), set.items.len()), (2, 1));
        assert_eq!((set.item_users[0], set.item_events[0]), (2, 3));
    }
}
