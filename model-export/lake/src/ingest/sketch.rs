//! Digests of a source's rows: how many of them are repeated, and which other source has the same ones.
//!
//! Memory is bounded. Up to a number of distinct rows everything is exact; beyond it, only rows whose digest is below a bound are looked at, and the
//! bound is halved whenever they are too many. Digests are evenly spread, so that these rows stand for all.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::Path;

use super::events::EventRow;
use crate::storage::{LakeError, atomic};

/// Distinct rows of a file that are counted exactly. About 2 MB: a larger table does not fit the processor's cache, and costs a tenth of the time of
/// an ingest.
const EXACT_ROWS: usize = 1 << 16;

/// Digests that a sketch keeps: 32 KB. Of ten files with a million rows each, two that share 1 % of them still have about 40 in common.
const KEPT: usize = 4096;

/// First bytes of a sketch's file. Other digests need another number.
const MAGIC: &[u8; 8] = b"selrows1";

/// A digest of 64 bits, the same on every machine: 8 bytes at a time are multiplied to 128 bits and folded.
#[derive(Clone, Copy)]
struct Digest(u64);

impl Digest {
    const fn new() -> Self {
        Self(0x243f_6a88_85a3_08d3)
    }

    fn number(&mut self, number: u64) {
        // Odd, with as many ones as zeros: from the digits of π and e.
        let product = u128::from(self.0 ^ number) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        #[expect(clippy::cast_possible_truncation, reason = "the halves are folded")]
        let folded = (product as u64) ^ ((product >> 64) as u64);
        self.0 = folded.wrapping_add(0xb7e1_5162_8aed_2a6b);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        for chunk in text.as_bytes().chunks(8) {
            let mut bytes = [0; 8];
            for (byte, from) in bytes.iter_mut().zip(chunk) {
                *byte = *from;
            }
            self.number(u64::from_le_bytes(bytes));
        }
    }

    fn option(&mut self, text: Option<&str>) {
        match text {
            // No text has this length.
            None => self.number(u64::MAX),
            Some(text) => self.text(text),
        }
    }

    fn finish(mut self) -> u64 {
        self.number(0x4528_21e6_38d0_1377);
        self.number(0xbe54_66cf_34e9_0c6c);
        self.0
    }
}

/// Keys that are digests already.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The digests that are kept are small ones; the table looks at the highest bits.
        self.0 = number.rotate_left(32);
    }
}

/// Counts equal digests.
struct Counter {
    counts: HashMap<u64, u32, BuildHasherDefault<Same>>,
    /// Digests up to here are counted.
    bound: u64,
    capacity: usize,
}

impl Counter {
    fn new(capacity: usize) -> Self {
        Self {
            counts: HashMap::default(),
            bound: u64::MAX,
            capacity,
        }
    }

    fn add(&mut self, digest: u64) {
        if digest > self.bound {
            return;
        }
        let count = self.counts.entry(digest).or_insert(0);
        *count = count.saturating_add(1);
        while self.counts.len() > self.capacity {
            self.bound /= 2;
            let bound = self.bound;
            self.counts.retain(|digest, _| *digest <= bound);
        }
    }

    const fn is_exact(&self) -> bool {
        self.bound == u64::MAX
    }

    /// Digests that had been there before, of all that were added.
    fn repeated(&self) -> u64 {
        let found: u64 = self.counts.values().map(|count| u64::from(*count) - 1).sum();
        found << self.bound.leading_zeros()
    }

    /// The smallest digests.
    fn into_sample(self) -> Sample {
        let whole = self.is_exact() && self.counts.len() <= KEPT;
        let mut digests: Vec<u64> = self.counts.into_keys().collect();
        digests.sort_unstable();
        digests.truncate(KEPT);
        Sample { digests, whole }
    }
}

/// The smallest digests of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    digests: Vec<u64>,
    /// Whether they are all.
    whole: bool,
}

/// How much of one set lies in another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Digests in both.
    pub common: usize,
    /// Digests that were looked at.
    pub of: usize,
    /// Whether all were.
    pub exact: bool,
}

impl Sample {
    /// How much of this set lies in `other`.
    pub fn overlap(&self, other: &Self) -> Overlap {
        // Above the last digest of a sample nothing is known of its set.
        let bound = |sample: &Self| match sample.digests.last() {
            Some(last) if !sample.whole => *last,
            _ => u64::MAX,
        };
        let bound = bound(self).min(bound(other));
        let known = self.digests.iter().filter(|digest| **digest <= bound);
        let common = known
            .clone()
            .filter(|digest| other.digests.binary_search(digest).is_ok());
        Overlap {
            common: common.count(),
            of: known.count(),
            exact: self.whole && other.whole,
        }
    }
}

/// What is kept of a source's rows, to find them in other sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// Who did what to which item when.
    pub rows: Sample,
    /// Whose order, and what became of it.
    pub orders: Sample,
    /// Whether its rows have ids, by which copies are merged.
    pub ids: bool,
}

impl Sketch {
    /// Writes it beside the lake.
    pub fn write(&self, path: &Path) -> Result<(), LakeError> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(u8::from(self.ids));
        for sample in [&self.rows, &self.orders] {
            bytes.push(u8::from(sample.whole));
            bytes.extend((sample.digests.len() as u64).to_le_bytes());
            bytes.extend(sample.digests.iter().flat_map(|digest| digest.to_le_bytes()));
        }
        atomic::write_bytes(path, &bytes)
    }

    /// Reads it; [`None`] if there is none, or if it is damaged: then copies are not told, and nothing else is lost.
    pub fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (ids, rest) = rest.split_first()?;
        let (rows, rest) = sample(rest)?;
        let (orders, rest) = sample(rest)?;
        rest.is_empty().then_some(Self {
            rows,
            orders,
            ids: *ids != 0,
        })
    }
}

