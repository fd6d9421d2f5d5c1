//! What a stage says when it is done: one JSON object for programs, plain tables for people.

mod table;

use serde::Serialize;

pub use table::{Table, count};

/// What a stage has to say when it is done.
pub trait Report: Serialize {
    /// The verb, which the JSON object carries as `stage`.
    const STAGE: &'static str;

    /// The same for people.
    fn render(&self) -> String;
}
