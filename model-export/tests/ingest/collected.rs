//! What the edge collects: read whatever strangers sent, once for each visitor, and never the end of a run.

use std::path::Path;

use proptest::prelude::*;
use selvedge::engine::{CollectedEvent, EVENT_SCHEMA_VERSION, Empty, Recorded};
use selvedge::event::validate_name;
use selvedge_export::config::Config;
use selvedge_lake::ingest::BadRow;
use selvedge_lake::storage::EdgeVisitors;

use crate::support::{Folder, NOW_MS, gzip};

const COLLECTOR: &str = "[[events]]\npreset = \"selvedge-collector\"\npath = \"r2/**/*.ndjson.gz\"\n";

/// An event as somebody sends it.
#[derive(Clone, Debug)]
struct Sent {
    kind: String,
    item: String,
    at_ms: Option<u64>,
    value: Option<f64>,
    id: String,
    slot: Option<String>,
    user: Option<String>,
    returning: bool,
}

impl Sent {
    fn click(user: &str, id: &str, item: &str) -> Self {
        Self {
            kind: "click".to_owned(),
            item: item.to_owned(),
            at_ms: None,
            value: None,
            id: id.to_owned(),
            slot: None,
            user: Some(user.to_owned()),
            returning: true,
        }
    }

    /// The line that the edge collects; [`None`] if it refuses the event.
    fn line(&self) -> Option<String> {
        let now_ms = u64::try_from(NOW_MS).unwrap();
        let recorded = Recorded::check(&self.kind, &self.item, self.at_ms, self.value, now_ms).ok()?;
        validate_name("id", &self.id).ok()?;
        if let Some(slot) = &self.slot {
            validate_name("slot", slot).ok()?;
        }
        let event = CollectedEvent {
            schema_version: EVENT_SCHEMA_VERSION,
            id: self.id.as_str().into(),
            user: self.user.as_deref(),
            returning: self.returning,
            item: &self.item,
            r#type: recorded.kind,
            timestamp_ms: recorded.at_ms,
            value: self.value,
            slot: self.slot.as_deref(),
            position: None,
            segment: Some(1),
            model: None,
            decision: None,
            context: Empty {},
        };
        Some(serde_json::to_string(&event).unwrap())
    }
}

fn object(folder: &Folder, name: &str, lines: &[String]) {
    let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
    folder.write(&format!("r2/{name}.ndjson.gz"), gzip(text.as_bytes()));
}

