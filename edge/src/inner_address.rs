//! The origin's own address in its answers. A server behind that builds URLs from the host that it was asked under names itself; visitors can
//! reach it only through the site.

use std::borrow::Cow;

use crate::headers::HeaderChanges;
use crate::host::OriginAnswer;
use crate::operator::is_local;

/// Fields whose whole value is a URL.
const URLS: [&str; 6] = [
    "location",
    "content-location",
    "sourcemap",
    "x-sourcemap",
    "x-pingback",
    "uri",
];

/// Adds the changes that put the site's address in the place of the origin's. Both are scheme, host and port.
pub fn hide(answer: &impl OriginAnswer, origin: &str, site: &str, changes: &mut HeaderChanges) {
    let (Some(inner), Some((_, site_host))) = (Address::of(origin), site.split_once("://")) else {
        return;
    };
    let outer = |url: &str| inner.replaced(url, site);
    for name in URLS {
        if let Some(url) = answer.header(name).and_then(|url| outer(&url)) {
            changes.set(name, url);
        }
    }
    if let Some(value) = answer.header("refresh").and_then(|value| refresh(&value, outer)) {
        changes.set("refresh", value);
    }
    if let Some(value) = answer.header("link").and_then(|value| links(&value, outer)) {
        changes.set("link", value);
    }
    let cookies = answer.set_cookies();
    let site_host = host_of(site_host).to_ascii_lowercase();
    let without: Vec<String> = cookies
        .iter()
        .map(|cookie| inner.without_domain(cookie, &site_host))
        .collect();
    if without != cookies {
        changes.removed.push("set-cookie".into());
        changes
            .added
            .extend(without.into_iter().map(|cookie| ("set-cookie", cookie)));
    }
}

/// Host and port of the origin.
struct Address<'o> {
    host: &'o str,
    port: &'o str,
}

impl<'o> Address<'o> {
    fn of(origin: &'o str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let host = host_of(authority);
        Some(Self {
            host,
            port: port_of(authority, host).unwrap_or(default_port(scheme)),
        })
    }

    /// The URL with the site in the place of the origin; [`None`] if it names no host or another one.
    fn replaced(&self, url: &str, site: &str) -> Option<String> {
        let url = url.trim();
        let (scheme, rest) = match url.split_once("//")? {
            ("", rest) => (None, rest),
            (scheme, rest) => (Some(scheme.strip_suffix(':')?), rest),
        };
        let known = ["http", "https"];
        if scheme.is_some_and(|scheme| !known.iter().any(|name| scheme.eq_ignore_ascii_case(name))) {
            return None;
        }
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, behind)| behind);
        let host = host_of(authority);
        let is_port = match port_of(authority, host) {
            // Without a port, either scheme's default is meant: a server that redirects to https may not know which port stands before it.
            None => known.iter().any(|scheme| default_port(scheme) == self.port),
            Some(port) => {
                port == self.port || (port.is_empty() && known.iter().any(|name| default_port(name) == self.port))
            }
        };
        // A server that sends visitors on to https means it: with http of the site in its place they would be sent around in a circle. On this very
        // machine there is no https.
        let asks_for_https = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let site = match site.strip_prefix("http://") {
            Some(authority) if asks_for_https && !is_local(site) => {
                Cow::Owned(["https://", host_of(authority)].concat())
            }
            _ => Cow::Borrowed(site),
        };
        (host.eq_ignore_ascii_case(self.host) && is_port).then(|| [&site, path].concat())
    }

    /// A `Set-Cookie` without a `Domain` that holds for the origin and not for the site: browsers would refuse the cookie.
    fn without_domain(&self, cookie: &str, site_host: &str) -> String {
        let is_inner = |attribute: &str| {
            let Some((name, value)) = attribute.split_once('=') else {
                return false;
            };
            let domain = value.trim().trim_start_matches('.').to_ascii_lowercase();
            name.trim().eq_ignore_ascii_case("domain")
                && is_within(&self.host.to_ascii_lowercase(), &domain)
                && !is_within(site_host, &domain)
        };
        let mut parts = cookie.split(';');
        let mut kept = parts.next().unwrap_or_default().to_owned();
        for attribute in parts.filter(|attribute| !is_inner(attribute)) {
            kept.push(';');
            kept.push_str(attribute);
        }
        kept
    }
}

fn default_port(scheme: &str) -> &'static str {
    if scheme == "https" { "443" } else { "80" }
}

