//! Where the edge finds the current snapshot, and the order of what is published there.

use std::path::{Path, PathBuf};

use base16ct::lower::encode_string as hex;
use selvedge::snapshot::writer::SigningKey;
use selvedge::snapshot::{AlignedBytes, Rollback, Snapshot, Trust};
use selvedge_lake::storage::atomic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::PackError;
use super::snapshot::{Packed, read_snapshot};

/// The object key of the pointer.
const POINTER: &str = "models/current.json";

/// The pointer that the edge reads to find the current snapshot.
#[derive(Debug, Serialize)]
struct Pointer<'a> {
    key: &'a str,
    version: &'a str,
    bytes: usize,
    created_ms: u64,
    dataset: &'a str,
    /// `"none"`, or the gates that were passed.
    gates: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback: Option<Declared>,
}

/// The declaration of a step back, as the edge reads it.
#[derive(Clone, Debug, Serialize)]
struct Declared {
    /// The version that is taken back, for people.
    from: String,
    from_ms: u64,
    /// In hexadecimal.
    signature: String,
}

/// What a pointer says that is published already. An older tool wrote no times; the file that it names has them.
#[derive(Debug, Deserialize)]
struct Earlier {
    key: String,
    #[serde(default)]
    rollback: Option<EarlierRollback>,
}

#[derive(Debug, Deserialize)]
struct EarlierRollback {
    from: String,
    from_ms: u64,
}

/// The newest release that the edge may have seen of what is published under a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Newest {
    version: String,
    created_ms: u64,
    shop: String,
    channel: String,
}

/// What was published.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// The version that the edge now loads.
    pub version: String,
    /// The pointer's file.
    pub pointer: PathBuf,
    /// The version that was taken back, if this is a declared step back.
    pub rolled_back_from: Option<String>,
}

/// Whether a step back to an older release is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Forward only: an older release than the published one is refused.
    Forward,
    /// Back only: the step is declared, signed and written into the pointer.
    Back,
}

/// Lays a packed snapshot out for the edge.
///
/// # Errors
/// Those of [`publish_file`].
pub fn publish(packed: &Packed, key: &SigningKey, dataset: &str, directory: &Path) -> Result<Published, PackError> {
    let gates = packed.gates.clone().into();
    lay_out(&packed.path, key, dataset, &gates, directory, Direction::Forward)
}

/// Publishes a snapshot that was packed before, by its file or by a version that lies under `directory`.
///
/// # Errors
/// The file cannot be read or is refused; it is older than what is published and no step back is declared, or is not and
/// one is; or it is of another shop or channel.
pub fn publish_file(
    snapshot: &Path,
    key: &SigningKey,
    directory: &Path,
    direction: Direction,
) -> Result<Published, PackError> {
    let stored = directory.join(format!("models/{}.selvedge", snapshot.display()));
    let path = if !snapshot.exists() && stored.exists() {
        stored
    } else {
        snapshot.to_owned()
    };
    let opened = open(&path, key)?;
    let note = |name: &str| {
        let lines = opened.provenance().lines().filter_map(|line| line.split_once('='));
        let mut named = lines.filter(|(known, _)| *known == name);
        named.next().map_or_else(String::new, |(_, value)| value.to_owned())
    };
    // The snapshot carries for people which gates it passed.
    let gates = Value::from(note("gates"));
    lay_out(&path, key, &note("dataset"), &gates, directory, direction)
}

/// Writes `models/<version>.selvedge`, then, last, the pointer, so that no reader finds a pointer to a file that is not there yet.
fn lay_out(
    path: &Path,
    signing: &SigningKey,
    dataset: &str,
    gates: &Value,
    directory: &Path,
    direction: Direction,
) -> Result<Published, PackError> {
    let snapshot = open(path, signing)?;
    let version = snapshot.version();
    let newest = newest(directory, signing)?;
    let rollback = step(&snapshot, newest.as_ref(), signing, direction)?;
    let key = format!("models/{version}.selvedge");
    let stored = directory.join(&key);
    if stored != path {
        atomic::write_bytes(&stored, snapshot.as_bytes())?;
    }
    let pointer = directory.join(POINTER);
    let rolled_back_from = rollback.as_ref().map(|rollback| rollback.from.clone());
    let content = Pointer {
        key: &key,
        version: &version,
        bytes: snapshot.as_bytes().len(),
        created_ms: snapshot.created_ms(),
        dataset,
        gates,
        rollback,
    };
    atomic::write_json(&pointer, &content)?;
    Ok(Published {
        version,
        pointer,
        rolled_back_from,
    })
}

/// Checks that the snapshot may follow what is published; the declaration, if it is a step back that is meant.
fn step(
    snapshot: &Snapshot<AlignedBytes>,
    newest: Option<&Newest>,
    key: &SigningKey,
    direction: Direction,
) -> Result<Option<Declared>, PackError> {
    let version = snapshot.version();
    let Some(newest) = newest else {
        return match direction {
            Direction::Forward => Ok(None),
            Direction::Back => Err(PackError::NothingToTakeBack { version }),
        };
    };
    let release = snapshot.release();
    for (what, expected, found) in [
        ("shop", &newest.shop, release.shop),
        ("channel", &newest.channel, release.channel),
    ] {
        // A file of an older version says nothing, and what says nothing can become something.
        if !expected.is_empty() && expected != found {
            return Err(PackError::OtherRelease {
                what,
                expected: expected.clone(),
                found: found.to_owned(),
            });
        }
    }
    match (direction, snapshot.created_ms() < newest.created_ms) {
        (Direction::Forward, false) => Ok(None),
        (Direction::Back, false) => Err(PackError::NothingToTakeBack { version }),
        (Direction::Forward, true) => Err(PackError::StepBack {
            from: newest.version.clone(),
            to: version,
        }),
        (Direction::Back, true) => {
            let rollback = Rollback::declare(newest.created_ms, snapshot.fingerprint(), key);
            Ok(Some(Declared {
                from: newest.version.clone(),
                from_ms: rollback.from_ms,
                signature: hex(&rollback.signature),
            }))
        }
    }
}

/// The newest release that was published under a directory: the one that the pointer names, or the one that it took back. [`None`] if there is
/// no pointer, or one whose file is not there, as in a folder that is not the whole of what is published.
fn newest(directory: &Path, key: &SigningKey) -> Result<Option<Newest>, PackError> {
    let path = directory.join(POINTER);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PackError::io("read the pointer", &path)(error)),
    };
    let earlier: Earlier = serde_json::from_slice(&text).map_err(|source| PackError::Pointer { path, source })?;
    let file = directory.join(&earlier.key);
    if !file.exists() {
        return Ok(None);
    }
    let snapshot = open(&file, key)?;
    let release = snapshot.release();
    let mut newest = Newest {
        version: snapshot.version(),
        created_ms: snapshot.created_ms(),
        shop: release.shop.to_owned(),
        channel: release.channel.to_owned(),
    };
    if let Some(taken_back) = earlier.rollback.filter(|rollback| rollback.from_ms > newest.created_ms) {
        newest.version = taken_back.from;
        newest.created_ms = taken_back.from_ms;
    }
    Ok(Some(newest))
}

/// Opens a snapshot that this key signed.
fn open(path: &Path, key: &SigningKey) -> Result<Snapshot<AlignedBytes>, PackError> {
    let bytes = read_snapshot(path)?;
    Snapshot::open(bytes, Trust::Keys(&[key.verifying_key()])).map_err(|source| PackError::Refused {
        path: path.to_owned(),
        source,
    })
}
