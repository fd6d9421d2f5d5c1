//! The same content and the same rows in several files: read once, or told.

use selvedge_lake::ingest::{CopyOf, FileStatus, IngestError, IngestReport, Note, forget};
use selvedge_lake::source::LakeConfig;
use selvedge_lake::storage::SourceId;

use crate::support::{EVENTS, Folder, gzip};

fn day(number: i64, rows: i64) -> String {
    let mut text = "user,item,time,value\n".to_owned();
    for row in 0..rows {
        text.push_str(&format!("u{row},i{row},{},1\n", 1_700_000_000 + number * 86_400 + row));
    }
    text
}

fn in_other(report: &IngestReport) -> Vec<(String, String, CopyOf, f64, bool)> {
    let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let told = report.notes.iter().filter_map(|note| match note {
        Note::InOtherFile {
            file,
            other,
            what,
            share,
            merged,
            ..
        } => Some((name(file), name(other), *what, *share, *merged)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_compressed_copy_is_the_same_file_whatever_its_name() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1, 3));
    folder.ingest(EVENTS).unwrap();
    let fingerprint = folder.lake().fingerprint().unwrap();
    // Compressed in place, by gzip and by zstd, and a copy beside it.
    for (name, bytes) in [
        ("events1.csv.gz", gzip(day(1, 3).as_bytes())),
        ("events2.csv.zst", zstd::encode_all(day(1, 3).as_bytes(), 1).unwrap()),
        ("events3.csv", day(1, 3).into_bytes()),
    ] {
        folder.write(name, bytes);
        let report = folder.ingest(EVENTS).unwrap();
        assert!(
            report.files.iter().all(|file| file.status == FileStatus::Unchanged),
            "{name}"
        );
        assert!(
            matches!(report.notes.as_slice(), [.., Note::SameContent { .. }]),
            "{name}: {:?}",
            report.notes
        );
        assert_eq!(folder.rows().len(), 3);
    }
    for name in ["events1.csv", "events3.csv", "events1.csv.gz"] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
        let report = folder.ingest(EVENTS).unwrap();
        assert_eq!(report.files[0].status, FileStatus::Unchanged);
        assert_eq!(folder.lake().fingerprint().unwrap(), fingerprint);
    }
    // Another content replaces it all the same.
    folder.write("events2.csv.zst", gzip(day(2, 1).as_bytes()));
    assert_eq!(folder.ingest(EVENTS).unwrap().files[0].status, FileStatus::Replaced);
    assert_eq!(folder.rows().len(), 1);
}

/// The only record of the lake, changed by `change` and renamed to its source.
fn rewrite_record(folder: &Folder, change: impl FnOnce(&mut serde_json::Value)) {
    let files = folder.lake_files();
    let (path, bytes) = files.iter().find(|(path, _)| path.starts_with("_ingested")).unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    change(&mut record);
    std::fs::remove_file(folder.lake_dir().join(path)).unwrap();
    let source = record["source"].as_str().unwrap();
    folder.write(&format!("lake/_ingested/{source}.json"), record.to_string());
}

#[test]
fn a_compressed_file_in_an_older_lake_keeps_its_id_and_is_not_read_again() {
    let folder = Folder::new();
    folder.write("events1.csv.gz", gzip(day(1, 3).as_bytes()));
    folder.ingest(EVENTS).unwrap();
    // Before compression was looked through, the id was that of the file's bytes, which is among the aliases now.
    let record = folder.lake().records().unwrap().remove(0);
    let raw = record.aliases[0].to_string();
    for part in &record.parts {
        let old = part.replace(record.source.as_str(), &raw);
        std::fs::rename(folder.lake_dir().join(part), folder.lake_dir().join(old)).unwrap();
    }
    rewrite_record(&folder, |json| {
        let text = json.to_string().replace(record.source.as_str(), &raw);
        *json = serde_json::from_str(&text).unwrap();
        for field in ["aliases", "quarantine_kept"] {
            json.as_object_mut().unwrap().remove(field);
        }
    });
    assert_eq!(folder.rows().len(), 3);
    for _ in 0..2 {
        let report = folder.ingest(EVENTS).unwrap();
        assert_eq!(report.files[0].status, FileStatus::Unchanged);
        assert_eq!(report.files[0].counts.source, raw);
    }
    // It is known decompressed as well.
    folder.write("events2.csv", day(1, 3));
    let report = folder.ingest(EVENTS).unwrap();
    assert_eq!((report.files.len(), folder.rows().len()), (1, 3));
}

#[test]
fn a_lake_whose_rows_went_with_the_old_order_is_healed_by_the_next_ingest() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1, 2));
    folder.ingest(EVENTS).unwrap();
    // As a killed run of the older version left it: two records that replace each other, the parts of one removed.
    let record = folder.lake().records().unwrap().remove(0);
    let mut other = serde_json::to_value(&record).unwrap();
    other["source"] = "0123456789abcdef".into();
    other["parts"] = serde_json::json!([]);
    other["replaces"] = serde_json::json!([record.source.as_str()]);
    folder.write("lake/_ingested/0123456789abcdef.json", other.to_string());
    rewrite_record_of(&folder, &record.source, |json| {
        json["sequence"] = 1.into();
        json["replaces"] = serde_json::json!(["0123456789abcdef"]);
    });
    for part in &record.parts {
        std::fs::remove_file(folder.lake_dir().join(part)).unwrap();
    }
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.rows().len(), 2);
    assert_eq!(folder.lake().records().unwrap().len(), 1);
}

