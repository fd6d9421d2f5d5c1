//! The columns of a file of events beside who, when and which item: event types, states of orders, prices, and what else is kept.

use selvedge::event::EventKind;

use super::catalogue::title_of;
use super::guess::{EventsGuess, Taken, TypeGuess, Who};
use super::look::{Column, share};
use super::main_columns::{named, ranked};
use super::meaning::{self, Meaning, State};
use super::words::columns as names;

/// The columns of users, items and times, whom the first names, and the time of day.
pub type Main = (Option<Taken>, Who, Option<Taken>, Option<Taken>, Option<usize>);

/// All that a file of events holds beside its main columns.
pub fn events_of(
    columns: &[Column],
    (file, header): (&str, bool),
    (user, who, item, timestamp, clock): Main,
    taken: &[usize],
) -> EventsGuess {
    let free = |index: &usize| !taken.contains(index);
    let best = |list: &[&str], fits: &dyn Fn(&Column) -> bool| {
        ranked(columns, |column| if fits(column) { named(column, list) } else { 0.0 })
            .into_iter()
            .map(|(index, _)| index)
            .find(|index| free(index))
    };
    let few = |column: &Column| (1..=60).contains(&column.values.len()) && !column.nested && column.filled > 0;
    let known = |column: &Column| {
        let rows: usize = column
            .values
            .iter()
            .filter(|(value, _)| !matches!(meaning::of_event_type(value), Meaning::Unknown))
            .map(|(_, rows)| rows)
            .sum();
        let some = column
            .values
            .keys()
            .any(|value| matches!(meaning::of_event_type(value), Meaning::Kind(_)));
        if some { share(rows, column.filled) } else { 0.0 }
    };
    let mut states: Vec<usize> = (0..columns.len())
        .filter(free)
        .filter(|&index| is_state(&columns[index]))
        .collect();
    let event_type = ranked(columns, |column| {
        // Reading the words of every value is only worth it where there are few.
        if !few(column) || column.numeric {
            return 0.0;
        }
        let fit = named(column, names::EVENT_TYPE);
        let known = known(column);
        let telling = (fit >= 0.3 && known > 0.0) || (known > 0.8 && column.values.len() > 1);
        if telling { fit + known } else { 0.0 }
    })
    .into_iter()
    .map(|(index, _)| index)
    .find(|index| free(index) && !states.contains(index));
    states.retain(|state| Some(*state) != event_type);
    let codes = best(names::EVENT_TYPE, &|column| {
        few(column) && column.values.len() > 1 && (column.numeric || known(column) == 0.0)
    })
    .filter(|index| {
        event_type.is_none() && !states.contains(index) && columns[*index].words.fit(names::EVENT_TYPE) >= 0.8
    });
    let rating = best(names::RATING, &|column| {
        column.numeric
            && column
                .range
                .is_some_and(|(least, most)| least >= 0.0 && most <= 100.0 && column.values.len() <= 101)
    });
    let rating = rating.or_else(|| {
        // Without names: a few whole or half numbers from 0 or 1 up to 5 or 10.
        let scale = |column: &Column| {
            let few = (3..=11).contains(&column.values.len()) && column.numeric && column.time.is_none();
            few && column
                .range
                .is_some_and(|(least, most)| (0.0..=2.0).contains(&least) && (most == 5.0 || most == 10.0))
        };
        (0..columns.len()).find(|index| !header && free(index) && scale(&columns[*index]))
    });
    let quantity = best(names::QUANTITY, &|column| column.numeric);
    let value = best(names::VALUE, &|column| {
        column.numeric && column.time.as_ref().is_none_or(|time| time.number)
    })
    .filter(|index| Some(*index) != quantity);
    let id = best(names::EVENT_ID, &|column| {
        column.like_ids() && share(column.values.len(), column.filled) >= 0.5
    })
    .filter(|index| Some(*index) != event_type);
    let shopify = columns.iter().any(|column| column.words.last() == "lineitemname");
    let order = columns
        .iter()
        .position(|column| shopify && column.words.last() == "name")
        .filter(free)
        .or_else(|| best(names::ORDER, &Column::like_ids));
    let title = item.as_ref().and_then(|item| title_of(columns, item.column));
    let kinds = event_type.map(|index| {
        let guess = |(name, rows): (&String, &usize)| TypeGuess {
            name: name.clone(),
            meaning: meaning::of_event_type(name),
            rows: *rows,
        };
        columns[index].values.iter().map(guess).collect()
    });
    let used = [event_type, value.or(rating), id, codes, title, quantity];
    let context = (0..columns.len()).filter(|index| {
        let listed = names::CONTEXT.contains(&columns[*index].words.last().as_str());
        free(index)
            && !used.contains(&Some(*index))
            && !states.contains(index)
            && !columns[*index].nested
            && (listed || Some(*index) == order)
    });
    let kind = kind_of_file(
        file,
        value.is_some() || quantity.is_some() || order.is_some() || !states.is_empty(),
        rating.is_some(),
    );
    let answered = (0..columns.len()).filter(free).find_map(|index| {
        let column = &columns[index];
        let flag = column.numeric
            && column.values.keys().all(|value| value == "0" || value == "1")
            && column.values.len() == 2;
        match meaning::of_event_type(&column.name) {
            Meaning::Kind(kind @ (EventKind::Click | EventKind::Conversion)) if flag && event_type.is_none() => {
                Some((index, kind))
            }
            _ => None,
        }
    });
    let zero_is_somebody = user
        .as_ref()
        .is_some_and(|user| counts_from_zero(&columns[user.column]));
    EventsGuess {
        answered,
        zero_is_somebody,
        kind: if answered.is_some() {
            EventKind::Impression
        } else {
            kind
        },
        context: context.collect(),
        kinds: kinds.unwrap_or_default(),
        value: value.or(rating),
        user,
        who,
        item,
        timestamp,
        clock,
        event_type,
        codes,
        rating,
        quantity,
        states,
        order,
        id,
        title,
    }
}

