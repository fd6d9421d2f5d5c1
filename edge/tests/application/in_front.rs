//! In front of somebody's site: which bytes of a request reach the server behind, and which of its answer reach the visitor.

use proptest::prelude::*;
use selvedge_edge::memory_host::{MemoryAnswer, MemoryBody, MemoryRequest, OriginCall, Reply};

use crate::site::{Site, problem};

const ORIGIN: (&str, &str) = ("SELVEDGE_ORIGIN", "http://inner.example:8080");

fn site() -> Site {
    in_front(|_| MemoryAnswer::html("<p>shop</p>"))
}

pub fn in_front(answer: impl Fn(&OriginCall) -> MemoryAnswer + 'static) -> Site {
    let site = Site::new(&[ORIGIN]);
    site.host.set_origin(move |call| Ok(answer(call)));
    site
}

/// What the server behind gets of a request.
fn passed(request: MemoryRequest) -> OriginCall {
    let site = site();
    assert_eq!(site.fetch(request).status, 200);
    let calls = site.host.origin_calls.borrow();
    calls[0].clone()
}

/// An answer of the server behind, as a visitor gets it.
fn outer(answer: impl Fn() -> MemoryAnswer + 'static) -> Reply {
    in_front(move |_| answer()).get("/cart")
}

fn file(media_type: &str) -> MemoryAnswer {
    MemoryAnswer::new(200, media_type, MemoryBody::of([b"0123456789".to_vec()]))
}

#[test]
fn cookies_of_others_pass_byte_for_byte_and_ours_do_not() {
    for (sent, expected) in [
        ("a=\"x;y\"", Some("a=\"x;y\"")),
        ("a=1;b=2 ; c = 3;", Some("a=1;b=2 ; c = 3;")),
        ("selvedge=x; a=\"x;y\";b=2", Some("a=\"x;y\";b=2")),
        ("a=\"x;y\"; selvedge=x;  b=2", Some("a=\"x;y\";  b=2")),
        ("a=1; selvedge-consent=on", Some("a=1")),
        ("selvedge=x; selvedge-consent=on", None),
        ("selvedges=x; my-selvedge=y", Some("selvedges=x; my-selvedge=y")),
        ("no value; =; a==b", Some("no value; =; a==b")),
        ("a=\u{e4}\u{20ac}; selvedge=x", Some("a=\u{e4}\u{20ac}")),
    ] {
        let call = passed(MemoryRequest::get("/").with("cookie", sent));
        assert_eq!(call.header("cookie"), expected, "{sent}");
    }
    for raw in [&b"a=caf\xe9"[..], b"a=\x80\xff; b=\"x;y\""] {
        let call = passed(MemoryRequest::get("/").with_raw("cookie", raw));
        assert_eq!(call.raw_headers, [("cookie".to_owned(), raw.to_vec())]);
        assert_eq!(call.header("cookie"), None);
    }
}

#[test]
fn every_method_reaches_the_server_with_its_body() {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        for body in [None, Some(&b""[..]), Some(b"a=1")] {
            let mut request = MemoryRequest::new(method, "/search");
            if let Some(body) = body {
                request = request.with("content-length", body.len().to_string());
                request.body.replace(Some(body.to_vec()));
            }
            let call = passed(request);
            assert_eq!(
                (call.method.as_str(), call.body.as_slice()),
                (method, body.unwrap_or_default())
            );
        }
    }
}

#[test]
fn the_scheme_that_a_proxy_in_front_tells_passes_and_no_other_claim_does() {
    let over_http = |value: Option<&str>| {
        let mut request = MemoryRequest::get("/");
        request.url = "http://shop.example:8787/".to_owned();
        match value {
            Some(value) => request.with("x-forwarded-proto", value),
            None => request,
        }
    };
    let told = |request| passed(request).header("x-forwarded-proto").map(str::to_owned);
    assert_eq!(told(over_http(Some("https"))).as_deref(), Some("https"));
    assert_eq!(told(over_http(Some("http"))).as_deref(), Some("http"));
    assert_eq!(told(over_http(Some("gopher"))).as_deref(), Some("http"));
    assert_eq!(told(over_http(None)).as_deref(), Some("http"));
    // Our own URL says so, and nobody can talk it down.
    let down = MemoryRequest::get("/").with("x-forwarded-proto", "http");
    assert_eq!(told(down).as_deref(), Some("https"));
    let call = passed(MemoryRequest::get("/").with("x-forwarded-for", "192.0.2.1,  198.51.100.7"));
    assert_eq!(call.header("x-forwarded-for"), Some("192.0.2.1,  198.51.100.7"));
    assert_eq!(call.header("x-forwarded-host"), Some("shop.example"));
}

