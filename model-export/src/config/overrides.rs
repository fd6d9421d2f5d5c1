//! `--set key.path=value` and `{name}` in paths.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{Config, ConfigError};
use selvedge_lake::explain::nearest;

/// The configuration in `text` with the overrides applied.
pub(super) fn apply(text: &str, path: &Path, overrides: &[String]) -> Result<Config, ConfigError> {
    let mut table: Table = toml::from_str(text).map_err(|source| ConfigError::syntax(path, source))?;
    for text in overrides {
        let Some((key, value)) = text.split_once('=') else {
            return Err(ConfigError::Override { found: text.clone() });
        };
        set(&mut table, key.trim(), parse_value(value.trim()))?;
    }
    Config::deserialize(table).map_err(|source| ConfigError::syntax(Path::new("after --set"), source))
}

fn set(table: &mut Table, key: &str, value: Value) -> Result<(), ConfigError> {
    let mut at = table;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            at.insert(part.to_owned(), value);
            return Ok(());
        }
        let next = at.entry(part).or_insert_with(|| Value::Table(Table::new()));
        at = next.as_table_mut().ok_or_else(|| ConfigError::OverridePath {
            key: key.to_owned(),
            at: part.to_owned(),
        })?;
    }
    Ok(())
}

/// What parses as a TOML value is one; anything else is text, so that a path needs no second pair of quotes.
fn parse_value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// `text` with every `{name}` replaced.
pub(super) fn substitute(text: &str, vars: &BTreeMap<String, String>, path: &Path) -> Result<String, ConfigError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        let Some(value) = vars.get(name) else {
            return Err(ConfigError::UnknownVariable {
                path: path.to_owned(),
                text: text.to_owned(),
                name: name.to_owned(),
                near: nearest(name, vars.keys().map(String::as_str)).map(str::to_owned),
            });
        };
        filled.push_str(before);
        filled.push_str(value);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}
