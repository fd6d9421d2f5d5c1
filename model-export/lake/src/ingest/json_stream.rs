//! JSON objects in any layout: one after another over several lines, in an array, or in an array inside an object. The file is read as it comes,
//! one object at a time.

use std::io::{BufRead, Error, ErrorKind, Result as IoResult};
use std::path::Path;

use serde_json::Value;

use super::json_path::each_row;
use super::jsonl::refusal;
use super::lines::MAX_LINE_BYTES;
use super::{BadRow, IngestError, OnRow};

/// Bytes of JSON text with their place.
struct Scanner {
    reader: Box<dyn BufRead>,
    line: u64,
}

impl Scanner {
    /// The next byte that is no white space, which is left there.
    fn peek(&mut self) -> IoResult<Option<u8>> {
        loop {
            let available = fill(&mut *self.reader)?;
            if available.is_empty() {
                return Ok(None);
            }
            // Between values of a JSON text sequence stand record separators.
            let space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x1e;
            let spaces = available.iter().take_while(|byte| space(byte)).count();
            let found = available.get(spaces).copied();
            self.line += available[..spaces].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.reader.consume(spaces);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn skip_byte(&mut self) {
        self.reader.consume(1);
    }

    /// Reads a whole value into `value`, or as much of it as fits; false where the text ends inside.
    fn value(&mut self, value: &mut Vec<u8>, too_long: &mut bool) -> IoResult<bool> {
        let (mut depth, mut inside, mut escaped) = (0u64, false, false);
        let mut begun = false;
        value.clear();
        *too_long = false;
        loop {
            let available = fill(&mut *self.reader)?;
            if available.is_empty() {
                return Ok(begun && depth == 0 && !inside);
            }
            let mut used = available.len();
            let mut done = false;
            for (index, &byte) in available.iter().enumerate() {
                if inside {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => inside = false,
                        _ => {}
                    }
                    done = !inside && depth == 0;
                } else {
                    match byte {
                        b'"' => inside = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => {
                            depth -= 1;
                            done = depth == 0;
                        }
                        // A number or a word ends in front of these.
                        b',' | b']' | b'}' | b'\n' | b' ' if depth == 0 => {
                            used = index + usize::from(!begun);
                            self.line += count_lines(&available[..used]);
                            copy(value, &available[..used], too_long);
                            self.reader.consume(used);
                            return Ok(true);
                        }
                        _ => {}
                    }
                }
                begun = true;
                if done {
                    used = index + 1;
                    break;
                }
            }
            self.line += count_lines(&available[..used]);
            copy(value, &available[..used], too_long);
            self.reader.consume(used);
            if done {
                return Ok(true);
            }
        }
    }
}

fn fill(reader: &mut dyn BufRead) -> IoResult<&[u8]> {
    // Asked twice because the borrow checker does not let a loop return what it has asked for.
    while let Err(error) = reader.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    reader.fill_buf()
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn copy(value: &mut Vec<u8>, bytes: &[u8], too_long: &mut bool) {
    let room = MAX_LINE_BYTES - value.len();
    value.extend_from_slice(&bytes[..bytes.len().min(room)]);
    *too_long |= bytes.len() > room;
}

/// Reads all rows of a file, in order. `within` are the keys of the array whose elements are the rows; without, all objects of the outermost
/// level are.
pub fn read(
    path: &Path,
    reader: Box<dyn BufRead>,
    within: Option<&[String]>,
    explode: Option<&str>,
    wanted: &[String],
    on_row: &mut OnRow<'_>,
) -> Result<(), IngestError> {
    let failed = |source| IngestError::Read {
        path: path.to_owned(),
        source,
    };
    let mut scanner = Scanner { reader, line: 1 };
    let mut value = Vec::new();
    let mut too_long = false;
    let mut inside = false;
    if let Some(keys) = within {
        if !enter(&mut scanner, keys, &mut value).map_err(failed)? {
            return Ok(());
        }
        inside = true;
    }
    loop {
        let Some(byte) = scanner.peek().map_err(failed)? else {
            // Of an array that was not copied whole, nobody knows how much is missing.
            return if inside { Err(failed(ends_early())) } else { Ok(()) };
        };
        match byte {
            b'[' if !inside => {
                inside = true;
                scanner.skip_byte();
            }
            b']' if inside => {
                if within.is_some() {
                    return Ok(());
                }
                inside = false;
                scanner.skip_byte();
            }
            b',' | b':' | b'}' => scanner.skip_byte(),
            _ => {
                let line = scanner.line;
                if !scanner.value(&mut value, &mut too_long).map_err(failed)? && inside {
                    return Err(failed(ends_early()));
                }
                if too_long {
                    on_row(line, Err((BadRow::TooLong { limit: MAX_LINE_BYTES }, &value)))?;
                    continue;
                }
                match serde_json::from_slice::<Value>(&value) {
                    Ok(Value::Object(object)) => {
                        each_row(&object, &value, explode, wanted, &mut |row| on_row(line, Ok(row)))?;
                    }
                    other => on_row(line, Err((refusal(&value, other), &value)))?,
                }
            }
        }
    }
}

fn ends_early() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "the JSON text ends inside an array")
}

