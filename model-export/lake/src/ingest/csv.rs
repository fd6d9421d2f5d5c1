//! Separated text. Values are split by `csv-core`; where a record ends is decided here, because a quote that is
//! never closed must cost one row and not the rest of the file.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::lines::{Line, Lines, MAX_LINE_BYTES};
use super::{BadRow, Cell, IngestError, OnRow, Row};
use crate::source::TextFormat;

/// A quoted value may hold line ends; a record over more lines or bytes than this has lost its closing quote.
const MAX_RECORD_LINES: usize = 256;
const MAX_RECORD_BYTES: usize = 1 << 18;

/// One record, split.
struct Record {
    values: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Record {
    fn value(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.values[start..self.ends[index]]
    }
}

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

/// Where a scan through a record is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    /// At the start of a value, where a quote opens one.
    Start,
    /// In a value where quotes mean nothing more.
    Plain,
    /// Between quotes.
    Inside,
    /// After a quote between quotes: the closing one, or the first of two.
    Closing,
    /// After a closing quote that no separator follows: this quote was meant to open a value.
    Stray,
}

fn scan(mut state: Quote, bytes: &[u8], delimiter: u8) -> Quote {
    for &byte in bytes {
        state = match state {
            Quote::Inside if byte == b'"' => Quote::Closing,
            Quote::Inside => Quote::Inside,
            Quote::Closing if byte == b'"' => Quote::Inside,
            Quote::Start if byte == b'"' => Quote::Inside,
            Quote::Stray => Quote::Stray,
            Quote::Closing if byte != delimiter => Quote::Stray,
            _ if byte == delimiter => Quote::Start,
            _ => Quote::Plain,
        };
    }
    state
}

/// The separator that a header line uses most outside quotes; a comma when there is none.
pub fn sniff_delimiter(header: &[u8]) -> u8 {
    let mut counts = [0usize; 256];
    let mut quoted = false;
    for &byte in header {
        if byte == b'"' {
            quoted = !quoted;
        } else if !quoted {
            counts[usize::from(byte)] += 1;
        }
    }
    // The comma comes last because `max_by_key` keeps the last of equals.
    let best = [b'|', b';', b'\t', b',']
        .into_iter()
        .max_by_key(|&byte| counts[usize::from(byte)]);
    best.unwrap_or(b',')
}

struct Splitter {
    reader: Reader,
    record: Record,
}

impl Splitter {
    fn new(delimiter: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            record: Record {
                values: vec![0; 1024],
                ends: vec![0; 64],
                count: 0,
            },
        }
    }

    /// Splits a whole record, which must end in a line end.
    fn split(&mut self, bytes: &[u8]) -> &Record {
        self.reader.reset();
        let Record { values, ends, count } = &mut self.record;
        let (mut read, mut written, mut ended) = (0, 0, 0);
        loop {
            let (result, r, w, e) = self
                .reader
                .read_record(&bytes[read..], &mut values[written..], &mut ends[ended..]);
            (read, written, ended) = (read + r, written + w, ended + e);
            match result {
                ReadRecordResult::OutputFull => values.resize(values.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                // With no bytes left the next call sees the end of the input.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        *count = ended;
        &self.record
    }
}

/// The names in a header line, and the separator.
pub fn header(line: &[u8], text: &TextFormat) -> Result<(Vec<String>, u8), IngestError> {
    let delimiter = match text.delimiter {
        None => sniff_delimiter(line),
        Some(found) => u8::try_from(found)
            .ok()
            .filter(u8::is_ascii)
            .ok_or(IngestError::Delimiter { found })?,
    };
    let mut splitter = Splitter::new(delimiter);
    let mut bytes = line.to_vec();
    bytes.push(b'\n');
    let record = splitter.split(&bytes);
    let names = (0..record.count).map(|index| {
        if text.header {
            String::from_utf8_lossy(record.value(index)).trim().to_owned()
        } else {
            (index + 1).to_string()
        }
    });
    Ok((names.collect(), delimiter))
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
    let mut lines = Lines::new(reader);
    let mut line = Line::default();
    loop {
        if !lines.next(&mut line).map_err(failed)? {
            return Ok(());
        }
        if !line.bytes.is_empty() {
            break;
        }
    }
    let (names, delimiter) = header(&line.bytes, text)?;
    let columns = wanted
        .iter()
        .map(|column| {
            names
                .iter()
                .position(|name| name == column)
                .ok_or_else(|| IngestError::NoColumn {
                    path: path.to_owned(),
                    column: column.clone(),
                    found: names.clone(),
                })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if !text.header {
        lines.give_back(vec![line.clone()]);
    }
    let mut splitter = Splitter::new(delimiter);
    while lines.next(&mut line).map_err(failed)? {
        if line.bytes.is_empty() {
            continue;
        }
        let number = line.number;
        if line.too_long {
            on_row(number, Err((BadRow::TooLong { limit: MAX_LINE_BYTES }, &line.bytes)))?;
            continue;
        }
        let mut state = scan(Quote::Start, &line.bytes, delimiter);
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
            state = scan(scan(state, b"\n", delimiter), &next.bytes, delimiter);
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
                columns: &columns,
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
