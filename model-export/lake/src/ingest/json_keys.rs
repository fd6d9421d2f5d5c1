//! The columns of JSON objects: every path that leads to a value.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Cell;
use super::cell::owned;
use super::json_path::{each_row, is_rows, names_in};

/// Objects whose keys are data have no columns; so many are enough to see it.
const MAX_COLUMNS: usize = 2_000;
/// Keys inside keys.
const MAX_DEPTH: usize = 8;

/// Objects as a table.
pub struct Objects {
    /// Dotted paths, by first appearance.
    pub columns: Vec<String>,
    /// A row for each object, or for each element of the list at `explode`.
    pub rows: Vec<Vec<Cell<'static>>>,
    /// The list whose elements are the rows.
    pub explode: Option<String>,
}

#[derive(Default)]
struct Keys {
    columns: Vec<String>,
    known: HashSet<String>,
    /// Lists of objects, with the number of their elements.
    lists: Vec<(String, usize)>,
}

impl Keys {
    fn add(&mut self, path: String) {
        if self.columns.len() < MAX_COLUMNS && !self.known.contains(&path) {
            self.known.insert(path.clone());
            self.columns.push(path);
        }
    }

    fn object(&mut self, above: &str, object: &Map<String, Value>, explode: Option<&str>, depth: usize) {
        for (key, value) in object {
            let path = if above.is_empty() {
                key.clone()
            } else {
                format!("{above}.{key}")
            };
            self.value(path, value, explode, depth);
        }
    }

    fn value(&mut self, path: String, value: &Value, explode: Option<&str>, depth: usize) {
        match value {
            Value::Object(inner) if !inner.is_empty() && depth < MAX_DEPTH => {
                self.object(&path, inner, explode, depth + 1)
            }
            // Nobody knows what would stand in it.
            Value::Array(list) if list.is_empty() => {}
            Value::Array(list) => {
                if let Some(names) = names_in(list) {
                    names.iter().for_each(|name| self.add(format!("{path}.{name}")));
                } else if explode == Some(path.as_str()) {
                    for element in list {
                        match element {
                            Value::Object(object) => self.object(&path, object, None, depth + 1),
                            _ => self.add(path.clone()),
                        }
                    }
                } else if is_rows(list) {
                    match self.lists.iter_mut().find(|(known, _)| *known == path) {
                        Some((_, count)) => *count += list.len(),
                        None => self.lists.push((path, list.len())),
                    }
                } else {
                    self.add(path);
                }
            }
            _ => self.add(path),
        }
    }
}

/// Makes a table of objects. Without `explode`, the list of objects with the most elements is taken for it.
#[must_use]
pub fn table(texts: &[String], explode: Option<&str>) -> Objects {
    let parsed = || {
        texts
            .iter()
            .filter_map(|text| serde_json::from_str::<Map<String, Value>>(text).ok())
    };
    let explode = explode.map(str::to_owned).or_else(|| {
        let mut keys = Keys::default();
        parsed().for_each(|object| keys.object("", &object, None, 0));
        // Of equally many, the first.
        keys.lists
            .into_iter()
            .rev()
            .max_by_key(|(_, count)| *count)
            .map(|(path, _)| path)
    });
    let mut keys = Keys::default();
    parsed().for_each(|object| keys.object("", &object, explode.as_deref(), 0));
    let columns = keys.columns;
    let mut rows = Vec::new();
    for object in parsed() {
        let Ok(()) = each_row(&object, &[], explode.as_deref(), &columns, &mut |row| {
            rows.push((0..columns.len()).map(|column| owned(row.cell(column))).collect());
            Ok::<(), std::convert::Infallible>(())
        });
    }
    Objects { columns, rows, explode }
}
