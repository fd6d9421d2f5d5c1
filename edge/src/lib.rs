//! Selvedge's HTTP application: what is answered to which request, whatever the host is.
//!
//! [`App`] owns what one process keeps between requests: the model, shared answers, opened profiles, counters. A host calls
//! [`App::respond`] for each request and lends it streams, storage, time and random bytes through the traits of [`host`]. Requests
//! and answers are plain values, so the whole application runs against the host in memory (feature `memory-host`) in tests.
//!
//! Nothing here decides what is recommended: ranking, segments, cache keys and freshness are the core's. What is here is HTTP,
//! and for each thing that a host may lack or that may break the fall-back that `docs/http-api.md` names.
//!
//! An answer out of memory waits for nothing: the future of [`App::respond`] is ready at its first poll, and a host can send it
//! without a turn of its event loop.

#![expect(
    async_fn_in_trait,
    reason = "an application runs on one thread, so its futures need not be `Send`"
)]

mod answers;
mod app;
mod call;
mod collector;
mod config;
mod entity_tag;
mod fallback;
mod headers;
pub mod host;
mod incoming;
#[cfg(feature = "memory-host")]
pub mod memory_host;
mod origin;
mod problem;
mod resource;
mod response;
mod route;
mod store;
mod timing;
mod visitor;

pub use app::App;
pub use collector::Delivery;
pub use config::Config;
pub use headers::{HeaderChanges, Headers};
pub use response::{Body, Page, PageBody, Response};
