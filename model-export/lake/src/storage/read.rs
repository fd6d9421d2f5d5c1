//! Reading events: in order of day, each event id once.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow_array::{Array as _, BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use sha2::{Digest as _, Sha256};

use super::{Lake, LakeError, SourceId, schema, table};

/// Rows of one batch: large enough to spread the costs, small enough for the cache.
const BATCH_ROWS: usize = 16_384;

/// Batches of events, as [`Lake::events`] gives them.
#[derive(Debug)]
pub struct EventBatches {
    parts: std::vec::IntoIter<PathBuf>,
    columns: &'static [&'static str],
    open: Option<(PathBuf, ParquetRecordBatchReader)>,
    // 128 bits of SHA-256 stand for an id: two of a billion ids agree with a chance of 10⁻²¹.
    seen: HashSet<u128>,
    failed: bool,
}

impl Lake {
    /// All events of the days that `range` (milliseconds since 1970) touches, with all columns of
    /// [`schema::events`]. Days ascend; within a day rows stand by source and then as in their file. Of rows with
    /// the same non-null event id the first counts.
    ///
    /// # Errors
    /// The lake cannot be listed; a batch is an error when its file cannot be read.
    pub fn events(&self, range: Range<i64>) -> Result<EventBatches, LakeError> {
        self.event_columns(range, &[])
    }

    /// The same with fewer columns (none named: all); `event_id` must be among them.
    pub(super) fn event_columns(
        &self,
        range: Range<i64>,
        columns: &'static [&'static str],
    ) -> Result<EventBatches, LakeError> {
        let first = (range.start != i64::MIN).then(|| schema::date_of(range.start));
        let last = (range.end != i64::MAX).then(|| schema::date_of(range.end - 1));
        let mut parts = self.parts("events")?;
        parts.retain(|part| {
            let Some(date) = date_in(part) else { return true };
            first.as_deref().is_none_or(|first| date >= first) && last.as_deref().is_none_or(|last| date <= last)
        });
        Ok(EventBatches {
            parts: parts.into_iter(),
            columns,
            open: None,
            seen: HashSet::new(),
            failed: false,
        })
    }

    /// Files that count under `events` or `catalogue`, by directory, sequence and number.
    pub(super) fn parts(&self, folder: &str) -> Result<Vec<PathBuf>, LakeError> {
        let records = self.records()?;
        let sequence: HashMap<&SourceId, u64> =
            records.iter().map(|record| (&record.source, record.sequence)).collect();
        let mut parts = Vec::new();
        for path in walk(&self.dir().join(folder))? {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match SourceId::of_part(&stem) {
                None => parts.push((path.parent().map(Path::to_owned), u64::MAX, stem, path)),
                Some(source) => {
                    if let Some(&sequence) = sequence.get(&source) {
                        // Zero-padded, so that part 10 comes after part 9.
                        let number = format!("{:0>12}", &stem[SourceId::LENGTH..]);
                        parts.push((path.parent().map(Path::to_owned), sequence, number, path));
                    }
                }
            }
        }
        parts.sort();
        Ok(parts.into_iter().map(|(.., path)| path).collect())
    }

    /// Files that another engine put into the lake.
    pub(super) fn foreign_parts(&self) -> Result<Vec<PathBuf>, LakeError> {
        let mut parts = walk(&self.dir().join("events"))?;
        parts.extend(walk(&self.dir().join("catalogue"))?);
        parts.retain(|path| SourceId::of_part(&path.file_stem().unwrap_or_default().to_string_lossy()).is_none());
        parts.sort();
        Ok(parts)
    }
}

/// The date of a part's directory, `date=YYYY-MM-DD`.
fn date_in(part: &Path) -> Option<&str> {
    part.parent()?.file_name()?.to_str()?.strip_prefix("date=")
}

/// Parquet files below a directory; hidden ones are being written.
fn walk(dir: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(LakeError::io("list", &dir)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(LakeError::io("list", &dir))?;
            if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
                continue;
            }
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

impl EventBatches {
    fn advance(&mut self) -> Result<Option<(PathBuf, RecordBatch)>, LakeError> {
        loop {
            if let Some((path, reader)) = &mut self.open {
                match reader.next() {
                    Some(batch) => {
                        let batch = batch.map_err(LakeError::arrow(path))?;
                        let path = path.clone();
                        return self.once(&path, batch).map(|batch| Some((path, batch)));
                    }
                    None => self.open = None,
                }
            }
            let Some(path) = self.parts.next() else {
                return Ok(None);
            };
            let file = File::open(&path).map_err(LakeError::io("open", &path))?;
            let mut builder = ParquetRecordBatchReaderBuilder::try_new(file)
                .map_err(LakeError::parquet("open", &path))?
                .with_batch_size(BATCH_ROWS);
            if !self.columns.is_empty() {
                let mask = ProjectionMask::columns(builder.parquet_schema(), self.columns.iter().copied());
                builder = builder.with_projection(mask);
            }
            let reader = builder.build().map_err(LakeError::parquet("read", &path))?;
            self.open = Some((path, reader));
        }
    }

    /// The rows whose event id was not seen before.
    fn once(&mut self, path: &Path, batch: RecordBatch) -> Result<RecordBatch, LakeError> {
        let ids = table::text(path, &batch, "event_id")?;
        if ids.null_count() == ids.len() {
            return Ok(batch);
        }
        let keep: BooleanArray = ids
            .iter()
            .map(|id| Some(id.is_none_or(|id| self.seen.insert(digest(id)))))
            .collect();
        if keep.true_count() == keep.len() {
            return Ok(batch);
        }
        filter_record_batch(&batch, &keep).map_err(LakeError::arrow(path))
    }

    /// The next batch and the file that it comes from.
    pub(super) fn next_located(&mut self) -> Option<Result<(PathBuf, RecordBatch), LakeError>> {
        if self.failed {
            return None;
        }
        let next = self.advance().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

impl Iterator for EventBatches {
    type Item = Result<RecordBatch, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_located().map(|next| next.map(|(_, batch)| batch))
    }
}

fn digest(id: &str) -> u128 {
    let digest = Sha256::digest(id.as_bytes());
    digest[..16]
        .iter()
        .fold(0, |value, &byte| (value << 8) | u128::from(byte))
}
