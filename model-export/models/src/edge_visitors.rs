//! Which events of edge visitors count: those of visitors who came back, and of each visitor and each hour no more than its share.
//!
//! An edge visitor is known by the edge's cookie and nothing else. Anybody can be as many of them as there are requests to send, so three rules
//! limit what they decide in training and in popularity, which counts distinct visitors. Users of a site's own exports are not limited.

use std::collections::BTreeMap;

use selvedge::event::ItemKey;
use serde::Serialize;

use crate::interactions::{LogEvent, Weighting};

const HOUR_MS: i64 = 3_600_000;

/// What edge visitors may decide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Whether a visitor counts only once the cookie has come back.
    pub returned: bool,
    /// The greatest summed weight of one visitor's events.
    pub max_weight: f64,
    /// Of the visitors of one item, the largest share that may have come in one and the same hour.
    pub max_hour_share: f64,
    /// So many visitors of an item always count in one hour.
    pub min_hour_visitors: u64,
}

/// How many events do not count, by the first rule that leaves them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Of visitors whose cookie never came back.
    pub never_returned: u64,
    /// Beyond the weight of one visitor.
    pub over_weight: u64,
    /// Beyond the share of one hour.
    pub over_hour_share: u64,
}

/// An event, and whether an edge visitor's cookie had come back before it; [`None`] for a user of another source.
pub type TrustedEvent = (LogEvent, Option<bool>);

/// The events that count, in the order in which they were given. `users` and `items` are the ids.
///
/// A user of whom there is one event from another source than the edge is not limited.
#[must_use]
pub fn counting(
    events: Vec<TrustedEvent>,
    (users, items): (&[String], &[String]),
    limits: &Limits,
    weighting: &Weighting,
) -> (Vec<LogEvent>, LeftOut) {
    let mut known = vec![false; users.len()];
    let mut came_back = vec![false; users.len()];
    for (event, returning) in &events {
        known[event.user as usize] |= returning.is_none();
        came_back[event.user as usize] |= *returning == Some(true);
    }
    let mut left_out = LeftOut::default();
    let events: Vec<LogEvent> = events
        .into_iter()
        .map(|(event, _)| event)
        .filter(|event| {
            let user = event.user as usize;
            let counts = known[user] || came_back[user] || !limits.returned;
            left_out.never_returned += u64::from(!counts);
            counts
        })
        .collect();
    let is_limited = |event: &LogEvent| !known[event.user as usize];
    let heavy = beyond_weight(&events, is_limited, limits.max_weight, weighting);
    let events = without(events, &heavy, &mut left_out.over_weight);
    let flooding = beyond_hour_share(&events, (users, items), is_limited, limits, weighting);
    let events = without(events, &flooding, &mut left_out.over_hour_share);
    (events, left_out)
}

/// The events at these ascending places are left out, and counted.
fn without(events: Vec<LogEvent>, places: &[usize], left_out: &mut u64) -> Vec<LogEvent> {
    *left_out = places.len() as u64;
    let mut places = places.iter().peekable();
    let kept = events.into_iter().enumerate().filter(|(place, _)| {
        let is_left_out = places.peek() == Some(&place);
        if is_left_out {
            places.next();
        }
        !is_left_out
    });
    kept.map(|(_, event)| event).collect()
}

/// Places of the events that are behind the greatest weight of their visitor, the newest events first: they say most about today's interests.
fn beyond_weight(
    events: &[LogEvent],
    is_limited: impl Fn(&LogEvent) -> bool,
    max_weight: f64,
    weighting: &Weighting,
) -> Vec<usize> {
    let weight = |event: &LogEvent| f64::from(weighting.of_kind(event.kind));
    let mut places: Vec<usize> = (0..events.len())
        .filter(|&place| is_limited(&events[place]) && weight(&events[place]) > 0.0)
        .collect();
    places.sort_unstable_by_key(|&place| {
        let event = &events[place];
        (event.user, std::cmp::Reverse(*event), place)
    });
    let mut beyond = Vec::new();
    let (mut user, mut sum) = (None, 0.0);
    for place in places {
        let event = &events[place];
        if user != Some(event.user) {
            (user, sum) = (Some(event.user), 0.0);
        }
        sum += weight(event);
        if sum > max_weight {
            beyond.push(place);
        }
    }
    beyond.sort_unstable();
    beyond
}

