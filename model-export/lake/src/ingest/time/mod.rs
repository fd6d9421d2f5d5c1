//! Times as files write them.

mod columns;
mod judge;
mod names;
mod scan;
mod sorted;
#[cfg(test)]
mod tests;
mod watch;
mod written;

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

pub use self::columns::TimeColumns;
pub(super) use self::judge::thousands;
pub use self::judge::{Evidence, TimeGuess, judge_times};
pub(super) use self::sorted::percent;
pub use self::watch::{OrderWatch, OtherOrder};
use self::written::{Order, Written};
use super::{BadRow, Cell, IngestError};

/// Times before this are mistakes: a second counter read as milliseconds, an empty value read as 0.
pub const FIRST_MS: i64 = 631_152_000_000;

/// Day 0 of a spreadsheet, 1899-12-30, in days since 1970.
const SPREADSHEET_EPOCH: i32 = -25_569;

/// How a column writes times.
#[derive(Clone, Debug)]
enum Format {
    Auto,
    Rfc3339,
    /// How many of the unit are a second.
    Unix(f64),
    SpreadsheetDays,
    Ordered(Order),
    /// Whether it has day and month as numbers, so that they can be confused.
    Pattern {
        confusable: bool,
    },
}

/// Reads times of one column format.
#[derive(Clone, Debug)]
pub struct TimeReader {
    format: Format,
    text: String,
    zone: TimeZone,
}

/// A time that was read.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Found {
    ms: i64,
    /// The time as it is written, if it depends on the order of day and month.
    open: Option<DateTime>,
}

impl Found {
    const fn certain(ms: i64) -> Self {
        Self { ms, open: None }
    }
}

impl TimeReader {
    /// A reader for a configured format and zone.
    ///
    /// # Errors
    /// The format or the zone is unknown.
    pub fn new(format: &str, zone: &str) -> Result<Self, IngestError> {
        let zone = TimeZone::get(zone).map_err(|source| IngestError::TimeZone {
            found: zone.to_owned(),
            source,
        })?;
        Self::in_time_zone(format, zone)
    }

    fn in_time_zone(format: &str, zone: TimeZone) -> Result<Self, IngestError> {
        let parsed = match format {
            "auto" => Format::Auto,
            "rfc3339" => Format::Rfc3339,
            "unix_s" => Format::Unix(1.0),
            "unix_ms" => Format::Unix(1e3),
            "unix_us" => Format::Unix(1e6),
            "unix_ns" => Format::Unix(1e9),
            "spreadsheet_days" => Format::SpreadsheetDays,
            "day_first" => Format::Ordered(Order::Day),
            "month_first" => Format::Ordered(Order::Month),
            "year_first" => Format::Ordered(Order::Year),
            pattern if pattern.contains('%') => Format::Pattern {
                confusable: swapped(pattern).is_some(),
            },
            _ => {
                return Err(IngestError::TimestampFormat {
                    found: format.to_owned(),
                });
            }
        };
        Ok(Self {
            format: parsed,
            text: format.to_owned(),
            zone,
        })
    }

    /// The reader with day and month the other way round; [`None`] if the format leaves no doubt about them.
    fn other_order(&self) -> Option<Self> {
        let other = match &self.format {
            Format::Ordered(Order::Day) => "month_first".to_owned(),
            Format::Ordered(Order::Month) => "day_first".to_owned(),
            Format::Pattern { .. } => swapped(&self.text)?,
            _ => return None,
        };
        Self::in_time_zone(&other, self.zone.clone()).ok()
    }

    /// The time in a cell, in milliseconds since 1970.
    ///
    /// # Errors
    /// No time of the format stands there.
    pub fn read(&self, column: &str, cell: &Cell<'_>) -> Result<i64, BadRow> {
        match self.find(cell) {
            Some(found) => Ok(found.ms),
            None => Err(self.refuse(column, cell)),
        }
    }

    /// Like [`TimeReader::read`], and lets the watch see whether the other order of day and month would fit better.
    ///
    /// # Errors
    /// No time of the format stands there.
    pub fn read_watched(&self, column: &str, cell: &Cell<'_>, watch: &mut OrderWatch) -> Result<i64, BadRow> {
        match self.find(cell) {
            Some(found) => {
                if let Some(local) = found.open {
                    watch.good(local);
                }
                Ok(found.ms)
            }
            None => {
                watch.bad(cell);
                Err(self.refuse(column, cell))
            }
        }
    }

