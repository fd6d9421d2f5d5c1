//! A bounded map from cache keys to answers, for the memory of one isolate.

use hashbrown::HashTable;

use super::{CacheKey, Freshness, State};

/// A kept answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// The answer; cheap to clone, such as an [`alloc::rc::Rc`].
    pub answer: T,
    /// When it was computed, Unix milliseconds.
    pub stored_at_ms: u64,
}

impl<T> Entry<T> {
    /// Whole seconds from when it was computed to `now_ms`; 0 if the clock went back.
    #[must_use]
    pub fn age_s(&self, now_ms: u64) -> u32 {
        u32::try_from(now_ms.saturating_sub(self.stored_at_ms) / 1000).unwrap_or(u32::MAX)
    }
}

/// A map from cache keys to answers whose total size is bounded.
///
/// It has two generations. An answer that is found in the old one moves to the young one. When the young one has grown to half of the bound,
/// the old one is dropped and the young one becomes the old one. So answers that are used stay, without a list of when each was used.
///
/// ```
/// use selvedge::cache::{CacheKey, Entry, Freshness, KeyParts, Memory, Sharing, State};
/// # let key = CacheKey::new(&KeyParts {
/// #     model: "m1",
/// #     slot: "similar",
/// #     sharing: Sharing::SimilarTo(7),
/// #     category: None,
/// #     locale: Default::default(),
/// #     device: None,
/// #     n: 8,
/// #     arms: &[],
/// #     overlay: 0,
/// # });
///
/// let mut memory = Memory::new(1_000_000);
/// let entry = Entry { answer: "[…]", stored_at_ms: 1_700_000_000_000 };
/// memory.put(key.clone(), entry, 5);
/// let found = memory.get(&key, &Freshness::SIMILAR, 1_700_000_001_000);
/// assert_eq!(found.map(|(entry, state)| (entry.answer, state)), Some(("[…]", State::Fresh)));
/// ```
#[derive(Debug)]
pub struct Memory<T> {
    max_bytes: usize,
    young: Generation<T>,
    old: Generation<T>,
}

#[derive(Debug)]
struct Generation<T> {
    answers: HashTable<Kept<T>>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept<T> {
    key: CacheKey,
    entry: Entry<T>,
    bytes: usize,
}

/// A 64-bit hash for the table, which uses the upper bits of the hash. A key's own hash has only 32 bits, so a product with an odd number
/// spreads them over all 64 (Knuth, The Art of Computer Programming 3, section 6.4).
fn table_hash(key: &CacheKey) -> u64 {
    u64::from(key.hash()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl<T> Generation<T> {
    const fn new() -> Self {
        Self {
            answers: HashTable::new(),
            bytes: 0,
        }
    }

    fn get(&self, key: &CacheKey) -> Option<&Kept<T>> {
        self.answers.find(table_hash(key), |kept| kept.key == *key)
    }

    fn insert(&mut self, kept: Kept<T>) {
        self.remove(&kept.key);
        self.bytes += kept.bytes;
        let hash = table_hash(&kept.key);
        self.answers.insert_unique(hash, kept, |kept| table_hash(&kept.key));
    }

    fn remove(&mut self, key: &CacheKey) -> Option<Kept<T>> {
        let found = self.answers.find_entry(table_hash(key), |kept| kept.key == *key).ok()?;
        let (removed, _) = found.remove();
        self.bytes -= removed.bytes;
        Some(removed)
    }
}

impl<T: Clone> Memory<T> {
    /// An empty map for answers of at most `max_bytes` together.
    #[must_use]
    pub const fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            young: Generation::new(),
            old: Generation::new(),
        }
    }

    /// The answer under a cache key and its state at `now_ms`, which is never [`State::Expired`]: an expired answer is removed.
    pub fn get(&mut self, key: &CacheKey, freshness: &Freshness, now_ms: u64) -> Option<(Entry<T>, State)> {
        if self.young.get(key).is_none() {
            let kept = self.old.remove(key)?;
            self.keep(kept);
        }
        let entry = &self.young.get(key)?.entry;
        match freshness.state(entry.age_s(now_ms)) {
            State::Expired => {
                self.young.remove(key);
                None
            }
            state => Some((entry.clone(), state)),
        }
    }

    /// Keeps an answer of this size in bytes, in the place of an earlier one. An answer larger than half of the bound is not kept.
    pub fn put(&mut self, key: CacheKey, entry: Entry<T>, bytes: usize) {
        self.old.remove(&key);
        let bytes = bytes.saturating_add(key.as_str().len());
        self.keep(Kept { key, entry, bytes });
    }

    /// The size of all kept answers and their keys, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.young.bytes + self.old.bytes
    }

