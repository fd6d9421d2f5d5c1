//! From files of any shape to the lake: once each, with every refused row kept.

mod cell;
mod cells;
mod csv;
mod error;
mod events;
mod filter;
mod ids;
mod items;
mod jsonl;
mod lines;
mod number;
mod open;
mod parquet;
mod partition;
mod plan;
mod quarantine;
mod repeats;
mod report;
mod sample;
pub mod text;
mod time;

use std::path::Path;
use std::rc::Rc;

pub use cell::{Cell, Row};
pub use error::{BadRow, IngestError};
pub use number::{NumberGuess, judge_numbers};
pub use report::{FileCounts, FileReport, FileStatus, IngestReport, Note};
pub use sample::{Sample, sample};
pub use time::{Evidence, TimeGuess, TimeReader, judge_times};

use self::cells::Cells;
use self::events::Read;
use self::items::ItemRow;
use self::open::Opened;
use self::partition::{EventParts, ItemParts, Written};
use self::plan::{Mapping, Planned};
use self::quarantine::Quarantine;
use self::time::OtherOrder;
use crate::source::{Sources, TextFormat};
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
    let plan = plan::plan(config, &mut report.notes)?;
    let lake = Lake::open_or_create(&config.lake.dir)?;
    let _lock = lock(&lake)?;
    let staging = lake.dir().join("_staging");
    clear(&staging)?;
    clean_replaced(&lake)?;
    let mut records = lake.all_records()?;
    for moved in plan.moved(&records) {
        lake.write_record(&moved)?;
        if let Some(record) = records.iter_mut().find(|record| record.source == moved.source) {
            *record = moved;
        }
    }
    let known =
        |records: &[IngestRecord], source: &SourceId| records.iter().find(|record| &record.source == source).cloned();
    let to_read = plan.files.iter().filter(|file| known(&records, &file.source).is_none());
    let progress = planned(to_read.map(|file| file.bytes).sum());
    for file in &plan.files {
        if let Some(record) = known(&records, &file.source) {
            report.add(&file.path, FileStatus::Unchanged, &record, Default::default());
            continue;
        }
        let replaces = plan.replaced_by(file, &records);
        let ingest = FileIngest {
            lake: &lake,
            staging: &staging,
            file,
            mapping: &plan.mappings[file.mapping],
            max_bad_share: config.lake.max_bad_share,
            now_ms,
            progress: &progress,
        };
        let sequence = records.iter().map(|record| record.sequence + 1).max().unwrap_or(0);
        let status = if replaces.is_empty() {
            FileStatus::New
        } else {
            FileStatus::Replaced
        };
        let (record, reasons) = ingest.run(sequence, replaces, &mut report.notes)?;
        report.add(&file.path, status, &record, reasons);
        records.retain(|old| !record.replaces.contains(&old.source));
        records.push(record);
        clean_replaced(&lake)?;
    }
    clear(&staging)?;
    report.visitors = lake.edge_visitors()?;
    Ok(report)
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

