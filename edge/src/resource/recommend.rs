//! `GET /v1/recommend/{slot}`: a slot's items for this visitor.

use std::rc::Rc;

use selvedge::cache::Freshness;
use selvedge::engine::{Decision, DecisionContext, Engine, Request, RequestError, Scope, Visitor as RequestVisitor};
use selvedge::profile::{Consent, KeptProfile};

use super::shared::{self, Shared};
use crate::app::App;
use crate::call::{Call, ListQuery, RequestPlace};
use crate::entity_tag;
use crate::host::Host;
use crate::incoming::decoded;
use crate::loading;
use crate::model::{Buffer, Model};
use crate::problem::Problem;
use crate::response::Response;
use crate::visitor::Visitor;

/// A request for a slot's items. It owns its parts, so that work behind the answer can use it after the request is over.
pub struct SlotRequest<H: Host> {
    app: Rc<App<H>>,
    slot: String,
    query: ListQuery,
    consent: Consent,
    profile: Option<Rc<KeptProfile>>,
    place: RequestPlace<H>,
    now_ms: u64,
}

impl<H: Host> SlotRequest<H> {
    /// Calls `to` with the request as the core takes it.
    fn with<T>(&self, to: impl FnOnce(&Request<'_>) -> T) -> T {
        let exclude: Vec<&str> = self.query.exclude.iter().map(String::as_str).collect();
        self.place.with(|place| {
            to(&Request {
                slot: &self.slot,
                n: self.query.n,
                category: self.query.category.as_deref(),
                exclude: &exclude,
                visitor: RequestVisitor {
                    profile: self.profile.as_deref().map(|kept| &kept.profile),
                    consent: self.consent,
                    place,
                    now_ms: self.now_ms,
                },
            })
        })
    }

    /// The decision context: for whom the answer is, and under which cache key it may be shared.
    ///
    /// # Errors
    /// The core refuses the request.
    pub fn assign<'s>(&self, engine: &'s Engine<Buffer>) -> Result<DecisionContext<'s>, RequestError> {
        self.with(|request| engine.assign(request))
    }

    /// A function that makes the context and the decision again, for work behind the answer.
    fn later(self: &Rc<Self>, model: &Rc<Model>) -> impl FnOnce() -> Result<String, RequestError> + 'static {
        let (request, model) = (Rc::clone(self), Rc::clone(model));
        move || {
            let context = request.assign(&model.engine)?;
            Ok(request.decide(&model, &context))
        }
    }

    fn decide<'m>(&self, model: &'m Model, context: &DecisionContext<'m>) -> String {
        model.decide(context, self.app.config.keyring.as_ref()).json()
    }
}

/// A slot's items for this visitor, as JSON: from a cache, or computed.
///
/// # Errors
/// A problem for a request that the core refuses.
pub async fn get<H: Host>(call: &mut Call<'_, H>, slot: &str) -> Result<Response<H>, Problem> {
    let (request, model) = read(call, slot).await?;
    let Some(model) = model else {
        return Ok(without_model(call, &request.slot, Vec::new()));
    };
    let context = request.assign(&model.engine).map_err(|error| problem(&error))?;
    call.mark("plan");

    let (scope, vary) = (context.scope, context.vary());
    let describe = |answer| listed(answer, scope, vary);
    let Some(key) = context.cache_key() else {
        let json = request.decide(&model, &context);
        call.mark("decide");
        return Ok(describe(not_stored(call, scope, json)));
    };
    let shared = Shared::new(key, context.freshness(), context.may_search());
    let answer = if let Some(answer) = shared.find(call, request.later(&model), describe).await {
        answer
    } else if let Some(answer) = from_earlier_model(call, &request, &shared, &model, context.freshness()) {
        return Ok(answer);
    } else {
        shared.made(call, &request.decide(&model, &context), describe)
    };
    Ok(keyed(call, answer, &shared))
}

