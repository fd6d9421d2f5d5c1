//! The beginning of a file, for guessing what its columns mean.

use std::io::{BufRead, Cursor, Read as _};
use std::path::Path;

use serde_json::Value;

use super::open::{Opened, open};
use super::{BadRow, Cell, IngestError, Row, csv, jsonl, parquet};
use crate::source::{FileFormat, TextFormat};

/// As much of a text file as is looked at.
const MAX_BYTES: u64 = 1 << 20;
/// Rows that are looked at.
const MAX_ROWS: usize = 5_000;

/// The first rows of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names of the columns; of JSON lines, keys and dotted paths of keys.
    pub columns: Vec<String>,
    /// Good rows, each with a cell per column.
    pub rows: Vec<Vec<Cell<'static>>>,
}

/// Looks at the beginning of a file.
///
/// # Errors
/// The file cannot be read.
pub fn sample(path: &Path) -> Result<Sample, IngestError> {
    let text = TextFormat {
        format: FileFormat::Auto,
        delimiter: None,
        header: true,
        collected: false,
    };
    let mut rows = Vec::new();
    let mut keep = |columns: usize, row: &dyn Row| {
        if rows.len() < MAX_ROWS {
            rows.push((0..columns).map(|column| owned(row.cell(column))).collect());
        }
    };
    let columns = match open(path, &text, |_| ())? {
        Opened::Parquet(file) => {
            let columns = parquet::columns(path, file.try_clone().map_err(|source| failed(path, source))?)?;
            parquet::read(path, file, &columns, Some(MAX_ROWS), &|_| (), &mut |_, row| {
                if let Ok(row) = row {
                    keep(columns.len(), row);
                }
                Ok(())
            })?;
            columns
        }
        Opened::Text(format, reader) => {
            let start = beginning(path, reader)?;
            let reader = || -> Box<dyn BufRead> { Box::new(Cursor::new(start.clone())) };
            let columns = match format {
                FileFormat::Jsonl => keys(&start),
                _ => {
                    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
                    let line = start
                        .split(|&byte| byte == b'\n')
                        .find(|line| !line.is_empty() && *line != b"\r");
                    let line = line.unwrap_or_default();
                    csv::header(line.strip_suffix(b"\r").unwrap_or(line), &text)?.0
                }
            };
            let on_row = &mut |_: u64, row: Result<&dyn Row, (BadRow, &[u8])>| {
                if let Ok(row) = row {
                    keep(columns.len(), row);
                }
                Ok(())
            };
            match format {
                FileFormat::Jsonl => jsonl::read(path, reader(), &columns, on_row)?,
                _ => csv::read(path, reader(), &text, &columns, on_row)?,
            }
            columns
        }
    };
    Ok(Sample { columns, rows })
}

fn failed(path: &Path, source: std::io::Error) -> IngestError {
    IngestError::Read {
        path: path.to_owned(),
        source,
    }
}

/// The first whole lines.
fn beginning(path: &Path, reader: Box<dyn BufRead>) -> Result<Vec<u8>, IngestError> {
    let mut start = Vec::new();
    reader
        .take(MAX_BYTES)
        .read_to_end(&mut start)
        .map_err(|source| failed(path, source))?;
    if start.len() as u64 == MAX_BYTES
        && let Some(end) = start.iter().rposition(|&byte| byte == b'\n')
    {
        start.truncate(end + 1);
    }
    Ok(start)
}

/// The keys of the objects in JSON lines, by first appearance; keys of an inner object as dotted paths.
fn keys(start: &[u8]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let mut add = |key: String| {
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    for line in start.split(|&byte| byte == b'\n').take(MAX_ROWS) {
        let Ok(Value::Object(object)) = serde_json::from_slice(line) else {
            continue;
        };
        for (key, value) in object {
            match value {
                Value::Object(inner) => inner.keys().for_each(|name| add(format!("{key}.{name}"))),
                _ => add(key),
            }
        }
    }
    keys
}

fn owned(cell: Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Text(text) => Cell::Text(text.into_owned().into()),
        Cell::List(cells) => Cell::List(cells.into_iter().map(owned).collect()),
        Cell::Object(pairs) => Cell::Object(pairs.into_iter().map(|(name, cell)| (name, owned(cell))).collect()),
        Cell::Null => Cell::Null,
        Cell::NotText => Cell::NotText,
        Cell::Int(value) => Cell::Int(value),
        Cell::Unsigned(value) => Cell::Unsigned(value),
        Cell::Float(value) => Cell::Float(value),
        Cell::Bool(value) => Cell::Bool(value),
        Cell::Instant(ms) => Cell::Instant(ms),
        Cell::Local(ms) => Cell::Local(ms),
    }
}