/// Texts of which some have spaces around them, control characters, or nothing in them.
fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        4 => proptest::char::range('a', 'z'),
        1 => prop::sample::select(vec![
            ' ', '\t', '\n', '\r', '\0', '\u{7f}', '\u{85}', '\u{a0}', '\u{2028}', '\u{3000}', '\u{feff}', '\u{200b}', '"', '\\', '=', ',', '{', '}'
        ]),
        1 => any::<char>(),
    ];
    prop_oneof![
        8 => prop::collection::vec(letter, 0..6).prop_map(|letters| letters.into_iter().collect()),
        1 => (250usize..260).prop_map(|length| "x".repeat(length)),
        1 => prop::sample::select(vec!["NaN", "1e400", "-0", "null", "17.0"]).prop_map(str::to_owned),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let now_ms = u64::try_from(NOW_MS).unwrap();
    let kind = prop::sample::select(vec![
        "impression",
        "view",
        "click",
        "add_to_cart",
        "conversion",
        "Click",
        "",
    ]);
    let at_ms = prop::option::of(prop_oneof![(now_ms - 90_000_000)..(now_ms + 400_000), any::<u64>(),]);
    let user = prop::option::of("[0-9a-f]{32}");
    (
        kind,
        text(),
        at_ms,
        prop::option::of(any::<f64>()),
        text(),
        prop::option::of(text()),
        user,
        any::<bool>(),
    )
        .prop_map(|(kind, item, at_ms, value, id, slot, user, returning)| Sent {
            kind: kind.to_owned(),
            item,
            at_ms,
            value,
            id,
            slot,
            user,
            returning,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_edge_collects_ingest_accepts(events in prop::collection::vec(sent(), 1..200)) {
        let folder = Folder::new();
        let lines: Vec<String> = events.iter().filter_map(Sent::line).collect();
        object(&folder, "1", &lines);
        let report = folder.ingest_strictly(COLLECTOR, 0.0).unwrap();
        prop_assert_eq!(report.files[0].counts.accepted, lines.len() as u64, "{:?}", folder.refused());
    }
}

#[test]
fn nothing_that_strangers_write_ends_the_run() {
    let good = Sent::click("a", "1", "tea").line().unwrap();
    let other_version = good.replace("\"schema_version\":1", "\"schema_version\":2");
    let not_a_boolean = good.replace("\"returning\":true", "\"returning\":\"yes\"");
    let spaced = good.replace("\"tea\"", "\" \"");
    for first in [
        "\"text\"",
        "[1, 2]",
        "7",
        "user,item,timestamp_ms",
        "PAR1",
        "\u{feff}{",
        "{\"foreign\": true}",
        "{",
        &other_version,
        &not_a_boolean,
        &spaced,
    ] {
        let folder = Folder::new();
        object(&folder, "1", &[first.to_owned(), good.clone()]);
        let report = folder.ingest_strictly(COLLECTOR, 0.0).unwrap();
        let counts = &report.files[0].counts;
        assert_eq!(
            (counts.accepted, counts.quarantined),
            (1, 1),
            "{first}: {:?}",
            folder.refused()
        );
    }
}

#[test]
fn of_an_object_that_was_not_copied_whole_the_rows_count_until_the_whole_one_is_there() {
    let lines: Vec<String> = (0..2000)
        .map(|number| {
            Sent::click("a", &format!("{number}-{}", number * 7919 % 1000), "tea")
                .line()
                .unwrap()
                + "\n"
        })
        .collect();
    let whole = gzip(lines.concat().as_bytes());
    let good = Sent::click("b", "1", "tea").line().unwrap();
    for damaged in [
        whole[..whole.len() / 2].to_vec(),
        b"no gzip".to_vec(),
        vec![0x1f, 0x8b],
        Vec::new(),
        [0x28, 0xb5, 0x2f, 0xfd, 9].to_vec(),
    ] {
        let folder = Folder::new();
        folder.write("r2/1.ndjson.gz", &damaged);
        object(&folder, "2", std::slice::from_ref(&good));
        let report = folder.ingest_strictly(COLLECTOR, 0.0).unwrap();
        assert_eq!(report.files[1].counts.accepted, 1);
        assert_eq!(
            report.files[0].counts.quarantined,
            u64::from(!damaged.is_empty()),
            "{:?}",
            folder.refused()
        );
        folder.write("r2/1.ndjson.gz", &whole);
        folder.ingest_strictly(COLLECTOR, 0.0).unwrap();
        assert_eq!(folder.rows().len(), 2001);
    }
    let reason = BadRow::Unreadable {
        found: "unexpected end of file".to_owned(),
    };
    assert!(reason.to_string().contains("unexpected end of file"));
}

#[test]
fn no_visitor_and_no_other_source_takes_an_order_away() {
    let folder = Folder::new();
    let orders = "[[events]]\npath = \"orders*.csv\"\nevent_type = \"conversion\"\n[events.columns]\nuser = \"user\"\nitem = \"item\"\n\
                  timestamp = \"time\"\nid = \"id\"\n";
    let time_s = NOW_MS / 1000;
    folder.write(
        "orders1.csv",
        format!("user,item,time,id\ncustomer,tea,{time_s},order-1\n"),
    );
    // The same order in an overlapping export is the same event.
    folder.write(
        "orders2.csv",
        format!("user,item,time,id\ncustomer,tea,{time_s},order-1\nother,tea,{time_s},order-1\n"),
    );
    // The same id from the edge, a day earlier: of a stranger, of one who claims the customer's id, and of nobody.
    let earlier = Some(u64::try_from(NOW_MS).unwrap() - 80_000_000);
    let stranger = |user: Option<&str>| {
        let event = Sent {
            kind: "impression".to_owned(),
            at_ms: earlier,
            ..Sent::click("x", "order-1", "tool")
        };
        Sent {
            user: user.map(str::to_owned),
            ..event
        }
        .line()
        .unwrap()
    };
    object(
        &folder,
        "1",
        &[
            stranger(Some("ff")),
            stranger(Some("customer")),
            stranger(None),
            stranger(Some("ff")),
        ],
    );
    for config in [format!("{COLLECTOR}{orders}"), format!("{orders}{COLLECTOR}")] {
        folder.ingest_strictly(&config, 0.0).unwrap();
        let mut rows: Vec<String> = folder
            .rows()
            .iter()
            .map(|row| row.rsplitn(3, ' ').last().unwrap().to_owned())
            .collect();
        rows.sort();
        assert_eq!(
            rows,
            [
                "customer tea conversion",
                "customer tool impression",
                "ff tool impression",
                "other tea conversion"
            ]
        );
        std::fs::remove_dir_all(folder.lake_dir()).unwrap();
    }
}

#[test]
fn two_sources_that_read_the_same_file_keep_their_rows() {
    let folder = Folder::new();
    folder.write("both.csv", "user,bought,seen,time,id\nu,tea,tool,1700000000,1\n");
    let source = |item: &str, kind: &str| {
        format!(
            "[[events]]\npath = \"both.csv\"\nevent_type = \"{kind}\"\n[events.columns]\nuser = \"user\"\nitem = \"{item}\"\ntimestamp = \"time\"\nid = \"id\"\n"
        )
    };
    folder
        .ingest_strictly(&(source("bought", "conversion") + &source("seen", "view")), 0.0)
        .unwrap();
    assert_eq!(folder.rows().len(), 2);
}

/// A source of orders, with the name or the variables that it is to have.
fn orders(head: &str, name: &str, path: &str, user: &str) -> String {
    format!(
        "{head}[[events]]\n{name}path = \"{path}\"\nevent_type = \"conversion\"\n[events.columns]\nuser = \"{user}\"\nitem = \"item\"\n\
         timestamp = \"time\"\nid = \"id\"\n"
    )
}

#[test]
fn an_order_counts_once_after_the_folder_has_moved() {
    let folder = Folder::new();
    let row = "customer,tea,1700000000,order-1\n";
    let source = |folder: &str| {
        orders(
            &format!("[vars]\ndata = \"{folder}\"\n"),
            "",
            "{data}/orders*.csv",
            "user",
        )
    };
    folder.write("here/orders1.csv", format!("user,item,time,id\n{row}"));
    folder.ingest_strictly(&source("here"), 0.0).unwrap();
    // The folder has another name, the first export is gone, and the next one has the same order.
    std::fs::remove_dir_all(folder.path().join("here")).unwrap();
    folder.write(
        "there/orders2.csv",
        format!("user,item,time,id\n{row}customer,tea,1700000001,order-2\n"),
    );
    folder.ingest_strictly(&source("there"), 0.0).unwrap();
    assert_eq!(folder.rows().len(), 2);
}

#[test]
fn sources_with_one_name_are_one_source_and_a_name_outlasts_a_path() {
    let folder = Folder::new();
    folder.write("old.csv", "user,item,time,id\ncustomer,tea,1700000000,order-1\n");
    folder.write(
        "new.csv",
        "item,customer,id,time\ntea,customer,order-1,1700000000\ntea,customer,order-2,1700000000\n",
    );
    let name = "name = \"shop\"\n";
    let both = orders("", name, "old.csv", "user") + &orders("", name, "new.csv", "customer");
    folder.ingest_strictly(&both, 0.0).unwrap();
    assert_eq!(folder.rows().len(), 2);
    // The next export lies somewhere else, and the earlier ones are gone.
    folder.write(
        "2026/orders.csv",
        "user,item,time,id\ncustomer,tea,1700000000,order-2\n",
    );
    folder
        .ingest_strictly(&orders("", name, "2026/*.csv", "user"), 0.0)
        .unwrap();
    assert_eq!(folder.rows().len(), 2);
    // Another name is another source.
    let other = orders("", "name = \"market\"\n", "2026/*.csv", "user");
    folder.ingest_strictly(&other, 0.0).unwrap();
    assert_eq!(folder.rows().len(), 3);
}

#[test]
fn collected_events_cannot_share_a_name_with_files_of_the_shop() {
    let name = "name = \"shop\"\n";
    let collector = COLLECTOR.replace("preset", &format!("{name}preset"));
    let parse = |text: &str| Config::parse(text, Path::new("selvedge.toml"), Path::new("."), &[]);
    let error = parse(&(orders("", name, "orders.csv", "user") + &collector)).unwrap_err();
    assert!(error.to_string().contains("events.name"), "{error}");
    assert!(parse(&orders("", "name = \"\"\n", "orders.csv", "user")).is_err());
    let with_other_name = orders("", "name = \"orders\"\n", "orders.csv", "user") + &collector;
    assert!(parse(&with_other_name).is_ok());
}

#[test]
fn the_report_says_how_many_visitors_never_came_back() {
    let folder = Folder::new();
    let new = |user: &str, id: &str| {
        Sent {
            returning: false,
            ..Sent::click(user, id, "tea")
        }
        .line()
        .unwrap()
    };
    let before = new("old", "1").replace("\"returning\":false,", "");
    object(
        &folder,
        "1",
        &[new("a", "1"), new("b", "2"), new("b", "3"), new("c", "4"), before],
    );
    object(&folder, "2", &[Sent::click("a", "5", "tea").line().unwrap()]);
    let report = folder.ingest_strictly(COLLECTOR, 0.0).unwrap();
    assert_eq!(report.visitors, Some(EdgeVisitors { seen: 4, one_batch: 2 }));
    assert!((report.visitors.unwrap().one_batch_share() - 0.5).abs() < 1e-9);
    let own = Folder::new();
    own.write("events.csv", "user,item,time,value\nu,i,1700000000,1\n");
    assert_eq!(own.ingest(crate::support::EVENTS).unwrap().visitors, None);
}
