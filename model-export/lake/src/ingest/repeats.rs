//! Who and what fills a file: one user with much of the rows, one item with most of them, an id with many titles.
//!
//! Memory is bounded whatever the file holds: counts are kept for the ids that may still be frequent, and of titles only which of 64 classes occurred.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

/// Ids that are counted at a time. Counts are too low by at most one in half as many rows.
const MAX_IDS: usize = 512;

/// Rows of a large file of which one is counted.
const EVERY: u64 = 8;
/// Rows that are all counted.
const ALL_OF: u64 = 200_000;

/// In a file with fewer counted rows, nothing is told: in little data somebody has much of it.
const MIN_ROWS: u64 = 200;

/// The ids that fill much of a file (Misra and Gries, *Finding repeated elements*, 1982).
#[derive(Default)]
pub struct Frequent {
    counts: HashMap<String, u64>,
    /// Subtracted from every count so far.
    lost: u64,
    seen: u64,
    counted: u64,
}

/// An id with its share of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The id.
    pub id: String,
    /// Its share, 0 to 1.
    pub share: f64,
}

impl Frequent {
    pub fn add(&mut self, id: &str) {
        self.seen += 1;
        // A row in eight is enough to see one in twenty. Files that repeat in eights are possible, so the row is not every eighth.
        if self.seen > ALL_OF && !(self.seen.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).is_multiple_of(EVERY) {
            return;
        }
        self.counted += 1;
        if let Some(count) = self.counts.get_mut(id) {
            *count += 1;
            return;
        }
        if self.counts.len() >= MAX_IDS {
            // The half with the smallest counts goes, and the others lose as much, which bounds the error.
            let mut all: Vec<u64> = self.counts.values().copied().collect();
            let middle = all.len() / 2;
            let (_, median, _) = all.select_nth_unstable(middle);
            let median = *median;
            self.counts.retain(|_, count| {
                *count = count.saturating_sub(median);
                *count > 0
            });
            self.lost += median;
        }
        self.counts.insert(id.to_owned(), 1);
    }

    /// The most frequent id, if it has more than such a share of the rows, and more than five times its even share.
    pub fn above(&self, share: f64) -> Option<Share> {
        if self.counted < MIN_ROWS {
            return None;
        }
        let (id, count) = self.counts.iter().max_by(|a, b| (a.1, b.0).cmp(&(b.1, a.0)))?;
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
        let (found, even) = (*count as f64 / self.counted as f64, 1.0 / self.counts.len() as f64);
        // Of four users, each has a quarter.
        let few = self.lost == 0 && found < even * 5.0 && share < 0.5;
        (found > share && !few).then(|| Share {
            id: id.clone(),
            share: found,
        })
    }
}

/// Ids whose titles are followed.
const MAX_TITLED: usize = 1 << 18;

/// So many classes of titles are dozens of titles: 24 titles fall into 20 of 64 classes on average.
const MANY_CLASSES: u32 = 20;

/// Finds an id with dozens of titles: it is no id of an item then.
#[derive(Default)]
pub struct Titles {
    // Without a random key: the same file gives the same report.
    hasher: BuildHasherDefault<DefaultHasher>,
    /// By hash of the id: which of 64 classes its titles fell into.
    classes: HashMap<u64, u64>,
    /// The first id with many, and two of its titles.
    found: Option<(String, Vec<String>)>,
}

impl Titles {
    pub fn add(&mut self, id: &str, title: &str) {
        if let Some((known, titles)) = &mut self.found {
            if known == id && titles.len() < 3 && !titles.iter().any(|old| old == title) {
                titles.push(title.to_owned());
            }
            return;
        }
        let key = self.hasher.hash_one(id);
        if self.classes.len() >= MAX_TITLED && !self.classes.contains_key(&key) {
            return;
        }
        let classes = self.classes.entry(key).or_default();
        *classes |= 1 << (self.hasher.hash_one(title) % 64);
        if classes.count_ones() >= MANY_CLASSES {
            self.found = Some((id.to_owned(), vec![title.to_owned()]));
        }
    }

    /// An id with dozens of titles, and some of them.
    pub fn many(&self) -> Option<&(String, Vec<String>)> {
        self.found.as_ref()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn one_user_with_a_tenth_of_the_rows_is_found_among_many() {
        let mut frequent = Frequent::default();
        for row in 0..1_000_000u64 {
            let id = if row % 10 == 3 {
                "crawler".to_owned()
            } else {
                format!("user {}", row * 7919 % 100_003)
            };
            frequent.add(&id);
        }
        assert!(frequent.counts.len() <= MAX_IDS);
        let found = frequent.above(0.05).unwrap();
        assert_eq!(found.id, "crawler");
        assert!((0.09..0.11).contains(&found.share), "{found:?}");
        assert_eq!(frequent.above(0.5), None);
    }

    #[test]
    fn even_shares_and_few_rows_are_nothing_to_tell() {
        let mut even = Frequent::default();
        let mut few = Frequent::default();
        for row in 0..1000 {
            even.add(["a", "b", "c", "d"][row % 4]);
            if row < 100 {
                few.add("a");
            }
        }
        assert_eq!(even.above(0.05), None);
        assert_eq!(few.above(0.05), None);
        let mut spread = Frequent::default();
        (0..100_000).for_each(|row| spread.add(&row.to_string()));
        assert_eq!(spread.above(0.05), None);
    }

    #[test]
    fn an_id_with_dozens_of_titles_is_found() {
        let mut titles = Titles::default();
        for row in 0..200 {
            titles.add(&format!("item {row}"), "a title");
            titles.add("postage", &format!("order {row}"));
            titles.add("twice", ["Tea", "Tea, green"][row % 2]);
        }
        let (id, some) = titles.many().unwrap();
        assert_eq!(id, "postage");
        assert_eq!(some.len(), 3);
    }
}
