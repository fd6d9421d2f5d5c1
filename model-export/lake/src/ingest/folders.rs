//! Folders: the files below one, and the columns that folder names hold (`dt=2024-01-01/`), as Hive, Spark and DuckDB write them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::archive::is_table_name;
use super::kind::{Foreign, Kind};
use super::{Cell, IngestError, Row, open};

/// Folders inside folders; deeper ones are a link that leads back.
const MAX_DEPTH: usize = 32;

/// The files below a folder that can hold rows, sorted. Hidden files, marks such as `_SUCCESS`, checksums, documents and pictures do not count; of a
/// file that should hold rows and does not, such as a Git LFS pointer, reading it tells.
///
/// # Errors
/// A folder or a file cannot be read.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>, IngestError> {
    let mut found = Vec::new();
    walk(folder, 0, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), IngestError> {
    let failed = |source| IngestError::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if !is_table_name(&name) {
            continue;
        }
        if path.is_dir() {
            if depth < MAX_DEPTH {
                walk(&path, depth + 1, found)?;
            }
        } else if path.is_file() && !is_beside(open::head_kind(&path)?) {
            found.push(path);
        }
    }
    Ok(())
}

/// What people and programs keep beside tables.
const fn is_beside(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Foreign(Foreign::Image(_) | Foreign::Pdf | Foreign::Document(_) | Foreign::Program | Foreign::Xml)
    )
}

/// Names and values in the folders of a path, the outermost first; no value where Hive writes that there is none.
#[must_use]
pub fn keys(path: &Path) -> Vec<(String, Option<String>)> {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let pairs = folders.filter_map(|folder| {
        let folder = folder.as_os_str().to_str()?;
        let (name, value) = folder.split_once('=')?;
        let first = name.bytes().next()?;
        let named = (first.is_ascii_alphabetic() || first == b'_') && !name.contains(char::is_whitespace);
        let value = (value != "__HIVE_DEFAULT_PARTITION__").then(|| decoded(value));
        named.then(|| (decoded(name), value))
    });
    pairs.collect()
}

/// Percent-decoded text; what is no code stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Which of the wanted columns are folders, and which are in the file.
pub struct Keyed {
    keys: Vec<(String, Option<String>)>,
    sources: Vec<Source>,
    /// The columns that are in the file.
    pub in_file: Vec<String>,
}

#[derive(Clone, Copy)]
enum Source {
    Key(usize),
    File(usize),
}

impl Keyed {
    /// Divides the columns; [`None`] where none is a folder. A folder counts before a column of the same name, as for the programs that write them.
    #[must_use]
    pub fn of(path: &Path, wanted: &[String]) -> Option<Self> {
        let keys = keys(path);
        let mut in_file = Vec::new();
        let sources: Vec<Source> = wanted
            .iter()
            .map(|column| match keys.iter().rposition(|(name, _)| name == column) {
                Some(key) => Source::Key(key),
                None => {
                    in_file.push(column.clone());
                    Source::File(in_file.len() - 1)
                }
            })
            .collect();
        (in_file.len() < wanted.len()).then_some(Self { keys, sources, in_file })
    }

    /// The names and values that rows take from the path, for the source's id: the same bytes in another folder are other rows.
    #[must_use]
    pub fn text(&self) -> String {
        let used = self.sources.iter().filter_map(|source| match source {
            Source::Key(key) => self.keys.get(*key),
            Source::File(_) => None,
        });
        used.map(|(name, value)| format!(" {name}={value:?}")).collect()
    }

    /// A row of the file with the columns of the folders.
    #[must_use]
    pub fn row<'a>(&'a self, row: &'a dyn Row) -> KeyedRow<'a> {
        KeyedRow { keyed: self, row }
    }
}

/// A row with columns of folders.
pub struct KeyedRow<'a> {
    keyed: &'a Keyed,
    row: &'a dyn Row,
}

impl Row for KeyedRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        match self.keyed.sources[column] {
            Source::Key(key) => key_cell(&self.keyed.keys[key].1),
            Source::File(column) => self.row.cell(column),
        }
    }

    fn raw(&self) -> String {
        self.row.raw()
    }
}

/// The value of a folder as a cell.
#[must_use]
pub fn key_cell(value: &Option<String>) -> Cell<'_> {
    value
        .as_deref()
        .map_or(Cell::Null, |value| Cell::Text(Cow::Borrowed(value)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_of_folders_are_columns_and_codes_are_decoded() {
        let found = keys(Path::new(
            "/a/dt=2024-01-01/region=S%C3%BCd%20%/x=__HIVE_DEFAULT_PARTITION__/=y/1=2/part=0.parquet",
        ));
        let expected = [("dt", Some("2024-01-01")), ("region", Some("Süd %")), ("x", None)];
        let expected: Vec<_> = expected
            .map(|(name, value)| (name.to_owned(), value.map(str::to_owned)))
            .into();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_files_of_a_folder_are_those_that_can_hold_rows() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        for name in [
            "dt=1/part-0.csv",
            "dt=2/part-0.csv",
            "_SUCCESS",
            "dt=1/.part-0.csv.crc",
            "README.md",
            "a.csv.md5",
            "__MACOSX/a.csv",
        ] {
            write(name, b"a,b\n1,2\n");
        }
        write("logo", b"\x89PNG\r\n\x1a\n");
        write("pointer.csv", b"version https://git-lfs.github.com/spec/v1\n");
        let found: Vec<String> = files_below(dir.path())
            .unwrap()
            .iter()
            .map(|path| path.strip_prefix(dir.path()).unwrap().display().to_string())
            .collect();
        assert_eq!(found, ["dt=1/part-0.csv", "dt=2/part-0.csv", "pointer.csv"]);
    }
}
