//! Generated data as files like those that people bring.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use serde::Serialize;
use serde_json::json;

use super::{DataSet, Event, Options, user_id};
use selvedge_lake::storage::{LakeError, atomic, table};

/// What the files are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma separated text.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

/// How text files are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

/// Writes all files of a data set and returns them.
pub fn files(dir: &Path, data: &DataSet, options: &Options) -> Result<Vec<PathBuf>, LakeError> {
    let extension = match (options.format, options.compression) {
        (Format::Parquet, _) => "parquet",
        (Format::Csv, Compression::None) => "csv",
        (Format::Csv, Compression::Gzip) => "csv.gz",
        (Format::Csv, Compression::Zstd) => "csv.zst",
        (Format::Jsonl, Compression::None) => "jsonl",
        (Format::Jsonl, Compression::Gzip) => "jsonl.gz",
        (Format::Jsonl, Compression::Zstd) => "jsonl.zst",
    };
    let events = dir.join(format!("events.{extension}"));
    let catalogue = dir.join(format!("catalogue.{extension}"));
    match options.format {
        Format::Parquet => {
            table::write(&events, &events_batch(data).map_err(LakeError::arrow(&events))?)?;
            table::write(
                &catalogue,
                &catalogue_batch(data).map_err(LakeError::arrow(&catalogue))?,
            )?;
        }
        Format::Csv => {
            lines(&events, options.compression, &mut events_csv(data))?;
            lines(&catalogue, options.compression, &mut catalogue_csv(data))?;
        }
        Format::Jsonl => {
            lines(&events, options.compression, &mut events_jsonl(data))?;
            lines(&catalogue, options.compression, &mut catalogue_jsonl(data))?;
        }
    }
    let tastes = dir.join("tastes.csv");
    let users = data
        .groups
        .iter()
        .zip(0..)
        .map(|(group, user)| format!("{},{group}", user_id(user)));
    lines(
        &tastes,
        Compression::None,
        &mut std::iter::once("user,group".to_owned()).chain(users),
    )?;
    Ok(vec![events, catalogue, tastes])
}

fn lines(path: &Path, compression: Compression, lines: &mut dyn Iterator<Item = String>) -> Result<(), LakeError> {
    atomic::write(path, |file| {
        let result = match compression {
            Compression::None => all(file, lines),
            Compression::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::default());
                all(&mut encoder, lines).and_then(|()| encoder.finish().map(drop))
            }
            Compression::Zstd => zstd::Encoder::new(file, 3)
                .and_then(|mut encoder| all(&mut encoder, lines).and_then(|()| encoder.finish().map(drop))),
        };
        result.map_err(LakeError::io("write", path))
    })
}

fn all(writer: &mut dyn Write, lines: &mut dyn Iterator<Item = String>) -> std::io::Result<()> {
    for line in lines {
        writer.write_all(line.as_bytes())?;
        writer.write_all(b"\n")?;
    }
    Ok(())
}

/// A value of a CSV line, quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn event_id(number: usize) -> String {
    format!("e{number:07}")
}

fn item_id<'a>(data: &'a DataSet, event: &Event) -> &'a str {
    &data.items[event.item as usize].id
}

fn time(timestamp_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(timestamp_ms)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

fn events_csv(data: &DataSet) -> impl Iterator<Item = String> {
    let rows = data.events.iter().enumerate().map(|(number, event)| {
        format!(
            "{},{},{},{},{},{},s{}",
            event_id(number),
            user_id(event.user),
            item_id(data, event),
            event.kind.as_str(),
            time(event.timestamp_ms),
            event.value.map(|value| value.to_string()).unwrap_or_default(),
            event.session,
        )
    });
    std::iter::once("event_id,user_id,item_id,event_type,timestamp,value,session".to_owned()).chain(rows)
}

fn events_jsonl(data: &DataSet) -> impl Iterator<Item = String> {
    data.events.iter().enumerate().map(|(number, event)| {
        json!({
            "event_id": event_id(number),
            "user_id": user_id(event.user),
            "item_id": item_id(data, event),
            "event_type": event.kind.as_str(),
            "timestamp": event.timestamp_ms,
            "value": event.value,
            "session": format!("s{}", event.session),
        })
        .to_string()
    })
}

fn events_batch(data: &DataSet) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let events = &data.events;
    let text =
        |values: &mut dyn Iterator<Item = String>| -> ArrayRef { Arc::new(StringArray::from_iter_values(values)) };
    let times = events.iter().map(|event| event.timestamp_ms);
    let columns: [(&str, ArrayRef); 7] = [
        ("event_id", text(&mut (0..events.len()).map(event_id))),
        ("user_id", text(&mut events.iter().map(|event| user_id(event.user)))),
        (
            "item_id",
            text(&mut events.iter().map(|event| item_id(data, event).to_owned())),
        ),
        (
            "event_type",
            text(&mut events.iter().map(|event| event.kind.as_str().to_owned())),
        ),
        (
            "timestamp",
            Arc::new(TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC")),
        ),
        (
            "value",
            Arc::new(events.iter().map(|event| event.value).collect::<Float64Array>()),
        ),
        (
            "session",
            text(&mut events.iter().map(|event| format!("s{}", event.session))),
        ),
    ];
    RecordBatch::try_from_iter(columns)
}

fn catalogue_csv(data: &DataSet) -> impl Iterator<Item = String> {
    let rows = data.items.iter().map(|item| {
        let texts = [
            &item.id,
            &item.title,
            item.department(),
            item.category_name(),
            item.brand,
            item.size,
        ];
        format!("{},{}", texts.map(quoted).join(","), item.price)
    });
    std::iter::once("item_id,title,department,category,brand,size,price".to_owned()).chain(rows)
}

fn catalogue_jsonl(data: &DataSet) -> impl Iterator<Item = String> {
    data.items.iter().map(|item| {
        json!({
            "item_id": item.id,
            "title": item.title,
            "department": item.department(),
            "category": item.category_name(),
            "brand": item.brand,
            "size": item.size,
            "price": item.price,
        })
        .to_string()
    })
}

fn catalogue_batch(data: &DataSet) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let items = &data.items;
    let text = |value: fn(&super::Item) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(items.iter().map(value)))
    };
    let columns: [(&str, ArrayRef); 7] = [
        ("item_id", text(|item| &item.id)),
        ("title", text(|item| &item.title)),
        ("department", text(|item| item.department())),
        ("category", text(|item| item.category_name())),
        ("brand", text(|item| item.brand)),
        ("size", text(|item| item.size)),
        (
            "price",
            Arc::new(Float64Array::from_iter_values(items.iter().map(|item| item.price))),
        ),
    ];
    RecordBatch::try_from_iter(columns)
}
