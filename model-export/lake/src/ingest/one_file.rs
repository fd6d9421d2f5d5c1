//! One file on its way into the lake: its rows are read, judged and written, and its record makes them count.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::path::Path;

use super::cells::Cells;
use super::events::{self, Read};
use super::items::{self, ItemRow};
use super::partition::{EventParts, ItemParts, Written};
use super::plan::{Mapping, Planned};
use super::quarantine::Quarantine;
use super::sketch::{Copies, RowCounter, Sketch};
use super::tables::read_rows;
use super::time::{self, OtherOrder};
use super::{BadRow, IngestError, Note, Progress, error};
use crate::source::{LakeConfig, RepeatedRows};
use crate::storage::{IngestRecord, Lake, LakeError, SourceId, atomic, digest};

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
pub struct FileIngest<'a> {
    pub lake: &'a Lake,
    pub staging: &'a Path,
    pub file: &'a Planned,
    pub mapping: &'a Mapping,
    pub config: &'a LakeConfig,
    pub now_ms: i64,
    pub progress: &'a Progress,
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
    pub fn run(
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
