//! The columns of the lake.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use selvedge::event::EventKind;

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;

/// The type of all times in the lake: milliseconds, UTC.
#[must_use]
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

/// Text to text; names as the Parquet specification wants them.
#[must_use]
pub fn text_map() -> DataType {
    let entries = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ]);
    let entries = Field::new("key_value", DataType::Struct(entries), false);
    DataType::Map(Arc::new(entries), false)
}

/// A list of text.
#[must_use]
pub fn text_list() -> DataType {
    DataType::List(Arc::new(Field::new("element", DataType::Utf8, false)))
}

/// Columns of `events/`.
#[must_use]
pub fn events() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("event_id", DataType::Utf8, true),
        Field::new("user_id", DataType::Utf8, true),
        Field::new("item_id", DataType::Utf8, false),
        Field::new("event_type", DataType::Utf8, false),
        Field::new("timestamp", timestamp(), false),
        Field::new("value", DataType::Float64, true),
        Field::new("context", text_map(), true),
        // Null for events that the edge did not collect. Parts from before this column lack it.
        Field::new("returning", DataType::Boolean, true),
    ]))
}

/// Columns of `catalogue/`.
#[must_use]
pub fn catalogue() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("item_id", DataType::Utf8, false),
        Field::new("title", DataType::Utf8, false),
        Field::new("categories", text_list(), false),
        Field::new("attributes", text_map(), false),
        Field::new("image", DataType::Utf8, true),
        Field::new("available_from", timestamp(), true),
        Field::new("available_until", timestamp(), true),
    ]))
}

/// What `event_type` says of a row that takes an earlier event back.
const TAKES_BACK: &str = "takes_back:";

/// The `event_type` of a row that takes an event of a kind back.
#[must_use]
pub fn taking_back(kind: EventKind) -> String {
    [TAKES_BACK, kind.as_str()].concat()
}

/// The kind in an `event_type`, and whether the row takes an event of it back.
#[must_use]
pub fn kind_of(event_type: &str) -> Option<(EventKind, bool)> {
    match event_type.strip_prefix(TAKES_BACK) {
        Some(kind) => EventKind::parse(kind).map(|kind| (kind, true)),
        None => EventKind::parse(event_type).map(|kind| (kind, false)),
    }
}

/// The UTC date of a time as `YYYY-MM-DD`.
#[must_use]
pub fn date_of(timestamp_ms: i64) -> String {
    let (year, month, day) = selvedge::time::civil_from_days(timestamp_ms.div_euclid(DAY_MS));
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_change_at_utc_midnight_leap_days_included() {
        for (ms, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_399_999, "2000-02-28"),
            (951_782_400_000, "2000-02-29"),
            (1_709_251_199_999, "2024-02-29"),
            (4_107_542_400_000, "2100-03-01"),
        ] {
            assert_eq!(date_of(ms), date);
        }
    }
}
