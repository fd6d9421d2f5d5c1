//! A part of a file, for guessing what its columns mean: rows from all over it, not only its beginning.

use std::cell::Cell as Flag;
use std::fs::File;
use std::io::{BufRead, Cursor, Read, Result as IoResult, Seek as _, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use super::archive::{self, Contents, Member};
use super::csv::{Beginning, beginning};
use super::dialect::{self, Dialect, HEAD_BYTES};
use super::folders::{self, key_cell};
use super::json_keys::{self, Objects};
use super::kind::Kind;
use super::open::{self, Opened, Text};
use super::shape::Shape;
use super::spread::{STRETCH, STRETCHES, Spread};
use super::{BadRow, Cell, IngestError, Row, cell, csv, json_stream, jsonl, parquet, sheet, tables};
use crate::source::{FileFormat, TextFormat};

/// A plain text file up to so many bytes is read whole; of a larger one, blocks at even distances are.
const WHOLE_BYTES: u64 = 8 << 20;
/// Bytes of one block.
const BLOCK_BYTES: u64 = 128 << 10;
/// As far as a compressed file is read, decompressed; the slow compressions not so far.
const STREAM_BYTES: u64 = 64 << 20;
const SLOW_STREAM_BYTES: u64 = 24 << 20;
/// Bytes of text in the rows that are kept.
const KEPT_BYTES: usize = 32 << 20;

/// A part of a file's rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names of the columns; of JSON and of structs in Parquet, dotted paths.
    pub columns: Vec<String>,
    /// Good rows, each with a cell per column.
    pub rows: Vec<Vec<Cell<'static>>>,
    /// What the file was found to be.
    pub shape: Shape,
    /// Bytes of the file on disk.
    pub bytes: u64,
    /// Whether `rows` are all rows of the file, but for those that cannot be read.
    pub whole: bool,
    /// Whether `rows` stand in the order of the file. Between two of them, others may be missing.
    pub in_order: bool,
    /// Rows that were looked at and cannot be read.
    pub bad_rows: u64,
    /// Rows of the whole file, about; exact where all were counted.
    pub rows_estimate: u64,
}

/// Looks at a file, as [`ingest`](super::ingest) would read it without any settings.
///
/// A plain text file is looked at in up to 64 blocks at even distances, Parquet in stretches of its row groups, and all else as far as 64 MiB,
/// decompressed. At most some 20,000 rows are kept.
///
/// # Errors
/// The file cannot be read, is something else than rows, or has none.
pub fn sample(path: &Path) -> Result<Sample, IngestError> {
    sample_as(path, &TextFormat::default())
}

/// The tables in a zip archive, which `member` can choose; none for any other file.
///
/// # Errors
/// The archive cannot be read.
pub fn members(path: &Path) -> Result<Vec<String>, IngestError> {
    if open::head_kind(path)? != Kind::Zip {
        return Ok(Vec::new());
    }
    Ok(match archive::contents(path)? {
        Contents::Members(_) => open::parts(path, &TextFormat::default())?
            .into_iter()
            .flatten()
            .map(|member| member.name)
            .collect(),
        _ => Vec::new(),
    })
}

/// Looks at a file as these settings say.
///
/// # Errors
/// As [`sample`].
pub fn sample_as(path: &Path, text: &TextFormat) -> Result<Sample, IngestError> {
    let bytes = std::fs::metadata(path).map_err(failed(path))?.len();
    if bytes == 0 {
        return Err(IngestError::Empty { path: path.to_owned() });
    }
    let parts = open::parts(path, text)?;
    tables::same_columns(path, &parts, text, &[])?;
    let mut found = match parts.as_slice() {
        [Some(_), ..] | [None] => of_parts(path, &parts, text, bytes)?,
        _ => return Err(IngestError::Empty { path: path.to_owned() }),
    };
    if found.rows.is_empty() && found.bad_rows == 0 {
        let path = path.to_owned();
        return Err(if found.columns.is_empty() {
            IngestError::Empty { path }
        } else {
            IngestError::OnlyHeader {
                path,
                names: found.columns,
            }
        });
    }
    for (name, value) in folders::keys(path) {
        let cell = cell::owned(key_cell(&value));
        let column = found
            .columns
            .iter()
            .position(|column| *column == name)
            .unwrap_or_else(|| {
                found.columns.push(name.clone());
                found.columns.len() - 1
            });
        for row in &mut found.rows {
            row.resize(row.len().max(column + 1), Cell::Null);
            row[column] = cell.clone();
        }
        if !found.shape.path_keys.contains(&name) {
            found.shape.path_keys.push(name);
        }
    }
    Ok(found)
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> IngestError + '_ {
    |source| IngestError::Read {
        path: path.to_owned(),
        source,
    }
}

