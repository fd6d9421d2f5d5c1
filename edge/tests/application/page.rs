//! Pages of a server behind: what is filled, and what stays as it is.

use std::collections::BTreeMap;

use selvedge_edge::host::{HostError, OriginKind};
use selvedge_edge::memory_host::{MemoryAnswer, MemoryBody, MemoryRequest, Reply};
use serde_json::Value;

use crate::site::{Site, problem};

pub const SLOT: &str = "<div data-selvedge-slot=\"home\" data-n=\"3\"><template><a href=\"/i/{{id}}\">{{title}}</a></template><p>fallback</p></div>";
pub const ESI: (&str, &str) = ("surrogate-control", "content=\"ESI/1.0\"");

pub fn page(inner: &str) -> String {
    format!("<!doctype html><title>Shop</title><h1>Tea &amp; tools</h1>{inner}<footer>end</footer>")
}

/// A site before a server that answers by this function.
pub fn in_front_of(answer: impl Fn(&str) -> Result<MemoryAnswer, HostError> + 'static) -> Site {
    let site = Site::serving_with(&[("SELVEDGE_ORIGIN", "http://origin.example")]);
    site.host.set_origin(move |call| answer(call.path()));
    site
}

fn one_page(html: String) -> Site {
    in_front_of(move |_| Ok(MemoryAnswer::html(html.clone())))
}

fn not_here() -> MemoryAnswer {
    MemoryAnswer::new(404, "text/plain", MemoryBody::of([b"not here".to_vec()]))
}

fn links(decision: &Value) -> String {
    let items = decision["items"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    items
        .map(|item| format!("<a href=\"/i/{}\">{}</a>", text(&item["id"]), text(&item["title"])))
        .collect()
}

fn filled(reply: &Reply) -> usize {
    reply.text().matches("<a href").count()
}

#[test]
fn a_slot_shows_what_the_api_answers_for_the_same_visitor_and_the_page_around_it_is_untouched() {
    let site = one_page(page(SLOT));
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let decision = site.get_as(&visitor, "/v1/recommend/home?n=3").json();
    let reply = site.get_as(&visitor, "/shop?a=1");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text(), page(&SLOT.replace("<p>fallback</p>", &links(&decision))));
    let calls = site.host.origin_calls.borrow();
    assert_eq!(
        (&*calls[0].method, &*calls[0].url),
        ("GET", "http://origin.example/shop?a=1")
    );
}

#[test]
fn a_page_is_one_visitors_no_shared_cache_may_keep_it_and_nothing_in_it_tells_of_the_bytes_before() {
    let site = in_front_of(|_| {
        Ok(MemoryAnswer::html(page(SLOT))
            .with("Cache-Control", "public, max-age=600")
            .with("CDN-Cache-Control", "max-age=600")
            .with("Surrogate-Control", "max-age=600")
            .with("ETag", "\"1\"")
            .with("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            .with("Content-Length", "17")
            .with("X-Kept", "yes")
            .with("Set-Cookie", "a=1")
            .with("Set-Cookie", "b=2"))
    });
    for method in ["GET", "HEAD"] {
        let reply = site.fetch(MemoryRequest::new(method, "/shop"));
        assert_eq!(reply.body.is_empty(), method == "HEAD");
        assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
        for name in [
            "etag",
            "last-modified",
            "content-length",
            "cdn-cache-control",
            "surrogate-control",
        ] {
            assert_eq!(reply.header(name), None, "{method} {name}");
        }
        assert_eq!(reply.header("x-kept"), Some("yes"));
        let cookies = reply
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        assert_eq!(
            cookies.map(|(_, value)| value.as_str()).collect::<Vec<_>>(),
            ["a=1", "b=2"]
        );
    }
}

#[test]
fn what_the_server_lets_nobody_keep_nobody_may_keep() {
    let site = in_front_of(|_| Ok(MemoryAnswer::html(page(SLOT)).with("cache-control", "no-store, max-age=0")));
    assert_eq!(site.get("/account").header("cache-control"), Some("private, no-store"));
}

#[test]
fn what_is_no_page_of_html_passes_as_it_is_whatever_is_in_it() {
    let html = "text/html; charset=utf-8";
    for (status, media_type, extra) in [
        (200, "application/json", ("etag", "\"x\"")),
        (200, html, ("cache-control", "no-transform")),
        (200, "text/html; charset=utf-16le", ("etag", "\"y\"")),
        (200, html, ("content-encoding", "zstd")),
        (302, html, ("location", "/elsewhere")),
        (404, html, ("etag", "\"z\"")),
        (500, html, ("etag", "\"z\"")),
    ] {
        let answer = move |_: &str| {
            let body = MemoryBody::of([page(SLOT).into_bytes()]);
            Ok(MemoryAnswer::new(status, media_type, body).with(extra.0, extra.1))
        };
        let reply = in_front_of(answer).get("/data");
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("content-type"), Some(media_type));
        assert_eq!(reply.header(extra.0), Some(extra.1));
        assert_eq!(reply.text(), page(SLOT));
    }
}