/// The host of an authority, with its brackets if it is an IPv6 address.
fn host_of(authority: &str) -> &str {
    let end = match authority.find(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    authority.get(..end).unwrap_or(authority)
}

fn port_of<'a>(authority: &'a str, host: &str) -> Option<&'a str> {
    authority.get(host.len()..)?.strip_prefix(':')
}

fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
}

/// The URL of a `Refresh`, such as `5; url=/next`.
fn refresh(value: &str, outer: impl Fn(&str) -> Option<String>) -> Option<String> {
    let at = value.to_ascii_lowercase().find("url=")? + "url=".len();
    let (front, url) = value.split_at_checked(at)?;
    let bare = url.trim().trim_matches(['"', '\'']);
    Some([front, &outer(bare)?].concat())
}

/// The URLs of a `Link`, each in angle brackets.
fn links(value: &str, outer: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut changed = false;
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((front, behind)) = rest.split_once('<') {
        let Some((url, behind)) = behind.split_once('>') else {
            break;
        };
        let replaced = outer(url);
        changed |= replaced.is_some();
        text.extend([front, "<", replaced.as_deref().unwrap_or(url), ">"]);
        rest = behind;
    }
    text.push_str(rest);
    changed.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(origin: &str) -> Address<'_> {
        let found = Address::of(origin);
        assert!(found.is_some(), "{origin}");
        found.unwrap_or(Address { host: "", port: "" })
    }

    const SITE: &str = "https://shop.example";

    #[test]
    fn the_origins_address_becomes_the_sites() {
        let plain = address("http://inner.example");
        let port = address("http://10.0.0.7:8080");
        let six = address("http://[::1]:8080");
        for (address, url, expected) in [
            (&plain, "http://inner.example/a?b#c", Some("https://shop.example/a?b#c")),
            (&plain, "HTTP://Inner.Example:80/a", Some("https://shop.example/a")),
            (&plain, "https://inner.example/a", Some("https://shop.example/a")),
            (
                &plain,
                "//inner.example//evil.example/",
                Some("https://shop.example//evil.example/"),
            ),
            (&plain, "http://user@inner.example/a", Some("https://shop.example/a")),
            (&plain, "http://inner.example", Some("https://shop.example")),
            (&plain, "http://inner.example?x", Some("https://shop.example?x")),
            (&plain, "http://inner.example:8080/a", None),
            (&plain, "http://inner.example.evil/a", None),
            (&plain, "/a", None),
            (&plain, "a//inner.example", None),
            (&plain, "ftp://inner.example/a", None),
            (&plain, "https://shop.example/a?to=http://inner.example/", None),
            (&port, "http://10.0.0.7:8080/a", Some("https://shop.example/a")),
            (&port, "http://10.0.0.7/a", None),
            (&six, "http://[::1]:8080/a", Some("https://shop.example/a")),
            (&six, "http://[::2]:8080/a", None),
        ] {
            assert_eq!(address.replaced(url, SITE).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_url_within_a_value_is_replaced_alone() {
        let inner = address("http://inner.example");
        let outer = |url: &str| inner.replaced(url, SITE);
        assert_eq!(
            refresh("5; URL='http://inner.example/a'", outer).as_deref(),
            Some("5; URL=https://shop.example/a")
        );
        assert_eq!(refresh("5; url=/a", outer), None);
        assert_eq!(refresh("5", outer), None);
        assert_eq!(
            links("<http://inner.example/a.css>; rel=preload, </b>; rel=\"next\"", outer).as_deref(),
            Some("<https://shop.example/a.css>; rel=preload, </b>; rel=\"next\"")
        );
        assert_eq!(links("</b>; rel=next", outer), None);
    }

    #[test]
    fn a_cookie_keeps_a_domain_that_the_site_is_within() {
        let inner = address("http://www.inner.example");
        for (cookie, site, expected) in [
            ("a=1; Domain=inner.example; Path=/", "shop.example", "a=1; Path=/"),
            ("a=1;domain=.WWW.inner.example", "shop.example", "a=1"),
            ("a=1; Domain=shop.example", "shop.example", "a=1; Domain=shop.example"),
            (
                "a=1; Domain=inner.example",
                "www2.inner.example",
                "a=1; Domain=inner.example",
            ),
            ("a=domain=inner.example", "shop.example", "a=domain=inner.example"),
        ] {
            assert_eq!(inner.without_domain(cookie, site), expected);
        }
    }
}
