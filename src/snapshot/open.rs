//! Opens a snapshot: header, directory, signature, contents, and the digest of each section.

use alloc::vec::Vec;
use core::ops::Range;

use sha2::{Digest, Sha256};

use super::bytes::{read, to_usize};
use super::check;
use super::contents::Contents;
use super::error::SnapshotError;
use super::head::{read_directory, read_header};
use super::layout::{ALGORITHM_ED25519, ENTRY_BYTES, Entry, HEADER_BYTES, Header, SignatureBlock};
use super::places::{Places, entry_range};
use super::section::SectionKind;
use super::signature::{Trust, verify_signature};
use crate::policy::Policy;

/// A section whose digest has not been checked yet.
#[derive(Clone, Debug)]
pub struct PendingSection {
    /// Its index in the directory, the argument of [`Snapshot::confirm`].
    pub index: usize,
    /// Its kind, if this reader knows it.
    pub kind: Option<SectionKind>,
    /// Its bytes in the file.
    pub range: Range<usize>,
}

/// An opened snapshot over any owner of bytes. Sections are slices of those bytes; nothing is copied. The feature-gated
/// `writer::build` has an example.
pub struct Snapshot<B> {
    pub(super) bytes: B,
    pub(super) header: Header,
    pub(super) places: Places,
    pub(super) slate_len: usize,
    policy: Policy,
    directory: Vec<Entry>,
    verified: u64,
    fingerprint: [u8; 32],
}

impl<B: AsRef<[u8]>> Snapshot<B> {
    /// Opens a snapshot and checks structure, signature, and the SHA-256 of every section.
    ///
    /// # Errors
    /// [`SnapshotError`]: what was read, where, expected and found.
    pub fn open(bytes: B, trust: Trust<'_>) -> Result<Self, SnapshotError> {
        let mut snapshot = Self::open_signed(bytes, trust)?;
        for pending in snapshot.unverified() {
            let digest = snapshot.digest(pending.index)?;
            snapshot.confirm(pending.index, &digest)?;
        }
        Ok(snapshot)
    }

    /// Opens a snapshot and checks structure and signature, but no digests.
    ///
    /// The caller computes the digest of each [`unverified`](Self::unverified) section with the fastest means of its
    /// platform (WebCrypto at the edge) and passes it to [`confirm`](Self::confirm). Until then, the engine refuses to
    /// use the section. With [`Trust::Unverified`], every section counts as verified.
    ///
    /// # Errors
    /// [`SnapshotError`] about structure or signature.
    pub fn open_signed(bytes: B, trust: Trust<'_>) -> Result<Self, SnapshotError> {
        let file = bytes.as_ref();
        let remainder = file.as_ptr().addr() % 8;
        if remainder != 0 {
            return Err(SnapshotError::Misaligned { remainder });
        }
        let header = read_header(file)?;
        let count = to_usize(header.sections);
        let directory = read_directory(file, count)?;
        let head_end = HEADER_BYTES + count * ENTRY_BYTES;
        verify_signature(file, head_end, trust)?;
        let places = Places::check(file, &header, &directory)?;

        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(&Sha256::digest(&file[..head_end]));
        let policy = read_policy(file, &places)?;
        let contents = Contents {
            file,
            header: &header,
            places: &places,
            slots: policy.slots.len(),
        };
        check::contents(&contents)?;
        let lists = 1 + to_usize(header.segments) + to_usize(header.contexts);
        Ok(Self {
            slate_len: contents.values::<u32>(SectionKind::Slates).len() / lists,
            header,
            places,
            policy,
            directory,
            verified: match trust {
                Trust::Keys(_) => 0,
                Trust::Unverified => u64::MAX,
            },
            fingerprint,
            bytes,
        })
    }

