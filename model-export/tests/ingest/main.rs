//! Ingest, from files in a folder to what the lake then says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod catalogue;
mod collected;
mod copies;
mod formats;
mod hostile;
mod idempotence;
mod quarantine;
mod suppliers;
mod support;
mod values;
