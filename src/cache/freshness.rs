//! How long a kept answer is fresh, and how long it may be used stale.

use alloc::string::String;

use super::key::CacheKey;
use crate::policy::SlotPolicy;

/// How long a kept answer is fresh (RFC 9111) and how long it may be used stale after that (RFC 5861), in seconds.
///
/// ```
/// use selvedge::cache::{Freshness, State};
///
/// let freshness = Freshness {
///     ttl_s: 60,
///     stale_while_revalidate_s: 300,
///     stale_if_error_s: 3600,
/// };
/// assert_eq!(freshness.state(59), State::Fresh);
/// assert_eq!(freshness.state(60), State::StaleWhileRevalidate);
/// // Both stale windows begin when the answer stops being fresh, so the longer one decides how long it is kept.
/// assert_eq!(freshness.kept_s(), 60 + 3600);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// How long the answer is fresh.
    pub ttl_s: u32,
    /// How long after that it may be used while a new one is computed.
    pub stale_while_revalidate_s: u32,
    /// How long after being fresh it may be used if computing a new one fails.
    pub stale_if_error_s: u32,
}

impl Freshness {
    /// The freshness of lists of similar items. Such a list changes only with the snapshot, whose version is part of the cache key. Caches in
    /// front know only the URL, so they may show the list of an older snapshot for this long.
    pub const SIMILAR: Self = Self {
        ttl_s: 300,
        stale_while_revalidate_s: 3600,
        stale_if_error_s: 86_400,
    };

    /// The freshness of a slot's policy.
    #[must_use]
    pub fn of(slot: &SlotPolicy) -> Self {
        Self {
            ttl_s: slot.ttl_s,
            stale_while_revalidate_s: slot.stale_while_revalidate_s,
            stale_if_error_s: slot.stale_if_error_s,
        }
    }

    /// The freshness of an answer under this cache key: its time to live is shorter by up to a tenth. Without that, answers computed at the
    /// same time would all have to be renewed at the same time. How much shorter follows from the key's hash, so every isolate of every
    /// location uses the same value.
    #[must_use]
    pub fn spread(self, key: &CacheKey) -> Self {
        // Without the low bits, which are the weakest of FNV-1a.
        let thousandths = u64::from((key.hash() >> 8) % 1001);
        let shorter = (u64::from(self.ttl_s) * thousandths + 5_000) / 10_000;
        Self {
            ttl_s: self.ttl_s.saturating_sub(u32::try_from(shorter).unwrap_or(u32::MAX)),
            ..self
        }
    }

    /// The cache state of an answer of this age, in seconds.
    #[must_use]
    pub fn state(&self, age_s: u32) -> State {
        if age_s < self.ttl_s {
            State::Fresh
        } else if age_s < self.ttl_s.saturating_add(self.stale_while_revalidate_s) {
            State::StaleWhileRevalidate
        } else if age_s < self.ttl_s.saturating_add(self.stale_if_error_s) {
            State::StaleIfError
        } else {
            State::Expired
        }
    }

    /// Seconds for which a cache has to keep the answer: after that it is [`State::Expired`].
    #[must_use]
    pub fn kept_s(&self) -> u32 {
        self.ttl_s
            .saturating_add(self.stale_while_revalidate_s.max(self.stale_if_error_s))
    }

    /// The `Surrogate-Control` for a cache in front that uses the cache key (Edge Architecture Specification 1.0). Its times count from when the
    /// answer was computed, so that cache must subtract `Age`.
    #[must_use]
    pub fn surrogate_control(&self) -> String {
        alloc::format!(
            "max-age={}, stale-while-revalidate={}",
            self.ttl_s,
            self.stale_while_revalidate_s
        )
    }

    /// The `Cache-Control` of an answer that depends only on its URL.
    #[must_use]
    pub fn public_cache_control(&self) -> String {
        alloc::format!(
            "public, max-age={}, stale-while-revalidate={}, stale-if-error={}",
            self.ttl_s,
            self.stale_while_revalidate_s,
            self.stale_if_error_s
        )
    }
}

/// The cache state of a kept answer: what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Answer with it.
    Fresh,
    /// Answer with it and compute a new one in the background.
    StaleWhileRevalidate,
    /// Answer with it only if computing fails.
    StaleIfError,
    /// Do not answer with it.
    Expired,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> SlotPolicy {
        SlotPolicy {
            ttl_s: 30,
            stale_while_revalidate_s: 60,
            stale_if_error_s: 600,
            ..SlotPolicy::default()
        }
    }

    #[test]
    fn freshness_passes_through_its_states_at_the_exact_second() {
        let freshness = Freshness::of(&slot());
        let states: alloc::vec::Vec<State> = [29, 30, 89, 90, 629, 630]
            .into_iter()
            .map(|age| freshness.state(age))
            .collect();
        assert_eq!(
            states,
            [
                State::Fresh,
                State::StaleWhileRevalidate,
                State::StaleWhileRevalidate,
                State::StaleIfError,
                State::StaleIfError,
                State::Expired
            ]
        );
        assert_eq!(freshness.kept_s(), 630);
    }
}
