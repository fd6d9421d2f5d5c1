//! The catalogue: texts of items and the category tree.

use alloc::vec::Vec;

use crate::event::ItemIndex;
use crate::snapshot::bytes::{cast, to_usize};
use crate::snapshot::layout::{CategoryRecord, NONE};
use crate::snapshot::open::Snapshot;
use crate::snapshot::section::SectionKind;

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
