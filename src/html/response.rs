//! Which responses of the origin are rewritten, and which of their headers still hold afterwards.

use alloc::string::String;

use super::Options;

/// Headers to drop: they describe the bytes before the rewriting, or would let a shared cache store a page made for one
/// visitor.
pub const DROPPED_HEADERS: [&str; 23] = [
    "content-length",
    "etag",
    "last-modified",
    "accept-ranges",
    "content-md5",
    "content-digest",
    "repr-digest",
    "digest",
    "expires",
    "age",
    "pragma",
    "surrogate-control",
    "surrogate-key",
    "cdn-cache-control",
    "cloudflare-cdn-cache-control",
    "vercel-cdn-cache-control",
    "netlify-cdn-cache-control",
    "akamai-cache-control",
    "fastly-cache-control",
    "x-litespeed-cache-control",
    "x-accel-expires",
    "edge-control",
    "edge-cache-tag",
];

/// Returns the `Cache-Control` of a rewritten page whose origin sent `cache_control`: only the browser may store it,
/// and not even the browser if the origin sent `no-store`.
#[must_use]
pub fn cache_control_of(cache_control: &str) -> &'static str {
    if has_directive(cache_control, "no-store") {
        "private, no-store"
    } else {
        "private, no-cache"
    }
}

fn has_directive(cache_control: &str, directive: &str) -> bool {
    cache_control
        .split(',')
        .any(|found| found.trim().eq_ignore_ascii_case(directive))
}

impl Options {
    /// Returns how to rewrite a response with these headers, or [`None`] if it must stay as it is: it is not HTML, must
    /// not be transformed (RFC 9111, section 5.2.2.6), has a content coding other than `gzip` and `br`, or has a
    /// character encoding in which the bytes of ASCII mean something else.
    ///
    /// ESI is processed if `Surrogate-Control` contains `content="ESI/1.0"` (Edge Architecture Specification 1.0).
    pub fn of<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Self> {
        let value = |name: &str| header(name).unwrap_or_default().to_ascii_lowercase();
        let media_type = value("content-type");
        let mut parameters = media_type.split(';').map(str::trim);
        if parameters.next() != Some("text/html") {
            return None;
        }
        let charset = parameters.find_map(|parameter| parameter.strip_prefix("charset=").map(String::from));
        let charset = charset.unwrap_or_default();
        let charset = charset.trim_matches(['"', '\'', ' ']);
        if charset.starts_with("utf-16") || matches!(charset, "iso-2022-jp" | "csiso2022jp" | "unicode" | "ucs-2") {
            return None;
        }
        if !matches!(value("content-encoding").trim(), "" | "identity" | "gzip" | "br") {
            return None;
        }
        if has_directive(&value("cache-control"), "no-transform") {
            return None;
        }
        Some(Self {
            esi: value("surrogate-control").contains("esi/1.0"),
            ascii: !matches!(charset, "utf-8" | "utf8"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&str, &'static str)]) -> Option<Options> {
        Options::of(|name| {
            headers
                .iter()
                .find(|(found, _)| *found == name)
                .map(|(_, value)| *value)
        })
    }

    const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");

    #[test]
    fn html_is_rewritten_and_in_ascii_where_its_encoding_is_not_known() {
        let utf8 = Some(Options {
            esi: false,
            ascii: false,
        });
        let ascii = Some(Options {
            esi: false,
            ascii: true,
        });
        for (content_type, expected) in [
            ("text/html; charset=utf-8", utf8),
            ("Text/HTML;charset=\"UTF-8\"", utf8),
            ("text/html;a=b; charset=utf8", utf8),
            ("text/html", ascii),
            ("text/html; charset=shift_jis", ascii),
            ("text/html; charset=utf-16le", None),
            ("text/html; charset=ISO-2022-JP", None),
            ("text/plain", None),
            ("application/xhtml+xml", None),
            ("text/htmlx", None),
            ("", None),
        ] {
            assert_eq!(of(&[("content-type", content_type)]), expected, "{content_type}");
        }
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn responses_that_must_not_or_cannot_be_changed_stay() {
        for (name, value, rewritten) in [
            ("cache-control", "public, No-Transform", false),
            ("cache-control", "public, max-age=9", true),
            ("content-encoding", "gzip", true),
            ("content-encoding", "br", true),
            ("content-encoding", "zstd", false),
            ("content-encoding", "gzip, br", false),
        ] {
            assert_eq!(of(&[HTML, (name, value)]).is_some(), rewritten, "{name}: {value}");
        }
    }

    #[test]
    fn no_store_stays_no_store() {
        assert_eq!(cache_control_of(""), "private, no-cache");
        assert_eq!(cache_control_of("public, max-age=60"), "private, no-cache");
        assert_eq!(cache_control_of("max-age=0, No-Store"), "private, no-store");
    }

    #[test]
    fn includes_are_processed_if_the_page_announces_them() {
        let esi = |value| of(&[HTML, ("surrogate-control", value)]).map(|options| options.esi);
        assert_eq!(esi("max-age=60, content=\"ESI/1.0\""), Some(true));
        assert_eq!(esi("max-age=60"), Some(false));
    }
}
