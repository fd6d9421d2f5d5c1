//! Reading an opened snapshot: typed slices and the catalogue.

use alloc::vec::Vec;

use half::f16;

use super::check::{cast, to_usize};
use super::error::SnapshotError;
use super::layout::{CategoryRecord, NONE, SectionKind};
use super::open::{Snapshot, factors_kind};
use crate::event::{ItemIndex, ItemKey};
use crate::quantize::Width;
use crate::retrieve::{Codes, Rows};

/// A node of the category tree, by its position in the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CategoryIndex(pub u32);

/// By what an item is called. Borrowed from the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ItemName<'s> {
    /// The catalogue's id.
    pub id: &'s str,
    /// The title for people.
    pub title: &'s str,
}

/// What the catalogue says of one item. Borrowed from the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ItemText<'s> {
    /// The catalogue's id.
    pub id: &'s str,
    /// The title for people.
    pub title: &'s str,
    /// Address of a picture.
    pub image: Option<&'s str>,
    /// Further fields in the catalogue's order.
    pub attributes: Vec<(&'s str, &'s str)>,
}

impl<'s> ItemName<'s> {
    fn first_of(lines: &mut impl Iterator<Item = &'s str>) -> Self {
        Self {
            id: lines.next().unwrap_or(""),
            title: lines.next().unwrap_or(""),
        }
    }
}

impl<B: AsRef<[u8]>> Snapshot<B> {
    pub(super) fn section(&self, kind: SectionKind) -> &[u8] {
        self.sections[kind as usize]
            .clone()
            .and_then(|range| self.bytes.as_ref().get(range))
            .unwrap_or(&[])
    }

    /// Number of items.
    #[must_use]
    pub fn rows(&self) -> usize {
        to_usize(self.header.rows)
    }

    /// Number of factors of an item.
    #[must_use]
    pub fn dims(&self) -> usize {
        to_usize(self.header.dims)
    }

    /// Codes per row, padding included.
    #[must_use]
    pub fn stride(&self) -> usize {
        to_usize(self.header.stride)
    }

    /// Number of segments.
    #[must_use]
    pub fn segments(&self) -> usize {
        to_usize(self.header.segments)
    }

    /// Number of daypart priors: 8, or 0 where the events carried no time of day.
    #[must_use]
    pub fn contexts(&self) -> usize {
        to_usize(self.header.contexts)
    }

    /// When the file was packed, Unix milliseconds.
    #[must_use]
    pub fn created_ms(&self) -> u64 {
        self.header.created_ms
    }

    /// Time of the newest event the model has seen, Unix milliseconds.
    #[must_use]
    pub fn trained_until_ms(&self) -> u64 {
        self.header.trained_until_ms
    }

    /// Bits of an item's codes.
    #[must_use]
    pub fn width(&self) -> Width {
        if self.sections[SectionKind::FactorsInt4 as usize].is_some() {
            Width::Int4
        } else {
            Width::Int8
        }
    }

