//! Answers that many visitors share: taken from memory or from the location's cache, or computed and kept in both.
//!
//! An answer that needs no search is kept in memory only, because computing it takes less CPU than asking the location's cache.
//! Looking into memory, computing and keeping happen without an `await` in between, so that one process never computes the answer of a
//! cache key twice, however many requests come at once.

use std::cell::Cell;
use std::rc::Rc;

use selvedge::cache::{CacheKey, Entry, Freshness, State};
use selvedge::engine::RequestError;

use crate::answers::Stored;
use crate::app::App;
use crate::call::Call;
use crate::cross_origin;
use crate::entity_tag;
use crate::fallback::Lent;
use crate::host::{CachedAnswer, Host, HostError, StoredBytes};
use crate::response::Response;

/// The cache key of a shared answer, and how long the answer may be used.
#[derive(Clone, Debug)]
pub struct Shared {
    key: CacheKey,
    freshness: Freshness,
    searches: bool,
}

impl Shared {
    /// `searches`: whether computing the answer may search through all rows. Then the location's cache is used as well.
    pub fn new(key: CacheKey, freshness: Freshness, searches: bool) -> Self {
        Self {
            freshness: freshness.spread(&key),
            key,
            searches,
        }
    }

    /// Whether a text is this cache key with the stamp of the application behind it, as `/v1/key` gives it.
    pub fn is_named<H: Host>(&self, app: &App<H>, named: &str) -> bool {
        named.strip_prefix(self.key.as_str()) == Some(&app.stamp)
    }

    /// The key for caches that outlive this process, which may hold answers of other code and of other settings.
    pub fn outer_key<H: Host>(&self, app: &App<H>) -> String {
        outer_key(app, &self.key)
    }

    /// The `Surrogate-Control` for a cache in front that keeps the answer under this cache key.
    pub fn surrogate_control(&self) -> String {
        self.freshness.surrogate_control()
    }

    /// The kept answer, if it is fresh or may be used stale. Behind a stale one, `renew` computes a new one. `describe` adds the headers that
    /// every answer under this cache key has.
    pub async fn find<H: Host>(
        &self,
        call: &mut Call<'_, H>,
        renew: impl FnOnce() -> Result<String, RequestError> + 'static,
        describe: impl Fn(Response<H>) -> Response<H>,
    ) -> Option<Response<H>> {
        let found = match call.app.answers.get(&self.key, &self.freshness, call.now_ms) {
            Some(found) => Some(found),
            None if self.searches => self.look_into_location_cache(call).await,
            None => None,
        };
        call.mark("cache");
        let (entry, state) = found?;
        match state {
            State::Fresh => call.app.counters.count_answer(|counts| &mut counts.hits),
            State::StaleWhileRevalidate => {
                call.app.counters.count_answer(|counts| &mut counts.stale);
                self.renew_behind(call, renew);
            }
            // Such an answer is for the case that computing fails. The core's computing never fails, so it is never used.
            State::StaleIfError | State::Expired => return None,
        }
        Some(self.answer(call, &entry, describe))
    }

    /// The kept answer of the model before, under its cache key `earlier`. Behind it, `renew` computes the answer of the current model.
    pub fn find_earlier<H: Host>(
        &self,
        call: &Call<'_, H>,
        earlier: &CacheKey,
        renew: impl FnOnce() -> Result<String, RequestError> + 'static,
    ) -> Option<Response<H>> {
        let (entry, state) = call.app.answers.get(earlier, &self.freshness, call.now_ms)?;
        if !matches!(state, State::Fresh | State::StaleWhileRevalidate) {
            return None;
        }
        call.app.counters.count_answer(|counts| &mut counts.stale);
        self.renew_behind(call, renew);
        let earlier = Self {
            key: earlier.clone(),
            ..self.clone()
        };
        let stored = &entry.answer;
        let age_s = entry.age_s(call.now_ms);
        let answer = conditional(call, &stored.etag, || Response::json_bytes(200, &stored.json));
        let answer = answer.with("age", age_s.to_string());
        let status = || earlier.cache_status(age_s) + "; detail=previous-model";
        Some(call.with_cache_status(answer, status))
    }

    /// Keeps an answer that was computed for this request, and returns it.
    pub fn made<H: Host>(
        &self,
        call: &mut Call<'_, H>,
        json: &str,
        describe: impl Fn(Response<H>) -> Response<H>,
    ) -> Response<H> {
        call.mark("decide");
        call.app.counters.count_answer(|counts| &mut counts.misses);
        let stored = self.keep(call.app, json, call.now_ms);
        if self.searches {
            let (app, host, now_ms) = (Rc::clone(call.app), call.host.clone(), call.now_ms);
            let (shared, stored) = (self.clone(), Rc::clone(&stored));
            let work = async move { shared.hand_to_location_cache(&app, &host, &stored, now_ms).await };
            call.host.wait_until(Box::pin(work));
        }
        let answer = conditional(call, &stored.etag, || Response::json_bytes(200, &stored.json));
        let status = || ["selvedge; fwd=miss; stored; key=\"", self.key.as_str(), "\""].concat();
        call.with_cache_status(describe(answer), status)
    }

