//! Keeps rows from all over a file whose length is not known before its end.

/// Rows of one stretch.
pub const STRETCH: usize = 312;
/// Stretches that are kept: about 20,000 rows.
pub const STRETCHES: usize = 64;

/// Stretches of rows at even distances. When there are too many, every second one is dropped and the distance doubles.
pub struct Spread<T> {
    stretches: Vec<Vec<T>>,
    every: usize,
    seen: usize,
    weight: usize,
    max_weight: usize,
}

impl<T> Spread<T> {
    /// Keeps rows up to a weight, in bytes.
    #[must_use]
    pub const fn new(max_weight: usize) -> Self {
        Self {
            stretches: Vec::new(),
            every: 1,
            seen: 0,
            weight: 0,
            max_weight,
        }
    }

    /// Adds the next row; it is made, with its weight, only where it is kept.
    pub fn add(&mut self, make: impl FnOnce() -> (T, usize)) {
        let number = self.seen / STRETCH;
        let first = self.seen.is_multiple_of(STRETCH);
        self.seen += 1;
        if first {
            while self.stretches.len() >= STRETCHES || (self.weight > self.max_weight && self.stretches.len() > 1) {
                self.thin();
            }
            if number.is_multiple_of(self.every) {
                self.stretches.push(Vec::new());
            }
        }
        // One stretch of very long rows must not fill the memory before the next begins.
        if number.is_multiple_of(self.every)
            && self.weight <= self.max_weight.saturating_mul(2)
            && let Some(stretch) = self.stretches.last_mut()
        {
            let (row, weight) = make();
            self.weight += weight;
            stretch.push(row);
        }
    }

    fn thin(&mut self) {
        let mut number = 0;
        self.stretches.retain(|_| {
            number += 1;
            number % 2 == 1
        });
        self.every *= 2;
        self.weight /= 2;
    }

    /// The rows that are kept, in order, and whether these are all.
    #[must_use]
    pub fn finish(self) -> (Vec<T>, bool) {
        let rows: Vec<T> = self.stretches.into_iter().flatten().collect();
        let whole = rows.len() == self.seen;
        (rows, whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_are_all_kept_and_many_at_even_distances() {
        for (count, expected) in [(0, true), (10, true), (STRETCH * STRETCHES, true), (1_000_000, false)] {
            let mut spread = Spread::new(usize::MAX);
            (0..count).for_each(|row| spread.add(|| (row, 1)));
            let (rows, whole) = spread.finish();
            assert_eq!(whole, expected, "{count}");
            assert!(rows.is_sorted() && rows.len() <= STRETCH * STRETCHES);
            let last = rows.last().copied().unwrap_or_default();
            assert!(count < 100 || last * 20 >= count * 19, "{last} of {count}");
            assert!(whole || rows.len() >= STRETCH * STRETCHES / 2 - STRETCH);
        }
        let mut heavy = Spread::new(1_000);
        (0..10_000).for_each(|row| heavy.add(|| (row, 10)));
        assert!(heavy.finish().0.len() <= 2 * STRETCH);
    }
}