    fn keep(&mut self, kept: Kept<T>) {
        let half = self.max_bytes / 2;
        self.young.remove(&kept.key);
        if kept.bytes > half {
            return;
        }
        if self.young.bytes + kept.bytes > half {
            self.old = core::mem::replace(&mut self.young, Generation::new());
        }
        self.young.insert(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::key::tests::similar_to as test_key;

    const FRESHNESS: Freshness = Freshness {
        ttl_s: 10,
        stale_while_revalidate_s: 20,
        stale_if_error_s: 40,
    };

    fn key(item: u64) -> CacheKey {
        test_key(item)
    }

    fn entry(answer: u64, stored_at_ms: u64) -> Entry<u64> {
        Entry { answer, stored_at_ms }
    }

    #[test]
    fn an_answer_is_found_under_its_own_key_until_its_last_window_ends() {
        let mut memory = Memory::new(10_000);
        memory.put(key(1), entry(11, 5_000), 100);
        memory.put(key(2), entry(12, 5_000), 100);
        let mut state = |item, now_ms| {
            let found = memory.get(&key(item), &FRESHNESS, now_ms);
            found.map(|(entry, state)| (entry.answer, entry.age_s(now_ms), state))
        };
        assert_eq!(state(1, 5_000), Some((11, 0, State::Fresh)));
        assert_eq!(state(2, 14_999), Some((12, 9, State::Fresh)));
        assert_eq!(state(1, 15_000), Some((11, 10, State::StaleWhileRevalidate)));
        assert_eq!(state(1, 35_000), Some((11, 30, State::StaleIfError)));
        assert_eq!(state(1, 55_000), None);
        assert_eq!(state(1, 5_000), None, "it was dropped");
        assert_eq!(state(3, 5_000), None);
        // A clock that went back makes nothing older than it is.
        assert_eq!(state(2, 0), Some((12, 0, State::Fresh)));
    }

    #[test]
    fn an_answer_takes_the_place_of_the_one_before() {
        let mut memory = Memory::new(10_000);
        for turn in 0..100 {
            memory.put(key(1), entry(turn, turn), 100);
        }
        assert_eq!(
            memory.get(&key(1), &FRESHNESS, 100).map(|found| found.0.answer),
            Some(99)
        );
        assert!(memory.bytes() < 200, "{}", memory.bytes());
    }

    #[test]
    fn it_never_holds_more_than_it_may_and_keeps_what_is_asked_for() {
        let mut memory = Memory::new(10_000);
        memory.put(key(0), entry(0, 0), 100);
        for item in 1..1000 {
            memory.put(key(item), entry(item, 0), 100 + usize::try_from(item % 7).unwrap());
            assert!(memory.bytes() <= 10_000, "{}", memory.bytes());
            assert!(memory.get(&key(0), &FRESHNESS, 0).is_some(), "{item}");
        }
        assert!(memory.get(&key(999), &FRESHNESS, 0).is_some());
        assert!(memory.get(&key(1), &FRESHNESS, 0).is_none());
        let counted: usize = [&memory.young, &memory.old]
            .into_iter()
            .flat_map(|generation| generation.answers.iter())
            .map(|kept| kept.bytes)
            .sum();
        assert_eq!(counted, memory.bytes());
    }

    #[test]
    fn a_generation_holds_what_was_put_in_and_not_taken_out() {
        let mut generation = Generation::new();
        let mut expected = std::collections::BTreeMap::new();
        let mut state = 1u64;
        for turn in 0..20_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let item = (state >> 33) % 40;
            if state >> 63 == 0 {
                generation.insert(Kept {
                    key: key(item),
                    entry: entry(turn, 0),
                    bytes: 1,
                });
                expected.insert(item, turn);
            } else {
                let removed = generation.remove(&key(item)).map(|kept| kept.entry.answer);
                assert_eq!(removed, expected.remove(&item));
            }
            for item in 0..40 {
                let found = generation.get(&key(item)).map(|kept| kept.entry.answer);
                assert_eq!(found, expected.get(&item).copied(), "turn {turn}, item {item}");
            }
            assert_eq!(
                (generation.answers.len(), generation.bytes),
                (expected.len(), expected.len())
            );
        }
    }

    #[test]
    fn what_is_too_large_is_not_kept_and_pushes_nothing_out() {
        let mut memory = Memory::new(1_000);
        memory.put(key(1), entry(1, 0), 100);
        memory.put(key(2), entry(2, 0), 501);
        assert!(memory.get(&key(1), &FRESHNESS, 0).is_some());
        assert!(memory.get(&key(2), &FRESHNESS, 0).is_none());
        memory.put(key(1), entry(3, 0), 501);
        assert!(
            memory.get(&key(1), &FRESHNESS, 0).is_none(),
            "the earlier answer is out of date"
        );
    }

    #[test]
    fn ttls_are_spread_by_a_tenth_and_stay_the_same_for_a_key() {
        let freshness = Freshness {
            ttl_s: 100,
            ..FRESHNESS
        };
        let ttls: alloc::vec::Vec<u32> = (0..500).map(|item| freshness.spread(&key(item)).ttl_s).collect();
        assert!(ttls.iter().all(|ttl| (90..=100).contains(ttl)));
        for ttl in 90..=100 {
            assert!(ttls.contains(&ttl), "{ttl}");
        }
        let again: alloc::vec::Vec<u32> = (0..500).map(|item| freshness.spread(&key(item)).ttl_s).collect();
        assert_eq!(ttls, again);
        let short = Freshness { ttl_s: 0, ..FRESHNESS };
        assert_eq!(short.spread(&key(1)), short);
    }
}
