//! `GET /v1/similar/{item}`: items near an item. The URL decides the answer, so that any cache may keep it.

use selvedge::cache::Freshness;
use selvedge::engine::Scope;

use super::recommend::{described, json, problem, without_model};
use super::shared;
use crate::adapter::store;
use crate::answer::Answer;
use crate::incoming::decoded;
use crate::problem::Problem;
use crate::request::{Call, ListQuery};

/// How many items where the request does not say.
const N: usize = 12;

/// Items near an item.
///
/// # Errors
/// A problem for a request that the core refuses.
pub async fn get(call: &mut Call<'_>, item: &str) -> Result<Answer, Problem> {
    let item = decoded("item", item)?;
    let n = ListQuery::of(call.incoming)?.n.unwrap_or(N);
    let model = match store::model(call.env, call.context, &call.config, call.now_ms).await {
        Ok(model) => model,
        Err(fallback) => {
            call.fallbacks.add(fallback);
            return Ok(without_model("similar", Vec::new()));
        }
    };
    call.timing.mark("model");
    let key = model.engine.similar_key(&item, n).map_err(|error| problem(&error))?;
    let freshness = Freshness::SIMILAR;
    let now_ms = call.now_ms;
    let again = item.clone();
    let later = move |model: &store::Model| model.engine.similar(&again, n, now_ms).map(|found| json(&found));
    let now = || model.engine.similar(&item, n, now_ms).map(|found| json(&found));
    let answer = shared::answer(call, &model, key, freshness, now, later)
        .await
        .map_err(|error| problem(&error))?;
    Ok(described(answer, Scope::Everyone, None, &model).with("cache-control", freshness.public_cache_control()))
}
