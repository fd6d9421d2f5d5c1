//! Selvedge's two cookies: their names, reading them from a `Cookie` header, and the `Set-Cookie` of the profile.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Holds the sealed profile.
pub const PROFILE: &str = "selvedge";
/// Holds `off` if the visitor does not agree to be remembered.
pub const CONSENT: &str = "selvedge-consent";

/// The value of the first cookie with this name (RFC 6265, section 5.4: browsers send the one with the longest path first).
pub fn value_of<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    header
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The `Set-Cookie` of the profile cookie. `max_age_s` of 0 has the browser delete it.
pub fn set_profile(value: &str, max_age_s: u32, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{PROFILE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}")
}

/// Whether a consent cookie says that the visitor does not agree to be remembered: `off` in any case, also in quotes, spaces or
/// percent-encoded. One of several is enough.
pub fn says_off(header: &str) -> bool {
    let named = header.split(';').filter_map(|pair| pair.split_once('='));
    let mut values = named.filter(|(name, _)| name.trim() == CONSENT).map(|(_, value)| value);
    values.any(|value| {
        let value = percent_decode_str(value).decode_utf8_lossy();
        let is_quoting = |character: char| character.is_whitespace() || matches!(character, '"' | '\'');
        value.trim_matches(is_quoting).eq_ignore_ascii_case("off")
    })
}

/// A `Cookie` header without Selvedge's own cookies, which the origin has no use for. All others stay byte for byte, and so does the whole header
/// if it has none of ours.
///
/// A header that the host cannot read as text, because a foreign cookie in it is not UTF-8, stays whole: written back as text, that cookie would
/// be another one. The origin then sees our cookies too. The profile in them is sealed.
pub fn without_ours(header: &str) -> Cow<'_, str> {
    let is_ours = |pair: &&str| {
        let name = pair.split_once('=').map_or("", |(name, _)| name.trim());
        name == PROFILE || name == CONSENT
    };
    if header.contains(char::REPLACEMENT_CHARACTER) || !header.split(';').any(|pair| is_ours(&pair)) {
        return Cow::Borrowed(header);
    }
    let others: Vec<&str> = header.split(';').filter(|pair| !is_ours(pair)).collect();
    Cow::Owned(others.join(";").trim_start().to_owned())
}
