//! `GET /v1/recommend/{slot}`: a slot's items for this visitor.

use std::rc::Rc;

use selvedge::cache::Freshness;
use selvedge::engine::{Decision, DecisionContext, Engine, Request, RequestError, Scope, Visitor as Asker};
use selvedge::profile::{Consent, Profile};
use selvedge::snapshot::AlignedBytes;

use super::shared::{self, Shared};
use crate::app::App;
use crate::call::{Call, ListQuery, Surroundings};
use crate::entity_tag;
use crate::host::Host;
use crate::incoming::decoded;
use crate::problem::Problem;
use crate::response::Response;
use crate::store::{self, Model};
use crate::visitor::Visitor;

/// A request for a slot's items, owned, so that it can outlive its answer.
pub struct Asked<H: Host> {
    app: Rc<App<H>>,
    slot: String,
    query: ListQuery,
    consent: Consent,
    profile: Option<Rc<Profile>>,
    surroundings: Surroundings<H>,
    now_ms: u64,
}

impl<H: Host> Asked<H> {
    fn ask<T>(&self, answer: impl FnOnce(&Request<'_>) -> T) -> T {
        let exclude: Vec<&str> = self.query.exclude.iter().map(String::as_str).collect();
        self.surroundings.tell(|context| {
            answer(&Request {
                slot: &self.slot,
                n: self.query.n,
                category: self.query.category.as_deref(),
                exclude: &exclude,
                visitor: Asker {
                    profile: self.profile.as_deref(),
                    consent: self.consent,
                    context,
                    now_ms: self.now_ms,
                },
            })
        })
    }

    /// The context of the decision: for whom it is, and under which key it may be shared.
    ///
    /// # Errors
    /// What the core refuses.
    pub fn assign<'s>(&self, engine: &'s Engine<AlignedBytes>) -> Result<DecisionContext<'s>, RequestError> {
        self.ask(|request| engine.assign(request))
    }

    /// Computes the decision behind the answer: by then the request is over, so the context is made anew.
    fn later(self: &Rc<Self>, model: &Rc<Model>) -> impl FnOnce() -> Result<String, RequestError> + 'static {
        let (asked, model) = (Rc::clone(self), Rc::clone(model));
        move || {
            let context = asked.assign(&model.engine)?;
            Ok(asked.decide(&model, &context))
        }
    }

    fn decide<'m>(&self, model: &'m Model, context: &DecisionContext<'m>) -> String {
        model.decide(context, self.app.config.keyring.as_ref()).json()
    }
}

/// A slot's decision.
///
/// # Errors
/// A problem for a request that the core refuses.
pub async fn get<H: Host>(call: &mut Call<'_, H>, slot: &str) -> Result<Response<H>, Problem> {
    let (asked, model) = asked(call, slot).await?;
    let Some(model) = model else {
        return Ok(without_model(call, &asked.slot, Vec::new()));
    };
    let context = asked.assign(&model.engine).map_err(|error| problem(&error))?;
    call.mark("plan");

    let (scope, vary) = (context.scope, context.vary());
    let describe = |answer| listed(answer, scope, vary);
    let Some(key) = context.cache_key() else {
        let json = asked.decide(&model, &context);
        call.mark("decide");
        return Ok(describe(not_stored(call, scope, json)));
    };
    let shared = Shared::new(key, context.freshness(), context.may_search());
    let answer = if let Some(answer) = shared.find(call, asked.later(&model), describe).await {
        answer
    } else if let Some(answer) = from_earlier_model(call, &asked, &shared, &model, context.freshness()) {
        return Ok(answer);
    } else {
        shared.made(call, &asked.decide(&model, &context), describe)
    };
    Ok(keyed(call, answer, &shared))
}

