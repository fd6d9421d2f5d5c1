//! `GET /v1/key/{slot}`: the cache key under which a cache in front may share the slot's answer. Nothing is ranked.

use crate::call::Call;
use crate::host::Host;
use crate::problem::Problem;
use crate::resource::recommend::{problem, read};
use crate::resource::shared::outer_key;
use crate::response::Response;

/// Model, scope, segment and cache key in headers, without a body. An answer without `Selvedge-Key` must not be shared.
///
/// # Errors
/// A problem for a request that the core refuses.
pub async fn get<H: Host>(call: &mut Call<'_, H>, slot: &str) -> Result<Response<H>, Problem> {
    let answer = Response::empty(204).with("cache-control", "private, no-store");
    let (request, model) = read(call, slot).await?;
    let Some(model) = model else {
        return Ok(answer);
    };
    let context = request.assign(&model.engine).map_err(|error| problem(&error))?;
    let mut answer = answer
        .with("selvedge-model", model.engine.version().to_owned())
        .with("selvedge-scope", context.scope.as_str());
    if let Some(segment) = context.segment {
        answer.set("selvedge-segment", segment.to_string());
    }
    if let Some(key) = context.cache_key() {
        answer.set("selvedge-key", outer_key(call.app, &key));
    }
    Ok(answer)
}
