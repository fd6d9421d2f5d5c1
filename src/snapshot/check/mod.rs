//! Checks of a snapshot's contents. After them, no accessor can panic or read outside of the file.
//!
//! The table of sections says which values of a section are checked ([`Values`]); this module implements the checks.

mod catalogue;
mod rows;
mod segments;

use half::f16;

use super::contents::Contents;
use super::error::SnapshotError;
use super::layout::NONE;
use super::section::{SectionKind, Values};

/// Checks the length and the values of every section that the file has.
pub fn contents(contents: &Contents<'_>) -> Result<(), SnapshotError> {
    let there = || {
        let all = SectionKind::ALL.iter().copied();
        all.filter(|kind| contents.places.has(*kind))
    };
    for kind in there() {
        length(contents, kind)?;
    }
    for kind in there() {
        values(contents, kind)?;
    }
    Ok(())
}

fn length(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let found = contents.section(kind).len() as u64;
    let expected = kind.shape().expected_bytes(&contents.sizes(), found);
    if found == expected {
        Ok(())
    } else {
        Err(SnapshotError::Length { kind, expected, found })
    }
}

fn values(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let rows = contents.header.rows;
    match kind.values() {
        // The policy was checked field by field when it was read.
        Values::Free | Values::Policy => Ok(()),
        Values::Halves => halves(contents, kind),
        Values::Floats => floats(contents, kind),
        Values::Rows => indices(contents, kind, rows, "a row index", false),
        Values::RowsOrNone => {
            let expected = "a row index, or all ones for an empty place";
            indices(contents, kind, rows, expected, true)
        }
        Values::CategoriesOrNone => {
            let limit = catalogue::categories_of(contents);
            indices(contents, kind, limit, "a category index, or all ones for none", true)
        }
        Values::SegmentsOrNone => indices(contents, kind, contents.header.segments, "a segment, or none", true),
        Values::Members => segments::members(contents, kind),
        Values::LaterSegments => segments::parents(contents, kind),
        Values::RowsByKey => rows::by_key(contents, kind),
        Values::Bounds => rows::bounds(contents, kind),
        Values::CategoryTree => catalogue::tree(contents, kind),
        Values::Text => catalogue::text(contents, kind),
        Values::Offsets => catalogue::offsets(contents, kind),
    }
}

/// Returns the index of the first bad value.
///
/// It first counts bad values in a loop without an exit, which the compiler vectorises. A cold isolate runs this code
/// before it is optimised and pays for every instruction.
fn first_where<T: Copy>(values: &[T], bad: impl Fn(T) -> bool) -> Option<usize> {
    let count = values
        .iter()
        .map(|value| u32::from(bad(*value)))
        .fold(0, u32::wrapping_add);
    if count == 0 {
        return None;
    }
    values.iter().position(|value| bad(*value))
}

/// Scales, norms and popularity must be finite and not negative: NaN would leave the order of items undefined.
fn halves(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let values: &[u16] = contents.values(kind);
    // Exactly the bit patterns 0x0000 to 0x7bff are finite and +0 or more.
    match first_where(values, |bits| bits > 0x7bff) {
        Some(element) => Err(SnapshotError::Content {
            kind,
            element,
            expected: "a finite half float, zero or more",
            found: f16::from_bits(values[element]).to_f64(),
        }),
        None => Ok(()),
    }
}

fn floats(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let values: &[f32] = contents.values(kind);
    // Above 1e15, the encoder's sums of products could overflow to infinity.
    match first_where(values, |value| value.is_nan() | (value.abs() > 1e15)) {
        Some(element) => Err(SnapshotError::Content {
            kind,
            element,
            expected: "a finite float of magnitude at most 1e15",
            found: f64::from(values[element]),
        }),
        None => Ok(()),
    }
}

fn indices(
    contents: &Contents<'_>,
    kind: SectionKind,
    limit: u32,
    expected: &'static str,
    none_allowed: bool,
) -> Result<(), SnapshotError> {
    let values: &[u32] = contents.values(kind);
    let bad = |value: u32| (value >= limit) & !(none_allowed & (value == NONE));
    match first_where(values, bad) {
        Some(element) => Err(SnapshotError::Content {
            kind,
            element,
            expected,
            found: f64::from(values[element]),
        }),
        None => Ok(()),
    }
}
