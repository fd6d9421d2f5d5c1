//! What stands between the values of a record of separated text, and the splitting of a record into them.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The setting for runs of spaces and tabs. One space is written as one space.
pub const SPACES: &str = "\\s+";

/// What stands between the values of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Separator {
    /// One ASCII character.
    Byte(u8),
    /// Several characters, such as `::`, or one that is not ASCII.
    Text(String),
    /// Any number of spaces and tabs; those in front of the first value do not count.
    Spaces,
}

impl Separator {
    /// The separator that a setting names.
    #[must_use]
    pub fn of_setting(setting: &str) -> Self {
        match setting.as_bytes() {
            _ if setting == SPACES => Self::Spaces,
            [byte] if byte.is_ascii() => Self::Byte(*byte),
            _ => Self::Text(setting.to_owned()),
        }
    }

    /// The setting that names it.
    #[must_use]
    pub fn setting(&self) -> String {
        match self {
            Self::Byte(byte) => char::from(*byte).to_string(),
            Self::Text(text) => text.clone(),
            Self::Spaces => SPACES.to_owned(),
        }
    }

    /// Bytes of the separator that `bytes` begins with; 0 for none.
    fn length_at(&self, bytes: &[u8]) -> usize {
        match self {
            Self::Byte(byte) => usize::from(bytes.first() == Some(byte)),
            Self::Text(text) if bytes.starts_with(text.as_bytes()) => text.len(),
            Self::Text(_) => 0,
            Self::Spaces => bytes.iter().take_while(|byte| is_space(**byte)).count(),
        }
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// One record, split.
pub struct Record {
    values: Vec<u8>,
    ends: Vec<usize>,
    /// Values in it.
    pub count: usize,
}

impl Record {
    /// One of its values.
    #[must_use]
    #[inline]
    pub fn value(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.values[start..self.ends[index]]
    }
}

/// Where a scan through a record is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// At the start of a value, where a quote opens one.
    Start,
    /// In a value where quotes mean nothing more.
    Plain,
    /// Between quotes.
    Inside,
    /// After a quote between quotes: the closing one, or the first of two.
    Closing,
    /// After a closing quote that no separator follows: this quote was meant to open a value.
    Stray,
}

/// Scans on through a record.
#[must_use]
#[inline]
pub fn scan(state: Quote, bytes: &[u8], separator: &Separator) -> Quote {
    match separator {
        Separator::Byte(byte) => scan_bytes(state, bytes, *byte),
        _ => scan_texts(state, bytes, separator),
    }
}

fn scan_bytes(mut state: Quote, bytes: &[u8], delimiter: u8) -> Quote {
    for &byte in bytes {
        state = match state {
            Quote::Inside if byte == b'"' => Quote::Closing,
            Quote::Inside => Quote::Inside,
            Quote::Closing if byte == b'"' => Quote::Inside,
            Quote::Start if byte == b'"' => Quote::Inside,
            Quote::Stray => Quote::Stray,
            Quote::Closing if byte != delimiter => Quote::Stray,
            _ if byte == delimiter => Quote::Start,
            _ => Quote::Plain,
        };
    }
    state
}

fn scan_texts(mut state: Quote, bytes: &[u8], separator: &Separator) -> Quote {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let length = match state {
            Quote::Inside | Quote::Stray => 0,
            _ => separator.length_at(&bytes[at..]),
        };
        state = match state {
            _ if length > 0 => Quote::Start,
            Quote::Inside if byte == b'"' => Quote::Closing,
            Quote::Inside => Quote::Inside,
            Quote::Closing | Quote::Start if byte == b'"' => Quote::Inside,
            Quote::Stray | Quote::Closing => Quote::Stray,
            _ => Quote::Plain,
        };
        at += length.max(1);
    }
    state
}

/// Splits records.
pub struct Splitter {
    reader: Reader,
    separator: Separator,
    record: Record,
}

impl Splitter {
    /// A splitter at one separator.
    #[must_use]
    pub fn new(separator: &Separator) -> Self {
        let delimiter = match separator {
            Separator::Byte(byte) => *byte,
            _ => b',',
        };
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            separator: separator.clone(),
            record: Record {
                values: vec![0; 1024],
                ends: vec![0; 64],
                count: 0,
            },
        }
    }

    /// Splits a whole record, which must end in a line end.
    #[inline]
    pub fn split(&mut self, bytes: &[u8]) -> &Record {
        match self.separator {
            Separator::Byte(_) => self.split_at_bytes(bytes),
            _ => split_at_texts(&self.separator, bytes, &mut self.record),
        }
        &self.record
    }

    fn split_at_bytes(&mut self, bytes: &[u8]) {
        self.reader.reset();
        let Record { values, ends, count } = &mut self.record;
        let (mut read, mut written, mut ended) = (0, 0, 0);
        loop {
            let (result, r, w, e) = self
                .reader
                .read_record(&bytes[read..], &mut values[written..], &mut ends[ended..]);
            (read, written, ended) = (read + r, written + w, ended + e);
            match result {
                ReadRecordResult::OutputFull => values.resize(values.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                // With no bytes left the next call sees the end of the input.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        *count = ended;
    }
}

/// The same by hand, for what `csv-core` cannot split at. Quotes mean the same.
fn split_at_texts(separator: &Separator, bytes: &[u8], record: &mut Record) {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = match separator {
        Separator::Spaces => bytes.trim_ascii(),
        _ => bytes,
    };
    record.values.clear();
    record.ends.clear();
    let mut state = Quote::Start;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if state != Quote::Inside {
            let length = separator.length_at(&bytes[at..]);
            if length > 0 {
                record.ends.push(record.values.len());
                state = Quote::Start;
                at += length;
                continue;
            }
        }
        at += 1;
        state = match (state, byte) {
            (Quote::Start, b'"') => Quote::Inside,
            (Quote::Inside, b'"') => Quote::Closing,
            (Quote::Closing, b'"') => {
                record.values.push(byte);
                Quote::Inside
            }
            (before, _) => {
                record.values.push(byte);
                if before == Quote::Inside {
                    Quote::Inside
                } else {
                    Quote::Plain
                }
            }
        };
    }
    record.ends.push(record.values.len());
    record.count = record.ends.len();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(separator: &str, line: &str) -> Vec<String> {
        let mut splitter = Splitter::new(&Separator::of_setting(separator));
        let record = splitter.split(format!("{line}\n").as_bytes());
        (0..record.count)
            .map(|index| String::from_utf8_lossy(record.value(index)).into_owned())
            .collect()
    }

    #[test]
    fn separators_of_any_length_split_and_quotes_mean_the_same() {
        for (separator, line, expected) in [
            (",", "a,\"b,c\",\"d \"\"e\"\"\"", &["a", "b,c", "d \"e\""] as &[&str]),
            (
                "::",
                "1::Toy Story (1995)::Animation|Children's",
                &["1", "Toy Story (1995)", "Animation|Children's"],
            ),
            ("::", "a::::\"b::c\"::\"d \"\"e\"\"\"", &["a", "", "b::c", "d \"e\""]),
            ("||", "a|b||c||", &["a|b", "c", ""]),
            ("§", "a§ü", &["a", "ü"]),
            (
                "\\s+",
                "  00001 19970101  1   11.77 ",
                &["00001", "19970101", "1", "11.77"],
            ),
            (" ", "1 a 2", &["1", "a", "2"]),
        ] {
            assert_eq!(values(separator, line), expected, "{separator} {line}");
        }
    }
}
