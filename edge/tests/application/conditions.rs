//! Requests under a condition (`If-None-Match`, `Range`, …) for pages, whose stored copies are unfilled, and for what is no page.

use selvedge_edge::host::OriginKind;
use selvedge_edge::memory_host::{MemoryAnswer, MemoryBody, MemoryRequest};

use crate::in_front::in_front;
use crate::page::{SLOT, page};
use crate::site::Site;

const CONDITIONS: [(&str, &str); 6] = [
    ("if-none-match", "\"abc\""),
    ("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ("if-match", "\"abc\""),
    ("if-unmodified-since", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ("if-range", "\"abc\""),
    ("range", "bytes=0-3"),
];

/// A server that honours conditions and ranges for everything.
fn honouring(media_type: &'static str) -> Site {
    in_front(move |call| {
        let status = match () {
            () if call.header("range").is_some() => 206,
            () if call.header("if-none-match") == Some("\"abc\"") || call.header("if-modified-since").is_some() => 304,
            () => 200,
        };
        let body = match status {
            304 => Vec::new(),
            206 => b"0123".to_vec(),
            _ => page(SLOT).into_bytes(),
        };
        let answer = MemoryAnswer::new(status, media_type, MemoryBody::of([body]));
        answer
            .with("etag", "\"abc\"")
            .with("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
    })
}

#[test]
fn a_page_is_sent_whole_whatever_copy_of_the_unfilled_one_a_browser_has() {
    for fetch in [
        &[("accept", "text/html,*/*;q=0.8"), ("sec-fetch-dest", "document")][..],
        &[("accept", "text/html")],
        &[("accept", "*/*"), ("sec-fetch-dest", "empty")],
        &[],
    ] {
        for condition in CONDITIONS {
            let mut request = MemoryRequest::get("/shop").with(condition.0, condition.1);
            for (name, value) in fetch {
                request = request.with(name, *value);
            }
            let reply = honouring("text/html; charset=utf-8").fetch(request);
            assert_eq!(
                (reply.status, &*reply.text()),
                (200, &*page(SLOT)),
                "{condition:?} {fetch:?}"
            );
            assert_eq!(reply.header("etag"), None);
        }
    }
}

#[test]
fn what_is_no_page_keeps_its_conditions() {
    let image = |name: &str, value: &str| {
        honouring("image/png").fetch(
            MemoryRequest::get("/a.png")
                .with("sec-fetch-dest", "image")
                .with(name, value),
        )
    };
    assert_eq!(image("if-none-match", "\"abc\"").status, 304);
    assert_eq!(image("range", "bytes=0-3").body, b"0123");
    // Nobody said what it is for, so the conditions are evaluated here.
    for (name, value, status) in [
        ("if-none-match", "\"abc\"", 304),
        ("if-none-match", "W/\"abc\", \"x\"", 304),
        ("if-none-match", "\"other\"", 200),
        ("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT", 304),
        ("if-modified-since", "Thu, 01 Jan 2015 00:00:00 GMT", 200),
        ("if-match", "\"abc\"", 200),
        ("if-match", "\"other\"", 412),
        ("range", "bytes=0-3", 206),
    ] {
        let reply = honouring("application/json").get_with("/data", name, value);
        assert_eq!(reply.status, status, "{name}: {value}");
        assert_eq!(reply.header("etag"), Some("\"abc\""));
        if status == 304 {
            assert!(reply.body.is_empty());
            assert_eq!(reply.header("content-type"), None);
        }
    }
    // A write is the server's to judge.
    let site = honouring("text/html");
    site.fetch(
        MemoryRequest::new("PUT", "/page")
            .with("if-match", "\"abc\"")
            .with("range", "bytes=0-3"),
    );
    assert_eq!(site.host.origin_calls.borrow()[0].header("if-match"), Some("\"abc\""));
}

#[test]
fn a_static_page_is_sent_whole_too() {
    let site = Site::serving();
    site.host.has_assets.set(true);
    site.host.set_origin(|call| {
        assert_eq!(call.kind, OriginKind::Assets);
        Ok(match (call.path(), call.header("if-none-match")) {
            ("/none", _) => MemoryAnswer::new(404, "text/html", MemoryBody::of([b"<h1>Not here</h1>".to_vec()])),
            (_, None) => MemoryAnswer::html(page(SLOT)).with("etag", "\"abc\""),
            (_, Some(_)) => MemoryAnswer::new(304, "text/html", MemoryBody::of([])).with("etag", "\"abc\""),
        })
    });
    let reply = site.get_with("/", "if-none-match", "\"abc\"");
    assert_eq!(
        (reply.status, reply.text().contains("</template><a href=\"/i/")),
        (200, true),
        "{}",
        reply.text()
    );
    let missing = site.get("/none");
    assert_eq!(
        (missing.status, &*missing.text()),
        (404, "<h1>Not here</h1>"),
        "the site's own page"
    );
}
