//! Values inside a JSON object, by dotted paths.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Cell, Row};

/// Keys that hold the name in lists of names and values: GA4's `event_params`, Shopify's `note_attributes`, Magento's `custom_attributes`.
pub const NAME_KEYS: [&str; 4] = ["key", "name", "attribute_code", "code"];

/// The value of a key, or of a path of keys with dots between them. A number is a place in a list; in a list of names and values, a name is one
/// (`event_params.page_location`).
#[must_use]
pub fn find<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    // A key may hold dots itself.
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    path.match_indices('.')
        .find_map(|(dot, _)| find_in(object.get(&path[..dot])?, &path[dot + 1..]))
}

fn find_in<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    match value {
        Value::Object(object) => find(object, path),
        Value::Array(list) => {
            if let Some(found) = named(list, path) {
                return Some(found);
            }
            let (first, rest) = path
                .split_once('.')
                .map_or((path, None), |(first, rest)| (first, Some(rest)));
            let element = first.parse::<usize>().ok().and_then(|index| list.get(index));
            let element = element.or_else(|| named(list, first))?;
            rest.map_or(Some(element), |rest| find_in(element, rest))
        }
        _ => None,
    }
}

/// The value under a name in a list of names and values.
fn named<'a>(list: &'a [Value], name: &str) -> Option<&'a Value> {
    list.iter().find_map(|entry| {
        let entry = entry.as_object()?;
        (entry_name(entry)? == name).then(|| entry_value(entry)).flatten()
    })
}

/// The name in an entry of a list of names and values.
fn entry_name(entry: &Map<String, Value>) -> Option<&str> {
    if !entry.contains_key("value") {
        return None;
    }
    NAME_KEYS.iter().find_map(|key| entry.get(*key)?.as_str())
}

/// Its value. BigQuery writes one of several: `{"string_value": null, "int_value": "7"}`.
fn entry_value(entry: &Map<String, Value>) -> Option<&Value> {
    let value = entry.get("value")?;
    match value.as_object() {
        Some(typed) if !typed.is_empty() && typed.keys().all(|key| key.ends_with("_value")) => {
            typed.values().find(|value| !value.is_null())
        }
        _ => Some(value),
    }
}

/// The names in a list of names and values; [`None`] for any other list.
#[must_use]
pub fn names_in(list: &[Value]) -> Option<Vec<&str>> {
    let names: Option<Vec<&str>> = list.iter().map(|entry| entry_name(entry.as_object()?)).collect();
    names.filter(|names| !names.is_empty())
}

/// Whether the elements of a list are objects that can be rows.
#[must_use]
pub fn is_rows(list: &[Value]) -> bool {
    list.first().is_some_and(Value::is_object) && names_in(list).is_none()
}

/// A JSON value as a cell.
#[must_use]
pub fn cell(value: &Value) -> Cell<'_> {
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

/// The mapped keys of an object, or of one element of a list in it.
struct JsonRow<'a> {
    object: &'a Map<String, Value>,
    /// Path of the list, and the element.
    element: Option<(&'a str, &'a Value)>,
    columns: &'a [String],
    raw: &'a [u8],
}

impl Row for JsonRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        let path = self.columns[column].as_str();
        if let Some((list, element)) = self.element
            && let Some(rest) = path.strip_prefix(list)
        {
            let found = match rest.strip_prefix('.') {
                Some(rest) => find_in(element, rest),
                None if rest.is_empty() => Some(element),
                None => find(self.object, path),
            };
            return found.map_or(Cell::Null, cell);
        }
        find(self.object, path).map_or(Cell::Null, cell)
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(self.raw).into_owned()
    }
}

/// Makes rows of an object: one, or one for each element of the list at `explode`. An object without that list, or with an empty one, has none.
pub fn each_row<E>(
    object: &Map<String, Value>,
    raw: &[u8],
    explode: Option<&str>,
    columns: &[String],
    on_row: &mut dyn FnMut(&dyn Row) -> Result<(), E>,
) -> Result<(), E> {
    let row = |element| JsonRow {
        object,
        element,
        columns,
        raw,
    };
    match explode.map(|path| (path, find(object, path))) {
        None => on_row(&row(None)),
        Some((path, Some(Value::Array(list)))) => {
            for element in list {
                on_row(&row(Some((path, element))))?;
            }
            Ok(())
        }
        Some((path, Some(element @ Value::Object(_)))) => on_row(&row(Some((path, element)))),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn rows(json: &str, explode: Option<&str>, columns: &[&str]) -> Vec<String> {
        let object: Map<String, Value> = serde_json::from_str(json).unwrap();
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let mut rows = Vec::new();
        let on_row = &mut |row: &dyn Row| -> Result<(), ()> {
            let texts =
                (0..columns.len()).map(|column| row.cell(column).text().map_or("-".to_owned(), Cow::into_owned));
            rows.push(texts.collect::<Vec<_>>().join(" "));
            Ok(())
        };
        each_row(&object, json.as_bytes(), explode, &columns, on_row).unwrap();
        rows
    }

    #[test]
    fn paths_reach_any_depth_lists_and_lists_of_names_and_values() {
        let json = r#"{"a": {"0": {"b": 1}, "x.y": 2}, "l": [{"c": [10, {"d": 3}]}], "k.m": {"n": 4},
            "event_params": [{"key": "page", "value": {"string_value": "/p", "int_value": null}},
                             {"key": "n", "value": {"string_value": null, "int_value": "7"}}],
            "note_attributes": [{"name": "gift", "value": "yes"}]}"#;
        let columns = [
            "a.0.b",
            "a.x.y",
            "l.0.c.0",
            "l.0.c.1.d",
            "k.m.n",
            "event_params.page",
            "event_params.n",
            "note_attributes.gift",
            "a.z",
            "l.7.c",
        ];
        assert_eq!(rows(json, None, &columns), ["1 2 10 3 4 /p 7 yes - -"]);
    }

    #[test]
    fn a_list_of_objects_becomes_one_row_for_each_beside_the_fields_of_the_parent() {
        let json = r#"{"id": 7, "items": [{"sku": "a", "p": {"v": 1}}, {"sku": "b"}], "items_count": 2}"#;
        let columns = ["id", "items.sku", "items.p.v", "items_count"];
        assert_eq!(rows(json, Some("items"), &columns), ["7 a 1 2", "7 b - 2"]);
        assert_eq!(
            rows(r#"{"id": 7, "items": ["a", "b"]}"#, Some("items"), &["id", "items"]),
            ["7 a", "7 b"]
        );
        assert_eq!(
            rows(
                r#"{"properties": {"products": [{"id": 1}]}}"#,
                Some("properties.products"),
                &["properties.products.id"]
            ),
            ["1"]
        );
        assert!(rows(r#"{"id": 7, "items": []}"#, Some("items"), &columns).is_empty());
        assert!(rows(r#"{"id": 7}"#, Some("items"), &columns).is_empty());
    }
}
