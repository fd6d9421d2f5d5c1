//! One adapter for each binding of the runtime. An adapter translates; rules are the core's.

pub mod collector;
pub mod edge_cache;
pub mod isolate_cache;
pub mod origin;
pub mod source;
pub mod store;
pub mod visitor;
