//! The HTTP application against the host in memory, with a clock that is set by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../../examples/planted.rs"]
#[allow(dead_code, reason = "its `main` writes files, which nobody needs here")]
mod planted;

mod attack;
mod cache;
mod conditions;
mod cookies;
mod cross_origin;
mod decisions;
mod events;
mod fallbacks;
mod golden;
mod hit;
mod in_front;
mod loads;
mod memory;
mod page;
mod page_flow;
mod per_visitor;
mod recommend;
mod releases;
mod routes;
mod site;
