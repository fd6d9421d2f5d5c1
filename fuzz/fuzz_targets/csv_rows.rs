//! Reads any bytes as separated text with two columns. The reader must not panic or lose a row: each line begins at most one, a file without
//! quotes gives the same as splitting it, and what stands between two whole rows never changes these.
#![no_main]
#![allow(dead_code, reason = "the readers are part of a larger crate")]

#[path = "../readers/mod.rs"]
mod readers;
#[path = "../../model-export/lake/src/row_filter/mod.rs"]
mod row_filter;
#[path = "../../model-export/lake/src/source.rs"]
mod source;

use readers::{ReadRow, csv, name, rows, text_format};

const HEADER: &[u8] = b"user,item\n";

fn read(body: &[u8]) -> Vec<ReadRow> {
    let bytes = [HEADER, body].concat();
    let wanted = ["user".to_owned(), "item".to_owned()];
    rows(&bytes, 2, |reader, on_row| {
        csv::read(name(), reader, &text_format(), &wanted, on_row)
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Where nearly all rows have one value more than the header, the header lacks a name (tables of R), and these are the rows.
    let whole = [HEADER, bytes].concat();
    if readers::dialect::find(&whole, true, &text_format(), &[]).names.len() != 2 {
        return;
    }
    let found = read(bytes);
    if !bytes.contains(&b'"') {
        assert_eq!(found, naive(bytes));
    }
    // A quote that is never closed costs the rows that it has opened, and none in front of it.
    let in_front = [b"u,i\n", bytes].concat();
    if readers::dialect::find(&[HEADER, &in_front].concat(), true, &text_format(), &[]).names.len() != 2 {
        return;
    }
    let in_front = read(&in_front);
    let first = in_front.first().and_then(|row| row.cells.clone());
    assert_eq!(first, Some(vec![Some("u".to_owned()), Some("i".to_owned())]));
    assert_eq!(in_front.len(), found.len() + 1);
    // Whatever the bytes are, a way to read them is found, and its first row is behind its header.
    let found = readers::dialect::find(bytes, true, &source::TextFormat::default(), &[]);
    assert!(found.first_row >= found.skip_lines);
});

/// The rows of text without quotes.
fn naive(body: &[u8]) -> Vec<ReadRow> {
    let mut found = Vec::new();
    let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
    for (number, line) in (2..).zip(&lines) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        // csv-core takes a carriage return as the end of a record, too.
        if line.contains(&b'\r') {
            return read(body);
        }
        // It takes a byte-order mark away from each record, because each is a text of its own to it. Files that were put together have marks
        // between their rows.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let cells: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
        let text = |cell: &&[u8]| {
            let text = std::str::from_utf8(cell).ok()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        found.push(ReadRow {
            line: number,
            cells: (cells.len() == 2).then(|| cells.iter().map(text).collect()),
        });
    }
    found
}
