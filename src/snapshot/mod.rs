//! The model snapshot: one signed file that is validated once and then read in place.
//!
//! `docs/snapshot-format.md` describes the format. Reader and writer share its table of sections ([`SectionKind`]).
//! Opening checks two things, which are tested apart: the *structure*, after which no read can panic or leave the file
//! whatever the bytes are, and the *digests*, which prove that the bytes are those that were signed.

mod aligned;
mod bytes;
mod check;
mod contents;
mod error;
mod head;
pub(crate) mod layout;
mod open;
mod places;
mod release;
mod section;
mod signature;
mod view;
#[cfg(any(test, feature = "writer"))]
pub mod writer;

pub use aligned::AlignedBytes;
pub use ed25519_dalek::VerifyingKey;
pub use error::SnapshotError;
pub use layout::MIN_MEMBERS;
pub use open::{PendingSection, Snapshot};
pub use release::{MAX_RELEASE_NAME, Release, Rollback};
pub use section::{Presence, SectionKind, Shape, UsedBy, Values};
pub use signature::{Trust, parse_public_key};
pub use view::{CategoryIndex, ItemName, ItemText};