fn rewrite_record_of(folder: &Folder, source: &SourceId, change: impl FnOnce(&mut serde_json::Value)) {
    let path = format!("lake/_ingested/{source}.json");
    let bytes = std::fs::read(folder.path().join(&path)).unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    change(&mut record);
    folder.write(&path, record.to_string());
}

#[test]
fn repeated_rows_are_told_and_count_once_where_that_is_asked_for() {
    let folder = Folder::new();
    let rows = day(1, 20) + "u0,i0,1700086400,1\nu1,i1,1700086401,1\nu1,i1,1700086401,2\n";
    folder.write("events1.csv", rows);
    let counts = folder.ingest(EVENTS).unwrap().files.remove(0).counts;
    assert_eq!((counts.accepted, counts.repeated, counts.repeated_once), (23, 2, false));
    let once = EVENTS.replace("event_type =", "repeated_rows = \"once\"\nevent_type =");
    let counts = folder.ingest(&once).unwrap().files.remove(0).counts;
    assert_eq!(
        (counts.rows, counts.accepted, counts.repeated, counts.repeated_once),
        (23, 21, 2, true)
    );
    assert_eq!(folder.rows().len(), 21);
}

#[test]
fn rows_that_are_merged_by_their_id_are_told() {
    let folder = Folder::new();
    folder.write(
        "events1.csv",
        "user,item,time,value,id\nu,i,1700000000,1,a\nu,i,1700000000,1,a\nv,i,1700000000,1,a\n",
    );
    let config = format!("{EVENTS}id = \"id\"\n");
    let counts = folder.ingest(&config).unwrap().files.remove(0).counts;
    assert_eq!((counts.accepted, counts.merged, counts.repeated), (3, 1, 0));
    let read = folder
        .lake()
        .read_interactions(selvedge_lake::storage::ALL_TIME)
        .unwrap();
    assert_eq!((read.rows.len(), read.merged), (2, 1));
}

#[test]
fn rows_that_lie_in_another_file_too_are_told() {
    let folder = Folder::new();
    folder.write("events-all.csv", day(1, 500));
    folder.write("events-part.csv", day(1, 200));
    folder.write("events-other.csv", day(9, 300));
    let told = in_other(&folder.ingest(EVENTS).unwrap());
    assert_eq!(
        told,
        [(
            "events-part.csv".to_owned(),
            "events-all.csv".to_owned(),
            CopyOf::Rows,
            1.0,
            false
        )]
    );
    // Also in a run that reads nothing.
    assert_eq!(in_other(&folder.ingest(EVENTS).unwrap()), told);
}

#[test]
fn orders_that_another_table_of_the_shop_has_too_are_told() {
    let folder = Folder::new();
    let lines = |items: &str, second: i64| -> String {
        let row = |n: i64| {
            format!(
                "u{},{items}{n},{},1,order-{}\n",
                n / 3 % 9,
                1_700_000_000 + n * 60 + second,
                n / 3
            )
        };
        "user,item,time,value,order\n".to_owned() + &(0..300).map(row).collect::<String>()
    };
    folder.write("events-raw.csv", lines("i", 17) + "u1,i1,1700000000,1,extra\n");
    folder.write("events-clean.csv", lines("item ", 0));
    let config = format!("{EVENTS}context = {{ order_id = \"order\" }}\n");
    let told = in_other(&folder.ingest(&config).unwrap());
    assert_eq!(
        told,
        [(
            "events-clean.csv".to_owned(),
            "events-raw.csv".to_owned(),
            CopyOf::Orders,
            1.0,
            false
        )]
    );
}

#[test]
fn a_file_that_is_deleted_keeps_its_rows_until_it_is_forgotten() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1, 2));
    folder.write("events2.csv", day(2, 3));
    folder.ingest(EVENTS).unwrap();
    std::fs::remove_file(folder.path().join("events1.csv")).unwrap();
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.rows().len(), 5);
    let lake = LakeConfig {
        dir: folder.lake_dir(),
        ..LakeConfig::default()
    };
    let before = folder.lake_files();
    let found = forget(&lake, "events1.csv", true).unwrap();
    assert_eq!(
        (
            found.sources.len(),
            found.sources[0].accepted,
            found.sources[0].still_there
        ),
        (1, 2, false)
    );
    assert_eq!(folder.lake_files(), before);
    forget(&lake, "events1.csv", false).unwrap();
    assert_eq!(folder.rows().len(), 3);
    let source = &found.sources[0].source;
    let left: Vec<String> = folder
        .lake_files()
        .keys()
        .map(|path| path.display().to_string())
        .collect();
    let left: Vec<&String> = left.iter().filter(|path| path.contains(source)).collect();
    assert_eq!(left, [&format!("_forgotten/{source}-0.json")], "only the receipt");
    assert!(matches!(
        forget(&lake, "events1.csv", false),
        Err(IngestError::NoSource { .. })
    ));
    // One that is still there is read again.
    assert!(forget(&lake, "events*", false).unwrap().sources[0].still_there);
    assert!(folder.rows().is_empty());
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.rows().len(), 3);
}

#[test]
fn a_path_that_two_sources_read_is_replaced_for_each_by_its_own() {
    let folder = Folder::new();
    let both = format!("{EVENTS}{}", EVENTS.replace("\"view\"", "\"conversion\""));
    folder.write("events1.csv", day(1, 2));
    folder.ingest(&both).unwrap();
    folder.write("events1.csv", day(2, 3));
    let report = folder.ingest(&both).unwrap();
    assert!(report.files.iter().all(|file| file.status == FileStatus::Replaced));
    assert_eq!(folder.rows().len(), 6);
}