/// Removes what replaced sources have left. They do not count any more; a run that died here is completed by the next.
fn clean_replaced(lake: &Lake) -> Result<(), LakeError> {
    let all = lake.all_records()?;
    let replaced: Vec<&SourceId> = all.iter().flat_map(|record| &record.replaces).collect();
    for record in all.iter().filter(|record| replaced.contains(&&record.source)) {
        let parts = record.parts.iter().map(|part| lake.dir().join(part));
        let quarantine = lake.quarantine_path(&record.source);
        // The record goes last: without it the other files would never be found again.
        for path in parts.chain([quarantine, lake.record_path(&record.source)]) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(LakeError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Moves a staged file into the lake.
fn publish(from: &Path, to: &Path) -> Result<(), LakeError> {
    if let Some(dir) = to.parent() {
        std::fs::create_dir_all(dir).map_err(LakeError::io("make the directory", dir))?;
    }
    std::fs::rename(from, to).map_err(LakeError::io("move into place", to))
}

/// Reads all rows of a file.
fn read_rows(
    path: &Path,
    text: &TextFormat,
    wanted: &[String],
    progress: &Progress,
    on_row: &mut OnRow<'_>,
) -> Result<(), IngestError> {
    let counted = Rc::clone(progress);
    match open::open(path, text, move |bytes| counted(bytes))? {
        Opened::Text(crate::source::FileFormat::Jsonl, reader) => jsonl::read(path, reader, wanted, on_row),
        Opened::Text(_, reader) => csv::read(path, reader, text, wanted, on_row),
        Opened::Parquet(file) => parquet::read(path, file, wanted, None, progress.as_ref(), on_row),
    }
}

/// From this share of a file's rows on, one user is told: few people do a twentieth of what a shop sees, programs do.
const MUCH_OF_ONE_USER: f64 = 0.05;
/// From this share on, one item is told.
const MUCH_OF_ONE_ITEM: f64 = 0.5;

/// One file on its way into the lake.
struct FileIngest<'a> {
    lake: &'a Lake,
    staging: &'a Path,
    file: &'a Planned,
    mapping: &'a Mapping,
    max_bad_share: f64,
    now_ms: i64,
    progress: &'a Progress,
}

/// Counts of a file.
#[derive(Default)]
struct Counts {
    rows: u64,
    accepted: u64,
    ignored: u64,
    filtered: u64,
}

impl FileIngest<'_> {
    fn run(
        &self,
        sequence: u64,
        replaces: Vec<SourceId>,
        notes: &mut Vec<Note>,
    ) -> Result<(IngestRecord, std::collections::BTreeMap<&'static str, u64>), IngestError> {
        let Planned {
            file, source, bytes, ..
        } = self.file;
        std::fs::create_dir_all(self.staging).map_err(LakeError::io("make the directory", self.staging))?;
        let staged = self.staging.join("quarantine.ndjson");
        let mut quarantine = Quarantine::new(file, &staged);
        let mut counts = Counts::default();
        let written = match self.mapping {
            Mapping::Events(mapping) => self.events(mapping, &mut quarantine, &mut counts, notes)?,
            Mapping::Catalogue(mapping) => self.items(mapping, &mut quarantine, &mut counts, notes)?,
        };
        let kept = self.lake.quarantine_path(source);
        if quarantine.finish()? {
            publish(&staged, &kept)?;
        }
        let kind = self.mapping.kind();
        let collected = self.mapping.is_collected();
        // What strangers send must not be able to end the run.
        if !collected && quarantine.refused > error::allowed(kind, self.max_bad_share, counts.rows) {
            return Err(IngestError::TooManyBad {
                path: self.file.path.clone(),
                bad: quarantine.refused,
                rows: counts.rows,
                allowed: self.max_bad_share,
                reasons: quarantine.reasons(),
                quarantine: kept,
            });
        }
        for part in &written.parts {
            publish(&self.staging.join(part), &self.lake.dir().join(part))?;
        }
        let record = IngestRecord {
            source: source.clone(),
            kind,
            file: file.clone(),
            bytes: *bytes,
            sequence,
            rows: counts.rows,
            accepted: counts.accepted,
            ignored: counts.ignored,
            filtered: counts.filtered,
            quarantined: quarantine.refused,
            changed: quarantine.changed,
            declared: self.file.declared.clone(),
            collected,
            first_ms: written.span.map(|(first, _)| first),
            last_ms: written.span.map(|(_, last)| last),
            parts: written.parts,
            replaces,
        };
        self.lake.write_record(&record)?;
        Ok((record, quarantine.by_kind()))
    }

    fn events(
        &self,
        mapping: &events::EventMapping,
        quarantine: &mut Quarantine,
        counts: &mut Counts,
        notes: &mut Vec<Note>,
    ) -> Result<Written, IngestError> {
        let mut parts = EventParts::new(self.staging, &self.file.source);
        let wanted = mapping.wanted();
        let mut watch = mapping.watch();
        let mut last_line = 0;
        let read = read_rows(
            &self.file.path,
            &mapping.text,
            wanted,
            self.progress,
            &mut |line, row| {
                counts.rows += 1;
                last_line = line;
                let row = match row {
                    Ok(row) => row,
                    Err((reason, bytes)) => {
                        return Ok(quarantine.refuse(line, &reason, &String::from_utf8_lossy(bytes))?);
                    }
                };
                match mapping.read(&Cells::of(row, wanted.len()), self.now_ms, &mut watch) {
                    Ok(Read::Event(event)) => {
                        counts.accepted += 1;
                        parts.push(&event)?;
                    }
                    Ok(Read::Ignored) => counts.ignored += 1,
                    Ok(Read::Filtered) => counts.filtered += 1,
                    Err(reason) => quarantine.refuse(line, &reason, &row.raw())?,
                }
                Ok(())
            },
        );
        match read {
            // An object that was not copied whole, or is no gzip at all. If it is copied again, the whole one replaces what was read of it.
            Err(IngestError::Read { source, .. }) if mapping.text.collected && is_damage(&source) => {
                let found = source.to_string();
                counts.rows += 1;
                quarantine.refuse(last_line + 1, &BadRow::Unreadable { found }, "")?;
            }
            read => read?,
        }
        self.judge_order(&watch.order, notes)?;
        // Strangers can send anything; a file of theirs never ends the run.
        if let Some((comma, point)) = watch.decimal.contradiction()
            && !mapping.text.collected
        {
            return Err(IngestError::DecimalMarks {
                path: self.file.path.clone(),
                column: "value".to_owned(),
                comma,
                point,
            });
        }
        let file = || self.file.path.display().to_string();
        if let Some(share) = watch.users.above(MUCH_OF_ONE_USER) {
            notes.push(Note::OneUser {
                file: file(),
                user: share.id,
                percent: time::percent(share.share),
            });
        }
        if let Some(share) = watch.items.above(MUCH_OF_ONE_ITEM) {
            notes.push(Note::OneItem {
                file: file(),
                item: share.id,
                percent: time::percent(share.share),
            });
        }
        Ok(parts.finish()?)
    }

    /// Refuses a file whose dates have day and month the other way round, or tells where that is likely.
    fn judge_order(&self, watch: &time::OrderWatch, notes: &mut Vec<Note>) -> Result<(), IngestError> {
        match watch.verdict() {
            None => {}
            Some(OtherOrder::Reads {
                rows,
                example,
                format,
                other,
            }) => {
                return Err(IngestError::DayAndMonth {
                    path: self.file.path.clone(),
                    format,
                    other,
                    rows,
                    example,
                });
            }
            Some(OtherOrder::Sorts {
                configured_percent,
                other_percent,
                format,
                other,
            }) => notes.push(Note::OtherOrder {
                file: self.file.path.display().to_string(),
                format,
                other,
                configured_percent,
                other_percent,
            }),
        }
        Ok(())
    }

    fn items(
        &self,
        mapping: &items::ItemMapping,
        quarantine: &mut Quarantine,
        counts: &mut Counts,
        notes: &mut Vec<Note>,
    ) -> Result<Written, IngestError> {
        let mut parts = ItemParts::new(self.staging, &self.file.source);
        let wanted = mapping.wanted();
        let mut watch = mapping.watch();
        read_rows(
            &self.file.path,
            &mapping.text,
            wanted,
            self.progress,
            &mut |line, row| {
                counts.rows += 1;
                let row = match row {
                    Ok(row) => row,
                    Err((reason, bytes)) => {
                        return Ok(quarantine.refuse(line, &reason, &String::from_utf8_lossy(bytes))?);
                    }
                };
                match mapping.read(&Cells::of(row, wanted.len()), &mut watch) {
                    Ok(None) => counts.filtered += 1,
                    Ok(Some(ItemRow { item, changed })) => {
                        counts.accepted += 1;
                        parts.push(&item)?;
                        for reason in changed {
                            quarantine.change(line, &reason, &row.raw())?;
                        }
                    }
                    Err(reason) => quarantine.refuse(line, &reason, &row.raw())?,
                }
                Ok(())
            },
        )?;
        self.judge_order(&watch.order, notes)?;
        if let Some((item, titles)) = watch.titles.many() {
            notes.push(Note::ManyTitles {
                file: self.file.path.display().to_string(),
                item: item.clone(),
                titles: titles.clone(),
            });
        }
        Ok(parts.finish()?)
    }
}

/// Whether the bytes of a file are the fault, and not the disk or the permissions.
fn is_damage(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    // The decoder for zstd has no kind of its own.
    matches!(
        error.kind(),
        K::UnexpectedEof | K::InvalidData | K::InvalidInput | K::Other
    )
}
