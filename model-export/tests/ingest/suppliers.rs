//! Catalogues of suppliers: whatever their rows hold, what ingest accepts is packed, and one row is never the end of a run.

use proptest::prelude::*;
use selvedge::policy::Policy;
use selvedge::quantize::Width;
use selvedge::snapshot::writer::{ItemInput, Model, build};
use selvedge_lake::explain::Explain as _;
use selvedge_lake::ingest::IngestError;
use selvedge_lake::storage::CatalogueItem;
use serde_json::{Value, json};

use crate::support::Folder;

const CATALOGUE: &str = "
[[catalogue]]
path = \"items*\"
category_separator = \"|\"
[catalogue.columns]
id = \"id\"
title = \"{title} {size}\"
categories = [\"department\", \"groups\"]
attributes = [\"size\", \"brand\"]
image = \"image\"
";

/// Builds a snapshot of these items, as `pack` does.
fn pack(items: Vec<CatalogueItem>) -> Result<(), selvedge::snapshot::SnapshotError> {
    let items = items.into_iter().map(|item| ItemInput {
        id: item.id,
        title: item.title,
        image: item.image,
        categories: item.categories,
        attributes: item.attributes,
        factors: vec![1.0, 0.5],
        popularity: 1.0,
        available_from_min: None,
        available_until_min: None,
    });
    let model = Model {
        dims: 2,
        width: Width::Int8,
        items: items.collect(),
        segments: Vec::new(),
        rungs: Vec::new(),
        contexts: Vec::new(),
        slate_len: 2,
        policy: Policy {
            half_life_ms: 86_400_000,
            kind_weights: [0.0, 1.0, 2.0, 4.0, 8.0],
            unobserved_weight: 0.1,
            regularisation: 0.01,
            regularisation_exponent: 1.0,
            trained_items: 2,
            hysteresis: 0.05,
            min_history: 1,
            slots: Vec::new(),
        },
        created_ms: 1_512_345_600_000,
        trained_until_ms: 1_512_345_600_000,
        release: Default::default(),
        provenance: String::new(),
    };
    build(&model, None).map(|_| ())
}

#[test]
fn a_text_that_no_snapshot_can_hold_costs_the_text_and_not_the_item() {
    let long = |length: usize| "x".repeat(length);
    let deep: Vec<String> = (0..40).map(|level| format!("level {level}")).collect();
    for (field, value, reason) in [
        (
            "image",
            json!("https://cdn.example/a\nb.png"),
            "image: expected text without control characters",
        ),
        (
            "image",
            json!("https://cdn.example/a\u{7f}.png"),
            "image: expected text without control characters",
        ),
        (
            "image",
            json!(format!("https://cdn.example/{}", long(5000))),
            "image: expected at most 4096 bytes",
        ),
        ("title", json!(long(1 << 19)), "title: expected at most 1024 bytes"),
        ("title", json!("ä".repeat(2000)), "title: expected at most 1024 bytes"),
        ("brand", json!(long(5000)), "attribute: expected at most 4096 bytes"),
        ("groups", json!(long(300)), "category: expected at most 256 bytes"),
        ("groups", json!(deep.join("|")), "categories: expected at most 16"),
        ("groups", json!(deep), "categories: expected at most 16"),
    ] {
        let folder = Folder::new();
        let mut row = json!({ "id": "tea", "title": "Tea", "size": "1 kg", "department": "d", "groups": "g", "brand": "b", "image": "/tea.png" });
        row[field] = value;
        folder.write("items.jsonl", format!("{row}\n"));
        let report = folder.ingest_strictly(CATALOGUE, 0.0).unwrap();
        let counts = &report.files[0].counts;
        assert_eq!((counts.accepted, counts.quarantined), (1, 0), "{field}");
        assert!(counts.changed >= 1, "{field}");
        assert!(
            folder
                .refused()
                .iter()
                .any(|line| line.starts_with(&format!("1: {reason}"))),
            "{:?}",
            folder.refused()
        );
        let items = folder.lake().catalogue().unwrap();
        assert_eq!(
            (items[0].id.as_str(), items[0].image.is_none()),
            ("tea", field == "image")
        );
        pack(items).unwrap();
    }
}

#[test]
fn bad_rows_of_a_catalogue_do_not_keep_the_others_from_being_sold_unless_they_are_most() {
    let good: String = (0..50).map(|number| format!("{number},Item\n")).collect();
    let config = "[[catalogue]]\npath = \"items.csv\"\ncolumns = { id = \"id\", title = \"title\" }\n";
    for (bad, allowed) in [(1, true), (10, true), (11, true), (50, true), (51, false)] {
        let folder = Folder::new();
        folder.write("items.csv", format!("id,title\n{good}{}", ",Nameless\n".repeat(bad)));
        let found = folder.ingest_strictly(config, 0.01);
        assert_eq!(found.is_ok(), allowed, "{bad}");
        if allowed {
            assert_eq!(folder.lake().catalogue().unwrap().len(), 50);
            assert!(folder.ingest_strictly(config, 0.01).is_ok());
        }
    }
    // More than half: the mapping is wrong. With 0 nothing is allowed.
    let folder = Folder::new();
    folder.write("items.csv", "id,title\n1,Item\n,Nameless\n,Nameless\n");
    assert!(matches!(
        folder.ingest_strictly(config, 0.01),
        Err(IngestError::TooManyBad { .. })
    ));
    folder.write("items.csv", "id,title\n1,Item\n2,Item\n,Nameless\n");
    assert!(matches!(
        folder.ingest_strictly(config, 0.0),
        Err(IngestError::TooManyBad { .. })
    ));
}

#[test]
fn attribute_names_that_no_snapshot_can_hold_are_refused_with_the_configuration() {
    let folder = Folder::new();
    folder.write("items.csv", "id,title\n1,Item\n");
    for name in ["a=b", "", "a\\nb", &"x".repeat(65)] {
        let config = format!(
            "[[catalogue]]\npath = \"items.csv\"\n[catalogue.columns]\nid = \"id\"\nattributes = {{ \"{name}\" = \"title\" }}\n"
        );
        let error = folder.ingest(&config).unwrap_err();
        assert!(matches!(error, IngestError::AttributeName { .. }), "{error:?}");
        assert_eq!(error.exit().code(), 2);
    }
}

fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        4 => proptest::char::range('a', 'z'),
        1 => prop::sample::select(vec![' ', '\t', '\n', '\r', '\0', '\u{7f}', '\u{85}', '\u{2028}', '=', '|', '"', ',', '<', '{']),
        1 => any::<char>(),
    ];
    prop_oneof![
        9 => prop::collection::vec(letter, 0..8).prop_map(|letters| letters.into_iter().collect()),
        1 => (200usize..6000).prop_map(|length| "é|".repeat(length)),
    ]
}

