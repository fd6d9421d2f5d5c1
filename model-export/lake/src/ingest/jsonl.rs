//! One JSON object per line.

use std::io::BufRead;
use std::path::Path;

use serde_json::Value;

use super::json_path::each_row;
use super::lines::{Line, Lines, MAX_LINE_BYTES};
use super::{BadRow, IngestError, OnRow};

/// Why bytes are no object.
pub fn refusal(bytes: &[u8], found: Result<Value, serde_json::Error>) -> BadRow {
    match found {
        Ok(other) => BadRow::Json {
            found: match other {
                Value::Array(_) => "an array",
                Value::String(_) => "text",
                Value::Number(_) => "a number",
                _ => "true, false or null",
            }
            .to_owned(),
        },
        Err(_) if std::str::from_utf8(bytes).is_err() => BadRow::NotUtf8 {
            column: "the line".to_owned(),
        },
        // "line 1" would be wrong: each line is read on its own.
        Err(error) => BadRow::Json {
            found: error.to_string().replace(" at line 1 column ", " at column "),
        },
    }
}

/// Reads all rows of a file, in order. With `explode`, each element of the list at that path is a row.
pub fn read(
    path: &Path,
    reader: Box<dyn BufRead>,
    explode: Option<&str>,
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
        match serde_json::from_slice::<Value>(&line.bytes) {
            Ok(Value::Object(object)) => {
                each_row(&object, &line.bytes, explode, wanted, &mut |row| {
                    on_row(line.number, Ok(row))
                })?;
            }
            other => on_row(line.number, Err((refusal(&line.bytes, other), &line.bytes)))?,
        }
    }
    Ok(())
}
