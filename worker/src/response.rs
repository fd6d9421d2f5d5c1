//! From the application's answer to the runtime's `Response`.

use js_sys::Uint8Array;
use selvedge_edge::{Body, Page, PageBody, Response as Answer};
use wasm_bindgen::JsValue;
use web_sys::{Response, ResponseInit};

use crate::header_lines::{lasting_and_own, lines};
use crate::host::Cloudflare;
use crate::origin::changed;
use crate::shortcuts;

/// The runtime's response.
///
/// # Errors
/// What the runtime throws.
pub fn made(answer: Answer<Cloudflare>) -> Result<Response, JsValue> {
    let Answer { status, headers, body } = answer;
    let body = match body {
        Body::Prepared(prepared) => {
            let own = (!headers.is_empty()).then(|| lines(&headers));
            return shortcuts::again(&prepared, own.as_deref());
        }
        Body::Page(page) => return page_of(status, page),
        Body::Bytes(bytes) => Some(bytes.0),
        Body::Text(text) => Some(Uint8Array::new_from_slice(text.as_bytes())),
        // The runtime throws for a body, even an empty one, on 204 and 304.
        Body::Empty => None,
    };
    let (lasting, own) = lasting_and_own(&headers);
    shortcuts::respond(status, &lasting, &own, body.as_ref())
}

fn page_of(status: u16, page: Page<Cloudflare>) -> Result<Response, JsValue> {
    let Page { answer, changes, body } = page;
    let stream = match body {
        PageBody::Untouched if changes.is_empty() => return Ok(answer.0),
        PageBody::Untouched => answer.0.body(),
        PageBody::Nothing => None,
        PageBody::Rewritten(body) => Some(body.into_stream()),
    };
    let init = ResponseInit::new();
    init.set_status(status);
    let headers = changed(&answer.0.headers(), &changes)?;
    init.set_headers(&headers);
    Response::new_with_opt_readable_stream_and_init(stream.as_ref(), &init)
}
