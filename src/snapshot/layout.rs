//! The layout table of snapshot format 1, shared by reader and writer. `docs/snapshot-format.md` is its prose.

use bytemuck::{Pod, Zeroable};

/// The first eight bytes: a high bit, the name, and both line ends, so that a transfer in text mode is noticed.
pub const MAGIC: [u8; 8] = [0x89, b'S', b'V', b'D', b'G', 0x0D, 0x0A, 0x1A];
/// The format's major version: a reader refuses any other.
pub const MAJOR: u16 = 1;
/// The format's minor version: grows with additions that an older reader may skip.
#[cfg(any(test, feature = "writer"))]
pub const MINOR: u16 = 3;
/// Every section starts at a multiple of this.
pub const ALIGNMENT: usize = 64;
/// Bytes of the header.
pub const HEADER_BYTES: usize = 64;
/// Bytes of one directory entry.
pub const ENTRY_BYTES: usize = 64;
/// Bytes of the signature block, right after the directory.
pub const SIGNATURE_BYTES: usize = 128;
/// Most sections a file may have.
pub const MAX_SECTIONS: usize = 64;
/// Most rows (items).
pub const MAX_ROWS: u32 = 1 << 24;
/// Most dimensions: int8 × int16 dot products of this many terms stay inside 32 bits.
pub const MAX_DIMS: u32 = 1024;
/// Most segments: a profile stores the segment in 16 bits, of which one value means none.
pub const MAX_SEGMENTS: u32 = 65_534;
/// What the signature covers starts with these bytes, so that no other protocol's signature fits.
pub const SIGNATURE_DOMAIN: &[u8] = b"selvedge snapshot v1\0";
/// `flags` bit 0 of a directory entry: a reader that does not know the kind must refuse the file.
pub const FLAG_REQUIRED: u32 = 1;
/// `algorithm` of the signature block: none. Opens only where no trust is asked for.
pub const ALGORITHM_NONE: u32 = 0;
/// `algorithm` of the signature block: Ed25519 (RFC 8032).
pub const ALGORITHM_ED25519: u32 = 1;
/// "No category", "no parent", "open end".
pub const NONE: u32 = u32::MAX;

/// The header as it lies in the file.
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

/// A directory entry as it lies in the file.
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

/// The signature block as it lies in the file.
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

macro_rules! section_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $label:literal, $presence:ident;)*) => {
        /// The kinds of section that format 1.2 knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum SectionKind { $($(#[$doc])* $name = $code,)* }

        impl SectionKind {
            /// All kinds, in the order in which the writer lays them out.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The kind with this code.
            #[must_use]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The name used in errors, tables and the format's document.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// Whether a file without this section is refused.
            #[must_use]
            pub const fn is_mandatory(self) -> bool {
                matches!(match self { $(Self::$name => Presence::$presence,)* }, Presence::Mandatory)
            }

            /// Whether an older reader that does not know the kind has to refuse the file.
            #[must_use]
            pub const fn is_required_to_know(self) -> bool {
                matches!(
                    match self { $(Self::$name => Presence::$presence,)* },
                    Presence::Mandatory | Presence::Optional
                )
            }
        }
    };
}

enum Presence {
    /// Always there.
    Mandatory,
    /// May be absent; if there, it changes answers and must be known.
    Optional,
    /// A reader that skips it gives the same lists.
    Skippable,
    /// Older files may have it and readers ignore it; its number is not given to another section.
    Retired,
}

