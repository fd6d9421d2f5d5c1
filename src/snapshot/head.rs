//! Reads the head of a file: header and directory.

use alloc::vec::Vec;
use core::ops::Range;

use super::bytes;
use super::error::SnapshotError;
use super::layout::{
    ENTRY_BYTES, Entry, FLAG_REQUIRED, HEADER_BYTES, Header, MAGIC, MAJOR, MAX_DIMS, MAX_ROWS, MAX_SECTIONS,
    MAX_SEGMENTS, SIGNATURE_BYTES,
};

/// Reads the header and checks the range of its fields.
pub fn read_header(file: &[u8]) -> Result<Header, SnapshotError> {
    let header: Header = bytes::read(file, 0).ok_or(SnapshotError::Truncated {
        what: "header",
        expected: HEADER_BYTES as u64,
        found: file.len() as u64,
    })?;
    if header.magic != MAGIC {
        return Err(SnapshotError::Magic { found: header.magic });
    }
    if header.major != MAJOR {
        return Err(SnapshotError::Version {
            expected: MAJOR,
            found: header.major,
        });
    }
    if header.file_bytes != file.len() as u64 {
        return Err(SnapshotError::Truncated {
            what: "file",
            expected: header.file_bytes,
            found: file.len() as u64,
        });
    }
    let field = |what, offset, expected, found: u32, good: bool| {
        if good {
            Ok(())
        } else {
            Err(SnapshotError::Field {
                what,
                offset,
                expected,
                found: u64::from(found),
            })
        }
    };
    let sections = header.sections;
    let in_range = (1..=MAX_SECTIONS).contains(&bytes::to_usize(sections));
    field("section count", 12, "1 to 64", sections, in_range)?;
    let rows = header.rows;
    field("rows", 40, "1 to 16777216", rows, (1..=MAX_ROWS).contains(&rows))?;
    let dims = header.dims;
    field("dims", 44, "1 to 1024", dims, (1..=MAX_DIMS).contains(&dims))?;
    let segments = header.segments;
    field("segments", 52, "at most 65534", segments, segments <= MAX_SEGMENTS)?;
    let contexts = header.contexts;
    field("contexts", 56, "0 or 8", contexts, contexts == 0 || contexts == 8)?;
    field("reserved", 60, "0", header.reserved, header.reserved == 0)?;
    Ok(header)
}

/// Reads the directory entries and checks their flags and reserved bytes.
pub fn read_directory(file: &[u8], count: usize) -> Result<Vec<Entry>, SnapshotError> {
    let needed = HEADER_BYTES + count * ENTRY_BYTES + SIGNATURE_BYTES;
    if file.len() < needed {
        return Err(SnapshotError::Truncated {
            what: "directory and signature",
            expected: needed as u64,
            found: file.len() as u64,
        });
    }
    let mut entries = Vec::with_capacity(count);
    for index in 0..count {
        let offset = HEADER_BYTES + index * ENTRY_BYTES;
        // The length was checked above. The checks that follow would refuse a zero entry.
        let entry: Entry = bytes::read(file, offset).unwrap_or(bytemuck::Zeroable::zeroed());
        if entry.flags & !FLAG_REQUIRED != 0 {
            return Err(SnapshotError::Field {
                what: "directory entry flags",
                offset: offset as u64 + 4,
                expected: "0 or 1",
                found: u64::from(entry.flags),
            });
        }
        if entry.reserved != 0 {
            return Err(SnapshotError::Field {
                what: "directory entry reserved",
                offset: offset as u64 + 24,
                expected: "0",
                found: entry.reserved,
            });
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Refuses the first byte of a range that is not zero. Padding must be checked because no digest covers it.
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