    /// The answer to a hit: 304, or the prepared answer, or one built anew if the host cannot prepare it.
    fn answer<H: Host>(
        &self,
        call: &Call<'_, H>,
        entry: &Entry<Rc<Stored<H>>>,
        describe: impl Fn(Response<H>) -> Response<H>,
    ) -> Response<H> {
        let stored = &*entry.answer;
        let age_s = entry.age_s(call.now_ms);
        let whole = |answer: Response<H>| self.aged(call, describe(answer.with("etag", stored.etag.clone())), age_s);
        if knows(call, &stored.etag) {
            return whole(Response::empty(304));
        }
        let made = || whole(Response::json_bytes(200, &stored.json));
        if call.diagnostics != call.app.config.diagnostics {
            return made();
        }
        self.prepared(call, stored, age_s, made).unwrap_or_else(|error| {
            call.host.log(format_args!("{}: {error}", Lent::Prepared.name()));
            made()
        })
    }

    /// The prepared answer, with its age. Prepares it at the first hit, and changes its headers when the age has changed.
    fn prepared<H: Host>(
        &self,
        call: &Call<'_, H>,
        stored: &Stored<H>,
        age_s: u32,
        made: impl Fn() -> Response<H>,
    ) -> Result<Response<H>, HostError> {
        let Some((prepared, age_in_headers)) = stored.prepared.get() else {
            let mut headers = made().headers;
            cross_origin::vary(&call.app.config, &mut headers);
            let prepared = call.host.prepare(&headers, &stored.json)?;
            let (prepared, _) = stored.prepared.get_or_init(|| (prepared, Cell::new(age_s)));
            return Ok(Response::prepared(prepared));
        };
        if age_in_headers.get() != age_s {
            let aged = self.aged(call, Response::empty(200), age_s);
            call.host.refresh(prepared, &aged.headers)?;
            age_in_headers.set(age_s);
        }
        Ok(Response::prepared(prepared))
    }

    /// Adds the headers that depend on the answer's age.
    fn aged<H: Host>(&self, call: &Call<'_, H>, answer: Response<H>, age_s: u32) -> Response<H> {
        call.with_cache_status(answer.with("age", age_s.to_string()), || self.cache_status(age_s))
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

    fn keep<H: Host>(&self, app: &App<H>, json: &str, now_ms: u64) -> Rc<Stored<H>> {
        let stored = Rc::new(Stored::new(H::Bytes::of(json), entity_tag::of(app.shaped_by, json)));
        app.answers.put(self.key.clone(), Rc::clone(&stored), now_ms);
        stored
    }

    fn renew_behind<H: Host>(
        &self,
        call: &Call<'_, H>,
        renew: impl FnOnce() -> Result<String, RequestError> + 'static,
    ) {
        if !call.app.answers.begin_renewal(&self.key, call.now_ms) {
            return;
        }
        let (app, host, now_ms) = (Rc::clone(call.app), call.host.clone(), call.now_ms);
        let shared = self.clone();
        call.host.wait_until(Box::pin(async move {
            let Ok(json) = renew() else {
                return app.answers.end_renewal(&shared.key, None);
            };
            app.counters.count_answer(|counts| &mut counts.renewals);
            let stored = shared.keep(&app, &json, now_ms);
            app.answers.end_renewal(&shared.key, Some(now_ms));
            if shared.searches {
                shared.hand_to_location_cache(&app, &host, &stored, now_ms).await;
            }
        }));
    }

    async fn look_into_location_cache<H: Host>(&self, call: &mut Call<'_, H>) -> Option<(Entry<Rc<Stored<H>>>, State)> {
        let answers = &call.app.answers;
        match call.host.find(&self.outer_key(call.app)).await {
            Ok(Some(found)) => {
                // Another request may have computed a newer one while this one waited.
                let known = answers.get(&self.key, &self.freshness, call.now_ms);
                if known.is_none_or(|(entry, _)| entry.stored_at_ms < found.stored_at_ms) {
                    let stored = Rc::new(Stored::new(found.json, found.etag));
                    answers.put(self.key.clone(), stored, found.stored_at_ms);
                }
            }
            Ok(None) => {}
            Err(error) => call.failed(Lent::LocationCache, &error, ""),
        }
        // Even if the location's cache has none, another request may have computed one while this one waited.
        answers.get(&self.key, &self.freshness, call.now_ms)
    }

    async fn hand_to_location_cache<H: Host>(&self, app: &App<H>, host: &H, stored: &Stored<H>, stored_at_ms: u64) {
        let answer = CachedAnswer {
            json: stored.json.clone(),
            etag: stored.etag.clone(),
            stored_at_ms,
        };
        if let Err(error) = host.keep(&self.outer_key(app), answer, self.freshness.kept_s()).await {
            app.failed_behind(host, Lent::LocationCache, &error);
        }
    }
}

/// A cache key with the stamp of the application behind it.
pub fn outer_key<H: Host>(app: &App<H>, key: &CacheKey) -> String {
    [key.as_str(), &app.stamp].concat()
}

/// A 304 if `If-None-Match` names this entity tag, else the answer; both with the entity tag.
pub fn conditional<H: Host>(call: &Call<'_, H>, etag: &str, answer: impl FnOnce() -> Response<H>) -> Response<H> {
    let answer = if knows(call, etag) {
        Response::empty(304)
    } else {
        answer()
    };
    answer.with("etag", etag.to_owned())
}

fn knows<H: Host>(call: &Call<'_, H>, etag: &str) -> bool {
    let tags = call.incoming.header("if-none-match");
    tags.is_some_and(|tags| entity_tag::matches(&tags, etag))
}