/// What is gathered from one part of a file after another.
struct Gathered {
    rows: Spread<Vec<Cell<'static>>>,
    objects: Spread<String>,
    columns: Vec<String>,
    shape: Shape,
    bad: u64,
    seen: u64,
    /// Whether something was left out that no row tells of.
    cut: bool,
    /// Bytes that were looked at, of plain text.
    looked: u64,
}

impl Gathered {
    fn keep(&mut self, columns: usize, row: Result<&dyn Row, (BadRow, &[u8])>) {
        self.seen += 1;
        match row {
            Ok(row) => self.rows.add(|| {
                let cells: Vec<Cell<'static>> = (0..columns).map(|column| cell::owned(row.cell(column))).collect();
                let weight = cells.iter().map(weight).sum();
                (cells, weight)
            }),
            Err(_) => self.bad += 1,
        }
    }

    fn keep_object(&mut self, row: Result<&dyn Row, (BadRow, &[u8])>) {
        self.seen += 1;
        match row {
            Ok(row) => self.objects.add(|| {
                let raw = row.raw();
                let weight = raw.len();
                (raw, weight)
            }),
            Err(_) => self.bad += 1,
        }
    }
}

fn weight(cell: &Cell<'_>) -> usize {
    size_of::<Cell<'_>>()
        + match cell {
            Cell::Text(text) => text.len(),
            Cell::List(cells) => cells.iter().map(weight).sum(),
            Cell::Object(pairs) => pairs.iter().map(|(name, cell)| name.len() + weight(cell)).sum(),
            _ => 0,
        }
}

fn of_parts(path: &Path, parts: &[Option<Member>], text: &TextFormat, bytes: u64) -> Result<Sample, IngestError> {
    let mut all = Gathered {
        rows: Spread::new(KEPT_BYTES * 2),
        objects: Spread::new(KEPT_BYTES),
        columns: Vec::new(),
        shape: Shape::default(),
        bad: 0,
        seen: 0,
        cut: false,
        looked: 0,
    };
    all.shape.members = parts.iter().flatten().map(|member| member.name.clone()).collect();
    let mut estimate = None;
    for part in parts {
        match open::open(path, part.as_ref(), text, &[], |_| ())? {
            Opened::Parquet(file) => estimate = Some(of_parquet(path, file, text, &mut all)?),
            Opened::Sheet(kind) => of_sheet(path, kind, text, &mut all)?,
            Opened::Text(found) => of_text(path, found, text, bytes, part.is_some(), &mut all)?,
        }
    }
    let Gathered {
        rows,
        objects,
        mut columns,
        mut shape,
        bad,
        seen,
        cut,
        looked,
    } = all;
    let (mut rows, mut whole) = rows.finish();
    if matches!(shape.format, FileFormat::Json | FileFormat::Jsonl) {
        let (texts, all) = objects.finish();
        whole = all;
        let Objects {
            columns: keys,
            rows: cells,
            explode,
        } = json_keys::table(&texts, text.explode.as_deref());
        (columns, rows) = (keys, cells);
        shape.explode = explode;
    }
    let rows_estimate = estimate.unwrap_or(if cut && looked > 0 {
        u64::try_from(u128::from(seen) * u128::from(bytes) / u128::from(looked)).unwrap_or(seen)
    } else {
        seen
    });
    Ok(Sample {
        columns,
        rows,
        shape,
        bytes,
        whole: whole && !cut,
        in_order: true,
        bad_rows: bad,
        rows_estimate,
    })
}

