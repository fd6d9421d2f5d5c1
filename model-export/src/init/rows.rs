//! Which rows of a file do not count: those that take back, that came to nothing, or that are no goods.

use std::collections::BTreeMap;

use selvedge::event::EventKind;
use selvedge_lake::ingest::{Cell, NumberReader, Sample};

use super::guess::EventsGuess;
use super::look::{Column, share, short};
use super::meaning::{self, Meaning, State};
use super::numbers::number;

/// A condition of the row filter, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// In the language of `where`.
    pub text: String,
    /// What it leaves out, for the comment and the screen.
    pub why: String,
    /// Rows that were looked at and are left out.
    pub rows: usize,
    /// Whether it is about the item alone, and holds for a catalogue of the same rows as well.
    pub of_item: bool,
}

/// Ids or titles of one condition. More than these are a mistake of ours.
const MAX_LISTED: usize = 60;
/// Of these, so many are shown.
const MAX_SHOWN: usize = 8;

/// What a draft proposes to leave out of a file of events.
pub fn conditions(sample: &Sample, columns: &[Column], guess: &EventsGuess) -> Vec<Condition> {
    let mut found = Vec::new();
    let taken = [
        guess.item.as_ref().map(|item| item.column),
        guess.event_type,
        guess.timestamp.as_ref().map(|time| time.column),
    ];
    let item_name = guess.item.as_ref().map(|item| &columns[item.column].name);
    for column in taken.into_iter().flatten().map(|index| &columns[index]) {
        // Page views without an item, a total below the rows. So many of them would count as bad rows and stop the run.
        let missing = column.rows - column.filled;
        if missing > 0 {
            found.push(Condition {
                text: format!("{} is not empty", column_name(&column.name)),
                why: format!("rows without {:?}", column.name),
                rows: missing,
                of_item: Some(&column.name) == item_name,
            });
        }
    }
    let bought = guess.kind == EventKind::Conversion
        || guess
            .kinds
            .iter()
            .any(|kind| kind.meaning == Meaning::Kind(EventKind::Conversion));
    if bought && let Some(quantity) = guess.quantity {
        let column = &columns[quantity];
        let rows = rows_with(sample, (quantity, column), |number| number <= 0.0);
        found.push(Condition {
            text: format!("not {} <= 0", column_name(&column.name)),
            why: format!("{}: 0 and below is a return or a correction", column.name),
            rows,
            of_item: false,
        });
    }
    if bought
        && let Some(value) = guess
            .value
            .filter(|value| columns[*value].negative > 0 && guess.rating.is_none())
    {
        found.push(Condition {
            text: format!("not {} < 0", column_name(&columns[value].name)),
            why: format!("{}: below 0 is a credit", columns[value].name),
            rows: columns[value].negative,
            of_item: false,
        });
    }
    let magento = columns
        .iter()
        .any(|column| ["incrementid", "qtyrefunded"].contains(&column.words.last().as_str()));
    for &state in &guess.states {
        let column = &columns[state];
        let no: BTreeMap<&String, usize> = column
            .values
            .iter()
            .filter(|(value, _)| {
                // Magento closes an order when all of it was paid back; elsewhere it is done.
                let paid_back = magento && value.eq_ignore_ascii_case("closed");
                meaning::of_state(value) == State::No || meaning::takes_back(value) || paid_back
            })
            .map(|(value, rows)| (value, *rows))
            .collect();
        if !no.is_empty() && no.len() < column.values.len() {
            found.push(left_out(column, no, "no purchase came of it, or it was taken back"));
        }
    }
    found.extend(flags(columns, guess));
    if let Some(rating) = guess.rating {
        found.extend(low_ratings(sample, &columns[rating], rating));
    }
    if bought {
        found.extend(no_goods(sample, columns, guess));
    }
    found
}

fn left_out(column: &Column, values: BTreeMap<&String, usize>, why: &str) -> Condition {
    let list: Vec<String> = values.keys().take(MAX_LISTED).map(|value| literal(value)).collect();
    let shown: Vec<String> = values.keys().take(MAX_SHOWN).map(|value| short(value, 30)).collect();
    let more = if values.len() > MAX_SHOWN {
        format!(" and {} more", values.len() - MAX_SHOWN)
    } else {
        String::new()
    };
    Condition {
        text: format!("not {} in ({})", column_name(&column.name), list.join(", ")),
        why: format!("{}: {}{more}: {why}", column.name, shown.join(", ")),
        rows: values.values().sum(),
        of_item: false,
    }
}

