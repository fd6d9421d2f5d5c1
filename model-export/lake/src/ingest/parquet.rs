//! Parquet of any writer: columns are cast, batch by batch, to the few types that a [`Cell`] knows.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, TimestampMillisecondType, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;

use super::{Cell, IngestError, OnRow, Row};

const BATCH_ROWS: usize = 16_384;

/// The mapped columns of a batch, at one row.
struct ParquetRow<'a> {
    columns: &'a [ArrayRef],
    names: &'a [String],
    row: usize,
}

impl Row for ParquetRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        cell_of(self.columns[column].as_ref(), self.row)
    }

    fn raw(&self) -> String {
        let pairs: serde_json::Map<String, serde_json::Value> = self
            .names
            .iter()
            .enumerate()
            .map(|(column, name)| {
                let cell = self.cell(column);
                let value = match &cell {
                    Cell::Null => serde_json::Value::Null,
                    cell => cell.text().map_or_else(|| cell.shown(), Cow::into_owned).into(),
                };
                (name.clone(), value)
            })
            .collect();
        serde_json::Value::Object(pairs).to_string()
    }
}

/// The type that a column is read as; `None` where no [`Cell`] holds it.
fn canonical(found: &DataType) -> Option<DataType> {
    use DataType as D;
    Some(match found {
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => {
            D::Utf8
        }
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 => D::Int64,
        D::UInt64 => D::UInt64,
        D::Float16 | D::Float32 | D::Float64 => D::Float64,
        D::Decimal32(_, 0) | D::Decimal64(_, 0) | D::Decimal128(_, 0) | D::Decimal256(_, 0) => D::Utf8,
        D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => D::Float64,
        D::Boolean | D::Null => found.clone(),
        D::Date32 | D::Date64 => D::Timestamp(TimeUnit::Millisecond, None),
        D::Timestamp(_, zone) => D::Timestamp(TimeUnit::Millisecond, zone.clone()),
        // A time of day: `09:12:33`.
        D::Time32(_) | D::Time64(_) => D::Utf8,
        D::Dictionary(_, value) => canonical(value)?,
        D::RunEndEncoded(_, value) => canonical(value.data_type())?,
        D::List(field) | D::LargeList(field) | D::FixedSizeList(field, _) => {
            D::List(Arc::new(Field::new("element", canonical(field.data_type())?, true)))
        }
        _ => return None,
    })
}

/// The value of an array of a canonical type.
fn cell_of(array: &dyn Array, row: usize) -> Cell<'_> {
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Utf8 => array
            .as_string_opt::<i32>()
            .map_or(Cell::Null, |a| Cell::Text(Cow::Borrowed(a.value(row)))),
        DataType::Int64 => array
            .as_primitive_opt::<Int64Type>()
            .map_or(Cell::Null, |a| Cell::Int(a.value(row))),
        DataType::UInt64 => array
            .as_primitive_opt::<UInt64Type>()
            .map_or(Cell::Null, |a| Cell::Unsigned(a.value(row))),
        DataType::Float64 => array
            .as_primitive_opt::<Float64Type>()
            .map_or(Cell::Null, |a| Cell::Float(a.value(row))),
        DataType::Boolean => array.as_boolean_opt().map_or(Cell::Null, |a| Cell::Bool(a.value(row))),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            let time = array.as_primitive_opt::<TimestampMillisecondType>();
            let kind = if zone.is_some() { Cell::Instant } else { Cell::Local };
            time.map_or(Cell::Null, |a| kind(a.value(row)))
        }
        DataType::List(_) => array.as_list_opt::<i32>().map_or(Cell::Null, |a| {
            let values = a.value(row);
            let owned = (0..values.len()).map(|index| match cell_of(values.as_ref(), index) {
                Cell::Null => Cell::Null,
                cell => cell
                    .text()
                    .map_or(Cell::Null, |text| Cell::Text(Cow::Owned(text.into_owned()))),
            });
            Cell::List(owned.collect())
        }),
        _ => Cell::Null,
    }
}

