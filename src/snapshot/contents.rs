//! Sections of a file whose directory has been checked. The content checks read them.

use bytemuck::Pod;

use super::bytes::cast;
use super::layout::Header;
use super::places::Places;
use super::section::{SectionKind, Sizes};

/// A file's sections, borrowed.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    pub file: &'a [u8],
    pub header: &'a Header,
    pub places: &'a Places,
    /// Number of slots in the policy.
    pub slots: usize,
}

impl<'a> Contents<'a> {
    /// Returns a section's bytes; empty if the file does not have it.
    pub fn section(&self, kind: SectionKind) -> &'a [u8] {
        self.places
            .of(kind)
            .and_then(|range| self.file.get(range))
            .unwrap_or(&[])
    }

    /// Returns a section's elements; empty if its length is not a multiple of theirs.
    pub fn values<T: Pod>(&self, kind: SectionKind) -> &'a [T] {
        cast(self.section(kind))
    }

    /// Returns the sizes that shapes refer to.
    pub const fn sizes(&self) -> Sizes {
        Sizes {
            rows: self.header.rows,
            dims: self.header.dims,
            stride: self.header.stride,
            segments: self.header.segments,
            contexts: self.header.contexts,
            slots: self.slots,
        }
    }
}
