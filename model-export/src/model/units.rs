//! A model directory is one unit with one writer: what a stage wrote half is never seen.
//!
//! ```text
//! current.json      {"unit": 7}: the unit that counts; replaced by rename
//! units/7/          the files of that unit, which never change once it counts
//! units/draft/      what the writer is making; becomes units/8 by rename, then current.json names it
//! lock              held by the writer as long as it lives, with its process id inside
//! stages.json       what each stage was made from, for `selvedge run`
//! ```
//!
//! Whatever moment a writer is killed at, `current.json` names a folder that is whole. A draft that it leaves behind is
//! continued by the next `selvedge run`, which checks each file in it by digest, and dropped by everything else.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use selvedge_lake::storage::{LakeError, atomic};
use serde::{Deserialize, Serialize};

use super::error::ModelError;
use super::files::ModelDir;

/// The directory of a model: the unit that counts, and room for the next one.
#[derive(Clone, Debug)]
pub struct Units {
    dir: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Current {
    unit: u64,
}

/// Who holds the lock.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    process: u32,
    command: String,
}

/// The one writer of a model directory. The lock is let go of when the value is dropped or the process ends, however it
/// ends.
#[derive(Debug)]
pub struct Writer {
    units: Units,
    _lock: File,
}

impl Units {
    /// The units of a model directory; it need not be there yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Where the stages' digests are kept.
    #[must_use]
    pub fn stages_path(&self) -> PathBuf {
        self.dir.join("stages.json")
    }

    /// The unit that counts. Where there is none, every file of it is absent.
    ///
    /// # Errors
    /// `current.json` cannot be read or is damaged.
    pub fn current(&self) -> Result<ModelDir, ModelError> {
        Ok(ModelDir::new(&self.path_of(self.number()?.unwrap_or(0))))
    }

    fn number(&self) -> Result<Option<u64>, ModelError> {
        let path = self.dir.join("current.json");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LakeError::io("read", &path)(error).into()),
        };
        let current: Current = serde_json::from_slice(&text).map_err(|source| ModelError::Json {
            action: "read",
            path,
            source,
        })?;
        Ok(Some(current.unit))
    }

    fn path_of(&self, unit: u64) -> PathBuf {
        self.dir.join("units").join(unit.to_string())
    }

    fn draft_path(&self) -> PathBuf {
        self.dir.join("units").join("draft")
    }

    /// Becomes the one writer. `command` is what others are told that wait for it.
    ///
    /// # Errors
    /// [`ModelError::Busy`] while another process writes, or the directory cannot be made.
    pub fn lock(&self, command: &str) -> Result<Writer, ModelError> {
        let units = self.dir.join("units");
        std::fs::create_dir_all(&units).map_err(LakeError::io("make the directory", &units))?;
        let path = self.dir.join("lock");
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(LakeError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Who it is helps; that it is somebody is enough.
                let _ = file.read_to_string(&mut text);
                return Err(ModelError::Busy {
                    dir: self.dir.clone(),
                    holder: serde_json::from_str(&text)
                        .map_or_else(|_| "another process".to_owned(), |holder: Holder| holder.to_string()),
                });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(LakeError::io("lock", &path)(source).into()),
        }
        let holder = Holder {
            process: std::process::id(),
            command: command.to_owned(),
        };
        let written = serde_json::to_vec(&holder).map_err(std::io::Error::from);
        let written = written.and_then(|text| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&text)
        });
        written.map_err(LakeError::io("write", &path))?;
        Ok(Writer {
            units: self.clone(),
            _lock: file,
        })
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} (selvedge {})", self.process, self.command)
    }
}

impl Writer {
    /// The draft where there is one, else the unit that counts.
    ///
    /// # Errors
    /// As [`Units::current`].
    pub fn view(&self) -> Result<ModelDir, ModelError> {
        let draft = self.units.draft_path();
        if draft.is_dir() {
            return Ok(ModelDir::new(&draft));
        }
        self.units.current()
    }

    /// The draft; where there is none, one that holds what the current unit holds. Files are linked, not copied: nothing
    /// is ever written into a file of a unit, only put in its place by rename.
    ///
    /// # Errors
    /// The folder cannot be made or filled.
    pub fn draft(&self) -> Result<ModelDir, ModelError> {
        let draft = self.units.draft_path();
        if draft.is_dir() {
            return Ok(ModelDir::new(&draft));
        }
        let current = self.units.current()?;
        // Under another name until it is filled: a draft that is seen is one that was filled.
        let filling = draft.with_extension("filling");
        remove(&filling)?;
        std::fs::create_dir_all(&filling).map_err(LakeError::io("make the directory", &filling))?;
        for name in file_names(current.path())? {
            link(&current.path().join(&name), &filling.join(&name))?;
        }
        std::fs::rename(&filling, &draft).map_err(LakeError::io("move into place", &draft))?;
        Ok(ModelDir::new(&draft))
    }

