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

    /// The value as an id: text or a whole number. Exports through data frames turn whole numbers with gaps into
    /// floats (`17.0`); those are taken as whole while they are exact.
    #[must_use]
    pub fn id(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Float(value) if value.fract() != 0.0 || value.abs() > EXACT => None,
            Self::Bool(_) | Self::Instant(_) | Self::Local(_) => None,
            _ => self.text(),
        }
    }

    /// Whether nothing stands there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_text_or_whole_numbers() {
        assert_eq!(Cell::Text(" a ".into()).id().as_deref(), Some("a"));
        assert_eq!(Cell::Int(-17).id().as_deref(), Some("-17"));
        assert_eq!(Cell::Unsigned(u64::MAX).id().as_deref(), Some("18446744073709551615"));
        assert_eq!(Cell::Float(17.0).id().as_deref(), Some("17"));
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
}
