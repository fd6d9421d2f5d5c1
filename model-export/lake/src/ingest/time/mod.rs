//! Times as files write them.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::{BadRow, Cell, IngestError};

/// Times before this are mistakes: a second counter read as milliseconds, an empty value read as 0.
pub const FIRST_MS: i64 = 631_152_000_000;

/// How a column writes times.
#[derive(Clone, Debug)]
enum Format {
    Auto,
    Rfc3339,
    /// How many of the unit are a second.
    Unix(f64),
    Pattern,
}

/// Reads times of one column format.
#[derive(Clone, Debug)]
pub struct TimeReader {
    format: Format,
    text: String,
    zone: TimeZone,
}

impl TimeReader {
    /// A reader for a configured format and zone.
    ///
    /// # Errors
    /// The format or the zone is unknown.
    pub fn new(format: &str, zone: &str) -> Result<Self, IngestError> {
        let parsed = match format {
            "auto" => Format::Auto,
            "rfc3339" => Format::Rfc3339,
            "unix_s" => Format::Unix(1.0),
            "unix_ms" => Format::Unix(1e3),
            "unix_us" => Format::Unix(1e6),
            pattern if pattern.contains('%') => Format::Pattern,
            _ => {
                return Err(IngestError::TimestampFormat {
                    found: format.to_owned(),
                });
            }
        };
        let zone = TimeZone::get(zone).map_err(|source| IngestError::TimeZone {
            found: zone.to_owned(),
            source,
        })?;
        Ok(Self {
            format: parsed,
            text: format.to_owned(),
            zone,
        })
    }

    /// The time in a cell, in milliseconds since 1970.
    ///
    /// # Errors
    /// No time of the format stands there.
    pub fn read(&self, column: &str, cell: &Cell<'_>) -> Result<i64, BadRow> {
        self.find(cell).ok_or_else(|| BadRow::Time {
            column: column.to_owned(),
            format: self.text.clone(),
            found: cell.shown(),
        })
    }

    fn find(&self, cell: &Cell<'_>) -> Option<i64> {
        match cell {
            // A column of times says itself what it means.
            Cell::Instant(ms) => return Some(*ms),
            Cell::Local(ms) => {
                let clock = TimeZone::UTC.to_datetime(jiff::Timestamp::from_millisecond(*ms).ok()?);
                return self.in_zone(clock);
            }
            _ => {}
        }
        match (&self.format, cell) {
            (Format::Auto, Cell::Text(text)) => {
                let text = text.trim();
                self.civil_or_instant(text)
                    .or_else(|| from_number(text.parse().ok()?, None))
            }
            (Format::Auto, _) => from_number(number(cell)?, None),
            (Format::Unix(per_second), _) => from_number(number(cell)?, Some(*per_second)),
            (Format::Rfc3339, Cell::Text(text)) => self.civil_or_instant(text.trim()),
            (Format::Rfc3339, _) => None,
            (Format::Pattern, _) => self.by_pattern(cell.text()?.as_ref()),
        }
    }

