//! Pages of other origins: what they may ask, and what of their answers a browser lets them read.

use selvedge_edge::memory_host::{Health, MemoryRequest, Reply};

use crate::site::{Site, events_of, post, problem, status};

const WWW: &str = "https://www.example.com";
const APP: &str = "http://app.example.com:8080";
const LISTED: [(&str, &str); 1] = [(
    "SELVEDGE_ALLOWED_ORIGINS",
    "https://www.example.com, http://app.example.com:8080",
)];

const CORS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

fn preflight(path: &str, method: &str, origin: &str) -> MemoryRequest {
    MemoryRequest::new("OPTIONS", path)
        .with("origin", origin)
        .with("access-control-request-method", method)
        .with("access-control-request-headers", "content-type")
}

/// Every kind of answer of the API.
fn kinds() -> Vec<(u16, MemoryRequest)> {
    let event = || post("/v1/events", &events_of(&["click tea-00"]));
    vec![
        (200, MemoryRequest::get("/v1/recommend/shelf")),
        (200, MemoryRequest::get("/v1/recommend/shelf")),
        (200, MemoryRequest::get("/v1/recommend/shelf")),
        (200, MemoryRequest::new("HEAD", "/v1/recommend/shelf")),
        (200, MemoryRequest::get("/v1/recommend/home?exclude=tea-00")),
        (200, MemoryRequest::get("/v1/similar/tea-00")),
        (200, MemoryRequest::get("/v1/similar/tea-00")),
        (204, MemoryRequest::get("/v1/key/shelf")),
        (200, post("/v1/rank", &serde_json::json!({ "candidates": ["tea-00"] }))),
        (202, event()),
        (204, MemoryRequest::new("DELETE", "/v1/profile")),
        (200, MemoryRequest::get("/healthz")),
        (200, MemoryRequest::get("/readyz")),
        (400, MemoryRequest::get("/v1/recommend/shelf?n=x")),
        (400, MemoryRequest::post("/v1/events", "{")),
        (404, MemoryRequest::get("/v1/recommend/nowhere")),
        (404, MemoryRequest::get("/v1/nothing")),
        (405, MemoryRequest::new("PUT", "/v1/events")),
        (413, MemoryRequest::post("/v1/events", vec![b' '; 70_000])),
        (415, event().with("content-encoding", "gzip")),
    ]
}

fn names_an_origin(reply: &Reply) -> Vec<&str> {
    CORS.into_iter().filter(|name| reply.header(name).is_some()).collect()
}

#[test]
fn without_a_list_nothing_is_opened_and_nothing_varies_on_the_origin() {
    let site = Site::serving();
    problem(
        &site.fetch(preflight("/v1/events", "POST", WWW)),
        405,
        "method-not-allowed",
    );
    for (_, request) in kinds() {
        let told = format!("{request:?}");
        let reply = site.fetch(request.with("origin", WWW));
        assert_eq!(names_an_origin(&reply), [""; 0], "{told}");
        assert!(!reply.header("vary").unwrap_or_default().contains("Origin"), "{told}");
    }
}

#[test]
fn every_answer_to_a_listed_page_names_its_origin_errors_too_and_no_other_page_gets_a_header() {
    let site = Site::serving_with(&LISTED);
    for origin in [WWW, APP] {
        for (expected, request) in kinds() {
            let told = format!("{origin} {request:?}");
            let reply = site.fetch(request.with("origin", origin).with("sec-fetch-site", "cross-site"));
            assert_eq!(reply.status, expected, "{told}");
            assert_eq!(reply.header("access-control-allow-origin"), Some(origin), "{told}");
            assert_eq!(reply.header("access-control-allow-credentials"), Some("true"), "{told}");
            assert!(reply.header("access-control-expose-headers").is_some(), "{told}");
            assert!(reply.header("vary").unwrap().ends_with("Origin"), "{told}");
        }
    }
    for origin in [
        "null",
        "*",
        "https://evil.example",
        "https://www.example.com.evil.example",
        "https://www.example.com:443",
        "https://WWW.example.com",
        "http://www.example.com",
        "https://www.example.com/",
        "https://www.example.com, http://app.example.com:8080",
        "",
    ] {
        for (_, request) in kinds() {
            let told = format!("{origin} {request:?}");
            let reply = site.fetch(request.with("origin", origin));
            assert_eq!(names_an_origin(&reply), [""; 0], "{told}");
            assert!(reply.header("vary").unwrap().ends_with("Origin"), "{told}");
        }
    }
}

