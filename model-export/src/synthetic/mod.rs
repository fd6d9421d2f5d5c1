//! A generated shop whose visitors have planted tastes: for the demo without a network, and for tests that must know
//! what a model should find.
//!
//! Visitors fall into groups. A group loves three categories and one time of day; a visitor mostly follows the group,
//! comes back to what was bought before, and now and then looks at anything. The same seed gives the same bytes.

mod shop;
mod write;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::report::Report;
use crate::report::{Table, count};
use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::LakeError;
use selvedge_models::random::SplitMix64;

pub use shop::Item;
use shop::{CATEGORIES, Shop};
pub use write::{Compression, Format};

/// Favourite categories of a group.
const FAVOURITES: usize = 3;
/// Groups beyond this would have to share all their favourites with another.
pub const MAX_GROUPS: u32 = 64;
/// First hours of the times of day, UTC: morning, noon, afternoon, evening.
const DAYPARTS: [u64; 4] = [6, 11, 15, 19];
/// Where generated time ends: 2026-01-01T00:00:00Z. Fixed, because the wall clock would change the bytes.
const UNTIL_MS: i64 = 1_767_225_600_000;

/// What is to be generated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Visitors.
    pub users: u32,
    /// Items.
    pub items: u32,
    /// Groups of visitors with the same taste.
    pub groups: u32,
    /// Days of history.
    pub days: u32,
    /// Visits per visitor, on average.
    pub visits: u32,
    /// What the files are made of.
    pub format: Format,
    /// How they are compressed.
    pub compression: Compression,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 42,
            users: 2_000,
            items: 1_200,
            groups: 8,
            days: 180,
            visits: 12,
            format: Format::Parquet,
            compression: Compression::None,
        }
    }
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyntheticError {
    /// An option is out of range.
    #[error("--{option}: expected {expected}, found {found}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What is allowed.
        expected: String,
        /// What was given.
        found: u32,
    },
    /// Parquet compresses inside.
    #[error("--compress: expected none beside --format parquet, which compresses inside")]
    CompressedParquet,
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] LakeError),
}

impl Explain for SyntheticError {
    fn exit(&self) -> Exit {
        match self {
            Self::Write(error) => error.exit(),
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Write(error) => error.hint(),
            _ => None,
        }
    }
}

/// One generated event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Visitor number.
    pub user: u32,
    /// Item number.
    pub item: u32,
    /// Event type of the schema.
    pub kind: selvedge::event::EventKind,
    /// When, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The price, of a conversion.
    pub value: Option<f64>,
    /// Number of the visit.
    pub session: u64,
}

/// A generated data set.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// The catalogue; an item's number is its index.
    pub items: Vec<Item>,
    /// Group of each visitor: the truth that a model should find.
    pub groups: Vec<u32>,
    /// Favourite categories (indices into the shop's list) of each group.
    pub favourites: Vec<Vec<usize>>,
    /// By time.
    pub events: Vec<Event>,
}

