//! Refused rows: where they stood, why, and when there are too many.

use selvedge_lake::explain::Explain as _;
use selvedge_lake::ingest::IngestError;
use selvedge_lake::storage::ALL_TIME;

use crate::support::{EVENTS, Folder};

#[test]
fn every_refused_row_has_its_line_and_its_reason() {
    let folder = Folder::new();
    // Line 1 is empty, line 4 and 5 are one record, line 7 is empty.
    let text = "\nuser,item,time,value\r\n\
        1,a,1700000000,1\r\n\
        1,\"a\nb\",1700000001,1\r\n\
        1,,1700000002,1\r\n\
        \r\n\
        1,c,yesterday,1\r\n\
        ,d,1700000003,1\r\n\
        1,e,1700000004,much\r\n\
        1,f,1700000005,inf\r\n\
        1,g,1700000006\r\n\
        1,h,0,1\r\n\
        1,i,4000000000,1\r\n\
        1,j,1700000007,\r\n\
        1,k,1700000008,1,1\r\n";
    let mut bytes = text.as_bytes().to_vec();
    bytes.extend_from_slice(b"1,\xff,1700000009,1\n1,l\xc3\xa9,1700000010,1\n1,\xc3\xa9,1700000011,1");
    folder.write("events.csv", bytes);
    folder.ingest(EVENTS).unwrap();
    assert_eq!(
        folder.refused(),
        [
            "4: item: item id: expected text without control characters, found a control character",
            "6: item: expected an id, found \"\"",
            "8: timestamp: expected a time (auto), found \"yesterday\"",
            "9: user: expected an id, found \"\"",
            "10: value: expected a finite number, found \"much\"",
            "11: value: expected a finite number, found \"inf\"",
            "12: expected 4 columns, found 3",
            "13: timestamp: expected a time (auto), found \"0\"",
            "14: timestamp: expected 1990 to tomorrow, found 2096-10-02",
            "16: expected 4 columns, found 5",
            "17: item: expected UTF-8, found other bytes",
        ]
    );
    assert_eq!(
        folder.rows(),
        [
            "1 a view 1700000000000 1",
            "1 j view 1700000007000 NaN",
            "1 lé view 1700000010000 1",
            "1 é view 1700000011000 1"
        ]
    );
}

#[test]
fn refused_json_lines_have_their_line_and_the_whole_text() {
    let folder = Folder::new();
    let text = "{\"user\": 1, \"item\": \"a\", \"time\": 1700000000}\n\
        \n\
        {\"user\": 1, \"item\": \"a\"\n\
        [1, 2]\n\
        {\"user\": null, \"item\": \"a\", \"time\": 1700000000}\n\
        {\"user\": 1.5, \"item\": \"a\", \"time\": 1700000000}\n\
        {\"user\": 1, \"item\": {\"id\": 3}, \"time\": 1700000000}\n\
        {\"user\": 1, \"item\": \"a\", \"time\": \"2023-02-30\"}\n";
    folder.write("events.jsonl", text);
    folder.ingest(EVENTS).unwrap();
    let refused = folder.refused();
    let starts = [
        "3: expected one JSON object, found EOF",
        "4: expected one JSON object, found an array",
        "5: user: expected an id, found nothing",
        "6: user: expected an id, found 1.5",
        "7: item: expected an id, found an object",
        "8: timestamp: expected a time (auto), found \"2023-02-30\"",
    ];
    assert_eq!(refused.len(), starts.len(), "{refused:?}");
    for (found, start) in refused.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}");
    }
    let quarantine = folder
        .lake_files()
        .into_iter()
        .find(|(path, _)| path.starts_with("quarantine"))
        .unwrap();
    let first: serde_json::Value = serde_json::from_slice(quarantine.1.split(|&b| b == b'\n').next().unwrap()).unwrap();
    assert_eq!(first["raw"], "{\"user\": 1, \"item\": \"a\"");
    assert!(first["file"].as_str().unwrap().ends_with("events.jsonl"));
}

#[test]
fn the_quarantine_is_capped_while_counting_goes_on_and_every_reason_keeps_its_first_rows() {
    let folder = Folder::new();
    let mut text = "user,item,time,value\n".to_owned();
    text.push_str(&format!("u,i,{},1\n", "x".repeat(4000)).repeat(30_000));
    text.push_str(&",i,1700000000,1\n".repeat(20));
    text.push_str("u,i,1700000000,1\n");
    let packed = crate::support::gzip(text.as_bytes());
    assert!(packed.len() < 2_000_000, "{}", packed.len());
    folder.write("events.csv.gz", packed);
    let report = folder.ingest(EVENTS).unwrap();
    let counts = &report.files[0].counts;
    assert_eq!((counts.quarantined, counts.accepted), (30_020, 1));
    assert_eq!(report.files[0].reasons["no user"], 20);
    let kept = folder.refused();
    assert_eq!(counts.quarantine_kept, kept.len() as u64);
    assert_eq!(
        kept.iter().filter(|row| row.contains("user: expected an id")).count(),
        10
    );
    let bytes: usize = folder
        .lake_files()
        .iter()
        .filter(|(path, _)| path.starts_with("quarantine"))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert!(bytes < 17 << 20, "{bytes}");
}

#[test]
fn past_the_allowed_share_the_run_stops_and_nothing_of_the_file_counts() {
    let folder = Folder::new();
    let good: String = (0..97).map(|n| format!("u,i,{},1\n", 1_700_000_000 + n)).collect();
    folder.write(
        "events1.csv",
        format!("user,item,time,value\n{good}u,i,x,1\nu,i,y,1\nu,,1700000000,1\n"),
    );
    folder.write("events2.csv", "user,item,time,value\nu,i,1700000000,1\n");
    let error = folder.ingest_strictly(EVENTS, 0.029).unwrap_err();
    assert_eq!(error.exit().code(), 3);
    let IngestError::TooManyBad {
        bad,
        rows,
        reasons,
        quarantine,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!((*bad, *rows), (3, 100));
    assert_eq!(
        reasons[0],
        "  2 like line 99: timestamp: expected a time (auto), found \"x\""
    );
    assert!(std::fs::read_to_string(quarantine).unwrap().contains("\"line\":101"));
    assert!(error.hint().unwrap().contains("quarantine"));
    // Neither that file nor the one after it.
    assert!(folder.lake().records().unwrap().is_empty());
    assert_eq!(folder.lake().events(ALL_TIME).unwrap().count(), 0);
    // Exactly the share is allowed.
    folder.ingest_strictly(EVENTS, 0.03).unwrap();
    assert_eq!(folder.rows().len(), 98);
}
