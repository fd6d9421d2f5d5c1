//! Reading events: in order of day, each event once.
//!
//! Two rows are the same event if they come from the same source of the configuration, from the same user, and have the same event id. A source
//! never takes a row away from another one, and a user never one of another user: an event id is only a text that somebody sent.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};
use arrow_select::filter::filter_record_batch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use sha2::{Digest as _, Sha256};

use super::{IngestRecord, Lake, LakeError, SourceId, schema, table};

/// Rows of one batch: large enough to spread the costs, small enough for the cache.
const BATCH_ROWS: usize = 16_384;

/// A Parquet file of the lake.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The file.
    pub path: PathBuf,
    /// The source of the configuration that its rows belong to. Files of other engines are one source of their own, and so are the files that an
    /// ingest read before sources were noted.
    namespace: Rc<str>,
    /// Whether the edge collected its events.
    collected: bool,
}

/// Batches of events, as [`Lake::events`] gives them.
#[derive(Debug)]
pub struct EventBatches {
    parts: std::vec::IntoIter<Part>,
    columns: &'static [&'static str],
    open: Option<(Part, ParquetRecordBatchReader)>,
    // 128 bits of SHA-256 stand for an id: two of a billion ids agree with a chance of 10⁻²¹.
    seen: HashSet<u128>,
    failed: bool,
    /// Rows that were left out so far, for they are an event that was seen before.
    pub merged: u64,
}

impl Lake {
    /// All events of the days that `range` (milliseconds since 1970) touches, with all columns of
    /// [`schema::events`]. Days ascend; within a day rows stand by source and then as in their file. Of rows of one source and user with the same
    /// non-null event id the first counts.
    ///
    /// # Errors
    /// The lake cannot be listed; a batch is an error when its file cannot be read.
    pub fn events(&self, range: Range<i64>) -> Result<EventBatches, LakeError> {
        self.event_columns(range, &[])
    }

