//! The application's state: what one process keeps between requests. `respond.rs` answers with it.

use std::cell::{Cell, RefCell};

use selvedge::profile::RecentProfiles;

use crate::answers::Answers;
use crate::config::Config;
use crate::entity_tag;
use crate::fallback::{Counters, Lent};
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
}

/// What the code is: `SELVEDGE_BUILD_ID` of the build, or a digest of the sources (`build.rs`).
const BUILD: &str = env!("SELVEDGE_BUILD_ID");

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
            config,
            store: RefCell::default(),
            waiting: RefCell::default(),
            answers: Answers::new(),
            recent: RefCell::new(RecentProfiles::new()),
            counters: Counters::default(),
            told_of_assets: Cell::default(),
        }
    }

    /// Logs and counts that the host failed in work behind an answer, which no answer can name any more.
    pub(crate) fn failed_behind(&self, host: &H, at: Lent, error: &HostError) {
        host.log(format_args!("{}: {error}", at.name()));
        if let Some(fallback) = at.fallback() {
            self.counters.count(fallback);
        }
    }
}
