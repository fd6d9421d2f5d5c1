//! Once is once: the same files again, changed files, files that move, runs that died.

use selvedge_lake::explain::Explain as _;
use selvedge_lake::ingest::{FileStatus, IngestError};
use selvedge_lake::storage::{Lake, LakeError};

use crate::support::{EVENTS, Folder};

const CATALOGUE: &str = "[[catalogue]]\npath = \"items.csv\"\ncolumns = { id = \"id\", title = \"title\" }\n";

fn day(number: i64) -> String {
    format!(
        "user,item,time,value\nu{number},i,{},1\nbad\n",
        1_700_000_000 + number * 86_400
    )
}

#[test]
fn a_second_run_changes_no_byte_of_the_lake() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1));
    folder.write("events2.csv", day(2));
    folder.write("items.csv", "id,title\ni,Item\n");
    let config = format!("{EVENTS}{CATALOGUE}");
    folder.ingest(&config).unwrap();
    let before = folder.lake_files();
    assert!(before.len() >= 2 + 1 + 2 + 3, "{:?}", before.keys());
    let report = folder.ingest(&config).unwrap();
    assert!(report.files.iter().all(|file| file.status == FileStatus::Unchanged));
    assert_eq!(folder.lake_files(), before);
    // A new lake from the same files has the same bytes: nothing in it depends on the time or on the run.
    std::fs::remove_dir_all(folder.lake_dir()).unwrap();
    folder.ingest(&config).unwrap();
    assert_eq!(folder.lake_files(), before);
}

#[test]
fn a_new_file_is_added_and_a_changed_one_replaces_its_earlier_rows() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1));
    folder.ingest(EVENTS).unwrap();
    let fingerprint = folder.lake().fingerprint().unwrap();
    folder.write("events1.csv", day(1) + "v,i,1700090000,1\n");
    folder.write("events2.csv", day(2));
    let report = folder.ingest(EVENTS).unwrap();
    let status: Vec<FileStatus> = report.files.iter().map(|file| file.status).collect();
    assert_eq!(status, [FileStatus::Replaced, FileStatus::New]);
    let users: Vec<String> = folder.rows().iter().map(|row| row[..2].trim().to_owned()).collect();
    assert_eq!(users, ["u1", "v", "u2"]);
    assert_ne!(folder.lake().fingerprint().unwrap(), fingerprint);
    // Nothing of the earlier content is left.
    assert_eq!(
        folder
            .lake_files()
            .keys()
            .filter(|path| path.starts_with("_ingested"))
            .count(),
        2
    );
    assert_eq!(folder.refused().len(), 2);
}

#[test]
fn another_mapping_reads_the_file_again() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1));
    folder.ingest(EVENTS).unwrap();
    folder.ingest(&EVENTS.replace("\"view\"", "\"conversion\"")).unwrap();
    assert_eq!(folder.rows(), ["u1 i conversion 1700086400000 1"]);
}

#[test]
fn logs_that_rotate_lose_nothing() {
    let folder = Folder::new();
    let keep = |count: i64| -> Vec<String> { (1..=count).map(|n| format!("u{n}")).collect() };
    let users = || -> Vec<String> { folder.rows().iter().map(|row| row[..2].to_owned()).collect() };
    folder.write("events.1", day(1));
    folder.ingest(EVENTS).unwrap();
    for number in 2..=4 {
        // The newest is always events.1, and only two are kept.
        std::fs::rename(folder.path().join("events.1"), folder.path().join("events.2")).unwrap();
        folder.write("events.1", day(number));
        folder.ingest(EVENTS).unwrap();
        assert_eq!(users(), keep(number).as_slice());
    }
}

#[test]
fn two_copies_of_a_file_are_read_once() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1));
    folder.write("events2.csv", day(1));
    let report = folder.ingest(EVENTS).unwrap();
    assert_eq!((report.files.len(), report.notes.len()), (1, 1));
    assert_eq!(folder.rows().len(), 1);
}

#[test]
fn what_a_killed_run_left_does_not_count_and_is_completed() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1));
    folder.ingest(EVENTS).unwrap();
    let whole = folder.lake_files();
    // Killed after the parts were moved and before the record was written, with something staged.
    let (record, _) = whole.iter().find(|(path, _)| path.starts_with("_ingested")).unwrap();
    std::fs::remove_file(folder.lake_dir().join(record)).unwrap();
    folder.write("lake/_staging/events/date=2023-11-15/left-0.parquet", "half");
    assert!(folder.rows().is_empty());
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.lake_files(), whole);
}

#[test]
fn parts_of_other_engines_are_read_and_change_the_fingerprint() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1));
    folder.ingest(EVENTS).unwrap();
    let fingerprint = folder.lake().fingerprint().unwrap();
    let files = folder.lake_files();
    let (part, bytes) = files
        .iter()
        .find(|(path, _)| path.extension().is_some_and(|e| e == "parquet"))
        .unwrap();
    folder.write(
        &format!("lake/{}/part-00000-of-spark.parquet", part.parent().unwrap().display()),
        bytes,
    );
    assert_eq!(folder.rows().len(), 2);
    assert_ne!(folder.lake().fingerprint().unwrap(), fingerprint);
}

#[test]
fn a_lake_is_written_by_one_process_at_a_time() {
    let folder = Folder::new();
    folder.write("events1.csv", day(1));
    folder.ingest(EVENTS).unwrap();
    let lock = std::fs::File::options()
        .write(true)
        .open(folder.lake_dir().join("_lock"))
        .unwrap();
    lock.lock().unwrap();
    let error = folder.ingest(EVENTS).unwrap_err();
    assert!(matches!(error, IngestError::Lake(LakeError::Busy { .. })), "{error:?}");
    assert_eq!(error.exit().code(), 1);
    drop(lock);
    folder.ingest(EVENTS).unwrap();
}

#[test]
fn a_lake_that_is_not_there_says_what_to_do() {
    let folder = Folder::new();
    let error = Lake::open(&folder.lake_dir()).unwrap_err();
    assert!(error.hint().unwrap().contains("selvedge ingest"));
}
