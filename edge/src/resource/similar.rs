//! `GET /v1/similar/{item}`: items near an item. The URL decides the answer, so that any cache may keep it.

use std::rc::Rc;

use selvedge::cache::Freshness;

use super::recommend::{problem, without_model};
use super::shared::Shared;
use crate::call::{Call, ListQuery};
use crate::host::Host;
use crate::incoming::decoded;
use crate::problem::Problem;
use crate::response::Response;
use crate::store;

/// How many items where the request does not say.
const N: usize = 12;

/// Items near an item.
///
/// # Errors
/// A problem for a request that the core refuses.
pub async fn get<H: Host>(call: &mut Call<'_, H>, item: &str) -> Result<Response<H>, Problem> {
    let item = decoded("item", item)?;
    let n = ListQuery::of(call.incoming)?.n.unwrap_or(N);
    let model = match store::model(call.app, call.host, call.now_ms).await {
        Ok(model) => model,
        Err(fallback) => {
            call.fell_back(fallback);
            return Ok(without_model(call, "similar", Vec::new()));
        }
    };
    call.mark("model");
    let key = model.engine.similar_key(&item, n).map_err(|error| problem(&error))?;
    let shared = Shared::new(key, Freshness::SIMILAR, true);
    let now_ms = call.now_ms;
    let again = item.clone();
    let later = Rc::clone(&model);
    let renew = move || later.similar(&again, n, now_ms).map(|found| found.json());
    let describe = |answer: Response<H>| answer.with("cache-control", Freshness::SIMILAR.public_cache_control());
    if let Some(answer) = shared.find(call, renew, describe).await {
        return Ok(answer);
    }
    let found = model.similar(&item, n, now_ms);
    let json = found.map_err(|error| problem(&error))?.json();
    Ok(shared.made(call, &json, describe))
}
