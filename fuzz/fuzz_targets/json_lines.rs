//! Reads any bytes as JSON lines. The reader must not panic or lose a row: every line that is not blank is one row, an object or a refused one,
//! as serde_json says; a key is found by its name, or by a path with dots.
#![no_main]
#![allow(dead_code, reason = "the readers are part of a larger crate")]

#[path = "../readers/mod.rs"]
mod readers;
#[path = "../../model-export/lake/src/row_filter/mod.rs"]
mod row_filter;
#[path = "../../model-export/lake/src/source.rs"]
mod source;

use readers::{jsonl, name, rows};
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let wanted = ["item".to_owned(), "context.slot".to_owned(), "a".to_owned()];
    let found = rows(bytes, wanted.len(), |reader, on_row| {
        jsonl::read(name(), reader, None, &wanted, on_row)
    });
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = body
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let lines = (1..)
        .zip(lines)
        .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace));
    let expected: Vec<(u64, bool)> = lines
        .map(|(number, line)| (number, matches!(serde_json::from_slice(line), Ok(Value::Object(_)))))
        .collect();
    let found: Vec<(u64, bool)> = found.iter().map(|row| (row.line, row.cells.is_some())).collect();
    assert_eq!(found, expected);
});
