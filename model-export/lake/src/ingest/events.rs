//! From a row to an event, by the mapping of its source.

use std::borrow::Cow;
use std::collections::BTreeMap;

use selvedge::engine::EVENT_SCHEMA_VERSION;
use selvedge::event::{EventKind, validate_item_id, validate_value};
use serde::Serialize;

use super::time::{FIRST_MS, TimeReader};
use super::{BadRow, Cell, IngestError, Row, cell};
use crate::source::{
    ColumnMap, EventColumns, EventPreset, EventSource, FileFormat, KindOrIgnore, RepeatedRows, TextFormat,
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
    timestamp: usize,
    event_type: Option<usize>,
    value: Option<usize>,
    id: Option<usize>,
    returning: Option<usize>,
    version: Option<usize>,
    context: Vec<(String, usize)>,
    time: TimeReader,
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
    /// When, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// How much.
    pub value: Option<f64>,
    /// Of an event that the edge collected, whether the visitor's cookie had come back; [`None`] for all other events.
    pub returning: Option<bool>,
    /// What else.
    pub context: Vec<(String, String)>,
}

/// Numbers the columns that a mapping asks for, each once.
#[derive(Default)]
pub struct Wanted {
    names: Vec<String>,
}

impl Wanted {
    /// The number of a column.
    pub fn column(&mut self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }

    /// The columns by number.
    pub fn into_names(self) -> Vec<String> {
        self.names
    }
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
            timestamp: wanted.column(&columns.timestamp),
            context: columns
                .context
                .pairs()
                .into_iter()
                .map(|(name, column)| (name, wanted.column(&column)))
                .collect(),
            time: TimeReader::new(timestamp_format, &source.time_zone)?,
            wanted: wanted.into_names(),
        };
        Ok(Self {
            text: TextFormat {
                format: match source.format {
                    FileFormat::Auto if preset => FileFormat::Jsonl,
                    format => format,
                },
                delimiter: source.delimiter,
                header: source.header,
                collected: preset,
            },
            columns,
            event_type: source.event_type,
            event_types: source.event_types.clone(),
            timestamp_format: timestamp_format.to_owned(),
            time_zone: source.time_zone.clone(),
            anonymous: source.anonymous || preset,
            repeated_rows: source.repeated_rows,
            reader,
        })
    }

    /// The columns that rows must have, by number.
    #[must_use]
    pub fn wanted(&self) -> &[String] {
        &self.reader.wanted
    }

    /// The event in a row; `None` where its type is ignored. `now_ms` is the latest that anybody's clock can say.
    ///
    /// # Errors
    /// Why the row is refused.
    pub fn read<'a>(&self, cells: &'a Cells<'a>, now_ms: i64) -> Result<Option<EventRow<'a>>, BadRow> {
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
        let kind = match (self.event_type, reader.event_type) {
            (Some(kind), _) => kind,
            (None, Some(column)) => match self.kind(cells.get(column))? {
                KindOrIgnore::Kind(kind) => kind,
                KindOrIgnore::Ignore => return Ok(None),
            },
            (None, None) => {
                return Err(BadRow::Kind {
                    found: "nothing".to_owned(),
                });
            }
        };
        let item_cell = cells.text(reader.item, &self.columns.item)?;
        let item = item_cell.id().ok_or_else(|| BadRow::Item {
            found: item_cell.shown(),
        })?;
        check_id("item", &item)?;
        let user = match reader.user {
            None => None,
            Some(column) => {
                let cell = cells.text(column, "user")?;
                match cell.id() {
                    Some(user) => {
                        check_id("user", &user)?;
                        Some(user)
                    }
                    None if self.anonymous && cell.is_empty() => None,
                    None => return Err(BadRow::User { found: cell.shown() }),
                }
            }
        };
        let timestamp_ms = reader.time.read("timestamp", cells.get(reader.timestamp))?;
        // A day of grace: clocks and zones differ.
        if !(FIRST_MS..=now_ms.saturating_add(DAY_MS)).contains(&timestamp_ms) {
            return Err(BadRow::TimeRange {
                found: shown_time(timestamp_ms),
            });
        }
        let value = match reader.value {
            None => None,
            Some(column) => value(cells.get(column))?,
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
                let id = cell.id();
                if let Some(id) = &id {
                    check_id("id", id)?;
                } else if !cell.is_empty() {
                    return Err(BadRow::Id {
                        column: "id".to_owned(),
                        reason: selvedge::event::EventError::ItemIdLength { found: 0 },
                    });
                }
                id
            }
        };
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
        Ok(Some(EventRow {
            id,
            user,
            item,
            kind,
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
        EventKind::parse(&text)
            .map(KindOrIgnore::Kind)
            .ok_or_else(|| BadRow::Kind { found: cell.shown() })
    }
}

/// The cells of one row, so that an event can borrow from them.
pub struct Cells<'a> {
    cells: Vec<Cell<'a>>,
}

impl<'a> Cells<'a> {
    /// All wanted cells of a row.
    pub fn of(row: &'a dyn Row, count: usize) -> Self {
        Self {
            cells: (0..count).map(|column| row.cell(column)).collect(),
        }
    }

    /// A cell.
    #[must_use]
    pub fn get(&self, column: usize) -> &Cell<'a> {
        &self.cells[column]
    }

    /// A cell that must be text.
    pub fn text(&self, column: usize, name: &str) -> Result<&Cell<'a>, BadRow> {
        match &self.cells[column] {
            Cell::NotText => Err(BadRow::NotUtf8 {
                column: name.to_owned(),
            }),
            cell => Ok(cell),
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

fn value(cell: &Cell<'_>) -> Result<Option<f64>, BadRow> {
    if cell.is_empty() {
        return Ok(None);
    }
    #[expect(clippy::cast_precision_loss, reason = "a price needs no more than 53 bits")]
    let number = match cell {
        Cell::Int(value) => Some(*value as f64),
        Cell::Unsigned(value) => Some(*value as f64),
        Cell::Float(value) => Some(*value),
        Cell::Bool(value) => Some(f64::from(u8::from(*value))),
        Cell::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number.filter(|number| validate_value(*number).is_ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(BadRow::Value { found: cell.shown() }),
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
