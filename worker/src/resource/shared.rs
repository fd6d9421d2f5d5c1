//! Answers that many visitors share: from the edge cache where it has one, computed and stored where it has none.

use std::rc::Rc;

use selvedge::cache::{CacheKey, Freshness, State};
use selvedge::engine::RequestError;
use worker::console_error;

use crate::adapter::edge_cache::{self, Stored};
use crate::adapter::store::Model;
use crate::answer::Answer;
use crate::counters::{Fallback, count};
use crate::request::Call;
use crate::runtime;

/// Answers under a shared key.
///
/// `now` computes the answer's JSON for this request; `later` computes the same behind it, when a stale one was good enough
/// for now.
///
/// # Errors
/// What the core refuses while it computes; nothing is stored then.
pub async fn answer(
    call: &mut Call<'_>,
    model: &Rc<Model>,
    key: CacheKey,
    freshness: Freshness,
    now: impl FnOnce() -> Result<String, RequestError>,
    later: impl FnOnce(&Model) -> Result<String, RequestError> + 'static,
) -> Result<Answer, RequestError> {
    let looked_up = edge_cache::get(&key, &freshness, call.now_ms).await;
    call.timing.mark("cache");
    match looked_up {
        Ok(Some(stored)) if stored.state == State::Fresh => return Ok(from_cache(call, &key, stored)),
        Ok(Some(stored)) if stored.state == State::StaleWhileRevalidate => {
            if edge_cache::begin_revalidation(&key, call.now_ms) {
                let model = Rc::clone(model);
                let (url, now_ms) = (edge_cache::url(&key), call.now_ms);
                call.context.wait_until(async move {
                    if let Ok(json) = later(&model) {
                        store(&url, freshness, &json, &edge_cache::etag(&json), now_ms).await;
                    }
                    edge_cache::end_revalidation(&url);
                });
            }
            return Ok(from_cache(call, &key, stored));
        }
        // An older entry is for the case that computing fails, which the core never does.
        Ok(_) => {}
        Err(error) => {
            console_error!("edge cache: {}", runtime::thrown(&error));
            call.fallbacks.add(Fallback::CacheFailed);
        }
    }
    let json = now()?;
    call.timing.mark("decide");
    let etag = edge_cache::etag(&json);
    let url = edge_cache::url(&key);
    let answer = conditional(call, &etag, || Answer::json_text(200, json.clone())).with(
        "cache-status",
        ["selvedge; fwd=miss; stored; key=\"", key.as_str(), "\""].concat(),
    );
    let now_ms = call.now_ms;
    call.context
        .wait_until(async move { store(&url, freshness, &json, &etag, now_ms).await });
    Ok(answer)
}

/// A 304 where the client has this very answer already, else the answer; both with the entity tag.
pub fn conditional(call: &Call<'_>, etag: &str, answer: impl FnOnce() -> Answer) -> Answer {
    let known = call
        .incoming
        .header("if-none-match")
        .is_some_and(|tags| edge_cache::matches(&tags, etag));
    let answer = if known { Answer::empty(304) } else { answer() };
    answer.with("etag", etag.to_owned())
}

fn from_cache(call: &Call<'_>, key: &CacheKey, stored: Stored) -> Answer {
    let Stored { body, etag, ttl_s, .. } = stored;
    conditional(call, &etag, || Answer::json_stream(200, body)).with(
        "cache-status",
        [
            "selvedge; hit; ttl=",
            &ttl_s.to_string(),
            "; key=\"",
            key.as_str(),
            "\"",
        ]
        .concat(),
    )
}

async fn store(url: &str, freshness: Freshness, json: &str, etag: &str, now_ms: u64) {
    if let Err(error) = edge_cache::put(url, &freshness, json, etag, now_ms).await {
        console_error!("edge cache: {url}: {}", runtime::thrown(&error));
        count(Fallback::CacheFailed);
    }
}
