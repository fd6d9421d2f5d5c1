//! Headers as text, a line for each name and each value: how the shim takes them, in one call.

use selvedge_edge::Headers;

/// Headers whose values differ in nearly every answer.
const OWN: [&str; 11] = [
    "age",
    "cache-status",
    "etag",
    "server-timing",
    "set-cookie",
    "surrogate-control",
    "selvedge-fallback",
    "selvedge-key",
    "selvedge-model",
    "selvedge-scope",
    "selvedge-segment",
];

/// Headers, names and values, a line each.
pub fn lines(headers: &Headers) -> String {
    let (lasting, own) = lasting_and_own(headers);
    lasting + &own
}

/// Headers as lines: those that many answers have alike, and the others.
pub fn lasting_and_own(headers: &Headers) -> (String, String) {
    let (mut lasting, mut own) = (String::new(), String::new());
    for (name, value) in headers.iter() {
        let lines = if OWN.contains(&name) { &mut own } else { &mut lasting };
        lines.extend([name, "\n", value, "\n"]);
    }
    (lasting, own)
}
