//! The native half of Selvedge: from raw events to a signed snapshot.
//!
//! Each stage reads and writes files, so that any of them can be run again, looked at, or replaced. [`stages`] is the table
//! of them, [`run`] does them, [`stage`] says what a stage is. Storage is in `selvedge-lake`, models are in
//! `selvedge-models`. [`cli`] only translates.

pub mod bench_quality;
pub mod bench_retrieve;
pub mod cli;
pub mod codings;
pub mod config;
pub mod context;
pub mod events;
pub mod init;
pub mod model;
pub mod pack;
pub mod recommender;
pub mod report;
pub mod run;
pub mod simulate;
pub mod stage;
pub mod stages;
pub mod synthetic;
