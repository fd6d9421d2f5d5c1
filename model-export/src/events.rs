//! The events of a lake as training, evaluation and simulation read them.

use std::path::PathBuf;

use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::{ALL_TIME, Lake, LakeError};
use selvedge_models::interactions::{EventLog, LogEvent};

use crate::config::Config;

/// Why there are no events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventsError {
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// There are no events of known users.
    #[error("no events of known users in the lake {}: {anonymous} anonymous events were found", lake.display())]
    NoEvents {
        /// The lake.
        lake: PathBuf,
        /// Events without a user.
        anonymous: u64,
    },
}

impl Explain for EventsError {
    fn exit(&self) -> Exit {
        match self {
            Self::Lake(error) => error.exit(),
            Self::NoEvents { .. } => Exit::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lake(error) => error.hint(),
            Self::NoEvents { .. } => {
                Some("run `selvedge ingest` first; `events.columns.user` names the column of the user".to_owned())
            }
        }
    }
}

/// Reads the events of known users.
///
/// # Errors
/// The lake cannot be read, or there is no such event.
pub fn read_log(config: &Config) -> Result<EventLog, EventsError> {
    let lake = Lake::open(&config.lake.dir)?;
    let read = lake.read_interactions(ALL_TIME)?;
    let anonymous = read.anonymous;
    let events = read.rows.iter().map(|row| LogEvent {
        at_ms: row.timestamp_ms,
        user: row.user,
        item: row.item,
        kind: row.kind.code(),
    });
    let log = EventLog::new(read.users, read.items, events);
    if log.events.is_empty() {
        return Err(EventsError::NoEvents {
            lake: lake.dir().to_owned(),
            anonymous,
        });
    }
    Ok(log)
}
