//! `GET /v1/similar/{item}`: items near an item. The answer depends only on the URL, so any cache may keep it.

use std::rc::Rc;

use selvedge::cache::Freshness;
use selvedge::engine::{Conditions, DecisionContext, RequestError};

use super::recommend::{problem, without_model};
use super::shared::Shared;
use crate::app::App;
use crate::call::{Call, ListQuery};
use crate::host::Host;
use crate::incoming::decoded;
use crate::loading;
use crate::model::Model;
use crate::problem::Problem;
use crate::response::Response;

/// How many items if the request does not say.
const N: usize = 12;

/// Items near an item.
///
/// # Errors
/// A problem for a request that the core refuses.
pub async fn get<H: Host>(call: &mut Call<'_, H>, item: &str) -> Result<Response<H>, Problem> {
    let item = decoded("item", item)?;
    let n = ListQuery::of(call.incoming)?.n.unwrap_or(N);
    let model = match loading::model(call.app, call.host, call.now_ms).await {
        Ok(model) => model,
        Err(fallback) => {
            call.fell_back(fallback);
            return Ok(without_model(call, "similar", Vec::new()));
        }
    };
    call.mark("model");
    let similar = Similar {
        app: Rc::clone(call.app),
        model,
        item,
        n,
        now_ms: call.now_ms,
    };
    let key = similar.context().map_err(|error| problem(&error))?.cache_key();
    let key = key.ok_or_else(|| Problem::no_such_item(similar.item.clone()))?;
    let shared = Shared::new(key, Freshness::SIMILAR, true);
    let similar = Rc::new(similar);
    let renewed = Rc::clone(&similar);
    let describe = |answer: Response<H>| answer.with("cache-control", Freshness::SIMILAR.public_cache_control());
    if let Some(answer) = shared.find(call, move || renewed.decide(), describe).await {
        return Ok(answer);
    }
    let json = similar.decide().map_err(|error| problem(&error))?;
    Ok(shared.made(call, &json, describe))
}

/// A request for the items near an item. It owns its parts, so that work behind the answer can use it after the request is over.
struct Similar<H: Host> {
    app: Rc<App<H>>,
    model: Rc<Model>,
    item: String,
    n: usize,
    now_ms: u64,
}

impl<H: Host> Similar<H> {
    fn context(&self) -> Result<DecisionContext<'_>, RequestError> {
        let engine = &self.model.engine;
        engine.assign_similar(&Conditions::PLAIN, &self.item, self.n, self.now_ms)
    }

    fn decide(&self) -> Result<String, RequestError> {
        let context = self.context()?;
        self.model.engine.require_factors()?;
        let keyring = self.app.config.keyring.as_ref();
        Ok(self.model.decide(&context, keyring).json())
    }
}
