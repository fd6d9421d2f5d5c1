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

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
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

use self::cells::Cells;
use self::events::Read;
use self::items::ItemRow;
use self::partition::{EventParts, ItemParts, Written};
use self::plan::{Mapping, Planned};
use self::quarantine::Quarantine;
use self::sketch::{Copies, RowCounter, Sketch};
use self::tables::read_rows;
use self::time::OtherOrder;
use crate::source::{LakeConfig, RepeatedRows, Sources};
use crate::storage::{IngestRecord, Lake, LakeError, SourceId, atomic, digest};

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

/// Moves a staged file into the lake.
fn publish(from: &Path, to: &Path) -> Result<(), LakeError> {
    if let Some(dir) = to.parent() {
        std::fs::create_dir_all(dir).map_err(LakeError::io("make the directory", dir))?;
    }
    atomic::rename(from, to)
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
    config: &'a LakeConfig,
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
    /// Rows that were left out, for an equal one is there (`repeated_rows = "once"`).
    dropped: u64,
    copies: Copies,
    sketch: Option<Sketch>,
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
        let mut quarantine = Quarantine::new(file, &staged, self.config);
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
        if !collected && quarantine.refused > error::allowed(kind, self.config.max_bad_share, counts.rows) {
            return Err(IngestError::TooManyBad {
                path: self.file.path.clone(),
                bad: quarantine.refused,
                rows: counts.rows,
                allowed: error::allowed_share(kind, self.config.max_bad_share),
                reasons: quarantine.reasons(),
                quarantine: kept,
            });
        }
        for part in &written.parts {
            publish(&self.staging.join(part), &self.lake.dir().join(part))?;
        }
        if let Some(sketch) = &counts.sketch {
            sketch.write(&self.lake.sketch_path(source))?;
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
            quarantine_kept: Some(quarantine.kept),
            repeated: counts.copies.repeated + counts.dropped,
            repeated_once: counts.dropped > 0,
            merged: counts.copies.merged,
            copies_estimated: counts.sketch.is_some() && !counts.copies.exact,
            declared: self.file.declared.clone(),
            collected,
            first_ms: written.span.map(|(first, _)| first),
            last_ms: written.span.map(|(_, last)| last),
            parts: written.parts,
            replaces,
            aliases: self.file.ids.clone(),
            forgotten: false,
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
        // What the edge collected has ids, and comes in many small files.
        let mut rows = (!mapping.text.collected).then(RowCounter::new);
        let mut once = (mapping.repeated_rows == RepeatedRows::Once).then(HashSet::new);
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
                        let new = match &mut once {
                            Some(seen) if event.id.is_none() => seen.insert(whole_row(&event)),
                            _ => true,
                        };
                        if !new {
                            counts.dropped += 1;
                            return Ok(());
                        }
                        counts.accepted += 1;
                        if let Some(rows) = &mut rows {
                            rows.add(&event);
                        }
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
        if let Some(rows) = rows {
            let (copies, sketch) = rows.finish();
            counts.copies = copies;
            counts.sketch = Some(sketch);
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
        // By hash of an item's id, the hash of its last row.
        let mut last: HashMap<u64, u64> = HashMap::new();
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
                        // A file of orders names each item in every row; its catalogue needs each once.
                        let hasher = BuildHasherDefault::<DefaultHasher>::default();
                        let row_of_item = hasher.hash_one(&item);
                        if last.insert(hasher.hash_one(&item.id), row_of_item) == Some(row_of_item) {
                            counts.dropped += 1;
                            return Ok(());
                        }
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

/// 128 bits that stand for everything that is read of a row.
fn whole_row(row: &events::EventRow<'_>) -> u128 {
    let option = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| format!("+{text}"));
    let mut texts = vec![
        option(row.user.as_deref()),
        row.item.to_string(),
        format!(
            "{}{}",
            if row.takes_back { "takes back " } else { "" },
            row.kind.as_str()
        ),
        row.timestamp_ms.to_string(),
        option(row.value.map(|value| value.to_string()).as_deref()),
    ];
    for (name, value) in &row.context {
        texts.push(name.clone());
        texts.push(value.clone());
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    digest(&texts)
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
