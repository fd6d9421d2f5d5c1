//! The segment-keyed cache: canonical keys without anything personal, and freshness.

use alloc::string::String;

use crate::context::Context;
use crate::policy::SlotPolicy;
use crate::snapshot::CategoryIndex;

/// What a shared answer was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sharing {
    /// One segment.
    Segment(u16),
    /// One daypart.
    Daypart(u8),
    /// All visitors.
    Everyone,
    /// All visitors, near one item (its stable key).
    SimilarTo(u64),
}

/// A canonical cache key: printable ASCII, compared whole. Equal keys have equal answers.
///
/// `v1/<snapshot>/<slot>/<sharing>/<category>/<locale>/<device>/<n>`, `-` for a part that plays no role. Nothing of it is
/// chosen by the client but slot, category and n, all three checked against the snapshot; the segment comes out of the
/// sealed profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// Builds the key of a slot's answer.
    #[must_use]
    pub fn new(
        snapshot: &str,
        slot: &SlotPolicy,
        sharing: Sharing,
        categories: &[CategoryIndex],
        context: &Context<'_>,
        n: usize,
    ) -> Self {
        let locale = if slot.vary_locale {
            canonical_locale(context.locale)
        } else {
            "-".into()
        };
        let device = if slot.vary_device { context.device.code() } else { '-' };
        // All categories of one name are asked for together, so the first one stands for them.
        let category = categories
            .first()
            .map_or_else(|| "-".into(), |first| alloc::format!("c{}", first.0));
        Self(alloc::format!(
            "v1/{snapshot}/{}/{}/{category}/{locale}/{device}/{n}",
            slot.name,
            sharing.code()
        ))
    }

    /// Builds the key of the items near an item.
    #[must_use]
    pub fn similar(snapshot: &str, item: u64, n: usize) -> Self {
        let sharing = Sharing::SimilarTo(item).code();
        Self(alloc::format!("v1/{snapshot}/similar/{sharing}/-/-/-/{n}"))
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Sharing {
    fn code(self) -> String {
        match self {
            Self::Segment(segment) => alloc::format!("s{segment}"),
            Self::Daypart(daypart) => alloc::format!("d{daypart}"),
            Self::Everyone => "all".into(),
            Self::SimilarTo(key) => alloc::format!("i{key:016x}"),
        }
    }
}

/// The primary language in lower case, or `-` for whatever is no language: a client must not be able to fill the cache with
/// keys of its own making.
fn canonical_locale(locale: &str) -> String {
    let primary = locale.split(['-', '_']).next().unwrap_or("");
    let valid = (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    if valid {
        primary.to_ascii_lowercase()
    } else {
        "-".into()
    }
}

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
    use crate::context::Device;
    use crate::policy::Audience;

    fn slot() -> SlotPolicy {
        SlotPolicy {
            name: "home".into(),
            audience: Audience::Segment,
            exclude: alloc::vec![],
            vary_locale: false,
            vary_device: false,
            n_default: 8,
            n_max: 24,
            max_per_category: 0,
            ttl_s: 30,
            stale_while_revalidate_s: 60,
            stale_if_error_s: 600,
        }
    }

    fn key(slot: &SlotPolicy, context: &Context<'_>) -> CacheKey {
        CacheKey::new("m1", slot, Sharing::Segment(3), &[], context, 8)
    }

    #[test]
    fn a_key_tells_locale_and_device_only_where_the_slot_varies_by_them() {
        let context = Context {
            local_ms: 1,
            locale: "de-AT",
            device: Device::Mobile,
        };
        assert_eq!(key(&slot(), &context).as_str(), "v1/m1/home/s3/-/-/-/8");
        let varied = SlotPolicy {
            vary_locale: true,
            vary_device: true,
            ..slot()
        };
        assert_eq!(key(&varied, &context).as_str(), "v1/m1/home/s3/-/de/m/8");
    }

    #[test]
    fn a_made_up_locale_cannot_make_a_key_of_its_own() {
        let varied = SlotPolicy {
            vary_locale: true,
            ..slot()
        };
        for locale in ["", "x", "../../etc", "zz9", "abcdefgh", "d/"] {
            let context = Context {
                locale,
                ..Context::default()
            };
            assert_eq!(key(&varied, &context).as_str(), "v1/m1/home/s3/-/-/-/8", "{locale}");
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
