//! From a row to an event, by the mapping of its source.

use std::borrow::Cow;
use std::collections::BTreeMap;

use selvedge::engine::EVENT_SCHEMA_VERSION;
use selvedge::event::{EventKind, validate_item_id, validate_value};
use serde::Serialize;

use super::cells::{Cells, Wanted};
use super::filter::CellFilter;
use super::ids::{self, Placeholders};
use super::number::{DecimalWatch, NoNumber, NumberReader};
use super::repeats::Frequent;
use super::time::{FIRST_MS, OrderWatch, TimeColumns, TimeReader};
use super::{BadRow, Cell, IngestError, cell};
use crate::source::{
    ColumnMap, EventColumns, EventPreset, EventSource, FileFormat, ITEM_PLACEHOLDERS, KindOrIgnore, RepeatedRows,
    TextFormat, USER_PLACEHOLDERS, UnknownTypes,
};
use crate::storage::schema::{DAY_MS, date_of};

/// Context values beyond this many characters are cut: they are for slicing reports, not for storing pages.
const MAX_CONTEXT_CHARS: usize = 512;

/// What rows of a source mean, with presets and defaults filled in. Its JSON is part of a source's id.
#[derive(Clone, Debug, Serialize)]
pub struct EventMapping {
    /// How the files are read.
    pub text: TextFormat,
    columns: EventColumns,
    event_type: Option<EventKind>,
    event_types: BTreeMap<String, KindOrIgnore>,
    timestamp_format: String,
    time_zone: String,
    anonymous: bool,
    // Settings that came later are part of a source's id only where they are set, so that the sources of old configurations stay the same.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(skip_serializing_if = "UnknownTypes::is_default")]
    unknown_event_types: UnknownTypes,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholders: Option<Vec<String>>,
    /// What becomes of equal rows.
    #[serde(skip_serializing_if = "RepeatedRows::is_keep")]
    pub repeated_rows: RepeatedRows,
    #[serde(skip)]
    reader: Reader,
}

/// Column numbers, as rows know them.
#[derive(Clone, Debug)]
struct Reader {
    wanted: Vec<String>,
    user: Option<usize>,
    item: usize,
    timestamp: TimeColumns,
    event_type: Option<usize>,
    value: Option<usize>,
    id: Option<usize>,
    returning: Option<usize>,
    version: Option<usize>,
    context: Vec<(String, usize)>,
    time: TimeReader,
    filter: Option<CellFilter>,
    numbers: NumberReader,
    nobody: Placeholders,
    nothing: Placeholders,
}

/// What the rows of one file say about it as a whole.
pub struct FileWatch {
    /// Whether day and month are the other way round.
    pub order: OrderWatch,
    /// Whether the values have two decimal marks.
    pub decimal: DecimalWatch,
    /// Who fills the file.
    pub users: Frequent,
    /// What fills it.
    pub items: Frequent,
}

/// What becomes of a row.
#[derive(Debug, PartialEq)]
pub enum Read<'a> {
    /// It is an event.
    Event(EventRow<'a>),
    /// Its type is ignored.
    Ignored,
    /// The source's filter leaves it out.
    Filtered,
}

/// An event, as text borrowed from its row.
#[derive(Debug, PartialEq)]
pub struct EventRow<'a> {
    /// Unique id.
    pub id: Option<Cow<'a, str>>,
    /// Who; `None` is anonymous.
    pub user: Option<Cow<'a, str>>,
    /// Which item.
    pub item: Cow<'a, str>,
    /// What happened.
    pub kind: EventKind,
    /// Whether the row takes the visitor's last event of this kind with this item back.
    pub takes_back: bool,
    /// When, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// How much.
    pub value: Option<f64>,
    /// Of an event that the edge collected, whether the visitor's cookie had come back; [`None`] for all other events.
    pub returning: Option<bool>,
    /// What else.
    pub context: Vec<(String, String)>,
}

/// What the Worker's collector writes.
fn collector() -> EventColumns {
    let same = |name: &str| (name.to_owned(), name.to_owned());
    EventColumns {
        user: Some("user".to_owned()),
        item: "item".to_owned(),
        timestamp: "timestamp_ms".to_owned(),
        event_type: Some("type".to_owned()),
        value: Some("value".to_owned()),
        id: Some("id".to_owned()),
        returning: Some("returning".to_owned()),
        context: ColumnMap::Renamed(
            ["slot", "position", "segment", "model", "decision", "context"]
                .map(same)
                .into_iter()
                .collect(),
        ),
    }
}