fn of_parquet(path: &Path, file: File, text: &TextFormat, all: &mut Gathered) -> Result<u64, IngestError> {
    let again = || file.try_clone().map_err(failed(path));
    let found = parquet::columns(path, again()?, None)?;
    let explode = text.explode.clone().or_else(|| found.lists.first().cloned());
    let mut columns = parquet::columns(path, again()?, explode.as_deref())?;
    if !columns.named.is_empty() {
        columns
            .names
            .extend(parquet::names_in(path, again()?, &columns.named, 2_000)?);
    }
    let count = columns.names.len();
    let which = parquet::Which::Spread(STRETCH * STRETCHES);
    let whole = parquet::read(
        path,
        again()?,
        explode.as_deref(),
        &columns.names,
        which,
        &|_| (),
        &mut |_, row| {
            all.keep(count, row);
            Ok(())
        },
    )?;
    all.columns = columns.names;
    all.cut |= !whole;
    all.shape.format = FileFormat::Parquet;
    all.shape.header = true;
    all.shape.explode = explode;
    parquet::row_count(path, file)
}

fn of_sheet(path: &Path, kind: sheet::Kind, text: &TextFormat, all: &mut Gathered) -> Result<(), IngestError> {
    let width = Flag::new(0);
    let (name, dialect) = sheet::read(path, kind, text, &[], &|found| width.set(found), &mut |_, row| {
        all.keep(width.get(), row);
        Ok(())
    })?;
    all.shape.format = FileFormat::Spreadsheet;
    all.shape.members = vec![name];
    describe(&mut all.shape, &dialect);
    all.shape.delimiter = None;
    all.columns = dialect.names;
    Ok(())
}

fn describe(shape: &mut Shape, dialect: &Dialect) {
    shape.delimiter = (dialect.names.len() > 1).then(|| dialect.separator.setting());
    shape.skip_lines = dialect.skip_lines;
    shape.header = dialect.header;
}

fn of_text(
    path: &Path,
    found: Text,
    text: &TextFormat,
    bytes: u64,
    packed: bool,
    all: &mut Gathered,
) -> Result<(), IngestError> {
    let Text {
        format,
        within,
        compression,
        encoding,
        seekable,
        reader,
    } = found;
    all.shape.format = format;
    all.shape.compression = compression;
    all.shape.encoding = encoding.map(encoding_rs::Encoding::name);
    all.shape.within = within.as_ref().map(|keys| keys.join("."));
    let slow = matches!(compression, Some("bzip2" | "xz"));
    let limit = match compression {
        None => u64::MAX,
        Some(_) if slow => SLOW_STREAM_BYTES,
        Some(_) => STREAM_BYTES,
    };
    let blocks = seekable && !packed && bytes > WHOLE_BYTES && format != FileFormat::Json;
    let limit = if compression.is_none() && !blocks {
        STREAM_BYTES
    } else {
        limit
    };
    if format == FileFormat::Csv {
        let Beginning {
            bytes: head,
            whole,
            reader,
        } = beginning(reader, HEAD_BYTES).map_err(failed(path))?;
        let dialect = dialect::find(&head, whole, text, &[]);
        describe(&mut all.shape, &dialect);
        let columns: Vec<usize> = (0..dialect.names.len()).collect();
        all.columns.clone_from(&dialect.names);
        if dialect.names.is_empty() {
            return Ok(());
        }
        if blocks {
            all.cut = true;
            return each_block(path, bytes, encoding, all, &mut |all, number, block| {
                let skip = if number == 0 { dialect.first_row } else { 0 };
                let mut left = STRETCH;
                csv::rows(
                    path,
                    Box::new(Cursor::new(block)),
                    skip,
                    &dialect,
                    &columns,
                    &mut |_, row| {
                        keep_some(all, &mut left, row, columns.len());
                        Ok(())
                    },
                )
            });
        }
        let (reader, hit) = capped(reader, limit);
        csv::rows(path, reader, dialect.first_row, &dialect, &columns, &mut |_, row| {
            if !hit.get() {
                all.keep(columns.len(), row);
            }
            Ok(())
        })?;
        all.cut |= hit.get();
        return Ok(());
    }
    all.shape.header = true;
    if blocks {
        all.cut = true;
        return each_block(path, bytes, encoding, all, &mut |all, _, block| {
            let mut left = STRETCH;
            jsonl::read(path, Box::new(Cursor::new(block)), None, &[], &mut |_, row| {
                if left > 0 {
                    left -= 1;
                    all.keep_object(row);
                } else {
                    all.seen += 1;
                }
                Ok(())
            })
        });
    }
    let (reader, hit) = capped(reader, limit);
    let on_row = &mut |_: u64, row: Result<&dyn Row, (BadRow, &[u8])>| {
        if !hit.get() {
            all.keep_object(row);
        }
        Ok(())
    };
    let read = match format {
        FileFormat::Jsonl => jsonl::read(path, reader, None, &[], on_row),
        _ => json_stream::read(path, reader, within.as_deref(), None, &[], on_row),
    };
    all.cut |= hit.get();
    match read {
        // The end that was looked at is not the end of the file.
        Err(IngestError::Read { .. }) if hit.get() => Ok(()),
        read => read,
    }
}

