//! Type and number of a section's elements.

use core::fmt;

use crate::kernel::BLOCK_ROWS;
use crate::snapshot::layout::CategoryRecord;

/// Element type of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Bytes with a structure of their own.
    Bytes,
    /// UTF-8.
    Text,
    /// Records of 16 bytes.
    Categories,
    /// Two codes to a byte.
    Int4,
    /// Signed bytes.
    Int8,
    /// Half floats.
    F16,
    /// Floats.
    F32,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
}

/// One dimension of a section's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Any length, 0 included.
    Any,
    /// Any length from 1 on.
    Some,
    /// Two.
    Pair,
    /// Items.
    Rows,
    /// Items and one more.
    RowsAndEnd,
    /// Blocks of 64 items.
    Blocks,
    /// Factors of an item.
    Dims,
    /// Codes of an item.
    Stride,
    /// Segments.
    Segments,
    /// Dayparts.
    Contexts,
    /// Served lists: everyone's, each segment's, each daypart's.
    Lists,
    /// Slots of the policy.
    Slots,
}

/// A section's elements: their type, and the dimensions whose product is their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Type of an element.
    pub element: Element,
    /// Dimensions.
    pub sides: &'static [Side],
}

/// Sizes of the dimensions in one file.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub rows: u32,
    pub dims: u32,
    pub stride: u32,
    pub segments: u32,
    pub contexts: u32,
    pub slots: usize,
}

impl Element {
    const fn bits(self) -> u64 {
        match self {
            Self::Int4 => 4,
            Self::Bytes | Self::Text | Self::Int8 => 8,
            Self::F16 => 16,
            Self::F32 | Self::U32 => 32,
            Self::U64 => 64,
            Self::Categories => 8 * size_of::<CategoryRecord>() as u64,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Text => "UTF-8",
            Self::Categories => "records of 16 bytes",
            Self::Int4 => "int4",
            Self::Int8 => "int8",
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::U32 => "u32",
            Self::U64 => "u64",
        }
    }
}

impl Side {
    /// Returns its size; `None` if it is free.
    fn length(self, sizes: &Sizes) -> Option<u64> {
        let rows = u64::from(sizes.rows);
        Some(match self {
            Self::Any | Self::Some => return None,
            Self::Pair => 2,
            Self::Rows => rows,
            Self::RowsAndEnd => rows + 1,
            Self::Blocks => rows.div_ceil(BLOCK_ROWS as u64),
            Self::Dims => sizes.dims.into(),
            Self::Stride => sizes.stride.into(),
            Self::Segments => sizes.segments.into(),
            Self::Contexts => sizes.contexts.into(),
            Self::Lists => 1 + u64::from(sizes.segments) + u64::from(sizes.contexts),
            Self::Slots => sizes.slots as u64,
        })
    }

    /// Returns its text in the format document; `None` if the element type says it all.
    const fn words(self) -> Option<&'static str> {
        Some(match self {
            Self::Any => return None,
            Self::Some => "k",
            Self::Pair => "2",
            Self::Rows => "rows",
            Self::RowsAndEnd => "(rows + 1)",
            Self::Blocks => "⌈rows / 64⌉",
            Self::Dims => "dims",
            Self::Stride => "stride",
            Self::Segments => "segments",
            Self::Contexts => "contexts",
            Self::Lists => "(1 + segments + contexts)",
            Self::Slots => "slots",
        })
    }
}

impl Shape {
    /// Returns the length in bytes that a section of `found` bytes should have: `found` itself if allowed, else the
    /// next allowed length.
    pub fn expected_bytes(self, sizes: &Sizes, found: u64) -> u64 {
        let sides = self.sides.iter().filter_map(|side| side.length(sizes));
        let unit = (sides.fold(1, u64::saturating_mul)).saturating_mul(self.element.bits()) / 8;
        let least = if self.sides.contains(&Side::Some) {
            1
        } else if self.sides.contains(&Side::Any) {
            0
        } else {
            return unit;
        };
        found.div_ceil(unit.max(1)).max(least).saturating_mul(unit)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.element.name())?;
        for (place, words) in self.sides.iter().filter_map(|side| side.words()).enumerate() {
            write!(f, "{}{words}", if place == 0 { ", " } else { " × " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::section::SectionKind;

    #[test]
    fn a_shape_with_a_free_side_takes_whole_lines_only() {
        let sizes = Sizes {
            rows: 65,
            dims: 3,
            stride: 32,
            segments: 2,
            contexts: 0,
            slots: 4,
        };
        let expected = |kind: SectionKind, found| kind.shape().expected_bytes(&sizes, found);
        assert_eq!(expected(SectionKind::Slates, 0), 12, "not empty");
        assert_eq!(expected(SectionKind::Slates, 13), 24);
        assert_eq!(expected(SectionKind::Slates, 24), 24);
        assert_eq!(expected(SectionKind::Categories, 0), 0);
        assert_eq!(expected(SectionKind::Categories, 15), 16);
        assert_eq!(expected(SectionKind::ItemText, 5), 5);
        assert_eq!(expected(SectionKind::BlockBounds, 0), 8);
        assert_eq!(expected(SectionKind::Rungs, 1), 32);
        assert_eq!(expected(SectionKind::FactorsInt4, 0), 65 * 16);
        assert_eq!(expected(SectionKind::Availability, 0), 65 * 8);
        assert_eq!(SectionKind::Availability.shape().to_string(), "u32, rows × 2");
        assert_eq!(SectionKind::ItemText.shape().to_string(), "UTF-8");
    }
}