impl EventMapping {
    /// The mapping of a source.
    ///
    /// # Errors
    /// The time format or the zone is unknown.
    pub fn new(source: &EventSource) -> Result<Self, IngestError> {
        let preset = matches!(source.preset, Some(EventPreset::SelvedgeCollector));
        let columns = match &source.columns {
            Some(columns) => columns.clone(),
            None => collector(),
        };
        let timestamp_format = if preset { "unix_ms" } else { &source.timestamp_format };
        let mut wanted = Wanted::default();
        let mut optional = |name: &Option<String>| name.as_ref().map(|name| wanted.column(name));
        let user = optional(&columns.user);
        let event_type = optional(&columns.event_type);
        let value = optional(&columns.value);
        let id = optional(&columns.id);
        let returning = optional(&columns.returning);
        let version = preset.then(|| wanted.column("schema_version"));
        let reader = Reader {
            user,
            event_type,
            value,
            id,
            returning,
            version,
            item: wanted.column(&columns.item),
            timestamp: TimeColumns::new(&columns.timestamp, &mut wanted)?,
            context: columns
                .context
                .pairs()
                .into_iter()
                .map(|(name, column)| (name, wanted.column(&column)))
                .collect(),
            time: TimeReader::new(timestamp_format, &source.time_zone)?,
            filter: CellFilter::new(source.filter.as_deref(), source.decimal, &mut wanted)?,
            numbers: NumberReader::new(source.decimal),
            // The edge gives every visitor an id of its own.
            nobody: if preset {
                Placeholders::none()
            } else {
                Placeholders::new(source.placeholders.as_deref(), USER_PLACEHOLDERS)
            },
            nothing: if preset {
                Placeholders::none()
            } else {
                Placeholders::new(None, ITEM_PLACEHOLDERS)
            },
            wanted: wanted.into_names(),
        };
        Ok(Self {
            text: TextFormat {
                format: match source.format {
                    FileFormat::Auto if preset => FileFormat::Jsonl,
                    format => format,
                },
                collected: preset,
                ..source.text_format()
            },
            columns,
            event_type: source.event_type,
            event_types: source.event_types.clone(),
            timestamp_format: timestamp_format.to_owned(),
            time_zone: source.time_zone.clone(),
            anonymous: source.anonymous || preset,
            filter: source.filter.clone(),
            unknown_event_types: source.unknown_event_types,
            decimal: source.decimal,
            placeholders: source.placeholders.clone(),
            repeated_rows: source.repeated_rows,
            reader,
        })
    }

    /// The columns that rows must have, by number.
    #[must_use]
    pub fn wanted(&self) -> &[String] {
        &self.reader.wanted
    }

    /// A watch over the rows of one file.
    #[must_use]
    pub fn watch(&self) -> FileWatch {
        FileWatch {
            order: OrderWatch::new(&self.reader.time),
            decimal: DecimalWatch::default(),
            users: Frequent::default(),
            items: Frequent::default(),
        }
    }

