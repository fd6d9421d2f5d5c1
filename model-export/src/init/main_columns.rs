//! Which columns say who, when and which item: the values say what a column can be, the names which of those it is.

use super::guess::{Answers, Taken, Who};
use super::look::{Column, share};
use super::words::columns as names;

/// Below this, a column is not taken for a role.
pub const LEAST: f64 = 0.15;
/// Below this, the name alone says too little.
const SURE: f64 = 0.5;

/// How well a column fits a list of names; a name that ends in a property (`product_price`) fits a third as well, unless it is one of the best of the list.
pub fn named(column: &Column, list: &[&str]) -> f64 {
    let fit = column.words.fit(list);
    // `user_feature_0` is a feature.
    let mut last = column
        .words
        .words
        .iter()
        .rev()
        .skip_while(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let property = last.next().is_some_and(|word| names::PROPERTY.contains(&word.as_str()));
    if property && fit < 0.8 { fit * 0.3 } else { fit }
}

/// The columns that fit a role, the best first.
pub fn ranked(columns: &[Column], score: impl Fn(&Column) -> f64) -> Vec<(usize, f64)> {
    let mut all: Vec<(usize, f64)> = columns
        .iter()
        .map(&score)
        .enumerate()
        .filter(|(_, score)| *score >= LEAST)
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all
}

fn answered(columns: &[Column], name: Option<&String>) -> Option<Taken> {
    let column = columns.iter().position(|column| Some(&column.name) == name)?;
    Some(Taken { column, weak: None })
}

/// The column of users, visits or orders.
pub fn user_of(columns: &[Column], answers: &Answers) -> (Option<Taken>, Who) {
    if let Some(taken) = answered(columns, answers.user.as_ref()) {
        return (Some(taken), Who::User);
    }
    let own_row = |column: &Column| column.rows >= 50 && column.unique();
    for (who, list) in [
        (Who::User, names::USER),
        (Who::Session, names::SESSION),
        (Who::Order, names::ORDER),
    ] {
        let found = ranked(columns, |column| {
            // Analytics writes a browser as `1709283600.1234567890`: a number to look at, and none.
            let dotted = column.numeric && !column.whole && column.values.keys().all(|value| value.contains('.'));
            if !(column.like_ids() || (dotted && who == Who::User && named(column, list) >= 0.8)) {
                return 0.0;
            }
            let score = named(column, list) + if who == Who::User && column.email { 0.4 } else { 0.0 };
            // An id that is another in every row is the event's, and one that is nearly always absent tells nobody.
            let score = if own_row(column) { score * 0.3 } else { score };
            if share(column.filled, column.rows) < 0.02 {
                score * 0.2
            } else {
                score
            }
        });
        if let Some((column, score)) = found.first().copied() {
            let weak = (score < SURE).then(|| format!("the name {:?} says little", columns[column].name));
            return (Some(Taken { column, weak }), who);
        }
    }
    (None, Who::User)
}

/// The column of times, and that of times of day where they stand apart.
pub fn time_of(columns: &[Column], answers: &Answers) -> (Option<Taken>, Option<usize>) {
    let clock_beside = |date: usize| {
        let bare = columns[date]
            .values
            .keys()
            .next()
            .is_some_and(|value| !value.contains(':'));
        let clock = (0..columns.len())
            .find(|&index| index != date && columns[index].clock && columns[index].words.fit(names::TIME) > 0.0);
        if bare { clock } else { None }
    };
    if let Some(taken) = answered(columns, answers.time.as_ref()) {
        let clock = clock_beside(taken.column);
        return (Some(taken), clock);
    }
    let found = ranked(columns, |column| {
        let Some(time) = &column.time else { return 0.0 };
        let other = column.words.fit(names::OTHER_TIME);
        let ending = column.words.words.len() > 1
            && column
                .words
                .words
                .last()
                .is_some_and(|word| names::TIME_ENDING.contains(&word.as_str()));
        let fit = column.words.fit(names::TIME).max(if ending { 0.6 } else { 0.0 });
        // Numbers could be anything: only a name makes them times, or many different ones of the size of counters since 1970. Text that reads as
        // dates tells by itself.
        let counter = column.range.is_some_and(|(least, most)| least > 6e8 && most < 5e18)
            && share(column.values.len(), column.filled) > 0.3;
        let base = match (time.number, counter) {
            (false, _) => fit.max(0.3),
            (true, true) => fit.max(0.2),
            (true, false) => fit,
        };
        let filled = share(column.filled, column.rows);
        (if other > fit { base * 0.2 } else { base }) * (0.2 + 0.8 * filled)
    });
    match found.as_slice() {
        [] => (None, None),
        [(column, score), rest @ ..] => {
            let weak = if *score >= SURE {
                None
            } else {
                let others: Vec<String> = rest
                    .iter()
                    .take(3)
                    .map(|(other, _)| format!("{:?}", columns[*other].name))
                    .collect();
                Some(if others.is_empty() {
                    format!("the name {:?} says little; its values are times", columns[*column].name)
                } else {
                    format!("it could also be {}", others.join(" or "))
                })
            };
            (Some(Taken { column: *column, weak }), clock_beside(*column))
        }
    }
}

/// The column of items; `meets` is the share of a column's values that a catalogue knows.
pub fn item_of(columns: &[Column], taken: &[usize], meets: &dyn Fn(usize) -> f64, answers: &Answers) -> Option<Taken> {
    if let Some(taken) = answered(columns, answers.item.as_ref()) {
        return Some(taken);
    }
    let mut found: Vec<(usize, f64)> = (0..columns.len())
        .filter(|index| !taken.contains(index))
        .filter_map(|index| {
            let column = &columns[index];
            if !column.like_ids() || column.email {
                return None;
            }
            let own_row = column.rows >= 50 && column.unique();
            let name = named(column, names::ITEM);
            // Lines of orders have an id of their own beside that of the item.
            let name = match (own_row, column.unique() && column.rows >= 4) {
                (true, _) => name * 0.5,
                (false, true) => name * 0.8,
                (false, false) => name,
            };
            // Meeting the catalogue is evidence of its own, but small whole numbers meet by chance.
            let telling = name > 0.0 || (column.values.len() >= 20 && !column.numeric) || column.values.len() >= 500;
            let met = if telling { 0.6 * meets(index) } else { 0.0 };
            let empty = if share(column.filled, column.rows) < 0.2 {
                0.3
            } else {
                1.0
            };
            let score = (name + met) * empty;
            (score >= LEAST).then_some((index, score))
        })
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let (column, score) = found.first().copied().or_else(|| {
        // Some number that repeats and that nothing else claims: `aid`, `business_id`.
        let claimed = |column: &Column| {
            [
                names::USER,
                names::SESSION,
                names::ORDER,
                names::EVENT_ID,
                names::CONTEXT,
                names::CATEGORY,
            ]
            .iter()
            .any(|list| column.words.fit(list) >= 0.6)
        };
        let ids = (0..columns.len()).find(|&index| {
            let column = &columns[index];
            let named = column
                .words
                .words
                .last()
                .is_some_and(|word| word.len() <= 4 && word.ends_with("id"));
            named && !taken.contains(&index) && column.like_ids() && !column.unique() && !claimed(column)
        });
        if let Some(id) = ids {
            return Some((id, LEAST));
        }
        // Titles are better than nothing: things are told apart by what they are called.
        let titles = ranked(columns, |column| {
            if column.filled == 0 || column.numeric || column.time.is_some() || column.length > 120.0 {
                0.0
            } else {
                named(column, names::TITLE) * 0.4
            }
        });
        titles.into_iter().find(|(index, _)| !taken.contains(index))
    })?;
    let weak = (score < SURE).then(|| format!("the name {:?} says little", columns[column].name));
    Some(Taken { column, weak })
}

/// Columns that could be ids but whose names tell nothing, in the order of the file.
pub fn nameless(columns: &[Column], taken: &[usize]) -> Vec<usize> {
    (0..columns.len())
        .filter(|index| {
            let column = &columns[*index];
            let few = column.rows >= 100 && column.values.len() <= 12;
            !taken.contains(index)
                && column.like_ids()
                && column.time.as_ref().is_none_or(|time| time.number)
                && column.values.len() > 1
                && !few
                && !(column.unique() && column.rows >= 20)
                && column.words.fit(names::QUANTITY) == 0.0
                && column.words.fit(names::VALUE) == 0.0
                && column.words.fit(names::RATING) == 0.0
        })
        .collect()
}