    fn refuse(&self, column: &str, cell: &Cell<'_>) -> BadRow {
        let open = |text: &str| Written::find(text).is_some_and(|written| written.open().is_some());
        match (&self.format, cell) {
            (Format::Auto | Format::Rfc3339, Cell::Text(text)) if open(text) => BadRow::DayOrMonth {
                column: column.to_owned(),
                found: cell.shown(),
            },
            _ => BadRow::Time {
                column: column.to_owned(),
                format: self.text.clone(),
                found: cell.shown(),
            },
        }
    }

    fn find(&self, cell: &Cell<'_>) -> Option<Found> {
        match cell {
            // A column of times says itself what it means.
            Cell::Instant(ms) => return Some(Found::certain(*ms)),
            Cell::Local(ms) => {
                let Ok(time) = jiff::Timestamp::from_millisecond(*ms) else {
                    // The end of the year 9999, or nothing that a calendar has.
                    return Some(Found::certain(*ms));
                };
                return self.in_zone(TimeZone::UTC.to_datetime(time)).map(Found::certain);
            }
            _ => {}
        }
        match (&self.format, cell) {
            (Format::Auto, Cell::Text(text)) => {
                let text = text.trim();
                // `20240619152245123` has more digits than a float keeps.
                if text.len() == 17 && text.bytes().all(|byte| byte.is_ascii_digit()) && text.starts_with(['1', '2']) {
                    return self.written(text, None);
                }
                self.civil_or_instant(text)
                    .or_else(|| from_bare_number(text.parse().ok()?, self))
                    .map(Found::certain)
                    .or_else(|| self.written(text, None))
            }
            (Format::Auto, _) => from_bare_number(number(cell)?, self).map(Found::certain),
            (Format::Unix(per_second), _) => from_number(number(cell)?, Some(*per_second)).map(Found::certain),
            (Format::SpreadsheetDays, _) => self.of_spreadsheet(days(cell)?).map(Found::certain),
            (Format::Rfc3339, Cell::Text(text)) => {
                let text = text.trim();
                self.civil_or_instant(text)
                    .map(Found::certain)
                    .or_else(|| self.written(text, None))
            }
            (Format::Rfc3339, _) => None,
            (Format::Ordered(order), Cell::Text(text)) => {
                let text = text.trim();
                self.written(text, Some(*order))
                    .or_else(|| self.civil_or_instant(text).map(Found::certain))
            }
            (Format::Ordered(_), _) => None,
            (Format::Pattern { confusable }, _) => self.by_pattern(cell.text()?.as_ref(), *confusable),
        }
    }

    /// `2024-06-19T15:22:45.123Z`, `2024-06-19 15:22:45`, `2024-06-19`.
    fn civil_or_instant(&self, text: &str) -> Option<i64> {
        // A bare number can be read as a date in ISO 8601's basic form, which has its own rules here. And a civil time would ignore a zone in brackets.
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || text.contains('[') {
            return None;
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(instant.as_millisecond());
        }
        self.in_zone(text.parse::<DateTime>().ok()?)
    }

    /// Any form that people and programs write.
    fn written(&self, text: &str, order: Option<Order>) -> Option<Found> {
        let written = Written::find(text)?;
        let local = written.local(order)?;
        let zone = written.zone().unwrap_or(&self.zone);
        Some(Found {
            ms: in_zone(zone, local)?,
            open: written.open().is_some().then_some(local),
        })
    }

    fn by_pattern(&self, text: &str, confusable: bool) -> Option<Found> {
        let parts = strtime::parse(&self.text, text.trim()).ok()?;
        let local = parts
            .to_datetime()
            .or_else(|_| parts.to_date().map(|date| date.at(0, 0, 0, 0)));
        let ms = match parts.to_timestamp() {
            Ok(instant) => instant.as_millisecond(),
            Err(_) => self.in_zone(*local.as_ref().ok()?)?,
        };
        Some(Found {
            ms,
            open: local.ok().filter(|_| confusable),
        })
    }

