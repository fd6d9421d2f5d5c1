//! Separated text. Values are split by `csv-core`; where a record ends is decided here, because a quote that is
//! never closed must cost one row and not the rest of the file.

use std::borrow::Cow;
use std::io::{BufRead, Read as _};
use std::path::Path;

use super::dialect::{self, Dialect, HEAD_BYTES};
use super::lines::{Line, Lines, MAX_LINE_BYTES};
use super::split::{Quote, Record, Splitter, scan};
use super::{BadRow, Cell, IngestError, OnRow, Row};
use crate::source::TextFormat;

/// A quoted value may hold line ends; a record over more lines or bytes than this has lost its closing quote.
const MAX_RECORD_LINES: usize = 256;
const MAX_RECORD_BYTES: usize = 1 << 18;

/// The mapped columns of a record.
struct CsvRow<'a> {
    record: &'a Record,
    columns: &'a [usize],
    raw: &'a [u8],
}

impl Row for CsvRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        match std::str::from_utf8(self.record.value(self.columns[column])) {
            Ok(text) => Cell::Text(Cow::Borrowed(text)),
            Err(_) => Cell::NotText,
        }
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(self.raw).into_owned()
    }
}

/// The beginning of a text, and a reader that gives it again.
pub struct Beginning {
    /// Its first bytes.
    pub bytes: Vec<u8>,
    /// Whether nothing follows.
    pub whole: bool,
    /// The text from its beginning.
    pub reader: Box<dyn BufRead>,
}

/// Reads the first `limit` bytes of a text ahead.
pub fn beginning(mut reader: Box<dyn BufRead>, limit: usize) -> std::io::Result<Beginning> {
    let mut bytes = Vec::new();
    let mut whole = false;
    while bytes.len() < limit && !whole {
        let length = match reader.fill_buf() {
            Ok(available) => {
                bytes.extend_from_slice(available);
                available.len()
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        reader.consume(length);
        whole = length == 0;
    }
    Ok(Beginning {
        reader: Box::new(std::io::Cursor::new(bytes.clone()).chain(reader)),
        bytes,
        whole,
    })
}

/// Reads all rows of a file, in order.
pub fn read(
    path: &Path,
    reader: Box<dyn BufRead>,
    text: &TextFormat,
    wanted: &[String],
    on_row: &mut OnRow<'_>,
) -> Result<(), IngestError> {
    let failed = |source| IngestError::Read {
        path: path.to_owned(),
        source,
    };
    let Beginning { bytes, whole, reader } = beginning(reader, HEAD_BYTES).map_err(failed)?;
    let dialect = dialect::find(&bytes, whole, text, wanted);
    if dialect.names.is_empty() {
        return Ok(());
    }
    let columns = columns(path, &dialect.names, wanted)?;
    rows(path, reader, dialect.first_row, &dialect, &columns, on_row)
}

/// Where the wanted columns stand.
pub fn columns(path: &Path, names: &[String], wanted: &[String]) -> Result<Vec<usize>, IngestError> {
    let position = |column: &String| {
        names
            .iter()
            .position(|name| name == column)
            .ok_or_else(|| IngestError::NoColumn {
                path: path.to_owned(),
                column: column.clone(),
                found: names.to_vec(),
            })
    };
    wanted.iter().map(position).collect()
}

/// Reads the rows behind the first `skip` lines, in order.
pub fn rows(
    path: &Path,
    reader: Box<dyn BufRead>,
    skip: u64,
    dialect: &Dialect,
    columns: &[usize],
    on_row: &mut OnRow<'_>,
) -> Result<(), IngestError> {
    let failed = |source| IngestError::Read {
        path: path.to_owned(),
        source,
    };
    let mut lines = Lines::new(reader);
    let mut line = Line::default();
    for _ in 0..skip {
        if !lines.next(&mut line).map_err(failed)? {
            return Ok(());
        }
    }
    let (names, separator) = (&dialect.names, &dialect.separator);
    let mut splitter = Splitter::new(separator);
    while lines.next(&mut line).map_err(failed)? {
        if line.bytes.is_empty() {
            continue;
        }
        let number = line.number;
        if line.too_long {
            on_row(number, Err((BadRow::TooLong { limit: MAX_LINE_BYTES }, &line.bytes)))?;
            continue;
        }
        let mut state = scan(Quote::Start, &line.bytes, separator);
        let first_length = line.bytes.len();
        let mut rest: Vec<Line> = Vec::new();
        let mut complete = true;
        while state == Quote::Inside {
            let mut next = Line::default();
            let open = rest.len() + 1 < MAX_RECORD_LINES
                && line.bytes.len() < MAX_RECORD_BYTES
                && lines.next(&mut next).map_err(failed)?;
            if !open {
                complete = false;
                break;
            }
            state = scan(scan(state, b"\n", separator), &next.bytes, separator);
            line.bytes.push(b'\n');
            line.bytes.extend_from_slice(&next.bytes);
            complete = !next.too_long;
            rest.push(next);
            if !complete {
                break;
            }
        }
        // A value over several lines that ends in a stray quote has run into the next quoted value. Within one line
        // stray quotes are taken as they stand, as `csv` does.
        complete &= rest.is_empty() || state != Quote::Stray;
        line.bytes.push(b'\n');
        let raw = line.bytes.len() - 1;
        let record = splitter.split(&line.bytes);
        if complete && record.count == names.len() {
            let row = CsvRow {
                record,
                columns,
                raw: &line.bytes[..raw],
            };
            on_row(number, Ok(&row))?;
            continue;
        }
        let reason = if complete {
            BadRow::ColumnCount {
                expected: names.len(),
                found: record.count,
            }
        } else {
            BadRow::OpenQuote
        };
        // A record of several lines that does not fit has probably swallowed good rows: only its first line is
        // refused, and reading goes on with the second.
        on_row(number, Err((reason, &line.bytes[..first_length])))?;
        lines.give_back(rest);
    }
    Ok(())
}
