//! Why a load of the current model failed.

use std::fmt;

use selvedge::snapshot::SnapshotError;

use super::POINTER_KEY;
use crate::fallback::{Fallback, Lent};
use crate::host::{HostError, Renewal};

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
    /// The pointer says more bytes than this process can ever hold.
    TooLarge { key: String, bytes: usize, most: usize },
    /// The snapshot does not fit into memory beside the current one. `tried`: what is in its way might still be freed, but was not in time.
    NoRoom {
        key: String,
        bytes: usize,
        most: usize,
        tried: bool,
    },
    /// Requests still use what the snapshot needs the room of.
    NoRoomYet { key: String, bytes: usize, tries: u32 },
    /// The process could not get the memory.
    NoMemory { key: String, bytes: usize },
    /// The load took longer than it may.
    Late { within_ms: u32 },
    /// The host could not make a new instance.
    NoInstance(HostError),
    /// A new instance did not load the snapshot.
    Renewal(Renewal),
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
            Self::NoPointer { .. } | Self::Late { .. } => Some(Fallback::NoSnapshot),
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
                | Self::NoRoom { tried: false, .. }
                | Self::NoTrustedKey
                | Self::Renewal(Renewal::Refused)
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
            Self::TooLarge { key, bytes, most } => write!(
                f,
                "{key}: expected at most {most} bytes, found {bytes}; SELVEDGE_MEMORY_MIB sets the limit"
            ),
            Self::NoRoom { key, bytes, tried: true, .. } => write!(
                f,
                "{key}: no room for {bytes} bytes, because the memory of a replaced instance was not collected in time; this process keeps its model and looks again at each refresh, new processes take the new one"
            ),
            Self::NoRoom { key, bytes, most, .. } => write!(
                f,
                "{key}: no room for {bytes} bytes beside the model that answers; this process keeps its model, new processes take the new one; snapshots of up to {most} bytes can always be replaced"
            ),
            Self::NoRoomYet { key, bytes, .. } => write!(
                f,
                "{key}: no room for {bytes} bytes yet, because the model before is still in use or its memory was not collected; tried again every few seconds for a minute, without another line"
            ),
            Self::NoMemory { key, bytes } => write!(f, "{key}: the host has no memory for {bytes} bytes"),
            Self::Late { within_ms } => write!(
                f,
                "the load did not end within {within_ms} ms (SELVEDGE_LOAD_S) and was given up"
            ),
            Self::NoInstance(error) => write!(f, "a new instance could not be made: {error}"),
            Self::Renewal(_) => f.write_str("a new instance did not load the snapshot; the reason is above"),
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
