//! Files appear whole or not at all: written beside their place, then renamed.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use super::LakeError;

/// Writes a file through `fill`; directories are made, and a reader sees the old content or the new, never a part.
///
/// # Errors
/// What `fill` returns, or a file operation that failed; the old content then stays.
pub fn write<E: From<LakeError>>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).map_err(LakeError::io("make the directory", directory))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The process id keeps two writers apart; a leftover of a killed one is overwritten or ignored.
    let temporary = directory.join(format!(".{name}.{}.tmp", std::process::id()));
    let result = fill_and_rename(path, &temporary, fill);
    if result.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(&temporary);
    }
    result
}

fn fill_and_rename<E: From<LakeError>>(
    path: &Path,
    temporary: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    step();
    let file = File::create(temporary).map_err(LakeError::io("create", temporary))?;
    step();
    let mut writer = BufWriter::new(file);
    fill(&mut writer)?;
    writer.flush().map_err(LakeError::io("write", temporary))?;
    // Without this, a power cut after the rename can leave an empty file under the final name.
    writer
        .get_ref()
        .sync_data()
        .map_err(LakeError::io("write", temporary))?;
    Ok(rename(temporary, path)?)
}

/// Renames a file.
///
/// # Errors
/// The file operation.
pub fn rename(from: &Path, to: &Path) -> Result<(), LakeError> {
    step();
    std::fs::rename(from, to).map_err(LakeError::io("move into place", to))?;
    step();
    Ok(())
}

/// Removes a file, if there is one.
///
/// # Errors
/// The file operation.
pub fn remove(path: &Path) -> Result<(), LakeError> {
    step();
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LakeError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Where tests end a run, as if the process had been killed there.
#[cfg(not(test))]
const fn step() {}

#[cfg(test)]
pub(crate) use kill::step;

/// Ends a run of a test between two file operations.
#[cfg(test)]
pub(crate) mod kill {
    #![allow(clippy::panic, reason = "tests")]
    use std::cell::Cell;

    thread_local! {
        static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// What a killed run panics with.
    pub struct Killed;

    /// A run of this thread ends at the step with this number; with [`None`], at none.
    pub fn after(steps: Option<u32>) {
        LEFT.set(steps);
    }

    /// One more file operation.
    pub fn step() {
        if let Some(left) = LEFT.get() {
            if left == 0 {
                LEFT.set(None);
                std::panic::panic_any(Killed);
            }
            LEFT.set(Some(left - 1));
        }
    }
}

/// Writes bytes.
///
/// # Errors
/// As [`write`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), LakeError> {
    write(path, |writer| {
        writer.write_all(bytes).map_err(LakeError::io("write", path))
    })
}

/// Writes a value as indented JSON with a line end.
///
/// # Errors
/// As [`write`].
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), LakeError> {
    write(path, |writer| {
        serde_json::to_writer_pretty(&mut *writer, value)
            .map_err(std::io::Error::from)
            .and_then(|()| writer.write_all(b"\n"))
            .map_err(LakeError::io("write", path))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_content_and_no_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/file");
        write_bytes(&path, b"old").unwrap();
        let failed: Result<(), LakeError> = write(&path, |writer| {
            writer.write_all(b"half").map_err(LakeError::io("write", &path))?;
            Err(LakeError::Absent { dir: path.clone() })
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