/// Goes to the first element of the array under `keys`.
fn enter(scanner: &mut Scanner, keys: &[String], buffer: &mut Vec<u8>) -> IoResult<bool> {
    let mut too_long = false;
    for key in keys {
        if scanner.peek()? != Some(b'{') {
            return Ok(false);
        }
        scanner.skip_byte();
        loop {
            match scanner.peek()? {
                None | Some(b'}') => return Ok(false),
                Some(b',') => {
                    scanner.skip_byte();
                    continue;
                }
                Some(_) => {}
            }
            if !scanner.value(buffer, &mut too_long)? {
                return Ok(false);
            }
            let found = serde_json::from_slice::<String>(buffer);
            if scanner.peek()? != Some(b':') {
                return Ok(false);
            }
            scanner.skip_byte();
            if found.is_ok_and(|found| found == *key) {
                break;
            }
            scanner.peek()?;
            if !scanner.value(buffer, &mut too_long)? {
                return Ok(false);
            }
        }
    }
    if scanner.peek()? != Some(b'[') {
        return Ok(false);
    }
    scanner.skip_byte();
    Ok(true)
}

/// How JSON text is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One object per line.
    Lines,
    /// Objects one after another, or in an array.
    Objects,
    /// In an array under these keys.
    Within(Vec<String>),
    /// No JSON that has rows.
    None,
}

/// How a text that begins with `head` is laid out. `wanted` are the columns of a mapping: an object that has one of them is a row itself.
#[must_use]
pub fn layout(head: &[u8], whole: bool, wanted: &[String]) -> Layout {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let text = text.strip_prefix(b"\x1e").unwrap_or(text);
    match text.first() {
        Some(b'[') => {
            return match text[1..].trim_ascii_start().first() {
                Some(b'{') => Layout::Objects,
                None if whole => Layout::None,
                Some(b']') => Layout::Objects,
                _ => Layout::None,
            };
        }
        Some(b'{') => {}
        _ => return Layout::None,
    }
    let mut lines = text
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty());
    let first = lines.next().unwrap_or_default();
    let second = lines.next();
    let object = serde_json::from_slice::<Value>(first);
    if let (Ok(Value::Object(_)), Some(_)) = (&object, second) {
        return Layout::Lines;
    }
    // A line that is damaged is one row, and those below it are as they are.
    if object.is_err() && second.is_some_and(|line| line.starts_with(b"{")) {
        return Layout::Lines;
    }
    if object.is_err() && second.is_none() && whole {
        return Layout::Lines;
    }
    let single = object.ok();
    let is_row = |object: &Value| {
        let object = object.as_object();
        object.is_some_and(|object| wanted.iter().any(|path| super::json_path::find(object, path).is_some()))
    };
    let (arrays, ended) = arrays(text);
    let rest = ended.map(|end| text[end..].trim_ascii_start()).unwrap_or_default();
    if rest.is_empty() && !single.as_ref().is_some_and(is_row) {
        let parsed = ended.and_then(|end| serde_json::from_slice::<Value>(&text[..end]).ok());
        if !parsed.as_ref().is_some_and(is_row)
            && let Some((keys, _)) = arrays.into_iter().max_by_key(|(_, bytes)| *bytes)
        {
            return Layout::Within(keys);
        }
    }
    if single.is_some() || (second.is_none() && !whole) {
        Layout::Lines
    } else {
        Layout::Objects
    }
}