#[test]
fn fields_of_the_connection_end_here() {
    let request = MemoryRequest::get("/")
        .with("connection", "close, X-Hop , x-forwarded-for")
        .with("x-hop", "1")
        .with("x-kept", "1")
        .with("x-forwarded-for", "192.0.2.1")
        .with("keep-alive", "timeout=5")
        .with("te", "trailers")
        .with("upgrade", "h2c");
    let call = passed(request);
    for name in ["connection", "x-hop", "keep-alive", "te", "upgrade"] {
        assert_eq!(call.header(name), None, "{name}");
    }
    assert_eq!(call.header("x-kept"), Some("1"));
    assert_eq!(
        call.header("x-forwarded-for"),
        Some("192.0.2.1"),
        "who removes it would be taken for somebody inside"
    );
    let socket = passed(MemoryRequest::get("/").with("upgrade", "websocket"));
    assert_eq!(socket.header("upgrade"), Some("websocket"));
}

#[test]
fn the_clients_codings_pass_as_far_as_a_page_can_be_filled_in_them() {
    for (sent, expected) in [
        (None, None),
        (Some("br;q=0.1"), Some("br;q=0.1")),
        (Some("identity"), Some("identity")),
        (Some("gzip, deflate, br, zstd"), Some("gzip, br")),
        (Some("zstd"), Some("identity")),
    ] {
        let mut request = MemoryRequest::get("/");
        if let Some(sent) = sent {
            request = request.with("accept-encoding", sent);
        }
        assert_eq!(passed(request).header("accept-encoding"), expected, "{sent:?}");
    }
}

/// Names of header fields: ordinary ones, claims, and combinations of the words that both are made of.
fn name() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "x",
        "forwarded",
        "for",
        "host",
        "proto",
        "port",
        "original",
        "url",
        "selvedge",
        "proxy",
        "real",
        "ip",
        "client",
        "accept",
        "language",
        "kept",
        "cookie",
        "te",
        "connection",
        "token",
        "cf",
        "user",
        "agent",
        "http",
        "method",
        "override",
    ];
    let word = prop::sample::select(WORDS);
    let separator = prop::sample::select(&["-", "-", "-", "_", ".", "--"][..]);
    (prop::collection::vec((word, separator), 1..4), any::<bool>()).prop_map(|(parts, upper)| {
        let mut name: String = parts.iter().flat_map(|(word, separator)| [*word, *separator]).collect();
        name.truncate(name.trim_end_matches(['-', '_', '.']).len());
        if upper { name.to_ascii_uppercase() } else { name }
    })
}

