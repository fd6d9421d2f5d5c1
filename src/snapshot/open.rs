//! Opening: header, directory, signature, and the digests section by section.

use alloc::vec::Vec;
use core::ops::Range;

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::check;
use super::error::SnapshotError;
use super::layout::{
    ALGORITHM_ED25519, ALGORITHM_NONE, CategoryRecord, ENTRY_BYTES, Entry, FLAG_REQUIRED, HEADER_BYTES, Header, MAGIC,
    MAJOR, MAX_DIMS, MAX_ROWS, MAX_SECTIONS, MAX_SEGMENTS, SIGNATURE_BYTES, SectionKind, SignatureBlock, align,
    first_section, key_id, signed_message,
};
use crate::policy::Policy;
use crate::quantize::Width;

/// Whose signature makes a snapshot good.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'k> {
    /// One of these keys must have signed it.
    Keys(&'k [VerifyingKey]),
    /// Neither signature nor digests are looked at. For tools that look into a file, and for tests.
    Unverified,
}

/// Reads a public key from 64 hexadecimal digits.
///
/// Returns `None` where the text is not 64 hexadecimal digits or not a point on the curve.
#[must_use]
pub fn parse_public_key(hex: &str) -> Option<VerifyingKey> {
    let digits = hex.trim().as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0u8; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    VerifyingKey::from_bytes(&bytes).ok()
}

/// A section whose digest was not checked yet.
#[derive(Clone, Debug)]
pub struct PendingSection {
    /// Position in the directory: the argument of [`Snapshot::confirm`].
    pub index: usize,
    /// Its kind, if this reader knows it.
    pub kind: Option<SectionKind>,
    /// Where its bytes lie in the file.
    pub range: Range<usize>,
}

/// An opened snapshot over any owner of bytes. Sections are slices of those bytes; nothing is copied.
pub struct Snapshot<B> {
    pub(super) bytes: B,
    pub(super) header: Header,
    pub(super) sections: [Option<Range<usize>>; KINDS],
    pub(super) slate_len: usize,
    policy: Policy,
    directory: Vec<Entry>,
    verified: u64,
    fingerprint: [u8; 32],
}

/// One more than the largest code of a kind.
pub(super) const KINDS: usize = 28;

impl<B: AsRef<[u8]>> Snapshot<B> {
    /// Opens a snapshot: structure, signature, and the SHA-256 of every section.
    ///
    /// # Errors
    /// Any [`SnapshotError`]: what was read, where, expected and found.
    pub fn open(bytes: B, trust: Trust<'_>) -> Result<Self, SnapshotError> {
        let mut snapshot = Self::open_signed(bytes, trust)?;
        for pending in snapshot.unverified() {
            let digest = Sha256::digest(&snapshot.bytes.as_ref()[pending.range]);
            snapshot.confirm(pending.index, &digest.into())?;
        }
        Ok(snapshot)
    }

    /// Opens a snapshot without the digests: structure and signature only.
    ///
    /// The caller computes the digest of each [`unverified`](Self::unverified) section by whatever is fastest where it
    /// runs (WebCrypto at the edge) and hands it to [`confirm`](Self::confirm). Until then the engine refuses to use
    /// the section. With [`Trust::Unverified`] every section counts as verified.
    ///
    /// # Errors
    /// Any [`SnapshotError`] about structure or signature.
    pub fn open_signed(bytes: B, trust: Trust<'_>) -> Result<Self, SnapshotError> {
        let file = bytes.as_ref();
        let remainder = file.as_ptr().addr() % 8;
        if remainder != 0 {
            return Err(SnapshotError::Misaligned { remainder });
        }
        let header = read_header(file)?;
        let count = check::to_usize(header.sections);
        let directory = read_directory(file, count)?;
        let head_end = HEADER_BYTES + count * ENTRY_BYTES;
        verify_signature(file, head_end, trust)?;
        let sections = place_sections(file, &header, &directory)?;

        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(&Sha256::digest(&file[..head_end]));
        let policy = read_policy(file, &sections)?;
        let mut snapshot = Self {
            slate_len: 0,
            header,
            sections,
            policy,
            directory,
            verified: match trust {
                Trust::Keys(_) => 0,
                Trust::Unverified => u64::MAX,
            },
            fingerprint,
            bytes,
        };
        snapshot.slate_len = check::contents(&snapshot)?;
        Ok(snapshot)
    }

    /// The sections whose digest was not confirmed yet, small ones first, the factors last.
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

    /// Compares a section's digest, computed by the caller, with the signed directory.
    ///
    /// # Errors
    /// [`SnapshotError::Digest`] where it differs (the file must not be used any more), [`SnapshotError::Field`] for an
    /// index outside the directory.
    pub fn confirm(&mut self, index: usize, sha256: &[u8; 32]) -> Result<(), SnapshotError> {
        let entry = self.directory.get(index).ok_or(SnapshotError::Field {
            what: "section index to confirm",
            offset: HEADER_BYTES as u64,
            expected: "an index of the directory",
            found: index as u64,
        })?;
        if entry.sha256 != *sha256 {
            return Err(match SectionKind::from_code(entry.kind) {
                Some(kind) => SnapshotError::Digest { kind },
                None => SnapshotError::UnknownDigest { kind: entry.kind },
            });
        }
        self.verified |= 1 << index;
        Ok(())
    }

