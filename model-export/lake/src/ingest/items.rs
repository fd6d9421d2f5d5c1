//! From a row to an item of the catalogue, by the mapping of its source.

use selvedge::item::{ItemField, MAX_ATTRIBUTES, MAX_CATEGORIES};
use serde::Serialize;

use super::cells::{Cells, Wanted};
use super::events::check_id;
use super::filter::CellFilter;
use super::ids::{self, Placeholders};
use super::repeats::Titles;
use super::text::{Template, collapse, title_case};
use super::time::{FIRST_MS, OrderWatch, TimeReader};
use super::{BadRow, Cell, IngestError};
use crate::source::{CatalogueColumns, CatalogueSource, ITEM_PLACEHOLDERS, TextFormat};
use crate::storage::CatalogueItem;
use crate::storage::schema::date_of;

/// What rows of a source mean. Its JSON is part of a source's id.
#[derive(Clone, Debug, Serialize)]
pub struct ItemMapping {
    /// How the files are read.
    pub text: TextFormat,
    columns: CatalogueColumns,
    title_case: Vec<String>,
    category_separator: Option<String>,
    timestamp_format: String,
    time_zone: String,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<char>,
    #[serde(skip)]
    reader: Reader,
}

/// A column: its number, and whether it is written in capitals.
#[derive(Clone, Debug)]
struct Column {
    number: usize,
    name: String,
    title_case: bool,
}

#[derive(Clone, Debug)]
struct Reader {
    wanted: Vec<String>,
    id: usize,
    title: Option<Template>,
    title_columns: Vec<Column>,
    categories: Vec<Column>,
    attributes: Vec<(String, Column)>,
    image: Option<usize>,
    available_from: Option<usize>,
    available_until: Option<usize>,
    time: TimeReader,
    filter: Option<CellFilter>,
    nothing: Placeholders,
}

/// What the rows of one file say about it as a whole.
pub struct FileWatch {
    /// Whether day and month are the other way round.
    pub order: OrderWatch,
    /// Ids with many titles.
    pub titles: Titles,
}

/// An item, and what of its row no snapshot could hold.
#[derive(Debug)]
pub struct ItemRow {
    /// The item without it.
    pub item: CatalogueItem,
    /// Texts that were left out or shortened, with the reason.
    pub changed: Vec<BadRow>,
}

