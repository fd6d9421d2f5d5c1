//! The events of a lake as training, evaluation and simulation read them.

use std::collections::HashSet;
use std::path::PathBuf;

use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::{ALL_TIME, Lake, LakeError};
use selvedge_models::edge_visitors::{LeftOut, TrustedEvent, counting};
use selvedge_models::interactions::{EventLog, LogEvent, positions};
use serde::Serialize;

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
    /// None of the events counts.
    #[error(
        "none of {events} events in the lake {} counts: {} are of items that are in no catalogue, {} of edge visitors who never came back",
        lake.display(), left_out.uncatalogued_events, left_out.visitors.never_returned
    )]
    NothingCounts {
        /// The lake.
        lake: PathBuf,
        /// Events of known users.
        events: u64,
        /// Why they do not count.
        left_out: Box<LeftOutEvents>,
    },
}

impl Explain for EventsError {
    fn exit(&self) -> Exit {
        match self {
            Self::Lake(error) => error.exit(),
            Self::NoEvents { .. } | Self::NothingCounts { .. } => Exit::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lake(error) => error.hint(),
            Self::NoEvents { .. } => {
                Some("run `selvedge ingest` first; `events.columns.user` names the column of the user".to_owned())
            }
            Self::NothingCounts { left_out, .. } if left_out.uncatalogued_events > 0 => Some(
                "the ids of events must be those of columns.id of [[catalogue]]; train.uncatalogued_items = true counts items that are in no catalogue"
                    .to_owned(),
            ),
            Self::NothingCounts { .. } => {
                Some("[train.visitors] says which visitors of the edge count".to_owned())
            }
        }
    }
}

/// Events that are in the lake and do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOutEvents {
    /// Events of items that are in no catalogue.
    pub uncatalogued_events: u64,
    /// Those items.
    pub uncatalogued_items: u64,
    /// Rows that are the same event as an earlier one, by its id.
    pub merged: u64,
    /// Events of edge visitors, by reason.
    pub visitors: LeftOut,
}

/// Reads the events that count.
///
/// # Errors
/// The lake cannot be read, or there is no such event.
pub fn read_log(config: &Config) -> Result<EventLog, EventsError> {
    Ok(read_counting(config)?.0)
}

/// Reads the events that count, and counts those that do not.
///
/// # Errors
/// The lake cannot be read, or there is no event that counts.
pub fn read_counting(config: &Config) -> Result<(EventLog, LeftOutEvents), EventsError> {
    let lake = Lake::open(&config.lake.dir)?;
    let read = lake.read_interactions(ALL_TIME)?;
    if read.rows.is_empty() {
        return Err(EventsError::NoEvents {
            lake: lake.dir().to_owned(),
            anonymous: read.anonymous,
        });
    }
    let mut left_out = LeftOutEvents {
        merged: read.merged,
        ..LeftOutEvents::default()
    };
    let catalogue: HashSet<String> = lake.catalogue()?.into_iter().map(|item| item.id).collect();
    let only_catalogued = config.only_catalogued(!catalogue.is_empty());
    let is_packed: Vec<bool> = read
        .items
        .iter()
        .map(|id| !only_catalogued || catalogue.contains(id))
        .collect();
    left_out.uncatalogued_items = is_packed.iter().filter(|packed| !**packed).count() as u64;
    let events: Vec<TrustedEvent> = read
        .rows
        .iter()
        .filter(|row| is_packed[row.item as usize])
        .map(|row| {
            let event = LogEvent {
                at_ms: row.timestamp_ms,
                user: row.user,
                item: row.item,
                kind: row.kind.code(),
            };
            (event, row.returning)
        })
        .collect();
    left_out.uncatalogued_events = (read.rows.len() - events.len()) as u64;
    let limits = config.train.visitors.limits();
    let ids = (read.users.as_slice(), read.items.as_slice());
    let (events, visitors) = counting(events, ids, &limits, &config.train.weighting());
    left_out.visitors = visitors;
    if events.is_empty() {
        return Err(EventsError::NothingCounts {
            lake: lake.dir().to_owned(),
            events: read.rows.len() as u64,
            left_out: Box::new(left_out),
        });
    }
    let (users, user_places) = used(read.users, events.iter().map(|event| event.user));
    let (items, item_places) = used(read.items, events.iter().map(|event| event.item));
    // Each event has a place: users and items are those of the events.
    let events = events.into_iter().filter_map(|event| {
        Some(LogEvent {
            user: user_places[event.user as usize]?,
            item: item_places[event.item as usize]?,
            ..event
        })
    });
    Ok((EventLog::new(users, items, events), left_out))
}

/// The ids that are used, and the new number of each old one.
fn used(ids: Vec<String>, numbers: impl Iterator<Item = u32>) -> (Vec<String>, Vec<Option<u32>>) {
    let mut is_used = vec![false; ids.len()];
    for number in numbers {
        is_used[number as usize] = true;
    }
    let chosen: Vec<u32> = (0..)
        .zip(&is_used)
        .filter(|(_, used)| **used)
        .map(|(number, _)| number)
        .collect();
    let places = positions(&chosen, ids.len());
    let ids = ids.into_iter().zip(is_used).filter(|(_, used)| *used).map(|(id, _)| id);
    (ids.collect(), places)
}
