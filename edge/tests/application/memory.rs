//! The memory of all requests together: one budget for bodies, pages and batches of the queue, and a time for each body.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use selvedge_edge::memory_host::{Feeder, MemoryAnswer, MemoryBody, MemoryHost, MemoryRequest, Reply};
use selvedge_edge::{Delivery, Response};
use serde_json::json;

use crate::site::{Site, events_of};

const MIB: u64 = 1024 * 1024;
const SLOT: &str = r#"<ul data-selvedge-slot="home" data-n="3"><template><li>{{title}}</template><li>own</ul>"#;

/// A request that the test polls itself.
struct UnderWay(Pin<Box<dyn Future<Output = Response<MemoryHost>>>>);

impl UnderWay {
    fn begin(site: &Site, request: MemoryRequest) -> Self {
        Self(Box::pin(site.app.respond(site.host.clone(), request)))
    }

    /// The answer once it is there.
    fn poll(&mut self, site: &Site) -> Option<Reply> {
        site.host.work();
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Some(Reply::begun(answer).0),
            Poll::Pending => None,
        }
    }
}

/// A POST with a body that the test feeds, of which `bytes` are announced.
fn announced(site: &Site, path: &str, bytes: usize) -> (Feeder, UnderWay) {
    let (feeder, body) = MemoryBody::fed(&site.host);
    let request = MemoryRequest::post_fed(path, body).with("content-length", bytes.to_string());
    (feeder, UnderWay::begin(site, request))
}

/// Bodies of which nothing comes, as many as the budget of 1 MiB has room for.
fn full(site: &Site) -> Vec<(Feeder, UnderWay)> {
    let mut held = Vec::new();
    loop {
        let (feeder, mut request) = announced(site, "/v1/rank", 300_000);
        match request.poll(site) {
            None => held.push((feeder, request)),
            Some(reply) => {
                assert_eq!(reply.status, 503);
                return held;
            }
        }
    }
}

fn held(site: &Site) -> u64 {
    site.counted("memory", "held_bytes")
}

#[test]
fn four_hundred_announced_bodies_that_never_come_hold_little_and_end_in_time() {
    let site = Site::serving();
    let mut feeders = Vec::new();
    let requests = (0..400).map(|_| {
        let (feeder, body) = MemoryBody::fed(&site.host);
        feeders.push(feeder);
        MemoryRequest::post_fed("/v1/rank", body).with("content-length", "320000")
    });
    let replies = site.host.fetch_all(&site.app, requests.collect());
    for reply in &replies {
        assert_eq!(reply.status, 408);
        assert_eq!(reply.json()["type"], "https://selvedge.dev/problems/body-too-slow");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("within 10 seconds, found 0 bytes"), "{detail}");
    }
    assert!(feeders.iter().all(Feeder::reader_gone));
    let most = site.counted("memory", "most_held_bytes");
    assert!(most <= 400 * 8192, "{most}");
    assert_eq!(held(&site), 0);
}

#[test]
fn a_body_that_trickles_is_given_up_when_its_time_is_over() {
    let site = Site::serving_with(&[("SELVEDGE_BODY_S", "30")]);
    let (feeder, mut request) = announced(&site, "/v1/events", 60_000);
    for second in 0..30 {
        assert_eq!(request.poll(&site), None, "{second}");
        feeder.feed(b" ");
        site.host.advance(1000);
    }
    let reply = request.poll(&site).expect("its time is over");
    assert_eq!(reply.status, 408);
    assert_eq!((feeder.reader_gone(), held(&site)), (true, 0));
}

#[test]
fn a_body_that_comes_in_pieces_is_read_and_holds_memory_until_its_answer() {
    let site = Site::serving();
    let body = events_of(&["click tea-00"]).to_string();
    let (feeder, mut request) = announced(&site, "/v1/events", body.len());
    for byte in body.bytes() {
        assert_eq!(request.poll(&site), None);
        assert!(held(&site) > 0);
        feeder.feed([byte]);
    }
    feeder.end();
    let reply = loop {
        if let Some(reply) = request.poll(&site) {
            break reply;
        }
    };
    assert_eq!((reply.status, &reply.json()["accepted"]), (202, &json!(1)));
    drop(request);
    assert_eq!(held(&site), 0);
}

