//! Checks of the segment tree.

use crate::snapshot::bytes::to_usize;
use crate::snapshot::contents::Contents;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::NONE;
use crate::snapshot::section::SectionKind;

/// Checks that parents come after their children, so that every path to the root ends.
pub fn parents(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let segments = to_usize(contents.header.segments);
    let parents: &[u32] = contents.values(kind);
    let wrong =
        |(segment, parent): (usize, &u32)| *parent != NONE && !(segment + 1..segments).contains(&to_usize(*parent));
    match parents.iter().enumerate().position(wrong) {
        Some(element) => Err(SnapshotError::Content {
            kind,
            element,
            expected: "a later segment, or none",
            found: f64::from(parents[element]),
        }),
        None => Ok(()),
    }
}
