//! Which user ids are words for nobody.

use super::look::Column;

/// Whether a value is one that exports write for nobody.
fn is_nobody(value: &str) -> bool {
    let lower = value.trim().to_lowercase();
    let uuid = lower.bytes().all(|byte| byte == b'0' || byte == b'-') && lower.len() >= 32;
    uuid || [
        "null",
        "\\n",
        "nan",
        "none",
        "n/a",
        "na",
        "-",
        "--",
        "?",
        "0",
        "0.0",
        "-1",
        "guest",
        "anonymous",
        "unknown",
        "undefined",
        "(not set)",
        "gast",
        "invite",
        "invitado",
        "ospite",
    ]
    .contains(&lower.as_str())
}

/// The values of a column of users that are nobody, with their rows.
pub fn of(column: &Column, zero_is_somebody: bool) -> impl Iterator<Item = (&String, usize)> {
    let zero = move |value: &str| zero_is_somebody && value == "0";
    column
        .values
        .iter()
        .filter(move |(value, _)| is_nobody(value) && !zero(value))
        .map(|(value, rows)| (value, *rows))
}
