//! Rows: codes, keys, popularity and availability.

use alloc::vec::Vec;

use half::f16;

use crate::event::{ItemIndex, ItemKey};
use crate::quantize::{Codes, Rows, Width};
use crate::snapshot::bytes::{cast, to_usize};
use crate::snapshot::open::Snapshot;
use crate::snapshot::places::factors_kind;
use crate::snapshot::section::SectionKind;

impl<B: AsRef<[u8]>> Snapshot<B> {
    /// Returns the width of the factors' codes.
    #[must_use]
    pub fn width(&self) -> Width {
        self.places.width()
    }

    /// Returns the rows with their scales, for scores, and with the bounds of their blocks if the file has them.
    #[must_use]
    pub fn factor_rows(&self) -> Option<Rows<'_>> {
        let rows = self.rows_scaled_by(SectionKind::Scales)?;
        match cast(self.section(SectionKind::BlockBounds)) {
            [] => Some(rows),
            bounds => rows.with_bounds(bounds).ok(),
        }
    }

    /// Returns the rows with inverse norms as scales, for cosines.
    #[must_use]
    pub fn cosine_rows(&self) -> Option<Rows<'_>> {
        self.rows_scaled_by(SectionKind::InverseNorms)
    }

    /// The opener has checked all lengths, so this is never `None` for a file that it accepted.
    fn rows_scaled_by(&self, kind: SectionKind) -> Option<Rows<'_>> {
        let codes = Codes::new(self.width(), self.section(factors_kind(self.width())));
        Rows::new(codes, self.stride(), cast::<f16>(self.section(kind))).ok()
    }

    /// Returns the codes of one row, padding included.
    #[must_use]
    pub fn codes(&self, item: ItemIndex) -> Vec<i8> {
        let rows = self.rows_scaled_by(SectionKind::Scales);
        rows.and_then(|rows| rows.row_codes(item.get())).unwrap_or_default()
    }

    /// Returns the dequantised factors of one row, `dims` values.
    #[must_use]
    pub fn factors(&self, item: ItemIndex) -> Vec<f32> {
        let rows = self.rows_scaled_by(SectionKind::Scales);
        let mut factors = rows.map_or(Vec::new(), |rows| rows.factors(item.get()));
        factors.truncate(self.dims());
        factors
    }

    /// Returns the dequantised factors of several rows, concatenated, `dims` values each.
    #[must_use]
    pub fn factors_of(&self, items: impl ExactSizeIterator<Item = ItemIndex>) -> Vec<f64> {
        let mut factors = Vec::with_capacity(items.len() * self.dims());
        if let Some(rows) = self.rows_scaled_by(SectionKind::Scales) {
            for item in items {
                rows.append_factors(item.get(), self.dims(), &mut factors);
            }
        }
        factors
    }

    /// Returns the Gram matrix Σ y yᵀ of the dequantised factors, dims × dims, row-major.
    #[must_use]
    pub fn gram(&self) -> &[f32] {
        cast(self.section(SectionKind::Gram))
    }

    /// Returns the row of an item key. O(log rows).
    #[must_use]
    pub fn find(&self, key: ItemKey) -> Option<ItemIndex> {
        let keys: &[u64] = cast(self.section(SectionKind::ItemKeys));
        let order: &[u32] = cast(self.section(SectionKind::KeyOrder));
        let key_of = |row: &u32| keys.get(to_usize(*row)).copied().unwrap_or(u64::MAX);
        order
            .binary_search_by_key(&key.0, key_of)
            .ok()
            .map(|place| ItemIndex(order[place]))
    }

    /// Returns the row of an item id. It compares the id itself, so an item with the same key cannot be mistaken for
    /// it. O(log rows).
    #[must_use]
    pub fn find_id(&self, id: &str) -> Option<ItemIndex> {
        self.find(ItemKey::of(id)).filter(|item| self.name(*item).id == id)
    }

    /// Returns the item key of a row.
    #[must_use]
    pub fn key(&self, item: ItemIndex) -> Option<ItemKey> {
        let keys: &[u64] = cast(self.section(SectionKind::ItemKeys));
        keys.get(item.get()).copied().map(ItemKey)
    }

    /// Returns the popularity prior of a row: 1 for the most popular item.
    #[must_use]
    pub fn popularity(&self, item: ItemIndex) -> f32 {
        let values: &[f16] = cast(self.section(SectionKind::Popularity));
        values.get(item.get()).copied().unwrap_or(f16::ZERO).to_f32()
    }

    /// Returns the row at a position in the order of popularity; 0 is the most popular.
    #[must_use]
    pub fn by_popularity(&self, place: usize) -> Option<ItemIndex> {
        match cast::<u32>(self.section(SectionKind::PopularityOrder)) {
            [] => u32::try_from(place).ok().filter(|row| *row < self.header.rows),
            order => order.get(place).copied(),
        }
        .map(ItemIndex)
    }

    /// Returns the availability of each row, first Unix minute and end; `None` if the file limits no item.
    pub(crate) fn availability(&self) -> Option<&[[u32; 2]]> {
        self.places
            .has(SectionKind::Availability)
            .then(|| cast(self.section(SectionKind::Availability)))
    }
}
