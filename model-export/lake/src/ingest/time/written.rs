//! A date and a time in the forms in which people and programs write them, without a format.
//!
//! Which field is the day is decided after the text is read, so that a column can be read both ways.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::scan::{Field, Scanned, scan};

/// Two-digit years from here on are of the last century, as POSIX has it.
const PIVOT: u32 = 69;

/// Which number comes first where all fields of a date have one or two digits, or the year comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `19/06/2024`.
    Day,
    /// `06/19/2024`.
    Month,
    /// `24-06-19`.
    Year,
}

/// A date and a time as a text has them, before it is decided which number is the day.
#[derive(Clone, Debug, PartialEq)]
pub struct Written(Scanned);

/// The numbers of a date that can be read in more than one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    pub first: u32,
    pub second: u32,
    /// Whether the third number is a year of four digits.
    pub long_year: bool,
}

impl Written {
    /// What stands in a text; [`None`] if that is no date.
    pub fn find(text: &str) -> Option<Self> {
        scan(text).map(Self)
    }

    /// The separator between the fields, where it is the same.
    pub const fn separator(&self) -> Option<char> {
        self.0.separator
    }

    /// The zone that the text names.
    pub const fn zone(&self) -> Option<&TimeZone> {
        self.0.zone.as_ref()
    }

    /// The numbers, if the order of day and month is open.
    pub fn open(&self) -> Option<Numbers> {
        match self.0.fields {
            [
                Field::Number {
                    value: first,
                    digits: 1 | 2,
                },
                Field::Number {
                    value: second,
                    digits: 1 | 2,
                },
                Field::Number { digits, .. },
            ] => Some(Numbers {
                first,
                second,
                long_year: digits > 2,
            }),
            _ => None,
        }
    }

    /// Whether a clock of twelve hours is used.
    pub fn has_meridiem(&self) -> bool {
        self.0.clock.is_some_and(|clock| clock.pm.is_some())
    }

    /// The time on the wall clock.
    pub fn local(&self, order: Option<Order>) -> Option<DateTime> {
        let (year, month, day) = self.date(order)?;
        let date = Date::new(i16::try_from(year).ok()?, month, i8::try_from(day).ok()?).ok()?;
        let clock = self.0.clock.unwrap_or_default();
        let hour = match clock.pm {
            None => clock.hour,
            Some(_) if !(1..=12).contains(&clock.hour) => return None,
            Some(pm) => clock.hour % 12 + if pm { 12 } else { 0 },
        };
        // ISO 8601 lets a day end at 24:00.
        if hour == 24 && clock.minute == 0 && clock.second == 0 && clock.pm.is_none() {
            return Some(date.tomorrow().ok()?.at(0, 0, 0, 0));
        }
        let time = jiff::civil::Time::new(
            i8::try_from(hour).ok()?,
            i8::try_from(clock.minute).ok()?,
            // A leap second.
            i8::try_from(if clock.second == 60 { 59 } else { clock.second }).ok()?,
            i32::try_from(clock.nanosecond).ok()?,
        );
        Some(date.to_datetime(time.ok()?))
    }

    fn date(&self, order: Option<Order>) -> Option<(u32, i8, u32)> {
        use Field::{Month, Number};
        let small = |month: u32| i8::try_from(month).ok();
        match self.0.fields {
            // `2024-06-19`, and no other order begins with the year.
            [
                Number { value: year, digits: 4 },
                Number {
                    value: month,
                    digits: 1 | 2,
                },
                Number {
                    value: day,
                    digits: 1 | 2,
                },
            ] => Some((year, small(month)?, day)),
            [
                Number { value: year, digits: 4 },
                Month(month),
                Number { value: day, .. },
            ] => Some((year, month, day)),
            [Number { value: day, .. }, Month(month), Number { value, digits }]
            | [Month(month), Number { value: day, .. }, Number { value, digits }] => {
                Some((year(value, digits)?, month, day))
            }
            [
                Number {
                    value: first,
                    digits: 1 | 2,
                },
                Number {
                    value: second,
                    digits: 1 | 2,
                },
                Number { value: third, digits },
            ] => match order? {
                Order::Day => Some((year(third, digits)?, small(second)?, first)),
                Order::Month => Some((year(third, digits)?, small(first)?, second)),
                Order::Year if digits <= 2 => Some((year(first, 2)?, small(second)?, third)),
                Order::Year => None,
            },
            _ => None,
        }
    }
}

/// A year of four digits, or of two.
fn year(value: u32, digits: usize) -> Option<u32> {
    match digits {
        4 => Some(value),
        2 if value < PIVOT => Some(value + 2000),
        2 => Some(value + 1900),
        _ => None,
    }
}