/// What was asked, and the model that answers; none where there is none.
///
/// # Errors
/// A problem for a path or a query that is none.
pub async fn asked<H: Host>(call: &mut Call<'_, H>, slot: &str) -> Result<(Rc<Asked<H>>, Option<Rc<Model>>), Problem> {
    let slot = decoded("slot", slot)?;
    let query = ListQuery::of(call.incoming)?;
    let visitor = Visitor::of(call);
    let model = store::model(call.app, call.host, call.now_ms)
        .await
        .map_err(|fallback| call.fell_back(fallback));
    call.mark("model");
    let asked = Asked {
        app: Rc::clone(call.app),
        slot,
        query,
        consent: visitor.consent,
        profile: visitor.profile,
        surroundings: Surroundings::of(call),
        now_ms: call.now_ms,
    };
    Ok((Rc::new(asked), model.ok()))
}

/// For a cache in front that named the answer's very key: how long it may keep it. To every other one the URL does not
/// tell the key, so it is told nothing.
fn keyed<H: Host>(call: &Call<'_, H>, answer: Response<H>, shared: &Shared) -> Response<H> {
    let named = call.incoming.header("selvedge-key");
    if named.as_deref() != Some(shared.key()) {
        return answer;
    }
    answer
        .with("selvedge-key", shared.key().to_owned())
        .with("surrogate-control", shared.surrogate_control())
}

/// What the model before answers under its own key, for as long as stale answers may be used: a new snapshot does not empty the
/// cache at once.
fn from_earlier_model<H: Host>(
    call: &Call<'_, H>,
    asked: &Rc<Asked<H>>,
    shared: &Shared,
    model: &Rc<Model>,
    freshness: Freshness,
) -> Option<Response<H>> {
    let earlier = store::earlier(call.app, call.now_ms, freshness.stale_while_revalidate_s)?;
    let context = asked.assign(&earlier.engine).ok()?;
    let answer = shared.find_earlier(call, &context.cache_key()?, asked.later(model))?;
    Some(listed(answer, context.scope, context.vary()))
}

/// An answer that our own cache is not asked for: a personal one, or one that the client narrowed down by itself.
fn not_stored<H: Host>(call: &Call<'_, H>, scope: Scope, json: String) -> Response<H> {
    if scope == Scope::Visitor {
        let answer = Response::json_text(200, json);
        return call.tell_cache_status(answer, || "selvedge; fwd=bypass; detail=visitor");
    }
    let etag = entity_tag::of(&json);
    let answer = shared::conditional(call, &etag, || Response::json_text(200, json));
    call.tell_cache_status(answer, || "selvedge; fwd=bypass; detail=request")
}

/// What a cache in front may do with an answer whose key is not in its URL.
const fn cache_control(scope: Scope) -> &'static str {
    match scope {
        Scope::Visitor => "private, no-store",
        _ => "private, no-cache",
    }
}

/// The headers of a slot's list. Model, scope and segment are in its body, and each header more costs CPU time.
fn listed<H: Host>(answer: Response<H>, scope: Scope, vary: &'static str) -> Response<H> {
    let answer = answer.with("cache-control", cache_control(scope));
    if vary.is_empty() {
        answer
    } else {
        answer.with("vary", vary)
    }
}

/// The answer while there is no model: a list with nothing in it, which a page shows as no recommendations. Candidates that
/// were to be ranked come back in the order given.
pub fn without_model<H: Host>(call: &Call<'_, H>, slot: &str, unknown: Vec<&str>) -> Response<H> {
    let json = Decision::without_model(slot, unknown).json();
    let answer = Response::json_text(200, json).with("cache-control", "no-store");
    call.tell_cache_status(answer, || "selvedge; fwd=bypass; detail=no-model")
}

/// What the core refuses, as a problem.
pub fn problem(error: &RequestError) -> Problem {
    let reason = error.to_string();
    match error {
        RequestError::UnknownSlot { .. } => Problem::no_such_slot(reason),
        RequestError::UnknownItem { .. } => Problem::no_such_item(reason),
        _ => Problem::request(reason),
    }
}
