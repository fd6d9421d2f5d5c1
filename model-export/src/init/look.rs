//! What the values of a column look like.

use std::collections::BTreeMap;

use selvedge_lake::ingest::{Cell, Sample, TimeReader};

/// Patterns that are tried on text that is no ISO date. Month first comes after day first; a sample with a day above
/// 12 decides, and where none does the comment in the draft says so.
const PATTERNS: &[&str] = &[
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d/%b/%Y:%H:%M:%S %z",
];

/// A column and what its values look like.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The name for comparing: letters and digits only, lower case, without a type behind a colon.
    pub plain: String,
    /// Rows with a value.
    pub filled: usize,
    /// Distinct values with their counts.
    pub values: BTreeMap<String, usize>,
    /// The `timestamp_format` that reads every value, if one does.
    pub time: Option<String>,
    /// Whether every value is a number.
    pub numeric: bool,
    /// Whether the words are in capitals.
    pub capitals: bool,
    /// What separates several values.
    pub separator: Option<&'static str>,
}

impl Column {
    /// All columns of a sample.
    pub fn all(sample: &Sample) -> Vec<Self> {
        (0..sample.columns.len()).map(|index| Self::of(sample, index)).collect()
    }

    fn of(sample: &Sample, index: usize) -> Self {
        let name = sample.columns[index].clone();
        let cells: Vec<&Cell<'_>> = sample
            .rows
            .iter()
            .map(|row| &row[index])
            .filter(|cell| !cell.is_empty())
            .collect();
        let mut values = BTreeMap::new();
        for text in cells.iter().filter_map(|cell| cell.text()) {
            *values.entry(text.into_owned()).or_insert(0) += 1;
        }
        let numeric = !cells.is_empty() && cells.iter().all(|cell| is_number(cell));
        let worded: Vec<&String> = values
            .keys()
            .filter(|value| value.chars().any(char::is_alphabetic))
            .collect();
        let capital = worded.iter().filter(|value| value.to_uppercase() == ***value).count();
        let split = |separator: &str| values.keys().filter(|value| value.contains(separator)).count();
        Self {
            plain: plain(&name),
            filled: cells.len(),
            time: time_format(&cells),
            numeric,
            capitals: capital * 10 > worded.len() * 9,
            separator: ["|", ";"]
                .into_iter()
                .find(|separator| split(separator) * 5 > values.len()),
            values,
            name,
        }
    }

    /// Whether values repeat so rarely that each row seems to have its own.
    pub fn unique(&self) -> bool {
        self.filled > 0 && self.values.len() == self.filled
    }

    /// The most frequent values, for a comment.
    pub fn examples(&self) -> String {
        let mut values: Vec<(&String, &usize)> = self.values.iter().collect();
        values.sort_by_key(|(value, count)| (std::cmp::Reverse(**count), *value));
        let short = |value: &String| value.chars().take(30).filter(|c| !c.is_control()).collect::<String>();
        values
            .iter()
            .take(3)
            .map(|(value, _)| short(value))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn plain(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let untyped = last.split(':').next().unwrap_or(last);
    untyped
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn is_number(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Int(_) | Cell::Unsigned(_) | Cell::Float(_) => true,
        Cell::Text(text) => text.trim().parse::<f64>().is_ok(),
        _ => false,
    }
}

/// The first format that reads every value.
fn time_format(cells: &[&Cell<'_>]) -> Option<String> {
    if cells.is_empty() || cells.iter().any(|cell| matches!(cell, Cell::Bool(_) | Cell::List(_))) {
        return None;
    }
    let fits = |format: &str| {
        let reader = TimeReader::new(format, "UTC").ok()?;
        // Since 1990, as in ingest; a counter in another unit lands elsewhere.
        let plausible = 631_152_000_000..4_102_444_800_000i64;
        cells
            .iter()
            .all(|cell| reader.read("", cell).is_ok_and(|ms| plausible.contains(&ms)))
            .then(|| format.to_owned())
    };
    let eight_digits = |cell: &&Cell<'_>| {
        cell.text()
            .is_some_and(|text| text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()))
    };
    if cells.iter().all(eight_digits) {
        return fits("%Y%m%d");
    }
    let numbers = cells.iter().all(|cell| is_number(cell));
    let formats: &[&str] = if numbers {
        &["unix_s", "unix_ms", "unix_us"]
    } else {
        &["auto"]
    };
    formats.iter().find_map(|format| fits(format)).or_else(|| {
        if numbers {
            None
        } else {
            PATTERNS.iter().find_map(|format| fits(format))
        }
    })
}