/// Places of the events of visitors who are one too many for their item and hour.
fn beyond_hour_share(
    events: &[LogEvent],
    (users, items): (&[String], &[String]),
    is_limited: impl Fn(&LogEvent) -> bool,
    limits: &Limits,
    weighting: &Weighting,
) -> Vec<usize> {
    let counting = || {
        (0..)
            .zip(events)
            .filter(|(_, event)| weighting.of_kind(event.kind) > 0.0)
    };
    // Item, hour, visitor, place of the event.
    let mut visits: Vec<(u32, i64, u32, usize)> = Vec::new();
    let mut others: Vec<(u32, u32)> = Vec::new();
    for (place, event) in counting() {
        if is_limited(event) {
            visits.push((event.item, event.at_ms.div_euclid(HOUR_MS), event.user, place));
        } else {
            others.push((event.item, event.user));
        }
    }
    visits.sort_unstable();
    others.sort_unstable();
    others.dedup();
    let mut beyond = Vec::new();
    for of_item in visits.chunk_by(|a, b| a.0 == b.0) {
        let item = of_item[0].0;
        let base = others.partition_point(|other| other.0 <= item) - others.partition_point(|other| other.0 < item);
        let hours: Vec<&[(u32, i64, u32, usize)]> = of_item.chunk_by(|a, b| a.1 == b.1).collect();
        let counts: Vec<u64> = hours
            .iter()
            .map(|hour| hour.chunk_by(|a, b| a.2 == b.2).count() as u64)
            .collect();
        let allowed = allowed(base as u64, &counts, limits);
        for (hour, _) in hours.iter().zip(&counts).filter(|(_, count)| **count > allowed) {
            // By lot, but the same one at each run: neither the first nor the last of a flood are better than its others, and the visitors of the
            // same hour who are no part of it keep their chance.
            let mut drawn: BTreeMap<(u64, u32), Vec<usize>> = BTreeMap::new();
            for (item, at, user, place) in hour.iter() {
                let ticket = format!("{} {at} {}", items[*item as usize], users[*user as usize]);
                drawn.entry((ItemKey::of(&ticket).0, *user)).or_default().push(*place);
            }
            let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
            beyond.extend(drawn.into_values().skip(allowed).flatten());
        }
    }
    beyond.sort_unstable();
    beyond
}

