//! What one process knows of its models: which it holds, whether a load is under way, and how the last one failed.

use std::rc::Rc;

use super::buffers::Buffers;
use super::room::{Held, Plan, Room};
use super::{LoadError, Model};
use crate::fallback::Fallback;
use crate::host::InstanceMemory;

/// The longest time for which the model before the current one is held, in seconds, whatever a slot allows.
const MAX_EARLIER_S: u32 = 300;
/// Seconds after a failed first load, or one that found no room yet, before the next request tries again.
const RETRY_S: u32 = 5;
/// How often a load waits for requests that still use an old model, or for the memory of a replaced instance, before it does without.
const MAX_WAITS: u32 = 12;

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
    /// The ticket of the load under way.
    loading: Option<u32>,
    tickets: u32,
    checked_at_ms: u64,
    /// How many loads in a row found no room yet. From [`MAX_WAITS`] on, they wait no longer until one finds room.
    waits: u32,
    is_retired: bool,
    /// The memory that snapshots lie in.
    pub buffers: Buffers,
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

    /// Whether a load is to begin: `refresh_s` seconds after the last one began ([`RETRY_S`] at most without a model, or if that one found
    /// no room yet), and not while another one is under way. A load ends by itself in time; one that did not end within `stopped_after_ms`
    /// was stopped by the runtime, together with the request that began it.
    pub fn is_due(&self, now_ms: u64, refresh_s: u32, stopped_after_ms: u64) -> bool {
        let is_waiting = (1..MAX_WAITS).contains(&self.waits);
        let every_s = if self.current.is_some() && !is_waiting {
            refresh_s
        } else {
            refresh_s.min(RETRY_S)
        };
        let due = now_ms >= self.checked_at_ms.saturating_add(u64::from(every_s) * 1000);
        let was_stopped = now_ms >= self.checked_at_ms.saturating_add(stopped_after_ms);
        due && !self.is_retired && (self.loading.is_none() || was_stopped)
    }

    /// Whether there is no model yet and one is being loaded.
    pub const fn is_first_loading(&self) -> bool {
        self.current.is_none() && self.loading.is_some()
    }

    /// Notes that a load begins, and returns its ticket. The tickets of all loads before it are void from now on.
    pub const fn begin(&mut self, now_ms: u64) -> u32 {
        self.tickets = self.tickets.wrapping_add(1);
        self.loading = Some(self.tickets);
        self.checked_at_ms = now_ms;
        self.tickets
    }

    /// Ends the load with this ticket. Returns false if another load has taken its place: then its outcome does not count.
    pub fn end(&mut self, ticket: u32) -> bool {
        self.loading.take_if(|loading| *loading == ticket).is_some()
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

    /// Finds room for a snapshot of `bytes`. Lets go of the model before the current one, whose buffer may be what is needed.
    pub fn make_room(&mut self, room: Room, memory: Option<InstanceMemory>, bytes: usize) -> Plan {
        self.earlier = None;
        let current = self.current.as_ref().map(|model| model.capacity());
        let held = Held {
            current,
            spare: self.buffers.spare(),
            in_use: self.buffers.lent().saturating_sub(current.unwrap_or(0)),
        };
        let plan = room.plan(&held, memory, bytes, self.waits < MAX_WAITS);
        self.waits = match plan {
            Plan::Wait => self.waits + 1,
            // The next load looks once, whether the room is there now.
            Plan::NoRoom if self.gave_up_waiting() => self.waits,
            _ => 0,
        };
        plan
    }

    /// How many loads in a row found no room yet.
    pub const fn waits(&self) -> u32 {
        self.waits
    }

    /// Whether so many loads in a row found no room yet that they wait no longer.
    pub const fn gave_up_waiting(&self) -> bool {
        self.waits >= MAX_WAITS
    }

    /// Notes that another instance answers from now on. Requests under way keep the current model, and no load begins any more.
    pub fn retire(&mut self) {
        self.earlier = None;
        self.is_retired = true;
    }

    /// Takes a new current model.
    pub fn replace(&mut self, model: Model) {
        self.earlier = self.current.replace(Rc::new(model));
        self.failure = None;
        self.refused = None;
    }

    /// Notes that a load failed; `pointer` is what it loaded, as far as it came. Returns the fall-back if the last good model goes on
    /// answering: then no answer names that fall-back, so the caller counts it.
    pub fn fail(&mut self, error: &LoadError, pointer: Option<String>) -> Option<Fallback> {
        self.refused = pointer.filter(|_| error.is_final());
        let fallback = error.fallback().unwrap_or(Fallback::NoSnapshot);
        if self.current.is_some() {
            return Some(fallback);
        }
        self.failure = Some(fallback);
        None
    }
}