    /// Returns the sections whose digest has not been confirmed yet, in the order of the file: small ones first,
    /// factors last.
    #[must_use]
    pub fn unverified(&self) -> Vec<PendingSection> {
        self.directory
            .iter()
            .enumerate()
            .filter(|(index, _)| self.verified & (1 << index) == 0)
            .map(|(index, entry)| PendingSection {
                index,
                kind: SectionKind::from_code(entry.kind),
                range: entry_range(entry),
            })
            .collect()
    }

    /// Computes the SHA-256 of a section: some 10 ms a megabyte in Wasm.
    ///
    /// # Errors
    /// [`SnapshotError::Field`] if the index is not in the directory.
    pub fn digest(&self, index: usize) -> Result<[u8; 32], SnapshotError> {
        let range = entry_range(self.entry(index)?);
        Ok(Sha256::digest(&self.bytes.as_ref()[range]).into())
    }

    /// Compares a section's digest, which the caller computed, with the signed directory.
    ///
    /// # Errors
    /// [`SnapshotError::Digest`] if it differs; do not use the file any more. [`SnapshotError::Field`] if the index is
    /// not in the directory.
    pub fn confirm(&mut self, index: usize, sha256: &[u8; 32]) -> Result<(), SnapshotError> {
        let entry = self.entry(index)?;
        if entry.sha256 != *sha256 {
            return Err(match SectionKind::from_code(entry.kind) {
                Some(kind) => SnapshotError::Digest { kind },
                None => SnapshotError::UnknownDigest { kind: entry.kind },
            });
        }
        self.verified |= 1 << index;
        Ok(())
    }

    fn entry(&self, index: usize) -> Result<&Entry, SnapshotError> {
        self.directory.get(index).ok_or(SnapshotError::Field {
            what: "section index to confirm",
            offset: HEADER_BYTES as u64,
            expected: "an index of the directory",
            found: index as u64,
        })
    }

    /// Whether the section's digest was confirmed. An absent section needs no digest.
    #[must_use]
    pub fn is_verified(&self, kind: SectionKind) -> bool {
        self.directory
            .iter()
            .position(|entry| entry.kind == kind as u32)
            .is_none_or(|index| self.verified & (1 << index) != 0)
    }

    /// Returns the bytes.
    #[must_use]
    pub fn into_bytes(self) -> B {
        self.bytes
    }

    /// Borrows the whole file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// Borrows the owner of the file's bytes.
    #[must_use]
    pub const fn owner(&self) -> &B {
        &self.bytes
    }

    /// Returns the policy that was packed with the model.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the SHA-256 of header and directory, which identifies the snapshot's content.
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Iterates over the directory: kind code, range of bytes, SHA-256, and whether the digest was confirmed.
    pub fn directory(&self) -> impl Iterator<Item = (u32, Range<usize>, &[u8; 32], bool)> {
        self.directory.iter().enumerate().map(|(index, entry)| {
            (
                entry.kind,
                entry_range(entry),
                &entry.sha256,
                self.verified & (1 << index) != 0,
            )
        })
    }

    /// Returns the id of the key that the file claims to be signed by; `None` if it is unsigned.
    #[must_use]
    pub fn signing_key_id(&self) -> Option<[u8; 8]> {
        let start = HEADER_BYTES + self.directory.len() * ENTRY_BYTES;
        let block: SignatureBlock = read(self.bytes.as_ref(), start)?;
        (block.algorithm == ALGORITHM_ED25519).then_some(block.key_id)
    }
}

fn read_policy(file: &[u8], places: &Places) -> Result<Policy, SnapshotError> {
    let bytes = |kind| places.of(kind).and_then(|range| file.get(range));
    let kind = SectionKind::Policy;
    let mut policy =
        Policy::from_bytes(bytes(kind).unwrap_or(&[])).map_err(|error| SnapshotError::of_policy(kind, error))?;
    let kind = SectionKind::Slots;
    if let Some(slots) = bytes(kind) {
        policy
            .read_slots(slots)
            .map_err(|error| SnapshotError::of_policy(kind, error))?;
    }
    Ok(policy)
}
