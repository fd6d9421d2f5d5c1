//! `POST /v1/rank`: ranks the caller's own candidates for this visitor.

use selvedge::engine::{Conditions, MAX_CANDIDATES, Visitor as RequestVisitor};
use serde::Deserialize;

use super::recommend::{problem, without_model};
use crate::body;
use crate::call::{Call, RequestPlace};
use crate::host::Host;
use crate::loading;
use crate::problem::Problem;
use crate::response::Response;
use crate::visitor::Visitor;

/// Bytes for the most candidates with the longest ids, written as JSON.
const MAX_BODY_BYTES: usize = 320 * 1024;
const EXPECTED: &str = "{\"candidates\": [\"id\", …], \"n\": 20} with 1 to 1000 candidates";

#[derive(Deserialize)]
struct Body {
    candidates: Vec<String>,
    n: Option<usize>,
}

/// Ranks candidates. Without a model they come back in the order given.
///
/// # Errors
/// A problem for a body of another shape, and for a request that the core refuses.
pub async fn post<H: Host>(call: &mut Call<'_, H>) -> Result<Response<H>, Problem> {
    let Body { candidates, n } = body::json(call, MAX_BODY_BYTES, EXPECTED).await?;
    let candidates: Vec<&str> = candidates.iter().map(String::as_str).collect();
    let n = n.unwrap_or_else(|| candidates.len().clamp(1, MAX_CANDIDATES));
    call.mark("body");
    let visitor = Visitor::of(call);
    let model = match loading::model(call.app, call.host, call.now_ms).await {
        Ok(model) => model,
        Err(fallback) => {
            call.fell_back(fallback);
            return Ok(without_model(call, "rank", candidates));
        }
    };
    call.mark("model");
    let context = RequestPlace::of(call).with(|place| {
        let visitor = RequestVisitor {
            profile: visitor.profile.as_deref().map(|kept| &kept.profile),
            consent: visitor.consent,
            place,
            now_ms: call.now_ms,
        };
        model.engine.assign_rank(&Conditions::PLAIN, &visitor, &candidates, n)
    });
    let context = context.map_err(|error| problem(&error))?;
    let json = model.decide(&context, call.app.config.keyring.as_ref()).json();
    call.mark("decide");
    let answer = Response::json_text(200, json).with("cache-control", "private, no-store");
    Ok(call.with_cache_status(answer, || "selvedge; fwd=method"))
}
