//! The visitors of the events that the edge collected: who came back, and who sent one batch only.

use std::collections::HashMap;

use arrow_array::Array as _;
use serde::Serialize;

use super::read::digest;
use super::{ALL_TIME, Lake, LakeError, table};

/// How many visitors the edge has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EdgeVisitors {
    /// All of them.
    pub seen: u64,
    /// Those whose cookie never came back: they sent one batch of events and no other. A browser that loses its cookies counts as one visitor each
    /// time, and so does a program that never sends them back.
    pub one_batch: u64,
}

impl EdgeVisitors {
    /// The share of visitors whose cookie never came back.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
    pub fn one_batch_share(&self) -> f64 {
        self.one_batch as f64 / self.seen.max(1) as f64
    }
}

impl Lake {
    /// Counts the visitors of collected events; [`None`] if there are no such events. Reads two columns of those events only.
    ///
    /// # Errors
    /// The lake cannot be read.
    pub fn edge_visitors(&self) -> Result<Option<EdgeVisitors>, LakeError> {
        const COLUMNS: &[&str] = &["event_id", "user_id", "returning"];
        if !self.records()?.iter().any(|record| record.collected) {
            return Ok(None);
        }
        let mut came_back: HashMap<u128, bool> = HashMap::new();
        let mut batches = self.event_columns(ALL_TIME, COLUMNS)?.only_collected();
        while let Some(next) = batches.next_located() {
            let (path, batch) = next?;
            let users = table::text(&path, &batch, "user_id")?;
            let returning = table::bool(&path, &batch, "returning")?;
            for row in 0..batch.num_rows() {
                if users.is_valid(row) {
                    let known = came_back.entry(digest(&[users.value(row)])).or_default();
                    *known |= returning.is_null(row) || returning.value(row);
                }
            }
        }
        let one_batch = came_back.values().filter(|came_back| !**came_back).count();
        Ok(Some(EdgeVisitors {
            seen: came_back.len() as u64,
            one_batch: one_batch as u64,
        }))
    }
}
