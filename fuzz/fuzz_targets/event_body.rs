//! Posts any bytes as a batch of events. The application must not panic, must answer a receipt or a problem, and must collect only events
//! that pass the check which `selvedge ingest` makes, in lines that are not much longer than what was sent.
#![no_main]

use std::rc::Rc;

use selvedge::engine::Recorded;
use selvedge::event::validate_name;
use selvedge_edge::memory_host::{MemoryHost, MemoryRequest};
use selvedge_edge::{App, Config};
use serde_json::Value;

const NOW_MS: u64 = 1_767_268_800_000;
const COOKIE_KEY: &str = "1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
/// Names of the fields of a collected event, its numbers and its ids.
const LINE_OVERHEAD_BYTES: usize = 2048;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let host = MemoryHost::new(NOW_MS, 7);
    let variable = |name: &str| (name == "SELVEDGE_COOKIE_KEYS").then(|| COOKIE_KEY.to_owned());
    let app = Rc::new(App::new(Config::read(variable, |_| ())));
    // Most bytes are no JSON: the first one decides whether they are put into an event.
    let (body, event) = match bytes.split_first() {
        Some((kind, rest)) if kind % 4 == 0 => (rest.to_vec(), rest),
        Some((kind, rest)) => {
            let (before, after): (&[u8], &[u8]) = match kind % 4 {
                1 => (b"{\"events\": [{", b"}]}"),
                2 => (b"{\"events\": [{\"type\": \"click\", \"item\": \"", b"\"}]}"),
                _ => (
                    b"{\"events\": [{\"type\": \"click\", \"item\": \"a\", \"decision\": \"",
                    b"\"}]}",
                ),
            };
            ([before, rest, after].concat(), rest)
        }
        None => (Vec::new(), bytes),
    };
    let reply = host.fetch(&app, MemoryRequest::post("/v1/events", body));
    assert!(matches!(reply.status, 202 | 400 | 413), "{}", reply.status);
    let answer = reply.json();
    let queued = host.queue.borrow();
    if reply.status == 202 {
        assert_eq!(answer["collected"].as_u64(), Some(queued.len() as u64));
    }
    for line in queued.iter() {
        assert!(
            line.len() <= 8 * event.len() + LINE_OVERHEAD_BYTES,
            "{} bytes",
            line.len()
        );
        let event: Value = serde_json::from_str(line).expect("a line is JSON");
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let at_ms = event["timestamp_ms"].as_u64();
        Recorded::check(text("type"), text("item"), at_ms, event["value"].as_f64(), NOW_MS).expect("ingest takes it");
        validate_name("id", text("id")).expect("ingest takes its id");
    }
});
