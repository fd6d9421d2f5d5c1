//! Which rows may be returned.

use crate::event::ItemIndex;
use crate::kernel::BLOCK_ROWS;

/// A bitmap of allowed rows: bit `i % 64` of word `i / 64`. The scan passes over a word that is 0 without reading the
/// rows' codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    words: Vec<u64>,
    rows: usize,
}

impl Filter {
    /// Every one of `rows` rows is allowed.
    #[must_use]
    pub fn all(rows: usize) -> Self {
        let mut words = vec![u64::MAX; rows.div_ceil(BLOCK_ROWS)];
        let used = rows % BLOCK_ROWS;
        // No bit past the last row, or counts and comparisons would be wrong.
        if let Some(last) = words.last_mut().filter(|_| used > 0) {
            *last = (1 << used) - 1;
        }
        Self { words, rows }
    }

    /// None of `rows` rows is allowed.
    #[must_use]
    pub fn none(rows: usize) -> Self {
        Self {
            words: vec![0; rows.div_ceil(BLOCK_ROWS)],
            rows,
        }
    }

    /// The rows for which `allowed` says so, asked in ascending order.
    #[must_use]
    pub fn from_predicate(rows: usize, allowed: impl FnMut(ItemIndex) -> bool) -> Self {
        let mut filter = Self::all(rows);
        filter.retain(allowed);
        filter
    }

    /// Only the given rows; those past the end are passed over.
    #[must_use]
    pub fn only(rows: usize, allowed: impl IntoIterator<Item = ItemIndex>) -> Self {
        let mut filter = Self::none(rows);
        for item in allowed {
            filter.allow(item);
        }
        filter
    }

    /// Number of rows, allowed or not.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Number of allowed rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether a row is allowed. A row past the end is not.
    #[must_use]
    pub fn allows(&self, item: ItemIndex) -> bool {
        self.words
            .get(item.get() / BLOCK_ROWS)
            .is_some_and(|word| word & bit(item) != 0)
    }

    /// Allows a row. A row past the end stays forbidden.
    pub fn allow(&mut self, item: ItemIndex) {
        if item.get() < self.rows
            && let Some(word) = self.words.get_mut(item.get() / BLOCK_ROWS)
        {
            *word |= bit(item);
        }
    }

    /// Forbids a row.
    pub fn forbid(&mut self, item: ItemIndex) {
        if let Some(word) = self.words.get_mut(item.get() / BLOCK_ROWS) {
            *word &= !bit(item);
        }
    }

    /// Forbids each row for which `allowed` says no. Asks in ascending order, each row at most once, and every row that is
    /// allowed so far.
    pub fn retain(&mut self, mut allowed: impl FnMut(ItemIndex) -> bool) {
        let mut first_row = 0u32;
        for word in &mut self.words {
            if *word == u64::MAX {
                // The usual case, without a branch for each bit.
                *word = (0..64).fold(0, |kept, at| {
                    kept | u64::from(allowed(ItemIndex(first_row.saturating_add(at)))) << at
                });
            } else {
                let mut asked = *word;
                while asked != 0 {
                    let row = ItemIndex(first_row.saturating_add(asked.trailing_zeros()));
                    asked &= asked - 1;
                    if !allowed(row) {
                        *word &= !bit(row);
                    }
                }
            }
            first_row = first_row.saturating_add(64);
        }
    }

    /// Forbids what `other` does not allow. Rows past `other`'s end are not allowed by it.
    pub fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().copied().chain(core::iter::repeat(0));
        for (word, other) in self.words.iter_mut().zip(others) {
            *word &= other;
        }
    }

    /// The allowed rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = ItemIndex> {
        (0u32..)
            .step_by(BLOCK_ROWS)
            .zip(&self.words)
            .flat_map(|(first_row, &word)| {
                (0..64)
                    .filter(move |at| word >> at & 1 == 1)
                    .map(move |at| ItemIndex(first_row.saturating_add(at)))
            })
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }
}

const fn bit(item: ItemIndex) -> u64 {
    1 << (item.0 % 64)
}
