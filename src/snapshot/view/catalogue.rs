//! The catalogue: item texts and the category tree.

use alloc::vec::Vec;

use crate::event::ItemIndex;
use crate::snapshot::bytes::{cast, to_usize};
use crate::snapshot::layout::{CategoryRecord, NONE};
use crate::snapshot::open::Snapshot;
use crate::snapshot::section::SectionKind;

/// A category's index in the category tree of one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CategoryIndex(pub u32);

/// An item's id and title, borrowed from the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ItemName<'s> {
    /// The catalogue's id.
    pub id: &'s str,
    /// The title for people.
    pub title: &'s str,
}

/// Catalogue text of one item, borrowed from the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ItemText<'s> {
    /// The catalogue's id.
    pub id: &'s str,
    /// The title for people.
    pub title: &'s str,
    /// URL of a picture.
    pub image: Option<&'s str>,
    /// Further fields, in the catalogue's order.
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
    /// Returns the catalogue text of a row. Text that is not UTF-8 reads as empty; only a file with unchecked digests
    /// can contain it.
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

    /// Returns the first two fields of [`Snapshot::text`].
    #[must_use]
    pub fn name(&self, item: ItemIndex) -> ItemName<'_> {
        ItemName::first_of(&mut parts(self.record(item), b'\n'))
    }

    /// Returns an item's text as it is stored.
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

    /// Returns a category's own name.
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

    /// Returns a category's parent and the number of items in it and below it.
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

    /// Returns the leaf category of a row.
    #[must_use]
    pub fn leaf_category(&self, item: ItemIndex) -> Option<CategoryIndex> {
        let values: &[u32] = cast(self.section(SectionKind::ItemCategory));
        values
            .get(item.get())
            .copied()
            .filter(|value| *value != NONE)
            .map(CategoryIndex)
    }

    /// Returns the categories of a row, root first.
    #[must_use]
    pub fn category_path(&self, item: ItemIndex) -> Vec<CategoryIndex> {
        let mut path: Vec<CategoryIndex> =
            core::iter::successors(self.leaf_category(item), |node| self.category_parent_and_items(*node).0).collect();
        path.reverse();
        path
    }

    /// Returns the categories with this name at any level, in file order. ASCII letters are compared without case.
    #[must_use]
    pub fn categories_named(&self, name: &str) -> Vec<CategoryIndex> {
        let count = u32::try_from(self.category_count()).unwrap_or(NONE);
        (0..count)
            .map(CategoryIndex)
            .filter(|category| self.category_name(*category).eq_ignore_ascii_case(name))
            .collect()
    }

    /// Returns, for each category, whether it is one of `roots` or below one.
    #[must_use]
    pub fn below(&self, roots: &[CategoryIndex]) -> Vec<bool> {
        let mut inside = alloc::vec![false; self.category_count()];
        for (index, record) in self.category_records().iter().enumerate() {
            // Parents come before their children, so one pass marks every depth.
            let parent = record.parent != NONE && inside[to_usize(record.parent)];
            inside[index] = parent || roots.iter().any(|root| to_usize(root.0) == index);
        }
        inside
    }

    /// Returns the leaf category of each row, or `NONE`.
    pub(crate) fn leaf_categories(&self) -> &[u32] {
        cast(self.section(SectionKind::ItemCategory))
    }
}

/// Splits text at an ASCII character like `str::split`, but without setting up a searcher, which does not pay for the
/// short lines of an item.
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
    fn parts_agree_with_str_split() {
        for text in ["", "a", "\n", "a\nb", "\na\n\nb\n", "Müesli\nTüte\n"] {
            let expected: Vec<&str> = text.split('\n').collect();
            assert_eq!(parts(text, b'\n').collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
