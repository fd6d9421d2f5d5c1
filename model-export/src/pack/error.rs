//! What can go wrong while packing, inspecting or making keys.

use std::path::{Path, PathBuf};

use selvedge::snapshot::SnapshotError;

use crate::model::ModelError;
use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::LakeError;
use selvedge_models::compress::Measured;
use selvedge_models::served::ServeError;

/// Why there is no snapshot, or why one is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The signing key is not there.
    #[error("no signing key at {}", path.display())]
    NoKey {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is no key.
    #[error("signing key {}: expected 64 hexadecimal digits, found {found} characters that are not", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// Characters in it.
        found: usize,
    },
    /// A text is no public key.
    #[error("public key: expected 64 hexadecimal digits of an Ed25519 key, found {found:?}")]
    BadPublicKey {
        /// The text.
        found: String,
    },
    /// A key would overwrite another.
    #[error("{} is there already", path.display())]
    KeyExists {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// No measured coding keeps enough.
    #[error("none of {measured} codings in evaluation.json keeps {keep} of NDCG")]
    NoCoding {
        /// What was asked for.
        keep: f64,
        /// Codings that were measured.
        measured: usize,
    },
    /// No item is left to be packed.
    #[error("none of {trained} trained items can be packed: they are in no catalogue, or no snapshot can hold them")]
    NoItems {
        /// Trained items.
        trained: usize,
    },
    /// The snapshot is larger than allowed.
    #[error("the snapshot has {found} bytes as {width} with {dims} factors, {} of them codes; at most {limit} are allowed",
        .frontier.iter().find(|measured| measured.width == *width && measured.dims == *dims).map_or(0, |measured| measured.bytes_per_item * items))]
    TooLarge {
        /// Bytes of the file.
        found: u64,
        /// Bytes that are allowed.
        limit: u64,
        /// Bits of a code.
        width: &'static str,
        /// Factors.
        dims: usize,
        /// What there is to choose from.
        frontier: Vec<Measured>,
        /// Items.
        items: usize,
    },
    /// A slot's number does not fit the format.
    #[error("slot {slot:?}, {what}: expected at most 65535, found {found}")]
    Slot {
        /// The slot.
        slot: String,
        /// Which setting.
        what: &'static str,
        /// Its value.
        found: u32,
    },
    /// A part of the model is missing or damaged.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The lake or a file of it cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Segments or items that the core cannot hold.
    #[error("the lists of the segments cannot be made")]
    Lists(#[from] ServeError),
    /// The parts do not make a snapshot.
    #[error("the model cannot be packed")]
    Build(#[source] SnapshotError),
    /// The pointer is not what a pointer is.
    #[error("{}: expected the JSON of a pointer, as `selvedge publish` writes it", path.display())]
    Pointer {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The snapshot is older than the published one.
    #[error("{to} was packed before {from}, which is published; the edge refuses an undeclared step back")]
    StepBack {
        /// The published version.
        from: String,
        /// The older one.
        to: String,
    },
    /// A step back was declared to a snapshot that is not older.
    #[error("{version} is not older than what is published, so there is nothing to take back")]
    NothingToTakeBack {
        /// The version.
        version: String,
    },
    /// The snapshot is of another shop or channel than the published one.
    #[error("{what}: expected {expected:?}, of which the published snapshot is, found {found:?}")]
    OtherRelease {
        /// `shop` or `channel`.
        what: &'static str,
        /// What is published.
        expected: String,
        /// What was to follow it.
        found: String,
    },
    /// A snapshot is refused.
    #[error("snapshot {} is refused", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SnapshotError,
    },
}

impl PackError {
    /// Wraps an IO error with what was tried on which path.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

impl Explain for PackError {
    fn exit(&self) -> Exit {
        match self {
            Self::Io { .. } | Self::Random(_) => Exit::Environment,
            Self::NoKey { .. } | Self::BadKey { .. } | Self::BadPublicKey { .. } | Self::KeyExists { .. } => {
                Exit::Usage
            }
            Self::Slot { .. }
            | Self::NoCoding { .. }
            | Self::TooLarge { .. }
            | Self::Pointer { .. }
            | Self::StepBack { .. }
            | Self::NothingToTakeBack { .. }
            | Self::OtherRelease { .. } => Exit::Usage,
            Self::NoItems { .. } => Exit::Data,
            Self::Model(error) => error.exit(),
            Self::Lake(error) => error.exit(),
            Self::Build(_) | Self::Lists(_) | Self::Refused { .. } => Exit::Snapshot,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoKey { path } => Some(format!(
                "make one with `selvedge keygen {}`, or say where it is in [pack] signing_key",
                path.display()
            )),
            Self::BadKey { .. } => Some("make a new one with `selvedge keygen`".to_owned()),
            Self::BadPublicKey { .. } => {
                Some("`selvedge keygen` wrote it beside the signing key, in the file that ends in .pub".to_owned())
            }
            Self::KeyExists { .. } => {
                Some("choose another name: what the old key signed could not be verified any more".to_owned())
            }
            Self::NoItems { .. } => Some(
                "the ids of the trained items must be those of columns.id of [[catalogue]]; train.uncatalogued_items = true packs items that are in no catalogue".to_owned(),
            ),
            Self::NoCoding { measured: 0, .. } => Some("run `selvedge evaluate`: it measures them".to_owned()),
            Self::NoCoding { .. } => Some("lower pack.keep, or name a coding in pack.codes".to_owned()),
            Self::TooLarge { .. } => Some(
                "set pack.codes = \"auto\" and lower pack.keep, raise train.min_item_users so that fewer items are trained, or raise pack.max_bytes".to_owned(),
            ),
            Self::Pointer { .. } => Some("remove it if nothing is published there".to_owned()),
            Self::StepBack { to, .. } => Some(format!(
                "if you mean to go back, declare it: `selvedge publish {to} --rollback`; if not, the clock of this machine may be wrong"
            )),
            Self::NothingToTakeBack { .. } => Some("publish it without --rollback".to_owned()),
            Self::OtherRelease { what, .. } => Some(format!(
                "publish it into the directory of its own {what}, or correct pack.{what} and pack again"
            )),
            Self::Slot { .. } => Some("make the number in [[slots]] smaller".to_owned()),
            Self::Model(error) => error.hint(),
            Self::Lake(error) => error.hint(),
            Self::Refused {
                source: SnapshotError::Unsigned | SnapshotError::UnknownKey { .. },
                ..
            } => Some(
                "pass the public key that signed it with --public-key, or look into it with --no-verify".to_owned(),
            ),
            Self::Refused { .. } => Some("do not deploy it; pack the model again".to_owned()),
            Self::Io { .. } | Self::Random(_) | Self::Lists(_) | Self::Build(_) => None,
        }
    }
}
