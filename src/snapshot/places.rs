//! Finds where each section lies in the file.

use core::ops::Range;

use super::bytes::to_usize;
use super::error::SnapshotError;
use super::head::zeros;
use super::layout::{ENTRY_BYTES, Entry, FLAG_REQUIRED, HEADER_BYTES, Header, SIGNATURE_BYTES, align, first_section};
use super::section::{KINDS, SectionKind};
use crate::quantize::Width;

/// Ranges of the file's sections, by kind.
pub struct Places([Option<Range<usize>>; KINDS]);

impl Places {
    /// Returns a section's range; `None` if the file does not have it.
    pub fn of(&self, kind: SectionKind) -> Option<Range<usize>> {
        self.0[kind as usize].clone()
    }

    /// Whether the file has a section.
    pub const fn has(&self, kind: SectionKind) -> bool {
        self.0[kind as usize].is_some()
    }

    /// Returns the width of the factors' codes.
    pub const fn width(&self) -> Width {
        if self.has(SectionKind::FactorsInt4) {
            Width::Int4
        } else {
            Width::Int8
        }
    }

    /// Checks that the sections follow each other without gaps up to the end of the file, and that no mandatory one is
    /// missing.
    pub fn check(file: &[u8], header: &Header, directory: &[Entry]) -> Result<Self, SnapshotError> {
        let mut places = Self([const { None }; KINDS]);
        let mut end = HEADER_BYTES + directory.len() * ENTRY_BYTES + SIGNATURE_BYTES;
        let mut start = first_section(directory.len());
        for (index, entry) in directory.iter().enumerate() {
            if entry.offset != start as u64 {
                return Err(SnapshotError::Placement {
                    index,
                    kind: entry.kind,
                    expected: start as u64,
                    found: entry.offset,
                });
            }
            zeros(file, end..start)?;
            let stop = entry.offset.saturating_add(entry.bytes);
            if stop > file.len() as u64 {
                return Err(SnapshotError::Truncated {
                    what: SectionKind::from_code(entry.kind).map_or("unknown section", SectionKind::label),
                    expected: stop,
                    found: file.len() as u64,
                });
            }
            let range = entry_range(entry);
            end = range.end;
            start = align(end);
            match SectionKind::from_code(entry.kind) {
                Some(kind) => {
                    let place = &mut places.0[kind as usize];
                    if place.replace(range).is_some() {
                        return Err(SnapshotError::Duplicate { kind });
                    }
                }
                None if entry.flags & FLAG_REQUIRED != 0 => {
                    return Err(SnapshotError::UnknownRequired { kind: entry.kind });
                }
                None => {}
            }
        }
        if end != file.len() {
            return Err(SnapshotError::Field {
                what: "end of the last section",
                offset: end as u64,
                expected: "the end of the file",
                found: header.file_bytes,
            });
        }
        if places.has(SectionKind::Factors) && places.has(SectionKind::FactorsInt4) {
            return Err(SnapshotError::Duplicate {
                kind: SectionKind::FactorsInt4,
            });
        }
        let width = places.width();
        if !places.has(factors_kind(width)) {
            return Err(SnapshotError::Missing {
                kind: SectionKind::Factors,
            });
        }
        // 48 is the field's offset in the header. The stride follows from the width, which the directory determines.
        if width.stride_of(to_usize(header.dims)) != Some(to_usize(header.stride)) {
            return Err(SnapshotError::Field {
                what: "stride",
                offset: 48,
                expected: match width {
                    Width::Int8 => "dims rounded up to a multiple of 16",
                    Width::Int4 => "dims rounded up to a multiple of 32",
                },
                found: u64::from(header.stride),
            });
        }
        for kind in SectionKind::ALL {
            if kind.presence().is_mandatory() && !places.has(*kind) {
                return Err(SnapshotError::Missing { kind: *kind });
            }
        }
        Ok(places)
    }
}

/// Returns the range of an entry's section.
pub fn entry_range(entry: &Entry) -> Range<usize> {
    // `Places::check` has compared both with the file's length, so neither the conversion nor the sum can fail.
    let start = usize::try_from(entry.offset).unwrap_or(usize::MAX);
    start..start.saturating_add(usize::try_from(entry.bytes).unwrap_or(usize::MAX))
}

/// Returns the section that holds codes of this width.
pub const fn factors_kind(width: Width) -> SectionKind {
    match width {
        Width::Int8 => SectionKind::Factors,
        Width::Int4 => SectionKind::FactorsInt4,
    }
}