    /// Whether the section's digest was confirmed (an absent section needs none).
    #[must_use]
    pub fn is_verified(&self, kind: SectionKind) -> bool {
        self.directory
            .iter()
            .position(|entry| entry.kind == kind as u32)
            .is_none_or(|index| self.verified & (1 << index) != 0)
    }

    /// Gives the bytes back.
    #[must_use]
    pub fn into_bytes(self) -> B {
        self.bytes
    }

    /// The whole file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The policy that was packed with the model.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// SHA-256 of header and directory: names the snapshot's content.
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Each section as it lies in the file: kind code, offset, bytes, SHA-256, whether confirmed.
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

    /// The id of the key that the file says it is signed by; `None` where it is unsigned.
    #[must_use]
    pub fn signing_key_id(&self) -> Option<[u8; 8]> {
        let start = HEADER_BYTES + self.directory.len() * ENTRY_BYTES;
        let block: SignatureBlock = check::read(self.bytes.as_ref(), start)?;
        (block.algorithm == ALGORITHM_ED25519).then_some(block.key_id)
    }
}

fn entry_range(entry: &Entry) -> Range<usize> {
    // `place_sections` has checked both against the file's length, so that neither conversion nor sum can fail.
    let start = usize::try_from(entry.offset).unwrap_or(usize::MAX);
    start..start.saturating_add(usize::try_from(entry.bytes).unwrap_or(usize::MAX))
}

fn read_header(file: &[u8]) -> Result<Header, SnapshotError> {
    let header: Header = check::read(file, 0).ok_or(SnapshotError::Truncated {
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
    let in_range = (1..=MAX_SECTIONS).contains(&check::to_usize(sections));
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

fn read_directory(file: &[u8], count: usize) -> Result<Vec<Entry>, SnapshotError> {
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
        // The length was checked above; a default entry would be refused by the checks that follow.
        let entry: Entry = check::read(file, offset).unwrap_or(bytemuck::Zeroable::zeroed());
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

fn verify_signature(file: &[u8], head_end: usize, trust: Trust<'_>) -> Result<(), SnapshotError> {
    let block: SignatureBlock = check::read(file, head_end).ok_or(SnapshotError::Truncated {
        what: "signature",
        expected: (head_end + SIGNATURE_BYTES) as u64,
        found: file.len() as u64,
    })?;
    let zero_start = head_end + SIGNATURE_BYTES - block.zero.len();
    check::zeros(file, zero_start..head_end + SIGNATURE_BYTES)?;
    if block.reserved != 0 {
        return Err(SnapshotError::Field {
            what: "signature reserved",
            offset: head_end as u64 + 4,
            expected: "0",
            found: u64::from(block.reserved),
        });
    }
    if block.algorithm != ALGORITHM_ED25519 && block.algorithm != ALGORITHM_NONE {
        return Err(SnapshotError::Field {
            what: "signature algorithm",
            offset: head_end as u64,
            expected: "0 (none) or 1 (Ed25519)",
            found: u64::from(block.algorithm),
        });
    }
    let Trust::Keys(keys) = trust else { return Ok(()) };
    if block.algorithm == ALGORITHM_NONE {
        return Err(SnapshotError::Unsigned);
    }
    let key = keys
        .iter()
        .find(|key| key_id(key.as_bytes()) == block.key_id)
        .ok_or(SnapshotError::UnknownKey { found: block.key_id })?;
    let signature = Signature::from_components(block.signature[0], block.signature[1]);
    key.verify_strict(&signed_message(&file[..head_end]), &signature)
        .map_err(|_| SnapshotError::BadSignature)
}

fn place_sections(
    file: &[u8],
    header: &Header,
    directory: &[Entry],
) -> Result<[Option<Range<usize>>; KINDS], SnapshotError> {
    let mut sections = [const { None }; KINDS];
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
        check::zeros(file, end..start)?;
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
                let place = &mut sections[kind as usize];
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
    let width = match (
        &sections[SectionKind::Factors as usize],
        &sections[SectionKind::FactorsInt4 as usize],
    ) {
        (Some(_), Some(_)) => {
            return Err(SnapshotError::Duplicate {
                kind: SectionKind::FactorsInt4,
            });
        }
        (None, Some(_)) => Width::Int4,
        _ => Width::Int8,
    };
    if sections[factors_kind(width) as usize].is_none() {
        return Err(SnapshotError::Missing {
            kind: SectionKind::Factors,
        });
    }
    // 48 is the field's place in the header. The stride follows from the width, which the directory tells.
    if width.stride_of(check::to_usize(header.dims)) != Some(check::to_usize(header.stride)) {
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
        if kind.is_mandatory() && sections[*kind as usize].is_none() {
            return Err(SnapshotError::Missing { kind: *kind });
        }
    }
    Ok(sections)
}

/// The section that holds codes of this width.
pub(super) const fn factors_kind(width: Width) -> SectionKind {
    match width {
        Width::Int8 => SectionKind::Factors,
        Width::Int4 => SectionKind::FactorsInt4,
    }
}

fn read_policy(file: &[u8], sections: &[Option<Range<usize>>; KINDS]) -> Result<Policy, SnapshotError> {
    let kind = SectionKind::Policy;
    let range = sections[kind as usize].clone().unwrap_or(0..0);
    Policy::from_bytes(&file[range]).map_err(|error| SnapshotError::of_policy(kind, error))
}

// The directory is small, but its records are what every bound is computed from: hold their sizes here as well.
const _: () = assert!(size_of::<CategoryRecord>() == 16);
