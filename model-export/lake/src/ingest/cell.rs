//! One value of a source file, whatever the file's format.

use std::borrow::Cow;

/// One value of a source file.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// JSON `null`, a missing key, a Parquet null.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// Text that is not UTF-8.
    NotText,
    /// A whole number.
    Int(i64),
    /// A whole number above `i64`.
    Unsigned(u64),
    /// A number.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// A time on the UTC line, in milliseconds since 1970.
    Instant(i64),
    /// A time on a wall clock, as if that stood in Greenwich, in milliseconds since 1970.
    Local(i64),
    /// Several values.
    List(Vec<Cell<'a>>),
    /// Values under names.
    Object(Vec<(String, Cell<'a>)>),
}

/// What programs write where they have no value, in any case.
pub const MISSING: [&str; 10] = ["null", "\\N", "nan", "nat", "none", "n/a", "#n/a", "na", "-", "--"];
const LONGEST_MISSING: usize = 4;

/// Whole numbers up to here are exact in a 64-bit float.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Cell<'_> {
    /// The value as text without spaces around it; `None` where there is none, or where it is no single value.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let text: Cow<'_, str> = match self {
            Self::Text(text) => Cow::Borrowed(text.trim()),
            Self::Int(value) => Cow::Owned(value.to_string()),
            Self::Unsigned(value) => Cow::Owned(value.to_string()),
            Self::Float(value) if value.is_finite() => Cow::Owned(number_text(*value)),
            Self::Bool(value) => Cow::Owned(value.to_string()),
            Self::Instant(ms) | Self::Local(ms) => Cow::Owned(ms.to_string()),
            Self::Null | Self::NotText | Self::Float(_) | Self::List(_) | Self::Object(_) => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The value as an id: text or a whole number, spelled alike in every format. Exports through data frames turn whole numbers with gaps into
    /// floats (`17.0`); those are taken as whole while they are exact. Leading zeros stay (`0017`), and so do other decimals (`1.50`).
    #[must_use]
    pub fn id(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Float(value) if value.fract() != 0.0 || value.abs() > EXACT => None,
            Self::Bool(_) | Self::Instant(_) | Self::Local(_) => None,
            Self::Text(text) => {
                let text = unquoted(text.trim());
                let text = whole(text).unwrap_or(text);
                (!text.is_empty()).then_some(Cow::Borrowed(text))
            }
            _ => self.text(),
        }
    }

    /// Whether nothing stands there. Data frames write a missing number as NaN.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Float(value) => value.is_nan(),
            _ => false,
        }
    }

    /// Whether nothing stands there, or a word that programs write where they have no value (`NULL`, `\N`, `nan`, `N/A`, `-`).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Text(text) => {
                let text = text.trim();
                text.len() <= LONGEST_MISSING
                    && (text.is_empty() || MISSING.iter().any(|word| word.eq_ignore_ascii_case(text)))
            }
            cell => cell.is_empty(),
        }
    }

    /// Whether a spreadsheet has rounded a long number (`8.52E+12`): many barcodes become this one text, so it is nobody's id.
    #[must_use]
    pub fn is_rounded(&self) -> bool {
        let Self::Text(text) = self else { return false };
        let text = text.trim();
        // Every id of every row comes here, and hardly one has the sign of an exponent.
        let bytes = text.as_bytes();
        if !bytes.iter().rev().skip(2).take(2).any(|byte| *byte == b'+') {
            return false;
        }
        // Ids of products may hold an E (`12E4`); a spreadsheet always writes one digit before the point, a sign, and two digits.
        let Some((number, exponent)) = text.split_once(['E', 'e']) else {
            return false;
        };
        let number = number.strip_prefix('-').unwrap_or(number).as_bytes();
        let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        let rounded = match number {
            [first] => first.is_ascii_digit(),
            [first, b'.' | b',', rest @ ..] => first.is_ascii_digit() && !rest.is_empty() && digits(rest),
            _ => false,
        };
        let exponent = exponent.strip_prefix('+').map(str::as_bytes);
        rounded && exponent.is_some_and(|exponent| matches!(exponent.len(), 2 | 3) && digits(exponent))
    }

    /// What stands there, shortened, for a message.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::NotText => "bytes that are no UTF-8".to_owned(),
            Self::Text(text) => format!("{:?}", shorten(text, 60)),
            Self::Float(value) => value.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Object(_) => "an object".to_owned(),
            other => other.text().unwrap_or_default().into_owned(),
        }
    }
}

