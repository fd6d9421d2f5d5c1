//! How a column writes times, by all of its values.

use selvedge_lake::ingest::{Cell, NumberReader, judge_times};

/// How a column writes times.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// The `timestamp_format`.
    pub format: String,
    /// Whether the values are numbers, which could be something else.
    pub number: bool,
    /// What is not sure about the format, and why it was taken, as a sentence.
    pub weak: Option<String>,
    /// The format that is as likely.
    pub other: Option<String>,
}

/// The format of a column; [`None`] if it holds no times.
pub fn judge(cells: &[&Cell<'static>]) -> Option<Times> {
    let cells: Vec<Cell<'static>> = cells.iter().map(|cell| (*cell).clone()).collect();
    let guess = judge_times(&cells)?;
    let reader = NumberReader::default();
    let numbers = cells
        .iter()
        .filter(|cell| super::numbers::number(&reader, cell).is_some())
        .count();
    Some(Times {
        number: numbers * 2 > cells.len(),
        weak: guess
            .evidence
            .is_weak()
            .then(|| format!("{} (for example {})", guess.evidence.sentence(), guess.example)),
        format: guess.format,
        other: guess.other,
    })
}

impl Times {
    /// Takes a person's word for the order of day and month, where that is open.
    pub fn settle(&mut self, day_first: bool) {
        let wanted = if day_first { "day_first" } else { "month_first" };
        if ["day_first", "month_first"].contains(&self.format.as_str()) {
            wanted.clone_into(&mut self.format);
            self.weak = None;
        }
    }
}

/// Whether a cell is a time of day: `9:12`, `09:12:30`, `9:12 AM`.
pub fn is_clock(cell: &Cell<'_>) -> bool {
    let Some(text) = cell.text() else { return false };
    let lower = text.to_ascii_lowercase();
    let plain = lower.trim_end_matches("am").trim_end_matches("pm").trim();
    let parts: Vec<&str> = plain.split(':').collect();
    let number = |part: &&str| {
        let part = part.split('.').next().unwrap_or(part);
        (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    (2..=3).contains(&parts.len()) && parts.iter().all(number)
}
