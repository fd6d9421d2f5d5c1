//! One JSON object per line.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use serde_json::{Map, Value};

use super::lines::{Line, Lines, MAX_LINE_BYTES};
use super::{BadRow, Cell, IngestError, OnRow, Row};

/// The mapped keys of an object.
struct JsonRow<'a> {
    object: &'a Map<String, Value>,
    columns: &'a [String],
    raw: &'a [u8],
}

impl Row for JsonRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        find(self.object, &self.columns[column]).map_or(Cell::Null, cell)
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(self.raw).into_owned()
    }
}

/// The value of a key, or of a path of keys with dots between them.
fn find<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    find(object.get(first)?.as_object()?, rest)
}

fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Bool(*value),
        Value::String(text) => Cell::Text(Cow::Borrowed(text)),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), ..) => Cell::Int(value),
            (None, Some(value), _) => Cell::Unsigned(value),
            (None, None, value) => Cell::Float(value.unwrap_or(f64::NAN)),
        },
        Value::Array(values) => Cell::List(values.iter().map(cell).collect()),
        Value::Object(object) => Cell::Object(object.iter().map(|(name, value)| (name.clone(), cell(value))).collect()),
    }
}

/// Reads all rows of a file, in order.
pub fn read(
    path: &Path,
    reader: Box<dyn BufRead>,
    wanted: &[String],
    on_row: &mut OnRow<'_>,
) -> Result<(), IngestError> {
    let mut lines = Lines::new(reader);
    let mut line = Line::default();
    while lines.next(&mut line).map_err(|source| IngestError::Read {
        path: path.to_owned(),
        source,
    })? {
        if line.bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if line.too_long {
            on_row(
                line.number,
                Err((BadRow::TooLong { limit: MAX_LINE_BYTES }, &line.bytes)),
            )?;
            continue;
        }
        let reason = match serde_json::from_slice::<Value>(&line.bytes) {
            Ok(Value::Object(object)) => {
                let row = JsonRow {
                    object: &object,
                    columns: wanted,
                    raw: &line.bytes,
                };
                on_row(line.number, Ok(&row))?;
                continue;
            }
            Ok(other) => BadRow::Json {
                found: match other {
                    Value::Array(_) => "an array",
                    Value::String(_) => "text",
                    Value::Number(_) => "a number",
                    _ => "true, false or null",
                }
                .to_owned(),
            },
            Err(_) if std::str::from_utf8(&line.bytes).is_err() => BadRow::NotUtf8 {
                column: "the line".to_owned(),
            },
            // "line 1" would be wrong: each line is read on its own.
            Err(error) => BadRow::Json {
                found: error.to_string().replace(" at line 1 column ", " at column "),
            },
        };
        on_row(line.number, Err((reason, &line.bytes)))?;
    }
    Ok(())
}