    /// Drops a draft.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn discard(&self) -> Result<(), ModelError> {
        remove(&self.units.draft_path())
    }

    /// Makes the draft the unit that counts; without a draft, nothing changes. The unit before it stays for those who are
    /// reading it, older ones go.
    ///
    /// # Errors
    /// A file operation failed; the old unit then counts.
    pub fn commit(&self) -> Result<(), ModelError> {
        let draft = self.units.draft_path();
        if !draft.is_dir() {
            return Ok(());
        }
        let before = self.units.number()?;
        let numbers = self.numbers()?;
        let next = numbers.iter().copied().max().max(before).unwrap_or(0) + 1;
        let unit = self.units.path_of(next);
        std::fs::rename(&draft, &unit).map_err(LakeError::io("move into place", &unit))?;
        atomic::write_json(&self.units.dir.join("current.json"), &Current { unit: next })?;
        for old in numbers.into_iter().filter(|number| Some(*number) != before) {
            remove(&self.units.path_of(old))?;
        }
        Ok(())
    }

    fn numbers(&self) -> Result<Vec<u64>, ModelError> {
        let names = folder_names(&self.units.dir.join("units"))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }
}

fn link(from: &Path, to: &Path) -> Result<(), ModelError> {
    // Some file systems have no links.
    if std::fs::hard_link(from, to).is_err() {
        std::fs::copy(from, to).map_err(LakeError::io("copy", from))?;
    }
    Ok(())
}

fn remove(dir: &Path) -> Result<(), ModelError> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LakeError::io("remove", dir)(error).into()),
        _ => Ok(()),
    }
}

/// Names of the files in a folder; a folder that is not there has none. Hidden ones belong to a writer that died.
fn file_names(dir: &Path) -> Result<Vec<String>, ModelError> {
    names(dir, |kind| kind.is_file())
}

fn folder_names(dir: &Path) -> Result<Vec<String>, ModelError> {
    names(dir, |kind| kind.is_dir())
}

fn names(dir: &Path, wanted: fn(&std::fs::FileType) -> bool) -> Result<Vec<String>, ModelError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LakeError::io("list", dir)(error).into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(LakeError::io("list", dir))?;
        let kind = entry.file_type().map_err(LakeError::io("list", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if wanted(&kind) && !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn put(dir: &ModelDir, name: &str, text: &str) {
        atomic::write_bytes(&dir.path().join(name), text.as_bytes()).unwrap();
    }

    fn got(dir: &ModelDir, name: &str) -> Option<String> {
        std::fs::read_to_string(dir.path().join(name)).ok()
    }

    #[test]
    fn a_draft_counts_once_it_is_committed_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let units = Units::new(&folder.path().join("model"));
        let writer = units.lock("train").unwrap();
        put(&writer.draft().unwrap(), "a", "old");
        assert_eq!(got(&units.current().unwrap(), "a"), None);
        writer.commit().unwrap();
        let old = units.current().unwrap();
        assert_eq!(got(&old, "a").as_deref(), Some("old"));
        let draft = writer.draft().unwrap();
        assert_eq!(
            got(&draft, "a").as_deref(),
            Some("old"),
            "a draft begins with what there is"
        );
        put(&draft, "a", "new");
        assert_eq!(got(&units.current().unwrap(), "a").as_deref(), Some("old"));
        writer.commit().unwrap();
        assert_eq!(got(&units.current().unwrap(), "a").as_deref(), Some("new"));
        assert_eq!(
            got(&old, "a").as_deref(),
            Some("old"),
            "whoever reads the unit before goes on"
        );
        put(&writer.draft().unwrap(), "a", "newest");
        writer.commit().unwrap();
        assert_eq!(got(&old, "a"), None, "older ones go");
        assert_eq!(got(&writer.view().unwrap(), "a").as_deref(), Some("newest"));
    }

    #[test]
    fn a_draft_of_a_writer_that_died_is_found_or_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let units = Units::new(folder.path());
        let writer = units.lock("run").unwrap();
        put(&writer.draft().unwrap(), "a", "half");
        // The process ends here.
        drop(writer);
        let writer = units.lock("run").unwrap();
        assert_eq!(got(&writer.view().unwrap(), "a").as_deref(), Some("half"));
        writer.discard().unwrap();
        assert_eq!(got(&writer.draft().unwrap(), "a"), None);
    }

    #[test]
    fn a_second_writer_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let units = Units::new(folder.path());
        let first = units.lock("train").unwrap();
        let refused = units.lock("segment").unwrap_err();
        let told = format!("process {} (selvedge train)", std::process::id());
        assert!(refused.to_string().contains(&told), "{refused}");
        drop(first);
        assert!(units.lock("segment").is_ok());
    }
}
