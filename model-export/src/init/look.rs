//! What the values of a column look like.

use std::collections::BTreeMap;

use selvedge_lake::ingest::{Cell, NumberReader, Sample};

use super::names::Name;
use super::numbers::{decimal_of, number};
use super::times::{self, Times};

/// So much of a column must fit for the column to count as what its values look like: one bad cell in a thousand changes nothing.
const MOST: f64 = 0.985;

/// A column and what its values look like.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The name for comparing.
    pub words: Name,
    /// Rows that were looked at.
    pub rows: usize,
    /// Rows with a value.
    pub filled: usize,
    /// Distinct values with their counts.
    pub values: BTreeMap<String, usize>,
    /// How its times are written, if it holds times.
    pub time: Option<Times>,
    /// Whether it holds times of day without a date: `09:12`.
    pub clock: bool,
    /// Whether the values are numbers.
    pub numeric: bool,
    /// Whether they are whole ones.
    pub whole: bool,
    /// The smallest and the largest number.
    pub range: Option<(f64, f64)>,
    /// Rows with a number below 0.
    pub negative: usize,
    /// Whether the words are in capitals.
    pub capitals: bool,
    /// The decimal mark, where the numbers could be read in two ways without it.
    pub decimal: Option<char>,
    /// What separates several values.
    pub separator: Option<&'static str>,
    /// Characters of a value, on average.
    pub length: f64,
    /// Share of distinct values with a letter in them.
    pub lettered: f64,
    /// Whether the values are addresses of mail.
    pub email: bool,
    /// Whether some row holds a list or an object.
    pub nested: bool,
}

impl Column {
    /// All columns of a sample.
    pub fn all(sample: &Sample) -> Vec<Self> {
        (0..sample.columns.len()).map(|index| Self::of(sample, index)).collect()
    }

    fn of(sample: &Sample, index: usize) -> Self {
        let name = sample.columns[index].clone();
        let cells: Vec<&Cell<'static>> = sample
            .rows
            .iter()
            .filter_map(|row| row.get(index))
            .filter(|cell| !cell.is_empty())
            .collect();
        let mut values = BTreeMap::new();
        for text in cells.iter().filter_map(|cell| cell.text()) {
            *values.entry(text.into_owned()).or_insert(0) += 1;
        }
        let decimal = decimal_of(&cells);
        let reader = NumberReader::new(decimal);
        let numbers: Vec<f64> = cells.iter().filter_map(|cell| number(&reader, cell)).collect();
        let most = |count: usize| !cells.is_empty() && share(count, cells.len()) >= MOST;
        let worded: Vec<&String> = values
            .keys()
            .filter(|value| value.chars().any(char::is_alphabetic))
            .collect();
        let capital = worded.iter().filter(|value| value.to_uppercase() == ***value).count();
        let split = |separator: &str| values.keys().filter(|value| value.contains(separator)).count();
        let characters: usize = values.keys().map(|value| value.chars().count()).sum();
        let nested = cells.iter().any(|cell| matches!(cell, Cell::List(_) | Cell::Object(_)));
        Self {
            words: Name::of(&name),
            rows: sample.rows.len(),
            filled: cells.len(),
            time: times::judge(&cells),
            clock: most(cells.iter().filter(|cell| times::is_clock(cell)).count()),
            numeric: most(numbers.len()),
            whole: most(numbers.iter().filter(|number| number.fract() == 0.0).count()),
            range: numbers.iter().fold(None, |range: Option<(f64, f64)>, &number| {
                Some(range.map_or((number, number), |(least, most)| (least.min(number), most.max(number))))
            }),
            negative: numbers.iter().filter(|number| **number < 0.0).count(),
            capitals: capital * 10 > worded.len() * 9,
            separator: ["|", ";"]
                .into_iter()
                .find(|separator| split(separator) * 5 > values.len()),
            length: share(characters, values.len()),
            lettered: share(worded.len(), values.len()),
            email: most(cells.iter().filter(|cell| is_email(cell)).count()),
            nested,
            values,
            decimal,
            name,
        }
    }

    /// Whether values repeat so rarely that each row seems to have its own.
    pub fn unique(&self) -> bool {
        self.filled > 0 && self.values.len() == self.filled
    }

    /// Whether values could be ids: text of one piece or whole numbers, and not the same in every row of many.
    pub fn like_ids(&self) -> bool {
        self.filled > 0
            && !self.nested
            && (!self.numeric || self.whole)
            && self.length <= 80.0
            && !self.clock
            && self.time.as_ref().is_none_or(|time| time.number)
    }

    /// The most frequent values, for a comment.
    pub fn examples(&self) -> String {
        let mut values: Vec<(&String, &usize)> = self.values.iter().collect();
        values.sort_by_key(|(value, count)| (std::cmp::Reverse(**count), *value));
        values
            .iter()
            .take(3)
            .map(|(value, _)| short(value, 30))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// A part of a whole, 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The beginning of a value, on one line.
pub fn short(value: &str, limit: usize) -> String {
    let mut chars = value.chars().filter(|c| !c.is_control());
    let mut short: String = chars.by_ref().take(limit).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

fn is_email(cell: &Cell<'_>) -> bool {
    cell.text().is_some_and(|text| {
        text.split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !text.contains(' '))
    })
}
