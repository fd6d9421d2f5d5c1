//! What a file is, and which of its columns is what: by the values first, then by the names.

use selvedge::event::EventKind;

use super::look::{Column, share};
use super::meaning::{self, Meaning, State};
use super::words::columns as names;

/// A column that was taken for something, and how sure that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The column.
    pub column: usize,
    /// Why it may be wrong; absent where name and values agree.
    pub weak: Option<String>,
}

/// Who the user's column names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person or a browser.
    User,
    /// A visit.
    Session,
    /// An order.
    Order,
}

/// An event type of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeGuess {
    /// As the file writes it.
    pub name: String,
    /// What it stands for.
    pub meaning: Meaning,
    /// Rows that were looked at with it.
    pub rows: usize,
}

/// A file of events. Columns are indices.
#[derive(Clone, Debug, PartialEq)]
pub struct EventsGuess {
    /// Who; absent is a gap.
    pub user: Option<Taken>,
    /// Whom the user's column names.
    pub who: Who,
    /// Which item; absent is a gap.
    pub item: Option<Taken>,
    /// When; absent is a gap.
    pub timestamp: Option<Taken>,
    /// The time of day, where it stands in a column of its own.
    pub clock: Option<usize>,
    /// What happened.
    pub event_type: Option<usize>,
    /// The kind of all rows where no column tells it.
    pub kind: EventKind,
    /// What the event types stand for.
    pub kinds: Vec<TypeGuess>,
    /// A column of codes that could be event types, but no word tells.
    pub codes: Option<usize>,
    /// Price or rating.
    pub value: Option<usize>,
    /// Rating.
    pub rating: Option<usize>,
    /// How many.
    pub quantity: Option<usize>,
    /// Columns that say whether an order came about.
    pub states: Vec<usize>,
    /// What belongs to one order.
    pub order: Option<usize>,
    /// An id of the event.
    pub id: Option<usize>,
    /// What else is kept.
    pub context: Vec<usize>,
    /// What the item is called.
    pub title: Option<usize>,
    /// In a file of what was shown, the column that says whether it was clicked or bought, and which of both.
    pub answered: Option<(usize, EventKind)>,
    /// Whether `0` is a user like others: ids count from it.
    pub zero_is_somebody: bool,
}

/// A file of items. Columns are indices.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogueGuess {
    /// The item.
    pub id: usize,
    /// What it is called.
    pub title: Option<usize>,
    /// From the root to the deepest.
    pub categories: Vec<usize>,
    /// What else a page may show.
    pub attributes: Vec<usize>,
    /// Its picture.
    pub image: Option<usize>,
    /// From when.
    pub available_from: Option<usize>,
    /// Until when.
    pub available_until: Option<usize>,
}

/// What a file is taken for.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Events.
    Events(Box<EventsGuess>),
    /// Items.
    Catalogue(CatalogueGuess),
    /// Neither; why, as a sentence.
    Unused(String),
}

/// What a person has answered: names of columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Who.
    pub user: Option<String>,
    /// Which item.
    pub item: Option<String>,
    /// When.
    pub time: Option<String>,
    /// Whether the day comes before the month.
    pub day_first: Option<bool>,
}

/// Below this, a column is not taken for a role.
const LEAST: f64 = 0.15;
/// Below this, the name alone says too little.
const SURE: f64 = 0.5;

