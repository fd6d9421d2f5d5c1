//! Parquet files as one batch, and columns with their types checked. For the model's work files as well.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatchReader as _;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float32Type, Float64Type, Int64Type, TimestampMillisecondType, UInt32Type, UInt64Type};
use arrow_array::{
    Array as _, ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int64Array, ListArray,
    MapArray, RecordBatch, StringArray, TimestampMillisecondArray, UInt32Array, UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field};
use arrow_select::concat::concat_batches;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{LakeError, atomic};

/// How all our Parquet files are written: zstd, and nothing in them that changes from run to run.
#[must_use]
pub fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("selvedge".to_owned())
        .build()
}

/// Writes a batch as a Parquet file, whole or not at all.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, batch: &RecordBatch) -> Result<(), LakeError> {
    atomic::write(path, |file| {
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties()))
            .map_err(LakeError::parquet("write", path))?;
        writer.write(batch).map_err(LakeError::parquet("write", path))?;
        writer.close().map_err(LakeError::parquet("write", path))?;
        Ok(())
    })
}

/// Reads a whole Parquet file.
///
/// # Errors
/// The file cannot be read, or is no Parquet.
pub fn read(path: &Path) -> Result<RecordBatch, LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(1 << 16).build())
        .map_err(LakeError::parquet("read", path))?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(LakeError::arrow(path))?;
    concat_batches(&schema, &batches).map_err(LakeError::arrow(path))
}

/// The array of a column.
///
/// # Errors
/// There is no such column.
pub fn column<'a>(path: &Path, batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, LakeError> {
    batch.column_by_name(name).ok_or_else(|| LakeError::Column {
        path: path.to_owned(),
        column: name.to_owned(),
        expected: "it to be there".to_owned(),
        found: batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect::<Vec<_>>()
            .join(", "),
    })
}

type Cast<'a, T> = fn(&'a ArrayRef) -> Option<&'a T>;

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident -> $array:ty, $expected:literal, $cast:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// There is no such column, or it has another type.
        pub fn $name<'a>(path: &Path, batch: &'a RecordBatch, name: &str) -> Result<&'a $array, LakeError> {
            let array = column(path, batch, name)?;
            let cast: Cast<'a, $array> = $cast;
            cast(array).ok_or_else(|| LakeError::Column {
                path: path.to_owned(),
                column: name.to_owned(),
                expected: $expected.to_owned(),
                found: array.data_type().to_string(),
            })
        }
    )*};
}

typed! {
    /// A column of text.
    text -> StringArray, "Utf8", |array| array.as_string_opt::<i32>();
    /// A column of yes and no.
    bool -> BooleanArray, "Boolean", |array| array.as_boolean_opt();
    /// A column of 64-bit floats.
    f64 -> Float64Array, "Float64", |array| array.as_primitive_opt::<Float64Type>();
    /// A column of unsigned 64-bit integers.
    u64 -> UInt64Array, "UInt64", |array| array.as_primitive_opt::<UInt64Type>();
    /// A column of signed 64-bit integers.
    i64 -> Int64Array, "Int64", |array| array.as_primitive_opt::<Int64Type>();
    /// A column of unsigned 32-bit integers.
    u32 -> UInt32Array, "UInt32", |array| array.as_primitive_opt::<UInt32Type>();
    /// A column of times in milliseconds.
    timestamp_ms -> TimestampMillisecondArray, "Timestamp(Millisecond)",
        |array| array.as_primitive_opt::<TimestampMillisecondType>();
    /// A column of lists.
    list -> ListArray, "List", |array| array.as_list_opt::<i32>();
    /// A column of maps.
    map -> MapArray, "Map", |array| array.as_map_opt();
}

/// A column of vectors of the same length from their numbers, row after row: rows × `dims`.
///
/// # Errors
/// `dims` is 0 or more than an `i32`, or does not divide the number of values.
pub fn vectors_array(values: Vec<f32>, dims: usize) -> Result<ArrayRef, ArrowError> {
    let size = i32::try_from(dims).map_err(|error| ArrowError::CastError(error.to_string()))?;
    if size == 0 || !values.len().is_multiple_of(dims) {
        let text = format!("{} values are no rows of {dims}", values.len());
        return Err(ArrowError::InvalidArgumentError(text));
    }
    let field = Arc::new(Field::new("element", DataType::Float32, false));
    let array = FixedSizeListArray::try_new(field, size, Arc::new(Float32Array::from(values)), None)?;
    Ok(Arc::new(array))
}

/// The vectors of a column: their length, and their numbers row after row.
///
/// # Errors
/// There is no such column, it has another type, or there are nulls in it.
pub fn vectors<'a>(path: &Path, batch: &'a RecordBatch, name: &str) -> Result<(usize, &'a [f32]), LakeError> {
    let array = column(path, batch, name)?;
    let wrong = |found: String| LakeError::Column {
        path: path.to_owned(),
        column: name.to_owned(),
        expected: "FixedSizeList of Float32 without nulls".to_owned(),
        found,
    };
    let list = array
        .as_fixed_size_list_opt()
        .ok_or_else(|| wrong(array.data_type().to_string()))?;
    let values = list
        .values()
        .as_primitive_opt::<Float32Type>()
        .ok_or_else(|| wrong(array.data_type().to_string()))?;
    if list.null_count() + values.null_count() > 0 {
        return Err(wrong("nulls".to_owned()));
    }
    let dims = usize::try_from(list.value_length()).unwrap_or(0);
    let start = list.offset() * dims;
    let numbers = values.values().get(start..start + list.len() * dims);
    numbers
        .map(|numbers| (dims, numbers))
        .ok_or_else(|| wrong("a list that ends early".to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn vectors_come_back_as_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("factors.parquet");
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let values = vec![1.0f32, -2.5, 3.25, 4.0, 0.0, f32::MIN_POSITIVE];
        let batch =
            RecordBatch::try_from_iter([("item_id", ids), ("factor", vectors_array(values.clone(), 2).unwrap())]);
        write(&path, &batch.unwrap()).unwrap();
        let batch = read(&path).unwrap();
        assert_eq!(text(&path, &batch, "item_id").unwrap().value(2), "c");
        assert_eq!(vectors(&path, &batch, "factor").unwrap(), (2, values.as_slice()));
        // A slice must not give the rows before it.
        let tail = batch.slice(1, 2);
        assert_eq!(vectors(&path, &tail, "factor").unwrap(), (2, &values[2..]));
    }

    #[test]
    fn a_wrong_column_says_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        write(&path, &RecordBatch::try_from_iter([("item_id", ids)]).unwrap()).unwrap();
        let batch = read(&path).unwrap();
        let error = f64(&path, &batch, "item_id").unwrap_err();
        assert!(error.to_string().contains("expected Float64, found Utf8"), "{error}");
        let error = vectors(&path, &batch, "factor").unwrap_err();
        assert!(error.to_string().contains("found item_id"), "{error}");
        assert!(vectors_array(vec![1.0; 3], 2).is_err());
    }
}
