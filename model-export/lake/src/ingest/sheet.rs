//! Spreadsheets: Excel (`.xlsx`, `.xls`) and OpenDocument (`.ods`). The rows of an `.xlsx` are read as they come; the others are held in memory,
//! so that their size is limited.

use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader, SheetVisible, Xls, Xlsx, open_workbook};

use super::dialect::{self, Dialect};
use super::kind::Foreign;
use super::{Cell, IngestError, OnRow, Row, archive, csv};
use crate::source::TextFormat;

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Excel's, in XML.
    Xlsx,
    /// OpenDocument's.
    Ods,
    /// Excel's until 2003.
    Xls,
}

/// Rows that are looked at for the header.
const HEAD_ROWS: usize = 400;
/// Columns of a sheet, as in Excel.
const MAX_COLUMNS: usize = 16_384;
/// Bytes of XML that are held in memory, unpacked.
const MAX_HELD: u64 = 256 << 20;
/// Bytes of XML that are read as they come, unpacked: a million rows of thirty columns.
const MAX_READ: u64 = 2 << 30;
/// Cells that an OpenDocument sheet may have. A few bytes can say that a cell is repeated a billion times.
const MAX_CELLS: u64 = 20_000_000;

/// Called with the number of a row, from 0, and its cells.
type OnCells<'a> = dyn FnMut(u64, Vec<Cell<'static>>) -> Result<(), IngestError> + 'a;

struct SheetRow<'a> {
    cells: &'a [Cell<'static>],
    columns: &'a [usize],
}

impl Row for SheetRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        match self.cells.get(self.columns[column]) {
            None => Cell::Null,
            Some(Cell::Text(text)) => Cell::Text(Cow::Borrowed(text)),
            Some(other) => other.clone(),
        }
    }

    fn raw(&self) -> String {
        let texts = self.cells.iter().map(|cell| shown(cell).into_owned());
        texts.collect::<Vec<_>>().join("\t")
    }
}

/// A cell as text that tells what it is: a time as a date.
fn shown<'a>(cell: &'a Cell<'static>) -> Cow<'a, str> {
    match cell {
        Cell::Local(ms) => Cow::Owned(crate::storage::schema::date_of(*ms)),
        other => other.text().unwrap_or_default(),
    }
}

