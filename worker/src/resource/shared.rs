//! Answers that many visitors share: from memory, from the edge cache, or computed once and kept in both.
//!
//! Everything that needs no search is kept in the isolate's memory alone: to compute it takes less CPU than to ask the edge cache.
//! Looking into memory, computing and keeping happen in one turn of the event loop, so that requests for the same key never
//! compute it twice in one isolate, however many come at once.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Uint8Array;
use selvedge::cache::{CacheKey, Entry, Freshness, State};
use selvedge::engine::RequestError;
use wasm_bindgen::JsValue;

use crate::adapter::edge_cache;
use crate::adapter::isolate_cache::{self, Stored};
use crate::answer::Answer;
use crate::counters::{self, Fallback, count};
use crate::request::Call;
use crate::runtime::{self, console_error};

/// Under what an answer is shared, and for how long.
#[derive(Clone, Debug)]
pub struct Shared {
    key: CacheKey,
    freshness: Freshness,
    searches: bool,
}

impl Shared {
    /// `searches`: whether computing it may take a search through the rows.
    pub fn new(key: CacheKey, freshness: Freshness, searches: bool) -> Self {
        Self {
            freshness: freshness.spread(&key),
            key,
            searches,
        }
    }

    /// The key's text.
    pub fn key(&self) -> &str {
        self.key.as_str()
    }

    /// How long a cache in front may keep the answer that is filed under this key.
    pub fn surrogate_control(&self) -> String {
        self.freshness.surrogate_control()
    }

    /// An answer that is kept and may be used; what is stale is computed anew behind it by `renew`. `describe` sets the headers that
    /// every answer under the key has.
    pub async fn find(
        &self,
        call: &mut Call<'_>,
        renew: impl FnOnce() -> Result<String, RequestError> + 'static,
        describe: impl Fn(Answer) -> Answer,
    ) -> Option<Answer> {
        let found = match isolate_cache::get(&self.key, &self.freshness, call.now_ms) {
            Some(found) => Some(found),
            None if self.searches => self.look_into_edge_cache(call).await,
            None => None,
        };
        call.timing.mark("cache");
        let (entry, state) = found?;
        match state {
            State::Fresh => counters::cache().hit(),
            State::StaleWhileRevalidate => {
                counters::cache().stale();
                self.renew_behind(call, renew);
            }
            // An older entry is for the case that computing fails, which the core never does.
            State::StaleIfError | State::Expired => return None,
        }
        Some(self.answer(call, &entry, describe))
    }

    /// An answer of the model before, while the one under the current key is computed behind it.
    pub fn find_earlier(
        &self,
        call: &Call<'_>,
        earlier: &CacheKey,
        renew: impl FnOnce() -> Result<String, RequestError> + 'static,
    ) -> Option<Answer> {
        let (entry, state) = isolate_cache::get(earlier, &self.freshness, call.now_ms)?;
        if !matches!(state, State::Fresh | State::StaleWhileRevalidate) {
            return None;
        }
        counters::cache().stale();
        self.renew_behind(call, renew);
        let earlier = Self {
            key: earlier.clone(),
            ..self.clone()
        };
        let stored = &entry.answer;
        let age_s = entry.age_s(call.now_ms);
        let answer = conditional(call, &stored.etag, || Answer::json_bytes(200, &stored.json));
        let answer = answer.with("age", age_s.to_string());
        let status = || earlier.cache_status(age_s) + "; detail=previous-model";
        Some(call.tell_cache_status(answer, status))
    }

    /// Keeps what was computed, and answers with it.
    pub fn made(&self, call: &mut Call<'_>, json: &str, describe: impl Fn(Answer) -> Answer) -> Answer {
        call.timing.mark("decide");
        counters::cache().miss();
        let stored = self.keep(json, call.now_ms);
        if self.searches {
            call.context
                .wait_until(self.clone().hand_to_edge_cache(Rc::clone(&stored), call.now_ms));
        }
        let answer = conditional(call, &stored.etag, || Answer::json_bytes(200, &stored.json));
        let status = || ["selvedge; fwd=miss; stored; key=\"", self.key.as_str(), "\""].concat();
        call.tell_cache_status(describe(answer), status)
    }

    /// What is kept, as it is sent.
    fn answer(&self, call: &Call<'_>, entry: &Entry<Rc<Stored>>, describe: impl Fn(Answer) -> Answer) -> Answer {
        let stored = &*entry.answer;
        let age_s = entry.age_s(call.now_ms);
        let whole = |answer: Answer| self.aged(call, describe(answer.with("etag", stored.etag.clone())), age_s);
        if knows(call, &stored.etag) {
            return whole(Answer::empty(304));
        }
        let made = || whole(Answer::json_bytes(200, &stored.json));
        if call.diagnostics != call.config.diagnostics {
            return made();
        }
        self.prepared(call, stored, age_s, made).unwrap_or_else(|error| {
            console_error!("prepared answer: {}", runtime::thrown(&error));
            made()
        })
    }

