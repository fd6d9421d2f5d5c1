//! Which header fields of a visitor's request reach the origin.
//!
//! A field passes byte for byte unless a rule here names it. What is removed: fields of the connection, Selvedge's own cookies, and every
//! name by which a proxy in front tells a server who asks for what. A server that believes such a field of a client could build a page for
//! another host, path, address or user, and it would be shown under this site. Only `X-Forwarded-For`, `-Host` and `-Proto` pass.

use std::borrow::Cow;

use crate::cookies;
use crate::headers::HeaderChanges;
use crate::host::{Host, Request};
use crate::incoming::Incoming;

/// Fields of the connection (RFC 9110, section 7.6.1), which end at every hop.
const OF_THE_CONNECTION: [&str; 8] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];
/// Words that occur in names by which proxies tell who asks for what: `X-Forwarded-Port`, `X-Original-URL`, `X-Real-IP`,
/// `X-HTTP-Method-Override`, `X-Remote-User`, `True-Client-IP`, `Client-Cert`, `Proxy`.
const CLAIMING_WORDS: [&str; 25] = [
    "addr",
    "authenticated",
    "cert",
    "clientip",
    "dn",
    "forwarded",
    "forwarder",
    "host",
    "https",
    "impersonate",
    "ip",
    "original",
    "originating",
    "override",
    "proxied",
    "proxy",
    "proxyuser",
    "real",
    "realip",
    "remote",
    "rewrite",
    "rewritten",
    "scheme",
    "selvedge",
    "ssl",
];
/// Prefixes and whole names of the same kind, of networks and servers that are known for them.
const CLAIMING_PREFIXES: [&str; 26] = [
    "akamai-",
    "cf-",
    "cloudfront-",
    "fastly-",
    "fly-",
    "incap-",
    "x-accel-",
    "x-amzn-",
    "x-appengine-",
    "x-arr-",
    "x-auth-request-",
    "x-azure-",
    "x-client-verify",
    "x-envoy-",
    "x-goog-",
    "x-http-",
    "x-method",
    "x-ms-client-principal",
    "x-nf-",
    "x-path",
    "x-port",
    "x-protocol",
    "x-request-uri",
    "x-uri",
    "x-url",
    "x-vercel-",
];
/// Names that pass although a rule above names them.
const PASSING: [&str; 4] = ["host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/// Content codings that hosts decode. A page in another one could not be filled.
const DECODED: [&str; 3] = ["br", "gzip", "identity"];

/// Whether a field with this name, in lower case, may reach the origin.
fn passes(name: &str) -> bool {
    if PASSING.contains(&name) {
        return true;
    }
    // Servers turn other characters into the same letter: `X_Forwarded_For` and `X-Forwarded-For` are one variable of CGI.
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let claims = name.split('-').any(|word| CLAIMING_WORDS.contains(&word))
        || CLAIMING_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    is_plain && !claims && !OF_THE_CONNECTION.contains(&name)
}

/// The changes to a request's fields for the origin: what must not reach it is removed; `X-Forwarded-Host` and `-Proto` say which site was
/// asked for, and by what scheme.
pub fn changes<H: Host>(incoming: &Incoming<H>) -> HeaderChanges {
    let listed = incoming.header("connection").unwrap_or_default().to_ascii_lowercase();
    let is_listed = |name: &str| !PASSING.contains(&name) && listed.split(',').any(|token| token.trim() == name);
    let is_web_socket = |name: &str| {
        let wanted = || incoming.header("upgrade");
        name == "upgrade" && wanted().is_some_and(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
    };
    let mut changes = HeaderChanges::default();
    for name in incoming.request().header_names() {
        let goes = !passes(&name) || is_listed(&name);
        if goes && !is_web_socket(&name) {
            changes.removed.push(name.into());
        }
    }
    if let Some(header) = incoming.header("cookie") {
        match cookies::without_ours(&header) {
            Cow::Borrowed(_) => {}
            Cow::Owned(others) if others.is_empty() => changes.removed.push("cookie".into()),
            Cow::Owned(others) => changes.set("cookie", others),
        }
    }
    let site = incoming.site();
    let (scheme, host) = site.split_once("://").unwrap_or(("https", ""));
    for (name, value) in [("x-forwarded-host", host), ("x-forwarded-proto", scheme)] {
        if incoming.header(name).as_deref() != Some(value) {
            changes.set(name, value.to_owned());
        }
    }
    if let Some(codings) = incoming.header("accept-encoding")
        && let Some(decoded) = only_decoded(&codings)
    {
        changes.set("accept-encoding", decoded);
    }
    changes
}

/// The codings of an `Accept-Encoding` that a page can be filled in; [`None`] if that is all of them, and the field can pass as it is.
fn only_decoded(codings: &str) -> Option<String> {
    let is_decoded = |member: &&str| {
        let coding = member.split(';').next().unwrap_or_default().trim();
        coding.is_empty() || DECODED.iter().any(|known| coding.eq_ignore_ascii_case(known))
    };
    if codings.split(',').all(|member| is_decoded(&member)) {
        return None;
    }
    let kept: Vec<&str> = codings.split(',').filter(is_decoded).map(str::trim).collect();
    let any_coding = |member: &str| {
        let (coding, weight) = member.split_once(';').unwrap_or((member, ""));
        coding.trim() == "*" && weight.trim() != "q=0"
    };
    Some(match kept.is_empty() {
        false => kept.join(", "),
        true if codings.split(',').any(any_coding) => "gzip, br".to_owned(),
        true => "identity".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_by_which_proxies_speak_does_not_pass() {
        for name in [
            "x_forwarded_for",
            "x-forwarded_for",
            "x.forwarded.for",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-forwarded-user",
            "x-forwarded",
            "forwarded",
            "forwarded-for",
            "x-original-url",
            "x-original-host",
            "x-original-anything",
            "x-rewrite-url",
            "x-real-ip",
            "true-client-ip",
            "x-client-ip",
            "client-ip",
            "x-cluster-client-ip",
            "fastly-client-ip",
            "cf-connecting-ip",
            "cf-ipcountry",
            "cf-worker",
            "x-remote-user",
            "remote-user",
            "x-authenticated-user",
            "x-auth-request-email",
            "x-goog-iap-jwt-assertion",
            "x-ms-client-principal-name",
            "x-amzn-oidc-data",
            "x-ssl-client-cert",
            "client-cert-chain",
            "x-host",
            "x-http-host-override",
            "x-http-method-override",
            "x-method-override",
            "front-end-https",
            "proxy",
            "proxy-authorization",
            "proxy-connection",
            "x-proxy-user",
            "selvedge-key",
            "selvedge-anything",
            "x-selvedge-segment",
            "connection",
            "keep-alive",
            "te",
            "transfer-encoding",
            "upgrade",
        ] {
            assert!(!passes(name), "{name}");
        }
        for name in [
            "accept",
            "accept-language",
            "authorization",
            "cache-control",
            "cdn-loop",
            "content-length",
            "content-type",
            "cookie",
            "dnt",
            "expect",
            "host",
            "if-none-match",
            "origin",
            "priority",
            "range",
            "referer",
            "sec-ch-ua-mobile",
            "sec-fetch-site",
            "sec-gpc",
            "sec-websocket-protocol",
            "traceparent",
            "upgrade-insecure-requests",
            "user-agent",
            "via",
            "x-csrf-token",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-client-info",
            "x-kept",
            "x-request-id",
            "x-requested-with",
        ] {
            assert!(passes(name), "{name}");
        }
    }

    #[test]
    fn only_codings_that_can_be_read_are_asked_for() {
        for (asked, expected) in [
            ("gzip", None),
            ("gzip;q=0.5,br", None),
            ("GZIP , identity;q=0", None),
            ("br;q=0.1", None),
            ("gzip, deflate, br, zstd", Some("gzip, br")),
            ("zstd", Some("identity")),
            ("deflate;q=1, *;q=0", Some("identity")),
            ("*", Some("gzip, br")),
            ("gzip;q=0, *", Some("gzip;q=0")),
        ] {
            assert_eq!(only_decoded(asked).as_deref(), expected, "{asked}");
        }
    }
}
