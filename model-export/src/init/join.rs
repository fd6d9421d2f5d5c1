//! How files fit together: which items of events a catalogue knows, and which file only repeats another.

use std::collections::{BTreeMap, HashSet};

use selvedge_lake::ingest::{Cell, Sample};

use super::look::{Column, share};

/// An id as it is compared between files: `17.0` and `17` are one.
pub fn plain_id(id: &str) -> &str {
    let id = id.trim();
    match id.strip_suffix(".0") {
        Some(whole) if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) => whole,
        _ => id,
    }
}

/// The share of a column's distinct values that the other column has.
pub fn known_share(values: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>) -> f64 {
    let known: HashSet<&str> = other.keys().map(|id| plain_id(id)).collect();
    share(
        values.keys().filter(|id| known.contains(plain_id(id))).count(),
        values.len(),
    )
}

/// Another way of writing ids.
type Spelling = (&'static str, fn(&str) -> String);

const SPELLINGS: &[Spelling] = &[
    ("in lower case", |id| id.to_lowercase()),
    ("without leading zeros", |id| id.trim_start_matches('0').to_owned()),
    ("without what stands before the last - _ : or /", |id| {
        id.rsplit(['-', '_', ':', '/']).next().unwrap_or(id).to_owned()
    }),
    ("without what stands behind the first - _ : or /", |id| {
        id.split(['-', '_', ':', '/']).next().unwrap_or(id).to_owned()
    }),
    ("by their digits alone", |id| {
        let digits: String = id.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_owned()
    }),
];

/// How two columns would meet if their ids were written another way: the way, the share, and an example of both.
pub fn spelling_that_meets(events: &Column, catalogue: &Column) -> Option<(&'static str, f64, String, String)> {
    SPELLINGS.iter().find_map(|(name, spell)| {
        let mut known: BTreeMap<String, &String> = BTreeMap::new();
        for id in catalogue.values.keys() {
            known.insert(spell(plain_id(id)), id);
        }
        known.remove("");
        let met: Vec<(&String, &String)> = events
            .values
            .keys()
            .filter_map(|id| Some((id, *known.get(&spell(plain_id(id)))?)))
            .collect();
        let part = share(met.len(), events.values.len());
        let (here, there) = met.first()?;
        (part > 0.5).then(|| (*name, part, (*here).clone(), (*there).clone()))
    })
}

/// Who did what to which thing when, of all rows of a sample.
pub fn row_keys(sample: &Sample, columns: &[usize]) -> Vec<u64> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let text = |cell: &Cell<'_>| cell.text().map(|text| plain_id(&text).to_owned());
    sample
        .rows
        .iter()
        .map(|row| {
            let mut hash = DefaultHasher::new();
            for column in columns {
                row.get(*column).and_then(text).hash(&mut hash);
            }
            hash.finish()
        })
        .collect()
}
