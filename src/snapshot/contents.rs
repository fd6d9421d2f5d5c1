//! The sections of a file whose places are known: what the checks look at.

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
    /// Number of the policy's slots.
    pub slots: usize,
}

impl<'a> Contents<'a> {
    /// A section's bytes; none where the file does not have it.
    pub fn section(&self, kind: SectionKind) -> &'a [u8] {
        self.places
            .of(kind)
            .and_then(|range| self.file.get(range))
            .unwrap_or(&[])
    }

    /// A section's elements; none where it is not a whole number of them.
    pub fn values<T: Pod>(&self, kind: SectionKind) -> &'a [T] {
        cast(self.section(kind))
    }

    /// What the sides of shapes are in this file.
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
