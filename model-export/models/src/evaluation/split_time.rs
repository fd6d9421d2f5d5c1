//! Where the test part begins: at the last days, unless they would judge nobody.

use crate::fit::days_ms;
use crate::interactions::{EventLog, Weighting};
use serde::{Deserialize, Serialize};

/// One of so many events may be a stray: an event whose date is wrong, far behind all others.
const STRAYS_OF: usize = 200;

/// Training needs at least one of so many events.
const PAST_OF: usize = 5;

/// The test part, where the last days say too little: one of so many parts of the time, or of the events.
const LAST_OF: usize = 10;

/// How the test part was chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// The last `evaluate.test_days`.
    #[default]
    TestDays,
    /// The last tenth of the time.
    LastTenthOfTime,
    /// The last tenth of the events.
    LastTenthOfEvents,
}

/// A split at one time for all users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// Events before this time are trained on.
    pub at_ms: i64,
    /// Just after the last event that is tested on.
    pub until_ms: i64,
    /// Events from there on, which are too far behind all others to be meant.
    pub strays: usize,
    /// How it was chosen.
    pub by: SplitBy,
}

/// Chooses the split: the last `test_days` if they judge at least `min_judged` users and leave enough to train on, else the last tenth of the time,
/// else of the events. If none does, the one that judges most. A few events whose dates lie far behind all others do not count.
#[must_use]
pub fn split_time(log: &EventLog, weighting: &Weighting, test_days: f64, min_judged: usize) -> TimeRange {
    let times: Vec<i64> = log
        .events
        .iter()
        .filter(|event| weighting.of_kind(event.kind) > 0.0)
        .map(|event| event.at_ms)
        .collect();
    let window_ms = days_ms(test_days);
    let settled = settled(&times, window_ms);
    let until_ms = times
        .get(..settled)
        .and_then(<[i64]>::last)
        .map_or_else(|| log.end_ms().unwrap_or(0), |last| last.saturating_add(1));
    let begin_ms = times.get(settled / STRAYS_OF).copied().unwrap_or(until_ms);
    let tenth = i64::try_from(LAST_OF).unwrap_or(1);
    let last_events = times
        .get(settled - settled / LAST_OF.max(1))
        .copied()
        .unwrap_or(until_ms);
    let choices = [
        (until_ms.saturating_sub(window_ms), SplitBy::TestDays),
        (
            until_ms.saturating_sub(until_ms.saturating_sub(begin_ms) / tenth),
            SplitBy::LastTenthOfTime,
        ),
        (last_events, SplitBy::LastTenthOfEvents),
    ];
    let judged = choices.map(|(at_ms, by)| {
        let past = times.partition_point(|time| *time < at_ms);
        let enough = past > 0 && past * PAST_OF >= settled;
        let users = if past == 0 {
            0
        } else {
            judgeable(log, weighting, at_ms, until_ms)
        };
        (at_ms, by, users, enough)
    });
    let wanted = min_judged.max(1);
    let good = judged.iter().find(|(_, _, users, enough)| *enough && *users >= wanted);
    // Of equals the first: what is configured.
    let most = || judged.iter().rev().max_by_key(|(_, _, users, _)| *users);
    let (at_ms, by) = good
        .or_else(most)
        .map_or((until_ms, SplitBy::TestDays), |(at_ms, by, ..)| (*at_ms, *by));
    TimeRange {
        at_ms,
        until_ms,
        strays: log.since(until_ms).len(),
        by,
    }
}

/// How many of the times are not strays: the last few are, if a gap lies before them that is longer than the test part and a tenth of all time
/// before.
fn settled(times: &[i64], window_ms: i64) -> usize {
    let few = times.len() / STRAYS_OF;
    let Some(begin) = times.get(few) else {
        return times.len();
    };
    for place in times.len() - few..times.len() {
        if let (Some(before), Some(time)) = (
            place.checked_sub(1).and_then(|place| times.get(place)),
            times.get(place),
        ) {
            let span = before.saturating_sub(*begin);
            if time.saturating_sub(*before) > window_ms.max(span / 10) {
                return place;
            }
        }
    }
    times.len()
}

