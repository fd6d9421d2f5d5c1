//! The native half of Selvedge: from raw events to a signed snapshot.
//!
//! Each stage reads and writes files, so that any of them can be run again, looked at, or replaced:
//! [`ingest`] fills the [`lake`], training reads it, packing writes the snapshot. [`cli`] only translates.

pub mod bench_quality;
pub mod bench_retrieve;
pub mod cli;
pub mod config;
pub mod evaluate;
pub mod freshness;
pub mod init;
pub mod model;
pub mod pack;
pub mod report;
pub mod segment;
pub mod simulate;
pub mod synthetic;
pub mod train;