    /// A day of a spreadsheet: a number of days since 1899-12-30, on a wall clock.
    fn of_spreadsheet(&self, days: f64) -> Option<i64> {
        let ms = ((days + f64::from(SPREADSHEET_EPOCH)) * 86_400_000.0).round();
        // Beyond the year 9999 spreadsheets have no dates.
        if !(1.0..2_958_466.0).contains(&days) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        let ms = jiff::Timestamp::from_millisecond(ms as i64).ok()?;
        self.in_zone(TimeZone::UTC.to_datetime(ms))
    }

    fn in_zone(&self, local: DateTime) -> Option<i64> {
        in_zone(&self.zone, local)
    }
}

/// Where a clock change makes a time ambiguous or impossible, RFC 5545's rule: the earlier one, or moved forward.
fn in_zone(zone: &TimeZone, local: DateTime) -> Option<i64> {
    match zone.to_ambiguous_timestamp(local).compatible() {
        Ok(time) => Some(time.as_millisecond()),
        // Databases write the last second of the year 9999 for no end. It lies behind the last instant that every zone has.
        Err(_) => (local.year() >= 9999).then_some(jiff::Timestamp::MAX.as_millisecond()),
    }
}

/// A strftime pattern with day and month exchanged; [`None`] if it has not both as numbers.
fn swapped(pattern: &str) -> Option<String> {
    let mut other = String::with_capacity(pattern.len());
    let (mut days, mut months) = (0, 0);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        other.push(c);
        if c != '%' {
            continue;
        }
        // `%-d` has no leading zero.
        for c in chars.by_ref() {
            match c {
                'd' | 'e' => {
                    days += 1;
                    other.push('m');
                }
                'm' => {
                    months += 1;
                    other.push('d');
                }
                '-' | '_' | '0' | '^' | '#' => {
                    other.push(c);
                    continue;
                }
                c => other.push(c),
            }
            break;
        }
    }
    // Behind the year nobody writes the day before the month.
    let year_first = pattern.trim_start().starts_with("%Y");
    (days == 1 && months == 1 && !year_first).then_some(other)
}

fn number(cell: &Cell<'_>) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "times in microseconds stay below 2^53")]
    match cell {
        Cell::Int(value) => Some(*value as f64),
        Cell::Unsigned(value) => Some(*value as f64),
        Cell::Float(value) => Some(*value),
        Cell::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Days of a spreadsheet; the date and the time of day may stand in two columns, whose sum it is then. Some write a decimal comma.
fn days(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Text(text) => {
            let mut sum = None;
            for part in text.split_whitespace() {
                let value: f64 = part.replace(',', ".").parse().ok()?;
                sum = Some(sum.unwrap_or(0.0) + value);
            }
            sum
        }
        cell => number(cell),
    }
}

/// Milliseconds of a number without a format: `20240619`, `20240619152245`, or a counter.
fn from_bare_number(value: f64, reader: &TimeReader) -> Option<i64> {
    // No counter of any unit looks like these between 1990 and the year 2600.
    let is_date = (19_000_101.0..21_010_101.0).contains(&value)
        || (190_001_010_000.0..210_101_010_000.0).contains(&value)
        || (19_000_101_000_000.0..21_010_101_000_000.0).contains(&value);
    if is_date && value.fract() == 0.0 {
        let written = Written::find(&format!("{value:.0}"))?;
        return reader.in_zone(written.local(None)?);
    }
    from_number(value, None)
}

/// Milliseconds from a counter. Without a unit, the size tells: since 1990 seconds have 9 or 10 digits,
/// milliseconds 12 or 13, and so on, and no range touches another.
fn from_number(value: f64, per_second: Option<f64>) -> Option<i64> {
    const UNITS: [f64; 4] = [1.0, 1e3, 1e6, 1e9];
    let per_second = match per_second {
        Some(per_second) => per_second,
        None => UNITS.into_iter().find(|unit| (6e8..6e10).contains(&(value / unit)))?,
    };
    let ms = (value / per_second * 1e3).round();
    // Outside this no calendar follows; NaN is in no range.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    (-1e14..1e14).contains(&ms).then_some(ms as i64)
}
