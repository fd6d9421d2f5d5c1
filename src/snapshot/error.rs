//! What can be wrong with a snapshot, by place, expectation and finding.

use thiserror::Error;

use super::section::SectionKind;
use crate::policy::PolicyError;

/// Why a snapshot is refused.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The memory the file was read into is not aligned.
    #[error(
        "snapshot memory: expected an address that is a multiple of 8, found remainder {remainder}; read it into AlignedBytes"
    )]
    Misaligned {
        /// Address modulo 8.
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
        /// What stood there.
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
    /// A number lies outside its limits.
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
    /// A section that must be known is not.
    #[error(
        "snapshot section of kind {kind}: the file says it must be understood and this reader does not know it; update the reader"
    )]
    UnknownRequired {
        /// Its code.
        kind: u32,
    },
    /// The same kind stands in the directory twice.
    #[error("snapshot directory: section {} stands there twice", kind.label())]
    Duplicate {
        /// The kind.
        kind: SectionKind,
    },
    /// A mandatory section is absent.
    #[error("snapshot directory: section {} is missing", kind.label())]
    Missing {
        /// The kind.
        kind: SectionKind,
    },
    /// A section's place does not follow from the sections before it.
    #[error(
        "snapshot section {index} (kind {kind}): expected to start at offset {expected}, found {found}; sections follow each other at multiples of 64"
    )]
    Placement {
        /// Position in the directory.
        index: usize,
        /// Its code.
        kind: u32,
        /// Where it must start.
        expected: u64,
        /// Where the directory says it starts.
        found: u64,
    },
    /// A section's length does not fit the header.
    #[error("snapshot section {}: expected {expected} bytes, found {found}", kind.label())]
    Length {
        /// The kind.
        kind: SectionKind,
        /// Bytes that follow from the header.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// A value inside a section is not allowed.
    #[error("snapshot section {} at element {element}: expected {expected}, found {found}", kind.label())]
    Content {
        /// The kind.
        kind: SectionKind,
        /// Index of the element.
        element: usize,
        /// What is allowed, in words.
        expected: &'static str,
        /// The value (floats are shown as they are).
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
    /// No signature, though one is asked for.
    #[error(
        "snapshot signature: expected one by a trusted key, found an unsigned file; sign it with `selvedge pack --key`"
    )]
    Unsigned,
    /// The file is signed by a key nobody trusts here.
    #[error(
        "snapshot signature: expected one by a trusted key, found key id {found:02x?}; add the key to the trusted ones or sign again"
    )]
    UnknownKey {
        /// The key's id.
        found: [u8; 8],
    },
    /// The signature does not fit the header and directory.
    #[error("snapshot signature: it does not fit header and directory; the file was changed after signing")]
    BadSignature,
    /// A section's digest does not fit.
    #[error("snapshot section {}: its SHA-256 does not fit the signed directory; the file was changed or damaged", kind.label())]
    Digest {
        /// The kind.
        kind: SectionKind,
    },
    /// The digest of a section that this reader does not know does not fit.
    #[error(
        "snapshot section of kind {kind}: its SHA-256 does not fit the signed directory; the file was changed or damaged"
    )]
    UnknownDigest {
        /// Its code.
        kind: u32,
    },
    /// A section is used before its digest was checked.
    #[error("snapshot section {}: used before its digest was checked", kind.label())]
    Unverified {
        /// The kind.
        kind: SectionKind,
    },
    /// The writer was given parts that do not fit together.
    #[error("snapshot to be written, {what}: expected {expected}, found {found}")]
    Build {
        /// Which part.
        what: &'static str,
        /// What is needed.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// Two items share a key.
    #[error(
        "snapshot to be written: items {first:?} and {second:?} share the stable key {key:#018x}; rename one of them"
    )]
    KeyCollision {
        /// One item id.
        first: alloc::string::String,
        /// The other.
        second: alloc::string::String,
        /// The key.
        key: u64,
    },
    /// A text holds what the record format cannot carry.
    #[error("snapshot to be written, item {item:?}, {what}: expected text without control characters, found {found:?}")]
    BuildText {
        /// The item.
        item: alloc::string::String,
        /// Which field.
        what: &'static str,
        /// The text.
        found: alloc::string::String,
    },
}

impl SnapshotError {
    /// What is wrong with a policy, said of the section it was read from.
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
