//! Files that are broken, or made to break something.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StructArray};
use arrow_schema::{DataType, Field};
use proptest::prelude::*;
use selvedge_lake::explain::Explain as _;
use selvedge_lake::ingest::IngestError;
use selvedge_lake::storage::table;

use crate::support::{EVENTS, Folder, gzip};

const HEADER: &str = "user,item,time,value\n";

fn good(count: i64) -> String {
    (0..count)
        .map(|n| format!("u,i{n},{},1\n", 1_700_000_000 + n))
        .collect()
}

#[test]
fn a_quote_that_is_never_closed_costs_one_row() {
    let folder = Folder::new();
    folder.write(
        "events.csv",
        format!("{HEADER}{}u,\"open,1700000000,1\n{}", good(10), good(1000)),
    );
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.rows().len(), 1010);
    assert_eq!(folder.refused(), ["12: expected a closing quote, found none"]);
}

#[test]
fn a_quote_that_the_next_value_closes_costs_one_row() {
    let folder = Folder::new();
    let text = format!(
        "{HEADER}u,\"open,1700000000,1\n{}u,\"b\",1700000000,1\n{}",
        good(3),
        good(3)
    );
    folder.write("events.csv", text);
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.rows().len(), 7);
    assert_eq!(folder.refused(), ["2: expected a closing quote, found none"]);
}

#[test]
fn a_line_without_end_costs_one_row() {
    for (name, start) in [
        ("events.csv", HEADER),
        ("events.jsonl", "{\"user\":1,\"item\":2,\"time\":1700000000}\n"),
    ] {
        let folder = Folder::new();
        let mut bytes = start.as_bytes().to_vec();
        bytes.resize(bytes.len() + (3 << 20), b'x');
        bytes.push(b'\n');
        if name.ends_with("csv") {
            bytes.extend_from_slice(good(1).as_bytes());
        }
        folder.write(name, bytes);
        folder.ingest(EVENTS).unwrap();
        assert_eq!(folder.rows().len(), 1);
        assert_eq!(
            folder.refused(),
            ["2: expected a line of at most 1048576 bytes, found a longer one"]
        );
        // Only the beginning of it is kept.
        let kept = folder
            .lake_files()
            .into_iter()
            .find(|(path, _)| path.starts_with("quarantine"))
            .unwrap()
            .1;
        assert!(kept.len() < 10_000);
    }
}

#[test]
fn json_that_nests_deeply_is_refused() {
    let folder = Folder::new();
    folder.write(
        "events.jsonl",
        format!("{{\"user\":{}1{}}}\n", "[".repeat(100_000), "]".repeat(100_000)),
    );
    folder.ingest(EVENTS).unwrap();
    assert!(folder.refused()[0].starts_with("1: expected one JSON object, found recursion limit"));
}

#[test]
fn ids_that_could_do_harm_are_refused() {
    let folder = Folder::new();
    let long = "x".repeat(257);
    folder.write(
        "events.csv",
        format!("{HEADER}u,a\u{0}b,1700000000,1\nu,{long},1700000000,1\nu\u{7f},i,1700000000,1\n"),
    );
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.refused().len(), 3);
    assert!(folder.rows().is_empty());
}

#[test]
fn files_without_rows_are_fine_and_have_none() {
    let folder = Folder::new();
    folder.write("events1.csv", "");
    folder.write("events2.csv", HEADER);
    folder.write("events3.csv", "\n\n");
    let report = folder.ingest_strictly(EVENTS, 0.0);
    // An empty file may be one that is not written yet; it holds no row that could be lost.
    let report = report.unwrap();
    assert!(report.files.iter().all(|file| file.counts.rows == 0));
    assert!(folder.rows().is_empty());
}

#[test]
fn a_file_that_ends_early_is_an_error_and_publishes_nothing() {
    let folder = Folder::new();
    let whole = gzip(format!("{HEADER}{}", good(1000)).as_bytes());
    folder.write("events.csv.gz", &whole[..whole.len() / 2]);
    let error = folder.ingest(EVENTS).unwrap_err();
    assert!(matches!(error, IngestError::Read { .. }), "{error:?}");
    assert_eq!(error.exit().code(), 1);
    assert!(error.hint().unwrap().contains("copied whole"), "{:?}", error.hint());
    assert!(folder.rows().is_empty());
    // The whole file then is read.
    folder.write("events.csv.gz", whole);
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.rows().len(), 1000);
}

#[test]
fn gzip_members_one_after_another_are_one_file() {
    let folder = Folder::new();
    let mut bytes = gzip(HEADER.as_bytes());
    bytes.extend(gzip(good(2).as_bytes()));
    folder.write("events.csv.gz", bytes);
    folder.ingest_strictly(EVENTS, 0.0).unwrap();
    assert_eq!(folder.rows().len(), 2);
}

