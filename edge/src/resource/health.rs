//! `GET /healthz` and `GET /readyz`: probes of the process and of its model.

use serde::{Serialize, Serializer};

use crate::call::Call;
use crate::fallback::CacheCounts;
use crate::host::Host;
use crate::loading;
use crate::operator::is_operator;
use crate::response::Response;

/// What everybody may know.
#[derive(Serialize)]
struct Ready {
    ready: bool,
}

/// What the operator gets.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    model: Option<String>,
    shop: Option<String>,
    channel: Option<String>,
    loaded_at_ms: Option<u64>,
    #[serde(serialize_with = "as_map")]
    counters: Vec<(&'static str, u32)>,
    cache: CacheCounts,
    memory: Memory,
}

/// What the process holds, in bytes, and how often it began anew.
#[derive(Serialize)]
struct Memory {
    /// Of this instance and of the others that still live; null if the host gets freed memory back.
    instance_bytes: Option<usize>,
    other_instances_bytes: Option<usize>,
    limit_bytes: usize,
    /// Of the requests under way.
    held_bytes: usize,
    most_held_bytes: usize,
    budget_bytes: usize,
    renewals: u32,
}

fn as_map<S: Serializer>(counters: &[(&str, u32)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counters.iter().copied())
}

fn memory<H: Host>(call: &Call<'_, H>) -> Memory {
    let (app, instances) = (call.app, call.host.memory());
    Memory {
        instance_bytes: instances.map(|memory| memory.own),
        other_instances_bytes: instances.map(|memory| memory.others),
        limit_bytes: app.config.memory_bytes,
        held_bytes: app.budget.held(),
        most_held_bytes: app.budget.most(),
        budget_bytes: app.budget.limit(),
        renewals: call.host.renewals(),
    }
}

/// The probe of the process, which always succeeds.
pub fn health<H: Host>() -> Response<H> {
    Response::json_text(200, r#"{"status":"ok"}"#.to_owned()).with("cache-control", "no-store")
}

/// The probe of the model; for the operator with its version and the counters. 503 if there is no model: visitors get fall-backs then, and only the probe
/// shows an error.
pub async fn readiness<H: Host>(call: &mut Call<'_, H>) -> Response<H> {
    let model = loading::model(call.app, call.host, call.now_ms).await;
    if let Err(fallback) = &model {
        call.fell_back(*fallback);
    }
    let model = model.ok();
    let ready = model.is_some();
    let status = if ready { 200 } else { 503 };
    if !(call.app.config.diagnostics || is_operator(&call.app.config, call.incoming)) {
        return Response::json(status, &Ready { ready }).with("cache-control", "no-store");
    }
    let fallbacks = call.app.counters.fallbacks();
    let readiness = Readiness {
        ready,
        shop: model
            .as_ref()
            .map(|model| model.engine.snapshot().release().shop.to_owned()),
        channel: model
            .as_ref()
            .map(|model| model.engine.snapshot().release().channel.to_owned()),
        model: model.as_ref().map(|model| model.engine.version().to_owned()),
        loaded_at_ms: model.as_ref().map(|model| model.loaded_at_ms),
        counters: fallbacks.into_iter().chain([("panic", call.host.panics())]).collect(),
        cache: call.app.counters.cache(),
        memory: memory(call),
    };
    Response::json(status, &readiness).with("cache-control", "no-store")
}
