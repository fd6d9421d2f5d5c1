//! From the characters of a time to its fields, clock and zone, in one pass.

use jiff::tz::{Offset, TimeZone};

use super::names::{self, Word};

/// No form of a time is longer. `Wed Jun 19 2024 15:22:45 GMT+0200 (Central European Summer Time)` has 66 bytes.
const MAX_BYTES: usize = 128;

/// A field of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Number { value: u32, digits: usize },
    Month(i8),
}

/// A time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub nanosecond: u32,
    /// Whether it is after noon, on a clock of twelve hours.
    pub pm: Option<bool>,
}

/// What a text says, before it is decided which number is the day.
#[derive(Clone, Debug, PartialEq)]
pub struct Scanned {
    /// The fields of the date.
    pub fields: [Field; 3],
    /// The separator between the fields, where it is the same.
    pub separator: Option<char>,
    /// The time of day.
    pub clock: Option<Clock>,
    /// The zone that the text names.
    pub zone: Option<TimeZone>,
}

/// Reads a text; [`None`] if it is no date.
pub fn scan(text: &str) -> Option<Scanned> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return None;
    }
    // Logs put brackets around the whole time.
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let mut scan = Scan::new(inner.unwrap_or(text));
    while !scan.rest.is_empty() {
        scan.step()?;
    }
    scan.finish()
}

struct Scan<'t> {
    rest: &'t str,
    fields: [Option<Field>; 3],
    count: usize,
    separators: [Option<char>; 2],
    clock: Option<Clock>,
    zone: Option<TimeZone>,
    /// Whether an offset may come: the last token was a clock, or `GMT`.
    after_clock: bool,
    /// Whether a suffix like `th` may come.
    after_number: bool,
    spaced: bool,
}

impl<'t> Scan<'t> {
    fn new(rest: &'t str) -> Self {
        Self {
            rest,
            fields: [None; 3],
            count: 0,
            separators: [None; 2],
            clock: None,
            zone: None,
            after_clock: false,
            after_number: false,
            spaced: false,
        }
    }

    fn step(&mut self) -> Option<()> {
        let first = self.rest.chars().next()?;
        let digit_follows = self.rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        match first {
            c if c.is_whitespace() || c == ',' => {
                self.take(c);
                self.spaced = true;
                return Some(());
            }
            '0'..='9' => self.number()?,
            '+' | '-' | '−'
                if digit_follows && self.after_clock && (self.count == 3 || self.spaced || first == '+') =>
            {
                self.offset()?;
            }
            '/' | '.' | '-' if (1..3).contains(&self.count) => {
                self.take(first);
                let slot = self.separators.get_mut(self.count - 1)?;
                // `19.-06` is no date.
                if slot.replace(first).is_some() {
                    return None;
                }
            }
            // `10/Oct/2000:13:55:36`, `20240619_152245`, `20240619-152245`, `2024. 06. 19.`
            ':' | '_' | '-' | '.' if self.count == 3 && self.clock.is_none() => self.take(first),
            '[' => self.bracket()?,
            '(' if self.clock.is_some() => {
                self.rest = self.rest.split_once(')')?.1;
            }
            c if c.is_alphabetic() => self.word()?,
            _ => return None,
        }
        self.spaced = false;
        Some(())
    }

    fn take(&mut self, c: char) {
        self.rest = self.rest.strip_prefix(c).unwrap_or(self.rest);
    }

