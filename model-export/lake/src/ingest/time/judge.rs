//! Which format a column of times has, by the evidence of the whole column.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::sorted::{IN_DISORDER, IN_ORDER, Sorted, percent};
use super::written::{Order, Written};
use super::{FIRST_MS, TimeReader, days, number};
use crate::ingest::Cell;

/// Of 100 values, so many must be read. A few bad cells say nothing about the others.
const MIN_READ_PERCENT: usize = 99;

/// Times of events end here for a guess (2040). What lies behind is more often a number that is no time.
const LAST_GUESSED_MS: i64 = 2_208_988_800_000;

/// How sure a guess is, with a sentence for the screen that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The values leave no doubt.
    Strong(String),
    /// Another reading is possible. A person should look.
    Weak(String),
}

impl Evidence {
    /// The sentence.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Strong(sentence) | Self::Weak(sentence) => sentence,
        }
    }

    /// Whether a person should look.
    #[must_use]
    pub const fn is_weak(&self) -> bool {
        matches!(self, Self::Weak(_))
    }
}

/// How a column writes times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeGuess {
    /// The `timestamp_format`.
    pub format: String,
    /// How sure that is.
    pub evidence: Evidence,
    /// The next best format, where the order of day and month is open.
    pub other: Option<String>,
    /// A value of the column; where day and month can be confused, one that shows the difference.
    pub example: String,
    /// Values that the format reads.
    pub read: usize,
    /// Values that are not missing.
    pub of: usize,
}

/// The format of a column of times; [`None`] if it is none. `cells` are values from the whole file, in its order.
///
/// The order of day and month is decided by values above 12, then by the order of the rows (a log is mostly sorted), then by the spread (twelve
/// days of one month are more likely than the first days of twelve months).
#[must_use]
pub fn judge_times(cells: &[Cell<'_>]) -> Option<TimeGuess> {
    let cells: Vec<&Cell<'_>> = cells.iter().filter(|cell| !cell.is_missing()).collect();
    if cells.is_empty() {
        return None;
    }
    let column = Column { cells };
    column
        .without_doubt()
        .or_else(|| column.by_order())
        .or_else(|| column.spreadsheet_days())
}

struct Column<'c> {
    cells: Vec<&'c Cell<'c>>,
}

/// A column under one order of day and month.
struct Reading {
    order: Order,
    read: usize,
    /// Values that no other order reads.
    only: usize,
    sorted: Sorted,
    days: BTreeSet<Date>,
}

