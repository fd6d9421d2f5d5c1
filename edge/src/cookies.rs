//! Selvedge's two cookies: their names, reading them from a `Cookie` header, and the `Set-Cookie` of the profile.

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

/// A `Cookie` header without Selvedge's own cookies, which the origin has no use for.
pub fn without_ours(header: &str) -> String {
    let is_ours = |pair: &str| {
        let name = pair.trim().split_once('=').map_or("", |(name, _)| name);
        name == PROFILE || name == CONSENT
    };
    let others: Vec<&str> = header.split(';').filter(|pair| !is_ours(pair)).map(str::trim).collect();
    others.join("; ")
}
