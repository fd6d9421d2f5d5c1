//! Structure checks of a snapshot's contents. After them no accessor can read outside the file or panic.

use core::ops::Range;

use bytemuck::{AnyBitPattern, Pod};
use half::f16;

use super::error::SnapshotError;
use super::layout::{CategoryRecord, NONE, SectionKind};
use super::open::Snapshot;
use crate::kernel::{BLOCK_ROWS, widen};
use crate::quantize::MAX_NORM;

/// `u32` to `usize`, lossless on every target that this crate supports (32 bits and more).
pub const fn to_usize(value: u32) -> usize {
    value as usize
}

/// A copy of the record at `offset`, or `None` where the bytes end before it does.
pub fn read<T: AnyBitPattern>(bytes: &[u8], offset: usize) -> Option<T> {
    let end = offset.checked_add(size_of::<T>())?;
    bytes.get(offset..end).map(bytemuck::pod_read_unaligned)
}

/// Bytes as a slice of records; empty where length or alignment do not fit (`contents` has checked both).
pub fn cast<T: Pod>(bytes: &[u8]) -> &[T] {
    bytemuck::try_cast_slice(bytes).unwrap_or(&[])
}

/// Refuses the first byte of a range that is not zero: padding is covered by no digest.
pub fn zeros(file: &[u8], range: Range<usize>) -> Result<(), SnapshotError> {
    let start = range.start;
    match file
        .get(range)
        .and_then(|bytes| bytes.iter().position(|byte| *byte != 0))
    {
        Some(at) => Err(SnapshotError::Padding {
            offset: (start + at) as u64,
            found: file[start + at],
        }),
        None => Ok(()),
    }
}

/// Checks every section against the header and against each other; returns the slate length.
pub fn contents<B: AsRef<[u8]>>(snapshot: &Snapshot<B>) -> Result<usize, SnapshotError> {
    use SectionKind as K;
    let header = &snapshot.header;
    let rows = u64::from(header.rows);
    let dims = u64::from(header.dims);
    let segments = u64::from(header.segments);
    let contexts = u64::from(header.contexts);
    let lengths = [
        (K::Factors, rows * u64::from(header.stride)),
        (K::FactorsInt4, rows * u64::from(header.stride / 2)),
        (K::Scales, rows * 2),
        (K::InverseNorms, rows * 2),
        (K::ItemKeys, rows * 8),
        (K::KeyOrder, rows * 4),
        (K::Gram, dims * dims * 4),
        (K::Popularity, rows * 2),
        (K::ItemCategory, rows * 4),
        (K::ItemTextOffsets, (rows + 1) * 4),
        (K::SegmentCentroids, segments * dims * 4),
        (K::SegmentMembers, segments * 4),
        (K::Contexts, contexts * dims * 4),
        (K::Availability, rows * 8),
        (K::BlockBounds, rows.div_ceil(BLOCK_ROWS as u64) * 4),
        (K::PopularityOrder, rows * 4),
        (K::SegmentParents, segments * 4),
        (K::Rungs, snapshot.policy().slots.len() as u64 * segments * 4),
    ];
    for (kind, expected) in lengths {
        if snapshot.sections[kind as usize].is_some() {
            length(snapshot, kind, expected)?;
        }
    }
    halves(snapshot, K::Scales)?;
    halves(snapshot, K::InverseNorms)?;
    halves(snapshot, K::Popularity)?;
    floats(snapshot, K::Gram)?;
    floats(snapshot, K::SegmentCentroids)?;
    floats(snapshot, K::Contexts)?;
    block_bounds(snapshot)?;
    popularity_order(snapshot)?;
    segment_tree(snapshot)?;
    let slate_len = slates(snapshot, 1 + segments + contexts)?;
    keys(snapshot)?;
    categories(snapshot)?;
    text_offsets(snapshot)?;
    Ok(slate_len)
}

/// The place of the first value that is bad.
///
/// Counted first, in a loop without exits that the compiler vectorises: a cold isolate runs this before it is optimised,
/// and pays for every instruction.
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