/// Whether a column's numbers count from 0 on: then 0 is one of them, and not the word for nobody.
fn counts_from_zero(column: &Column) -> bool {
    let rows = |id: &str| column.values.get(id).copied().unwrap_or(0);
    let average = share(column.filled, column.values.len());
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    let usual = rows("0") > 0 && (rows("0") as f64) < 10.0 * average + 10.0;
    usual && rows("-1") == 0 && (1..=5).all(|id| rows(&id.to_string()) > 0)
}

/// What all rows of a file are where no column tells: by the file's name, then by whether something was paid or counted.
fn kind_of_file(file: &str, bought: bool, rated: bool) -> EventKind {
    let stem = std::path::Path::new(file)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default().to_owned();
    if rated {
        return EventKind::View;
    }
    match meaning::of_event_type(&stem) {
        Meaning::Kind(kind) => kind,
        _ if bought => EventKind::Conversion,
        _ => EventKind::View,
    }
}

/// Whether a column says if an order came about: its name or its words do, and some of its rows say no.
fn is_state(column: &Column) -> bool {
    if column.numeric || column.nested || column.filled == 0 || column.values.len() > 40 {
        return false;
    }
    let about_delivery = column.words.words.iter().any(|word| {
        [
            "fulfillment",
            "fulfilment",
            "shipping",
            "delivery",
            "shipment",
            "versand",
            "lieferung",
            "livraison",
            "envio",
            "spedizione",
        ]
        .contains(&word.as_str())
    });
    if about_delivery {
        return false;
    }
    let states: Vec<State> = column.values.keys().map(|value| meaning::of_state(value)).collect();
    let told = states.iter().filter(|state| **state != State::Unknown).count();
    let named = named(column, names::STATE) >= 0.3 && told > 0;
    let deeds = column
        .values
        .keys()
        .any(|value| matches!(meaning::of_event_type(value), Meaning::Kind(_)));
    let document = !deeds
        && column.values.len() > 1
        && column.values.keys().any(|value| meaning::takes_back(value))
        && column.words.fit(names::EVENT_TYPE) < 0.95;
    let both = states.contains(&State::No) && states.contains(&State::Done) && told * 5 >= states.len() * 4;
    named || both || (document && column.values.len() <= 8 && column.length < 30.0 && names_document(column))
}

fn names_document(column: &Column) -> bool {
    let words = [
        "document",
        "doc",
        "type",
        "art",
        "beleg",
        "belegart",
        "dokument",
        "documento",
        "tipo",
        "soort",
        "typ",
        "rodzaj",
        "piece",
    ];
    column.words.words.iter().any(|word| words.contains(&word.as_str()))
}
