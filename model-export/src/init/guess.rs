//! What files and columns are taken for.

use selvedge::event::EventKind;

use super::meaning::Meaning;

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
