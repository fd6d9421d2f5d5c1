//! Priors for visitors of whom only the time of day is known.

use selvedge::place::{DAYPARTS, Daypart};

use crate::als::Factors;
use crate::interactions::{EventLog, TrainingSet, Weighting, positions};

/// For each daypart, in the core's order, the mean of the user factors over the events in it, weighted as in training:
/// dayparts × dims. A daypart without events gets the mean over all. `daypart` tells the part of the week of a time in
/// milliseconds since 1970, on the clock that the users live by.
#[must_use]
pub fn context_factors(
    log: &EventLog,
    set: &TrainingSet,
    weighting: &Weighting,
    users: &Factors,
    daypart: impl Fn(i64) -> Daypart,
) -> Factors {
    let dims = users.dims();
    let rows = positions(&set.users, log.users.len());
    // First how much each user weighs in each daypart; then one pass over the factors.
    let mut weights = vec![[0.0_f64; DAYPARTS]; users.rows()];
    for event in log.before(set.until_ms) {
        if let Some(row) = rows[event.user as usize] {
            let part = daypart(event.at_ms).index();
            weights[row as usize][part] += f64::from(weighting.of(event, set.until_ms));
        }
    }
    let mut sums = vec![vec![0.0_f64; dims]; DAYPARTS + 1];
    let mut totals = [0.0_f64; DAYPARTS + 1];
    for (row, weights) in weights.iter().enumerate() {
        let all: f64 = weights.iter().sum();
        for (part, &weight) in weights.iter().chain([&all]).enumerate() {
            totals[part] += weight;
            for (sum, &value) in sums[part].iter_mut().zip(users.row(row)) {
                *sum += weight * f64::from(value);
            }
        }
    }
    let mut values = Vec::with_capacity(DAYPARTS * dims);
    for part in 0..DAYPARTS {
        let from = if totals[part] > 0.0 { part } else { DAYPARTS };
        let total = if totals[from] > 0.0 { totals[from] } else { 1.0 };
        #[expect(clippy::cast_possible_truncation, reason = "factors are in single precision")]
        values.extend(sums[from].iter().map(|sum| (sum / total) as f32));
    }
    Factors::new(dims, values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::als::SparseMatrix;
    use crate::interactions::LogEvent;

    #[test]
    fn a_context_is_the_mean_over_its_events_and_an_empty_one_the_mean_over_all() {
        let hour = 3_600_000;
        let monday = 1_512_345_600_000;
        let event = |user, hours: i64| LogEvent {
            at_ms: monday + hours * hour,
            user,
            item: 0,
            kind: 4,
        };
        let log = EventLog {
            users: vec!["a".to_owned(), "b".to_owned()],
            items: vec!["x".to_owned()],
            events: vec![event(0, 8), event(0, 9), event(1, 10), event(1, 20)],
        };
        let set = TrainingSet {
            matrix: SparseMatrix::from_entries(2, 1, vec![(0, 0, 2.0), (1, 0, 2.0)]).unwrap(),
            users: vec![0, 1],
            items: vec![0],
            user_events: vec![2, 2],
            item_events: vec![4],
            item_users: vec![2],
            until_ms: monday + 24 * hour,
        };
        let weighting = Weighting {
            kinds: [1.0; 5],
            half_life_ms: None,
        };
        let users = Factors::new(2, vec![3.0, 0.0, 0.0, 3.0]);
        let contexts = context_factors(&log, &set, &weighting, &users, |at_ms| {
            Daypart::of_local_ms(u64::try_from(at_ms).unwrap())
        });
        assert_eq!(Daypart::from_index(1).map(Daypart::name), Some("weekday-morning"));
        assert_eq!(contexts.row(1), [2.0, 1.0]);
        assert_eq!(contexts.row(3), [0.0, 3.0]);
        assert_eq!(contexts.row(6), [1.5, 1.5], "no event on a weekend");
        assert_eq!(contexts.rows(), 8);
    }
}