/// Reads all rows of a sheet, in order. Without `wanted`, rows have all columns, and `on_width` is told how many before the first comes. Returns
/// the sheet's name and how its table is laid out.
pub fn read(
    path: &Path,
    kind: Kind,
    text: &TextFormat,
    wanted: &[String],
    on_width: &dyn Fn(usize),
    on_row: &mut OnRow<'_>,
) -> Result<(String, Dialect), IngestError> {
    let all = wanted.is_empty();
    let mut head: Vec<(u64, Vec<Cell<'static>>)> = Vec::new();
    let mut table: Option<(Dialect, Vec<usize>)> = None;
    let mut give = |table: &(Dialect, Vec<usize>), number: u64, cells: &[Cell<'static>]| -> Result<(), IngestError> {
        let (dialect, columns) = table;
        let empty = cells.iter().all(Cell::is_empty);
        if number < dialect.first_row || empty {
            return Ok(());
        }
        on_row(number + 1, Ok(&SheetRow { cells, columns }))
    };
    let lay_out = |head: &[(u64, Vec<Cell<'static>>)]| -> Result<(Dialect, Vec<usize>), IngestError> {
        let dialect = laid_out(head, text, wanted);
        let columns = if all {
            (0..dialect.names.len()).collect()
        } else {
            csv::columns(path, &dialect.names, wanted)?
        };
        on_width(dialect.names.len());
        Ok((dialect, columns))
    };
    let name = each(path, kind, text.member.as_deref(), &mut |number, cells| {
        match &table {
            Some(table) => give(table, number, &cells)?,
            None => {
                head.push((number, cells));
                if head.len() == HEAD_ROWS {
                    let found = lay_out(&head)?;
                    for (number, cells) in head.drain(..) {
                        give(&found, number, &cells)?;
                    }
                    table = Some(found);
                }
            }
        }
        Ok(())
    })?;
    let table = match table {
        Some(table) => table,
        None => {
            let found = lay_out(&head)?;
            for (number, cells) in head.drain(..) {
                give(&found, number, &cells)?;
            }
            found
        }
    };
    Ok((name, table.0))
}

fn laid_out(head: &[(u64, Vec<Cell<'static>>)], text: &TextFormat, wanted: &[String]) -> Dialect {
    let width = head
        .iter()
        .filter_map(|(_, cells)| cells.iter().rposition(|cell| !cell.is_empty()))
        .max()
        .map_or(0, |last| last + 1);
    let rows = head
        .iter()
        .filter(|(_, cells)| !cells.iter().all(Cell::is_empty))
        .map(|(number, cells)| {
            let values =
                (0..width).map(|column| cells.get(column).map_or(String::new(), |cell| shown(cell).into_owned()));
            (*number, values.collect())
        });
    dialect::of_cells(rows.collect(), text, wanted)
}

fn broken(path: &Path, found: &impl std::fmt::Display) -> IngestError {
    let found = found.to_string();
    if found.to_lowercase().contains("password") {
        return IngestError::Unreadable {
            path: path.to_owned(),
            found: Foreign::EncryptedWorkbook,
        };
    }
    IngestError::Sheet {
        path: path.to_owned(),
        found,
    }
}

/// Gives the rows of the sheet that is asked for, or of the first one with a table.
fn each(path: &Path, kind: Kind, member: Option<&str>, on_cells: &mut OnCells<'_>) -> Result<String, IngestError> {
    let too_large = |what, limit, found| IngestError::TooLarge {
        path: path.to_owned(),
        what,
        limit,
        found,
    };
    match kind {
        Kind::Xlsx => {
            let is_sheet = |name: &str| name.starts_with("xl/worksheets/");
            let held = archive::unpacked(path, MAX_HELD, |name| {
                !is_sheet(name) && (name.ends_with(".xml") || name.ends_with(".rels"))
            })?;
            if held > MAX_HELD {
                return Err(too_large("bytes of texts and styles in a workbook", MAX_HELD, held));
            }
            let read = archive::unpacked(path, MAX_READ, is_sheet)?;
            if read > MAX_READ {
                return Err(too_large("bytes of sheets in a workbook", MAX_READ, read));
            }
            let mut book: Xlsx<BufReader<File>> =
                open_workbook::<Xlsx<_>, _>(path).map_err(|error| broken(path, &error))?;
            let names = visible(&book);
            let mut chosen = pick(path, &names, member)?;
            if member.is_none() {
                for name in &names {
                    let mut shape = Extent::default();
                    let mut cells = book
                        .worksheet_cells_reader(name)
                        .map_err(|error| broken(path, &error))?;
                    while let Some(cell) = cells.next_cell().map_err(|error| broken(path, &error))? {
                        if !matches!(cell.get_value(), DataRef::Empty) && shape.add(cell.get_position()) {
                            break;
                        }
                    }
                    if shape.is_table() {
                        chosen.clone_from(name);
                        break;
                    }
                }
            }
            let mut cells = book
                .worksheet_cells_reader(&chosen)
                .map_err(|error| broken(path, &error))?;
            let (mut number, mut row) = (0, Vec::new());
            while let Some(cell) = cells.next_cell().map_err(|error| broken(path, &error))? {
                let (at, column) = cell.get_position();
                let column = usize::try_from(column).unwrap_or(usize::MAX);
                if at != number {
                    if !row.is_empty() {
                        on_cells(u64::from(number), std::mem::take(&mut row))?;
                    }
                    number = at;
                }
                if column < MAX_COLUMNS {
                    if row.len() <= column {
                        row.resize(column + 1, Cell::Null);
                    }
                    row[column] = of_ref(cell.get_value());
                }
            }
            if !row.is_empty() {
                on_cells(u64::from(number), row)?;
            }
            Ok(chosen)
        }
        Kind::Ods => {
            let held = archive::unpacked(path, MAX_HELD, |name| name.ends_with(".xml"))?;
            if held > MAX_HELD {
                return Err(too_large("bytes of XML in a spreadsheet", MAX_HELD, held));
            }
            let cells = super::ods_size::cells(path, MAX_HELD)?;
            if cells > MAX_CELLS {
                return Err(too_large("cells in a spreadsheet", MAX_CELLS, cells));
            }
            let mut book: Ods<BufReader<File>> =
                open_workbook::<Ods<_>, _>(path).map_err(|error| broken(path, &error))?;
            held_rows(path, &mut book, member, on_cells)
        }
        Kind::Xls => {
            let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            if bytes > MAX_HELD {
                return Err(too_large("bytes in a workbook of Excel 97", MAX_HELD, bytes));
            }
            if let Some(found) = compound(path)? {
                return Err(IngestError::Unreadable {
                    path: path.to_owned(),
                    found,
                });
            }
            let mut book: Xls<BufReader<File>> =
                open_workbook::<Xls<_>, _>(path).map_err(|error| broken(path, &error))?;
            held_rows(path, &mut book, member, on_cells)
        }
    }
}

/// What else a compound file is, by the names of the streams in it.
fn compound(path: &Path) -> Result<Option<Foreign>, IngestError> {
    let bytes = std::fs::read(path).map_err(|source| IngestError::Read {
        path: path.to_owned(),
        source,
    })?;
    let has = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(wide.len()).any(|window| window == wide)
    };
    Ok(if has("EncryptedPackage") {
        Some(Foreign::EncryptedWorkbook)
    } else if has("Workbook") || has("Book") {
        None
    } else if has("WordDocument") {
        Some(Foreign::Document("Word"))
    } else {
        Some(Foreign::Document("of an old Microsoft program"))
    })
}

fn visible<R: Reader<BufReader<File>>>(book: &R) -> Vec<String> {
    let sheets = book.sheets_metadata();
    let shown = sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = shown.map(|sheet| sheet.name.clone()).collect();
    if names.is_empty() { book.sheet_names() } else { names }
}

fn pick(path: &Path, names: &[String], member: Option<&str>) -> Result<String, IngestError> {
    match member {
        Some(member) if !names.iter().any(|name| name == member) => Err(IngestError::NoMember {
            path: path.to_owned(),
            member: member.to_owned(),
            found: names.to_vec(),
        }),
        Some(member) => Ok(member.to_owned()),
        None => names
            .first()
            .cloned()
            .ok_or_else(|| IngestError::Empty { path: path.to_owned() }),
    }
}

/// How far the cells of a sheet reach, as far as it matters.
#[derive(Default)]
struct Extent {
    first: Option<(u32, u32)>,
    rows: bool,
    columns: bool,
}

impl Extent {
    fn add(&mut self, (row, column): (u32, u32)) -> bool {
        let (first_row, first_column) = *self.first.get_or_insert((row, column));
        self.rows |= row != first_row;
        self.columns |= column != first_column;
        self.is_table()
    }

    const fn is_table(&self) -> bool {
        self.rows && self.columns
    }
}

fn held_rows<R>(
    path: &Path,
    book: &mut R,
    member: Option<&str>,
    on_cells: &mut OnCells<'_>,
) -> Result<String, IngestError>
where
    R: Reader<BufReader<File>>,
    R::Error: std::fmt::Display,
{
    let names = visible(&*book);
    let mut chosen = pick(path, &names, member)?;
    let mut range = book.worksheet_range(&chosen).map_err(|error| broken(path, &error))?;
    if member.is_none() {
        for name in &names {
            let found = book.worksheet_range(name).map_err(|error| broken(path, &error))?;
            if found.height() > 1 && found.width() > 1 {
                (chosen, range) = (name.clone(), found);
                break;
            }
        }
    }
    let start = range.start().map_or(0, |(row, _)| u64::from(row));
    for (number, row) in (start..).zip(range.rows()) {
        on_cells(number, row.iter().map(of_data).collect())?;
    }
    Ok(chosen)
}

fn of_data(data: &Data) -> Cell<'static> {
    match data {
        Data::Int(value) => Cell::Int(*value),
        Data::Float(value) => Cell::Float(*value),
        Data::String(text) => Cell::Text(Cow::Owned(text.clone())),
        Data::Bool(value) => Cell::Bool(*value),
        Data::DateTime(time) => of_time(time),
        Data::DateTimeIso(text) | Data::DurationIso(text) => Cell::Text(Cow::Owned(text.clone())),
        Data::Error(_) | Data::Empty => Cell::Null,
    }
}

fn of_ref(data: &DataRef<'_>) -> Cell<'static> {
    match data {
        DataRef::Int(value) => Cell::Int(*value),
        DataRef::Float(value) => Cell::Float(*value),
        DataRef::String(text) => Cell::Text(Cow::Owned(text.clone())),
        DataRef::SharedString(text) => Cell::Text(Cow::Owned((*text).to_owned())),
        DataRef::Bool(value) => Cell::Bool(*value),
        DataRef::DateTime(time) => of_time(time),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Text(Cow::Owned(text.clone())),
        DataRef::Error(_) | DataRef::Empty => Cell::Null,
    }
}

/// A date with a time is a time on a wall clock; a time alone is text, to be put beside a date.
fn of_time(time: &ExcelDateTime) -> Cell<'static> {
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    if time.is_duration() || time.as_f64() < 1.0 {
        return Cell::Text(Cow::Owned(format!("{hour:02}:{minute:02}:{second:02}")));
    }
    let days = days_of(i64::from(year), i64::from(month), i64::from(day));
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    Cell::Local((days * 86_400 + seconds) * 1_000 + i64::from(milli))
}

/// Days since 1970 of a date of the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970() {
        assert_eq!(
            (days_of(1970, 1, 1), days_of(2000, 3, 1), days_of(1969, 12, 31)),
            (0, 11_017, -1)
        );
        let time = ExcelDateTime::new(45_943.5, calamine::ExcelDateTimeType::DateTime, false);
        assert_eq!(of_time(&time), Cell::Local(1_760_356_800_000));
        let time = ExcelDateTime::new(0.25, calamine::ExcelDateTimeType::DateTime, false);
        assert_eq!(of_time(&time), Cell::Text("06:00:00".into()));
    }
}
