//! The same rows in every format and compression, and the values that each format has.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int64Array, LargeStringArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use selvedge_export::synthetic::{self, Compression, Format, Options};
use selvedge_lake::storage::{ALL_TIME, Lake, table};

use crate::support::{EVENTS, Folder, gzip};

const SYNTHETIC: &str = include_str!("../../../demo/synthetic.toml");

#[test]
fn the_same_rows_in_every_format_and_compression_give_the_same_events_and_items() {
    let mut first = None;
    for (format, compression) in [
        (Format::Csv, Compression::None),
        (Format::Csv, Compression::Gzip),
        (Format::Csv, Compression::Zstd),
        (Format::Jsonl, Compression::None),
        (Format::Jsonl, Compression::Gzip),
        (Format::Jsonl, Compression::Zstd),
        (Format::Parquet, Compression::None),
    ] {
        let folder = Folder::new();
        let options = Options {
            users: 40,
            items: 48,
            visits: 3,
            format,
            compression,
            ..Options::default()
        };
        synthetic::write(&folder.path().join("data"), &options).unwrap();
        let config = SYNTHETIC.replace("../.selvedge/cache/synthetic", "data");
        let report = folder.ingest_strictly(&config, 0.0).unwrap();
        assert_eq!(report.files.len(), 2);
        let lake = folder.lake();
        let found = (lake.read_interactions(ALL_TIME).unwrap(), lake.catalogue().unwrap());
        let data = synthetic::generate(&options).unwrap();
        assert_eq!(found.0.rows.len(), data.events.len());
        assert_eq!(found.1.len(), 48);
        let first = first.get_or_insert_with(|| debug(&found));
        assert_eq!(*first, debug(&found), "{format:?} {compression:?}");
    }
}

/// NaN is not equal to itself, so that values are compared as text.
fn debug(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

#[test]
fn parquet_of_other_writers_is_read_by_meaning() {
    let folder = Folder::new();
    let ids: [(&str, ArrayRef); 4] = [
        ("ints", Arc::new(Int64Array::from(vec![7, 8]))),
        ("floats", Arc::new(Float64Array::from(vec![7.0, 8.0]))),
        ("large", Arc::new(LargeStringArray::from(vec!["7", "8"]))),
        (
            "dictionary",
            Arc::new(["7", "8"].into_iter().collect::<DictionaryArray<Int32Type>>()),
        ),
    ];
    let second = 1_700_000_000i64;
    let times: [(&str, ArrayRef); 4] = [
        (
            "ns",
            Arc::new(TimestampNanosecondArray::from(vec![second * 1_000_000_000; 2])),
        ),
        (
            "us",
            Arc::new(TimestampMicrosecondArray::from(vec![second * 1_000_000; 2]).with_timezone("Asia/Tokyo")),
        ),
        ("s", Arc::new(TimestampSecondArray::from(vec![second; 2]))),
        ("text", Arc::new(StringArray::from(vec!["2023-11-14T22:13:20Z"; 2]))),
    ];
    let mut files = 0;
    for (_, id) in &ids {
        for (_, time) in &times {
            let value: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.5), None]));
            let batch = RecordBatch::try_from_iter([
                ("user", id.clone()),
                ("item", id.clone()),
                ("time", time.clone()),
                ("value", value),
            ]);
            table::write(&folder.path().join(format!("events{files}")), &batch.unwrap()).unwrap();
            files += 1;
        }
    }
    folder.ingest_strictly(EVENTS, 0.0).unwrap();
    let rows = folder.rows();
    assert_eq!(rows.len(), files * 2);
    for row in rows {
        assert!(
            row == "7 7 view 1700000000000 1.5" || row == "8 8 view 1700000000000 NaN",
            "{row}"
        );
    }
}

#[test]
fn parquet_times_without_a_zone_are_local() {
    let folder = Folder::new();
    let time: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_700_000_000_123_456_789]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let value: ArrayRef = Arc::new(Float64Array::from(vec![0.0]));
    let batch = RecordBatch::try_from_iter([("user", text.clone()), ("item", text), ("time", time), ("value", value)]);
    table::write(&folder.path().join("events"), &batch.unwrap()).unwrap();
    let config = EVENTS.replace("[events.columns]", "time_zone = \"America/New_York\"\n[events.columns]");
    folder.ingest_strictly(&config, 0.0).unwrap();
    assert_eq!(folder.rows(), ["a a view 1700018000123 0"]);
}

#[test]
fn json_paths_numbers_and_missing_keys() {
    let folder = Folder::new();
    let lines = "{\"who\": {\"id\": 18446744073709551615}, \"item\": \"ä\", \"time\": 1700000000}\n\
                 {\"who\": {\"id\": \"x\"}, \"item\": 12345678901234567, \"time\": 1700000001, \"value\": \"2.5\"}";
    folder.write("events.ndjson.gz", gzip(lines.as_bytes()));
    folder
        .ingest_strictly(&EVENTS.replace("\"user\"", "\"who.id\""), 0.0)
        .unwrap();
    assert_eq!(
        folder.rows(),
        [
            "18446744073709551615 ä view 1700000000000 NaN",
            "x 12345678901234567 view 1700000001000 2.5"
        ]
    );
}

