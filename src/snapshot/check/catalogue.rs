//! Checks of the category tree and of item texts.

use crate::snapshot::bytes::to_usize;
use crate::snapshot::contents::Contents;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::{CategoryRecord, NONE};
use crate::snapshot::section::SectionKind;

/// Number of categories.
pub fn categories_of(contents: &Contents<'_>) -> u32 {
    let records: &[CategoryRecord] = contents.values(SectionKind::Categories);
    u32::try_from(records.len()).unwrap_or(NONE)
}

/// Checks that parents come before their children and that names are inside `category-names`.
pub fn tree(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let records: &[CategoryRecord] = contents.values(kind);
    let names = contents.section(SectionKind::CategoryNames);
    for (element, category) in records.iter().enumerate() {
        let content = |expected, found: u32| SnapshotError::Content {
            kind,
            element,
            expected,
            found: f64::from(found),
        };
        // With parents first, every chain of parents ends.
        if category.parent != NONE && to_usize(category.parent) >= element {
            return Err(content("a parent that comes before its children", category.parent));
        }
        let start = to_usize(category.name_offset);
        let end = start.checked_add(to_usize(category.name_bytes));
        if end.and_then(|end| names.get(start..end)).is_none() {
            return Err(content("a name inside category-names", category.name_offset));
        }
    }
    Ok(())
}

/// Checks that the section is UTF-8.
pub fn text(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    match core::str::from_utf8(contents.section(kind)) {
        Ok(_) => Ok(()),
        Err(error) => Err(SnapshotError::Text {
            kind,
            at: error.valid_up_to(),
        }),
    }
}

/// Checks that offsets start at 0, never fall, and end at the length of `item-text`.
pub fn offsets(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let offsets: &[u32] = contents.values(kind);
    let end = contents.section(SectionKind::ItemText).len() as u64;
    let content = |element: usize, expected| SnapshotError::Content {
        kind,
        element,
        expected,
        found: offsets.get(element).copied().map_or(f64::NAN, f64::from),
    };
    if offsets.first() != Some(&0) {
        return Err(content(0, "0"));
    }
    let falls = offsets
        .iter()
        .zip(offsets.iter().skip(1))
        .map(|(one, next)| u32::from(one > next));
    if falls.sum::<u32>() > 0
        && let Some(element) = offsets.windows(2).position(|pair| pair[0] > pair[1])
    {
        return Err(content(element + 1, "an offset not smaller than the one before"));
    }
    if offsets.last().copied().map(u64::from) != Some(end) {
        return Err(content(offsets.len() - 1, "the length of item-text"));
    }
    Ok(())
}