impl Column<'_> {
    fn enough(&self, read: usize) -> bool {
        read * 100 >= self.cells.len() * MIN_READ_PERCENT
    }

    fn example(&self) -> String {
        self.cells.first().map(|cell| shown(cell)).unwrap_or_default()
    }

    fn guess(&self, format: &str, evidence: Evidence, read: usize) -> TimeGuess {
        TimeGuess {
            format: format.to_owned(),
            evidence,
            other: None,
            example: self.example(),
            read,
            of: self.cells.len(),
        }
    }

    /// Forms that have one reading only: ISO dates, names of months, counters, columns of times.
    fn without_doubt(&self) -> Option<TimeGuess> {
        let reader = TimeReader::new("auto", "UTC").ok()?;
        let numbers = self.cells.iter().filter(|cell| is_bare_number(cell)).count();
        let (mut read, mut first, mut last) = (0, i64::MAX, i64::MIN);
        for cell in &self.cells {
            let Some(found) = reader.find(cell) else { continue };
            if is_bare_number(cell) && !(FIRST_MS..LAST_GUESSED_MS).contains(&found.ms) {
                continue;
            }
            read += 1;
            first = first.min(found.ms);
            last = last.max(found.ms);
        }
        if !self.enough(read) {
            return None;
        }
        if numbers * 2 < self.cells.len() {
            return Some(self.guess(
                "auto",
                Evidence::Strong("the dates can be read in one way only".to_owned()),
                read,
            ));
        }
        let spans = format!("read as times, the numbers are from {} to {}", date(first), date(last));
        let digits = self
            .example()
            .trim_start_matches('-')
            .split('.')
            .next()
            .map_or(0, str::len);
        // Ten digits may be an order number, too.
        let evidence = if digits <= 10 && digits != 8 {
            Evidence::Weak(spans)
        } else {
            Evidence::Strong(spans)
        };
        Some(self.guess("auto", evidence, read))
    }

    /// Dates of which the order must be found.
    fn by_order(&self) -> Option<TimeGuess> {
        let written: Vec<Option<Written>> = self
            .cells
            .iter()
            .map(|cell| match cell {
                Cell::Text(text) => Written::find(text),
                _ => None,
            })
            .collect();
        let (mut day, mut month) = (Reading::new(Order::Day), Reading::new(Order::Month));
        let mut year = Reading::new(Order::Year);
        for written in written.iter().flatten() {
            let [d, m, y] = [&mut day, &mut month, &mut year].map(|reading| reading.add(written));
            day.only += usize::from(d && !m);
            month.only += usize::from(m && !d);
            year.only += usize::from(y && !d && !m);
        }
        // `24-06-19`: read with the day first, it is a day of each of the years 1 to 31.
        if self.enough(year.read)
            && !written
                .iter()
                .flatten()
                .any(|written| written.open().is_some_and(|n| n.long_year))
        {
            let of_days = [&day, &month].map(|reading| self.enough(reading.read).then(|| reading.span()).flatten());
            let other_span = of_days.into_iter().flatten().min();
            if let Some(span) = year.span()
                && other_span.is_none_or(|other| span * 4 < other)
            {
                let sentence = format!("read with the year first, the dates lie within {span} days");
                return Some(self.guess("year_first", Evidence::Strong(sentence), year.read));
            }
        }
        if !self.enough(day.read.max(month.read)) {
            return None;
        }
        let (best, second, evidence) = decide(&day, &month, &written);
        let mut guess = self.guess(format_of(best.order), evidence, best.read);
        guess.other = Some(format_of(second.order).to_owned());
        // A value that only this order reads shows best what was found.
        let telling = self.cells.iter().zip(&written).find(|(_, written)| {
            let Some(written) = written else { return false };
            written.local(Some(best.order)).is_some()
                && written.local(Some(best.order)) != written.local(Some(second.order))
                && (best.only == 0 || written.local(Some(second.order)).is_none())
        });
        if let Some((cell, _)) = telling {
            guess.example = shown(cell);
        }
        self.enough(guess.read).then_some(guess)
    }

    /// Numbers like 45462.64.
    fn spreadsheet_days(&self) -> Option<TimeGuess> {
        let reader = TimeReader::new("spreadsheet_days", "UTC").ok()?;
        let (mut read, mut fractions, mut first, mut last) = (0, 0, i64::MAX, i64::MIN);
        for cell in &self.cells {
            let Some(found) = reader
                .find(cell)
                .filter(|found| (FIRST_MS..LAST_GUESSED_MS).contains(&found.ms))
            else {
                continue;
            };
            read += 1;
            fractions += usize::from(days(cell).is_some_and(|days| days.fract() != 0.0));
            first = first.min(found.ms);
            last = last.max(found.ms);
        }
        if !self.enough(read) {
            return None;
        }
        let spans = format!(
            "read as days of a spreadsheet, the numbers are from {} to {}",
            date(first),
            date(last)
        );
        // Whole numbers around 45,000 may be anything.
        let evidence = if fractions * 2 > read {
            Evidence::Strong(spans)
        } else {
            Evidence::Weak(spans)
        };
        Some(self.guess("spreadsheet_days", evidence, read))
    }
}

impl Reading {
    fn new(order: Order) -> Self {
        Self {
            order,
            read: 0,
            only: 0,
            sorted: Sorted::default(),
            days: BTreeSet::new(),
        }
    }