/// A visitor's id in the files.
#[must_use]
pub fn user_id(user: u32) -> String {
    format!("u{user:05}")
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyntheticReport {
    /// What it was made from.
    #[serde(flatten)]
    pub options: Options,
    /// How many events there are.
    pub events: u64,
    /// The files.
    pub files: Vec<PathBuf>,
}

impl Report for SyntheticReport {
    const STAGE: &'static str = "synthetic";

    fn render(&self) -> String {
        let mut table = Table::new(&["generated", ""]);
        table.row(["users", &count(u64::from(self.options.users))]);
        table.row(["groups", &count(u64::from(self.options.groups))]);
        table.row(["items", &count(u64::from(self.options.items))]);
        table.row(["events", &count(self.events)]);
        table.row(["days", &count(u64::from(self.options.days))]);
        let mut text = table.render();
        for file in &self.files {
            text.push_str(&format!("{}\n", file.display()));
        }
        text
    }
}

/// Generates a data set and writes it into a directory: `events`, `catalogue`, and `tastes.csv` with each visitor's
/// group.
///
/// # Errors
/// An option is out of range, or a file cannot be written.
pub fn write(dir: &Path, options: &Options) -> Result<SyntheticReport, SyntheticError> {
    if options.format == Format::Parquet && options.compression != Compression::None {
        return Err(SyntheticError::CompressedParquet);
    }
    let data = generate(options)?;
    let files = write::files(dir, &data, options)?;
    Ok(SyntheticReport {
        options: options.clone(),
        events: data.events.len() as u64,
        files,
    })
}

/// Generates a data set in memory.
///
/// # Errors
/// An option is out of range.
pub fn generate(options: &Options) -> Result<DataSet, SyntheticError> {
    check(options)?;
    let shop = Shop::generate(options.seed, options.items);
    let favourites = favourites(options);
    let mut groups = Vec::new();
    let mut events = Vec::new();
    let mut session = 0;
    for user in 0..options.users {
        // A stream of its own for each visitor: more visitors do not change the earlier ones.
        let mut random = SplitMix64::new(options.seed, 1_000_000 + u64::from(user));
        let group = below(&mut random, options.groups);
        groups.push(group);
        let taste = &favourites[group as usize];
        let visits = 1 + below(&mut random, options.visits * 2 - 1);
        let mut bought: Vec<u32> = Vec::new();
        let mut starts: Vec<i64> = (0..visits)
            .map(|_| visit_start(&mut random, options.days, group))
            .collect();
        starts.sort_unstable();
        for start in starts {
            session += 1;
            visit(
                &mut random,
                &shop,
                taste,
                &mut bought,
                start,
                |item, kind, timestamp_ms| {
                    let value =
                        (kind == selvedge::event::EventKind::Conversion).then(|| shop.items[item as usize].price);
                    events.push(Event {
                        user,
                        item,
                        kind,
                        timestamp_ms,
                        value,
                        session,
                    });
                },
            );
        }
    }
    // Stable: what one visitor does in one millisecond keeps its order.
    events.sort_by_key(|event| (event.timestamp_ms, event.user));
    Ok(DataSet {
        items: shop.items,
        groups,
        favourites,
        events,
    })
}

fn check(options: &Options) -> Result<(), SyntheticError> {
    let minimum = u32::try_from(CATEGORIES.len()).unwrap_or(u32::MAX);
    for (option, found, allowed) in [
        ("users", options.users, 1..=10_000_000),
        ("items", options.items, minimum..=10_000_000),
        ("groups", options.groups, 1..=MAX_GROUPS),
        ("days", options.days, 1..=3_650),
        ("visits", options.visits, 1..=1_000),
    ] {
        if !allowed.contains(&found) {
            return Err(SyntheticError::Option {
                option,
                expected: format!("{} to {}", allowed.start(), allowed.end()),
                found,
            });
        }
    }
    Ok(())
}

/// The favourite categories of each group: dealt from a shuffled deck, so that up to a third of as many groups as
/// there are categories have nothing in common.
fn favourites(options: &Options) -> Vec<Vec<usize>> {
    let mut random = SplitMix64::new(options.seed, 1);
    let mut deck: Vec<usize> = Vec::new();
    let deal = |_| {
        let mut hand = Vec::new();
        while hand.len() < FAVOURITES {
            if deck.is_empty() {
                deck = (0..CATEGORIES.len()).collect();
                shuffle(&mut random, &mut deck);
            }
            let card = deck.pop().unwrap_or(0);
            if !hand.contains(&card) {
                hand.push(card);
            }
        }
        hand
    };
    (0..options.groups).map(deal).collect()
}

/// When a visit begins: any day, mostly at the group's time of day.
fn visit_start(random: &mut SplitMix64, days: u32, group: u32) -> i64 {
    const HOUR_MS: u64 = 3_600_000;
    let day = u64::from(below(random, days));
    let own = group as usize % DAYPARTS.len();
    let part = if random.uniform() < 0.7 {
        own
    } else {
        below(random, 4) as usize
    };
    let in_part = random.next_u64() % (4 * HOUR_MS);
    let offset = (u64::from(days) - day) * 24 * HOUR_MS - DAYPARTS[part] * HOUR_MS - in_part;
    // At most 3,650 days.
    UNTIL_MS - i64::try_from(offset).unwrap_or(0)
}

/// One visit: some items are looked at, some of these clicked, put into the basket, bought.
fn visit(
    random: &mut SplitMix64,
    shop: &Shop,
    taste: &[usize],
    bought: &mut Vec<u32>,
    start: i64,
    mut event: impl FnMut(u32, selvedge::event::EventKind, i64),
) {
    use selvedge::event::EventKind::{AddToCart, Click, Conversion, View};
    let mut now = start;
    let mut basket = Vec::new();
    for _ in 0..2 + below(random, 6) {
        let item = if !bought.is_empty() && random.uniform() < 0.2 {
            bought[random.below(bought.len())]
        } else if random.uniform() < 0.8 {
            let loved = taste[random.below(taste.len())];
            shop.pick(random, loved)
        } else {
            let any = random.below(CATEGORIES.len());
            shop.pick(random, any)
        };
        now += 5_000 + i64::from(below(random, 60_000));
        if random.uniform() < 0.5 {
            event(item, Click, now);
            now += 1_000;
        }
        event(item, View, now);
        if random.uniform() < 0.45 {
            now += 2_000 + i64::from(below(random, 30_000));
            event(item, AddToCart, now);
            basket.push(item);
        }
    }
    if random.uniform() < 0.7 {
        now += 10_000;
        for item in basket {
            event(item, Conversion, now);
            bought.push(item);
        }
    }
}

/// A number below `limit`, or 0.
fn below(random: &mut SplitMix64, limit: u32) -> u32 {
    u32::try_from(random.below(limit as usize)).unwrap_or(0)
}

fn shuffle<T>(random: &mut SplitMix64, cards: &mut [T]) {
    for last in (1..cards.len()).rev() {
        let other = random.below(last + 1);
        cards.swap(last, other);
    }
}

#[cfg(test)]
mod tests;