#[test]
fn damaged_parquet_is_an_error() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from((0..1000).collect::<Vec<_>>()));
    let times: ArrayRef = Arc::new(Int64Array::from(vec![1_700_000_000; 1000]));
    let batch = RecordBatch::try_from_iter([
        ("user", ids.clone()),
        ("item", ids.clone()),
        ("time", times),
        ("value", ids),
    ]);
    let path = folder.path().join("events");
    table::write(&path, &batch.unwrap()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for damaged in [
        whole[..whole.len() - 20].to_vec(),
        b"PAR1".to_vec(),
        b"PAR1PAR1".to_vec(),
    ] {
        folder.write("events", damaged);
        let error = folder.ingest(EVENTS).unwrap_err();
        assert!(matches!(error, IngestError::Parquet { .. }), "{error:?}");
    }
    // Damage in the middle: whatever is found, it is no panic, and it is either all rows or an error.
    for position in (4..whole.len()).step_by(97) {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x40;
        folder.write("events", damaged);
        match folder.ingest(EVENTS) {
            Ok(report) => assert_eq!(report.files[0].counts.rows, 1000),
            Err(error) => assert!(error.exit().code() > 0),
        }
    }
}

#[test]
fn files_that_cannot_be_read_as_configured_say_why() {
    let folder = Folder::new();
    folder.write("events", [b"\xff\xfeu\0s\0e\0r\0".as_slice()].concat());
    assert!(matches!(folder.ingest(EVENTS), Err(IngestError::NoColumn { found, .. }) if found == ["user"]));
    folder.write("events", b"\x89PNG\r\n\x1a\n");
    assert!(matches!(folder.ingest(EVENTS), Err(IngestError::Unreadable { .. })));
    folder.write("events", gzip(b"PAR1...."));
    assert!(matches!(
        folder.ingest(EVENTS),
        Err(IngestError::CompressedParquet { .. })
    ));
    folder.write("events", "usr,item,time,value\n1,2,1700000000,1\n");
    let error = folder.ingest(EVENTS).unwrap_err();
    assert_eq!(
        error.to_string().split(": ").nth(1),
        Some("expected a column \"user\", found usr, item, time, value")
    );
    assert_eq!(error.hint().unwrap(), "did you mean \"usr\"?");
    assert_eq!(error.exit().code(), 2);
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let field = Arc::new(Field::new("inner", DataType::Int64, false));
    let nested: ArrayRef = Arc::new(StructArray::from(vec![(field, column.clone())]));
    let batch = RecordBatch::try_from_iter([
        ("user", nested),
        ("item", column.clone()),
        ("time", column.clone()),
        ("value", column),
    ]);
    table::write(&folder.path().join("events"), &batch.unwrap()).unwrap();
    assert!(matches!(folder.ingest(EVENTS), Err(IngestError::ColumnType { .. })));
    std::fs::remove_file(folder.path().join("events")).unwrap();
    assert!(matches!(folder.ingest(EVENTS), Err(IngestError::NoFiles { .. })));
    assert!(matches!(folder.ingest(""), Err(IngestError::NoSources)));
}

/// Bytes that are often nearly rows.
fn nearly_rows() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"u,i,1700000000,1\n",
        b"{\"user\": 1, \"item\": \"a\", \"time\": 1700000000}\n",
        b"\"",
        b"\"\"",
        b",",
        b";",
        b"\r\n",
        b"\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"{",
        b"}",
        b"[",
        b"\\",
        b"\\ud800",
        b"1e999",
        b"-",
        b"null",
    ];
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_bytes_a_text_file_has_every_row_is_accepted_or_in_the_quarantine(bytes in nearly_rows()) {
        for (name, start) in [("events.csv", HEADER), ("events.jsonl", "")] {
            let folder = Folder::new();
            folder.write(name, [start.as_bytes(), &bytes].concat());
            let format = name.rsplit('.').next().unwrap_or_default();
            let report = folder.ingest(&EVENTS.replace("event_type", &format!("format = \"{format}\"\nevent_type")));
            let report = match report {
                Ok(report) => report,
                // Bytes that are no text at all are named for what they are, and nothing of them is read.
                Err(IngestError::Unreadable { .. } | IngestError::UnknownEncoding { .. }) => {
                    prop_assert!(folder.rows().is_empty());
                    continue;
                }
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            };
            let counts = &report.files[0].counts;
            prop_assert_eq!(counts.rows, counts.accepted + counts.quarantined);
            prop_assert_eq!(folder.refused().len() as u64, counts.quarantined);
            prop_assert_eq!(folder.rows().len() as u64, counts.accepted);
            // A line is one row at most, and a row that is refused gives its other lines back.
            let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
            prop_assert!(counts.rows <= lines, "{} rows of {} lines", counts.rows, lines);
        }
    }
}
