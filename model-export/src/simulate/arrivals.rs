//! When and where requests arrive.

use selvedge::cache::Freshness;

use super::edge::{Asked, Outcome, location, replay};
use super::found::Options;
use super::visitors::Served;

/// Requests in time and place.
pub struct Arrivals {
    at_s: Vec<f64>,
    locations: Vec<u32>,
    /// Mean rate over all locations.
    pub requests_per_s: f64,
}

impl Arrivals {
    /// The logged times, stretched or drawn together to the rate that is asked for.
    pub fn new(served: &[Served], options: &Options) -> Self {
        const SEED: u64 = 0x0005_1a71_0e5e;
        let first = served.first().map_or(0, |request| request.at_ms);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of some years")]
        let logged = |request: &Served| (request.at_ms - first) as f64 / 1e3;
        let span = served.last().map_or(0.0, logged).max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
        let requests = served.len() as f64;
        let requests_per_s = options.requests_per_s.unwrap_or(requests / span);
        let stretched = requests / requests_per_s / span;
        Self {
            at_s: served.iter().map(|request| logged(request) * stretched).collect(),
            locations: served
                .iter()
                .map(|request| location(request.user, options.locations, SEED))
                .collect(),
            requests_per_s,
        }
    }

    /// The requests again and again until a snapshot's time has passed, so that what is found is not that of caches that are
    /// still filling; but no more than [`LOOKUPS`].
    pub fn through(&self, keys: &[u32], freshness: &Freshness, refresh_s: f64) -> Outcome {
        #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
        let round_s = keys.len().max(1) as f64 / self.requests_per_s;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is limited"
        )]
        let wanted = (refresh_s / round_s).ceil() as usize;
        let rounds = wanted.clamp(1, (LOOKUPS / keys.len().max(1)).max(1));
        let asked = (0..rounds)
            .zip(std::iter::successors(Some(0.0), |begin| Some(begin + round_s)))
            .flat_map(|(_, begin)| {
                let asked = self.at_s.iter().zip(&self.locations).zip(keys);
                asked.map(move |((at_s, location), key)| Asked {
                    at_s: begin + at_s,
                    location: *location,
                    key: *key,
                })
            });
        replay(asked, freshness, refresh_s)
    }
}

/// Requests that go through the caches for one number of segments and one time to live, at most.
const LOOKUPS: usize = 2_000_000;