/// Opens a file. Times of the old type INT96 are read in milliseconds: as nanoseconds, which is how they are stored, the year 9999 becomes 1816.
fn open(file: File) -> Result<ParquetRecordBatchReaderBuilder<File>, ParquetError> {
    let found = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    let parquet = found.parquet_schema();
    let old_times: HashSet<&str> = parquet
        .columns()
        .iter()
        .filter(|column| column.physical_type() == PhysicalType::INT96 && column.path().parts().len() == 1)
        .map(|column| column.name())
        .collect();
    if old_times.is_empty() {
        return Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, found));
    }
    let fields = found.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(_, zone) if old_times.contains(field.name().as_str()) => {
            let milliseconds = DataType::Timestamp(TimeUnit::Millisecond, zone.clone());
            Arc::new(field.as_ref().clone().with_data_type(milliseconds))
        }
        _ => Arc::clone(field),
    });
    let schema = Schema::new_with_metadata(fields.collect::<Vec<_>>(), found.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    let known = ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), options)?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, known))
}

/// The columns of a file that rows can be made of.
pub fn columns(path: &Path, file: File) -> Result<Vec<String>, IngestError> {
    let builder = open(file).map_err(|source| IngestError::Parquet {
        path: path.to_owned(),
        source,
    })?;
    let usable = builder
        .schema()
        .fields()
        .iter()
        .filter(|field| canonical(field.data_type()).is_some());
    Ok(usable.map(|field| field.name().clone()).collect())
}

/// Reads all rows of a file (or the first `limit`), in order; `progress` is told bytes, as far as rows tell them.
pub fn read(
    path: &Path,
    file: File,
    wanted: &[String],
    limit: Option<usize>,
    progress: &dyn Fn(u64),
    on_row: &mut OnRow<'_>,
) -> Result<(), IngestError> {
    let broken = |source| IngestError::Parquet {
        path: path.to_owned(),
        source,
    };
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let builder = open(file).map_err(broken)?;
    let total = u64::try_from(builder.metadata().file_metadata().num_rows())
        .unwrap_or(0)
        .max(1);
    let schema = builder.schema().clone();
    let mut roots = Vec::with_capacity(wanted.len());
    for column in wanted {
        let index = schema.index_of(column).map_err(|_| IngestError::NoColumn {
            path: path.to_owned(),
            column: column.clone(),
            found: schema.fields().iter().map(|field| field.name().clone()).collect(),
        })?;
        let found = schema.field(index).data_type();
        if canonical(found).is_none() {
            return Err(IngestError::ColumnType {
                path: path.to_owned(),
                column: column.clone(),
                found: found.to_string(),
            });
        }
        roots.push(index);
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let mut builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
    if let Some(limit) = limit {
        builder = builder.with_limit(limit);
    }
    let reader = builder.build().map_err(broken)?;
    let mut rows = 0u64;
    for batch in reader {
        let failed = |source| IngestError::Batch {
            path: path.to_owned(),
            rows,
            source,
        };
        let batch = batch.map_err(failed)?;
        let columns = wanted
            .iter()
            .map(|column| canonical_column(&batch, column))
            .collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(failed)?;
        let before = rows;
        for row in 0..batch.num_rows() {
            let view = ParquetRow {
                columns: &columns,
                names: wanted,
                row,
            };
            rows += 1;
            on_row(rows, Ok(&view))?;
        }
        progress(share_of(bytes, rows, total) - share_of(bytes, before, total));
    }
    Ok(())
}

fn canonical_column(batch: &RecordBatch, column: &str) -> Result<ArrayRef, arrow_schema::ArrowError> {
    let array = batch.column(batch.schema().index_of(column)?);
    match canonical(array.data_type()) {
        Some(target) if &target != array.data_type() => cast(array, &target),
        _ => Ok(array.clone()),
    }
}

fn share_of(bytes: u64, rows: u64, total: u64) -> u64 {
    u64::try_from(u128::from(bytes) * u128::from(rows.min(total)) / u128::from(total)).unwrap_or(bytes)
}
