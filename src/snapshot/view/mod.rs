//! Reads an opened snapshot as typed slices of its sections.

mod catalogue;
mod rows;
mod segments;

use super::bytes::to_usize;
use super::error::SnapshotError;
use super::open::Snapshot;
use super::section::{SectionKind, UsedBy};

pub use catalogue::{CategoryIndex, ItemName, ItemText};

impl<B: AsRef<[u8]>> Snapshot<B> {
    pub(super) fn section(&self, kind: SectionKind) -> &[u8] {
        self.places
            .of(kind)
            .and_then(|range| self.bytes.as_ref().get(range))
            .unwrap_or(&[])
    }

    /// Number of items.
    #[must_use]
    pub fn rows(&self) -> usize {
        to_usize(self.header.rows)
    }

    /// Number of factors per item.
    #[must_use]
    pub fn dims(&self) -> usize {
        to_usize(self.header.dims)
    }

    /// Codes per row, padding included.
    #[must_use]
    pub fn stride(&self) -> usize {
        to_usize(self.header.stride)
    }

    /// Number of segments.
    #[must_use]
    pub fn segments(&self) -> usize {
        to_usize(self.header.segments)
    }

    /// Number of daypart priors: 8, or 0 if the events had no time of day.
    #[must_use]
    pub fn contexts(&self) -> usize {
        to_usize(self.header.contexts)
    }

    /// Time of packing, Unix milliseconds.
    #[must_use]
    pub fn created_ms(&self) -> u64 {
        self.header.created_ms
    }

    /// Time of the newest event in the training data, Unix milliseconds.
    #[must_use]
    pub fn trained_until_ms(&self) -> u64 {
        self.header.trained_until_ms
    }

    /// Returns `key=value` lines about the model's origin, for people.
    #[must_use]
    pub fn provenance(&self) -> &str {
        core::str::from_utf8(self.section(SectionKind::Provenance)).unwrap_or("")
    }

    /// Returns the snapshot's version: time of packing and first digits of the fingerprint, for example
    /// `20171204T000000Z-1f3a9c02`.
    #[must_use]
    pub fn version(&self) -> alloc::string::String {
        let (year, month, day) = crate::time::civil_from_days((self.created_ms() / 86_400_000).cast_signed());
        let second = self.created_ms() / 1000 % 86_400;
        let f = self.fingerprint();
        alloc::format!(
            "{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z-{:02x}{:02x}{:02x}{:02x}",
            second / 3600,
            second / 60 % 60,
            second % 60,
            f[0],
            f[1],
            f[2],
            f[3]
        )
    }

    /// Checks that all sections that these answers need are confirmed.
    ///
    /// # Errors
    /// [`SnapshotError::Unverified`] with the first section that is not.
    pub fn require(&self, use_of: UsedBy) -> Result<(), SnapshotError> {
        match SectionKind::used_for(use_of).find(|kind| !self.is_verified(*kind)) {
            Some(kind) => Err(SnapshotError::Unverified { kind }),
            None => Ok(()),
        }
    }
}