fn row() -> impl Strategy<Value = Value> {
    let cell = || {
        prop_oneof![
            8 => text().prop_map(Value::from),
            1 => any::<f64>().prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            1 => Just(Value::Null),
            1 => prop::collection::vec(text(), 0..20).prop_map(Value::from),
        ]
    };
    prop::collection::vec(cell(), 7).prop_map(|cells| {
        let names = ["id", "title", "size", "department", "groups", "brand", "image"];
        names
            .into_iter()
            .map(str::to_owned)
            .zip(cells)
            .collect::<serde_json::Map<_, _>>()
            .into()
    })
}

/// Separated text of the same rows.
fn csv(rows: &[Value]) -> String {
    let names = ["id", "title", "size", "department", "groups", "brand", "image"];
    let mut text = names.join(",") + "\n";
    for row in rows {
        let cells = names.map(|name| match &row[name] {
            Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
            _ => String::new(),
        });
        text.push_str(&(cells.join(",") + "\n"));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_ingest_accepts_the_writer_packs(rows in prop::collection::vec(row(), 1..60)) {
        let folder = Folder::new();
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        folder.write("items.jsonl", lines);
        folder.write("items.csv", csv(&rows));
        folder.ingest(CATALOGUE).unwrap();
        let items = folder.lake().catalogue().unwrap();
        if !items.is_empty() {
            let packed = pack(items);
            prop_assert!(packed.is_ok(), "{:?}", packed);
        }
    }
}