    /// The event in a row, if it is one that counts. `now_ms` is the latest that anybody's clock can say.
    ///
    /// # Errors
    /// Why the row is refused.
    pub fn read<'a>(&self, cells: &'a Cells<'a>, now_ms: i64, watch: &mut FileWatch) -> Result<Read<'a>, BadRow> {
        let reader = &self.reader;
        if let Some(cell) = reader.version.map(|column| cells.get(column))
            && !matches!(cell, Cell::Null | Cell::Int(1))
        {
            const { assert!(EVENT_SCHEMA_VERSION == 1, "the versions that are read") };
            return Err(BadRow::SchemaVersion {
                expected: EVENT_SCHEMA_VERSION,
                found: cell.shown(),
            });
        }
        if let Some(filter) = &reader.filter
            && !filter.holds(cells)?
        {
            return Ok(Read::Filtered);
        }
        let (kind, takes_back) = match (self.event_type, reader.event_type) {
            (Some(kind), _) => (kind, false),
            (None, Some(column)) => match self.kind(cells.get(column))? {
                KindOrIgnore::Kind(kind) => (kind, false),
                KindOrIgnore::TakesBack(kind) => (kind, true),
                KindOrIgnore::Ignore => return Ok(Read::Ignored),
            },
            (None, None) => {
                return Err(BadRow::Kind {
                    found: "nothing".to_owned(),
                });
            }
        };
        let item_cell = cells.text(reader.item, &self.columns.item)?;
        let item = ids::id("item", item_cell)?.ok_or_else(|| BadRow::Item {
            found: item_cell.shown(),
        })?;
        if reader.nothing.has(&item) {
            return Err(BadRow::PlaceholderItem {
                found: item_cell.shown(),
            });
        }
        check_id("item", &item)?;
        let user = match reader.user {
            None => None,
            Some(column) => {
                let cell = cells.text(column, "user")?;
                match ids::id("user", cell)? {
                    Some(user) if reader.nobody.has(&user) => {
                        if !self.anonymous {
                            return Err(BadRow::PlaceholderUser { found: cell.shown() });
                        }
                        None
                    }
                    Some(user) => {
                        check_id("user", &user)?;
                        Some(user)
                    }
                    None if self.anonymous && cell.is_empty() => None,
                    None => return Err(BadRow::User { found: cell.shown() }),
                }
            }
        };
        let time = reader.timestamp.cell(cells);
        let timestamp_ms = reader.time.read_watched("timestamp", &time, &mut watch.order)?;
        // A day of grace: clocks and zones differ.
        if !(FIRST_MS..=now_ms.saturating_add(DAY_MS)).contains(&timestamp_ms) {
            return Err(BadRow::TimeRange {
                found: shown_time(timestamp_ms),
            });
        }
        let value = match reader.value {
            None => None,
            Some(column) => value(cells.get(column), reader.numbers, &mut watch.decimal)?,
        };
        let returning = match reader.returning.map(|column| cells.get(column)) {
            None => None,
            // An edge that is older than this field: what it collected counts as before.
            Some(Cell::Null) => Some(true),
            Some(Cell::Bool(returning)) => Some(*returning),
            Some(cell) => return Err(BadRow::Returning { found: cell.shown() }),
        };
        let id = match reader.id {
            None => None,
            Some(column) => {
                let cell = cells.text(column, "id")?;
                let id = ids::id("id", cell)?;
                if let Some(id) = &id {
                    check_id("id", id)?;
                } else if !cell.is_empty() {
                    return Err(BadRow::Id {
                        column: "id".to_owned(),
                        reason: selvedge::event::EventError::ItemIdLength { found: 0 },
                    });
                }
                // What takes an order back has the order's id, and is another event.
                id.map(|id| {
                    if takes_back {
                        Cow::Owned(format!("takes back {id}"))
                    } else {
                        id
                    }
                })
            }
        };
        if let Some(user) = &user {
            watch.users.add(user);
        }
        watch.items.add(&item);
        let mut context = Vec::new();
        for (name, column) in &reader.context {
            match cells.get(*column) {
                Cell::Object(pairs) => {
                    let texts = pairs
                        .iter()
                        .filter_map(|(name, cell)| Some((name.clone(), cell.text()?)));
                    context.extend(texts.map(|(name, text)| (name, cut(&text))));
                }
                cell => {
                    if let Some(text) = cell.text() {
                        context.push((name.clone(), cut(&text)));
                    }
                }
            }
        }
        Ok(Read::Event(EventRow {
            id,
            user,
            item,
            kind,
            takes_back,
            timestamp_ms,
            value,
            returning,
            context,
        }))
    }

    fn kind(&self, cell: &Cell<'_>) -> Result<KindOrIgnore, BadRow> {
        let text = cell.text().ok_or_else(|| BadRow::Kind { found: cell.shown() })?;
        if let Some(kind) = self.event_types.get(text.as_ref()) {
            return Ok(*kind);
        }
        match (EventKind::parse(&text), self.unknown_event_types) {
            (Some(kind), _) => Ok(KindOrIgnore::Kind(kind)),
            (None, UnknownTypes::Ignore) => Ok(KindOrIgnore::Ignore),
            (None, UnknownTypes::Quarantine) => Err(BadRow::Kind { found: cell.shown() }),
        }
    }
}

/// An id that the core takes as well.
pub fn check_id(column: &str, id: &str) -> Result<(), BadRow> {
    validate_item_id(id).map_err(|reason| BadRow::Id {
        column: column.to_owned(),
        reason,
    })
}

fn value(cell: &Cell<'_>, numbers: NumberReader, watch: &mut DecimalWatch) -> Result<Option<f64>, BadRow> {
    if cell.is_missing() {
        return Ok(None);
    }
    match numbers.read(cell) {
        Ok((number, form)) if validate_value(number).is_ok() => {
            watch.see(form, cell);
            Ok(Some(number))
        }
        Err(NoNumber::Ambiguous) => Err(BadRow::DecimalMark {
            column: "value".to_owned(),
            found: cell.shown(),
        }),
        _ => Err(BadRow::Value { found: cell.shown() }),
    }
}

fn cut(text: &str) -> String {
    cell::shorten(text, MAX_CONTEXT_CHARS)
}

fn shown_time(timestamp_ms: i64) -> String {
    // Beyond the year 9999 a date has no agreed form.
    if (0..253_402_300_800_000).contains(&timestamp_ms) {
        date_of(timestamp_ms)
    } else {
        format!("{timestamp_ms} ms since 1970")
    }
}
