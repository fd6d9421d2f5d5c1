//! What a file is, and what its columns mean, by their names and values.

use selvedge::event::EventKind;

use super::look::Column;

/// What a file is taken for. Columns are indices.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    Events(EventsGuess),
    Catalogue(CatalogueGuess),
    Unused,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EventsGuess {
    pub user: Option<usize>,
    pub item: usize,
    pub timestamp: usize,
    pub event_type: Option<usize>,
    /// The kind of all rows where no column tells it.
    pub kind: EventKind,
    /// What the event types stand for, and whether that is sure.
    pub kinds: Vec<(String, EventKind, bool)>,
    pub value: Option<usize>,
    pub id: Option<usize>,
    pub context: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CatalogueGuess {
    pub id: usize,
    pub title: Option<usize>,
    pub categories: Vec<usize>,
    pub attributes: Vec<usize>,
    pub image: Option<usize>,
    pub available_from: Option<usize>,
    pub available_until: Option<usize>,
}

// The first that is there wins; a name is compared as letters and digits in lower case.
const USER: &[&str] = &[
    "userid",
    "user",
    "visitorid",
    "visitor",
    "customerid",
    "customer",
    "householdid",
    "household",
    "personid",
    "memberid",
    "member",
    "accountid",
    "clientid",
    "reviewerid",
    "uid",
    "cookieid",
    "deviceid",
    "anonymousid",
    "sessionid",
    "session",
];
const ITEM: &[&str] = &[
    "itemid",
    "item",
    "productid",
    "product",
    "sku",
    "articleid",
    "article",
    "contentid",
    "content",
    "movieid",
    "movie",
    "bookid",
    "songid",
    "trackid",
    "asin",
    "iid",
    "stockcode",
    "productcode",
    "offerid",
    "listingid",
    "isbn",
];
const TIMESTAMP: &[&str] = &[
    "timestamp",
    "timestampms",
    "eventtime",
    "eventtimestamp",
    "transactiontimestamp",
    "time",
    "datetime",
    "ts",
    "createdat",
    "occurredat",
    "orderdate",
    "invoicedate",
    "purchasedate",
    "date",
    "at",
];
const EVENT_TYPE: &[&str] = &[
    "eventtype",
    "event",
    "eventname",
    "type",
    "action",
    "behavior",
    "behaviour",
    "activity",
];
const VALUE: &[&str] = &[
    "value",
    "salesvalue",
    "amount",
    "revenue",
    "price",
    "unitprice",
    "total",
    "dollarvalue",
    "rating",
    "score",
    "quantity",
];
const EVENT_ID: &[&str] = &["eventid", "eventuuid", "messageid", "uuid"];
const CONTEXT: &[&str] = &[
    "sessionid",
    "session",
    "basketid",
    "orderid",
    "storeid",
    "store",
    "slot",
    "position",
    "channel",
    "device",
    "platform",
    "country",
    "region",
    "referrer",
    "campaign",
];
const TITLE: &[&str] = &[
    "title",
    "itemtitle",
    "producttitle",
    "movietitle",
    "name",
    "itemname",
    "productname",
    "label",
    "producttype",
    "headline",
    "description",
];
const CATEGORY: &[&str] = &[
    "department",
    "maincategory",
    "category",
    "productcategory",
    "categories",
    "subcategory",
    "section",
    "genre",
    "genres",
    "class",
    "topic",
    "producttype",
    "producttypename",
    "categoryname",
];
const IMAGE: &[&str] = &[
    "image",
    "imageurl",
    "imageuri",
    "imagelink",
    "picture",
    "pictureurl",
    "thumbnail",
    "img",
];
const FROM: &[&str] = &[
    "availablefrom",
    "availablesince",
    "releasedat",
    "publishedat",
    "startdate",
];
const UNTIL: &[&str] = &["availableuntil", "availableto", "expiresat", "enddate"];

/// Words that tell what an event type means.
const KINDS: &[(&str, EventKind)] = &[
    ("impression", EventKind::Impression),
    ("exposure", EventKind::Impression),
    ("addtocart", EventKind::AddToCart),
    ("addtobasket", EventKind::AddToCart),
    ("cart", EventKind::AddToCart),
    ("basket", EventKind::AddToCart),
    ("wishlist", EventKind::AddToCart),
    ("bookmark", EventKind::AddToCart),
    ("purchase", EventKind::Conversion),
    ("transaction", EventKind::Conversion),
    ("conversion", EventKind::Conversion),
    ("order", EventKind::Conversion),
    ("buy", EventKind::Conversion),
    ("checkout", EventKind::Conversion),
    ("click", EventKind::Click),
    ("view", EventKind::View),
    ("visit", EventKind::View),
    ("read", EventKind::View),
    ("play", EventKind::View),
];

/// What a file is.
pub fn guess(columns: &[Column]) -> Role {
    let item = find(columns, ITEM, |column| column.filled > 0);
    let time = time_column(columns);
    if let (Some(item), Some(timestamp)) = (item, time)
        && let Some(user) = find(columns, USER, |column| column.filled > 0)
    {
        return Role::Events(events(columns, user, item, timestamp));
    }
    let id = item.or_else(|| find(columns, &["id"], Column::unique));
    match id {
        Some(id) => catalogue(columns, id).map_or(Role::Unused, Role::Catalogue),
        None => Role::Unused,
    }
}

/// The first name of the list that a fitting column has.
fn find(columns: &[Column], names: &[&str], fits: impl Fn(&Column) -> bool) -> Option<usize> {
    names
        .iter()
        .find_map(|name| columns.iter().position(|column| column.plain == *name && fits(column)))
}

/// A column of times: by name, else the only one whose values are dates (numbers could be anything).
fn time_column(columns: &[Column]) -> Option<usize> {
    find(columns, TIMESTAMP, |column| column.time.is_some()).or_else(|| {
        let mut dates = (0..columns.len()).filter(|&index| columns[index].time.is_some() && !columns[index].numeric);
        let only = dates.next()?;
        dates.next().is_none().then_some(only)
    })
}

fn events(columns: &[Column], user: usize, item: usize, timestamp: usize) -> EventsGuess {
    let used = |index: &usize| [user, item, timestamp].contains(index);
    let event_type = find(columns, EVENT_TYPE, |column| {
        !column.numeric && (1..=50).contains(&column.values.len())
    })
    .filter(|index| !used(index));
    let value = find(columns, VALUE, |column| column.numeric).filter(|index| !used(index));
    let priced = value.is_some_and(|value| !["rating", "score"].contains(&columns[value].plain.as_str()));
    let kinds = event_type.map(|index| columns[index].values.keys().map(|name| kind_of(name)).collect());
    let id = find(columns, EVENT_ID, Column::unique).filter(|index| !used(index));
    let taken = [event_type, value, id];
    let context = (0..columns.len()).filter(|index| {
        !used(index) && !taken.contains(&Some(*index)) && CONTEXT.contains(&columns[*index].plain.as_str())
    });
    EventsGuess {
        user: Some(user),
        item,
        timestamp,
        event_type,
        kind: if priced { EventKind::Conversion } else { EventKind::View },
        kinds: kinds.unwrap_or_default(),
        value,
        id,
        context: context.collect(),
    }
}

/// What an event type means: its own name, a word in it, or a guess that is not sure.
fn kind_of(name: &str) -> (String, EventKind, bool) {
    let plain: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let known = KINDS
        .iter()
        .find(|(word, _)| plain.contains(word))
        .map(|(_, kind)| *kind);
    (name.to_owned(), known.unwrap_or(EventKind::Click), known.is_some())
}

fn catalogue(columns: &[Column], id: usize) -> Option<CatalogueGuess> {
    let named = |names: &[&str]| find(columns, names, |column| column.filled > 0).filter(|&index| index != id);
    let title = named(TITLE);
    let mut categories: Vec<usize> = (0..columns.len())
        .filter(|&index| index != id && columns[index].filled > 0 && CATEGORY.contains(&columns[index].plain.as_str()))
        .collect();
    if title.is_none() && categories.is_empty() {
        return None;
    }
    // The root of a tree has the fewest names.
    categories.sort_by_key(|&index| (columns[index].values.len(), index));
    let image = named(IMAGE);
    let time = |names: &[&str]| find(columns, names, |column| column.time.is_some());
    let (available_from, available_until) = (time(FROM), time(UNTIL));
    let taken = [Some(id), title, image, available_from, available_until];
    let attributes = (0..columns.len()).filter(|index| {
        let column = &columns[*index];
        !taken.contains(&Some(*index))
            && !categories.contains(index)
            && column.filled > 0
            && !column.plain.ends_with("id")
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
