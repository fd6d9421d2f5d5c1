//! The application's state: what one process keeps between requests. `respond.rs` answers with it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use selvedge::profile::RecentProfiles;

use crate::answers::Answers;
use crate::budget::Budget;
use crate::config::Config;
use crate::entity_tag;
use crate::fallback::{Counters, Fallback, Lent};
use crate::host::{Host, HostError};
use crate::model::Store;

/// The application in one process (an isolate of workerd, a server, a test), for one thread.
///
/// ```
/// # #[cfg(feature = "memory-host")] {
/// use std::rc::Rc;
///
/// use selvedge_edge::memory_host::{MemoryHost, MemoryRequest};
/// use selvedge_edge::{App, Config};
///
/// let host = MemoryHost::new(1_700_000_000_000, 7);
/// let app = Rc::new(App::new(Config::read(|_| None, |_| ())));
///
/// // No model is published: the answer is an empty list, and names its fall-backs.
/// let reply = host.fetch(&app, MemoryRequest::get("/v1/recommend/home"));
/// assert_eq!(reply.status, 200);
/// assert_eq!(reply.json()["items"].as_array().map(Vec::len), Some(0));
/// assert!(reply.fallbacks().contains(&"no-snapshot"));
/// # }
/// ```
pub struct App<H: Host> {
    pub(crate) config: Config,
    pub(crate) store: RefCell<Store>,
    /// Ends the pauses of the requests that wait for the first model.
    pub(crate) waiting: RefCell<Vec<H::Wake>>,
    pub(crate) answers: Answers<H>,
    pub(crate) recent: RefCell<RecentProfiles>,
    pub(crate) counters: Counters,
    /// Whether the log was told of an origin beside static assets.
    pub(crate) told_of_assets: Cell<bool>,
    /// Digest of everything but the cache key that shapes a shared answer: the code, and the settings that change its bytes. It begins every
    /// entity tag.
    pub(crate) shaped_by: u64,
    /// The same as the end of a cache key, for caches that outlive this process: `/b1f3a9c02d4e5f607`.
    pub(crate) stamp: String,
    /// The memory of requests under way.
    pub(crate) budget: Rc<Budget>,
    /// When the log last said that the budget is used up, Unix milliseconds.
    refusal_logged_at_ms: Cell<u64>,
}

/// What the code is: `SELVEDGE_BUILD_ID` of the build, or a digest of the sources (`build.rs`).
const BUILD: &str = env!("SELVEDGE_BUILD_ID");

/// Milliseconds between two lines of the log about the budget: whoever uses it up would else fill the log, too.
const REFUSAL_LOG_MS: u64 = 10_000;

impl<H: Host> App<H> {
    /// An application that has answered nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        // The seal of decision ids is part of each answer, and changes with the newest cookie key; a seal of anything tells nothing of the key.
        let seal = config.keyring.as_ref().map(|ring| ring.seal_of(b"shared answers"));
        let shaped_by = entity_tag::digest(entity_tag::START, BUILD.bytes().chain(seal.into_iter().flatten()));
        Self {
            stamp: format!("/b{shaped_by:016x}"),
            shaped_by,
            budget: Rc::new(Budget::new(config.budget_bytes)),
            config,
            store: RefCell::default(),
            waiting: RefCell::default(),
            answers: Answers::new(),
            recent: RefCell::new(RecentProfiles::new()),
            counters: Counters::default(),
            told_of_assets: Cell::default(),
            refusal_logged_at_ms: Cell::new(0),
        }
    }

    /// Logs that the budget has no room for what a request needs. `instead` says what is done now.
    pub(crate) fn log_refusal(&self, host: &H, now_ms: u64, instead: &str) {
        let again_at_ms = self.refusal_logged_at_ms.get().saturating_add(REFUSAL_LOG_MS);
        if self.refusal_logged_at_ms.get() == 0 || now_ms >= again_at_ms {
            self.refusal_logged_at_ms.set(now_ms);
            let (held, limit) = (self.budget.held(), self.budget.limit());
            host.log(format_args!(
                "requests under way hold {held} of {limit} bytes (SELVEDGE_BUDGET_MIB), which leaves no room for one more: {instead}"
            ));
        }
    }

    /// Counts, and logs now and then, that the budget has no room for a page or for work behind an answer.
    pub(crate) fn refuse_behind(&self, host: &H, now_ms: u64, instead: &str) {
        self.log_refusal(host, now_ms, instead);
        self.counters.count(Fallback::Busy);
    }

    /// Logs and counts that the host failed in work behind an answer, which no answer can name any more.
    pub(crate) fn failed_behind(&self, host: &H, at: Lent, error: &HostError) {
        host.log(format_args!("{}: {error}", at.name()));
        if let Some(fallback) = at.fallback() {
            self.counters.count(fallback);
        }
    }
}