fn length<B: AsRef<[u8]>>(snapshot: &Snapshot<B>, kind: SectionKind, expected: u64) -> Result<(), SnapshotError> {
    let found = snapshot.section(kind).len() as u64;
    if found == expected {
        Ok(())
    } else {
        Err(SnapshotError::Length { kind, expected, found })
    }
}

/// Scales, norms and popularity must be finite and not negative: NaN would make the order of items undefined.
fn halves<B: AsRef<[u8]>>(snapshot: &Snapshot<B>, kind: SectionKind) -> Result<(), SnapshotError> {
    let values: &[u16] = cast(snapshot.section(kind));
    // Bit patterns 0x0000 to 0x7bff are exactly the finite values from +0 on.
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

fn floats<B: AsRef<[u8]>>(snapshot: &Snapshot<B>, kind: SectionKind) -> Result<(), SnapshotError> {
    let values: &[f32] = cast(snapshot.section(kind));
    // Beyond 1e15 the sums of products of the encoder could overflow to infinity.
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

/// Bounds that are too small would hide rows, so they are compared with what `scales` and `inverse-norms` say of every row.
fn block_bounds<B: AsRef<[u8]>>(snapshot: &Snapshot<B>) -> Result<(), SnapshotError> {
    let kind = SectionKind::BlockBounds;
    let bounds: &[f32] = cast(snapshot.section(kind));
    let content = |element, expected, found: f32| {
        Err(SnapshotError::Content {
            kind,
            element,
            expected,
            found: f64::from(found),
        })
    };
    if let Some(element) = bounds.iter().position(|bound| !(0.0..=MAX_NORM).contains(bound)) {
        let expected = "a finite float from 0 to the norm of the longest row there can be";
        return content(element, expected, bounds[element]);
    }
    if let Some(element) = bounds.windows(2).position(|pair| pair[0] < pair[1]) {
        return content(
            element + 1,
            "a bound not larger than the one before",
            bounds[element + 1],
        );
    }
    let scales: &[f16] = cast(snapshot.section(SectionKind::Scales));
    let inverse_norms: &[f16] = cast(snapshot.section(SectionKind::InverseNorms));
    let blocks = scales.chunks(BLOCK_ROWS).zip(inverse_norms.chunks(BLOCK_ROWS));
    for (element, ((scales, inverse_norms), bound)) in blocks.zip(bounds).enumerate() {
        // scale × ‖codes‖ ≤ bound, without a division; f16 rounds the inverse norm by at most 2⁻¹¹ of it.
        let allowed = bound * 1.001;
        let fits = |(scale, inverse): (&f16, &f16)| {
            u32::from((widen(*scale) <= allowed * widen(*inverse)) | (inverse.to_bits() == 0))
        };
        let fitting: u32 = scales.iter().zip(inverse_norms).map(fits).sum();
        if fitting as usize != scales.len() {
            return content(element, "at least the norm of every row of its block", *bound);
        }
    }
    Ok(())
}

fn popularity_order<B: AsRef<[u8]>>(snapshot: &Snapshot<B>) -> Result<(), SnapshotError> {
    indices(
        snapshot,
        SectionKind::PopularityOrder,
        snapshot.header.rows,
        "a row index",
        false,
    )
}

/// Parents stand behind their children, so that every way up ends; whoever answers for a segment is one.
fn segment_tree<B: AsRef<[u8]>>(snapshot: &Snapshot<B>) -> Result<(), SnapshotError> {
    let segments = to_usize(snapshot.header.segments);
    let refuse = |kind, expected, (element, found): (usize, u32)| {
        Err(SnapshotError::Content {
            kind,
            element,
            expected,
            found: f64::from(found),
        })
    };
    let wrong =
        |(segment, parent): &(usize, u32)| *parent != NONE && !(segment + 1..segments).contains(&to_usize(*parent));
    let parents = snapshot.segment_parents().iter().copied().enumerate();
    if let Some(found) = parents.into_iter().find(wrong) {
        return refuse(SectionKind::SegmentParents, "a segment behind this one, or none", found);
    }
    let rungs: &[u32] = cast(snapshot.section(SectionKind::Rungs));
    let mut rungs = rungs.iter().copied().enumerate();
    match rungs.find(|(_, rung)| *rung != NONE && to_usize(*rung) >= segments) {
        Some(found) => refuse(SectionKind::Rungs, "a segment, or none", found),
        None => Ok(()),
    }
}

fn slates<B: AsRef<[u8]>>(snapshot: &Snapshot<B>, lists: u64) -> Result<usize, SnapshotError> {
    let kind = SectionKind::Slates;
    let bytes = snapshot.section(kind).len() as u64;
    let unit = lists * 4;
    if bytes == 0 || !bytes.is_multiple_of(unit) {
        return Err(SnapshotError::Length {
            kind,
            expected: bytes.div_ceil(unit).max(1) * unit,
            found: bytes,
        });
    }
    indices(
        snapshot,
        kind,
        snapshot.header.rows,
        "a row index, or all ones for an empty place",
        true,
    )?;
    Ok(usize::try_from(bytes / unit).unwrap_or(0))
}

fn indices<B: AsRef<[u8]>>(
    snapshot: &Snapshot<B>,
    kind: SectionKind,
    limit: u32,
    expected: &'static str,
    none_allowed: bool,
) -> Result<(), SnapshotError> {
    let values: &[u32] = cast(snapshot.section(kind));
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

/// Keys in ascending order, each once: binary search finds every one, and no two items can be taken for each other.
fn keys<B: AsRef<[u8]>>(snapshot: &Snapshot<B>) -> Result<(), SnapshotError> {
    let kind = SectionKind::KeyOrder;
    indices(snapshot, kind, snapshot.header.rows, "a row index", false)?;
    let keys: &[u64] = cast(snapshot.section(SectionKind::ItemKeys));
    let order: &[u32] = cast(snapshot.section(kind));
    let mut before = None;
    for (element, row) in order.iter().enumerate() {
        let key = keys.get(to_usize(*row)).copied();
        if key <= before {
            return Err(SnapshotError::Content {
                kind,
                element,
                expected: "rows in strictly ascending order of their keys",
                found: f64::from(*row),
            });
        }
        before = key;
    }
    Ok(())
}

fn categories<B: AsRef<[u8]>>(snapshot: &Snapshot<B>) -> Result<(), SnapshotError> {
    let kind = SectionKind::Categories;
    let bytes = snapshot.section(kind).len();
    let record = size_of::<CategoryRecord>();
    if !bytes.is_multiple_of(record) {
        return Err(SnapshotError::Length {
            kind,
            expected: (bytes.div_ceil(record) * record) as u64,
            found: bytes as u64,
        });
    }
    let records: &[CategoryRecord] = cast(snapshot.section(kind));
    let names = snapshot.section(SectionKind::CategoryNames);
    core::str::from_utf8(names).map_err(|error| SnapshotError::Text {
        kind: SectionKind::CategoryNames,
        at: error.valid_up_to(),
    })?;
    for (element, category) in records.iter().enumerate() {
        let content = |expected, found: u32| SnapshotError::Content {
            kind,
            element,
            expected,
            found: f64::from(found),
        };
        // Parents first: a chain of parents always ends.
        if category.parent != NONE && to_usize(category.parent) >= element {
            return Err(content("a parent that stands before its children", category.parent));
        }
        let start = to_usize(category.name_offset);
        let end = start.checked_add(to_usize(category.name_bytes));
        if end.and_then(|end| names.get(start..end)).is_none() {
            return Err(content("a name inside category-names", category.name_offset));
        }
    }
    let limit = u32::try_from(records.len()).unwrap_or(NONE);
    indices(
        snapshot,
        SectionKind::ItemCategory,
        limit,
        "a category index, or all ones for none",
        true,
    )
}

fn text_offsets<B: AsRef<[u8]>>(snapshot: &Snapshot<B>) -> Result<(), SnapshotError> {
    let kind = SectionKind::ItemTextOffsets;
    let offsets: &[u32] = cast(snapshot.section(kind));
    let end = snapshot.section(SectionKind::ItemText).len() as u64;
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