#[test]
fn beyond_the_budget_a_write_is_asked_to_come_again_and_lists_are_answered_as_ever() {
    let site = Site::serving_with(&[("SELVEDGE_BUDGET_MIB", "1")]);
    let requests = full(&site);
    let refused = site.post("/v1/events", &events_of(&["click tea-00"]));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("2")));
    assert_eq!(refused.fallbacks(), ["busy"]);
    assert_eq!(refused.json()["type"], "https://selvedge.dev/problems/busy");
    assert!(site.counted("counters", "busy") >= 2);
    assert_eq!(site.get("/v1/recommend/home").fallbacks(), [""; 0]);
    let said = site.host.take_log();
    let said = said.iter().filter(|line| line.contains("SELVEDGE_BUDGET_MIB")).count();
    assert_eq!(said, 1, "once in ten seconds, however many are refused");
    drop(requests);
    assert_eq!(site.post("/v1/events", &events_of(&["click tea-00"])).status, 202);
    assert!(site.counted("memory", "most_held_bytes") <= MIB);
}

#[test]
fn a_request_that_the_runtime_stopped_gives_its_part_back_by_time() {
    let site = Site::serving_with(&[("SELVEDGE_BUDGET_MIB", "1")]);
    // Neither polled nor dropped, as long as this lives.
    let stopped = full(&site);
    site.host.advance(69_000);
    assert_eq!(site.post("/v1/events", &events_of(&["click tea-00"])).status, 503);
    site.host.advance(1_000);
    assert_eq!(site.post("/v1/events", &events_of(&["click tea-00"])).status, 202);
    drop(stopped);
    assert_eq!(held(&site), 0);
}

#[test]
fn a_body_that_is_longer_than_announced_holds_no_more_than_its_limit_allows() {
    let site = Site::serving();
    let (feeder, mut request) = announced(&site, "/v1/events", 10);
    let reply = loop {
        feeder.feed([b' '; 30_000]);
        if let Some(reply) = request.poll(&site) {
            break reply;
        }
    };
    assert_eq!(reply.status, 413);
    let most = site.counted("memory", "most_held_bytes");
    assert!(most < 300_000, "{most}");
}

fn in_front_of(variables: &[(&str, &str)], page: impl Fn(&str) -> MemoryAnswer + 'static) -> Site {
    let mut all = vec![("SELVEDGE_ORIGIN", "http://origin.example")];
    all.extend(variables);
    let site = Site::serving_with(&all);
    site.host.set_origin(move |call| Ok(page(call.path())));
    site
}

#[test]
fn beyond_the_budget_a_page_is_handed_on_unfilled_and_for_this_visitor_only() {
    let page = || {
        MemoryAnswer::html(SLOT)
            .with("etag", "\"own\"")
            .with("cache-control", "max-age=60")
            .with("surrogate-control", "max-age=3600")
            .with("content-language", "en")
    };
    let site = in_front_of(&[("SELVEDGE_BUDGET_MIB", "1")], move |_| page());
    let filled = site.get("/shop");
    assert!(
        filled.text().contains("tea") || filled.text().contains("no."),
        "{}",
        filled.text()
    );
    let requests = full(&site);
    let before = site.counted("counters", "busy");
    let reply = site.get("/shop");
    assert_eq!((reply.status, &*reply.text()), (200, SLOT));
    assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
    assert_eq!((reply.header("etag"), reply.header("surrogate-control")), (None, None));
    assert_eq!(reply.header("content-language"), Some("en"));
    assert_eq!(site.counted("counters", "busy"), before + 1);
    drop(requests);
    assert_eq!(site.get("/shop").text(), filled.text());
    assert_eq!(held(&site), 0);
}

