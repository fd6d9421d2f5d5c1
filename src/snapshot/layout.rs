//! Header, directory and signature block of snapshot format 1, shared by reader and writer. `docs/snapshot-format.md`
//! explains them.

use bytemuck::{Pod, Zeroable};

/// First eight bytes: a byte with the high bit set, the name, and both kinds of line end, so that a transfer in text
/// mode is detected.
pub const MAGIC: [u8; 8] = [0x89, b'S', b'V', b'D', b'G', 0x0D, 0x0A, 0x1A];
/// Major version of the format. A reader refuses any other.
pub const MAJOR: u16 = 1;
/// Minor version of the format. It grows with additions that an older reader may skip.
#[cfg(any(test, feature = "writer"))]
pub const MINOR: u16 = 5;
/// Alignment of every section in the file, in bytes.
pub const ALIGNMENT: usize = 64;
/// Bytes of the header.
pub const HEADER_BYTES: usize = 64;
/// Bytes of one directory entry.
pub const ENTRY_BYTES: usize = 64;
/// Bytes of the signature block, which follows the directory.
pub const SIGNATURE_BYTES: usize = 128;
/// Largest number of sections.
pub const MAX_SECTIONS: usize = 64;
/// Largest number of rows (items).
pub const MAX_ROWS: u32 = 1 << 24;
/// Largest number of dimensions: int8 × int16 dot products of this many terms fit 32 bits.
pub const MAX_DIMS: u32 = 1024;
/// Largest number of segments: a profile stores a segment in 16 bits, and one value means none.
pub const MAX_SEGMENTS: u32 = 65_534;
/// Fewest members of a segment: the list of a segment of one person shows what that person did.
pub const MIN_MEMBERS: u32 = 2;
/// Start of the signed message, so that a signature made for another protocol does not fit.
pub const SIGNATURE_DOMAIN: &[u8] = b"selvedge snapshot v1\0";
/// `flags` bit 0 of a directory entry: a reader that does not know the kind must refuse the file.
pub const FLAG_REQUIRED: u32 = 1;
/// `algorithm` of the signature block: unsigned. Opens only with [`Trust::Unverified`](super::Trust).
pub const ALGORITHM_NONE: u32 = 0;
/// `algorithm` of the signature block: Ed25519 (RFC 8032).
pub const ALGORITHM_ED25519: u32 = 1;
/// Means "no category", "no parent" or "open end".
pub const NONE: u32 = u32::MAX;

/// The header, with the layout of the file.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    pub magic: [u8; 8],
    pub major: u16,
    pub minor: u16,
    pub sections: u32,
    pub file_bytes: u64,
    pub created_ms: u64,
    pub trained_until_ms: u64,
    pub rows: u32,
    pub dims: u32,
    pub stride: u32,
    pub segments: u32,
    pub contexts: u32,
    pub reserved: u32,
}

/// A directory entry, with the layout of the file.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Entry {
    pub kind: u32,
    pub flags: u32,
    pub offset: u64,
    pub bytes: u64,
    pub reserved: u64,
    pub sha256: [u8; 32],
}

/// The signature block, with the layout of the file.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct SignatureBlock {
    pub algorithm: u32,
    pub reserved: u32,
    /// The first 8 bytes of the SHA-256 of the public key.
    pub key_id: [u8; 8],
    pub signature: [[u8; 32]; 2],
    pub zero: [u8; 48],
}

const _: () = assert!(size_of::<Header>() == HEADER_BYTES);
const _: () = assert!(size_of::<Entry>() == ENTRY_BYTES);
const _: () = assert!(size_of::<SignatureBlock>() == SIGNATURE_BYTES);
const _: () = assert!(size_of::<CategoryRecord>() == 16);

/// A category, with the layout of the file.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct CategoryRecord {
    /// Index of the parent, smaller than the category's own, or [`NONE`].
    pub parent: u32,
    /// Offset of the name in `category-names`.
    pub name_offset: u32,
    /// Length of the name in bytes.
    pub name_bytes: u32,
    /// Number of rows with this category or one below it.
    pub items: u32,
}

/// Rounds up to the section alignment.
#[must_use]
pub const fn align(offset: usize) -> usize {
    offset.div_ceil(ALIGNMENT) * ALIGNMENT
}

/// Returns where the first section starts in a file with this many sections.
#[must_use]
pub const fn first_section(sections: usize) -> usize {
    align(HEADER_BYTES + sections * ENTRY_BYTES + SIGNATURE_BYTES)
}

/// Returns the signed message: the domain, the header and the directory, which holds every section's digest.
#[must_use]
pub fn signed_message(header_and_directory: &[u8]) -> alloc::vec::Vec<u8> {
    [SIGNATURE_DOMAIN, header_and_directory].concat()
}

/// Returns the id of a public key: the first 8 bytes of its SHA-256.
#[must_use]
pub fn key_id(public_key: &[u8; 32]) -> [u8; 8] {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(public_key);
    let mut id = [0; 8];
    id.copy_from_slice(&digest[..8]);
    id
}
