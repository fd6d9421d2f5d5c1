//! Times that stand in one column, or as date and time in two.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use crate::ingest::cells::{Cells, Wanted};
use crate::ingest::text::Template;
use crate::ingest::{Cell, IngestError};

/// Where the time of a row stands.
#[derive(Clone, Debug)]
pub enum TimeColumns {
    /// In one column.
    One(usize),
    /// In several, put together by a template: `{Date} {Time}`.
    Several {
        /// The template.
        template: Template,
        /// Its columns, in their order.
        columns: Vec<(String, usize)>,
    },
}

impl TimeColumns {
    /// The columns of a setting: a column's name, or text with columns in braces.
    ///
    /// # Errors
    /// A brace is not closed.
    pub fn new(setting: &str, wanted: &mut Wanted) -> Result<Self, IngestError> {
        if !setting.contains('{') {
            return Ok(Self::One(wanted.column(setting)));
        }
        let template = Template::parse(setting).map_err(|_| IngestError::TimeTemplate {
            found: setting.to_owned(),
        })?;
        let columns = template
            .columns()
            .map(|name| (name.to_owned(), wanted.column(name)))
            .collect();
        Ok(Self::Several { template, columns })
    }

    /// The cell with the time; of several columns a text that is made of all.
    pub fn cell<'c>(&self, cells: &'c Cells<'c>) -> Cow<'c, Cell<'c>> {
        match self {
            Self::One(column) => Cow::Borrowed(cells.get(*column)),
            Self::Several { template, columns } => {
                let text = template.fill(|name| {
                    let (_, column) = columns.iter().find(|(known, _)| known == name)?;
                    part(cells.get(*column))
                });
                Cow::Owned(if text.is_empty() {
                    Cell::Null
                } else {
                    Cell::Text(text.into())
                })
            }
        }
    }
}

/// A part of a time as text. What a spreadsheet adds to a date or to a time alone goes: midnight, and its day 0.
fn part(cell: &Cell<'_>) -> Option<String> {
    const MIDNIGHT: [&str; 4] = [" 00:00:00", "T00:00:00", " 00:00:00.000", " 0:00"];
    const DAY_ZERO: [&str; 4] = ["1899-12-30", "1899-12-31", "1900-01-00", "1970-01-01"];
    let text = match cell {
        Cell::Instant(ms) | Cell::Local(ms) => {
            let local = TimeZone::UTC.to_datetime(jiff::Timestamp::from_millisecond(*ms).ok()?);
            local.to_string().replacen('T', " ", 1)
        }
        cell => cell.text()?.into_owned(),
    };
    let mut text = text.as_str();
    for end in MIDNIGHT {
        text = text.strip_suffix(end).unwrap_or(text);
    }
    for day in DAY_ZERO {
        if let Some(clock) = text.strip_prefix(day)
            && clock.len() > 1
        {
            text = clock.trim_start_matches(['T', ' ']);
        }
    }
    (!text.is_empty()).then(|| text.to_owned())
}
