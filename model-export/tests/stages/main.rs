//! The program from the outside: stages in order, one writer, one unit, and no packing without a verdict.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod command;
mod gates;
mod ingest_kills;
mod kills;
mod order;
mod publish;
mod shop;
mod strangers;
mod verdicts;
