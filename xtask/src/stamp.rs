//! Skips work whose inputs did not change.
//!
//! A step's inputs (file names, contents and the recipe itself) are digested, and `.selvedge/stamps` keeps the digest of the last
//! successful run. File times play no part, so that a fresh checkout or a touched file does not cause ten minutes of work.

use std::fs;
use std::path::{Path, PathBuf};

use base16ct::lower::encode_string as hex;
use sha2::{Digest, Sha256};

use crate::failure::Failure;

const STAMPS: &str = ".selvedge/stamps";

/// Digest of everything that determines a step's result.
pub struct Inputs(Sha256);

impl Inputs {
    /// Begins with the recipe: flags, versions, everything that is not in a file.
    pub fn of(recipe: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(recipe.as_bytes());
        Self(hash)
    }

    /// Adds a file, or a directory with its contents; a missing path also changes the digest.
    pub fn and(mut self, path: impl AsRef<Path>) -> Result<Self, Failure> {
        for file in files_under(path.as_ref())? {
            let content = fs::read(&file).map_err(Failure::io("read", &file))?;
            self.0.update(file.to_string_lossy().as_bytes());
            self.0.update([0]);
            self.0.update(content.len().to_le_bytes());
            self.0.update(&content);
        }
        Ok(self)
    }

    /// The digest in hexadecimal.
    pub fn digest(self) -> String {
        hex(&self.0.finalize())
    }
}

/// SHA-256 of a file's content in hexadecimal.
pub fn sha256(path: impl AsRef<Path>) -> Result<String, Failure> {
    let path = path.as_ref();
    let content = fs::read(path).map_err(Failure::io("read", path))?;
    Ok(hex(&Sha256::digest(content)))
}

/// Turns a path into a part of a step's name.
pub fn name_of(path: &Path) -> String {
    let digest = Sha256::digest(path.to_string_lossy().as_bytes());
    hex(&digest[..8])
}

/// Runs `work` unless it succeeded before with the same inputs and all its outputs are still there.
///
/// Returns whether it ran.
pub fn unless_fresh(
    step: &str,
    inputs: Inputs,
    outputs: &[&str],
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let stamp = Path::new(STAMPS).join(step);
    let digest = inputs.digest();
    let fresh = outputs.iter().all(|path| Path::new(path).exists())
        && fs::read_to_string(&stamp).is_ok_and(|last| last == digest);
    if fresh {
        return Ok(false);
    }
    // Remove the old stamp first, so that a step that fails half-way does not count as done.
    if stamp.exists() {
        fs::remove_file(&stamp).map_err(Failure::io("remove", &stamp))?;
    }
    work()?;
    fs::create_dir_all(STAMPS).map_err(Failure::io("create", STAMPS))?;
    fs::write(&stamp, digest).map_err(Failure::io("write", &stamp))?;
    Ok(true)
}

/// Files below `path` in a stable order, without build outputs and hidden folders.
fn files_under(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(Failure::io("list", path))? {
        entries.push(entry.map_err(Failure::io("list", path))?.path());
    }
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with('.') && name != "target" && name != "node_modules" {
            files.extend(files_under(&entry)?);
        }
    }
    Ok(files)
}
