//! The segment-keyed cache: canonical keys without anything personal, and freshness.

mod memory;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::context::{Context, Locale};
use crate::policy::SlotPolicy;
use crate::snapshot::CategoryIndex;

pub use memory::{Entry, Memory};

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
pub struct CacheKey {
    /// FNV-1a of the text. It stands first, so that to compare two keys is mostly to compare numbers.
    hash: u32,
    text: String,
}

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
        let locale = if slot.locales.is_empty() {
            Locale::default()
        } else {
            slot.locale_for_key(context.locale.get())
        };
        let device = if slot.vary_device {
            context.device.get().code()
        } else {
            '-'
        };
        // All categories of one name are asked for together, so the first one stands for them.
        let category = categories
            .first()
            .map_or_else(|| "-".into(), |first| ["c", &first.0.to_string()].concat());
        let mut device_code = [0; 4];
        // Every hit makes one, and `format!` is slow for what it does here.
        Self::of(
            [
                "v1",
                snapshot,
                &slot.name,
                &sharing.code(),
                &category,
                locale.code(),
                device.encode_utf8(&mut device_code),
                &n.to_string(),
            ]
            .join("/"),
        )
    }

    /// Builds the key of the items near an item.
    #[must_use]
    pub fn similar(snapshot: &str, item: u64, n: usize) -> Self {
        let sharing = Sharing::SimilarTo(item).code();
        Self::of(alloc::format!("v1/{snapshot}/similar/{sharing}/-/-/-/{n}"))
    }

    fn of(text: String) -> Self {
        Self {
            hash: fnv1a(&text),
            text,
        }
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// FNV-1a, 32 bits.
pub(crate) fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

impl Sharing {
    fn code(self) -> String {
        match self {
            Self::Segment(segment) => ["s", &segment.to_string()].concat(),
            Self::Daypart(daypart) => ["d", &daypart.to_string()].concat(),
            Self::Everyone => "all".into(),
            Self::SimilarTo(key) => alloc::format!("i{key:016x}"),
        }
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

    /// The freshness of an answer under this key: its TTL is shorter by up to a tenth, so that what was computed at once is not
    /// renewed at once. The share is the key's own (FNV-1a), so that every isolate of every location agrees on it.
    #[must_use]
    pub fn spread(self, key: &CacheKey) -> Self {
        // The low bits of FNV-1a are its weakest.
        let thousandths = u64::from((key.hash >> 8) % 1001);
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

/// The share of requests for one key that a store answers, when they come at random at this mean rate (Poisson).
///
/// From one computation to the next, λ·ttl requests find the answer fresh. The first one after that finds it stale, and is
/// answered while it is made anew, unless nobody comes for as long as stale answers may be used: a miss then, with a chance of
/// e^(−λ·stale). So hits per cycle are λ·ttl + 1 − e^(−λ·stale), of λ·ttl + 1 requests.
#[must_use]
pub fn expected_hit_ratio(requests_per_s: f64, freshness: &Freshness) -> f64 {
    let rate = if requests_per_s > 0.0 { requests_per_s } else { 0.0 };
    let fresh = rate * f64::from(freshness.ttl_s);
    let unasked = exp_minus(rate * f64::from(freshness.stale_while_revalidate_s));
    (fresh + 1.0 - unasked) / (fresh + 1.0)
}

/// e^(−x) for x of at least 0, as (1 − x/2²⁰)^(2²⁰), off by less than 10⁻⁶. By products alone, as `f64::exp` differs in its last
/// bits between platforms, and the same model is to be packed into the same bytes.
fn exp_minus(x: f64) -> f64 {
    let mut power = (1.0 - x / 1_048_576.0).max(0.0);
    for _ in 0..20 {
        power *= power;
    }
    power
}

/// The segments that answer for each segment in a slot, by what its traffic affords: the finest level of the segment tree
/// whose hit ratio, over all its keys, is expected to reach `budget`. [`None`] for every segment where not even one for all
/// of them does.
///
/// `parents`: the segment that each one is part of, behind it. `shares`: the share of the slot's requests that each leaf makes;
/// leaves stand first, and shares of inner segments are not read. `requests_per_s`: of the slot, at one location, where a
/// location has a cache of its own. Levels are those in which the tree was built: from the leaves on, each next inner segment
/// takes the place of its children, so that the finest segments lose least.
#[must_use]
pub fn ladder(
    parents: &[Option<u32>],
    shares: &[f64],
    requests_per_s: f64,
    freshness: &Freshness,
    budget: f64,
) -> Vec<Option<u32>> {
    let count = parents.len();
    let first_inner = parents.iter().flatten().min().map_or(count, |parent| *parent as usize);
    let mut served: Vec<Option<u32>> = (0..).take(count).map(Some).collect();
    let mut share: Vec<f64> = shares.iter().copied().take(first_inner).collect();
    share.resize(count, 0.0);
    let hits = |share: f64| share * expected_hit_ratio(share * requests_per_s, freshness);
    let all: f64 = share.iter().sum();
    let mut expected: f64 = share.iter().map(|share| hits(*share)).sum();
    let reached = |expected: f64| expected >= budget * all;
    for inner in first_inner..count {
        if reached(expected) {
            break;
        }
        let is_child = |(_, parent): &(usize, &Option<u32>)| parent.is_some_and(|parent| parent as usize == inner);
        let children: Vec<usize> = parents
            .iter()
            .enumerate()
            .filter(is_child)
            .map(|(child, _)| child)
            .collect();
        expected -= children.iter().map(|child| hits(share[*child])).sum::<f64>();
        share[inner] = children.iter().map(|child| share[*child]).sum();
        expected += hits(share[inner]);
        for rung in &mut served {
            if rung.is_some_and(|rung| children.contains(&(rung as usize))) {
                *rung = u32::try_from(inner).ok();
            }
        }
    }
    if !reached(expected) {
        served.fill(None);
    }
    served
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
    use crate::context::{Device, Told};
    use crate::policy::{Audience, PerVisitor};

    fn slot() -> SlotPolicy {
        SlotPolicy {
            name: "home".into(),
            audience: Audience::Segment,
            exclude: alloc::vec![],
            per_visitor: PerVisitor::Nothing,
            locales: alloc::vec![],
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
            local_ms: 1.into(),
            locale: Locale::first_of("de-AT").into(),
            device: Device::Mobile.into(),
        };
        assert_eq!(key(&slot(), &context).as_str(), "v1/m1/home/s3/-/-/-/8");
        let varied = SlotPolicy {
            locales: ["de", "en"].map(Locale::first_of).to_vec(),
            vary_device: true,
            ..slot()
        };
        assert_eq!(key(&varied, &context).as_str(), "v1/m1/home/s3/-/de/m/8");
    }

    #[test]
    fn nothing_is_asked_for_that_the_key_does_not_tell() {
        let asked = || -> Locale { panic!("asked for the locale") };
        let device = || -> Device { panic!("asked for the device") };
        let context = Context {
            locale: Told::asked(&asked),
            device: Told::asked(&device),
            ..Context::default()
        };
        assert_eq!(key(&slot(), &context).as_str(), "v1/m1/home/s3/-/-/-/8");
    }

    #[test]
    fn a_made_up_locale_cannot_make_a_key_of_its_own() {
        let varied = SlotPolicy {
            locales: ["de", "en"].map(Locale::first_of).to_vec(),
            ..slot()
        };
        for locale in ["", "x", "../../etc", "zz9", "abcdefgh", "d/", "zz", "fr"] {
            let context = Context {
                locale: Locale::first_of(locale).into(),
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

    fn kept(ttl_s: u32, stale_while_revalidate_s: u32) -> Freshness {
        Freshness {
            ttl_s,
            stale_while_revalidate_s,
            stale_if_error_s: 0,
        }
    }

    #[test]
    fn the_expected_hit_ratio_is_that_of_requests_that_come_at_random() {
        // A generator of exponential gaps and a clock, without the formula.
        let mut state = 0x1234_5678_9abc_def1_u64;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        for (rate, freshness) in [
            (0.5, kept(10, 0)),
            (0.1, kept(10, 20)),
            (2.0, kept(30, 60)),
            (0.01, kept(60, 300)),
        ] {
            let (mut now, mut made, mut hits) = (0.0, f64::NEG_INFINITY, 0.0);
            let requests = 200_000;
            for _ in 0..requests {
                now -= uniform().ln() / rate;
                let age = now - made;
                if age < f64::from(freshness.ttl_s) {
                    hits += 1.0;
                } else {
                    hits += f64::from(u8::from(
                        age < f64::from(freshness.ttl_s + freshness.stale_while_revalidate_s),
                    ));
                    made = now;
                }
            }
            let (expected, found) = (expected_hit_ratio(rate, &freshness), hits / f64::from(requests));
            assert!(
                (expected - found).abs() < 0.005,
                "{rate}: expected {expected}, found {found}"
            );
        }
        assert_eq!(expected_hit_ratio(0.0, &kept(60, 60)), 0.0);
        assert_eq!(expected_hit_ratio(f64::NAN, &kept(60, 60)), 0.0);
    }

    #[test]
    fn a_slot_gets_the_finest_level_that_its_traffic_affords() {
        // 0 and 1 make 4, 2 and 3 make 5, 4 and 5 make 6.
        let parents = [Some(4), Some(4), Some(5), Some(5), Some(6), Some(6), None];
        let shares = [0.25; 4];
        let level = |rate, budget| ladder(&parents, &shares, rate, &kept(60, 0), budget);
        let all = |nodes: [u32; 4]| nodes.map(Some).to_vec();
        // λ·ttl of a leaf: 15, of a pair 30, of all 60.
        assert_eq!(level(1.0, 0.9)[..4], all([0, 1, 2, 3]));
        assert_eq!(level(1.0, 0.95)[..4], all([4, 4, 2, 3]), "pairs only as far as needed");
        assert_eq!(level(1.0, 0.965)[..4], all([4, 4, 5, 5]));
        assert_eq!(level(1.0, 0.98)[..4], all([6, 6, 6, 6]));
        assert_eq!(level(1.0, 0.99), [None; 7]);
        assert_eq!(
            level(1e-9, 0.0)[..4],
            all([0, 1, 2, 3]),
            "a budget of nothing is met at once"
        );
    }

    #[test]
    fn without_a_tree_a_slot_has_its_segments_or_none() {
        let ladder = |rate| ladder(&[None, None], &[0.5, 0.5], rate, &kept(60, 0), 0.9);
        assert_eq!(ladder(10.0), [Some(0), Some(1)]);
        assert_eq!(ladder(0.01), [None, None]);
    }
}