#[test]
fn a_page_that_loses_its_room_on_the_way_passes_on_with_its_remaining_slots_unfilled() {
    let site = in_front_of(&[("SELVEDGE_BUDGET_MIB", "1")], |_| MemoryAnswer::html(""));
    let (feeder, body) = MemoryBody::fed(&site.host);
    let once = std::cell::RefCell::new(Some(MemoryAnswer::new(200, "text/html; charset=utf-8", body)));
    site.host.set_origin(move |_| Ok(once.take().expect("asked once")));
    let answer = {
        let mut request = Box::pin(site.app.respond(site.host.clone(), MemoryRequest::get("/shop")));
        site.host.run(request.as_mut())
    };
    let (_, stream) = Reply::begun(answer);
    let stream = stream.expect("a page");
    let mut text = Vec::new();
    feeder.feed(SLOT);
    site.host.work();
    text.extend(stream.there());
    site.host.work();
    let requests = full(&site);
    // Larger than what the page holds, so that it would have to hold more.
    feeder.feed("<!-- -->".repeat(4000));
    for _ in 0..20 {
        site.host.work();
        text.extend(stream.there());
    }
    feeder.feed(SLOT);
    feeder.end();
    for _ in 0..20 {
        site.host.work();
        text.extend(stream.there());
    }
    assert_eq!(stream.ended(), Some(Ok(())));
    let text = String::from_utf8(text).unwrap();
    assert_eq!(
        text.matches("<li>own").count(),
        1,
        "the first is filled, the second is not"
    );
    assert!(text.ends_with(SLOT));
    drop(requests);
    assert_eq!(held(&site), 0);
}

#[test]
fn an_included_part_without_room_is_left_out_and_the_page_goes_on() {
    let deep = |path: &str| {
        let depth = path.trim_start_matches("/p").parse().unwrap_or(0);
        let next: usize = depth + 1;
        MemoryAnswer::html(format!(
            "{depth}<esi:include src=\"/p{next}\"/>{SLOT}{}",
            "x".repeat(100_000)
        ))
        .with("surrogate-control", "content=\"ESI/1.0\"")
    };
    let site = in_front_of(&[("SELVEDGE_BUDGET_MIB", "1")], deep);
    let requests = full(&site);
    // Room for the page and two parts, beside the quarter that pages leave to writes.
    let mut requests = requests;
    requests.truncate(requests.len() - requests.len() / 4 - 40);
    let reply = site.get("/p0");
    assert_eq!((reply.status, &reply.broken), (200, &None));
    let text = reply.text();
    assert!(text.starts_with("01"), "{}", &text[..10]);
    assert!(text.matches("<ul").count() < 6, "not all parts are there");
    assert!(site.counted("counters", "busy") >= 1);
    drop(requests);
    assert_eq!(held(&site), 0);
    assert!(site.counted("memory", "most_held_bytes") <= MIB);
}

#[test]
fn a_page_without_an_end_holds_no_more_than_its_limits() {
    let site = in_front_of(&[], |_| MemoryAnswer::html(""));
    // What a small compressed page can come to: 64 MiB of an open slot.
    let pieces =
        std::iter::once(b"<div data-selvedge-slot=home>".to_vec()).chain((0..2048).map(|_| vec![b'x'; 32 * 1024]));
    let once = std::cell::RefCell::new(Some(MemoryAnswer::new(
        200,
        "text/html; charset=utf-8",
        MemoryBody::of(pieces),
    )));
    site.host.set_origin(move |_| Ok(once.take().expect("asked once")));
    assert_eq!(site.get("/bomb").body.len(), 29 + 2048 * 32 * 1024);
    let most = site.counted("memory", "most_held_bytes");
    assert!(most < 600_000, "{most}");
    assert_eq!(held(&site), 0);
}

#[test]
fn a_batch_of_the_queue_is_written_in_objects_of_bounded_length_and_waits_for_room() {
    let site = Site::serving_with(&[("SELVEDGE_BUDGET_MIB", "2")]);
    let message = |number: usize| json!({ "id": number, "text": "x".repeat(100_000) }).to_string();
    let messages: Vec<String> = (0..100).map(message).collect();
    let deliver = || site.host.run(site.app.deliver(&site.host, messages.clone()));
    let (feeder, mut body) = announced(&site, "/v1/rank", 300_000);
    feeder.feed(vec![b' '; 300_000]);
    assert_eq!(body.poll(&site), None);
    assert!(held(&site) > 300_000);
    assert_eq!(deliver(), Delivery::Again);
    assert_eq!(site.host.bucket.borrow().len(), 0);
    drop(body);
    assert_eq!(deliver(), Delivery::Written);
    let lines: Vec<String> = site.host.collected().into_iter().map(|(_, line)| line).collect();
    assert_eq!(lines.len(), 100);
    assert_eq!(site.host.bucket.borrow().len(), 20, "of five messages each");
    assert_eq!(held(&site), 0);
}