fn sample(bytes: &[u8]) -> Option<(Sample, &[u8])> {
    let (whole, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length))
        .ok()
        .filter(|length| *length <= KEPT)?;
    let (digests, rest) = rest.split_at_checked(length * 8)?;
    let (digests, _) = digests.as_chunks::<8>();
    let sample = Sample {
        digests: digests.iter().map(|digest| u64::from_le_bytes(*digest)).collect(),
        whole: *whole != 0,
    };
    sample.digests.is_sorted().then_some((sample, rest))
}

/// Looks at the rows of one file.
pub struct RowCounter {
    repeated: Counter,
    merged: Counter,
    rows: Counter,
    orders: Counter,
    ids: bool,
}

/// What [`RowCounter`] has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Rows that equal an earlier one in everything that is read.
    pub repeated: u64,
    /// Rows with the user and the id of an earlier one.
    pub merged: u64,
    /// Whether these are counts and no estimates.
    pub exact: bool,
}

impl RowCounter {
    pub fn new() -> Self {
        Self {
            repeated: Counter::new(EXACT_ROWS),
            merged: Counter::new(EXACT_ROWS),
            rows: Counter::new(2 * KEPT),
            orders: Counter::new(2 * KEPT),
            ids: false,
        }
    }

    /// One more row of the lake.
    pub fn add(&mut self, row: &EventRow<'_>) {
        let mut event = Digest::new();
        event.option(row.user.as_deref());
        // A row that takes an event back is no copy of that event.
        event.text(if row.takes_back { "takes back" } else { "" });
        event.text(row.kind.as_str());
        let of_user = event;
        event.text(&row.item);
        event.number(row.timestamp_ms.cast_unsigned());
        self.rows.add(event.finish());
        let mut order = row.id.as_deref();
        if let Some(id) = &row.id {
            self.ids = true;
            let mut event = of_user;
            event.text(id);
            self.merged.add(event.finish());
        } else {
            event.number(row.value.map_or(u64::MAX, f64::to_bits));
            for (name, value) in &row.context {
                event.text(name);
                event.text(value);
            }
            self.repeated.add(event.finish());
            order = row
                .context
                .iter()
                .find(|(name, _)| is_order(name))
                .map(|(_, value)| value.as_str());
        }
        if let Some(order) = order {
            let mut event = of_user;
            event.text(order);
            self.orders.add(event.finish());
        }
    }

    /// What was found, and what is kept to find these rows elsewhere.
    pub fn finish(self) -> (Copies, Sketch) {
        let copies = Copies {
            repeated: self.repeated.repeated(),
            merged: self.merged.repeated(),
            exact: self.repeated.is_exact() && self.merged.is_exact(),
        };
        let sketch = Sketch {
            rows: self.rows.into_sample(),
            orders: self.orders.into_sample(),
            ids: self.ids,
        };
        (copies, sketch)
    }
}

/// Whether a column of the context names orders.
fn is_order(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "order",
        "invoice",
        "transaction",
        "receipt",
        "basket",
        "bestell",
        "rechnung",
        "commande",
        "pedido",
        "ordine",
    ]
    .iter()
    .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use selvedge::event::EventKind;

    fn row(number: i64) -> EventRow<'static> {
        EventRow {
            id: None,
            user: Some(format!("user {}", number % 97).into()),
            item: format!("item {number}").into(),
            kind: EventKind::Conversion,
            timestamp_ms: number * 1000,
            value: None,
            returning: None,
            takes_back: false,
            context: vec![("order_id".to_owned(), (number / 3).to_string())],
        }
    }

    fn counted(rows: impl Iterator<Item = i64>) -> (Copies, Sketch) {
        let mut counter = RowCounter::new();
        for number in rows {
            counter.add(&row(number));
        }
        counter.finish()
    }

    #[test]
    fn repeated_rows_are_counted_exactly_and_beyond_the_bound_nearly() {
        let (copies, _) = counted((0..5000).chain(0..1653));
        assert_eq!((copies.repeated, copies.merged, copies.exact), (1653, 0, true));
        let mut counter = Counter::new(1000);
        for number in (0..100_000).chain(0..20_000) {
            let mut digest = Digest::new();
            digest.number(number);
            counter.add(digest.finish());
        }
        assert!(!counter.is_exact() && counter.counts.len() <= 1000);
        assert!(counter.repeated().abs_diff(20_000) < 4_000, "{}", counter.repeated());
    }

    #[test]
    fn rows_of_one_file_are_found_in_another() {
        let (_, small) = counted(0..1000);
        let (_, large) = counted(0..200_000);
        let (_, other) = counted(500_000..700_000);
        let (_, half) = counted(100_000..300_000);
        let found = small.rows.overlap(&large.rows);
        assert!(found.of >= 10 && found.common == found.of && !found.exact, "{found:?}");
        assert_eq!(large.rows.overlap(&other.rows).common, 0);
        let found = half.rows.overlap(&large.rows);
        assert!(found.common.abs_diff(found.of / 2) < found.of / 10, "{found:?}");
        let (_, part) = counted(500..1500);
        assert_eq!(
            part.rows.overlap(&small.rows),
            Overlap {
                common: 500,
                of: 1000,
                exact: true
            }
        );
    }

    #[test]
    fn a_sketch_comes_back_as_it_was_written_and_a_damaged_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.rows");
        let (_, sketch) = counted(0..10_000);
        sketch.write(&path).unwrap();
        assert_eq!(Sketch::read(&path).unwrap(), sketch);
        let bytes = std::fs::read(&path).unwrap();
        for length in [0, 7, 8, 9, 17, 18, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert_eq!(Sketch::read(&path), None, "{length}");
        }
    }
}