    /// `2024-06-19T15:22:45.123Z`, `2024-06-19 15:22:45`, `2024-06-19`.
    fn civil_or_instant(&self, text: &str) -> Option<i64> {
        // A bare number can be read as a date in ISO 8601's basic form, which nobody means.
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(instant.as_millisecond());
        }
        self.in_zone(text.parse::<DateTime>().ok()?)
    }

    fn by_pattern(&self, text: &str) -> Option<i64> {
        let parts = strtime::parse(&self.text, text.trim()).ok()?;
        if let Ok(instant) = parts.to_timestamp() {
            return Some(instant.as_millisecond());
        }
        let local = parts
            .to_datetime()
            .or_else(|_| parts.to_date().map(|date| date.at(0, 0, 0, 0)))
            .ok()?;
        self.in_zone(local)
    }

    /// Where a clock change makes a time ambiguous or impossible, RFC 5545's rule: the earlier one, or moved forward.
    fn in_zone(&self, local: DateTime) -> Option<i64> {
        Some(
            self.zone
                .to_ambiguous_timestamp(local)
                .compatible()
                .ok()?
                .as_millisecond(),
        )
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(format: &str, zone: &str, cell: Cell<'_>) -> Option<i64> {
        TimeReader::new(format, zone).unwrap().read("t", &cell).ok()
    }

    fn text(text: &str) -> Cell<'_> {
        Cell::Text(text.into())
    }

    #[test]
    fn texts_with_and_without_a_zone() {
        assert_eq!(
            read("auto", "UTC", text("2024-06-19T15:22:45.5Z")),
            Some(1_718_810_565_500)
        );
        assert_eq!(
            read("auto", "UTC", text("2024-06-19 15:22:45+02:00")),
            Some(1_718_803_365_000)
        );
        assert_eq!(
            read("auto", "UTC", text(" 2024-06-19 15:22:45 ")),
            Some(1_718_810_565_000)
        );
        assert_eq!(
            read("auto", "Europe/Berlin", text("2024-06-19 15:22:45")),
            Some(1_718_803_365_000)
        );
        assert_eq!(read("rfc3339", "UTC", text("2024-06-19")), Some(1_718_755_200_000));
        // Where a clock is put forward, 02:30 does not exist and 03:30 is meant.
        assert_eq!(
            read("auto", "Europe/Berlin", text("2024-03-31 02:30:00")),
            read("auto", "UTC", text("2024-03-31T01:30:00Z"))
        );
    }

    #[test]
    fn counters_in_every_unit() {
        for (format, cell) in [
            ("auto", Cell::Int(1_593_536_687)),
            ("auto", Cell::Int(1_593_536_687_000)),
            ("auto", Cell::Int(1_593_536_687_000_000)),
            ("auto", Cell::Int(1_593_536_687_000_000_000)),
            ("auto", text("1593536687.0")),
            ("unix_s", text("1593536687")),
            ("unix_s", Cell::Float(1_593_536_687.0)),
            ("unix_ms", Cell::Int(1_593_536_687_000)),
            ("unix_us", Cell::Int(1_593_536_687_000_000)),
        ] {
            assert_eq!(
                read(format, "UTC", cell.clone()),
                Some(1_593_536_687_000),
                "{format} {cell:?}"
            );
        }
        assert_eq!(
            read("unix_ms", "UTC", Cell::Int(1_700_000_000_123)),
            Some(1_700_000_000_123)
        );
    }

    #[test]
    fn patterns() {
        assert_eq!(read("%Y%m%d", "UTC", text("19970101")), Some(852_076_800_000));
        assert_eq!(read("%Y%m%d", "UTC", Cell::Int(19_970_101)), Some(852_076_800_000));
        assert_eq!(
            read("%d/%m/%Y %H:%M", "Europe/Berlin", text("19/06/2024 17:22")),
            Some(1_718_810_520_000)
        );
        assert_eq!(
            read("%Y-%m-%d %H:%M %z", "UTC", text("2024-06-19 17:22 +0200")),
            Some(1_718_810_520_000)
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        for cell in [
            Cell::Null,
            text(""),
            text("yesterday"),
            text("2024-13-01"),
            text("19970101"),
            Cell::Int(0),
            Cell::Int(-1),
            Cell::Float(f64::NAN),
            Cell::Float(f64::INFINITY),
            Cell::Bool(true),
            Cell::NotText,
        ] {
            assert_eq!(read("auto", "UTC", cell.clone()), None, "{cell:?}");
        }
        assert_eq!(read("unix_s", "UTC", Cell::Float(f64::INFINITY)), None);
        assert_eq!(read("unix_s", "UTC", Cell::Int(i64::MAX)), None);
        assert!(TimeReader::new("auto", "Europe/Berlim").is_err());
        assert!(TimeReader::new("unix", "UTC").is_err());
    }
}