/// How well a column fits a list of names; a name that ends in a property (`product_price`) fits a third as well, unless it is one of the best of the list.
fn named(column: &Column, list: &[&str]) -> f64 {
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
fn ranked(columns: &[Column], score: impl Fn(&Column) -> f64) -> Vec<(usize, f64)> {
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
fn user_of(columns: &[Column], answers: &Answers) -> (Option<Taken>, Who) {
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
fn time_of(columns: &[Column], answers: &Answers) -> (Option<Taken>, Option<usize>) {
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
fn item_of(columns: &[Column], taken: &[usize], meets: &dyn Fn(usize) -> f64, answers: &Answers) -> Option<Taken> {
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
fn nameless(columns: &[Column], taken: &[usize]) -> Vec<usize> {
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

type Main = (Option<Taken>, Who, Option<Taken>, Option<Taken>, Option<usize>);

fn events_of(
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

/// The column of what an item is called: text that is nearly always the same for one item is told apart by the caller; here its name and its look.
fn title_of(columns: &[Column], item: usize) -> Option<usize> {
    ranked(columns, |column| {
        let text = column.filled > 0 && !column.numeric && column.lettered > 0.8 && column.length <= 200.0;
        if text && column.time.is_none() && !column.email && !column.nested {
            column.words.fit(names::TITLE)
        } else {
            0.0
        }
    })
    .into_iter()
    .find(|(index, fit)| *index != item && *fit >= 0.3 && !about_somebody(&columns[*index]))
    .map(|(index, _)| index)
    .or_else(|| {
        // `Product` beside `SKU`.
        (0..columns.len()).find(|&index| {
            let column = &columns[index];
            let text = column.filled > 0
                && !column.numeric
                && column.lettered > 0.8
                && column.time.is_none()
                && !column.nested;
            index != item
                && text
                && column.words.fit(names::ITEM) >= 0.8
                && column.length > columns[item].length
                && column.length <= 200.0
        })
    })
    .or_else(|| (columns[item].words.fit(names::TITLE) >= 0.5).then_some(item))
}

/// Whether a name is that of a person, a campaign or the like, and not of a thing.
fn about_somebody(column: &Column) -> bool {
    let words = [
        "reviewer", "buyer", "visitor", "member", "person", "seller", "vendor", "author", "user", "customer", "client",
        "kunde", "billing", "shipping", "first", "last", "full", "company", "campaign", "event", "store", "shop",
        "category", "vor", "nach", "vorname", "nachname", "country", "city",
    ];
    column.words.words.iter().any(|word| words.contains(&word.as_str()))
}

/// Columns of what kind of thing an item is, from the root of the tree (the fewest names) to the deepest.
pub fn categories_of(columns: &[Column], id: usize) -> Vec<usize> {
    let mut categories: Vec<usize> = (0..columns.len())
        .filter(|&index| {
            let column = &columns[index];
            let each_its_own = column.unique() && column.rows >= 20;
            index != id
                && column.filled > 0
                && !column.numeric
                && column.words.fit(names::CATEGORY) >= 0.8
                && !each_its_own
        })
        .collect();
    categories.sort_by_key(|&index| (columns[index].values.len(), index));
    categories
}

/// The column of pictures.
pub fn image_of(columns: &[Column], id: usize) -> Option<usize> {
    ranked(columns, |column| {
        if column.filled > 0 && !column.numeric {
            column.words.fit(names::IMAGE)
        } else {
            0.0
        }
    })
    .first()
    .filter(|(index, fit)| *fit >= 0.6 && *index != id)
    .map(|(index, _)| *index)
}

fn catalogue_of(columns: &[Column], id: usize) -> Option<CatalogueGuess> {
    let title = title_of(columns, id);
    let categories = categories_of(columns, id);
    let title = title.filter(|title| *title != id || categories.is_empty());
    if title.is_none() && categories.is_empty() {
        return None;
    }
    let image = image_of(columns, id);
    let time = |list: &[&str]| {
        ranked(columns, |column| {
            if column.time.is_some() {
                column.words.fit(list)
            } else {
                0.0
            }
        })
        .first()
        .filter(|(_, fit)| *fit >= 0.8)
        .map(|(index, _)| *index)
    };
    let (available_from, available_until) = (time(names::FROM), time(names::UNTIL));
    let taken = [Some(id), title, image, available_from, available_until];
    let attributes = (0..columns.len()).filter(|index| {
        let column = &columns[*index];
        !taken.contains(&Some(*index))
            && !categories.contains(index)
            && column.filled > 0
            && !column.nested
            && column.length <= 200.0
            && column.words.words.last().is_none_or(|word| word != "id")
    });
    Some(CatalogueGuess {
        id,
        title,
        attributes: attributes.take(8).collect(),
        categories,
        image,
        available_from,
        available_until,
    })
}
