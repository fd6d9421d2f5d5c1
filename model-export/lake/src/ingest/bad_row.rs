//! Why a row is refused.

use selvedge::event::EventError;
use selvedge::item::ItemFieldError;

/// Why a row is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRow {
    /// The row has more or fewer columns than the header.
    #[error("expected {expected} columns, found {found}")]
    ColumnCount {
        /// Columns of the header.
        expected: usize,
        /// Columns of the row.
        found: usize,
    },
    /// A quoted value begins and does not end.
    #[error("expected a closing quote, found none")]
    OpenQuote,
    /// The line is too long to be a row.
    #[error("expected a line of at most {limit} bytes, found a longer one")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Bytes that are no text.
    #[error("{column}: expected UTF-8, found other bytes")]
    NotUtf8 {
        /// The column.
        column: String,
    },
    /// The line is no JSON.
    #[error("expected one JSON object, found {found}")]
    Json {
        /// What the JSON reader says.
        found: String,
    },
    /// Nobody did it.
    #[error("user: expected an id, found {found}")]
    User {
        /// What stands there.
        found: String,
    },
    /// A word for nobody, in a source without anonymous rows.
    #[error(
        "user: expected an id, found the placeholder {found}; set anonymous = true to keep such rows, or placeholders = [] if it is an id"
    )]
    PlaceholderUser {
        /// What stands there.
        found: String,
    },
    /// A word for no item.
    #[error("item: expected an id, found the placeholder {found}")]
    PlaceholderItem {
        /// What stands there.
        found: String,
    },
    /// A long number that a spreadsheet has rounded. Many ids become the same.
    #[error("{column}: expected an id, found {found}, which a spreadsheet has rounded; export the column as text")]
    RoundedId {
        /// The column.
        column: String,
        /// What stands there.
        found: String,
    },
    /// A number that may be a thousand and more, or a fraction.
    #[error(
        "{column}: expected a number that can be read in one way, found {found}; set decimal = \",\" or decimal = \".\""
    )]
    DecimalMark {
        /// The column.
        column: String,
        /// What stands there.
        found: String,
    },
    /// No item.
    #[error("item: expected an id, found {found}")]
    Item {
        /// What stands there.
        found: String,
    },
    /// The id is too long or has control characters.
    #[error("{column}: {reason}")]
    Id {
        /// The column.
        column: String,
        /// The core's reason.
        reason: EventError,
    },
    /// An unknown event type.
    #[error("event type: expected one of the schema or of event_types, found {found}")]
    Kind {
        /// What stands there.
        found: String,
    },
    /// No time.
    #[error("{column}: expected a time ({format}), found {found}")]
    Time {
        /// The column.
        column: String,
        /// The configured format.
        format: String,
        /// What stands there.
        found: String,
    },
    /// A date of which nobody can say which number is the day.
    #[error(
        "{column}: expected a date that can be read in one way, found {found}; \
         set timestamp_format = \"day_first\" or \"month_first\""
    )]
    DayOrMonth {
        /// The column.
        column: String,
        /// What stands there.
        found: String,
    },
    /// A time that cannot be meant.
    #[error("timestamp: expected 1990 to tomorrow, found {found}")]
    TimeRange {
        /// The time as a date, or in milliseconds since 1970 where it has none.
        found: String,
    },
    /// The end of a window before which no shop was online.
    #[error("{column}: expected 1990 or later, found {found}")]
    WindowEnd {
        /// The column.
        column: String,
        /// The time as a date.
        found: String,
    },
    /// No finite number.
    #[error("value: expected a finite number, found {found}")]
    Value {
        /// What stands there.
        found: String,
    },
    /// Another version of the schema of collected events.
    #[error("schema_version: expected {expected}, found {found}")]
    SchemaVersion {
        /// The version that is read.
        expected: u8,
        /// What stands there.
        found: String,
    },
    /// Neither yes nor no.
    #[error("returning: expected true or false, found {found}")]
    Returning {
        /// What stands there.
        found: String,
    },
    /// The rest of a collected file cannot be read.
    #[error("the file: expected more rows, found {found}; what is behind this row is lost")]
    Unreadable {
        /// What reading says.
        found: String,
    },
    /// A text that no snapshot can hold. The row is kept without it.
    #[error("{source}; the item is kept without it")]
    LeftOut {
        /// Why.
        source: ItemFieldError,
    },
    /// A text that is too long for a snapshot. The row is kept with the beginning of it.
    #[error("{source}; the item is kept with its beginning")]
    Shortened {
        /// Why.
        source: ItemFieldError,
    },
    /// Too many categories. The row is kept with the first of them.
    #[error("categories: expected at most {limit}, found {found}; the item is kept with the first {limit}")]
    Categories {
        /// The limit.
        limit: usize,
        /// How many there are.
        found: usize,
    },
}

impl BadRow {
    /// A name for counting.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ColumnCount { .. } => "wrong number of columns",
            Self::OpenQuote => "unclosed quote",
            Self::TooLong { .. } => "line too long",
            Self::NotUtf8 { .. } => "not UTF-8",
            Self::Json { .. } => "not a JSON object",
            Self::User { .. } => "no user",
            Self::Item { .. } | Self::PlaceholderItem { .. } => "no item",
            Self::PlaceholderUser { .. } => "placeholder instead of a user",
            Self::RoundedId { .. } => "rounded id",
            Self::DecimalMark { .. } => "unclear decimal mark",
            Self::Id { .. } => "unusable id",
            Self::Kind { .. } => "unknown event type",
            Self::Time { .. } => "unreadable time",
            Self::DayOrMonth { .. } => "day or month",
            Self::TimeRange { .. } | Self::WindowEnd { .. } => "absurd time",
            Self::Value { .. } => "unusable value",
            Self::SchemaVersion { .. } => "other schema version",
            Self::Returning { .. } => "unusable returning",
            Self::Unreadable { .. } => "unreadable rest of the file",
            Self::LeftOut { .. } => "text left out",
            Self::Shortened { .. } => "text shortened",
            Self::Categories { .. } => "categories left out",
        }
    }
}