    fn add(&mut self, written: &Written) -> bool {
        let Some(local) = written.local(Some(self.order)) else {
            return false;
        };
        self.read += 1;
        // Only these differ between the orders.
        if written.open().is_some() {
            self.sorted.add(local);
            self.days.insert(local.date());
        }
        true
    }

    /// From the first to the last day.
    fn span(&self) -> Option<i64> {
        let (first, last) = (self.days.first()?, self.days.last()?);
        Some(days_between(*first, *last) + 1)
    }
}

/// The better of two orders, the other, and why.
fn decide<'r>(
    day: &'r Reading,
    month: &'r Reading,
    written: &[Option<Written>],
) -> (&'r Reading, &'r Reading, Evidence) {
    let name = |reading: &Reading| {
        if reading.order == Order::Day { "day" } else { "month" }
    };
    if day.only + month.only > 0 && day.only != month.only {
        let (best, second) = if day.only > month.only {
            (day, month)
        } else {
            (month, day)
        };
        let mut sentence = format!(
            "{} dates can be read with the {} first only",
            thousands(best.only),
            name(best)
        );
        if second.only == 0 {
            return (best, second, Evidence::Strong(sentence));
        }
        sentence.push_str(&format!(
            ", {} with the {} first only",
            thousands(second.only),
            name(second)
        ));
        // A typing error here and there says nothing.
        let evidence = if second.only * 100 <= best.read {
            Evidence::Strong(sentence)
        } else {
            Evidence::Weak(sentence)
        };
        return (best, second, evidence);
    }
    let no_day = "no first or second number is above 12";
    if let (Some(by_day), Some(by_month)) = (day.sorted.share(), month.sorted.share()) {
        let (best, second, high, low) = if by_day >= by_month {
            (day, month, by_day, by_month)
        } else {
            (month, day, by_month, by_day)
        };
        if high >= IN_ORDER && low <= IN_DISORDER {
            let sentence = format!(
                "{no_day}; {} % of the pairs of rows are in order if the {} comes first, {} % if the {} does",
                percent(high),
                name(best),
                percent(low),
                name(second)
            );
            return (best, second, Evidence::Strong(sentence));
        }
    }
    if let (Some(by_day), Some(by_month)) = (day.span(), month.span())
        && by_day.max(by_month) >= by_day.min(by_month) * 4
    {
        let (best, second) = if by_day < by_month { (day, month) } else { (month, day) };
        let sentence = format!(
            "{no_day}; the dates are {} different days within {} days if the {} comes first, and within {} if the {} does",
            best.days.len(),
            by_day.min(by_month),
            name(best),
            by_day.max(by_month),
            name(second)
        );
        return (best, second, Evidence::Weak(sentence));
    }
    // A clock of twelve hours beside slashes is American; most of the world writes the day first.
    let mut known = written.iter().flatten();
    if known.any(|written| written.has_meridiem() && written.separator() == Some('/')) {
        let sentence = format!("{no_day}; dates with slashes and AM or PM mostly have the month first");
        return (month, day, Evidence::Weak(sentence));
    }
    let sentence = format!("{no_day}, and neither the order nor the spread of the rows tells day and month apart");
    (day, month, Evidence::Weak(sentence))
}

const fn format_of(order: Order) -> &'static str {
    match order {
        Order::Day => "day_first",
        Order::Month => "month_first",
        Order::Year => "year_first",
    }
}

fn is_bare_number(cell: &Cell<'_>) -> bool {
    number(cell).is_some()
}

fn days_between(first: Date, last: Date) -> i64 {
    let start = DateTime::from_parts(first, jiff::civil::Time::midnight());
    let end = DateTime::from_parts(last, jiff::civil::Time::midnight());
    end.duration_since(start).as_hours() / 24
}

fn date(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.strftime("%Y-%m-%d").to_string())
}

/// A value as it stands in the file.
fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Instant(ms) | Cell::Local(ms) => date(*ms),
        cell => crate::ingest::cell::shorten(&cell.text().unwrap_or_default(), 60),
    }
}

/// `1204` → `1,204`.
pub(in crate::ingest) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
