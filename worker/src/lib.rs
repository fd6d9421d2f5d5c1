//! Selvedge on Cloudflare Workers: the host of the HTTP application in workerd.
//!
//! What is answered to which request is the application's (`selvedge-edge`). Here are the entry points, and the runtime's bindings
//! behind the application's traits.

mod breakage;
mod events;
mod header_lines;
mod host;
mod limit;
mod local_time;
mod location_cache;
mod origin;
mod request;
mod response;
mod runtime;
mod shortcuts;
mod source;
mod streams;
#[cfg(feature = "test-clock")]
mod test_clock;

use std::cell::OnceCell;
use std::rc::Rc;
use std::task::{self, Poll, Waker};

use js_sys::futures::future_to_promise;
use js_sys::{Promise, Reflect};
use selvedge_edge::host::Renewal;
use selvedge_edge::{App, Config, Delivery};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Request;
use worker::worker_sys::Context as RawContext;
use worker::{Context, Env, MessageBatch, event};

use crate::host::Cloudflare;
use crate::request::Incoming;

thread_local! {
    static APP: OnceCell<Rc<App<Cloudflare>>> = const { OnceCell::new() };
}

/// The isolate's application. Variables and secrets cannot change while it lives.
fn app(env: &Env) -> Rc<App<Cloudflare>> {
    let new = || {
        breakage::watch();
        host::note_fresh();
        // `Env::var` would trap for a name that is bound to `null`.
        let variable = |name: &str| Reflect::get(env, &name.into()).ok()?.as_string();
        Rc::new(App::new(Config::read(variable, runtime::log)))
    };
    APP.with(|app| Rc::clone(app.get_or_init(new)))
}

/// Answers one request: by a response where nothing has to be waited for, else by a promise of one.
///
/// The entry point that workers-rs would write (`#[event(fetch)]`) always returns a promise: hits in `cargo xtask bench load` would
/// pay for it.
///
/// # Errors
/// What the runtime throws where it cannot even make a response.
#[wasm_bindgen]
pub fn fetch(request: Request, env: Env, context: RawContext) -> Result<JsValue, JsValue> {
    let app = app(&env);
    let incoming = Incoming::new(request);
    #[cfg(feature = "panic-route")]
    panic_on_purpose(&incoming);
    let host = Cloudflare::new(env, Context::new(context), incoming.site());
    #[cfg(feature = "test-clock")]
    let host = host.at_time_of(&incoming);
    let mut answer = Box::pin(app.respond(host, incoming));
    // Most answers come out of memory. For them a promise and a turn of the event loop would cost as much as the answer.
    match answer.as_mut().poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => response::made(answer).map(JsValue::from),
        Poll::Pending => {
            let response = async move { response::made(answer.await).map(JsValue::from) };
            Ok(future_to_promise(response).into())
        }
    }
}

/// Loads the model before the first request of a new instance. Returns a promise of a number for the shim: whether it is loaded (0), not
/// this time (1), or refused for good (2).
#[wasm_bindgen]
pub fn load(env: Env, context: RawContext, site: &str, newest_ms: f64) -> Promise {
    let app = app(&env);
    let host = Cloudflare::new(env, Context::new(context), site);
    future_to_promise(async move {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole milliseconds since 1970"
        )]
        let newest_ms = newest_ms as u64;
        Ok(JsValue::from(match app.load(&host, newest_ms).await {
            Renewal::Done => 0,
            Renewal::Failed => 1,
            Renewal::Refused => 2,
        }))
    })
}

/// This instance's memory, so that the shim can see its size and when it is collected.
#[wasm_bindgen(js_name = ownMemory)]
pub fn own_memory() -> JsValue {
    wasm_bindgen::memory()
}

#[cfg(feature = "panic-route")]
#[expect(clippy::panic, reason = "the route is there to panic")]
fn panic_on_purpose(incoming: &Incoming) {
    use selvedge_edge::host::Request as _;

    if incoming.url().ends_with("/v1/panic") {
        panic!("the panic route was asked for");
    }
}

/// Writes a batch of collected events; one that was not written is left to the queue's next delivery.
///
/// What workers-rs unwraps here (the batch's list, its messages' bodies, `ackAll`) are members of the runtime's own objects, which
/// hold what a sender sent as a value and do not throw.
#[event(queue)]
async fn queue(batch: MessageBatch<JsValue>, env: Env, context: Context) -> worker::Result<()> {
    let app = app(&env);
    // The queue's event has no request, and nothing of it is cached.
    match app
        .deliver(&Cloudflare::new(env, context, ""), events::messages(&batch))
        .await
    {
        Delivery::Written => batch.ack_all(),
        Delivery::Again => batch.retry_all(),
    }
    Ok(())
}