#[test]
fn other_methods_and_their_bodies_reach_the_server_behind() {
    let site = Site::serving_with(&[("SELVEDGE_ORIGIN", "http://origin.example/")]);
    site.host.set_origin(|call| {
        let text = format!("{} {}", call.method, String::from_utf8_lossy(&call.body));
        Ok(MemoryAnswer::new(
            201,
            "text/plain",
            MemoryBody::of([text.into_bytes()]),
        ))
    });
    let reply = site.fetch(MemoryRequest::post("/order", "three teas"));
    assert_eq!((reply.status, &*reply.text()), (201, "POST three teas"));
    let reply = site.fetch(MemoryRequest::new("PROPFIND", "/order"));
    assert_eq!(&*reply.text(), "PROPFIND ");
}

#[test]
fn a_slot_that_cannot_be_filled_keeps_its_content_and_the_log_says_why() {
    let slots = [
        "<div data-selvedge-slot=\"nowhere\"><template>{{id}}</template>kept 1</div>",
        "<div data-selvedge-slot=\"home\">kept 2</div>",
        "<div data-selvedge-slot=\"home\" data-n=\"99\"><template>{{id}}</template>kept 3</div>",
        "<div data-selvedge-slot=\"home\"><template><script>{{id}}</script></template>kept 4</div>",
        "<div data-selvedge-slot=\"home\" data-category=\"none\"><template>{{id}}</template>kept 5</div>",
    ];
    let html = page(&slots.join("\n"));
    let site = one_page(html.clone());
    assert_eq!(site.get("/shop").text(), html);
    let log = site.host.take_log().join("\n");
    for said in [
        "nowhere",
        "found none",
        "found 99",
        "in a tag, a comment, a script or a style",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
}

#[test]
fn no_more_slots_are_filled_than_a_page_may_have() {
    let site = one_page(SLOT.repeat(70));
    let reply = site.get("/shop");
    assert_eq!(
        filled(&reply),
        64 * 4 + 6,
        "three items and the template of 64, the template of the others"
    );
    assert_eq!(reply.text().matches("fallback").count(), 6);
}

#[test]
fn texts_of_the_catalogue_stay_text_in_a_page_of_another_encoding_as_well() {
    let site = in_front_of(|_| {
        let body = MemoryBody::of([page(SLOT).into_bytes()]);
        Ok(MemoryAnswer::new(200, "text/html; charset=iso-8859-1", body))
    });
    assert_eq!(filled(&site.get("/shop")), 4);
}

#[test]
fn includes_are_fetched_from_the_same_site_only_in_their_place_and_a_failing_one_leaves_nothing_or_its_alternative() {
    let pages: BTreeMap<&str, String> = BTreeMap::from([
        (
            "/esi",
            page(concat!(
                "1<esi:include src=\"/part?a=1&amp;b=2\"/>2<esi:include src=\"/none\" alt=\"/part\"/>3<esi:include src=\"/none\"/>4",
                "<esi:include src=\"http://other.example/part\"/>5<esi:remove>gone</esi:remove><!--esi 6-->",
            )),
        ),
        ("/part", format!("[{SLOT}<esi:include src=\"in/leaf\"/>]")),
        (
            "/in/leaf",
            "<esi:include src=\"twig\"/><esi:include src=\"raw\"/>".to_owned(),
        ),
        ("/in/twig", "leaf".to_owned()),
        ("/loop", "(<esi:include src=\"/loop\"/>)".to_owned()),
    ]);
    let site = in_front_of(move |path| {
        if path == "/in/raw" {
            return Ok(MemoryAnswer::new(
                200,
                "text/plain",
                MemoryBody::of([b"<esi:remove>".to_vec()]),
            ));
        }
        if path == "/plain" {
            return Ok(MemoryAnswer::html(page("<esi:include src=\"/part\"/>")));
        }
        let found = pages
            .get(path)
            .map(|html| MemoryAnswer::html(html.clone()).with(ESI.0, ESI.1));
        Ok(found.unwrap_or_else(not_here))
    });
    let reply = site.fetch(
        MemoryRequest::get("/esi")
            .with("if-none-match", "\"1\"")
            .with("x-kept", "yes"),
    );
    let text = reply.text();
    let part = text
        .split_once("1[")
        .unwrap()
        .1
        .split_once("leaf<esi:remove>]2")
        .unwrap()
        .0;
    assert_eq!(part.matches("<a href").count(), 4, "{text}");
    assert_eq!(
        text,
        page(&format!("1[{part}leaf<esi:remove>]2[{part}leaf<esi:remove>]3456"))
    );
    {
        let calls = site.host.origin_calls.borrow();
        let part = calls
            .iter()
            .find(|call| call.path_and_query() == "/part?a=1&b=2")
            .unwrap();
        assert_eq!(
            (part.header("if-none-match"), part.header("x-kept")),
            (None, Some("yes"))
        );
        assert!(calls.iter().all(|call| call.url.starts_with("http://origin.example/")));
    }

    assert_eq!(site.get("/loop").text(), "((((((".to_owned() + "))))))");
    let plain = site.get("/plain");
    assert_eq!(
        plain.text(),
        page("<esi:include src=\"/part\"/>"),
        "only where the page says so"
    );
}

#[test]
fn an_included_part_that_takes_too_long_is_left_out() {
    let site = in_front_of(|path| match path {
        "/esi" => Ok(MemoryAnswer::html("a<esi:include src=\"/slow\" alt=\"/quick\"/>b").with(ESI.0, ESI.1)),
        "/slow" => Ok(MemoryAnswer {
            after_ms: 2_001,
            ..MemoryAnswer::html("late")
        }),
        _ => Ok(MemoryAnswer {
            after_ms: 2_000,
            ..MemoryAnswer::html("in time")
        }),
    });
    assert_eq!(site.get("/esi").text(), "ain timeb");
    assert!(
        site.host
            .take_log()
            .iter()
            .any(|line| line == "page /esi: /slow: timed out")
    );
}

#[test]
fn without_a_model_in_time_slots_keep_their_content() {
    let site = Site::new(&[("SELVEDGE_ORIGIN", "http://origin.example")]);
    site.host.set_origin(|_| Ok(MemoryAnswer::html(page(&SLOT.repeat(2)))));
    site.host.models_delay_ms.set(1_000);
    let before = site.get("/shop");
    assert_eq!(before.text(), page(&SLOT.repeat(2)));
    assert_eq!(
        site.counted("counters", "no-snapshot"),
        3,
        "two slots and the probe that asks"
    );
}

#[test]
fn a_model_that_comes_soon_is_waited_for_by_the_first_slot() {
    let site = Site::new(&[("SELVEDGE_ORIGIN", "http://origin.example")]);
    site.host.publish("models/1.selvedge", &crate::site::PLANTED.snapshot);
    site.host.set_origin(|_| Ok(MemoryAnswer::html(page(&SLOT.repeat(2)))));
    site.host.models_delay_ms.set(70);
    assert_eq!(filled(&site.get("/shop")), 8);
}

#[test]
fn a_server_that_cannot_be_reached_is_a_problem_and_the_api_goes_on() {
    let site = in_front_of(|_| Err(HostError::new("connection refused")));
    let document = problem(&site.get("/shop"), 502, "no-origin");
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .ends_with("found: connection refused")
    );
    assert_eq!(site.get("/v1/recommend/home").status, 200);
}

#[test]
fn without_a_server_behind_a_page_is_one_of_the_static_files_or_a_problem() {
    let site = Site::serving();
    problem(&site.get("/shop"), 404, "no-such-path");
    site.host.has_assets.set(true);
    site.host.set_origin(|call| {
        assert_eq!(call.kind, OriginKind::Assets);
        Ok(match call.path() {
            "/" => MemoryAnswer::html("a<esi:include src=\"/part\"/>b").with(ESI.0, ESI.1),
            "/part" => MemoryAnswer::html(SLOT),
            _ => not_here(),
        })
    });
    problem(&site.get("/shop"), 404, "no-such-path");
    assert_eq!(filled(&site.get("/")), 4);
    assert_eq!(site.host.origin_calls.borrow()[1].url, "https://shop.example/");
}
