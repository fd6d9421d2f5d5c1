//! The readers of text files, out of `model-export/lake/src/ingest`, without the rest of the lake: with Arrow and Parquet, the fuzz targets
//! would take minutes longer to build. `BadRow` and `IngestError` have here only what the readers make of them; another variant in a reader does
//! not compile, and then belongs here, too.

use std::io::Cursor;
use std::path::{Path, PathBuf};

#[path = "../../model-export/lake/src/ingest/cell.rs"]
pub mod cell;
#[path = "../../model-export/lake/src/ingest/csv.rs"]
pub mod csv;
#[path = "../../model-export/lake/src/ingest/dialect.rs"]
pub mod dialect;
#[path = "../../model-export/lake/src/ingest/json_path.rs"]
pub mod json_path;
#[path = "../../model-export/lake/src/ingest/jsonl.rs"]
pub mod jsonl;
#[path = "../../model-export/lake/src/ingest/lines.rs"]
pub mod lines;
#[path = "../../model-export/lake/src/ingest/named.rs"]
pub mod named;
#[path = "../../model-export/lake/src/ingest/split.rs"]
pub mod split;

pub use cell::{Cell, Row};

use crate::source::TextFormat;

/// Why a row is refused.
#[derive(Debug)]
pub enum BadRow {
    TooLong { limit: usize },
    NotUtf8 { column: String },
    ColumnCount { expected: usize, found: usize },
    OpenQuote,
    Json { found: String },
}

/// Why reading ends.
#[derive(Debug)]
pub enum IngestError {
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    NoColumn {
        path: PathBuf,
        column: String,
        found: Vec<String>,
    },
}

type OnRow<'a> = dyn FnMut(u64, Result<&dyn Row, (BadRow, &[u8])>) -> Result<(), IngestError> + 'a;

/// What a reader made of one row.
#[derive(Debug, PartialEq)]
pub struct ReadRow {
    pub line: u64,
    /// The cells; [`None`] if the row is refused.
    pub cells: Option<Vec<Option<String>>>,
}

/// Reads bytes and checks what holds for every file: the lines ascend, no row is longer than the file, and each line begins at most one row.
pub fn rows(
    bytes: &[u8],
    columns: usize,
    read: impl FnOnce(Box<Cursor<Vec<u8>>>, &mut OnRow<'_>) -> Result<(), IngestError>,
) -> Vec<ReadRow> {
    let mut rows: Vec<ReadRow> = Vec::new();
    let mut keep = |line: u64, row: Result<&dyn Row, (BadRow, &[u8])>| {
        assert!(
            rows.last().is_none_or(|last| last.line < line),
            "line {line} begins two rows, or comes too late"
        );
        let cells = match row {
            Ok(row) => {
                assert!(
                    row.raw().len() <= 3 * bytes.len(),
                    "a row is longer than the file, even with replacement characters"
                );
                let cell = |column| {
                    let cell = row.cell(column);
                    // What ingest asks of a cell.
                    let (_, _, _) = (cell.id(), cell.shown(), cell.is_empty());
                    cell.text().map(|text| {
                        assert_eq!(text.trim(), text);
                        text.into_owned()
                    })
                };
                Some((0..columns).map(cell).collect())
            }
            Err((_, raw)) => {
                assert!(raw.len() <= bytes.len());
                None
            }
        };
        rows.push(ReadRow { line, cells });
        Ok(())
    };
    read(Box::new(Cursor::new(bytes.to_vec())), &mut keep).expect("reading from memory does not fail");
    let lines = bytes.split(|byte| *byte == b'\n').count();
    assert!(rows.len() <= lines, "{} rows of {lines} lines", rows.len());
    rows
}

/// How a file is read that nothing is known about.
pub fn text_format() -> TextFormat {
    TextFormat {
        delimiter: Some(",".to_owned()),
        header: Some(true),
        // The first line names the columns, whatever the rest looks like.
        skip_lines: Some(0),
        ..TextFormat::default()
    }
}

/// The name that errors would have.
pub fn name() -> &'static Path {
    Path::new("fuzzed")
}