/// Columns that are filled or true only where an order was cancelled, given back or a test.
fn flags(columns: &[Column], guess: &EventsGuess) -> Vec<Condition> {
    let mut found = Vec::new();
    let used = |index: usize| {
        guess.states.contains(&index)
            || guess.event_type == Some(index)
            || guess.quantity == Some(index)
            || guess.value == Some(index)
    };
    for (index, column) in columns.iter().enumerate() {
        if column.filled == 0 || used(index) {
            continue;
        }
        let words = &column.words.words;
        let has = |list: &[&str]| {
            words
                .iter()
                .any(|word| list.iter().any(|known| word.starts_with(known)))
        };
        if !has(&[
            "cancel", "refund", "return", "void", "storn", "test", "delet", "annul", "anul", "reembols", "rimbors",
            "rembours", "geannul", "zwrot",
        ]) {
            continue;
        }
        if column.time.as_ref().is_some_and(|time| !time.number) && share(column.filled, column.rows) < 0.5 {
            found.push(Condition {
                text: format!("{} is empty", column_name(&column.name)),
                why: format!("{} is filled where an order was taken back", column.name),
                rows: column.filled,
                of_item: false,
            });
            continue;
        }
        let yes = ["true", "yes", "1", "y", "t", "ja", "oui", "si", "sim", "tak"];
        let no = ["false", "no", "0", "n", "f", "nein", "non", "nao", "nee", "nie"];
        let lower: Vec<String> = column.values.keys().map(|value| value.to_lowercase()).collect();
        if lower
            .iter()
            .all(|value| yes.contains(&value.as_str()) || no.contains(&value.as_str()))
        {
            let set: BTreeMap<&String, usize> = column
                .values
                .iter()
                .filter(|(value, _)| yes.contains(&value.to_lowercase().as_str()))
                .map(|(value, rows)| (value, *rows))
                .collect();
            if !set.is_empty() && set.values().sum::<usize>() * 2 < column.filled {
                found.push(left_out(column, set, "it was taken back, or a test"));
            }
        }
    }
    found
}

/// A rating in the lower half of its scale says that somebody did not like it.
fn low_ratings(sample: &Sample, column: &Column, index: usize) -> Option<Condition> {
    let (least, most) = column.range?;
    if column.values.len() < 3 || most <= least {
        return None;
    }
    // A scale starts at 0, half a star or 1 even where nobody gave the least.
    let bottom = if least < 1.0 {
        least.max(0.0)
    } else {
        1.0_f64.min(least)
    };
    let line = bottom + 0.5 * (most - bottom);
    let line = column
        .values
        .keys()
        .filter_map(|value| value.replace(',', ".").parse::<f64>().ok())
        .filter(|value| *value >= line)
        .min_by(f64::total_cmp)?;
    Some(Condition {
        text: format!("{} >= {line}", column_name(&column.name)),
        why: format!(
            "{}: below {line} is no sign of liking; the ratings are from {least} to {most}",
            column.name
        ),
        rows: rows_with(sample, (index, column), |number| number < line),
        of_item: false,
    })
}

/// Postage, fees, discounts, vouchers and deposits, by id and by title.
fn no_goods(sample: &Sample, columns: &[Column], guess: &EventsGuess) -> Option<Condition> {
    let item = guess.item.as_ref()?.column;
    let long_ids = columns[item].values.keys().filter(|id| id.chars().count() > 2).count();
    let short_ids = long_ids * 10 < columns[item].values.len() * 9;
    let mut found: BTreeMap<&String, usize> = BTreeMap::new();
    let texts: BTreeMap<String, String> = guess.title.map_or_else(BTreeMap::new, |title| {
        let text = |row: &Vec<selvedge_lake::ingest::Cell<'static>>, index: usize| {
            row.get(index)
                .and_then(|cell| cell.text())
                .map(std::borrow::Cow::into_owned)
        };
        sample
            .rows
            .iter()
            .filter_map(|row| Some((text(row, item)?, text(row, title)?)))
            .collect()
    });
    for (id, rows) in &columns[item].values {
        let title = texts.get(id).map_or(id.as_str(), String::as_str);
        if meaning::is_no_goods_code(id, short_ids) || meaning::is_no_goods_title(title) {
            found.insert(id, *rows);
        }
    }
    let rows: usize = found.values().sum();
    if found.is_empty()
        || found.len() > MAX_LISTED
        || found.len() == columns[item].values.len()
        || rows * 10 > columns[item].filled * 7
    {
        return None;
    }
    let mut condition = left_out(
        &columns[item],
        found.clone(),
        "postage, fees, discounts and vouchers are no goods",
    );
    condition.of_item = true;
    let titled: Vec<String> = found
        .keys()
        .filter_map(|id| texts.get(*id).filter(|title| title != id))
        .take(MAX_SHOWN)
        .map(|title| short(title, 30))
        .collect();
    if !titled.is_empty() {
        condition.why.push_str(&format!(" ({})", titled.join(", ")));
    }
    Some(condition)
}

fn rows_with(sample: &Sample, (index, column): (usize, &Column), fits: impl Fn(f64) -> bool) -> usize {
    let reader = NumberReader::new(column.decimal);
    let fit = |row: &&Vec<Cell<'static>>| row.get(index).and_then(|cell| number(&reader, cell)).is_some_and(&fits);
    sample.rows.iter().filter(fit).count()
}

/// The rows in which a flag is set.
pub fn set(column: &Column) -> Condition {
    Condition {
        text: format!("{} = 1", column_name(&column.name)),
        why: format!("only rows with {} = 1", column.name),
        rows: 0,
        of_item: false,
    }
}

/// All conditions as one.
pub fn joined(conditions: &[Condition]) -> String {
    conditions
        .iter()
        .map(|condition| condition.text.as_str())
        .collect::<Vec<_>>()
        .join(" and ")
}

/// A column's name as `where` writes it.
fn column_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as `where` writes it.
fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
