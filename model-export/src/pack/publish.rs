//! Where the edge finds the current snapshot.

use std::path::{Path, PathBuf};

use selvedge_lake::storage::atomic;
use serde::Serialize;

use super::error::PackError;
use super::snapshot::Packed;
use crate::stage::Cleared;

/// The pointer that the edge reads to find the current snapshot.
#[derive(Debug, Serialize)]
struct Pointer<'a> {
    key: &'a str,
    version: &'a str,
    bytes: u64,
    dataset: &'a str,
    /// `"none"`, or the gates that were passed.
    gates: &'a Cleared,
}

/// Lays a packed snapshot out for the edge: `models/<version>.selvedge`, then, last, the pointer `models/current.json`, so
/// that no reader finds a pointer to a file that is not there yet.
///
/// # Errors
/// A file cannot be read or written.
pub fn publish(packed: &Packed, dataset: &str, directory: &Path) -> Result<PathBuf, PackError> {
    let key = format!("models/{}.selvedge", packed.version);
    let bytes = std::fs::read(&packed.path).map_err(PackError::io("read the snapshot", &packed.path))?;
    atomic::write_bytes(&directory.join(&key), &bytes)?;
    let pointer = directory.join("models/current.json");
    let content = Pointer {
        key: &key,
        version: &packed.version,
        bytes: packed.bytes,
        dataset,
        gates: &packed.gates,
    };
    atomic::write_json(&pointer, &content)?;
    Ok(pointer)
}
