//! Selvedge on Cloudflare Workers: a thin shell that gives the core its bytes, its time and its bindings.
//!
//! Nothing here decides: ranking, segments, cache keys and freshness are the core's. What is here is HTTP, the runtime's
//! bindings, and for each of their failures the fall-back that `docs/http-api.md` names.

mod adapter;
mod answer;
mod config;
mod counters;
mod incoming;
mod local_time;
mod problem;
mod request;
mod resource;
mod route;
mod runtime;
mod timing;

use std::rc::Rc;
use std::task::{self, Poll, Waker};

use js_sys::Promise;
use js_sys::futures::future_to_promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};

use crate::answer::Answer;
use crate::counters::Fallbacks;
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::request::Call;
use crate::resource::{events, health, key, page, profile, rank, recommend, similar};
use crate::route::{NoRoute, Resource};
use crate::runtime::bindings::{Batch, Context, Env};
use crate::timing::Timing;

/// Answers one request: by a response where nothing has to be waited for, else by a promise of one.
///
/// # Errors
/// What the runtime throws where it cannot even make a response.
#[wasm_bindgen]
pub fn fetch(request: Request, env: Env, context: Context) -> Result<JsValue, JsValue> {
    let mut answer = Box::pin(respond(request, env, context));
    // Most answers come out of memory. For them a promise and a turn of the event loop would cost as much as the answer.
    match answer.as_mut().poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response.map(JsValue::from),
        Poll::Pending => Ok(future_to_promise(async move { answer.await.map(JsValue::from) }).into()),
    }
}

async fn respond(request: Request, env: Env, context: Context) -> Result<Response, JsValue> {
    let incoming = Rc::new(Incoming::new(request));
    let config = config::of(&env);
    let diagnostics = config.diagnostics || incoming.asks_for_diagnostics();
    let mut call = Call {
        incoming: &incoming,
        env: &env,
        context: &context,
        now_ms: runtime::unix_ms(),
        fallbacks: Fallbacks::default(),
        timing: Timing::start(diagnostics),
        diagnostics,
        config,
    };
    let answer = if route::is_page(incoming.path()) {
        match page::get(&mut call).await {
            Ok(response) => return Ok(response),
            Err(problem) => Err(problem),
        }
    } else {
        answer(&mut call).await
    };
    let answer = answer.unwrap_or_else(|problem| problem.answer(incoming.path()));
    answer.into_response(call.fallbacks, call.timing)
}

async fn answer(call: &mut Call<'_>) -> Result<Answer, Problem> {
    let incoming = call.incoming;
    match route::find(incoming.method(), incoming.path()) {
        Ok(Resource::Recommend(slot)) => recommend::get(call, slot).await,
        Ok(Resource::Key(slot)) => key::get(call, slot).await,
        Ok(Resource::Similar(item)) => similar::get(call, item).await,
        Ok(Resource::Rank) => rank::post(call).await,
        Ok(Resource::Events) => events::post(call).await,
        Ok(Resource::Profile) => profile::delete(incoming),
        Ok(Resource::Health) => Ok(health::health()),
        Ok(Resource::Ready) => Ok(health::readiness(call).await),
        #[cfg(feature = "panic-route")]
        #[expect(clippy::panic, reason = "the route is there to panic")]
        Ok(Resource::Panic) => panic!("the panic route was asked for"),
        Err(NoRoute::Path) => Err(Problem::no_such_path()),
        Err(NoRoute::Method(allow)) => Err(Problem::method(incoming.method(), allow)),
    }
}

/// Writes a batch of collected events; one that was not written is left to the queue's next delivery.
#[wasm_bindgen]
pub fn queue(batch: Batch, env: Env, _context: JsValue) -> Promise {
    future_to_promise(async move {
        adapter::collector::store_batch(&batch, &env, runtime::unix_ms()).await;
        Ok(JsValue::UNDEFINED)
    })
}