impl ItemMapping {
    /// The mapping of a source.
    ///
    /// # Errors
    /// The title's template, the time format, the zone or the name of an attribute is not as expected.
    pub fn new(source: &CatalogueSource) -> Result<Self, IngestError> {
        let columns = &source.columns;
        let names = columns.attributes.pairs();
        if names.len() > MAX_ATTRIBUTES {
            return Err(IngestError::Attributes {
                limit: MAX_ATTRIBUTES,
                found: names.len(),
            });
        }
        for (name, _) in &names {
            let refused = |source| IngestError::AttributeName { source };
            ItemField::AttributeName.check(name).map_err(refused)?;
        }
        let mut wanted = Wanted::default();
        let id = wanted.column(&columns.id);
        let mut column = |name: &str| Column {
            number: wanted.column(name),
            name: name.to_owned(),
            title_case: source.title_case.iter().any(|titled| titled == name),
        };
        let title = columns.title.as_deref().map(Template::parse).transpose()?;
        let title_columns = title.iter().flat_map(Template::columns).map(&mut column).collect();
        let categories = columns.categories.iter().map(|name| column(name)).collect();
        let attributes = columns
            .attributes
            .pairs()
            .into_iter()
            .map(|(name, from)| (name, column(&from)))
            .collect();
        let mut optional = |name: &Option<String>| name.as_ref().map(|name| wanted.column(name));
        let reader = Reader {
            id,
            title,
            title_columns,
            categories,
            attributes,
            image: optional(&columns.image),
            available_from: optional(&columns.available_from),
            available_until: optional(&columns.available_until),
            time: TimeReader::new(&source.timestamp_format, &source.time_zone)?,
            filter: CellFilter::new(source.filter.as_deref(), source.decimal, &mut wanted)?,
            nothing: Placeholders::new(None, ITEM_PLACEHOLDERS),
            wanted: wanted.into_names(),
        };
        Ok(Self {
            text: source.text_format(),
            columns: columns.clone(),
            title_case: source.title_case.clone(),
            category_separator: source.category_separator.clone(),
            timestamp_format: source.timestamp_format.clone(),
            time_zone: source.time_zone.clone(),
            filter: source.filter.clone(),
            decimal: source.decimal,
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
            titles: Titles::default(),
        }
    }

    /// The item in a row; [`None`] if the source's filter leaves it out. An item without a title takes the deepest category's name, or its id.
    ///
    /// The texts of the item are such that a snapshot can hold them: one that it could not is shortened or left out.
    ///
    /// # Errors
    /// Why the row is refused.
    pub fn read(&self, cells: &Cells<'_>, watch: &mut FileWatch) -> Result<Option<ItemRow>, BadRow> {
        let reader = &self.reader;
        if let Some(filter) = &reader.filter
            && !filter.holds(cells)?
        {
            return Ok(None);
        }
        let mut changed = Vec::new();
        let cell = cells.text(reader.id, &self.columns.id)?;
        let id = ids::id("item", cell)?.ok_or_else(|| BadRow::Item { found: cell.shown() })?;
        if reader.nothing.has(&id) {
            return Err(BadRow::PlaceholderItem { found: cell.shown() });
        }
        check_id("item", &id)?;
        for column in &reader.title_columns {
            cells.text(column.number, &column.name)?;
        }
        let mut categories: Vec<String> = Vec::new();
        for column in &reader.categories {
            for name in self.names(cells.text(column.number, &column.name)?, column) {
                let name = fitting(ItemField::Category, name, &mut changed);
                // `PICKLES / PICKLES` is one category twice.
                if categories.last() != Some(&name) {
                    categories.push(name);
                }
            }
        }
        if categories.len() > MAX_CATEGORIES {
            changed.push(BadRow::Categories {
                limit: MAX_CATEGORIES,
                found: categories.len(),
            });
            categories.truncate(MAX_CATEGORIES);
        }
        let mut attributes = Vec::new();
        for (name, column) in &reader.attributes {
            if let Some(text) = shown(cells.text(column.number, &column.name)?, column) {
                attributes.push((name.clone(), fitting(ItemField::Attribute, text, &mut changed)));
            }
        }
        let title = reader.title.as_ref().map(|template| {
            template.fill(|name| {
                let column = reader.title_columns.iter().find(|column| column.name == name)?;
                shown(cells.get(column.number), column)
            })
        });
        let title = title
            .filter(|title| !title.is_empty())
            .or_else(|| categories.last().cloned())
            .unwrap_or_else(|| id.clone().into_owned());
        let image = match reader.image {
            None => None,
            Some(column) => cells.text(column, "image")?.text(),
        };
        // The beginning of an address is another address.
        let image = image.filter(|image| match ItemField::Image.check(image) {
            Ok(()) => true,
            Err(source) => {
                changed.push(BadRow::LeftOut { source });
                false
            }
        });
        let item = CatalogueItem {
            title: fitting(ItemField::Title, title, &mut changed),
            categories,
            attributes,
            image: image.map(|image| image.into_owned()),
            available_from_ms: self.from(cells, &mut watch.order)?,
            available_until_ms: self.until(cells, &mut watch.order)?,
            id: id.into_owned(),
        };
        if reader.title.is_some() {
            watch.titles.add(&item.id, &item.title);
        }
        Ok(Some(ItemRow { item, changed }))
    }

    /// The categories in one cell.
    fn names(&self, cell: &Cell<'_>, column: &Column) -> Vec<String> {
        let texts: Vec<String> = match (cell, &self.category_separator) {
            (Cell::List(cells), _) => cells
                .iter()
                .filter_map(|cell| cell.text().map(|text| text.into_owned()))
                .collect(),
            (cell, Some(separator)) if !separator.is_empty() => cell
                .text()
                .map(|text| text.split(separator.as_str()).map(str::to_owned).collect())
                .unwrap_or_default(),
            (cell, _) => cell.text().map(|text| text.into_owned()).into_iter().collect(),
        };
        let cased = |text: String| {
            if column.title_case {
                title_case(&text)
            } else {
                collapse(&text)
            }
        };
        texts.into_iter().map(cased).filter(|name| !name.is_empty()).collect()
    }

    /// From when the item may be shown. What lies before all shops is no limit; what cannot be read refuses the row, so that nothing is shown early.
    fn from(&self, cells: &Cells<'_>, watch: &mut OrderWatch) -> Result<Option<i64>, BadRow> {
        let time = self.time(cells, self.reader.available_from, "available_from", watch)?;
        Ok(time.filter(|ms| *ms >= FIRST_MS))
    }

    /// Until when. Databases write the year 9999 for no end.
    fn until(&self, cells: &Cells<'_>, watch: &mut OrderWatch) -> Result<Option<i64>, BadRow> {
        let column = "available_until";
        match self.time(cells, self.reader.available_until, column, watch)? {
            Some(ms) if ms < FIRST_MS => Err(BadRow::WindowEnd {
                column: column.to_owned(),
                found: date_of(ms),
            }),
            time => Ok(time.filter(|ms| *ms < OPEN_MS)),
        }
    }

    fn time(
        &self,
        cells: &Cells<'_>,
        column: Option<usize>,
        name: &str,
        watch: &mut OrderWatch,
    ) -> Result<Option<i64>, BadRow> {
        match column.map(|column| cells.get(column)) {
            None => Ok(None),
            Some(cell) if cell.is_missing() || is_zero_date(cell) => Ok(None),
            Some(cell) => self.reader.time.read_watched(name, cell, watch).map(Some),
        }
    }
}

/// Windows that end in the year 2200 or later do not end.
const OPEN_MS: i64 = 7_258_118_400_000;

/// What databases write where no time is set: `0`, `0000-00-00 00:00:00`.
fn is_zero_date(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Int(0) | Cell::Unsigned(0) => true,
        Cell::Float(value) => *value == 0.0,
        Cell::Text(text) => {
            let text = text.trim();
            text == "0" || text.starts_with("0000-00-00")
        }
        _ => false,
    }
}

/// A text that a snapshot can hold: the text itself, or its beginning. It has no control characters any more.
fn fitting(field: ItemField, text: String, changed: &mut Vec<BadRow>) -> String {
    match field.check(&text) {
        Ok(()) => text,
        Err(source) => {
            changed.push(BadRow::Shortened { source });
            // The cut may leave a space at the end.
            field.beginning(&text).trim_end().to_owned()
        }
    }
}

/// A cell as people read it; several values are joined by commas.
fn shown(cell: &Cell<'_>, column: &Column) -> Option<String> {
    let text = match cell {
        Cell::List(cells) => cells
            .iter()
            .filter_map(|cell| cell.text().map(|text| text.into_owned()))
            .collect::<Vec<_>>()
            .join(", "),
        cell => cell.text()?.into_owned(),
    };
    let text = if column.title_case {
        title_case(&text)
    } else {
        collapse(&text)
    };
    (!text.is_empty()).then_some(text)
}
