//! The model snapshot: one signed file, opened by validation and read where it lies.
//!
//! The format is described in `docs/snapshot-format.md`; its table of sections ([`SectionKind`]) is shared with the writer.
//! Opening has two halves that are tested apart: the *structure* (nothing that follows can panic or read outside, whatever the
//! bytes) and the *digests* (the bytes are those that were signed).

mod aligned;
mod bytes;
mod check;
mod contents;
mod error;
mod head;
pub(crate) mod layout;
mod open;
mod places;
mod section;
mod signature;
mod view;
#[cfg(any(test, feature = "writer"))]
pub mod writer;

pub use aligned::AlignedBytes;
pub use ed25519_dalek::VerifyingKey;
pub use error::SnapshotError;
pub use open::{PendingSection, Snapshot};
pub use section::{Presence, SectionKind, Shape, UsedBy, Values};
pub use signature::{Trust, parse_public_key};
pub use view::{CategoryIndex, ItemName, ItemText};
