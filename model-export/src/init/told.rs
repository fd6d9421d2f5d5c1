//! What the screen says about a file: how it was read, what was decided on weak evidence, and what is left out.

use selvedge::event::EventKind;
use selvedge_lake::ingest::{Cell, Sample, TimeReader};
use selvedge_lake::storage::schema::date_of;

use super::guess::{CatalogueGuess, EventsGuess, Taken, Who};
use super::join;
use super::look::{Column, share, short};
use super::meaning::Meaning;
use super::rows::Condition;

/// A role that no column was found for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Gap {
    /// `user`, `item` or `timestamp`.
    pub role: &'static str,
    /// Columns that could be it, the likeliest first.
    pub candidates: Vec<String>,
}

/// How many first rows are shown.
const SHOWN: usize = 3;

/// The first rows, as who did what to which thing when.
pub fn reading(sample: &Sample, columns: &[Column], guess: &EventsGuess) -> Vec<String> {
    let text = |row: &[Cell<'static>], column: Option<usize>| {
        column
            .and_then(|column| row.get(column))
            .and_then(|cell| cell.text())
            .map(|text| short(&text, 40))
    };
    let time = |row: &[Cell<'static>]| {
        let column = guess.timestamp.as_ref()?.column;
        let cell = row.get(column)?;
        let format = &columns[column].time.as_ref()?.format;
        let read = TimeReader::new(format, "UTC")
            .ok()
            .and_then(|reader| reader.read("", cell).ok());
        let clock = text(row, guess.clock)
            .map(|clock| format!(" {clock}"))
            .unwrap_or_default();
        match read {
            Some(ms) if guess.clock.is_some() => Some(format!("{}{clock}", date_of(ms))),
            Some(ms) => Some(moment(ms)),
            None => text(row, Some(column)).map(|raw| format!("{raw}{clock}")),
        }
    };
    let verb = |row: &[Cell<'static>]| {
        let Some(column) = guess.event_type else {
            return done(guess.kind).to_owned();
        };
        let Some(name) = text(row, Some(column)) else {
            return "did nothing that is named to".to_owned();
        };
        match guess
            .kinds
            .iter()
            .find(|kind| kind.name == name)
            .map(|kind| kind.meaning)
        {
            Some(Meaning::Kind(kind)) => done(kind).to_owned(),
            _ => format!("({name}, left out)"),
        }
    };
    let line = |row: &Vec<Cell<'static>>| {
        let who = text(row, guess.user.as_ref().map(|taken| taken.column)).unwrap_or_else(|| "somebody".to_owned());
        let item = text(row, guess.item.as_ref().map(|taken| taken.column)).unwrap_or_else(|| "?".to_owned());
        let title = text(row, guess.title)
            .filter(|title| *title != item)
            .map(|title| format!(" ({title})"))
            .unwrap_or_default();
        format!(
            "{who} {} {item}{title} on {}",
            verb(row),
            time(row).unwrap_or_else(|| "?".to_owned())
        )
    };
    sample.rows.iter().take(SHOWN).map(line).collect()
}

/// A time for people, in UTC.
fn moment(ms: i64) -> String {
    let minutes = ms.rem_euclid(86_400_000) / 60_000;
    format!("{} {:02}:{:02}", date_of(ms), minutes / 60, minutes % 60)
}

/// What somebody did.
const fn done(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Impression => "was shown",
        EventKind::View => "looked at",
        EventKind::Click => "clicked",
        EventKind::AddToCart => "put into the basket",
        EventKind::Conversion => "bought",
    }
}

