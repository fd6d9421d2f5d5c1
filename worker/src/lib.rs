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

use worker::wasm_bindgen::JsValue;
use worker::web_sys::{Request, Response};
use worker::{Context, Env, MessageBatch, event};

use crate::answer::Answer;
use crate::counters::Fallbacks;
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::request::Call;
use crate::resource::{events, health, profile, rank, recommend, similar};
use crate::route::{NoRoute, Resource};
use crate::timing::Timing;

/// Answers one request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response, worker::Error> {
    let incoming = Incoming::new(request);
    let mut call = Call {
        incoming: &incoming,
        env: &env,
        context: &context,
        config: config::of(&env),
        now_ms: runtime::unix_ms(),
        fallbacks: Fallbacks::default(),
        timing: Timing::start(),
    };
    let answer = answer(&mut call)
        .await
        .unwrap_or_else(|problem| problem.answer(incoming.path()));
    Ok(answer.into_response(call.fallbacks, call.timing)?)
}

async fn answer(call: &mut Call<'_>) -> Result<Answer, Problem> {
    let incoming = call.incoming;
    match route::find(&incoming.method, incoming.path()) {
        Ok(Resource::Recommend(slot)) => recommend::get(call, slot).await,
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
        Err(NoRoute::Method(allow)) => Err(Problem::method(&incoming.method, allow)),
    }
}

/// Writes a batch of collected events.
#[event(queue)]
async fn queue(batch: MessageBatch<JsValue>, env: Env, _context: Context) -> Result<(), worker::Error> {
    // Never an error: the macro would turn it into a panic, and a batch that was not written is retried anyway.
    adapter::collector::store_batch(&batch, &env, runtime::unix_ms()).await;
    Ok(())
}
