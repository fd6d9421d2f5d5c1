//! Which responses of the origin are rewritten, and which of their headers still hold afterwards.

use super::{Encoding, Options};

/// Headers to drop: they describe the bytes before the rewriting, or would let a shared cache store a page made for one
/// visitor.
///
/// `Content-Encoding` is one of them: the page is rewritten uncompressed. If it stayed, a runtime would compress the page again, and its
/// compressor would hold back what the server has flushed.
pub const DROPPED_HEADERS: [&str; 31] = [
    "content-encoding",
    "content-length",
    "content-range",
    "etag",
    "last-modified",
    "accept-ranges",
    "content-md5",
    "content-digest",
    "repr-digest",
    "digest",
    "signature",
    "signature-input",
    "delta-base",
    "im",
    "use-as-dictionary",
    "trailer",
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

/// Headers of a request that ask whether a page has changed, or for a part of its bytes. A page that may be filled has neither validators nor
/// byte ranges, so these headers can only speak of a copy from before it was filled.
pub const CONDITIONAL_HEADERS: [&str; 6] = [
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
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
        let value = |name: &str| header(name).unwrap_or_default();
        let content_type = value("content-type");
        if !is_html(content_type) {
            return None;
        }
        let encoding = Encoding::of_content_type(content_type).unwrap_or(Encoding::Unknown);
        if encoding == Encoding::Opaque {
            return None;
        }
        if !is_decoded(value("content-encoding")) {
            return None;
        }
        if has_directive(value("cache-control"), "no-transform") {
            return None;
        }
        Some(Self {
            esi: value("surrogate-control").to_ascii_lowercase().contains("esi/1.0"),
            encoding,
        })
    }

    /// Returns the options for a part that is included in a page with these options: the browser reads it in the page's encoding.
    #[must_use]
    pub const fn within(self, page: Self) -> Self {
        Self {
            encoding: page.encoding,
            ..self
        }
    }
}

/// Whether hosts decode this value of `Content-Encoding`. It must be written in lower case, as they compare it: they hand on `GZIP` undecoded.
#[must_use]
pub fn is_decoded(content_encoding: &str) -> bool {
    matches!(content_encoding.trim(), "" | "identity" | "gzip" | "br")
}

/// Whether this is the media type of pages that are filled.
#[must_use]
pub fn is_html(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("text/html")
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
    fn html_is_rewritten_in_the_encoding_that_its_response_names() {
        let in_encoding = |encoding| Some(Options { esi: false, encoding });
        let utf8 = in_encoding(Encoding::Utf8);
        for (content_type, expected) in [
            ("text/html; charset=utf-8", utf8),
            ("Text/HTML;charset=\"UTF-8\"", utf8),
            ("text/html;a=b; charset=utf8", utf8),
            ("text/html", in_encoding(Encoding::Unknown)),
            ("text/html; charset=iso-8859-1", in_encoding(Encoding::Single)),
            ("text/html; charset=shift_jis", in_encoding(Encoding::ShiftJis)),
            ("text/html; charset=utf-7", in_encoding(Encoding::Unknown)),
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
            ("content-encoding", "deflate", false),
            ("content-encoding", "x-gzip", false),
            ("content-encoding", "GZIP", false),
            ("content-encoding", "identity", true),
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