fn keep_some(all: &mut Gathered, left: &mut usize, row: Result<&dyn Row, (BadRow, &[u8])>, columns: usize) {
    if *left > 0 {
        *left -= 1;
        all.keep(columns, row);
    } else {
        all.seen += 1;
    }
}

/// What is done with a block of a file: its number of the first line, and its bytes.
type OnBlock<'a> = dyn FnMut(&mut Gathered, u64, Vec<u8>) -> Result<(), IngestError> + 'a;

/// Gives whole lines out of blocks at even distances of a plain file.
fn each_block(
    path: &Path,
    bytes: u64,
    encoding: Option<&'static encoding_rs::Encoding>,
    all: &mut Gathered,
    on_block: &mut OnBlock<'_>,
) -> Result<(), IngestError> {
    let mut file = File::open(path).map_err(failed(path))?;
    let last = STRETCHES as u64 - 1;
    for number in 0..=last {
        let at = (bytes.saturating_sub(BLOCK_BYTES) / last * number) & !1;
        file.seek(SeekFrom::Start(at)).map_err(failed(path))?;
        let mut block = Vec::new();
        Read::by_ref(&mut file)
            .take(BLOCK_BYTES)
            .read_to_end(&mut block)
            .map_err(failed(path))?;
        if let Some(encoding) = encoding {
            block = if number == 0 {
                encoding.decode_with_bom_removal(&block).0
            } else {
                encoding.decode_without_bom_handling(&block).0
            }
            .into_owned()
            .into_bytes();
        }
        all.looked += BLOCK_BYTES;
        let start = match number {
            0 => 0,
            _ => block
                .iter()
                .position(|&byte| byte == b'\n')
                .map_or(block.len(), |end| end + 1),
        };
        let end = block
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(start, |end| end + 1);
        on_block(all, number, block[start..end.max(start)].to_vec())?;
    }
    Ok(())
}

/// A reader that ends after some bytes, and tells whether more would follow.
fn capped(reader: Box<dyn BufRead>, limit: u64) -> (Box<dyn BufRead>, Rc<Flag<bool>>) {
    let hit = Rc::new(Flag::new(false));
    let capped = Capped {
        inner: reader,
        left: limit,
        hit: Rc::clone(&hit),
    };
    (Box::new(capped), hit)
}

struct Capped {
    inner: Box<dyn BufRead>,
    left: u64,
    hit: Rc<Flag<bool>>,
}

impl BufRead for Capped {
    fn fill_buf(&mut self) -> IoResult<&[u8]> {
        let available = self.inner.fill_buf()?;
        if self.left == 0 {
            self.hit.set(!available.is_empty());
            return Ok(&[]);
        }
        let length = available.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        Ok(&available[..length])
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.inner.consume(amount);
    }
}

impl Read for Capped {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}