/// Text without the quotes that some exports write into the value: `"17"`, and `="0017"`, which keeps a spreadsheet from reading a number.
fn unquoted(text: &str) -> &str {
    let quoted = text.strip_prefix('=').unwrap_or(text);
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.map_or(text, str::trim)
}

/// `17.0` without its `.0`.
fn whole(text: &str) -> Option<&str> {
    let number = text.strip_suffix(".0")?;
    let digits = number.strip_prefix('-').unwrap_or(number);
    let plain = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (digits == "0" || !digits.starts_with('0'))).then_some(number)
}

/// A number as people write it: whole ones without a fraction.
fn number_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() <= EXACT {
        format!("{value:.0}")
    } else {
        value.to_string()
    }
}

/// The first `limit` characters.
#[must_use]
pub fn shorten(text: &str, limit: usize) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(limit).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// One row of a source file. Columns are numbered as they were asked for.
pub trait Row {
    /// The value of a column.
    fn cell(&self, column: usize) -> Cell<'_>;

    /// The row as it stands in the file, for the quarantine.
    fn raw(&self) -> String;
}

/// A cell that outlives its row.
#[must_use]
pub fn owned(cell: Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Text(text) => Cell::Text(text.into_owned().into()),
        Cell::List(cells) => Cell::List(cells.into_iter().map(owned).collect()),
        Cell::Object(pairs) => Cell::Object(pairs.into_iter().map(|(name, cell)| (name, owned(cell))).collect()),
        Cell::Null => Cell::Null,
        Cell::NotText => Cell::NotText,
        Cell::Int(value) => Cell::Int(value),
        Cell::Unsigned(value) => Cell::Unsigned(value),
        Cell::Float(value) => Cell::Float(value),
        Cell::Bool(value) => Cell::Bool(value),
        Cell::Instant(ms) => Cell::Instant(ms),
        Cell::Local(ms) => Cell::Local(ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_text_or_whole_numbers() {
        assert_eq!(Cell::Text(" a ".into()).id().as_deref(), Some("a"));
        assert_eq!(Cell::Int(-17).id().as_deref(), Some("-17"));
        assert_eq!(Cell::Unsigned(u64::MAX).id().as_deref(), Some("18446744073709551615"));
        assert_eq!(Cell::Float(17.0).id().as_deref(), Some("17"));
        for (text, id) in [
            ("17.0", "17"),
            (" 17 ", "17"),
            ("\"17\"", "17"),
            ("=\"0017\"", "0017"),
            ("-3.0", "-3"),
            ("0.0", "0"),
            ("0017", "0017"),
            ("0017.0", "0017.0"),
            ("1.50", "1.50"),
            ("17.00", "17.00"),
            ("v1.0", "v1.0"),
            ("12345678901234567.0", "12345678901234567.0"),
        ] {
            assert_eq!(Cell::Text(text.into()).id().as_deref(), Some(id), "{text}");
        }
        for refused in [
            Cell::Null,
            Cell::Text("  ".into()),
            Cell::Float(17.5),
            Cell::Float(1e300),
            Cell::Float(f64::NAN),
            Cell::Bool(true),
            Cell::List(Vec::new()),
        ] {
            assert_eq!(refused.id(), None, "{refused:?}");
        }
    }

    #[test]
    fn a_number_that_a_spreadsheet_rounded_is_known_by_its_form() {
        for text in ["8.52E+12", "8,52E+12", "8.52e+12", "4E+10", "-1.5E+100"] {
            assert!(Cell::Text(text.into()).is_rounded(), "{text}");
        }
        for text in [
            "12E4",
            "1E5",
            "8.52E12",
            "88.52E+12",
            "E+12",
            "1.E+12",
            "8.52E+1",
            "abcE+12",
            "",
        ] {
            assert!(!Cell::Text(text.into()).is_rounded(), "{text}");
        }
    }

    #[test]
    fn words_for_no_value_are_none() {
        for text in [
            "", " ", "NULL", "null", "\\N", "NaN", "None", "N/A", "#N/A", "-", "--", "NaT",
        ] {
            assert!(Cell::Text(text.into()).is_missing(), "{text}");
        }
        assert!(Cell::Float(f64::NAN).is_missing());
        for text in ["0", "-1", "nano", "nobody"] {
            assert!(!Cell::Text(text.into()).is_missing(), "{text}");
        }
    }
}