    /// The same with fewer columns (none named: all); `event_id` and `user_id` must be among them.
    pub(super) fn event_columns(
        &self,
        range: Range<i64>,
        columns: &'static [&'static str],
    ) -> Result<EventBatches, LakeError> {
        let first = (range.start != i64::MIN).then(|| schema::date_of(range.start));
        let last = (range.end != i64::MAX).then(|| schema::date_of(range.end - 1));
        let mut parts = self.parts("events")?;
        parts.retain(|part| {
            let Some(date) = date_in(&part.path) else { return true };
            first.as_deref().is_none_or(|first| date >= first) && last.as_deref().is_none_or(|last| date <= last)
        });
        Ok(EventBatches {
            parts: parts.into_iter(),
            columns,
            open: None,
            seen: HashSet::new(),
            failed: false,
            merged: 0,
        })
    }

    /// Files that count under `events` or `catalogue`, by directory, sequence and number.
    pub(super) fn parts(&self, folder: &str) -> Result<Vec<Part>, LakeError> {
        let records = self.records()?;
        let of: HashMap<&SourceId, &IngestRecord> = records.iter().map(|record| (&record.source, record)).collect();
        let listed: HashSet<&str> = records
            .iter()
            .flat_map(|record| &record.parts)
            .map(String::as_str)
            .collect();
        let mut namespaces: HashMap<String, Rc<str>> = HashMap::new();
        let mut namespace =
            |name: String| Rc::clone(namespaces.entry(name).or_insert_with_key(|name| name.as_str().into()));
        let mut parts = Vec::new();
        for path in walk(&self.dir().join(folder))? {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let directory = path.parent().map(Path::to_owned);
            match SourceId::of_part(&stem) {
                None => {
                    let part = Part {
                        path,
                        namespace: namespace("other engine".to_owned()),
                        collected: false,
                    };
                    parts.push((directory, u64::MAX, stem, part));
                }
                Some(source) => {
                    // What the record does not list was left by a run that died and that had read the file otherwise.
                    let relative = path.strip_prefix(self.dir()).unwrap_or(&path).to_string_lossy();
                    if let Some(record) = of.get(&source).filter(|_| listed.contains(relative.as_ref())) {
                        // Zero-padded, so that part 10 comes after part 9.
                        let number = format!("{:0>12}", &stem[SourceId::LENGTH..]);
                        let name = match &record.declared {
                            Some(declared) => ["declared ", declared].concat(),
                            None => "not noted".to_owned(),
                        };
                        let part = Part {
                            path,
                            namespace: namespace(name),
                            collected: record.collected,
                        };
                        parts.push((directory, record.sequence, number, part));
                    }
                }
            }
        }
        parts.sort_by(|a, b| (&a.0, a.1, &a.2, &a.3.path).cmp(&(&b.0, b.1, &b.2, &b.3.path)));
        Ok(parts.into_iter().map(|(.., part)| part).collect())
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
    /// Only events that the edge collected.
    pub(super) fn only_collected(mut self) -> Self {
        let collected: Vec<Part> = self.parts.filter(|part| part.collected).collect();
        self.parts = collected.into_iter();
        self
    }

    fn advance(&mut self) -> Result<Option<(PathBuf, RecordBatch)>, LakeError> {
        loop {
            if let Some((part, reader)) = &mut self.open {
                match reader.next() {
                    Some(batch) => {
                        let batch = batch.map_err(LakeError::arrow(&part.path))?;
                        let part = part.clone();
                        let batch = with_later_columns(batch).map_err(LakeError::arrow(&part.path))?;
                        return self.once(&part, batch).map(|batch| Some((part.path, batch)));
                    }
                    None => self.open = None,
                }
            }
            let Some(part) = self.parts.next() else {
                return Ok(None);
            };
            let path = &part.path;
            let file = File::open(path).map_err(LakeError::io("open", path))?;
            let mut builder = ParquetRecordBatchReaderBuilder::try_new(file)
                .map_err(LakeError::parquet("open", path))?
                .with_batch_size(BATCH_ROWS);
            if !self.columns.is_empty() {
                let mask = ProjectionMask::columns(builder.parquet_schema(), self.columns.iter().copied());
                builder = builder.with_projection(mask);
            }
            let reader = builder.build().map_err(LakeError::parquet("read", path))?;
            self.open = Some((part, reader));
        }
    }

    /// The rows that are no event which was seen before.
    fn once(&mut self, part: &Part, batch: RecordBatch) -> Result<RecordBatch, LakeError> {
        let ids = table::text(&part.path, &batch, "event_id")?;
        if ids.null_count() == ids.len() {
            return Ok(batch);
        }
        let users = table::text(&part.path, &batch, "user_id")?;
        let keep: BooleanArray = ids
            .iter()
            .zip(users)
            .map(|(id, user)| {
                Some(id.is_none_or(|id| {
                    let event = match user {
                        Some(user) => digest(&[&part.namespace, id, user]),
                        None => digest(&[&part.namespace, id]),
                    };
                    self.seen.insert(event)
                }))
            })
            .collect();
        self.merged += (keep.len() - keep.true_count()) as u64;
        if keep.true_count() == keep.len() {
            return Ok(batch);
        }
        filter_record_batch(&batch, &keep).map_err(LakeError::arrow(&part.path))
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

/// A batch of a part from before a column was added, with that column, in which nothing is known.
fn with_later_columns(batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
    const LATER: &str = "returning";
    if batch.column_by_name(LATER).is_some() {
        return Ok(batch);
    }
    let rows = batch.num_rows();
    let mut fields: Vec<FieldRef> = batch.schema().fields().iter().cloned().collect();
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    fields.push(Arc::new(Field::new(LATER, DataType::Boolean, true)));
    columns.push(new_null_array(&DataType::Boolean, rows));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// 128 bits for a list of texts. Each is hashed with its length, so that no two lists are the same bytes.
pub(crate) fn digest(texts: &[&str]) -> u128 {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize()[..16]
        .iter()
        .fold(0, |value, &byte| (value << 8) | u128::from(byte))
}
