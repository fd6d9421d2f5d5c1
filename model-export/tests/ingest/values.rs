//! What a cell means: times, numbers, ids, placeholders, event types, and which rows count.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;
use selvedge_lake::explain::{Exit, Explain as _};
use selvedge_lake::ingest::{IngestError, Note};
use selvedge_lake::storage::ALL_TIME;

use crate::support::{EVENTS, Folder};

/// A source with settings before its columns.
fn source(settings: &str, columns: &str) -> String {
    format!(
        "[[events]]\npath = \"events*\"\n{settings}\n[events.columns]\nuser = \"user\"\nitem = \"item\"\n{columns}\n"
    )
}

const TIME: &str = "timestamp = \"time\"";

#[test]
fn a_file_with_day_and_month_the_other_way_round_is_refused_with_the_setting() {
    let folder = Folder::new();
    let rows: String = (1..=28).map(|day| format!("u{day},a,01/{day:02}/2024\n")).collect();
    folder.write("events.csv", format!("user,item,time\n{rows}"));
    for format in ["day_first", "%d/%m/%Y"] {
        let config = source(&format!("event_type = \"view\"\ntimestamp_format = \"{format}\""), TIME);
        let error = folder.ingest(&config).unwrap_err();
        let IngestError::DayAndMonth { rows, example, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((*rows, example.as_str()), (16, "\"01/13/2024\""));
        assert_eq!(error.exit(), Exit::Data);
        assert!(
            error.hint().unwrap().contains("timestamp_format = "),
            "{:?}",
            error.hint()
        );
        assert!(folder.rows().is_empty());
    }
    let config = source("event_type = \"view\"\ntimestamp_format = \"month_first\"", TIME);
    assert_eq!(folder.ingest(&config).unwrap().files[0].counts.accepted, 28);
}

#[test]
fn auto_refuses_a_date_that_could_be_two() {
    let folder = Folder::new();
    folder.write("events.csv", "user,item,time,value\n1,a,03/04/2024,\n");
    folder.ingest(EVENTS).unwrap();
    assert_eq!(
        folder.refused(),
        [
            "2: timestamp: expected a date that can be read in one way, found \"03/04/2024\"; \
          set timestamp_format = \"day_first\" or \"month_first\""
        ]
    );
}

#[test]
fn rows_that_are_in_order_the_other_way_only_are_told() {
    let folder = Folder::new();
    let rows: String = (1..=12)
        .flat_map(|month| (1..=12).map(move |day| format!("u{day},i{month},{month}/{day}/2024\n")))
        .collect();
    folder.write("events.csv", format!("user,item,time\n{rows}"));
    let config = source("event_type = \"view\"\ntimestamp_format = \"day_first\"", TIME);
    let report = folder.ingest(&config).unwrap();
    assert!(
        matches!(&report.notes[..], [Note::OtherOrder { other, other_percent: 100, .. }] if other == "month_first"),
        "{:?}",
        report.notes
    );
}

#[test]
fn date_and_time_may_stand_in_two_columns() {
    let folder = Folder::new();
    folder.write(
        "events.csv",
        "user,item,Date,Time\n1,a,19/06/2024,15:22:45\n2,a,19/06/2024,3:22 PM\n3,a,19/06/2024 00:00:00,1522\n4,a,19/06/2024,\n",
    );
    let config = source(
        "event_type = \"view\"\ntimestamp_format = \"day_first\"",
        "timestamp = \"{Date} {Time}\"",
    );
    folder.ingest(&config).unwrap();
    assert_eq!(
        folder.rows(),
        [
            "4 a view 1718755200000 NaN",
            "2 a view 1718810520000 NaN",
            "3 a view 1718810520000 NaN",
            "1 a view 1718810565000 NaN",
        ]
    );
}

#[test]
fn an_id_is_the_same_in_every_format() {
    let folder = Folder::new();
    folder.write(
        "events.csv",
        "user,item,time,value\n17.0, 17 ,1700000000,\n\"17\",17.0,1700000001,\n",
    );
    folder.write(
        "events.jsonl",
        "{\"user\": 17, \"item\": \"17\", \"time\": 1700000002}\n{\"user\": 17.0, \"item\": \"17.0\", \"time\": 1700000003}\n",
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(Float64Array::from(vec![17.0]))),
        ("item", Arc::new(StringArray::from(vec!["17.0"]))),
        (
            "time",
            Arc::new(TimestampMillisecondArray::from(vec![1_700_000_004_000])),
        ),
        ("value", Arc::new(Float64Array::from(vec![f64::NAN]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    folder.write("events.parquet", bytes);
    folder.ingest(EVENTS).unwrap();
    assert_eq!(folder.refused(), [""; 0]);
    let read = folder.lake().read_interactions(ALL_TIME).unwrap();
    assert_eq!(
        (read.users, read.items, read.rows.len()),
        (vec!["17".to_owned()], vec!["17".to_owned()], 5)
    );
}

#[test]
fn nobody_is_anonymous_or_refused_and_a_rounded_barcode_is_no_id() {
    let folder = Folder::new();
    let text = "user,item,time,value\nNULL,a,1700000000,\n0.0,a,1700000001,\nGuest,a,1700000002,\nu1,a,1700000003,\n\
                u1,8.52E+12,1700000004,\nu1,(not set),1700000005,\nu1,0,1700000006,\n";
    folder.write("events.csv", text);
    folder.ingest(EVENTS).unwrap();
    let hint = "; set anonymous = true to keep such rows, or placeholders = [] if it is an id";
    assert_eq!(
        folder.refused(),
        [
            format!("2: user: expected an id, found the placeholder \"NULL\"{hint}"),
            format!("3: user: expected an id, found the placeholder \"0.0\"{hint}"),
            format!("4: user: expected an id, found the placeholder \"Guest\"{hint}"),
            "6: item: expected an id, found \"8.52E+12\", which a spreadsheet has rounded; export the column as text"
                .to_owned(),
            "7: item: expected an id, found the placeholder \"(not set)\"".to_owned(),
        ]
    );
    let folder = Folder::new();
    folder.write("events.csv", text);
    folder
        .ingest(&source("event_type = \"view\"\nanonymous = true", TIME))
        .unwrap();
    let read = folder.lake().read_interactions(ALL_TIME).unwrap();
    assert_eq!((read.anonymous, read.rows.len()), (3, 2));
    let folder = Folder::new();
    folder.write("events.csv", text);
    folder
        .ingest(&source("event_type = \"view\"\nplaceholders = []", TIME))
        .unwrap();
    assert_eq!(folder.lake().read_interactions(ALL_TIME).unwrap().rows.len(), 5);
}

#[test]
fn a_filter_says_which_rows_count() {
    let folder = Folder::new();
    folder.write(
        "events.csv",
        "user,item,time,order state,quantity\n1,a,1700000000,paid,2\n1,b,1700000001,Cancelled,1\n1,c,1700000002,paid,-1\n,,never,test,\n",
    );
    let config = source(
        "event_type = \"conversion\"\nwhere = '`order state` not in (\"cancelled\", \"test\") and quantity > 0'",
        TIME,
    );
    let report = folder.ingest(&config).unwrap();
    let counts = &report.files[0].counts;
    assert_eq!(
        (counts.rows, counts.accepted, counts.filtered, counts.quarantined),
        (4, 1, 3, 0)
    );
    assert_eq!(folder.rows(), ["1 a conversion 1700000000000 NaN"]);
    // The counts are kept with the file.
    assert_eq!(folder.ingest(&config).unwrap().files[0].counts.filtered, 3);
}

#[test]
fn a_mistake_in_a_filter_is_told_before_anything_is_read() {
    let config = source("event_type = \"view\"\nwhere = 'state = paid'", TIME);
    let error = selvedge_export::config::Config::parse(
        &config,
        std::path::Path::new("selvedge.toml"),
        std::path::Path::new("."),
        &[],
    )
    .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("events.where, column 9: expected a number, or text in quotes"),
        "{text}"
    );
}

#[test]
fn what_takes_an_event_back_and_unknown_types_are_as_declared() {
    let folder = Folder::new();
    folder.write(
        "events-1.csv",
        "user,item,time,type,order\n1,a,1700000000,cart,7\n1,b,1700000001,cart,8\n1,a,1700000002,wish,9\n",
    );
    // The removal is in another file, and names the order that it takes back.
    folder.write(
        "events-2.csv",
        "user,item,time,type,order\n1,a,1700000003,drop,7\n2,a,1700000004,drop,7\n",
    );
    let config = source(
        "event_types = { cart = \"add_to_cart\", drop = { takes_back = \"add_to_cart\" } }\nunknown_event_types = \"ignore\"",
        "timestamp = \"time\"\nevent_type = \"type\"\nid = \"order\"",
    );
    let report = folder.ingest(&config).unwrap();
    assert_eq!(report.files[0].counts.ignored, 1);
    assert_eq!(folder.rows(), ["1 b add_to_cart 1700000001000 NaN"]);
    assert_eq!(folder.lake().read_interactions(ALL_TIME).unwrap().taken_back, 1);
    // Before the removal, the event counts.
    let before = folder.lake().read_interactions(0..1_700_000_003_000).unwrap();
    assert_eq!((before.rows.len(), before.taken_back), (2, 0));
}

#[test]
fn prices_are_read_in_the_convention_of_their_column() {
    let folder = Folder::new();
    let text = "user;item;time;value\n1;a;1700000000;12,50 €\n1;b;1700000001;1.234,50\n1;c;1700000002;1,234\n1;d;1700000003;(3,00)\n1;e;1700000004;N/A\n";
    folder.write("events.csv", text);
    folder.ingest(EVENTS).unwrap();
    assert_eq!(
        folder.refused(),
        [
            "4: value: expected a number that can be read in one way, found \"1,234\"; set decimal = \",\" or decimal = \".\""
        ]
    );
    let columns = "timestamp = \"time\"\nvalue = \"value\"";
    folder
        .ingest(&source("event_type = \"view\"\ndecimal = \",\"", columns))
        .unwrap();
    let values = folder.rows();
    for value in ["12.5", "1234.5", "1.234", "-3", "NaN"] {
        assert!(
            values.iter().any(|row| row.ends_with(&format!(" {value}"))),
            "{value} of {values:?}"
        );
    }
    let folder = Folder::new();
    folder.write(
        "events.csv",
        "user;item;time;value\n1;a;1700000000;1.234\n1;b;1700000001;12,50\n",
    );
    let error = folder.ingest(EVENTS).unwrap_err();
    assert!(matches!(error, IngestError::DecimalMarks { .. }), "{error}");
    assert!(folder.rows().is_empty());
}

#[test]
fn one_user_with_much_of_a_file_and_an_id_with_many_titles_are_told() {
    let folder = Folder::new();
    let rows: String = (0..2000)
        .map(|row| {
            let user = if row % 10 == 0 {
                "crawler".to_owned()
            } else {
                format!("u{row}")
            };
            format!("{user},i{},{},\n", row % 50, 1_700_000_000 + row)
        })
        .collect();
    folder.write("events.csv", format!("user,item,time,value\n{rows}"));
    let titles: String = (0..60).map(|row| format!("POST,Order {row}\ni{row},Ware\n")).collect();
    folder.write("items.csv", format!("id,title\n{titles}"));
    let config =
        format!("{EVENTS}\n[[catalogue]]\npath = \"items.csv\"\n[catalogue.columns]\nid = \"id\"\ntitle = \"title\"\n");
    let notes = folder.ingest(&config).unwrap().notes;
    assert!(
        matches!(
            &notes[..],
            [Note::ManyTitles { item, titles, .. }, Note::OneUser { user, percent: 10, .. }]
                if item == "POST" && titles.len() == 3 && user == "crawler"
        ),
        "{notes:?}"
    );
}

#[test]
fn a_window_is_open_where_a_database_writes_so_and_never_early() {
    let folder = Folder::new();
    folder.write(
        "items.csv",
        "id,from,until\na,0001-01-01,9999-12-31 23:59:59\nb,0000-00-00 00:00:00,NULL\nc,2024-06-19,2024-07-01\nd,soon,\ne,,1970-01-01\n",
    );
    folder
        .ingest(
            "[[catalogue]]\npath = \"items.csv\"\n[catalogue.columns]\nid = \"id\"\navailable_from = \"from\"\navailable_until = \"until\"\n",
        )
        .unwrap();
    let items = folder.lake().catalogue().unwrap();
    let windows: Vec<_> = items
        .iter()
        .map(|item| (item.id.as_str(), item.available_from_ms, item.available_until_ms))
        .collect();
    assert_eq!(
        windows,
        [
            ("a", None, None),
            ("b", None, None),
            ("c", Some(1_718_755_200_000), Some(1_719_792_000_000)),
        ]
    );
    assert_eq!(
        folder.refused(),
        [
            "5: available_from: expected a time (auto), found \"soon\"",
            "6: available_until: expected 1990 or later, found 1970-01-01",
        ]
    );
}

#[test]
fn the_year_9999_of_an_old_parquet_file_is_no_end() {
    use parquet::data_type::{ByteArray, ByteArrayType, Int96, Int96Type};
    use parquet::file::writer::SerializedFileWriter;

    let schema = "message items { required binary id (UTF8); required int96 until; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let ids = ["a", "b"].map(ByteArray::from);
    // Julian days: 9999-12-31 and 2024-06-19, both at midnight.
    let times = [5_373_484, 2_460_481].map(|day| {
        let mut time = Int96::new();
        time.set_data(0, 0, day);
        time
    });
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&ids, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int96Type>().write_batch(&times, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let folder = Folder::new();
    folder.write("items.parquet", writer.into_inner().unwrap());
    folder
        .ingest(
            "[[catalogue]]\npath = \"items.parquet\"\n[catalogue.columns]\nid = \"id\"\navailable_until = \"until\"\n",
        )
        .unwrap();
    let items = folder.lake().catalogue().unwrap();
    let ends: Vec<_> = items.iter().map(|item| item.available_until_ms).collect();
    assert_eq!(ends, [None, Some(1_718_755_200_000)]);
}