/// What a person should look at in a file of events.
pub fn of_events(columns: &[Column], guess: &EventsGuess, conditions: &[Condition], rows: usize) -> Vec<String> {
    let mut told = Vec::new();
    for (role, taken) in [
        ("user", &guess.user),
        ("item", &guess.item),
        ("timestamp", &guess.timestamp),
    ] {
        if let Some(Taken {
            column,
            weak: Some(why),
        }) = taken
        {
            told.push(format!("please check {role} = {:?}: {why}", columns[*column].name));
        }
    }
    match guess.who {
        Who::User => {}
        Who::Session => told.push("no column of people was found: visits stand in for them".to_owned()),
        Who::Order => {
            told.push("no column of people was found: orders stand in for them, so nobody has a history".to_owned())
        }
    }
    if let Some(user) = &guess.user {
        let column = &columns[user.column];
        let nobody: Vec<(&String, usize)> = super::nobody::of(column, guess.zero_is_somebody).collect();
        let missing = column.rows - column.filled + nobody.iter().map(|(_, rows)| rows).sum::<usize>();
        if missing > 0 {
            let words: Vec<String> = nobody.iter().map(|(word, _)| short(word, 40)).collect();
            let words = if words.is_empty() {
                String::new()
            } else {
                format!(" ({} is nobody)", words.join(", "))
            };
            told.push(format!(
                "{missing} of {} rows have no {:?}{words}: they are kept as anonymous",
                column.rows, column.name
            ));
        }
        if guess.zero_is_somebody {
            told.push(format!("{:?} counts from 0, so 0 is somebody", column.name));
        }
        if let Some((name, count)) = column.values.iter().max_by_key(|(_, count)| **count)
            && column.filled >= 200
            && share(*count, column.filled) > 0.05
            && column.values.len() > 20
        {
            told.push(format!(
                "{:?} alone has {:.0} % of the rows: is that one person, or a till or a robot?",
                short(name, 40),
                share(*count, column.filled) * 100.0
            ));
        }
    }
    let time = guess.timestamp.as_ref().map(|taken| &columns[taken.column]);
    if let Some(time) = time.and_then(|column| column.time.as_ref())
        && let (Some(weak), None) = (&time.weak, &time.other)
    {
        // A number under the name of a time is one.
        let named = guess.timestamp.as_ref().is_some_and(|taken| taken.weak.is_none());
        if !(time.number && named) {
            told.push(format!("please check the times: {weak}"));
        }
    } else if let Some(weak) = time
        .and_then(|column| column.time.as_ref())
        .and_then(|time| time.weak.clone())
    {
        told.push(format!(
            "please check the order of day and month: {weak}; --day-first or --month-first settles it"
        ));
    }
    if let Some(codes) = guess.codes {
        let column = &columns[codes];
        told.push(format!(
            "{:?} looks like an event type, but no word of it is known ({}): every row counts as {}",
            column.name,
            column.examples(),
            guess.kind.as_str()
        ));
    }
    if let Some((column, kind)) = guess.answered {
        told.push(format!(
            "every row was shown; those with {:?} = 1 count as {} besides",
            columns[column].name,
            kind.as_str()
        ));
    }
    let of = |wanted: Meaning| {
        let names: Vec<String> = guess
            .kinds
            .iter()
            .filter(|kind| kind.meaning == wanted)
            .map(|kind| format!("{:?} ({} of {rows} rows)", short(&kind.name, 40), kind.rows))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let mut counted: Vec<String> = Vec::new();
    for kind in &guess.kinds {
        if let Meaning::Kind(meaning) = kind.meaning {
            counted.push(format!("{:?} as {}", short(&kind.name, 40), meaning.as_str()));
        }
    }
    if !counted.is_empty() {
        told.push(format!("event types count so: {}", counted.join(", ")));
    }
    if let Some(names) = of(Meaning::TakesBack) {
        let what = if takes_back_orders(guess) {
            "taking the order back, or left out"
        } else {
            "left out"
        };
        told.push(format!("{what}, because they take back or deny: {names}"));
    }
    if let Some(names) = of(Meaning::Unknown) {
        told.push(format!("left out, because no word of them is known: {names}"));
    }
    if let Some(names) = of(Meaning::Nothing) {
        told.push(format!("left out, because they are about no single item: {names}"));
    }
    for condition in conditions.iter().filter(|condition| condition.rows > 0) {
        told.push(format!(
            "left out: {} ({} of {rows} rows)",
            condition.why, condition.rows
        ));
    }
    if let Some(item) = &guess.item {
        let column = &columns[item.column];
        let rounded = column.values.keys().find(|id| is_rounded(id));
        if let Some(id) = rounded {
            told.push(format!(
                "{:?} has ids like {id}: a spreadsheet has rounded them, so different items share one; export the column as text",
                column.name
            ));
        }
    }
    told
}

/// Whether event types that take back name the order whose purchase they take back.
pub fn takes_back_orders(guess: &EventsGuess) -> bool {
    guess.order.is_some()
        && guess
            .kinds
            .iter()
            .any(|kind| kind.meaning == Meaning::Kind(EventKind::Conversion))
}

/// An item with a dozen titles or more, and how many: its id stands for many things.
pub fn with_many_titles(sample: &Sample, item: usize, title: usize) -> Option<(String, usize)> {
    const MANY: usize = 12;
    let text = |row: &[Cell<'static>], column: usize| {
        row.get(column)
            .and_then(|cell| cell.text())
            .map(std::borrow::Cow::into_owned)
    };
    let mut titles: std::collections::BTreeMap<String, std::collections::BTreeSet<String>> =
        std::collections::BTreeMap::new();
    for row in &sample.rows {
        if let (Some(item), Some(title)) = (text(row, item), text(row, title)) {
            titles.entry(item).or_default().insert(title);
        }
    }
    let most = titles.into_iter().max_by_key(|(_, titles)| titles.len())?;
    let (item, titles) = (most.0, most.1.len());
    (titles >= MANY).then_some((item, titles))
}

/// Whether an id is a number in scientific notation: `8.52E+12`.
fn is_rounded(id: &str) -> bool {
    let lower = id.to_ascii_lowercase();
    lower.split_once("e+").is_some_and(|(digits, exponent)| {
        !digits.is_empty()
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',')
            && !exponent.is_empty()
            && exponent.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// How the items of events and a catalogue meet.
pub fn of_join(events: &Column, catalogue: &Column, file: &str, whole: bool) -> Option<String> {
    let known = join::known_share(&events.values, &catalogue.values);
    let total = events.values.len();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a count"
    )]
    let met = (known * total as f64).round() as usize;
    if known >= 0.5 {
        return Some(format!("{met} of {total} items of the events are in {file}"));
    }
    if let Some((way, part, here, there)) = join::spelling_that_meets(events, catalogue) {
        return Some(format!(
            "only {met} of {total} items of the events are in {file}; {:.0} % would be with ids {way}: {here:?} in the events, {there:?} in {file}. \
             Write them alike before `selvedge ingest`",
            part * 100.0
        ));
    }
    // A part of a large catalogue says nothing about the rest of it.
    whole.then(|| format!("only {met} of {total} items of the events are in {file}: does it belong to these events?"))
}

/// What a person should look at in a file of items.
pub fn of_catalogue(columns: &[Column], guess: &CatalogueGuess) -> Vec<String> {
    let mut told = Vec::new();
    if guess.title.is_none() {
        told.push("no column of titles was found: items are shown under their category".to_owned());
    }
    let id = &columns[guess.id];
    if id.filled > id.values.len() {
        told.push(format!(
            "{} of {} rows repeat an item of {:?}: the last row of each holds",
            id.filled - id.values.len(),
            id.filled,
            id.name
        ));
    }
    told
}

/// Whether some row has an item, a time and an event type that counts.
pub fn any_counts(sample: &Sample, guess: &EventsGuess) -> bool {
    let filled = |row: &[Cell<'static>], taken: &Option<Taken>| {
        taken
            .as_ref()
            .and_then(|taken| row.get(taken.column))
            .is_some_and(|cell| !cell.is_empty())
    };
    let counts = |row: &[Cell<'static>]| {
        let Some(column) = guess.event_type else { return true };
        let name = row.get(column).and_then(|cell| cell.text());
        let kind = name.and_then(|name| guess.kinds.iter().find(|kind| kind.name == *name));
        kind.is_some_and(|kind| matches!(kind.meaning, Meaning::Kind(_)))
    };
    sample
        .rows
        .iter()
        .any(|row| filled(row, &guess.item) && filled(row, &guess.timestamp) && counts(row))
}
