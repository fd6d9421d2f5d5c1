//! How long a stored answer is fresh, and how long it may be served stale (RFC 9111, RFC 5861).

use alloc::string::String;

use super::key::CacheKey;
use crate::policy::SlotPolicy;

/// How long a shared answer lives (RFC 9111; RFC 5861 for the stale windows). Seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Fresh for this long.
    pub ttl_s: u32,
    /// Then usable while it is computed anew.
    pub stale_while_revalidate_s: u32,
    /// Then usable when computing fails.
    pub stale_if_error_s: u32,
}

impl Freshness {
    /// The freshness of the items near an item. They change with the snapshot only, and its version is in our key; caches
    /// in front know the URL alone, and may be behind by this much.
    pub const SIMILAR: Self = Self {
        ttl_s: 300,
        stale_while_revalidate_s: 3600,
        stale_if_error_s: 86_400,
    };

    /// The freshness that a slot's policy asks for.
    #[must_use]
    pub fn of(slot: &SlotPolicy) -> Self {
        Self {
            ttl_s: slot.ttl_s,
            stale_while_revalidate_s: slot.stale_while_revalidate_s,
            stale_if_error_s: slot.stale_if_error_s,
        }
    }

    /// The freshness of an answer under this key: its TTL is shorter by up to a tenth, so that what was computed at once is not
    /// renewed at once. The share is the key's own (FNV-1a), so that every isolate of every location agrees on it.
    #[must_use]
    pub fn spread(self, key: &CacheKey) -> Self {
        // The low bits of FNV-1a are its weakest.
        let thousandths = u64::from((key.hash() >> 8) % 1001);
        let shorter = (u64::from(self.ttl_s) * thousandths + 5_000) / 10_000;
        Self {
            ttl_s: self.ttl_s.saturating_sub(u32::try_from(shorter).unwrap_or(u32::MAX)),
            ..self
        }
    }

    /// The state of an answer of this age.
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

    /// How long a store has to keep the answer for every state but the last.
    #[must_use]
    pub fn kept_s(&self) -> u32 {
        self.ttl_s
            .saturating_add(self.stale_while_revalidate_s.max(self.stale_if_error_s))
    }

    /// The `Surrogate-Control` for a cache that files the answer under its key (Edge Architecture Specification 1.0), counted from
    /// when the answer was computed: its `Age` is to be taken off.
    #[must_use]
    pub fn surrogate_control(&self) -> String {
        alloc::format!(
            "max-age={}, stale-while-revalidate={}",
            self.ttl_s,
            self.stale_while_revalidate_s
        )
    }

    /// The `Cache-Control` of an answer whose URL alone decides it.
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

/// What may be done with a stored answer.
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
