//! Compares `docs/snapshot-format.md` with the tables that reader and writer use.
//!
//! `SELVEDGE_WRITE_DOCS=1 cargo test -p selvedge --test snapshot_format` writes the document's tables anew.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use selvedge::policy::{IGNORABLE, Shown, SlotPolicy};
use selvedge::snapshot::SectionKind;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/snapshot-format.md");

/// Held while the document is read or written, because tests run in parallel.
static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Compares the document's text between two marks with these lines, or replaces it if `SELVEDGE_WRITE_DOCS` is set.
fn holds(name: &str, lines: &[String]) {
    let _turn = TURN.lock();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let text = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = text
        .split_once(&begin)
        .expect("the document has the mark where the table begins");
    let (table, after) = rest
        .split_once(&end)
        .expect("the document has the mark where the table ends");
    let expected = lines.join("\n") + "\n";
    if std::env::var_os("SELVEDGE_WRITE_DOCS").is_some() {
        std::fs::write(DOCUMENT, [before, &begin, &expected, &end, after].concat()).unwrap();
        return;
    }
    assert_eq!(table, expected, "run this test with SELVEDGE_WRITE_DOCS=1");
}

fn row<const N: usize>(cells: [&str; N]) -> String {
    format!("| {} |", cells.join(" | "))
}

#[test]
fn the_documents_table_of_sections_matches_the_code() {
    let mut lines = vec![
        row([
            "code",
            "name",
            "presence",
            "since",
            "used by",
            "type and shape",
            "meaning",
            "checked",
        ]),
        row(["---"; 8]),
    ];
    lines.extend(SectionKind::ALL.iter().map(|kind| {
        row([
            &(*kind as u32).to_string(),
            &format!("`{}`", kind.label()),
            kind.presence().name(),
            &format!("1.{}", kind.since_minor()),
            kind.used_by().name(),
            &kind.shape().to_string(),
            kind.meaning(),
            kind.values().words(),
        ])
    }));
    holds("sections", &lines);
}

#[test]
fn the_documents_table_of_slot_fields_matches_the_code() {
    let default = |shown: &Shown| match shown {
        Shown::Number(number) => number.to_string(),
        Shown::Flag(flag) => u8::from(*flag).to_string(),
        Shown::Text(text) if text.is_empty() => "none: it has to be there".to_owned(),
        Shown::Text(text) => text.clone(),
        Shown::List(words) if words.is_empty() => "none".to_owned(),
        Shown::List(words) => words.join(", "),
    };
    let mut lines = vec![
        row(["tag", "name", "type", "range", "default", "meaning"]),
        row(["---"; 6]),
    ];
    lines.extend(SlotPolicy::fields().iter().map(|field| {
        assert_eq!(field.tag & IGNORABLE, 0, "the document has no column for it yet");
        row([
            &field.tag.to_string(),
            &format!("`{}`", field.name),
            field.type_name,
            field.range,
            &default(&field.default),
            field.meaning,
        ])
    }));
    holds("slot fields", &lines);
}
