//! `GET /healthz` and `GET /readyz`: probes of the process and of the model.

use serde::{Serialize, Serializer};

use crate::adapter::store;
use crate::answer::Answer;
use crate::counters::{self, CacheCounts};
use crate::request::Call;
use crate::runtime;

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    model: Option<String>,
    loaded_at_ms: Option<u64>,
    #[serde(serialize_with = "all_counters")]
    counters: (),
    cache: CacheCounts,
}

fn all_counters<S: Serializer>(_: &(), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counters::all().into_iter().chain([("panic", runtime::panics())]))
}

/// The process answers.
pub fn health() -> Answer {
    Answer::json_text(200, r#"{"status":"ok"}"#.to_owned()).with("cache-control", "no-store")
}

/// The process answers from a model; 503 where it answers by fall-back, so that a probe sees it and no visitor does.
pub async fn readiness(call: &mut Call<'_>) -> Answer {
    let model = store::model(call.env, call.context, &call.config, call.now_ms).await;
    if let Err(fallback) = &model {
        call.fallbacks.add(*fallback);
    }
    let model = model.ok();
    let readiness = Readiness {
        ready: model.is_some(),
        model: model.as_ref().map(|model| model.engine.version().to_owned()),
        loaded_at_ms: model.as_ref().map(|model| model.loaded_at_ms),
        counters: (),
        cache: counters::cache(),
    };
    Answer::json(if readiness.ready { 200 } else { 503 }, &readiness).with("cache-control", "no-store")
}
