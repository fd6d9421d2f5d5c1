//! From files of any shape to the lake: once each, with every refused row kept.

mod archive;
mod bad_row;
mod cell;
mod cells;
#[cfg(test)]
mod column_tests;
mod copies;
mod counted;
mod csv;
mod dialect;
mod encoding;
mod error;
mod events;
mod filter;
mod folders;
mod forget;
mod identity;
mod ids;
mod items;
mod json_keys;
mod json_path;
mod json_stream;
mod jsonl;
mod kind;
mod lines;
#[cfg(test)]
mod model_tests;
mod named;
mod nested;
mod number;
mod ods_size;
mod one_file;
mod open;
mod parquet;
mod partition;
mod plan;
mod quarantine;
mod repeats;
mod report;
mod sample;
mod shape;
#[cfg(test)]
mod shape_tests;
mod sheet;
mod sketch;
mod split;
mod spread;
mod tables;
pub mod text;
mod time;

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

pub use bad_row::BadRow;
pub use cell::{Cell, Row};
pub use error::IngestError;
pub use folders::files_below;
pub use forget::{Forgotten, ForgottenSource, forget};
pub use kind::Foreign;
pub use number::{NumberGuess, NumberReader, judge_numbers};
pub use report::{CopyOf, FileCounts, FileReport, FileStatus, IngestReport, Note};
pub use sample::{Sample, members, sample, sample_as};
pub use shape::Shape;
pub use time::{Evidence, TimeGuess, TimeReader, judge_times};

use self::one_file::FileIngest;
use crate::source::Sources;
use crate::storage::{IngestRecord, Lake, LakeError, SourceId};

/// What a reader does with a row (its line and its cells) or with bytes that are none (the reason, and the bytes).
type OnRow<'a> = dyn FnMut(u64, Result<&dyn Row, (BadRow, &[u8])>) -> Result<(), IngestError> + 'a;

/// Called with the bytes that were read since the last call.
pub type Progress = Rc<dyn Fn(u64)>;

/// Reads the files that the sources name into their lake; what is there already is left alone.
///
/// `now_ms` is the time of the run: events more than a day later are refused. `planned` is told how many bytes are to
/// be read before the first is.
///
/// # Errors
/// Files published before the error stay; of the file with the error, nothing is published.
pub fn ingest(
    config: &Sources<'_>,
    now_ms: i64,
    planned: impl FnOnce(u64) -> Progress,
) -> Result<IngestReport, IngestError> {
    let mut report = IngestReport::new(&config.lake.dir);
    let found = plan::find(config, &mut report.notes)?;
    let lake = Lake::open_or_create(&config.lake.dir)?;
    let _lock = lock(&lake)?;
    let staging = lake.dir().join("_staging");
    clear(&staging)?;
    let mut records = settled(&lake)?;
    let plan = plan::plan(found, &records, &mut report.notes)?;
    let moved = plan.moved(&records, &mut report.notes);
    if !moved.is_empty() {
        for record in &moved {
            lake.write_record(record)?;
        }
        records = settled(&lake)?;
    }
    // A part that is missing was removed by hand or by a run of an older version that died: the file is read again if it is still there.
    let mut known: HashMap<SourceId, IngestRecord> = HashMap::new();
    for record in &records {
        if lake.is_whole(record) {
            known.insert(record.source.clone(), record.clone());
        } else if !plan.files.iter().any(|file| file.source == record.source) {
            report.notes.push(Note::PartsMissing {
                file: record.file.clone(),
            });
        }
    }
    let to_read = plan.files.iter().filter(|file| !known.contains_key(&file.source));
    let progress = planned(to_read.map(|file| file.bytes).sum());
    let mut sequence = lake.next_sequence()?;
    for file in &plan.files {
        if let Some(record) = known.get(&file.source) {
            report.add(&file.path, FileStatus::Unchanged, record, Default::default());
            continue;
        }
        let replaces = plan.replaced_by(file, &records);
        let Some(mapping) = plan.mappings.get(file.mapping) else {
            continue;
        };
        let ingest = FileIngest {
            lake: &lake,
            staging: &staging,
            file,
            mapping,
            config: config.lake,
            now_ms,
            progress: &progress,
        };
        let status = if replaces.is_empty() {
            FileStatus::New
        } else {
            FileStatus::Replaced
        };
        let (record, reasons) = ingest.run(sequence, replaces, &mut report.notes)?;
        sequence += 1;
        report.add(&file.path, status, &record, reasons);
        let (gone, mut left): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|old| record.replaces.contains(&old.source));
        left.retain(|old| old.source != record.source);
        records = left;
        records.push(record.clone());
        known.insert(record.source.clone(), record);
        lake.remove_sources(&gone)?;
    }
    clear(&staging)?;
    report.notes.extend(copies::told(&lake, &records));
    report.visitors = lake.edge_visitors()?;
    Ok(report)
}

/// The records that count, after what is left of the others has been removed.
fn settled(lake: &Lake) -> Result<Vec<IngestRecord>, LakeError> {
    let judged = lake.judged_records()?;
    lake.remove_sources(&judged.gone)?;
    Ok(judged.counting)
}

/// Held while the lake is written. The system lets go of it when the process ends, however it ends.
fn lock(lake: &Lake) -> Result<std::fs::File, IngestError> {
    let path = lake.dir().join("_lock");
    let file = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(LakeError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(LakeError::Busy {
            dir: lake.dir().to_owned(),
        }
        .into()),
        Err(std::fs::TryLockError::Error(source)) => Err(LakeError::io("lock", &path)(source).into()),
    }
}

/// Removes a directory of leftovers.
fn clear(staging: &Path) -> Result<(), LakeError> {
    match std::fs::remove_dir_all(staging) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(LakeError::io("remove", staging)(error)),
        _ => Ok(()),
    }
}