#[test]
fn csv_without_header_with_other_separators_and_a_byte_order_mark() {
    let folder = Folder::new();
    folder.write(
        "events1",
        "\u{feff}user;item;time;value\r\n1;a;2023-11-14 22:13:20;\"1\"\r\n",
    );
    folder.write("events2", "user|item|time|value\n1|\"b|c\"|2023-11-14 22:13:21|2\n");
    folder.ingest_strictly(EVENTS, 0.0).unwrap();
    assert_eq!(
        folder.rows(),
        ["1 a view 1700000000000 1", "1 b|c view 1700000001000 2"]
    );

    let folder = Folder::new();
    folder.write("events", "1 a 1700000000\n2 b 1700000001\n");
    let config = "
        [[events]]
        path = \"events\"
        delimiter = \" \"
        header = false
        event_type = \"click\"
        columns = { user = \"1\", item = \"2\", timestamp = \"3\" }";
    folder.ingest_strictly(config, 0.0).unwrap();
    assert_eq!(
        folder.rows(),
        ["1 a click 1700000000000 NaN", "2 b click 1700000001000 NaN"]
    );
}

#[test]
fn event_types_are_translated_ignored_or_refused() {
    let folder = Folder::new();
    folder.write(
        "events",
        "user,item,time,what\n1,a,1700000000,VIEW\n1,a,1700000001,click\n1,a,1700000002,FOLLOW\n1,a,1700000003,?\n",
    );
    let config = "
        [[events]]
        path = \"events\"
        columns = { user = \"user\", item = \"item\", timestamp = \"time\", event_type = \"what\" }
        event_types = { VIEW = \"view\", FOLLOW = \"ignore\" }";
    let report = folder.ingest(config).unwrap();
    assert_eq!(
        folder.rows(),
        ["1 a view 1700000000000 NaN", "1 a click 1700000001000 NaN"]
    );
    let counts = &report.files[0].counts;
    assert_eq!(
        (counts.rows, counts.accepted, counts.ignored, counts.quarantined),
        (4, 2, 1, 1)
    );
    assert_eq!(
        folder.refused(),
        ["5: event type: expected one of the schema or of event_types, found \"?\""]
    );
}

/// A line as the Worker's collector writes it.
fn collected(id: &str, user: &str, item: &str, time: i64) -> String {
    format!(
        "{{\"id\":\"{id}\",\"user\":{user},\"item\":\"{item}\",\"type\":\"click\",\"timestamp_ms\":{time},\
         \"value\":null,\"slot\":\"home\",\"position\":3,\"segment\":12,\"model\":null,\"context\":{{\"page\":\"start\"}}}}\n"
    )
}

const COLLECTOR: &str = "[[events]]\npreset = \"selvedge-collector\"\npath = \"r2/**/*.ndjson.gz\"\n";

#[test]
fn what_the_worker_collects_is_read_back_and_a_second_delivery_changes_nothing() {
    let folder = Folder::new();
    // Before the first visitor there are no files.
    let report = folder.ingest_strictly(COLLECTOR, 0.0).unwrap();
    assert_eq!((report.files.len(), report.notes.len()), (0, 1));

    let first = collected("e1", "\"00ff\"", "a", 1_700_000_000_000) + &collected("e2", "null", "b", 1_700_000_000_001);
    let again =
        collected("e1", "\"00ff\"", "a", 1_700_000_000_000) + &collected("e3", "\"00ff\"", "c", 1_700_000_000_002);
    folder.write("r2/events/date=2023-11-14/hour=22/1.ndjson.gz", gzip(first.as_bytes()));
    folder.write("r2/events/date=2023-11-14/hour=22/2.ndjson.gz", gzip(again.as_bytes()));
    folder.ingest_strictly(COLLECTOR, 0.0).unwrap();
    assert_eq!(
        folder.rows(),
        ["00ff a click 1700000000000 NaN", "00ff c click 1700000000002 NaN"]
    );
    let lake = folder.lake();
    assert_eq!(lake.read_interactions(ALL_TIME).unwrap().anonymous, 1);
    assert_eq!(events(&lake), 3);
    let batch = lake.events(ALL_TIME).unwrap().next().unwrap().unwrap();
    let context = format!("{:?}", batch.column_by_name("context").unwrap());
    for text in ["slot", "home", "position", "3", "segment", "12", "page", "start"] {
        assert!(context.contains(&format!("\"{text}\"")), "{text} is not in {context}");
    }
    assert!(!context.contains("\"model\""), "{context}");
}

fn events(lake: &Lake) -> usize {
    lake.events(ALL_TIME)
        .unwrap()
        .map(|batch| batch.unwrap().num_rows())
        .sum()
}

#[test]
fn a_range_of_times_is_exact_at_both_ends() {
    let folder = Folder::new();
    let day = 86_400_000;
    let start = 1_700_006_400_000;
    let rows: String = (-1..=2).map(|n| format!("u,i,{},1\n", start + n * day)).collect();
    folder.write("events", format!("user,item,time,value\n{rows}"));
    folder.ingest_strictly(EVENTS, 0.0).unwrap();
    let lake = folder.lake();
    let times = |range| -> Vec<i64> {
        lake.read_interactions(range)
            .unwrap()
            .rows
            .iter()
            .map(|row| (row.timestamp_ms - start) / day)
            .collect()
    };
    assert_eq!(times(ALL_TIME), [-1, 0, 1, 2]);
    assert_eq!(times(start..start + day), [0]);
    assert_eq!(times(start..start + day + 1), [0, 1]);
    assert_eq!(times(start - day..start), [-1]);
    assert!(times(start + 1..start + day).is_empty());
}
