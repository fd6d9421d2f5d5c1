//! Events on their way into the lake: collected by day, written as Parquet parts beside it.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use arrow_array::builder::{
    ArrayBuilder as _, BooleanBuilder, Float64Builder, ListBuilder, MapBuilder, MapFieldNames, StringBuilder,
    TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;

use super::events::EventRow;
use crate::storage::schema::{self, DAY_MS, date_of};
use crate::storage::{CatalogueItem, LakeError, SourceId, table};

/// Rows in memory before the largest days are written. About 150 MB.
const MAX_ROWS: usize = 1 << 20;

fn map_builder() -> MapBuilder<StringBuilder, StringBuilder> {
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
}

/// The rows of one day.
struct Day {
    event_id: StringBuilder,
    user_id: StringBuilder,
    item_id: StringBuilder,
    event_type: StringBuilder,
    timestamp: TimestampMillisecondBuilder,
    value: Float64Builder,
    context: MapBuilder<StringBuilder, StringBuilder>,
    returning: BooleanBuilder,
    parts: usize,
}

impl Day {
    fn new() -> Self {
        Self {
            event_id: StringBuilder::new(),
            user_id: StringBuilder::new(),
            item_id: StringBuilder::new(),
            event_type: StringBuilder::new(),
            timestamp: TimestampMillisecondBuilder::new().with_data_type(schema::timestamp()),
            value: Float64Builder::new(),
            context: map_builder(),
            returning: BooleanBuilder::new(),
            parts: 0,
        }
    }

    fn len(&self) -> usize {
        self.timestamp.len()
    }

    fn push(&mut self, row: &EventRow<'_>) -> Result<(), arrow_schema::ArrowError> {
        self.event_id.append_option(row.id.as_deref());
        self.user_id.append_option(row.user.as_deref());
        self.item_id.append_value(&row.item);
        if row.takes_back {
            self.event_type.append_value(schema::taking_back(row.kind));
        } else {
            self.event_type.append_value(row.kind.as_str());
        }
        self.timestamp.append_value(row.timestamp_ms);
        self.value.append_option(row.value);
        self.returning.append_option(row.returning);
        for (name, value) in &row.context {
            self.context.keys().append_value(name);
            self.context.values().append_value(value);
        }
        self.context.append(!row.context.is_empty())
    }

    fn take(&mut self) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.event_id.finish()),
            Arc::new(self.user_id.finish()),
            Arc::new(self.item_id.finish()),
            Arc::new(self.event_type.finish()),
            Arc::new(self.timestamp.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.context.finish()),
            Arc::new(self.returning.finish()),
        ];
        RecordBatch::try_new(schema::events(), columns)
    }
}

/// Writes the events of one source into a staging directory. The same rows give the same files.
pub struct EventParts {
    staging: PathBuf,
    source: SourceId,
    days: BTreeMap<i64, Day>,
    rows: usize,
    max_rows: usize,
    background: Background,
    /// The parts, relative to the staging directory and so to the lake.
    parts: Vec<String>,
    /// First and last time.
    span: Option<(i64, i64)>,
}

/// What [`EventParts::finish`] has written.
pub struct Written {
    /// The parts, relative to the lake.
    pub parts: Vec<String>,
    /// First and last time.
    pub span: Option<(i64, i64)>,
}

impl EventParts {
    pub fn new(staging: &Path, source: &SourceId) -> Self {
        Self {
            staging: staging.to_owned(),
            source: source.clone(),
            days: BTreeMap::new(),
            rows: 0,
            max_rows: MAX_ROWS,
            background: Background::default(),
            parts: Vec::new(),
            span: None,
        }
    }

