//! Entity tags of shared answers, and the condition `If-None-Match` (RFC 9110, section 13.1.2).

/// A strong entity tag: the 64-bit FNV-1a hash of the body, in quotes. Two different answers have the same tag with a probability of 2⁻⁶⁴.
#[must_use]
pub fn of(json: &str) -> String {
    let hash = json.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}

/// Whether a value of `If-None-Match` lists this entity tag or is `*` (weak comparison: `W/` is ignored).
#[must_use]
pub fn matches(if_none_match: &str, etag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == etag)
}