#[test]
fn a_hit_never_gives_the_headers_of_one_origin_to_another() {
    let site = Site::serving_with(&LISTED);
    for path in ["/v1/recommend/shelf?n=5", "/v1/similar/tea-03"] {
        let mut bodies = Vec::new();
        for origin in [WWW, APP, "", WWW, "https://evil.example", APP, ""] {
            let reply = site.get_with(path, "origin", origin);
            let expected = [WWW, APP].contains(&origin).then_some(origin);
            assert_eq!(
                reply.header("access-control-allow-origin"),
                expected,
                "{path} {origin:?}"
            );
            let varies: Vec<&str> = reply
                .headers
                .iter()
                .filter(|(name, _)| name == "vary")
                .map(|(_, value)| value.as_str())
                .collect();
            assert_eq!(varies.len(), 1, "{path} {origin:?}");
            assert!(
                varies[0].ends_with("Origin") && varies[0].matches("Origin").count() == 1,
                "{varies:?}"
            );
            bodies.push(reply.body);
        }
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "one key, one answer");
        let asked = site.fetch(MemoryRequest::get(path).with("origin", WWW));
        assert!(status(&asked).starts_with("selvedge; hit;"), "{path}");
        let tag = asked.header("etag").unwrap().to_owned();
        let unchanged = site.fetch(MemoryRequest::get(path).with("origin", APP).with("if-none-match", tag));
        assert_eq!(unchanged.status, 304);
        assert_eq!(unchanged.header("access-control-allow-origin"), Some(APP));
    }
}

#[test]
fn a_preflight_is_answered_for_every_resource_and_kept_by_the_browser() {
    let site = Site::serving_with(&LISTED);
    for (path, methods) in [
        ("/v1/recommend/shelf", "GET, HEAD"),
        ("/v1/similar/tea-00", "GET, HEAD"),
        ("/v1/key/shelf", "GET, HEAD"),
        ("/v1/rank", "POST"),
        ("/v1/events", "POST"),
        ("/v1/profile", "DELETE"),
    ] {
        let reply = site.fetch(preflight(path, methods.split(',').next().unwrap(), WWW));
        assert_eq!((reply.status, reply.body.len()), (204, 0), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), Some(WWW));
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(reply.header("access-control-allow-methods"), Some(methods), "{path}");
        assert!(
            reply
                .header("access-control-allow-headers")
                .unwrap()
                .contains("content-type")
        );
        assert_eq!(reply.header("access-control-max-age"), Some("7200"));
        assert_eq!(reply.header("vary"), Some("Origin"));
    }
    for origin in ["https://evil.example", "null", ""] {
        let reply = site.fetch(preflight("/v1/events", "POST", origin));
        problem(&reply, 403, "origin-not-allowed");
        assert_eq!(names_an_origin(&reply), [""; 0], "{origin}");
    }
    problem(&site.fetch(preflight("/v1/nothing", "POST", WWW)), 404, "no-such-path");
    // An OPTIONS request that is no preflight.
    let plain = site.fetch(MemoryRequest::new("OPTIONS", "/v1/events").with("origin", WWW));
    problem(&plain, 405, "method-not-allowed");
}

#[test]
fn a_write_of_a_listed_page_is_taken_and_of_any_other_one_refused_as_before() {
    let site = Site::serving_with(&LISTED);
    let event = || post("/v1/events", &events_of(&["click tea-00"]));
    let delete = || MemoryRequest::new("DELETE", "/v1/profile");
    for site_header in ["same-site", "cross-site"] {
        let sent = |request: MemoryRequest, origin: &str| {
            site.fetch(request.with("sec-fetch-site", site_header).with("origin", origin))
        };
        assert_eq!(sent(event(), WWW).status, 202);
        assert_eq!(sent(delete(), WWW).status, 204);
        for origin in ["https://evil.example", "null", ""] {
            problem(&sent(event(), origin), 403, "cross-site");
            problem(&sent(delete(), origin), 403, "cross-site");
        }
    }
}

#[test]
fn an_entry_that_no_browser_sends_is_named_in_the_log_and_ignored() {
    let wrong = [
        "*",
        "null",
        "www.example.com",
        "https://www.example.com/shop",
        "https://www.example.com/",
        "https://www.example.com:443",
        "http://www.example.com:80",
        "https://WWW.example.com",
        "https://*.example.com",
        "ftp://www.example.com",
    ];
    for entry in wrong {
        let site = Site::serving_with(&[("SELVEDGE_ALLOWED_ORIGINS", entry)]);
        let log = site.host.take_log();
        assert!(
            log.iter()
                .any(|line| line.starts_with("SELVEDGE_ALLOWED_ORIGINS: expected")),
            "{entry}: {log:?}"
        );
        let reply = site.get_with("/v1/recommend/shelf", "origin", entry);
        assert_eq!(names_an_origin(&reply), [""; 0], "{entry}");
    }
}

#[test]
fn an_answer_that_could_not_be_prepared_is_the_same() {
    let site = Site::serving_with(&LISTED);
    site.host.prepare_health.set(Health::Fails);
    for origin in [WWW, APP, WWW] {
        let reply = site.get_with("/v1/recommend/shelf", "origin", origin);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("vary"), Some("Cookie, Sec-GPC, Origin"));
    }
}