/// Users with events on both sides.
fn judgeable(log: &EventLog, weighting: &Weighting, at_ms: i64, until_ms: i64) -> usize {
    let mut known = vec![false; log.users.len()];
    let mut judged = vec![false; log.users.len()];
    for event in log
        .before(until_ms)
        .iter()
        .filter(|event| weighting.of_kind(event.kind) > 0.0)
    {
        let side = if event.at_ms < at_ms { &mut known } else { &mut judged };
        if let Some(there) = side.get_mut(event.user as usize) {
            *there = true;
        }
    }
    known
        .iter()
        .zip(&judged)
        .filter(|(known, judged)| **known && **judged)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interactions::LogEvent;
    use selvedge::event::EventKind;

    const DAY_MS: i64 = 86_400_000;
    const ALL: Weighting = Weighting {
        kinds: [1.0; 5],
        half_life_ms: None,
    };

    /// 50 users, each with an event at every one of these times.
    fn log(times: impl Iterator<Item = i64>) -> EventLog {
        let mut events: Vec<LogEvent> = times
            .flat_map(|at_ms| {
                (0..50).map(move |user| LogEvent {
                    at_ms,
                    user,
                    item: 0,
                    kind: EventKind::Click.code(),
                })
            })
            .collect();
        events.sort_unstable();
        EventLog {
            users: (0..50).map(|user| user.to_string()).collect(),
            items: vec!["i".to_owned()],
            events,
        }
    }

    fn stray(log: &mut EventLog, at_ms: i64) {
        log.events.push(LogEvent {
            at_ms,
            user: 0,
            item: 0,
            kind: EventKind::Click.code(),
        });
    }

    #[test]
    fn the_last_days_are_judged_where_they_have_something() {
        let split = split_time(&log((0..40).map(|day| day * DAY_MS)), &ALL, 7.0, 30);
        assert_eq!((split.by, split.strays), (SplitBy::TestDays, 0));
        assert_eq!((split.at_ms, split.until_ms), (32 * DAY_MS + 1, 39 * DAY_MS + 1));
    }

    #[test]
    fn a_stray_date_decides_nothing() {
        let mut log = log((0..40).map(|day| day * DAY_MS));
        let without = split_time(&log, &ALL, 7.0, 30);
        stray(&mut log, 400 * DAY_MS);
        stray(&mut log, 401 * DAY_MS);
        let with = split_time(&log, &ALL, 7.0, 30);
        assert_eq!(
            (with.at_ms, with.until_ms, with.strays),
            (without.at_ms, without.until_ms, 2)
        );
    }

    #[test]
    fn less_than_a_week_is_split_at_the_last_tenth_of_it() {
        let split = split_time(&log((0..50).map(|hour| hour * 3_600_000)), &ALL, 7.0, 30);
        assert_eq!(split.by, SplitBy::LastTenthOfTime);
        assert!((44 * 3_600_000..46 * 3_600_000).contains(&split.at_ms), "{split:?}");
        // All but nothing in the first days, and then all at once.
        let burst = (0..100).map(|number| {
            if number < 5 {
                number * 100 * DAY_MS
            } else {
                1_000 * DAY_MS + number
            }
        });
        let split = split_time(&log(burst), &ALL, 7.0, 30);
        assert_eq!(split.by, SplitBy::LastTenthOfEvents, "{split:?}");
    }

    #[test]
    fn nothing_is_split_where_everything_is_at_one_time() {
        let one = log(std::iter::once(DAY_MS));
        let split = split_time(&one, &ALL, 7.0, 30);
        assert!(one.before(split.at_ms).is_empty() || one.since(split.at_ms).is_empty());
        let none = split_time(&EventLog::default(), &ALL, 7.0, 30);
        assert_eq!(none.strays, 0);
    }
}
