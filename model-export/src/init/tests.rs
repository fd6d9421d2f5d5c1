#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn typed_headers_event_types_and_separators_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    let events = write(
        dir.path(),
        "log.tsv",
        "personId\tcontentId\ttimestamp\teventType\tsessionId\n\
         7\ta\t1465413032\tVIEW\ts1\n8\tb\t1465413033\tCOMMENT CREATED\ts2\n",
    );
    let items = write(
        dir.path(),
        "films.csv",
        "item_id:token,movie_title:token_seq,genres\na,Toy Story,Fun|Kids\n",
    );
    let users = write(dir.path(), "users.csv", "user_id,age\n7,30\n");
    let (text, report) = draft(
        &[events, items, users],
        &dir.path().join("selvedge.toml"),
        &Answers::default(),
    )
    .unwrap();
    let roles: Vec<&str> = report.files.iter().map(|file| file.role).collect();
    assert_eq!(roles, ["events", "catalogue", "unused"]);
    for expected in [
        "path = \"log.tsv\"",
        "user = \"personId\"",
        "\"VIEW\" = \"view\"\n",
        "\"COMMENT CREATED\" = \"click\"\n",
        "context = [\"sessionId\"]",
        "id = \"item_id:token\"",
        "title = \"movie_title:token_seq\"",
        "category_separator = \"|\"",
        "# Not used: users.csv",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
}

#[test]
fn days_before_months_and_compact_dates() {
    let dir = tempfile::tempdir().unwrap();
    for (times, format) in [
        (
            ["13/01/2024 10:00", "02/03/2024 11:30"],
            "timestamp_format = \"day_first\"",
        ),
        (["01/13/2024", "02/03/2024"], "timestamp_format = \"month_first\""),
        (["20240113", "19970101"], "timestamp = \"date\""),
        (["1700000000000", "1700000000001"], "timestamp = \"date\""),
    ] {
        let text = format!("customer_id,sku,date,price\n1,a,{},2\n2,b,{},3\n", times[0], times[1]);
        let file = write(dir.path(), "orders.csv", &text);
        let (text, _) = draft(&[file], &dir.path().join("selvedge.toml"), &Answers::default()).unwrap();
        assert!(text.contains(format), "{format} is not in:\n{text}");
        assert!(text.contains("event_type = \"conversion\""), "{text}");
    }
}

#[test]
fn names_that_toml_or_patterns_would_read_otherwise_stay_names() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(
        dir.path(),
        "a[1] \"b\".csv",
        "user_id,item_id,timestamp,event\nu,i,2024-01-01,\"view \"\"hi\"\"\"\n",
    );
    let output = dir.path().join("selvedge.toml");
    init(&[file], &output, false, &Answers::default()).unwrap();
    let config = Config::load(&output, &[]).unwrap();
    assert!(config.events[0].event_types.contains_key("view \"hi\""));
    assert_eq!(glob::glob(&config.events[0].path).unwrap().count(), 1);
}

#[test]
fn a_draft_is_written_with_its_gap_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "x.csv", "a,b\n1,2\n");
    let output = dir.path().join("selvedge.toml");
    let report = init(&[file], &output, false, &Answers::default()).unwrap();
    assert!(report.has_gap());
    assert!(
        report.gaps().concat().contains("none of the files holds events"),
        "{report:?}"
    );
    let file = write(
        dir.path(),
        "y.csv",
        "user_id,item_id,colour\n1,2,red\n1,3,blue\n2,3,red\n",
    );
    let report = init(&[file], &output, true, &Answers::default()).unwrap();
    assert!(
        report.gaps().concat().contains("no column for the timestamp"),
        "{report:?}"
    );
    assert!(
        std::fs::read_to_string(&output)
            .unwrap()
            .contains("# GAP: no column says when")
    );
}

#[test]
fn answers_settle_what_the_names_do_not_tell() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "x.csv", "a,b,c\nu1,i1,2024-01-01\nu2,i1,2024-01-02\n");
    let output = dir.path().join("selvedge.toml");
    let answers = Answers {
        user: Some("a".to_owned()),
        item: Some("b".to_owned()),
        ..Answers::default()
    };
    let report = init(std::slice::from_ref(&file), &output, false, &answers).unwrap();
    assert!(!report.has_gap(), "{:?}", report.gaps());
    let answers = Answers {
        user: Some("z".to_owned()),
        ..Answers::default()
    };
    assert!(matches!(
        init(&[file], &output, true, &answers),
        Err(InitError::NoColumn { .. })
    ));
}

#[test]
fn what_is_there_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let file = write(dir.path(), "x.csv", "user_id,item_id,time\nu,i,2024-01-01\n");
    let output = write(dir.path(), "selvedge.toml", "mine");
    assert!(matches!(
        init(std::slice::from_ref(&file), &output, false, &Answers::default()),
        Err(InitError::Exists { .. })
    ));
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "mine");
    init(&[file], &output, true, &Answers::default()).unwrap();
    assert_ne!(std::fs::read_to_string(&output).unwrap(), "mine");
}

#[test]
fn a_title_that_is_also_a_category_is_named_once() {
    let dir = tempfile::tempdir().unwrap();
    let events = write(dir.path(), "e.csv", "user_id,product_id,time\nu,1,2024-01-01\n");
    let items = write(
        dir.path(),
        "p.csv",
        "product_id,department,product_type,package_size\n1,GROCERY,ICE - CRUSHED,22 LB\n2,GROCERY,SALT,1 LB\n",
    );
    let (text, _) = draft(&[events, items], &dir.path().join("selvedge.toml"), &Answers::default()).unwrap();
    assert!(
        text.contains("title_case = [\"department\", \"product_type\"]\n"),
        "{text}"
    );
    assert!(
        text.contains("categories = [\"department\", \"product_type\"]\n"),
        "{text}"
    );
}
