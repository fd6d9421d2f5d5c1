//! Edge locations with a cache each, by the core's freshness.

use std::collections::HashMap;

use selvedge::cache::{Freshness, State};

use selvedge_models::random::SplitMix64;

/// One request for a key at a location.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// When, seconds from the start.
    pub at_s: f64,
    /// Where.
    pub location: u32,
    /// Number of the key.
    pub key: u32,
}

/// How a cache did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Requests that were answered from the cache, stale answers included.
    pub hits: u64,
    /// Of these, the ones that were answered stale while a new answer was made.
    pub stale: u64,
    /// Requests that waited for an answer to be made.
    pub misses: u64,
}

impl Outcome {
    /// Hits of all requests.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
    pub fn hit_ratio(&self) -> f64 {
        self.hits as f64 / (self.hits + self.misses).max(1) as f64
    }
}

/// Replays requests, in order of time, through a cache per location. Every `refresh_s` a new snapshot comes, whose keys are new.
#[must_use]
pub fn replay(asked: impl Iterator<Item = Asked>, freshness: &Freshness, refresh_s: f64) -> Outcome {
    let mut made: HashMap<(u32, u32, u64), f64> = HashMap::new();
    let mut outcome = Outcome::default();
    for Asked { at_s, location, key } in asked {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "numbers of snapshots and whole seconds"
        )]
        let (snapshot, second) = ((at_s / refresh_s) as u64, |age: f64| age as u32);
        let stored = made.entry((location, key, snapshot)).or_insert(f64::NEG_INFINITY);
        let state = if stored.is_finite() {
            freshness.state(second(at_s - *stored))
        } else {
            State::Expired
        };
        match state {
            State::Fresh => outcome.hits += 1,
            State::StaleWhileRevalidate => {
                outcome.hits += 1;
                outcome.stale += 1;
                *stored = at_s;
            }
            // Nothing fails here, so that what is left for errors is not used.
            State::StaleIfError | State::Expired => {
                outcome.misses += 1;
                *stored = at_s;
            }
        }
    }
    outcome
}

/// The location that a visitor comes through: the i-th of `locations` gets a share of 1 / i (Zipf).
#[must_use]
pub fn location(visitor: u32, locations: u32, seed: u64) -> u32 {
    let weights = || (1..=locations.max(1)).map(|place| 1.0 / f64::from(place));
    let total: f64 = weights().sum();
    let mut rest = SplitMix64::new(seed, u64::from(visitor)).uniform() * total;
    for (location, weight) in (0..).zip(weights()) {
        rest -= weight;
        if rest < 0.0 {
            return location;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESHNESS: Freshness = Freshness {
        ttl_s: 10,
        stale_while_revalidate_s: 20,
        stale_if_error_s: 0,
    };

    fn outcome(times: &[f64], refresh_s: f64) -> Outcome {
        let asked = times.iter().map(|&at_s| Asked {
            at_s,
            location: 0,
            key: 0,
        });
        replay(asked, &FRESHNESS, refresh_s)
    }

    #[test]
    fn answers_are_fresh_then_stale_then_made_anew() {
        let found = outcome(&[0.0, 9.9, 10.0, 19.9, 35.0, 80.0], 1e9);
        // 10.0 is stale and makes a new one; 19.9 finds it fresh; 35.0 finds it stale; 80.0 finds that expired.
        assert_eq!((found.hits, found.stale, found.misses), (4, 2, 2));
        assert!((found.hit_ratio() - 4.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn a_new_snapshot_starts_with_an_empty_cache() {
        let found = outcome(&[98.0, 99.0, 100.0, 101.0], 100.0);
        assert_eq!((found.hits, found.misses), (2, 2));
    }

    #[test]
    fn locations_and_keys_do_not_answer_for_each_other() {
        let asked = [(0, 0), (1, 0), (0, 1), (0, 0)].map(|(location, key)| Asked {
            at_s: 1.0,
            location,
            key,
        });
        let found = replay(asked.into_iter(), &FRESHNESS, 1e9);
        assert_eq!((found.hits, found.misses), (1, 3));
    }

    #[test]
    fn the_first_locations_get_most_visitors() {
        let mut visitors = [0; 4];
        for visitor in 0..2_000 {
            visitors[location(visitor, 4, 1) as usize] += 1;
        }
        // Shares of 12, 6, 4 and 3 of 25.
        assert!(visitors.is_sorted_by(|a, b| a > b), "{visitors:?}");
        assert!((800..1_120).contains(&visitors[0]), "{visitors:?}");
    }
}
