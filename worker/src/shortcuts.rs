//! The bindings of our own: what workers-rs (the `worker` crate) has no wrapper for, or where its wrapper costs more than the
//! 3 % of requests per second that `cargo xtask bench load` must not lose.
//!
//! Everything else goes through `worker`, its raw half `worker_sys`, and `web_sys`. Each binding here says what it is instead of.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{
    ReadableStreamByobReader, ReadableWritablePair, Request, Response, TransformStream, WritableStreamDefaultWriter,
};

// ---- requests in and answers out: worker/shim/http.js ----

#[wasm_bindgen(raw_module = "./http.js")]
extern "C" {
    // For `cargo xtask bench load`, all kinds. `worker::Request` copies method, path and headers of each request by a call of
    // JavaScript for each, and unwraps `cf`; this is one call for all that nearly every request is asked for.
    fn read(request: &Request, into: &mut [u8]) -> usize;

    /// The names of a request's headers, a line each. An iterator over them would be two calls of JavaScript for each name.
    #[wasm_bindgen(js_name = headerNames)]
    pub fn header_names(request: &Request) -> String;

    /// The values of a response's `Set-Cookie`, a line each. Neither `worker` nor `web_sys` has `getSetCookie`.
    #[wasm_bindgen(js_name = setCookies)]
    pub fn set_cookies(response: &Response) -> String;

    /// The visitor's time zone, as the network derives it from the connection. `worker::Cf::timezone_name` unwraps, and a request
    /// without a connection (from another Worker) has none.
    #[wasm_bindgen(js_name = timeZone)]
    pub fn time_zone(request: &Request) -> Option<String>;

    /// A response. Headers are names and values, a line each: `lasting` are those that many answers have alike.
    ///
    /// For `cargo xtask bench load`, misses and own lists. `worker::ResponseBuilder` sets one header for each call of JavaScript,
    /// and its conversion unwraps what the runtime throws for a status or a body that it refuses.
    #[wasm_bindgen(catch)]
    pub fn respond(status: u16, lasting: &str, own: &str, body: Option<&Uint8Array>) -> Result<Response, JsValue>;

    /// An answer that is sent many times, with its headers. For `cargo xtask bench load`, hits: one call makes a response of it.
    /// `worker::Response` has nothing that can be sent twice without being read.
    #[derive(Clone)]
    pub type Prepared;
    /// Prepares an answer of status 200.
    #[wasm_bindgen(catch)]
    pub fn prepare(lasting: &str, own: &str, body: &Uint8Array) -> Result<Prepared, JsValue>;
    /// Changes some of its headers.
    #[wasm_bindgen(catch)]
    pub fn refresh(prepared: &Prepared, lines: &str) -> Result<(), JsValue>;
    /// One more response of it, with headers of its own if there are any.
    #[wasm_bindgen(catch)]
    pub fn again(prepared: &Prepared, own: Option<&str>) -> Result<Response, JsValue>;
}

/// Method, URL, and the values of the headers that nearly every request is asked for: a line each, empty where there is none.
pub fn request_lines(request: &Request) -> String {
    let mut bytes = vec![0; 1024];
    let mut length = read(request, &mut bytes);
    if length > bytes.len() {
        bytes.resize(length, 0);
        length = read(request, &mut bytes);
    }
    bytes.truncate(length);
    // It is UTF-8, as the shim writes nothing else.
    String::from_utf8(bytes).unwrap_or_default()
}

// ---- streams: workerd's own methods, which neither `worker` nor `web_sys` knows ----

#[wasm_bindgen]
extern "C" {
    /// A reader that can wait for a full buffer.
    ///
    /// `worker::ByteStream` reads by `read()`: a 10 MB snapshot then comes in thousands of small chunks, each of which costs a
    /// turn of the event loop and a call into Wasm (`cargo xtask bench edge`, cold starts).
    #[wasm_bindgen(extends = ReadableStreamByobReader)]
    pub type FillingReader;
    /// Like `read`, but waits for so many bytes.
    #[wasm_bindgen(method, js_name = readAtLeast, catch)]
    pub fn read_at_least(this: &FillingReader, min_bytes: u32, into: &Uint8Array) -> Result<Promise, JsValue>;

    /// A pipe whose bytes pass without a copy in JavaScript, and whose writes wait until they are taken.
    ///
    /// The standard `TransformStream` runs in JavaScript, with a queue of its own (`cargo xtask bench pages`);
    /// `worker::FixedLengthStream` must know the length before.
    #[wasm_bindgen(extends = TransformStream)]
    pub type IdentityTransformStream;
    #[wasm_bindgen(constructor, catch)]
    pub fn new() -> Result<IdentityTransformStream, JsValue>;

    /// The runtime's gzip. `worker` has none, and that of `web_sys` is there for builds with its unstable bindings only. Not for a
    /// benchmark: a gzip in Wasm would be 16 KB of the Worker.
    #[wasm_bindgen(extends = ReadableWritablePair)]
    pub type CompressionStream;
    #[wasm_bindgen(constructor, catch)]
    pub fn new(format: &str) -> Result<CompressionStream, JsValue>;
}

// ---- the instance that this code runs in: worker/shim/instances.js ----
//
// workers-rs has a shim of its own, which begins a new instance after a panic but answers none of the requests that the broken one
// owes, and has no second instance beside the first.

#[wasm_bindgen(raw_module = "./own.js")]
extern "C" {
    /// Lets go of every request under way in this instance, and logs the reason.
    pub fn broke(reason: Option<&str>);

    /// Aborts the stream when this instance breaks, which writes it. Calling what it returns ends that.
    pub fn guard(writer: &WritableStreamDefaultWriter) -> js_sys::Function;

    /// How many Wasm panics this isolate has survived. The shim counts them: an instance's own memory is gone after each.
    pub fn panics() -> u32;

    /// How often a new instance took over because a model had no room in the one before.
    pub fn renewals() -> u32;

    /// Bytes of the memories of all other instances that were not collected yet.
    #[wasm_bindgen(js_name = otherBytes)]
    pub fn other_bytes() -> f64;

    /// Makes a new instance, which loads the model and takes over. The promise is of what `load` returned.
    #[wasm_bindgen(catch)]
    pub fn renew(env: &JsValue, context: &JsValue, site: &str, newest_ms: f64) -> Result<Promise, JsValue>;
}
