//! Which rows may be returned.

use crate::event::ItemIndex;
use crate::kernel::BLOCK_ROWS;

/// Bitmap of allowed rows: bit `i % 64` of word `i / 64`. The scan skips the 64 rows of a zero word without reading
/// their codes.
///
/// ```
/// use selvedge::event::ItemIndex;
/// use selvedge::retrieve::Filter;
///
/// let mut filter = Filter::from_predicate(100, |item| item.0 % 2 == 0);
/// filter.forbid(ItemIndex(4));
/// assert_eq!((filter.count(), filter.allows(ItemIndex(4))), (49, false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    words: Vec<u64>,
    rows: usize,
}

impl Filter {
    /// Allows every one of `rows` rows.
    #[must_use]
    pub fn all(rows: usize) -> Self {
        let mut words = vec![u64::MAX; rows.div_ceil(BLOCK_ROWS)];
        let used = rows % BLOCK_ROWS;
        // Clear the bits past the last row: they would falsify counts and comparisons.
        if let Some(last) = words.last_mut().filter(|_| used > 0) {
            *last = (1 << used) - 1;
        }
        Self { words, rows }
    }

    /// Allows none of `rows` rows.
    #[must_use]
    pub fn none(rows: usize) -> Self {
        Self {
            words: vec![0; rows.div_ceil(BLOCK_ROWS)],
            rows,
        }
    }

    /// Allows the rows for which `allowed` returns true. Calls it in ascending order of rows.
    #[must_use]
    pub fn from_predicate(rows: usize, allowed: impl FnMut(ItemIndex) -> bool) -> Self {
        let mut filter = Self::all(rows);
        filter.retain(allowed);
        filter
    }

    /// Allows the given rows only; ignores rows past the end.
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

    /// Whether a row is allowed; false past the end.
    #[must_use]
    pub fn allows(&self, item: ItemIndex) -> bool {
        self.words
            .get(item.get() / BLOCK_ROWS)
            .is_some_and(|word| word & bit(item) != 0)
    }

    /// Allows a row; ignores rows past the end.
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

    /// Forbids each allowed row for which `allowed` returns false. Calls it exactly once for each row that is allowed
    /// so far, in ascending order.
    pub fn retain(&mut self, mut allowed: impl FnMut(ItemIndex) -> bool) {
        let mut first_row = 0u32;
        for word in &mut self.words {
            if *word == u64::MAX {
                // The common case, without a branch for each bit.
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

    /// Forbids every row that `other` does not allow, including rows past `other`'s end.
    pub fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().copied().chain(core::iter::repeat(0));
        for (word, other) in self.words.iter_mut().zip(others) {
            *word &= other;
        }
    }

    /// Iterates over the allowed rows in ascending order.
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
