//! How a page's bytes flow: what leaves when, and how a page ends that did not come whole.

use std::cell::RefCell;
use std::rc::Rc;

use selvedge_edge::Response;
use selvedge_edge::memory_host::{Feeder, MemoryAnswer, MemoryBody, MemoryHost, MemoryRequest, Reply};

use crate::page::{ESI, SLOT, in_front_of, page};
use crate::site::Site;

/// A site whose page `/slow` comes as it is fed.
fn fed() -> (Site, Rc<RefCell<Option<Feeder>>>) {
    let site = in_front_of(|_| Ok(MemoryAnswer::html("")));
    let (host, feeder) = (site.host.clone(), Rc::new(RefCell::new(None)));
    let kept = Rc::clone(&feeder);
    site.host.set_origin(move |call| {
        Ok(match call.path() {
            "/slow" => {
                let (feeder, body) = MemoryBody::fed(&host);
                kept.replace(Some(feeder));
                MemoryAnswer::new(200, "text/html; charset=utf-8", body)
            }
            _ => MemoryAnswer::html("part"),
        })
    });
    (site, feeder)
}

fn begin(site: &Site, path: &str) -> (Reply, MemoryBody) {
    let answer: Response<MemoryHost> = site
        .host
        .run(site.app.respond(site.host.clone(), MemoryRequest::get(path)));
    let (reply, stream) = Reply::begun(answer);
    (reply, stream.expect("a page with slots is a stream"))
}

/// What has come so far.
fn there(site: &Site, stream: &MemoryBody) -> String {
    let mut text = Vec::new();
    loop {
        site.host.work();
        let more = stream.there();
        if more.is_empty() {
            return String::from_utf8(text).unwrap();
        }
        text.extend(more);
    }
}

#[test]
fn the_result_does_not_depend_on_how_the_server_cuts_its_page() {
    let whole = in_front_of(|_| Ok(MemoryAnswer::html(page(SLOT)))).get("/shop");
    assert_eq!(
        whole.text().matches("<a href").count(),
        4,
        "three items and the template"
    );
    for size in [1, 7, 64] {
        let site = in_front_of(move |_| {
            let pieces: Vec<Vec<u8>> = page(SLOT).as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
            Ok(MemoryAnswer::new(
                200,
                "text/html; charset=utf-8",
                MemoryBody::of(pieces),
            ))
        });
        assert_eq!(site.get("/shop").body, whole.body, "{size}");
    }
}

#[test]
fn bytes_in_front_of_a_slot_leave_before_the_server_has_sent_the_rest_and_a_slot_before_what_is_behind_it() {
    let (site, feeder) = fed();
    let (reply, stream) = begin(&site, "/slow");
    assert_eq!(reply.status, 200);
    assert_eq!(there(&site, &stream), "", "the head came before any byte");
    let feed = |text: &str| feeder.borrow().as_ref().unwrap().feed(text);
    feed("<h1>first</h1>");
    assert_eq!(there(&site, &stream), "<h1>first</h1>");
    feed(SLOT);
    let slot = there(&site, &stream);
    assert!(
        slot.ends_with("</a></div>") && slot.contains("</template><a href=\"/i/"),
        "{slot}"
    );
    feed("<p>rest");
    feeder.take().unwrap().end();
    assert_eq!(there(&site, &stream), "<p>rest");
    assert_eq!(stream.ended(), Some(Ok(())));
    assert!(!site.host.has_work());
}

#[test]
fn what_is_in_front_of_an_included_part_leaves_before_the_part_is_there() {
    let site = in_front_of(|path| {
        Ok(match path {
            "/esi" => MemoryAnswer::html("front<esi:include src=\"/part\"/>behind").with(ESI.0, ESI.1),
            _ => MemoryAnswer {
                after_ms: 500,
                ..MemoryAnswer::html("part")
            },
        })
    });
    let (_, stream) = begin(&site, "/esi");
    assert_eq!(there(&site, &stream), "front");
    site.host.advance(500);
    assert_eq!(there(&site, &stream), "partbehind");
    assert_eq!(stream.ended(), Some(Ok(())));
}

#[test]
fn a_page_that_breaks_off_does_not_end_as_if_it_were_whole_and_nothing_of_it_is_lost() {
    let (site, feeder) = fed();
    let (_, stream) = begin(&site, "/slow");
    feeder.borrow().as_ref().unwrap().feed("<h1>first</h1><b");
    feeder.take().unwrap().breaks("connection lost");
    assert_eq!(there(&site, &stream), "<h1>first</h1><b");
    assert_eq!(stream.ended().unwrap().unwrap_err().to_string(), "connection lost");
    assert!(!site.host.has_work());
}

#[test]
fn a_part_that_breaks_off_leaves_what_came_of_it_and_the_page_goes_on() {
    let site = in_front_of(|path| {
        Ok(match path {
            "/esi" => MemoryAnswer::html("a<esi:include src=\"/part\"/>b").with(ESI.0, ESI.1),
            _ => MemoryAnswer::new(
                200,
                "text/html",
                MemoryBody::broken([b"part ".to_vec()], "connection lost"),
            ),
        })
    });
    let reply = site.get("/esi");
    assert_eq!((&*reply.text(), &reply.broken), ("apart b", &None));
    assert!(
        site.host
            .take_log()
            .iter()
            .any(|line| line.contains("an included part broke off: connection lost"))
    );
}

#[test]
fn when_the_visitor_goes_nothing_more_is_read_from_the_server() {
    let (site, feeder) = fed();
    let (_, stream) = begin(&site, "/slow");
    feeder.borrow().as_ref().unwrap().feed("<h1>first</h1>");
    assert_eq!(there(&site, &stream), "<h1>first</h1>");
    drop(stream);
    feeder.borrow().as_ref().unwrap().feed("<p>second</p>");
    site.host.work();
    assert!(feeder.borrow().as_ref().unwrap().reader_gone());
    assert!(!site.host.has_work());
}

#[test]
fn a_visitor_who_reads_slowly_is_not_written_ahead_of() {
    let (site, feeder) = fed();
    let (_, stream) = begin(&site, "/slow");
    for _ in 0..10 {
        feeder.borrow().as_ref().unwrap().feed("x".repeat(1000));
        site.host.work();
    }
    assert_eq!(
        stream.there().len(),
        1000,
        "the next piece waits until this one is taken"
    );
    feeder.take().unwrap().end();
    assert_eq!(there(&site, &stream).len(), 9000);
}