    /// A prepared answer that tells this age.
    fn prepared(
        &self,
        call: &Call<'_>,
        stored: &Stored,
        age_s: u32,
        made: impl Fn() -> Answer,
    ) -> Result<Answer, JsValue> {
        let Some((prepared, told_s)) = stored.prepared.get() else {
            let prepared = made().prepare(&stored.json)?;
            let (prepared, _) = stored.prepared.get_or_init(|| (prepared, Cell::new(age_s)));
            return Ok(Answer::prepared(prepared));
        };
        if told_s.get() != age_s {
            runtime::refresh(prepared, &self.aged(call, Answer::empty(200), age_s).lines())?;
            told_s.set(age_s);
        }
        Ok(Answer::prepared(prepared))
    }

    /// Sets what tells of a kept answer's age.
    fn aged(&self, call: &Call<'_>, answer: Answer, age_s: u32) -> Answer {
        call.tell_cache_status(answer.with("age", age_s.to_string()), || self.cache_status(age_s))
    }

    fn cache_status(&self, age_s: u32) -> String {
        let ttl_s = i64::from(self.freshness.ttl_s) - i64::from(age_s);
        [
            "selvedge; hit; ttl=",
            &ttl_s.to_string(),
            "; key=\"",
            self.key.as_str(),
            "\"",
        ]
        .concat()
    }

    fn keep(&self, json: &str, now_ms: u64) -> Rc<Stored> {
        let bytes = Uint8Array::new_from_slice(json.as_bytes());
        let stored = Rc::new(Stored::new(bytes, edge_cache::etag(json)));
        isolate_cache::put(self.key.clone(), Rc::clone(&stored), now_ms);
        stored
    }

    fn renew_behind(&self, call: &Call<'_>, renew: impl FnOnce() -> Result<String, RequestError> + 'static) {
        if !isolate_cache::begin_renewal(&self.key, call.now_ms) {
            return;
        }
        let (shared, now_ms) = (self.clone(), call.now_ms);
        call.context.wait_until(async move {
            let Ok(json) = renew() else {
                return isolate_cache::end_renewal(&shared.key, None);
            };
            counters::cache().renewal();
            let stored = shared.keep(&json, now_ms);
            isolate_cache::end_renewal(&shared.key, Some(now_ms));
            if shared.searches {
                shared.hand_to_edge_cache(stored, now_ms).await;
            }
        });
    }

    async fn look_into_edge_cache(&self, call: &mut Call<'_>) -> Option<(Entry<Rc<Stored>>, State)> {
        match edge_cache::get(&self.key).await {
            Ok(Some((stored, stored_at_ms))) => {
                // A newer one may have been computed in the meantime.
                let known = isolate_cache::get(&self.key, &self.freshness, call.now_ms);
                if known.is_none_or(|(entry, _)| entry.stored_at_ms < stored_at_ms) {
                    isolate_cache::put(self.key.clone(), Rc::new(stored), stored_at_ms);
                }
            }
            Ok(None) => {}
            Err(error) => {
                console_error!("edge cache: {}", runtime::thrown(&error));
                call.fallbacks.add(Fallback::CacheFailed);
            }
        }
        // Also where the edge cache has nothing: another request may have computed it in the meantime.
        isolate_cache::get(&self.key, &self.freshness, call.now_ms)
    }

    async fn hand_to_edge_cache(self, stored: Rc<Stored>, now_ms: u64) {
        if let Err(error) = edge_cache::put(&self.key, &self.freshness, &stored, now_ms).await {
            console_error!("edge cache: {}: {}", self.key.as_str(), runtime::thrown(&error));
            count(Fallback::CacheFailed);
        }
    }
}

/// A 304 where the client has this very answer already, else the answer; both with the entity tag.
pub fn conditional(call: &Call<'_>, etag: &str, answer: impl FnOnce() -> Answer) -> Answer {
    let answer = if knows(call, etag) {
        Answer::empty(304)
    } else {
        answer()
    };
    answer.with("etag", etag.to_owned())
}

fn knows(call: &Call<'_>, etag: &str) -> bool {
    let tags = call.incoming.header("if-none-match");
    tags.is_some_and(|tags| edge_cache::matches(&tags, etag))
}
