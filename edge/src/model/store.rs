//! What one process knows of its models: which it holds, whether a load is under way, and how the last one failed.

use std::rc::Rc;

use super::{LoadError, Model};
use crate::fallback::Fallback;

/// The longest time for which the model before the current one is held, in seconds, whatever a slot allows.
const MAX_EARLIER_S: u32 = 300;
/// After so many milliseconds a load counts as stopped: the runtime may end the request that began it.
const MAX_LOAD_MS: u64 = 60_000;
/// Seconds after a failed first load before the next request tries again.
const RETRY_S: u32 = 5;

/// The models of one process. A model is replaced whole or not at all, and the last good one stays while a newer one is refused.
#[derive(Default)]
pub struct Store {
    current: Option<Rc<Model>>,
    /// The model before, while its answers may still be used.
    earlier: Option<Rc<Model>>,
    /// How the last load failed, if it did: what is answered while there is no model.
    failure: Option<Fallback>,
    /// The text of a pointer whose snapshot was refused for good, so that it is not fetched again every minute.
    refused: Option<String>,
    /// When the newest release was packed that was the current model, Unix milliseconds.
    newest_ms: u64,
    /// Whether some request is loading now.
    loading: bool,
    checked_at_ms: u64,
}

impl Store {
    /// The current model; [`None`] before the first load has ended.
    ///
    /// # Errors
    /// How the last load failed, while there is no model.
    pub fn current(&self) -> Result<Option<Rc<Model>>, Fallback> {
        match (&self.current, self.failure) {
            (Some(model), _) => Ok(Some(Rc::clone(model))),
            (None, Some(failure)) => Err(failure),
            (None, None) => Ok(None),
        }
    }

    /// The model before the current one, for `within_s` seconds after it was replaced. Lets go of it when [`MAX_EARLIER_S`] are over.
    pub fn earlier(&mut self, now_ms: u64, within_s: u32) -> Option<Rc<Model>> {
        let replaced_at_ms = self.current.as_ref()?.loaded_at_ms;
        if now_ms >= replaced_at_ms.saturating_add(u64::from(MAX_EARLIER_S) * 1000) {
            self.earlier = None;
        }
        let in_time = now_ms < replaced_at_ms.saturating_add(u64::from(within_s) * 1000);
        self.earlier.clone().filter(|_| in_time)
    }

    /// Whether a load is to begin: `refresh_s` seconds after the last one began ([`RETRY_S`] at most without a model), and not while
    /// another one is under way.
    pub fn is_due(&self, now_ms: u64, refresh_s: u32) -> bool {
        let every_s = if self.current.is_some() {
            refresh_s
        } else {
            refresh_s.min(RETRY_S)
        };
        let due = now_ms >= self.checked_at_ms.saturating_add(u64::from(every_s) * 1000);
        let is_stuck = now_ms >= self.checked_at_ms.saturating_add(MAX_LOAD_MS);
        due && (!self.loading || is_stuck)
    }

    /// Whether there is no model yet and one is being loaded.
    pub const fn is_first_loading(&self) -> bool {
        self.current.is_none() && self.loading
    }

    /// Notes that a load begins.
    pub const fn begin(&mut self, now_ms: u64) {
        self.loading = true;
        self.checked_at_ms = now_ms;
    }

    /// Whether a load of this pointer would change nothing: its snapshot is the current one, or was refused for good.
    pub fn knows(&self, pointer: &str) -> bool {
        let is_current = self.current.as_ref().is_some_and(|model| model.pointer == pointer);
        is_current || self.refused.as_deref() == Some(pointer)
    }

    /// When the newest release was packed that was seen, Unix milliseconds; 0 for none.
    pub const fn newest_ms(&self) -> u64 {
        self.newest_ms
    }

    /// Notes a release that was seen.
    pub fn saw(&mut self, created_ms: u64) {
        self.newest_ms = self.newest_ms.max(created_ms);
    }

    /// Lets go of the model before the current one, as an isolate has no room for three snapshots. Returns the bytes of the current one.
    pub fn make_room(&mut self) -> usize {
        self.earlier = None;
        let current = self.current.as_ref();
        current.map_or(0, |model| model.engine.snapshot().as_bytes().len())
    }

    /// Ends a load that found nothing new.
    pub const fn unchanged(&mut self) {
        self.loading = false;
    }

    /// Ends a load with a new current model.
    pub fn replace(&mut self, model: Model) {
        self.loading = false;
        self.earlier = self.current.replace(Rc::new(model));
        self.failure = None;
        self.refused = None;
    }

    /// Ends a load that failed; `pointer` is what it loaded, as far as it came. Returns the fall-back if the last good model goes on
    /// answering: then no answer names that fall-back, so the caller counts it.
    pub fn fail(&mut self, error: &LoadError, pointer: Option<String>) -> Option<Fallback> {
        self.loading = false;
        self.refused = pointer.filter(|_| error.is_final());
        let fallback = error.fallback().unwrap_or(Fallback::NoSnapshot);
        if self.current.is_some() {
            return Some(fallback);
        }
        self.failure = Some(fallback);
        None
    }
}
