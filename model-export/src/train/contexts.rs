//! Priors for visitors of whom only the time of day is known.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use selvedge::context::{DAYPARTS, Daypart};

use crate::als::Factors;
use crate::interactions::{EventLog, TrainingSet, Weighting, positions};
use crate::model::ContextFactors;

/// The part of the week of a time, on the clock of a zone. Times before 1970 count as 1970.
#[must_use]
pub fn daypart(at_ms: i64, zone: &TimeZone) -> Daypart {
    let offset_s = Timestamp::from_millisecond(at_ms).map_or(0, |at| zone.to_offset(at).seconds());
    let local_ms = at_ms.saturating_add(i64::from(offset_s) * 1000);
    Daypart::of_local_ms(u64::try_from(local_ms).unwrap_or(0))
}

/// For each daypart the mean of the user factors over the events in it, weighted as in training. A daypart without events
/// gets the mean over all.
#[must_use]
pub fn context_factors(
    log: &EventLog,
    set: &TrainingSet,
    weighting: &Weighting,
    users: &Factors,
    zone: &TimeZone,
) -> ContextFactors {
    let dims = users.dims();
    let rows = positions(&set.users, log.users.len());
    // First how much each user weighs in each daypart; then one pass over the factors.
    let mut weights = vec![[0.0_f64; DAYPARTS]; users.rows()];
    for event in log.before(set.until_ms) {
        if let Some(row) = rows[event.user as usize] {
            let part = daypart(event.at_ms, zone).index();
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
    ContextFactors {
        names: (0..DAYPARTS)
            .filter_map(Daypart::from_index)
            .map(|part| part.name().to_owned())
            .collect(),
        factors: Factors::new(dims, values),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::als::SparseMatrix;
    use crate::interactions::LogEvent;

    #[test]
    fn the_clock_is_that_of_the_zone() {
        // Monday 2017-12-04 05:30 UTC is 00:30 in New York and 06:30 in Berlin.
        let at_ms = 1_512_365_400_000;
        assert_eq!(daypart(at_ms, &TimeZone::UTC).name(), "weekday-night");
        assert_eq!(
            daypart(at_ms, &TimeZone::get("Europe/Berlin").unwrap()).name(),
            "weekday-morning"
        );
        // Saturday 02:00 UTC is still Friday evening in New York.
        let saturday = 1_512_784_800_000;
        assert_eq!(daypart(saturday, &TimeZone::UTC).name(), "weekend-night");
        assert_eq!(
            daypart(saturday, &TimeZone::get("America/New_York").unwrap()).name(),
            "weekday-evening"
        );
    }

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
        let contexts = context_factors(&log, &set, &weighting, &users, &TimeZone::UTC);
        assert_eq!(contexts.names[1], "weekday-morning");
        assert_eq!(contexts.factors.row(1), [2.0, 1.0]);
        assert_eq!(contexts.factors.row(3), [0.0, 3.0]);
        assert_eq!(contexts.factors.row(6), [1.5, 1.5], "no event on a weekend");
        assert_eq!(contexts.names.len(), 8);
    }
}
