//! Parquet files of any schema: written column by column, so that types are possible which Arrow does not write (INT96, for instance).

use std::sync::Arc;

use jiff::Timestamp;
use parquet::basic::{BrotliLevel, Compression, ConvertedType, GzipLevel, LogicalType, TimeUnit, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnDescriptor;

/// A file with one row per line.
pub fn write(schema: &str, codec: &str, text: &str) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression(codec)).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('|').collect()).collect();
    let mut group = writer.next_row_group().unwrap();
    let mut index = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let cells: Vec<&str> = rows.iter().map(|row| *row.get(index).unwrap_or(&"")).collect();
        one_column(column.untyped(), &cells);
        column.close().unwrap();
        index += 1;
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

fn compression(codec: &str) -> Compression {
    match codec {
        "" | "snappy" => Compression::SNAPPY,
        "none" => Compression::UNCOMPRESSED,
        "zstd" => Compression::ZSTD(ZstdLevel::default()),
        "gzip" => Compression::GZIP(GzipLevel::default()),
        "brotli" => Compression::BROTLI(BrotliLevel::default()),
        "lz4" => Compression::LZ4,
        "lz4_raw" => Compression::LZ4_RAW,
        other => panic!("codec = {other:?}"),
    }
}

fn one_column(writer: &mut ColumnWriter<'_>, cells: &[&str]) {
    let of = descriptor(writer);
    let (mut values, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        let several: Vec<&str> = if of.max_rep_level() > 0 {
            cell.split(';').collect()
        } else {
            vec![*cell]
        };
        for (place, value) in several.into_iter().enumerate() {
            let null = value.is_empty() && of.max_def_level() > 0;
            definition.push(if null {
                of.max_def_level() - 1
            } else {
                of.max_def_level()
            });
            repetition.push(i16::from(place > 0));
            if !null {
                values.push(value);
            }
        }
    }
    let (def, rep) = (
        (of.max_def_level() > 0).then_some(definition),
        (of.max_rep_level() > 0).then_some(repetition),
    );
    let (def, rep) = (def.as_deref(), rep.as_deref());
    macro_rules! batch {
        ($writer:expr, $convert:expr) => {{
            let values: Vec<_> = values.iter().map($convert).collect();
            $writer.write_batch(&values, def, rep).unwrap();
        }};
    }
    match writer {
        ColumnWriter::BoolColumnWriter(writer) => batch!(writer, |cell| *cell == "true"),
        ColumnWriter::Int32ColumnWriter(writer) => batch!(writer, |cell| i32::try_from(whole(&of, cell)).unwrap()),
        ColumnWriter::Int64ColumnWriter(writer) => batch!(writer, |cell| whole(&of, cell)),
        ColumnWriter::Int96ColumnWriter(writer) => batch!(writer, |cell| int96(cell)),
        ColumnWriter::FloatColumnWriter(writer) => batch!(writer, |cell| cell.parse::<f32>().unwrap()),
        ColumnWriter::DoubleColumnWriter(writer) => batch!(writer, |cell| cell.parse::<f64>().unwrap()),
        ColumnWriter::ByteArrayColumnWriter(writer) => batch!(writer, |cell| ByteArray::from(*cell)),
        // A UUID.
        ColumnWriter::FixedLenByteArrayColumnWriter(writer) => batch!(writer, |cell| {
            let bytes = base16ct::mixed::decode_vec(cell.replace('-', "")).unwrap();
            FixedLenByteArray::from(ByteArray::from(bytes))
        }),
    }
}

fn descriptor(writer: &ColumnWriter<'_>) -> Arc<ColumnDescriptor> {
    match writer {
        ColumnWriter::BoolColumnWriter(writer) => writer.get_descriptor().clone(),
        ColumnWriter::Int32ColumnWriter(writer) => writer.get_descriptor().clone(),
        ColumnWriter::Int64ColumnWriter(writer) => writer.get_descriptor().clone(),
        ColumnWriter::Int96ColumnWriter(writer) => writer.get_descriptor().clone(),
        ColumnWriter::FloatColumnWriter(writer) => writer.get_descriptor().clone(),
        ColumnWriter::DoubleColumnWriter(writer) => writer.get_descriptor().clone(),
        ColumnWriter::ByteArrayColumnWriter(writer) => writer.get_descriptor().clone(),
        ColumnWriter::FixedLenByteArrayColumnWriter(writer) => writer.get_descriptor().clone(),
    }
}

/// A whole number: as written, of a time in the column's unit, of a day, or of a decimal with its scale.
fn whole(of: &ColumnDescriptor, cell: &str) -> i64 {
    if let Some(LogicalType::Timestamp(timestamp)) = of.logical_type_ref() {
        let time: Timestamp = cell.parse().unwrap();
        return match timestamp.unit {
            TimeUnit::MILLIS => time.as_millisecond(),
            TimeUnit::MICROS => time.as_microsecond(),
            TimeUnit::NANOS => i64::try_from(time.as_nanosecond()).unwrap(),
        };
    }
    match of.converted_type() {
        ConvertedType::DATE => {
            let time: Timestamp = format!("{cell}T00:00:00Z").parse().unwrap();
            time.as_second() / 86_400
        }
        ConvertedType::DECIMAL => {
            let (whole, part) = cell.split_once('.').unwrap_or((cell, ""));
            let scale = usize::try_from(of.type_scale()).unwrap();
            format!("{whole}{part:0<scale$}").parse().unwrap()
        }
        _ => cell.parse().unwrap(),
    }
}

/// Nanoseconds of the day, then the Julian day, as Hive and old Spark write times.
fn int96(cell: &str) -> Int96 {
    let time: Timestamp = cell.parse().unwrap();
    let (day, second) = (time.as_second().div_euclid(86_400), time.as_second().rem_euclid(86_400));
    let nanoseconds = u64::try_from(second).unwrap() * 1_000_000_000;
    let mut value = Int96::new();
    value.set_data(
        u32::try_from(nanoseconds & 0xffff_ffff).unwrap(),
        u32::try_from(nanoseconds >> 32).unwrap(),
        u32::try_from(day + 2_440_588).unwrap(),
    );
    value
}
