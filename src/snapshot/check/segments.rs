//! Checks of the segment tree.

use crate::snapshot::bytes::to_usize;
use crate::snapshot::contents::Contents;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::{MIN_MEMBERS, NONE};
use crate::snapshot::section::SectionKind;

/// Checks that no segment stands for one person alone: its list would show what that person did.
pub fn members(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let members: &[u32] = contents.values(kind);
    match members.iter().position(|members| *members < MIN_MEMBERS) {
        Some(element) => Err(SnapshotError::Content {
            kind,
            element,
            expected: "at least 2 members",
            found: f64::from(members[element]),
        }),
        None => Ok(()),
    }
}

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