/// The greatest number of visitors that one hour may bring an item: the share of all of its visitors, of whom those beyond this number do not
/// count. `base` is the number of its users from other sources.
fn allowed(base: u64, hours: &[u64], limits: &Limits) -> u64 {
    let mut total = base + hours.iter().sum::<u64>();
    loop {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts of visitors are far below 2^53, and the share is from 0 to 1"
        )]
        let share = (limits.max_hour_share * total as f64) as u64;
        let allowed = share.max(limits.min_hour_visitors);
        let counted = base + hours.iter().map(|count| (*count).min(allowed)).sum::<u64>();
        // The fewer count, the smaller is the share: it ends, because the total only falls.
        if counted == total {
            return allowed;
        }
        total = counted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use selvedge::event::EventKind;

    const LIMITS: Limits = Limits {
        returned: true,
        max_weight: 10.0,
        max_hour_share: 0.25,
        min_hour_visitors: 20,
    };
    const WEIGHTS: Weighting = Weighting {
        kinds: [0.0, 1.0, 1.0, 1.0, 1.0],
        half_life_ms: None,
    };

    fn event(user: u32, item: u32, at_ms: i64) -> LogEvent {
        LogEvent {
            at_ms,
            user,
            item,
            kind: EventKind::View.code(),
        }
    }

    fn ids(count: u32) -> Vec<String> {
        (0..count).map(|number| format!("id-{number}")).collect()
    }

    fn count(events: Vec<TrustedEvent>, users: u32, limits: &Limits) -> (Vec<LogEvent>, LeftOut) {
        counting(events, (&ids(users), &ids(3)), limits, &WEIGHTS)
    }

    #[test]
    fn a_visitor_counts_with_all_events_once_the_cookie_came_back() {
        let events = vec![
            (event(0, 0, 1), Some(false)),
            (event(0, 0, 2), Some(true)),
            (event(1, 0, 1), Some(false)),
            (event(1, 0, 2), Some(false)),
            (event(2, 0, 1), None),
        ];
        let (kept, left_out) = count(events.clone(), 3, &LIMITS);
        assert_eq!(kept, [event(0, 0, 1), event(0, 0, 2), event(2, 0, 1)]);
        assert_eq!(left_out.never_returned, 2);
        let all = Limits {
            returned: false,
            ..LIMITS
        };
        assert_eq!(count(events, 3, &all).0.len(), 5);
    }

    #[test]
    fn the_newest_events_count_up_to_the_weight_of_one_visitor() {
        let events: Vec<TrustedEvent> = (0..100).map(|at| (event(0, 0, at), Some(true))).collect();
        let (kept, left_out) = count(events, 1, &LIMITS);
        let times: Vec<i64> = kept.iter().map(|event| event.at_ms).collect();
        assert_eq!(times, (90..100).collect::<Vec<i64>>());
        assert_eq!(left_out.over_weight, 90);
        // A user of the site's own exports has as many as there are.
        let own = (0..100).map(|at| (event(0, 0, at), None)).collect();
        assert_eq!(count(own, 1, &LIMITS).0.len(), 100);
    }

    #[test]
    fn a_flood_in_one_hour_counts_no_more_than_its_share() {
        // 3,000 visitors in one hour, and 30 in each of 9 other hours: 90 of 360 are a quarter.
        let flood = (0..3000).map(|user| (event(user, 0, i64::from(user)), Some(true)));
        let usual = (0..270).map(|user| (event(3000 + user, 0, i64::from(1 + user / 30) * HOUR_MS), Some(true)));
        let (kept, left_out) = count(flood.chain(usual).collect(), 3270, &LIMITS);
        let in_flood = kept.iter().filter(|event| event.at_ms < HOUR_MS).count();
        assert_eq!((in_flood, kept.len()), (90, 360));
        assert_eq!(left_out.over_hour_share, 2910);
        // With buyers of the site's own exports, the same share of a greater number.
        let flood = (0..3000).map(|user| (event(user, 0, i64::from(user)), Some(true)));
        let buyers = (0..900).map(|user| (event(3000 + user, 0, 0), None));
        assert_eq!(count(flood.chain(buyers).collect(), 3900, &LIMITS).0.len(), 900 + 300);
        // An item that nobody else looked at.
        let flood = (0..3000).map(|user| (event(user, 1, i64::from(user)), Some(true)));
        assert_eq!(count(flood.collect(), 3000, &LIMITS).0.len(), 20);
    }

    #[test]
    fn who_counts_in_a_flood_does_not_depend_on_the_order_of_the_events() {
        let flood: Vec<TrustedEvent> = (0..200)
            .map(|user| (event(user, 0, i64::from(user)), Some(true)))
            .collect();
        let mut turned = flood.clone();
        turned.reverse();
        let sorted = |events| {
            let mut kept = count(events, 200, &LIMITS).0;
            kept.sort_unstable();
            kept
        };
        let kept = sorted(flood);
        assert_eq!(kept, sorted(turned));
        assert_ne!(
            kept,
            (0..20).map(|user| event(user, 0, i64::from(user))).collect::<Vec<_>>()
        );
    }
}
