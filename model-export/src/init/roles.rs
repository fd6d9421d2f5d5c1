//! What a file is: events, a catalogue, or neither.

use super::catalogue::catalogue_of;
use super::events::events_of;
use super::guess::{Answers, Role, Taken, Who};
use super::look::{Column, share};
use super::main_columns::{LEAST, item_of, nameless, time_of, user_of};
use super::words::columns as names;

/// What a file is. `header` says whether the file names its columns; `meets` is the share of a column's values that a catalogue among the other
/// files knows.
pub fn of_file(columns: &[Column], file: &str, header: bool, meets: &dyn Fn(usize) -> f64, answers: &Answers) -> Role {
    let (mut user, mut who) = user_of(columns, answers);
    let (timestamp, clock) = time_of(columns, answers);
    let mut taken: Vec<usize> = [&user, &timestamp]
        .into_iter()
        .flatten()
        .map(|taken| taken.column)
        .chain(clock)
        .collect();
    let mut item = item_of(columns, &taken, meets, answers);
    // An order stands in for a person only where nothing better does, and never where it is the only thing that repeats.
    // So many rows tell by how often values repeat which columns name people and things.
    let tells = !header || columns.first().is_some_and(|column| column.rows >= 50);
    if tells && timestamp.is_some() {
        let free = nameless(columns, &taken);
        let why = |what: &str| {
            Some(format!(
                "the file has no header: by the values and the order of the columns, it is the {what}"
            ))
        };
        if item.is_none() || user.is_none() {
            let mut free = free.into_iter();
            let best = free
                .clone()
                .max_by(|a, b| meets(*a).total_cmp(&meets(*b)))
                .filter(|best| meets(*best) > 0.3);
            if item.is_none()
                && let Some(best) = best
            {
                item = Some(Taken {
                    column: best,
                    weak: why("item"),
                });
            }
            let mut free = free.by_ref().filter(|index| Some(*index) != best);
            if user.is_none()
                && let Some(first) = free.next()
            {
                user = Some(Taken {
                    column: first,
                    weak: why("user"),
                });
                who = Who::User;
            }
            if item.is_none()
                && let Some(second) = free.next()
            {
                item = Some(Taken {
                    column: second,
                    weak: why("item"),
                });
            }
        }
    }
    taken = [&user, &timestamp, &item]
        .into_iter()
        .flatten()
        .map(|taken| taken.column)
        .chain(clock)
        .collect();
    let named_user = user.as_ref().is_some_and(|user| user.weak.is_none());
    let one_row_a_user = user
        .as_ref()
        .is_some_and(|user| columns[user.column].unique() && columns[user.column].rows >= 2);
    let one_row_an_item = item.as_ref().is_some_and(|item| {
        let column = &columns[item.column];
        share(column.values.len(), column.filled) > 0.98
    });
    let catalogue = || {
        // A title is what an item is called, and not its id, though it stands in for one among events.
        let by_name = item
            .as_ref()
            .map(|item| item.column)
            .filter(|item| columns[*item].words.fit(names::ITEM) >= LEAST || answers.item.is_some());
        let id = by_name.or_else(|| {
            let named = columns
                .iter()
                .position(|column| column.words.last() == "id" && column.unique());
            let first = columns.first().is_some_and(|column| {
                column.unique() && column.rows >= 3 && column.like_ids() && column.length <= 40.0
            });
            named.or(first.then_some(0))
        })?;
        catalogue_of(columns, id)
    };
    let event_like = item.is_some() && timestamp.is_some() && (user.is_some() || !one_row_an_item);
    if !event_like || (!named_user && one_row_an_item) {
        let person = who == Who::User && one_row_a_user && !event_like && (named_user || item.is_none());
        if person {
            return Role::Unused("one row a person: a table of customers, not of what they did".to_owned());
        }
        if !named_user && let Some(catalogue) = catalogue() {
            return Role::Catalogue(catalogue);
        }
    }
    let parts = [user.is_some(), item.is_some(), timestamp.is_some()];
    if parts.iter().filter(|there| **there).count() < 2 || (item.is_none() && one_row_a_user) {
        return catalogue().filter(|_| !named_user).map_or_else(
            || Role::Unused("no columns of items with times or titles".to_owned()),
            Role::Catalogue,
        );
    }
    Role::Events(Box::new(events_of(
        columns,
        (file, header),
        (user, who, item, timestamp, clock),
        &taken,
    )))
}