    pub fn push(&mut self, row: &EventRow<'_>) -> Result<(), LakeError> {
        let time = row.timestamp_ms;
        let day = self.days.entry(time.div_euclid(DAY_MS)).or_insert_with(Day::new);
        day.push(row).map_err(LakeError::arrow(&self.staging))?;
        self.rows += 1;
        self.span = Some(
            self.span
                .map_or((time, time), |(first, last)| (first.min(time), last.max(time))),
        );
        if self.rows >= self.max_rows {
            // The largest days first: few large parts instead of many small ones. Of equals the earlier day.
            let mut by_size: Vec<(usize, i64)> = self.days.iter().map(|(day, rows)| (rows.len(), *day)).collect();
            by_size.sort_by_key(|(rows, day)| (std::cmp::Reverse(*rows), *day));
            for (_, day) in by_size {
                if self.rows <= self.max_rows / 2 {
                    break;
                }
                self.write(day)?;
            }
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Written, LakeError> {
        let days: Vec<i64> = self.days.keys().copied().collect();
        for day in days {
            self.write(day)?;
        }
        self.background.finish()?;
        self.parts.sort();
        Ok(Written {
            parts: std::mem::take(&mut self.parts),
            span: self.span,
        })
    }

    fn write(&mut self, number: i64) -> Result<(), LakeError> {
        let Some(day) = self.days.get_mut(&number).filter(|day| day.len() > 0) else {
            return Ok(());
        };
        let part = format!(
            "events/date={}/{}-{}.parquet",
            date_of(number * DAY_MS),
            self.source,
            day.parts
        );
        let path = self.staging.join(&part);
        self.rows -= day.len();
        day.parts += 1;
        let batch = day.take().map_err(LakeError::arrow(&path))?;
        self.background.write(path, batch)?;
        self.parts.push(part);
        Ok(())
    }
}

/// Parts that are written while rows are read: encoding and compressing them takes a third as long as reading.
#[derive(Default)]
struct Background {
    running: VecDeque<JoinHandle<Result<(), LakeError>>>,
}

/// Parts that are written at a time. Each holds the rows of one part.
const WRITERS: usize = 2;

impl Background {
    fn write(&mut self, path: PathBuf, batch: RecordBatch) -> Result<(), LakeError> {
        if self.running.len() >= WRITERS {
            self.join_first()?;
        }
        self.running
            .push_back(std::thread::spawn(move || write_part(&path, &batch)));
        Ok(())
    }

    fn join_first(&mut self) -> Result<(), LakeError> {
        match self.running.pop_front().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(written)) => written,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }

    fn finish(&mut self) -> Result<(), LakeError> {
        while !self.running.is_empty() {
            self.join_first()?;
        }
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A run that stops must not leave a writer behind it: the next one clears the folder that it writes into.
        for writer in self.running.drain(..) {
            let _ = writer.join();
        }
    }
}

/// A part need not be written atomically: it does not count before its record is there.
fn write_part(path: &Path, batch: &RecordBatch) -> Result<(), LakeError> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(LakeError::io("make the directory", dir))?;
    }
    let file = File::create(path).map_err(LakeError::io("create", path))?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(table::properties()))
        .map_err(LakeError::parquet("write", path))?;
    writer.write(batch).map_err(LakeError::parquet("write", path))?;
    writer.close().map_err(LakeError::parquet("write", path))?;
    Ok(())
}

/// Writes the items of one source into a staging directory.
pub struct ItemParts {
    staging: PathBuf,
    source: SourceId,
    id: StringBuilder,
    title: StringBuilder,
    categories: ListBuilder<StringBuilder>,
    attributes: MapBuilder<StringBuilder, StringBuilder>,
    image: StringBuilder,
    available_from: TimestampMillisecondBuilder,
    available_until: TimestampMillisecondBuilder,
}

impl ItemParts {
    pub fn new(staging: &Path, source: &SourceId) -> Self {
        let time = || TimestampMillisecondBuilder::new().with_data_type(schema::timestamp());
        Self {
            staging: staging.to_owned(),
            source: source.clone(),
            id: StringBuilder::new(),
            title: StringBuilder::new(),
            categories: ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, false)),
            attributes: map_builder(),
            image: StringBuilder::new(),
            available_from: time(),
            available_until: time(),
        }
    }

    pub fn push(&mut self, item: &CatalogueItem) -> Result<(), LakeError> {
        self.id.append_value(&item.id);
        self.title.append_value(&item.title);
        for category in &item.categories {
            self.categories.values().append_value(category);
        }
        self.categories.append(true);
        for (name, value) in &item.attributes {
            self.attributes.keys().append_value(name);
            self.attributes.values().append_value(value);
        }
        self.attributes.append(true).map_err(LakeError::arrow(&self.staging))?;
        self.image.append_option(item.image.as_deref());
        self.available_from.append_option(item.available_from_ms);
        self.available_until.append_option(item.available_until_ms);
        Ok(())
    }

    pub fn finish(mut self) -> Result<Written, LakeError> {
        let part = format!("catalogue/{}.parquet", self.source);
        let path = self.staging.join(&part);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.title.finish()),
            Arc::new(self.categories.finish()),
            Arc::new(self.attributes.finish()),
            Arc::new(self.image.finish()),
            Arc::new(self.available_from.finish()),
            Arc::new(self.available_until.finish()),
        ];
        let batch = RecordBatch::try_new(schema::catalogue(), columns).map_err(LakeError::arrow(&path))?;
        write_part(&path, &batch)?;
        Ok(Written {
            parts: vec![part],
            span: None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn memory_stays_bounded_and_every_row_is_in_some_part_of_its_day() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("source");
        std::fs::write(&file, "x").unwrap();
        let source = SourceId::of_file(&file, "").unwrap().0;
        let mut parts = EventParts::new(dir.path(), &source);
        parts.max_rows = 10;
        for number in 0..100i64 {
            let row = EventRow {
                id: None,
                user: None,
                item: "i".into(),
                kind: selvedge::event::EventKind::View,
                takes_back: false,
                timestamp_ms: (number % 3) * DAY_MS + number,
                value: None,
                returning: None,
                context: Vec::new(),
            };
            parts.push(&row).unwrap();
            assert!(parts.rows < 10);
        }
        let written = parts.finish().unwrap();
        assert_eq!(written.span, Some((0, 2 * DAY_MS + 98)));
        let mut rows = [0; 3];
        for part in &written.parts {
            let day = (0..3).find(|day| part.contains(&date_of(*day * DAY_MS))).unwrap();
            rows[usize::try_from(day).unwrap()] += table::read(&dir.path().join(part)).unwrap().num_rows();
        }
        assert_eq!(rows, [34, 33, 33]);
        assert!(written.parts.len() > 10);
    }
}
