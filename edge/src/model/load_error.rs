//! Why a load of the current model failed.

use std::fmt;

use selvedge::snapshot::SnapshotError;

use super::{MAX_SNAPSHOT_BYTES, POINTER_KEY};
use crate::fallback::{Fallback, Lent};
use crate::host::HostError;

/// Why the current model could not be loaded.
pub enum LoadError {
    /// The host could not read an object.
    Source { key: String, error: HostError },
    /// No place has a pointer.
    NoPointer { places: &'static str },
    /// The pointer is not the JSON that it must be.
    Pointer(serde_json::Error),
    /// The pointer names a snapshot that no place has.
    PointedNowhere { key: String },
    /// The pointer says more bytes than [`MAX_SNAPSHOT_BYTES`].
    TooLarge { key: String, bytes: usize },
    /// The snapshot and the current one together are more than [`MAX_SNAPSHOT_BYTES`].
    NoRoom { key: String, bytes: usize, held: usize },
    /// The snapshot has another length than the pointer says. `found` is [`None`] if it is longer.
    Length {
        key: String,
        expected: usize,
        found: Option<usize>,
    },
    /// No public key is configured.
    NoTrustedKey,
    /// The core refused the snapshot.
    Snapshot { key: String, error: SnapshotError },
    /// The snapshot is of another shop or channel.
    Foreign {
        what: &'static str,
        setting: &'static str,
        expected: String,
        found: String,
    },
    /// The snapshot is older than one that was seen, and no step back is declared.
    StepBack {
        version: String,
        created_ms: u64,
        newest_ms: u64,
    },
    /// The host could not compute a digest.
    Digest(HostError),
}

impl LoadError {
    /// The fall-back that answers while no model is held: `no-snapshot` if nothing was found, `bad-snapshot` if what was found is refused.
    pub const fn fallback(&self) -> Option<Fallback> {
        match self {
            Self::Source { .. } => Lent::Models.fallback(),
            Self::NoPointer { .. } => Some(Fallback::NoSnapshot),
            Self::StepBack { .. } => Some(Fallback::StepBack),
            _ => Some(Fallback::BadSnapshot),
        }
    }

    /// Whether a load of the same pointer fails again for certain, so that the snapshot need not be fetched once more.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Pointer(_)
                | Self::TooLarge { .. }
                | Self::NoRoom { .. }
                | Self::NoTrustedKey
                | Self::Snapshot { .. }
                | Self::Foreign { .. }
                | Self::StepBack { .. }
        )
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { key, error } => write!(f, "{key}: could not be read: {error}"),
            Self::NoPointer { places } => {
                write!(f, "{POINTER_KEY}: not found; looked into {places}; publish a snapshot there")
            }
            Self::Pointer(error) => write!(
                f,
                "{POINTER_KEY}: expected {{\"key\": \"models/….selvedge\", \"bytes\": n}}, found: {error}"
            ),
            Self::PointedNowhere { key } => write!(f, "{POINTER_KEY} names {key}, which is not there"),
            Self::TooLarge { key, bytes } => {
                write!(f, "{key}: expected at most {MAX_SNAPSHOT_BYTES} bytes, found {bytes}")
            }
            Self::NoRoom { key, bytes, held } => write!(
                f,
                "{key}: {bytes} bytes beside the {held} of the model that answers are more than {MAX_SNAPSHOT_BYTES}; this process keeps its model, new ones take the new one"
            ),
            Self::Length { key, expected, found } => {
                write!(f, "{key}: expected {expected} bytes as {POINTER_KEY} says, found ")?;
                match found {
                    Some(bytes) => write!(f, "{bytes}"),
                    None => f.write_str("more"),
                }
            }
            Self::NoTrustedKey => f.write_str(
                "SELVEDGE_PUBLIC_KEYS: expected Ed25519 public keys of 64 hexadecimal digits, found none; without one no snapshot can be trusted",
            ),
            Self::Snapshot { key, error } => write!(f, "{key}: {error}"),
            Self::Foreign {
                what,
                setting,
                expected,
                found,
            } => write!(
                f,
                "{what} of the snapshot: expected {expected:?} as {setting} says, found {found:?}; publish the snapshot of this {what}"
            ),
            Self::StepBack {
                version,
                created_ms,
                newest_ms,
            } => write!(
                f,
                "{version}: expected a snapshot packed at {newest_ms} ms or later, as one was that was loaded here, found {created_ms} ms; to go back, declare it: selvedge publish {version} --rollback"
            ),
            Self::Digest(error) => write!(f, "SHA-256 by the host: {error}"),
        }
    }
}
