//! Entity tags of shared answers, and the condition `If-None-Match` (RFC 9110, section 13.1.2).

/// The digest of no bytes.
pub const START: u64 = 0xcbf2_9ce4_8422_2325;

/// The 64-bit FNV-1a hash of these bytes behind those that `before` is the digest of.
pub fn digest(before: u64, bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(before, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A strong entity tag: the digest of the body behind what shaped it (the code and its settings), in quotes. So an answer that an earlier
/// version of the code made is not confirmed, even if the bytes are the same. Two different answers have the same tag with a probability of
/// 2⁻⁶⁴.
#[must_use]
pub fn of(shaped_by: u64, json: &str) -> String {
    format!("\"{:016x}\"", digest(shaped_by, json.bytes()))
}

/// Whether a value of `If-None-Match` lists this entity tag or is `*` (weak comparison: `W/` is ignored).
#[must_use]
pub fn matches(if_none_match: &str, etag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == etag)
}
