//! What can be wrong with a snapshot: where, what was expected and what was found.

use thiserror::Error;

use super::section::SectionKind;
#[cfg(any(test, feature = "writer"))]
use crate::event::EventError;
#[cfg(any(test, feature = "writer"))]
use crate::item::ItemFieldError;
use crate::policy::PolicyError;

/// Why a snapshot is refused.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file was read into memory that is not aligned.
    #[error(
        "snapshot memory: expected an address that is a multiple of 8, found remainder {remainder}; read it into AlignedBytes"
    )]
    Misaligned {
        /// The address modulo 8.
        remainder: usize,
    },
    /// The file ends too early.
    #[error("snapshot {what}: expected at least {expected} bytes, found {found}; the file is cut off or no snapshot")]
    Truncated {
        /// Which part was being read.
        what: &'static str,
        /// Bytes needed.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// The first bytes are not a snapshot's.
    #[error(
        "snapshot header at offset 0: expected the magic bytes 89 53 56 44 47 0d 0a 1a, found {found:02x?}; this is not a Selvedge snapshot"
    )]
    Magic {
        /// The bytes that were found.
        found: [u8; 8],
    },
    /// The file has another major version.
    #[error(
        "snapshot header at offset 8: expected format version {expected}, found {found}; update the reader or pack the model again"
    )]
    Version {
        /// The version this reader knows.
        expected: u16,
        /// The file's version.
        found: u16,
    },
    /// A number in header, directory or signature block is out of range.
    #[error("snapshot {what} at offset {offset}: expected {expected}, found {found}")]
    Field {
        /// Which field.
        what: &'static str,
        /// Byte offset in the file.
        offset: u64,
        /// What is allowed, in words.
        expected: &'static str,
        /// The value.
        found: u64,
    },
    /// Bytes that must be zero are not.
    #[error("snapshot padding at offset {offset}: expected zero, found {found:#04x}")]
    Padding {
        /// Byte offset in the file.
        offset: u64,
        /// The byte.
        found: u8,
    },
    /// The file requires a section that this reader does not know.
    #[error(
        "snapshot section of kind {kind}: the file requires readers to know it, and this reader does not; update the reader"
    )]
    UnknownRequired {
        /// The section's kind code.
        kind: u32,
    },
    /// The directory lists a section twice.
    #[error("snapshot directory: expected section {} once, found it twice; pack the model again", kind.label())]
    Duplicate {
        /// The kind.
        kind: SectionKind,
    },
    /// A mandatory section is missing.
    #[error("snapshot directory: expected section {}, found none; pack the model again", kind.label())]
    Missing {
        /// The kind.
        kind: SectionKind,
    },
    /// A section does not start where the previous one ends.
    #[error(
        "snapshot section {index} (kind {kind}): expected to start at offset {expected}, found {found}; sections follow each other at multiples of 64"
    )]
    Placement {
        /// Position in the directory.
        index: usize,
        /// The section's kind code.
        kind: u32,
        /// Offset where it must start.
        expected: u64,
        /// Offset in the directory.
        found: u64,
    },
    /// A section's length does not match the sizes in the header.
    #[error("snapshot section {}: expected {expected} bytes, found {found}", kind.label())]
    Length {
        /// The kind.
        kind: SectionKind,
        /// Bytes that the header requires.
        expected: u64,
        /// Bytes in the directory.
        found: u64,
    },
    /// A value inside a section is out of range.
    #[error("snapshot section {} at element {element}: expected {expected}, found {found}", kind.label())]
    Content {
        /// The kind.
        kind: SectionKind,
        /// Index of the element.
        element: usize,
        /// What is allowed, in words.
        expected: &'static str,
        /// The value, as a float.
        found: f64,
    },
    /// Text is not UTF-8.
    #[error("snapshot section {} at byte {at}: expected UTF-8", kind.label())]
    Text {
        /// The kind.
        kind: SectionKind,
        /// Byte offset in the section.
        at: usize,
    },
    /// The file is unsigned, but the caller asks for a signature.
    #[error(
        "snapshot signature: expected one by a trusted key, found an unsigned file; sign it with `selvedge pack --key`"
    )]
    Unsigned,
    /// The file is signed by a key that the caller does not trust.
    #[error(
        "snapshot signature: expected one by a trusted key, found key id {found:02x?}; add the key to the trusted ones or sign again"
    )]
    UnknownKey {
        /// The key's id.
        found: [u8; 8],
    },
    /// The signature does not match header and directory.
    #[error(
        "snapshot signature: it does not match header and directory; the file was changed after signing, fetch it again"
    )]
    BadSignature,
    /// A section's digest does not match the directory.
    #[error("snapshot section {}: its SHA-256 does not match the signed directory; the file was changed or damaged, fetch it again", kind.label())]
    Digest {
        /// The kind.
        kind: SectionKind,
    },
    /// The digest of a section that this reader does not know does not match the directory.
    #[error(
        "snapshot section of kind {kind}: its SHA-256 does not match the signed directory; the file was changed or damaged, fetch it again"
    )]
    UnknownDigest {
        /// The section's kind code.
        kind: u32,
    },
    /// A section is used before its digest was checked.
    #[error("snapshot section {}: used before its digest was checked; confirm the section first", kind.label())]
    Unverified {
        /// The kind.
        kind: SectionKind,
    },
    /// The writer was given values that do not fit together.
    #[error("snapshot to be written, {what}: expected {expected}, found {found}")]
    Build {
        /// Which part.
        what: &'static str,
        /// What is needed.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// Two item ids have the same item key.
    #[error(
        "snapshot to be written: items {first:?} and {second:?} share the stable key {key:#018x}; rename one of them"
    )]
    KeyCollision {
        /// One item id.
        first: alloc::string::String,
        /// The other.
        second: alloc::string::String,
        /// The item key.
        key: u64,
    },
    /// An item's id is refused.
    #[cfg(any(test, feature = "writer"))]
    #[error("snapshot to be written, item {item:?}")]
    BuildId {
        /// The item.
        item: alloc::string::String,
        /// Why.
        source: EventError,
    },
    /// A text of an item is refused.
    #[cfg(any(test, feature = "writer"))]
    #[error("snapshot to be written, item {item:?}")]
    BuildText {
        /// The item.
        item: alloc::string::String,
        /// Why.
        source: ItemFieldError,
    },
    /// An item has more categories or attributes than the limit.
    #[cfg(any(test, feature = "writer"))]
    #[error("snapshot to be written, item {item:?}: expected at most {limit} {what}, found {found}")]
    BuildCount {
        /// The item.
        item: alloc::string::String,
        /// Which.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// The writer was given a name of a shop or channel that is none.
    #[error("cannot write the snapshot: {what}: expected 1 to 64 of a-z, 0-9, -, _ and ., found {found:?}")]
    BuildName {
        /// Which name.
        what: &'static str,
        /// The text.
        found: alloc::string::String,
    },
}

impl SnapshotError {
    /// Converts the error of a policy that was read from this section.
    pub(super) const fn of_policy(kind: SectionKind, error: PolicyError) -> Self {
        match error {
            PolicyError::Length { expected, found } => Self::Length { kind, expected, found },
            PolicyError::Value {
                element,
                expected,
                found,
            } => Self::Content {
                kind,
                element,
                expected,
                found,
            },
        }
    }
}
