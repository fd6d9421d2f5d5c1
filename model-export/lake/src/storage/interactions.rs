//! Events of known users as numbers, ready for training.

use std::collections::HashMap;
use std::ops::Range;

use arrow_array::Array as _;
use selvedge::event::EventKind;

use super::{Lake, LakeError, schema, table};

/// One event of a known user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interaction {
    /// Index into [`Interactions::users`].
    pub user: u32,
    /// Index into [`Interactions::items`].
    pub item: u32,
    /// What happened.
    pub kind: EventKind,
    /// When, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The event's value; NaN where there is none.
    pub value: f32,
    /// Of an event that the edge collected, whether the visitor's cookie had come back; [`None`] for all other events.
    pub returning: Option<bool>,
}

/// Events of known users, by time; events of the same time stand as in the lake.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interactions {
    /// User ids, in order of first appearance in the lake.
    pub users: Vec<String>,
    /// Item ids, in order of first appearance in the lake.
    pub items: Vec<String>,
    /// The events.
    pub rows: Vec<Interaction>,
    /// Events without a user, which are not among `rows`.
    pub anonymous: u64,
    /// Events that a later row took back, which are not among `rows`.
    pub taken_back: u64,
    /// Rows that are the same event as an earlier one, by its id, and come once.
    pub merged: u64,
}

/// Text → dense numbers.
#[derive(Default)]
struct Interner {
    ids: HashMap<String, u32>,
    names: Vec<String>,
}

impl Interner {
    fn intern(&mut self, name: &str, what: &'static str) -> Result<u32, LakeError> {
        if let Some(&id) = self.ids.get(name) {
            return Ok(id);
        }
        let id = u32::try_from(self.names.len()).map_err(|_| LakeError::TooMany { what })?;
        self.ids.insert(name.to_owned(), id);
        self.names.push(name.to_owned());
        Ok(id)
    }
}

impl Lake {
    /// The events with `range.start` ≤ time < `range.end`, in milliseconds since 1970; [`super::ALL_TIME`] is all.
    ///
    /// Rows that are the same event come once. A row that takes an event back takes the last one before it of the same user, item and kind, whatever
    /// file it is from, if that is in the range; an event that is taken back behind the range counts, because nobody could know. Memory: 32 bytes per row and the ids once.
    ///
    /// # Errors
    /// The lake cannot be read, or a row in it is outside the schema.
    pub fn read_interactions(&self, range: Range<i64>) -> Result<Interactions, LakeError> {
        const COLUMNS: &[&str] = &[
            "event_id",
            "user_id",
            "item_id",
            "event_type",
            "timestamp",
            "value",
            "returning",
        ];
        let mut users = Interner::default();
        let mut items = Interner::default();
        let mut rows = Vec::new();
        let mut taking_back = Vec::new();
        let mut anonymous = 0;
        let mut batches = self.event_columns(range.clone(), COLUMNS)?;
        while let Some(next) = batches.next_located() {
            let (path, batch) = next?;
            let user_ids = table::text(&path, &batch, "user_id")?;
            let item_ids = table::text(&path, &batch, "item_id")?;
            let kinds = table::text(&path, &batch, "event_type")?;
            let times = table::timestamp_ms(&path, &batch, "timestamp")?;
            let values = table::f64(&path, &batch, "value")?;
            let returning = table::bool(&path, &batch, "returning")?;
            for row in 0..batch.num_rows() {
                let timestamp_ms = times.value(row);
                if !range.contains(&timestamp_ms) {
                    continue;
                }
                if user_ids.is_null(row) {
                    anonymous += 1;
                    continue;
                }
                let (kind, takes_back) = schema::kind_of(kinds.value(row)).ok_or_else(|| LakeError::Cell {
                    path: path.clone(),
                    column: "event_type",
                    row,
                    expected: "a kind of the schema",
                    found: kinds.value(row).to_owned(),
                })?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "24 bits of a price or a rating are enough"
                )]
                let value = if values.is_null(row) {
                    f32::NAN
                } else {
                    values.value(row) as f32
                };
                let interaction = Interaction {
                    user: users.intern(user_ids.value(row), "user")?,
                    item: items.intern(item_ids.value(row), "item")?,
                    kind,
                    timestamp_ms,
                    value,
                    returning: returning.is_valid(row).then(|| returning.value(row)),
                };
                if takes_back {
                    taking_back.push(interaction);
                } else {
                    rows.push(interaction);
                }
            }
        }
        rows.sort_by_key(|row| row.timestamp_ms);
        let taken_back = take_back(&mut rows, taking_back);
        Ok(Interactions {
            users: users.names,
            items: items.names,
            rows,
            anonymous,
            taken_back,
            merged: batches.merged,
        })
    }
}

/// Removes the events that are taken back, and counts them. `rows` are in order of time.
fn take_back(rows: &mut Vec<Interaction>, mut taking_back: Vec<Interaction>) -> u64 {
    if taking_back.is_empty() {
        return 0;
    }
    let key = |row: &Interaction| (row.user, row.item, row.kind as u8);
    taking_back.sort_by_key(|row| row.timestamp_ms);
    // By what is taken back: its events up to now that still count, the newest last.
    let mut standing: HashMap<(u32, u32, u8), Vec<usize>> =
        taking_back.iter().map(|row| (key(row), Vec::new())).collect();
    let mut gone = vec![false; rows.len()];
    let mut next = 0;
    for taking in &taking_back {
        // An event and what takes it back may have the same time.
        while let Some(row) = rows.get(next).filter(|row| row.timestamp_ms <= taking.timestamp_ms) {
            if let Some(standing) = standing.get_mut(&key(row)) {
                standing.push(next);
            }
            next += 1;
        }
        if let Some(taken) = standing.get_mut(&key(taking)).and_then(Vec::pop)
            && let Some(gone) = gone.get_mut(taken)
        {
            *gone = true;
        }
    }
    let before = rows.len();
    let mut gone = gone.into_iter();
    rows.retain(|_| !gone.next().unwrap_or(false));
    (before - rows.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(user: u32, item: u32, kind: EventKind, timestamp_ms: i64) -> Interaction {
        Interaction {
            user,
            item,
            kind,
            timestamp_ms,
            value: f32::NAN,
            returning: None,
        }
    }

    #[test]
    fn a_row_takes_back_the_last_event_before_it_of_its_user_item_and_kind() {
        use EventKind::{AddToCart, Conversion};
        let mut rows = vec![
            event(0, 0, AddToCart, 1),
            event(0, 1, AddToCart, 2),
            event(0, 0, AddToCart, 3),
            event(1, 0, AddToCart, 3),
            event(0, 0, Conversion, 3),
            event(0, 0, AddToCart, 9),
        ];
        let times = |rows: &[Interaction]| rows.iter().map(|row| row.timestamp_ms).collect::<Vec<_>>();
        let taking = vec![event(0, 0, AddToCart, 3)];
        let taken = take_back(&mut rows, taking);
        assert_eq!((taken, times(&rows)), (1, vec![1, 2, 3, 3, 9]));
        // The one of time 1 goes next, then none is left before time 5.
        let taking = vec![
            event(0, 0, AddToCart, 5),
            event(0, 0, AddToCart, 4),
            event(7, 7, AddToCart, 9),
        ];
        let taken = take_back(&mut rows, taking);
        assert_eq!((taken, times(&rows)), (1, vec![2, 3, 3, 9]));
    }
}