/// Arrays of objects under keys of the first object, with their length as far as it is seen; and where that object ends.
fn arrays(text: &[u8]) -> (Vec<(Vec<String>, usize)>, Option<usize>) {
    struct Frame {
        array: bool,
        key: String,
        begun: usize,
        rows: bool,
    }
    let mut found = Vec::new();
    let mut stack: Vec<Frame> = Vec::new();
    let mut at = 0;
    let path = |stack: &[Frame]| -> Option<Vec<String>> {
        let (top, below) = stack.split_last()?;
        (top.array && top.rows && below.iter().all(|frame| !frame.array))
            .then(|| below.iter().map(|frame| frame.key.clone()).collect())
    };
    let mut key_expected = false;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => {
                let begun = at;
                at += 1;
                while let Some(&byte) = text.get(at) {
                    at += match byte {
                        b'\\' => 2,
                        b'"' => break,
                        _ => 1,
                    };
                }
                if key_expected
                    && let Some(frame) = stack.last_mut()
                    && let Some(quoted) = text.get(begun..=at)
                {
                    frame.key = serde_json::from_slice(quoted).unwrap_or_default();
                }
                key_expected = false;
            }
            b'{' | b'[' => {
                // Deeper than any export: only the end matters then.
                if stack.len() > 64 {
                    return (found, None);
                }
                if byte == b'{'
                    && let Some(frame) = stack.last_mut()
                {
                    frame.rows |= frame.array;
                }
                key_expected = byte == b'{';
                stack.push(Frame {
                    array: byte == b'[',
                    key: String::new(),
                    begun: at,
                    rows: false,
                });
            }
            b'}' | b']' => {
                if let Some(keys) = path(&stack) {
                    let begun = stack.last().map_or(at, |frame| frame.begun);
                    found.push((keys, at - begun));
                }
                stack.pop();
                key_expected = false;
                if stack.is_empty() {
                    return (found, Some(at + 1));
                }
            }
            b',' => key_expected = stack.last().is_some_and(|frame| !frame.array),
            _ => {}
        }
        at += 1;
    }
    while !stack.is_empty() {
        if let Some(keys) = path(&stack) {
            let begun = stack.last().map_or(0, |frame| frame.begun);
            found.push((keys, text.len() - begun));
        }
        stack.pop();
    }
    (found, None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::Row;
    use super::*;

    fn rows(json: &str) -> Vec<String> {
        let columns = ["a".to_owned()];
        let mut rows = Vec::new();
        let on_row = &mut |line: u64, row: Result<&dyn Row, (BadRow, &[u8])>| {
            rows.push(match row {
                Ok(row) => format!("{line}: {}", row.cell(0).shown()),
                Err((reason, _)) => format!("{line}: {reason}"),
            });
            Ok(())
        };
        let reader = || {
            Box::new(std::io::BufReader::with_capacity(
                5,
                std::io::Cursor::new(json.to_owned().into_bytes()),
            ))
        };
        let path = Path::new("file");
        match layout(json.as_bytes(), true, &[]) {
            Layout::Lines => super::super::jsonl::read(path, reader(), None, &columns, on_row).unwrap(),
            Layout::Objects => read(path, reader(), None, None, &columns, on_row).unwrap(),
            Layout::Within(keys) => read(path, reader(), Some(&keys), None, &columns, on_row).unwrap(),
            Layout::None => rows.push("none".to_owned()),
        }
        rows
    }

    #[test]
    fn objects_are_found_in_every_layout() {
        for (json, expected) in [
            ("{\"a\":1}\n{\"a\":2}\n", &["1: 1", "2: 2"] as &[&str]),
            ("{\"a\":1}", &["1: 1"]),
            ("[{\"a\":1},{\"a\":\"]}\"}]", &["1: 1", "1: \"]}\""]),
            ("[\n  {\n    \"a\": 1\n  },\n  {\"a\": 2}\n]\n", &["2: 1", "5: 2"]),
            ("{\n \"a\": 1\n}\n{\n \"a\": 2\n}\n", &["1: 1", "4: 2"]),
            ("{\"data\":[{\"a\":1},{\"a\":2}]}", &["1: 1", "1: 2"]),
            (
                "{\"meta\":{\"tags\":[{\"x\":1}]},\"n\":2,\"data\":{\"orders\":[{\"a\":1,\"l\":[{\"b\":1}]},{\"a\":\"\\\"\"}]}}",
                &["1: 1", "1: \"\\\"\""],
            ),
            (
                "{\n \"orders\": [\n  {\"a\": 1},\n  {\"a\": 2},\n  7\n ]\n}",
                &["3: 1", "4: 2", "5: expected one JSON object, found a number"],
            ),
            (
                "{\"a\":[\n{\"a\":2}\n",
                &[
                    "1: expected one JSON object, found EOF while parsing a list at column 6",
                    "2: 2",
                ],
            ),
            ("[]", &[]),
            ("[[1,2]]", &["none"]),
            ("x", &["none"]),
        ] {
            assert_eq!(rows(json), expected, "{json}");
        }
    }

    #[test]
    fn an_object_that_has_a_wanted_column_is_a_row_and_no_wrapper() {
        let json = b"{\"user\":1,\"tags\":[{\"x\":1},{\"x\":2}]}";
        assert_eq!(layout(json, true, &["user".to_owned()]), Layout::Lines);
        assert_eq!(layout(json, true, &[]), Layout::Within(vec!["tags".to_owned()]));
    }

    #[test]
    fn an_array_that_ends_early_is_an_error() {
        let reader = Box::new(std::io::Cursor::new(b"[{\"a\":1},{\"a\"".to_vec()));
        let found = read(Path::new("file"), reader, None, None, &[], &mut |_, _| Ok(()));
        assert!(matches!(found, Err(IngestError::Read { .. })), "{found:?}");
    }
}