// Small sections come first: a reader that checks digests as it goes can answer from slates before the factors,
// the bulk of the file, are checked.
section_kinds! {
    /// Slot rules and encoder parameters.
    Policy = 18, "policy", Mandatory;
    /// Unit-length segment directions, f32, segments × dims.
    SegmentCentroids = 14, "segment-centroids", Mandatory;
    /// Members per segment, u32.
    SegmentMembers = 15, "segment-members", Mandatory;
    /// The coarser segment that each one is part of, u32 per segment, or [`NONE`]; leaves stand first, parents behind their
    /// children.
    SegmentParents = 26, "segment-parents", Optional;
    /// Which segment answers for each one, u32, slots × segments: itself, a coarser one, or [`NONE`].
    Rungs = 27, "rungs", Optional;
    /// Row indices, u32, (1 + segments + contexts) × slate length: everyone, each segment, each context.
    Slates = 16, "slates", Mandatory;
    /// Prior user vectors per daypart, f32, contexts × dims.
    Contexts = 17, "contexts", Mandatory;
    /// Gram matrix of the dequantised factors, f32, dims × dims.
    Gram = 6, "gram", Mandatory;
    /// Category tree, records of 16 bytes; a parent stands before its children.
    Categories = 8, "categories", Mandatory;
    /// UTF-8 names of the categories.
    CategoryNames = 12, "category-names", Mandatory;
    /// Leaf category per row, u32.
    ItemCategory = 9, "item-category", Mandatory;
    /// Minutes since the Unix epoch, (from, until) per row, u32 × 2.
    Availability = 13, "availability", Optional;
    /// Stable item keys, u64 per row.
    ItemKeys = 4, "item-keys", Mandatory;
    /// Rows in ascending order of key, u32 per row.
    KeyOrder = 5, "key-order", Mandatory;
    /// Popularity prior, f16 per row, 0 to 1.
    Popularity = 7, "popularity", Mandatory;
    /// f16 per row: factor = code × scale.
    Scales = 2, "scales", Mandatory;
    /// f16 per row: 1 / Euclidean norm of the row's codes, for cosines.
    InverseNorms = 3, "inverse-norms", Mandatory;
    /// f32 per block of 64 rows: no row of the block or after it has a longer factor vector.
    BlockBounds = 20, "block-bounds", Skippable;
    /// Rows from the most popular on, u32 per row; where it is absent, rows lie in that order.
    PopularityOrder = 21, "popularity-order", Skippable;
    /// Retired: format 1.2 kept signs of rows here. Readers check its digest and ignore its content.
    SignRotation = 23, "sign-rotation", Retired;
    /// Retired, as [`SignRotation`](Self::SignRotation).
    SignCosines = 24, "sign-cosines", Retired;
    /// Retired, as [`SignRotation`](Self::SignRotation).
    Signs = 25, "signs", Retired;
    /// Byte offsets into `item-text`, u32, rows + 1.
    ItemTextOffsets = 10, "item-text-offsets", Mandatory;
    /// UTF-8 records: id, title, image and attributes, one a line.
    ItemText = 11, "item-text", Mandatory;
    /// int8 codes, rows × stride.
    Factors = 1, "factors", Optional;
    /// int4 codes, rows × stride / 2 bytes, in place of `factors`.
    FactorsInt4 = 22, "factors-int4", Optional;
    /// `key=value` lines about where the model comes from, for people.
    Provenance = 19, "provenance", Skippable;
}

/// A category as it lies in the file.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct CategoryRecord {
    /// Index of the parent, smaller than the own index, or [`NONE`].
    pub parent: u32,
    /// Where the name starts in `category-names`.
    pub name_offset: u32,
    /// The name's length in bytes.
    pub name_bytes: u32,
    /// How many rows have this category or one below it.
    pub items: u32,
}

/// Rounds up to the section alignment.
#[must_use]
pub const fn align(offset: usize) -> usize {
    offset.div_ceil(ALIGNMENT) * ALIGNMENT
}

/// Where the first section starts in a file with this many sections.
#[must_use]
pub const fn first_section(sections: usize) -> usize {
    align(HEADER_BYTES + sections * ENTRY_BYTES + SIGNATURE_BYTES)
}

/// What the signature covers: the domain, the header and the directory (which holds every section's digest).
#[must_use]
pub fn signed_message(header_and_directory: &[u8]) -> alloc::vec::Vec<u8> {
    [SIGNATURE_DOMAIN, header_and_directory].concat()
}

/// The key id of a public key: the first 8 bytes of its SHA-256.
#[must_use]
pub fn key_id(public_key: &[u8; 32]) -> [u8; 8] {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(public_key);
    let mut id = [0; 8];
    id.copy_from_slice(&digest[..8]);
    id
}