#[test]
fn events_that_name_long_decisions_hold_one_call_s_text_at_a_time() {
    let site = Site::serving();
    let decision = site.get("/v1/recommend/shelf?n=24").json()["id"].clone();
    let events: Vec<_> = (0..100)
        .map(|_| json!({ "type": "impression", "item": "tea-00", "decision": decision }))
        .collect();
    for queue in [true, false] {
        site.host.queue_health.set(if queue {
            Default::default()
        } else {
            selvedge_edge::memory_host::Health::Fails
        });
        let reply = site.post("/v1/events", &json!({ "events": events }));
        assert_eq!((reply.status, &reply.json()["collected"]), (202, &json!(100)));
    }
    assert_eq!(site.host.queue.borrow().len(), 100);
    assert_eq!(site.host.collected().len(), 100);
    assert!(site.counted("memory", "most_held_bytes") < MIB);
}

#[derive(Clone, Debug)]
enum Act {
    Body(&'static str),
    Page,
    Feed(usize, usize),
    End(usize),
    Break(usize),
    Drop(usize),
    Stop(usize),
    Pass(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let at = any::<usize>;
    let act = prop_oneof![
        4 => prop_oneof![Just("/v1/rank"), Just("/v1/events")].prop_map(Act::Body),
        1 => Just(Act::Page),
        6 => (at(), 1usize..60_000).prop_map(|(at, bytes)| Act::Feed(at, bytes)),
        1 => at().prop_map(Act::End),
        1 => at().prop_map(Act::Break),
        1 => at().prop_map(Act::Drop),
        1 => at().prop_map(Act::Stop),
        1 => (0u64..4000).prop_map(Act::Pass),
    ];
    proptest::collection::vec(act, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn whatever_the_requests_do_they_never_hold_more_than_the_budget_and_nothing_in_the_end(acts in acts()) {
        let page = format!("{SLOT}{}", "x".repeat(50_000));
        let site = in_front_of(&[("SELVEDGE_BUDGET_MIB", "1")], move |_| MemoryAnswer::html(page.clone()));
        let mut under_way: Vec<(Option<Feeder>, UnderWay)> = Vec::new();
        let mut stopped = Vec::new();
        for act in acts {
            let count = under_way.len().max(1);
            match act {
                Act::Body(path) => {
                    let (feeder, request) = announced(&site, path, 60_000);
                    under_way.push((Some(feeder), request));
                }
                Act::Page => under_way.push((None, UnderWay::begin(&site, MemoryRequest::get("/shop")))),
                Act::Feed(at, bytes) => {
                    if let Some((Some(feeder), _)) = under_way.get(at % count) {
                        feeder.feed(vec![b' '; bytes]);
                    }
                }
                Act::End(at) => {
                    if let Some(feeder) = under_way.get_mut(at % count).and_then(|(feeder, _)| feeder.take()) {
                        feeder.end();
                    }
                }
                Act::Break(at) => {
                    if let Some(feeder) = under_way.get_mut(at % count).and_then(|(feeder, _)| feeder.take()) {
                        feeder.breaks("the client hung up");
                    }
                }
                Act::Drop(at) if !under_way.is_empty() => drop(under_way.remove(at % count)),
                Act::Stop(at) if !under_way.is_empty() => stopped.push(under_way.remove(at % count)),
                Act::Pass(ms) => site.host.advance(ms),
                Act::Drop(_) | Act::Stop(_) => {}
            }
            under_way.retain_mut(|(_, request)| request.poll(&site).is_none());
            prop_assert!(site.counted("memory", "most_held_bytes") <= MIB);
        }
        drop(under_way);
        site.host.work();
        site.host.advance(200_000);
        // The whole budget is there again, whatever was stopped.
        let whole = full(&site);
        prop_assert_eq!(whole.len(), 128);
        drop((whole, stopped));
        prop_assert_eq!(held(&site), 0);
    }
}