    /// The digits at the front.
    fn digits(&mut self) -> &'t str {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    fn number(&mut self) -> Option<()> {
        let digits = self.digits();
        let next = self.rest.chars().next();
        self.after_number = false;
        if self.clock.is_none() && digits.len() <= 2 {
            let separator = match next {
                Some(':') => next,
                // `15h22`, and `15.22` behind a date.
                Some('h' | 'H') if self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) => next,
                Some('.') if self.count == 3 => next,
                _ => None,
            };
            if let Some(separator) = separator {
                return self.clock(digits, separator);
            }
            if matches!(self.count, 0 | 3) && self.meridiem_follows() {
                return self.set_clock(Clock {
                    hour: digits.parse().ok()?,
                    ..Clock::default()
                });
            }
        }
        if self.count == 0 && matches!(digits.len(), 8 | 12 | 14 | 17) {
            return self.compact(digits);
        }
        if self.count == 3 {
            return self.compact_clock(digits);
        }
        let (value, digits) = (digits.parse().ok()?, digits.len());
        if digits > 4 {
            return None;
        }
        self.push(Field::Number { value, digits })?;
        self.after_number = true;
        Some(())
    }

    fn push(&mut self, field: Field) -> Option<()> {
        *self.fields.get_mut(self.count)? = Some(field);
        self.count += 1;
        self.after_clock = false;
        Some(())
    }

    fn set_clock(&mut self, clock: Clock) -> Option<()> {
        self.clock = Some(clock);
        self.after_clock = true;
        Some(())
    }

    /// Whether `AM` or `p.m.` is next.
    fn meridiem_follows(&self) -> bool {
        let rest = self.rest.trim_start();
        let mut letters = rest.chars().filter(|c| *c != '.' && !c.is_whitespace());
        matches!(letters.next(), Some('a' | 'A' | 'p' | 'P'))
            && matches!(letters.next(), Some('m' | 'M'))
            && !letters.next().is_some_and(char::is_alphabetic)
    }

    /// `:22:45.123` behind the hour.
    fn clock(&mut self, hour: &str, separator: char) -> Option<()> {
        self.take(separator);
        let minute = self.digits();
        if minute.len() != 2 {
            return None;
        }
        let mut clock = Clock {
            hour: hour.parse().ok()?,
            minute: minute.parse().ok()?,
            ..Clock::default()
        };
        let more = match separator {
            'h' | 'H' => ['m', ':'].into_iter().find(|c| self.rest.starts_with(*c)),
            separator => self.rest.starts_with(separator).then_some(separator),
        };
        let digit_behind = |rest: &str| rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        if let Some(more) = more.filter(|_| digit_behind(self.rest)) {
            self.take(more);
            let second = self.digits();
            if second.len() != 2 {
                return None;
            }
            clock.second = second.parse().ok()?;
            clock.nanosecond = self.fraction()?;
        }
        self.set_clock(clock)
    }

    /// A fraction of a second behind `.`, `,` or, as SQL Server has it, `:`.
    fn fraction(&mut self) -> Option<u32> {
        let Some(mark) = ['.', ',', ':'].into_iter().find(|c| self.rest.starts_with(*c)) else {
            return Some(0);
        };
        if !self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            return Some(0);
        }
        self.take(mark);
        nanoseconds(self.digits())
    }

    /// `20240619`, `202406191522`, `20240619152245`, `20240619152245123`.
    fn compact(&mut self, digits: &str) -> Option<()> {
        for (from, to) in [(0, 4), (4, 6), (6, 8)] {
            let part = digits.get(from..to)?;
            self.push(Field::Number {
                value: part.parse().ok()?,
                digits: part.len(),
            })?;
        }
        match digits.get(8..) {
            None | Some("") => Some(()),
            Some(clock) => self.compact_clock(clock),
        }
    }

    /// `1522`, `152245`, `152245123`, and hours alone; a lost leading zero comes back.
    fn compact_clock(&mut self, digits: &str) -> Option<()> {
        if self.clock.is_some_and(|clock| clock != Clock::default()) {
            return None;
        }
        let padded;
        let digits = if digits.len() % 2 == 1 && digits.len() < 6 {
            padded = format!("0{digits}");
            padded.as_str()
        } else {
            digits
        };
        let part = |from: usize| match digits.get(from..from + 2) {
            Some(part) => part.parse().ok(),
            None => Some(0),
        };
        if !matches!(digits.len(), 2 | 4 | 6 | 9) {
            return None;
        }
        let nanosecond = match digits.get(6..) {
            Some(ms) if !ms.is_empty() => nanoseconds(ms)?,
            _ if digits.len() == 6 => self.fraction()?,
            _ => 0,
        };
        self.set_clock(Clock {
            hour: part(0)?,
            minute: part(2)?,
            second: part(4)?,
            nanosecond,
            pm: None,
        })
    }

    /// `+05`, `+0500`, `+05:00`, `-5`.
    fn offset(&mut self) -> Option<()> {
        let west = !self.rest.starts_with('+');
        let sign = self.rest.chars().next()?;
        self.take(sign);
        let digits = self.digits();
        let (hours, minutes) = match digits.len() {
            1 | 2 => {
                let minutes = if self.rest.starts_with(':') {
                    self.take(':');
                    self.digits()
                } else {
                    "00"
                };
                (digits, minutes)
            }
            3 | 4 => digits.split_at(digits.len() - 2),
            _ => return None,
        };
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        if hours > 18 || minutes > 59 {
            return None;
        }
        let seconds = hours * 3600 + minutes * 60;
        self.zone = Some(fixed(if west { -seconds } else { seconds })?);
        self.after_clock = false;
        Some(())
    }

    /// A zone's name in brackets; an offset before it counts more.
    fn bracket(&mut self) -> Option<()> {
        let (name, rest) = self.rest[1..].split_once(']')?;
        let zone = TimeZone::get(name.trim_start_matches('!')).ok()?;
        self.zone.get_or_insert(zone);
        self.rest = rest;
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let end = self
            .rest
            .find(|c: char| !(c.is_alphabetic() || c == '.' || ('\u{300}'..='\u{36f}').contains(&c)))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let number_before = std::mem::take(&mut self.after_number);
        // `Europe/Berlin`; in `19/Jun/2024` a digit follows the slash.
        if rest.starts_with('/') && rest[1..].starts_with(char::is_alphabetic) && self.clock.is_some() {
            let end = self
                .rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || "/_+-".contains(c)))
                .unwrap_or(self.rest.len());
            let (name, rest) = self.rest.split_at(end);
            self.zone.get_or_insert(TimeZone::get(name).ok()?);
            self.rest = rest;
            return Some(());
        }
        self.rest = rest;
        if number_before && ["st", "nd", "rd", "th", "er", "º", "ª"].contains(&word) {
            return Some(());
        }
        if word.eq_ignore_ascii_case("t") && self.count == 3 && self.clock.is_none() {
            return Some(());
        }
        // `p. m.` in two words.
        if let Some(clock) = self.clock.as_mut().filter(|clock| clock.pm.is_none())
            && let Some(half) = ["a.", "p."].iter().position(|half| word.eq_ignore_ascii_case(half))
            && let Some(rest) = rest.trim_start().strip_prefix(['m', 'M'])
        {
            clock.pm = Some(half == 1);
            self.rest = rest.strip_prefix('.').unwrap_or(rest);
            return Some(());
        }
        match names::word(word)? {
            Word::Filler => {}
            Word::Month(month) => {
                let known = self
                    .fields
                    .iter()
                    .flatten()
                    .position(|field| matches!(field, Field::Month(_)));
                match known {
                    None => self.push(Field::Month(month))?,
                    // `mar. 19 juin`: the first one was Tuesday.
                    Some(0) if self.fields[0] == Some(Field::Month(3)) && names::is_weekday_too(3) => {
                        self.fields.rotate_left(1);
                        self.fields[2] = None;
                        self.count -= 1;
                        self.push(Field::Month(month))?;
                    }
                    Some(_) => return None,
                }
            }
            half @ (Word::Am | Word::Pm) => {
                let clock = self.clock.as_mut()?;
                if clock.pm.replace(half == Word::Pm).is_some() {
                    return None;
                }
                self.after_clock = true;
            }
            Word::Zone(seconds) => {
                self.clock?;
                self.zone = Some(fixed(seconds)?);
                // `GMT+2`.
                self.after_clock = seconds == 0;
            }
        }
        Some(())
    }

    fn finish(self) -> Option<Scanned> {
        let [Some(first), Some(second), Some(third)] = self.fields else {
            return None;
        };
        let numeric = [first, second, third]
            .iter()
            .all(|field| matches!(field, Field::Number { .. }));
        // `19/06-2024` is no date, and neither is a version or an address.
        if numeric && self.separators[0] != self.separators[1] {
            return None;
        }
        Some(Scanned {
            fields: [first, second, third],
            separator: self.separators[0],
            clock: self.clock,
            zone: self.zone,
        })
    }
}

/// The digits behind the point, as nanoseconds.
fn nanoseconds(digits: &str) -> Option<u32> {
    let kept = digits.get(..9).unwrap_or(digits);
    let value: u32 = kept.parse().ok()?;
    Some(value * 10u32.pow(u32::try_from(9 - kept.len()).ok()?))
}

fn fixed(seconds: i32) -> Option<TimeZone> {
    Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?))
}