    /// The rows with their scales, for dot products; with the bounds of their blocks, where the file has them.
    #[must_use]
    pub fn factor_rows(&self) -> Option<Rows<'_>> {
        let rows = self.rows_scaled_by(SectionKind::Scales)?;
        match cast(self.section(SectionKind::BlockBounds)) {
            [] => Some(rows),
            bounds => rows.with_bounds(bounds).ok(),
        }
    }

    /// The rows with inverse norms as scales, for cosines.
    #[must_use]
    pub fn cosine_rows(&self) -> Option<Rows<'_>> {
        self.rows_scaled_by(SectionKind::InverseNorms)
    }

    pub(super) fn segment_parents(&self) -> &[u32] {
        cast(self.section(SectionKind::SegmentParents))
    }

    /// Number of segments that visitors are assigned to: the first ones. The rest are unions of them.
    #[must_use]
    pub fn leaf_segments(&self) -> usize {
        let parents = self.segment_parents().iter().filter(|parent| **parent != NONE);
        parents.min().map_or(self.segments(), |first| to_usize(*first))
    }

    /// The segment whose answer the visitors of `segment` get in the slot at a place of the policy: itself unless the file
    /// says otherwise; `None` where the slot has too little traffic for any.
    #[must_use]
    pub fn rung(&self, slot: usize, segment: u16) -> Option<u16> {
        let rungs: &[u32] = cast(self.section(SectionKind::Rungs));
        let at = slot
            .saturating_mul(self.segments())
            .saturating_add(usize::from(segment));
        match rungs.get(at) {
            Some(rung) => u16::try_from(*rung).ok().filter(|_| *rung != NONE),
            None => Some(segment),
        }
    }

    /// The opener has checked all lengths, so that `None` is not seen for a file it accepted.
    fn rows_scaled_by(&self, kind: SectionKind) -> Option<Rows<'_>> {
        let codes = Codes::new(self.width(), self.section(factors_kind(self.width())));
        Rows::new(codes, self.stride(), cast::<f16>(self.section(kind))).ok()
    }

    /// The codes of one row, padding included.
    #[must_use]
    pub fn codes(&self, item: ItemIndex) -> Vec<i8> {
        let rows = self.rows_scaled_by(SectionKind::Scales);
        rows.and_then(|rows| rows.row_codes(item.get())).unwrap_or_default()
    }

    /// The dequantised factors of one row.
    #[must_use]
    pub fn factors(&self, item: ItemIndex) -> Vec<f32> {
        let rows = self.rows_scaled_by(SectionKind::Scales);
        let mut factors = rows.map_or(Vec::new(), |rows| rows.factors(item.get()));
        factors.truncate(self.dims());
        factors
    }

    /// The dequantised factors of some rows, one after the other, `dims` each.
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

    /// The Gram matrix Σ y yᵀ of the dequantised factors, dims × dims, row-major.
    #[must_use]
    pub fn gram(&self) -> &[f32] {
        cast(self.section(SectionKind::Gram))
    }

    /// The row of a stable key. O(log rows).
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

    /// The row of a catalogue id. The id itself is compared, so that a key collision cannot answer for another item.
    #[must_use]
    pub fn find_id(&self, id: &str) -> Option<ItemIndex> {
        self.find(ItemKey::of(id)).filter(|item| self.name(*item).id == id)
    }

    /// The stable key of a row.
    #[must_use]
    pub fn key(&self, item: ItemIndex) -> Option<ItemKey> {
        let keys: &[u64] = cast(self.section(SectionKind::ItemKeys));
        keys.get(item.get()).copied().map(ItemKey)
    }

    /// The popularity prior of a row: 1 for the most popular item.
    #[must_use]
    pub fn popularity(&self, item: ItemIndex) -> f32 {
        let values: &[f16] = cast(self.section(SectionKind::Popularity));
        values.get(item.get()).copied().unwrap_or(f16::ZERO).to_f32()
    }

    /// The row at a place in the order of popularity, 0 being the most popular.
    #[must_use]
    pub fn by_popularity(&self, place: usize) -> Option<ItemIndex> {
        match cast::<u32>(self.section(SectionKind::PopularityOrder)) {
            [] => u32::try_from(place).ok().filter(|row| *row < self.header.rows),
            order => order.get(place).copied(),
        }
        .map(ItemIndex)
    }

    /// What the catalogue says of a row. Text that is not UTF-8 reads as empty: only a file without checked digests can
    /// hold it.
    #[must_use]
    pub fn text(&self, item: ItemIndex) -> ItemText<'_> {
        let mut lines = parts(self.record(item), b'\n');
        let ItemName { id, title } = ItemName::first_of(&mut lines);
        ItemText {
            id,
            title,
            image: lines.next().filter(|image| !image.is_empty()),
            attributes: lines
                .filter_map(|line| {
                    let name = parts(line, b'=').next()?;
                    Some((name, line.get(name.len() + 1..)?))
                })
                .collect(),
        }
    }

    /// The first two fields of [`Snapshot::text`].
    #[must_use]
    pub fn name(&self, item: ItemIndex) -> ItemName<'_> {
        ItemName::first_of(&mut parts(self.record(item), b'\n'))
    }

    /// An item's text as it is stored.
    fn record(&self, item: ItemIndex) -> &str {
        let offsets: &[u32] = cast(self.section(SectionKind::ItemTextOffsets));
        let (Some(start), Some(end)) = (offsets.get(item.get()), offsets.get(item.get() + 1)) else {
            return "";
        };
        self.section(SectionKind::ItemText)
            .get(to_usize(*start)..to_usize(*end))
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }

    /// Number of categories.
    #[must_use]
    pub fn category_count(&self) -> usize {
        self.category_records().len()
    }

    fn category_records(&self) -> &[CategoryRecord] {
        cast(self.section(SectionKind::Categories))
    }

    /// A category's own name.
    #[must_use]
    pub fn category_name(&self, category: CategoryIndex) -> &str {
        let names = self.section(SectionKind::CategoryNames);
        self.category_records()
            .get(to_usize(category.0))
            .and_then(|record| {
                let start = to_usize(record.name_offset);
                names.get(start..start + to_usize(record.name_bytes))
            })
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }

    /// A category's parent and the number of items in it and below it.
    #[must_use]
    pub fn category_parent_and_items(&self, category: CategoryIndex) -> (Option<CategoryIndex>, u32) {
        match self.category_records().get(to_usize(category.0)) {
            Some(record) => (
                Some(CategoryIndex(record.parent)).filter(|parent| parent.0 != NONE),
                record.items,
            ),
            None => (None, 0),
        }
    }

    /// The leaf category of a row.
    #[must_use]
    pub fn leaf_category(&self, item: ItemIndex) -> Option<CategoryIndex> {
        let values: &[u32] = cast(self.section(SectionKind::ItemCategory));
        values
            .get(item.get())
            .copied()
            .filter(|value| *value != NONE)
            .map(CategoryIndex)
    }

    /// The categories of a row, root first.
    #[must_use]
    pub fn category_path(&self, item: ItemIndex) -> Vec<CategoryIndex> {
        let mut path: Vec<CategoryIndex> =
            core::iter::successors(self.leaf_category(item), |node| self.category_parent_and_items(*node).0).collect();
        path.reverse();
        path
    }

    /// The categories with this name, at any level, ASCII letters compared without case; in file order.
    #[must_use]
    pub fn categories_named(&self, name: &str) -> Vec<CategoryIndex> {
        let count = u32::try_from(self.category_count()).unwrap_or(NONE);
        (0..count)
            .map(CategoryIndex)
            .filter(|category| self.category_name(*category).eq_ignore_ascii_case(name))
            .collect()
    }

    /// For each category whether it is one of `roots` or lies below one.
    #[must_use]
    pub fn below(&self, roots: &[CategoryIndex]) -> Vec<bool> {
        let mut inside = alloc::vec![false; self.category_count()];
        for (index, record) in self.category_records().iter().enumerate() {
            // Parents stand first, so one pass carries the mark down to every depth.
            let parent = record.parent != NONE && inside[to_usize(record.parent)];
            inside[index] = parent || roots.iter().any(|root| to_usize(root.0) == index);
        }
        inside
    }

    /// For each row whether it has one of these categories or one below.
    pub(crate) fn leaf_categories(&self) -> &[u32] {
        cast(self.section(SectionKind::ItemCategory))
    }

    /// The first and last minute (Unix) at which a row may be shown, `None` where the file does not limit any.
    pub(crate) fn availability(&self) -> Option<&[[u32; 2]]> {
        self.sections[SectionKind::Availability as usize]
            .is_some()
            .then(|| cast(self.section(SectionKind::Availability)))
    }

    /// Unit-length directions of the segments that visitors are assigned to, leaves × dims.
    pub(crate) fn leaf_centroids(&self) -> &[f32] {
        let values: &[f32] = cast(self.section(SectionKind::SegmentCentroids));
        values.get(..self.leaf_segments() * self.dims()).unwrap_or(&[])
    }

    /// A segment's unit-length direction.
    #[must_use]
    pub fn centroid(&self, segment: usize) -> &[f32] {
        let values: &[f32] = cast(self.section(SectionKind::SegmentCentroids));
        values
            .get(segment * self.dims()..(segment + 1) * self.dims())
            .unwrap_or(&[])
    }

    /// How many users the segment had while training.
    #[must_use]
    pub fn segment_members(&self, segment: usize) -> u32 {
        let values: &[u32] = cast(self.section(SectionKind::SegmentMembers));
        values.get(segment).copied().unwrap_or(0)
    }

    /// The prior user vector of a daypart.
    #[must_use]
    pub fn context_prior(&self, context: usize) -> &[f32] {
        let values: &[f32] = cast(self.section(SectionKind::Contexts));
        values
            .get(context * self.dims()..(context + 1) * self.dims())
            .unwrap_or(&[])
    }

    /// A ready list, best first: 0 for everyone, then the segments, then the contexts.
    pub fn slate(&self, list: usize) -> impl Iterator<Item = ItemIndex> {
        let values: &[u32] = cast(self.section(SectionKind::Slates));
        let places = values.get(list * self.slate_len..(list + 1) * self.slate_len);
        places
            .unwrap_or(&[])
            .iter()
            .filter(|row| **row != NONE)
            .map(|row| ItemIndex(*row))
    }

    /// Items per ready list.
    #[must_use]
    pub fn slate_len(&self) -> usize {
        self.slate_len
    }

    /// The lines for people about where the model comes from.
    #[must_use]
    pub fn provenance(&self) -> &str {
        core::str::from_utf8(self.section(SectionKind::Provenance)).unwrap_or("")
    }

    /// The snapshot's version: time of packing and the first digits of its fingerprint, as
    /// `20171204T000000Z-1f3a9c02`.
    #[must_use]
    pub fn version(&self) -> alloc::string::String {
        let (year, month, day) = crate::time::civil_from_days((self.created_ms() / 86_400_000).cast_signed());
        let second = self.created_ms() / 1000 % 86_400;
        let f = self.fingerprint();
        alloc::format!(
            "{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z-{:02x}{:02x}{:02x}{:02x}",
            second / 3600,
            second / 60 % 60,
            second % 60,
            f[0],
            f[1],
            f[2],
            f[3]
        )
    }

    /// Refuses where one of the sections was not confirmed.
    ///
    /// # Errors
    /// [`SnapshotError::Unverified`].
    pub fn require(&self, kinds: &[SectionKind]) -> Result<(), SnapshotError> {
        match kinds.iter().find(|kind| !self.is_verified(**kind)) {
            Some(kind) => Err(SnapshotError::Unverified { kind: *kind }),
            None => Ok(()),
        }
    }
}

/// The parts of a text between ASCII characters, as `str::split` gives them, but without the searcher that it sets up for each: an
/// item's lines are short.
fn parts(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|byte| byte == separator);
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_parts_that_split_finds() {
        for text in ["", "a", "\n", "a\nb", "\na\n\nb\n", "Müesli\nTüte\n"] {
            let expected: Vec<&str> = text.split('\n').collect();
            assert_eq!(parts(text, b'\n').collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
