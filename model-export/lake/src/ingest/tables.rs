//! Reads the rows of a file, whatever it is.

use std::path::Path;
use std::rc::Rc;

use super::archive::Member;
use super::csv::{Beginning, beginning};
use super::dialect::{self, HEAD_BYTES};
use super::folders::Keyed;
use super::open::{self, Opened};
use super::{IngestError, OnRow, Progress, csv, json_stream, jsonl, parquet, sheet};
use crate::source::{FileFormat, TextFormat};

/// Reads all rows of a file, in order.
pub fn read_rows(
    path: &Path,
    text: &TextFormat,
    wanted: &[String],
    progress: &Progress,
    on_row: &mut OnRow<'_>,
) -> Result<(), IngestError> {
    match Keyed::of(path, wanted) {
        None => read_file(path, text, wanted, progress, on_row),
        Some(keyed) => read_file(path, text, &keyed.in_file, progress, &mut |line, row| match row {
            Ok(row) => on_row(line, Ok(&keyed.row(row))),
            Err(refused) => on_row(line, Err(refused)),
        }),
    }
}

fn read_file(
    path: &Path,
    text: &TextFormat,
    wanted: &[String],
    progress: &Progress,
    on_row: &mut OnRow<'_>,
) -> Result<(), IngestError> {
    let parts = open::parts(path, text)?;
    same_columns(path, &parts, text, wanted)?;
    for part in &parts {
        let counted = Rc::clone(progress);
        let explode = text.explode.as_deref();
        match open::open(path, part.as_ref(), text, wanted, move |bytes| counted(bytes))? {
            Opened::Parquet(file) => {
                parquet::read(
                    path,
                    file,
                    explode,
                    wanted,
                    parquet::Which::All,
                    progress.as_ref(),
                    on_row,
                )?;
            }
            Opened::Sheet(kind) => {
                sheet::read(path, kind, text, wanted, &|_| (), on_row)?;
            }
            Opened::Text(found) => match found.format {
                FileFormat::Jsonl => jsonl::read(path, found.reader, explode, wanted, on_row)?,
                FileFormat::Json => {
                    json_stream::read(path, found.reader, found.within.as_deref(), explode, wanted, on_row)?
                }
                _ => csv::read(path, found.reader, text, wanted, on_row)?,
            },
        }
    }
    Ok(())
}

/// Refuses an archive whose tables have different columns: rows of one would be taken for rows of the other.
pub fn same_columns(
    path: &Path,
    parts: &[Option<Member>],
    text: &TextFormat,
    wanted: &[String],
) -> Result<(), IngestError> {
    if parts.len() < 2 {
        return Ok(());
    }
    let mut tables: Vec<(FileFormat, Vec<String>)> = Vec::new();
    let mut found = Vec::new();
    for member in parts.iter().flatten() {
        let Opened::Text(opened) = open::open(path, Some(member), text, wanted, |_| ())? else {
            continue;
        };
        let names = if opened.format == FileFormat::Csv {
            let failed = |source| IngestError::Read {
                path: path.to_owned(),
                source,
            };
            let Beginning { bytes, whole, .. } = beginning(opened.reader, HEAD_BYTES).map_err(failed)?;
            dialect::find(&bytes, whole, text, &[]).names
        } else {
            Vec::new()
        };
        found.push(format!("{} ({})", member.name, names.join(", ")));
        tables.push((opened.format, names));
    }
    if tables.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(());
    }
    Err(IngestError::DifferentMembers {
        path: path.to_owned(),
        found,
    })
}
