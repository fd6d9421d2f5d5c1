//! Selvedge's HTTP application: routes, resources, caching, consent and pages, independent of the host that runs it.
//!
//! [`App`] holds what one process keeps between requests: models, shared answers, opened profiles, counters. A host calls
//! [`App::respond`] for each request and lends it streams, storage, time and random bytes through the traits of [`host`]. Requests
//! and answers are plain values, so tests run the whole application against the host in memory (feature `memory-host`).
//!
//! The core decides what is recommended: ranking, segments, cache keys and freshness. This crate does HTTP, and has a fall-back for
//! each part of the host that may be missing or fail; `docs/http-api.md` names them.
//!
//! An answer out of memory waits for nothing: the future of [`App::respond`] is ready at its first poll, so a host can send it
//! without a turn of its event loop.

#![expect(
    async_fn_in_trait,
    reason = "an application runs on one thread, so its futures need not be `Send`"
)]

mod answers;
mod app;
mod body;
mod budget;
mod call;
mod collector;
mod conditions;
mod config;
mod cookies;
mod cross_origin;
mod entity_tag;
mod fallback;
mod headers;
pub mod host;
mod incoming;
mod inner_address;
mod limit;
mod loading;
#[cfg(feature = "memory-host")]
pub mod memory_host;
mod model;
mod operator;
mod origin;
mod passed_on;
mod problem;
mod random;
mod releases;
mod resource;
mod respond;
mod response;
mod route;
mod sent_event;
mod time_limit;
mod timing;
mod visitor;

pub use app::App;
pub use collector::Delivery;
pub use config::Config;
pub use headers::{HeaderChanges, Headers};
pub use response::{Body, Page, PageBody, Response};