/// Values of any bytes that HTTP allows.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_map(|byte| if byte < b' ' || byte == 0x7f { b'!' } else { byte });
    prop::collection::vec(byte, 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_reaches_the_server_is_what_was_sent_or_nothing(fields in prop::collection::vec((name(), value()), 0..12)) {
        let mut request = MemoryRequest::get("/");
        for (name, value) in &fields {
            request = request.with_raw(name, value.clone());
        }
        let call = passed(request);
        let ours = ["x-forwarded-host", "x-forwarded-proto"];
        for (name, value) in &call.raw_headers {
            let lower = name.to_ascii_lowercase();
            prop_assert!(fields.contains(&(name.clone(), value.clone())), "{name} was made up");
            prop_assert!(lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{name}");
            let is_exempt = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "host"].contains(&lower.as_str());
            for refused in ["forwarded", "original", "selvedge", "proxy", "real", "ip", "override", "host"] {
                prop_assert!(is_exempt || !lower.split('-').any(|word| word == refused), "{name}");
            }
            prop_assert!(!lower.starts_with("cf-") && !["te", "connection"].contains(&lower.as_str()), "{name}");
        }
        // Nothing is added but what names the site and what had to be written anew.
        for (name, value) in &call.headers {
            let is_known = ours.contains(&name.as_str()) || ["cookie", "accept-encoding"].contains(&name.as_str());
            prop_assert!(is_known, "{name}: {value}");
        }
        // What no rule is about passes.
        for (name, value) in &fields {
            let plain = ["accept", "accept-language", "x-kept", "x-token", "user-agent", "token"];
            if plain.contains(&name.to_ascii_lowercase().as_str()) {
                prop_assert!(call.raw_headers.contains(&(name.clone(), value.clone())), "{name} is gone");
            }
        }
    }

    #[test]
    fn cookies_are_removed_or_stay_byte_for_byte(pairs in prop::collection::vec((any::<bool>(), "[ -:<-~]{0,12}"), 0..6)) {
        let pair = |(ours, text): &(bool, String)| if *ours { format!("selvedge={text}") } else { format!("c={text}") };
        let sent: Vec<String> = pairs.iter().map(pair).collect();
        let kept: Vec<String> = pairs.iter().filter(|(ours, _)| !ours).map(pair).collect();
        let call = passed(MemoryRequest::get("/").with("cookie", sent.join(";")));
        let expected = kept.join(";");
        let found = call.header("cookie").unwrap_or_default();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn the_servers_own_address_does_not_pass_out() {
    for (name, sent, expected) in [
        (
            "location",
            "http://inner.example:8080/cart?a#b",
            "https://shop.example/cart?a#b",
        ),
        ("location", "//inner.example:8080/cart", "https://shop.example/cart"),
        ("location", "/cart", "/cart"),
        ("location", "https://pay.example/", "https://pay.example/"),
        (
            "content-location",
            "http://INNER.example:8080/cart.en",
            "https://shop.example/cart.en",
        ),
        (
            "refresh",
            "3; url=http://inner.example:8080/",
            "3; url=https://shop.example/",
        ),
        (
            "link",
            "<http://inner.example:8080/a.css>; rel=preload",
            "<https://shop.example/a.css>; rel=preload",
        ),
        ("set-cookie", "a=1; Domain=inner.example; Path=/", "a=1; Path=/"),
        ("set-cookie", "a=1; Domain=shop.example", "a=1; Domain=shop.example"),
    ] {
        for (status, media_type) in [(302, "text/plain"), (200, "text/html"), (201, "application/json")] {
            let reply =
                outer(move || MemoryAnswer::new(status, media_type, MemoryBody::of([b"x".to_vec()])).with(name, sent));
            assert_eq!(
                (reply.status, reply.header(name)),
                (status, Some(expected)),
                "{media_type}"
            );
        }
    }
    let reply = outer(|| {
        let answer = MemoryAnswer::html("x").with("set-cookie", "a=1; Domain=inner.example");
        answer.with("set-cookie", "b=2")
    });
    let cookies = reply.headers.iter().filter(|(name, _)| name == "set-cookie");
    assert_eq!(
        cookies.map(|(_, value)| value.as_str()).collect::<Vec<_>>(),
        ["a=1", "b=2"]
    );
}

#[test]
fn a_redirect_to_https_is_not_turned_back() {
    for (site_url, sent, expected) in [
        (
            "http://shop.example/",
            "https://inner.example:8080/a",
            "https://shop.example/a",
        ),
        (
            "http://shop.example:8000/",
            "https://inner.example:8080/a",
            "https://shop.example/a",
        ),
        (
            "http://shop.example/",
            "http://inner.example:8080/a",
            "http://shop.example/a",
        ),
        (
            "http://shop.example/",
            "//inner.example:8080/a",
            "http://shop.example/a",
        ),
        (
            "https://shop.example/",
            "http://inner.example:8080/a",
            "https://shop.example/a",
        ),
        (
            "http://127.0.0.1:8787/",
            "https://inner.example:8080/a",
            "http://127.0.0.1:8787/a",
        ),
    ] {
        let site = in_front(move |_| MemoryAnswer::new(301, "text/plain", MemoryBody::of([])).with("location", sent));
        let mut request = MemoryRequest::get("/");
        request.url = site_url.to_owned();
        assert_eq!(
            site.fetch(request).header("location"),
            Some(expected),
            "{site_url} {sent}"
        );
    }
    // A Worker on a route of the server's own host, whose server upgrades.
    let site = Site::new(&[("SELVEDGE_ORIGIN", "https://shop.example")]);
    site.host.set_origin(|_| {
        Ok(MemoryAnswer::new(301, "text/plain", MemoryBody::of([])).with("location", "https://shop.example/"))
    });
    let mut request = MemoryRequest::get("/");
    request.url = "http://shop.example/".to_owned();
    assert_eq!(site.fetch(request).header("location"), Some("https://shop.example/"));
}

#[test]
fn nothing_that_describes_the_old_bytes_stays_on_a_changed_page_and_all_of_it_on_others() {
    let describing = [
        "content-encoding",
        "content-length",
        "content-range",
        "content-md5",
        "content-digest",
        "repr-digest",
        "digest",
        "etag",
        "last-modified",
        "accept-ranges",
        "signature",
        "signature-input",
    ];
    let answer = move |media_type: &'static str| {
        move || {
            let mut answer = file(media_type);
            for name in describing {
                answer = answer.with(name, if name == "content-encoding" { "gzip" } else { "1" });
            }
            answer.with("vary", "accept-encoding")
        }
    };
    let changed = outer(answer("text/html; charset=utf-8"));
    let untouched = outer(answer("image/png"));
    for name in describing {
        assert_eq!(changed.header(name), None, "{name}");
        assert!(untouched.header(name).is_some(), "{name}");
    }
    assert_eq!(changed.header("vary"), Some("accept-encoding"));
}

#[test]
fn an_origin_beside_static_assets_is_reported_once() {
    let site = site();
    site.host.has_assets.set(true);
    for _ in 0..3 {
        site.get("/shop");
    }
    let told = site.host.take_log();
    assert_eq!(
        told.iter()
            .filter(|line| line.starts_with("SELVEDGE_ORIGIN: static assets"))
            .count(),
        1,
        "{told:?}"
    );
}

#[test]
fn with_a_prefix_the_sites_own_paths_reach_it() {
    let site = Site::serving_with(&[ORIGIN]);
    let named = |prefix: &str| {
        let site = Site::new(&[ORIGIN, ("SELVEDGE_API_PREFIX", prefix)]);
        site.host.publish("models/1.selvedge", &crate::site::PLANTED.snapshot);
        site.host
            .set_origin(|call| Ok(MemoryAnswer::html(format!("origin {}", call.path_and_query()))));
        site
    };
    site.host.set_origin(|_| Ok(MemoryAnswer::html("origin")));
    assert_eq!(site.get("/v1/recommend/home").status, 200);
    problem(&site.get("/v1/nothing"), 404, "no-such-path");
    for prefix in ["/_selvedge", "/_selvedge/", " /_selvedge "] {
        let site = named(prefix);
        for path in [
            "/v1",
            "/v1/recommend/home?n=3",
            "/healthz",
            "/readyz",
            "/_selvedge",
            "/_selvedges/v1/rank",
            "/_selvedge/x",
        ] {
            assert_eq!(site.get(path).text(), format!("origin {path}"));
        }
        assert_eq!(site.get("/_selvedge/readyz").json()["ready"], true);
        assert_eq!(site.get("/_selvedge/healthz").status, 200);
        assert_eq!(
            site.get("/_selvedge/v1/recommend/home?n=3").json()["items"]
                .as_array()
                .map(Vec::len),
            Some(3)
        );
        problem(&site.get("/_selvedge/v1/nothing"), 404, "no-such-path");
    }
    for wrong in ["_selvedge", "/a b", "/a//b", "/..", "/a/../b", "/%61"] {
        let site = named(wrong);
        assert!(
            site.host
                .take_log()
                .iter()
                .any(|line| line.starts_with("SELVEDGE_API_PREFIX: expected")),
            "{wrong}"
        );
        assert_eq!(site.get("/healthz").json()["status"], "ok", "{wrong}");
    }
}