/// Reads the request, and returns it with the model that answers it; [`None`] without a model.
///
/// # Errors
/// A problem for a slot name or a query that cannot be read.
pub async fn read<H: Host>(
    call: &mut Call<'_, H>,
    slot: &str,
) -> Result<(Rc<SlotRequest<H>>, Option<Rc<Model>>), Problem> {
    let slot = decoded("slot", slot)?;
    let query = ListQuery::of(call.incoming)?;
    let visitor = Visitor::of(call);
    let model = loading::model(call.app, call.host, call.now_ms)
        .await
        .map_err(|fallback| call.fell_back(fallback));
    call.mark("model");
    let request = SlotRequest {
        app: Rc::clone(call.app),
        slot,
        query,
        consent: visitor.consent,
        profile: visitor.profile,
        place: RequestPlace::of(call),
        now_ms: call.now_ms,
    };
    Ok((Rc::new(request), model.ok()))
}

/// Adds `Surrogate-Control` if a cache in front sent this answer's cache key in `Selvedge-Key`, so that it keeps the answer under that key.
/// Other caches get none, as they would keep the answer under its URL, which many visitors share.
fn keyed<H: Host>(call: &Call<'_, H>, answer: Response<H>, shared: &Shared) -> Response<H> {
    let named = call.incoming.header("selvedge-key");
    if !named.is_some_and(|named| shared.is_named(call.app, &named)) {
        return answer;
    }
    answer
        .with("selvedge-key", shared.outer_key(call.app))
        .with("surrogate-control", shared.surrogate_control())
}

/// The kept answer of the model before, under that model's cache key, for as long as the slot allows stale answers. So a new snapshot does
/// not empty the cache at once: the answer of the new model is computed behind this one.
fn from_earlier_model<H: Host>(
    call: &Call<'_, H>,
    request: &Rc<SlotRequest<H>>,
    shared: &Shared,
    model: &Rc<Model>,
    freshness: Freshness,
) -> Option<Response<H>> {
    let earlier = loading::earlier(call.app, call.now_ms, freshness.stale_while_revalidate_s)?;
    let context = request.assign(&earlier.engine).ok()?;
    let answer = shared.find_earlier(call, &context.cache_key()?, request.later(model))?;
    Some(listed(answer, context.scope, context.vary()))
}

/// An answer without a cache key: a personal one, or one whose request lists items to exclude.
fn not_stored<H: Host>(call: &Call<'_, H>, scope: Scope, json: String) -> Response<H> {
    if scope == Scope::Visitor {
        let answer = Response::json_text(200, json);
        return call.with_cache_status(answer, || "selvedge; fwd=bypass; detail=visitor");
    }
    let etag = entity_tag::of(call.app.shaped_by, &json);
    let answer = shared::conditional(call, &etag, || Response::json_text(200, json));
    call.with_cache_status(answer, || "selvedge; fwd=bypass; detail=request")
}

/// The `Cache-Control` of an answer that depends on more than its URL: browsers may keep it only if it is not personal, and ask again each
/// time.
const fn cache_control(scope: Scope) -> &'static str {
    match scope {
        Scope::Visitor => "private, no-store",
        _ => "private, no-cache",
    }
}

/// Adds the headers of a slot's list, `Cache-Control` and `Vary`. Model, scope and segment are only in the body, because each header
/// costs CPU time.
fn listed<H: Host>(answer: Response<H>, scope: Scope, vary: &'static str) -> Response<H> {
    let answer = answer.with("cache-control", cache_control(scope));
    if vary.is_empty() {
        answer
    } else {
        answer.with("vary", vary)
    }
}

/// The answer while there is no model: an empty list, which a page shows as no recommendations. `unknown`: the candidates of a rank
/// request, which come back in the order given.
pub fn without_model<H: Host>(call: &Call<'_, H>, slot: &str, unknown: Vec<&str>) -> Response<H> {
    let json = Decision::without_model(slot, unknown).json();
    let answer = Response::json_text(200, json).with("cache-control", "no-store");
    call.with_cache_status(answer, || "selvedge; fwd=bypass; detail=no-model")
}

/// The problem document of an error of the core.
pub fn problem(error: &RequestError) -> Problem {
    let reason = error.to_string();
    match error {
        RequestError::UnknownSlot { .. } => Problem::no_such_slot(reason),
        RequestError::UnknownItem { .. } => Problem::no_such_item(reason),
        _ => Problem::request(reason),
    }
}
