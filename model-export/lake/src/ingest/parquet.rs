//! Parquet of any writer, batch by batch. Columns inside structs, lists and maps are reached by dotted paths, as in JSON.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::basic::{LogicalType, Type as PhysicalType};
use parquet::schema::types::SchemaDescriptor;

use super::json_path::NAME_KEYS;
use super::nested::{Column, canonical, element_fields, entry_of, find, is_readable};
use super::{Cell, IngestError, OnRow, Row};

const BATCH_ROWS: usize = 16_384;

/// Where a wanted column is found.
#[derive(Clone, Debug)]
enum Place {
    /// In a column of the file, at a path into it.
    Column(usize, String),
    /// In the element of the exploded list, at a path into it.
    Element(String),
}

/// The mapped columns of a batch, at one row.
struct ParquetRow<'a> {
    columns: &'a [Column],
    places: &'a [Place],
    names: &'a [String],
    element: Option<&'a Cell<'a>>,
    row: usize,
}

impl Row for ParquetRow<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        match &self.places[column] {
            Place::Column(index, path) => self.columns[*index].cell_at(path, self.row),
            Place::Element(path) => self.element.map_or(Cell::Null, |element| find(element, path)),
        }
    }

    fn raw(&self) -> String {
        let pairs: serde_json::Map<String, serde_json::Value> = self
            .names
            .iter()
            .enumerate()
            .map(|(column, name)| {
                let cell = self.cell(column);
                let value = match &cell {
                    Cell::Null => serde_json::Value::Null,
                    cell => cell.text().map_or_else(|| cell.shown(), Cow::into_owned).into(),
                };
                (name.clone(), value)
            })
            .collect();
        serde_json::Value::Object(pairs).to_string()
    }
}

/// A file with what its schema says.
struct Opened {
    file: File,
    metadata: ArrowReaderMetadata,
    uuids: Vec<String>,
}

impl Opened {
    fn new(path: &Path, file: File) -> Result<Self, IngestError> {
        let broken = |source| IngestError::Parquet {
            path: path.to_owned(),
            source,
        };
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(broken)?;
        let leaves =
            |wanted: &dyn Fn(PhysicalType, Option<LogicalType>) -> bool| leaf_paths(metadata.parquet_schema(), wanted);
        let uuids = leaves(&|_, logical| matches!(logical, Some(LogicalType::Uuid)));
        let old_times = leaves(&|physical, _| physical == PhysicalType::INT96);
        if old_times.is_empty() {
            return Ok(Self { file, metadata, uuids });
        }
        // In nanoseconds, as they would be read, 64 bits end in the year 2262, and 9999-12-31, which means "open", becomes 1816.
        let fields = in_milliseconds(metadata.schema().fields(), "", &old_times);
        let schema = Schema::new_with_metadata(fields, metadata.schema().metadata().clone());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(broken)?;
        Ok(Self { file, metadata, uuids })
    }
}

/// Paths of the leaf columns that pass, without the levels that lists and maps add.
fn leaf_paths(schema: &SchemaDescriptor, wanted: &dyn Fn(PhysicalType, Option<LogicalType>) -> bool) -> Vec<String> {
    let leaves = schema.columns().iter();
    let chosen = leaves.filter(|leaf| wanted(leaf.physical_type(), leaf.logical_type_ref().cloned()));
    chosen.map(|leaf| without_lists(leaf.path().parts())).collect()
}

fn without_lists(parts: &[String]) -> String {
    let added = [
        "list",
        "element",
        "item",
        "array",
        "bag",
        "array_element",
        "key_value",
        "map",
    ];
    let kept = parts
        .iter()
        .enumerate()
        .filter(|(index, part)| *index == 0 || !added.contains(&part.as_str()));
    kept.map(|(_, part)| part.as_str()).collect::<Vec<_>>().join(".")
}

fn in_milliseconds(fields: &Fields, above: &str, paths: &[String]) -> Fields {
    let fields = fields.iter().map(|field| {
        let path = if above.is_empty() {
            field.name().clone()
        } else {
            format!("{above}.{}", field.name())
        };
        let found = match field.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, zone) if paths.contains(&path) => {
                DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
            }
            DataType::Struct(inner) => DataType::Struct(in_milliseconds(inner, &path, paths)),
            other => other.clone(),
        };
        Arc::new(Field::clone(field).with_data_type(found))
    });
    fields.collect()
}

/// The columns of a file that rows can be made of, and the list of structs whose elements can be rows.
pub struct Columns {
    /// Columns, and dotted paths of columns inside structs.
    pub names: Vec<String>,
    /// Lists of structs.
    pub lists: Vec<String>,
    /// Lists of names and values; each name is a column of its own.
    pub named: Vec<String>,
}

/// The columns of a file. With `explode`, those inside its elements too.
pub fn columns(path: &Path, file: File, explode: Option<&str>) -> Result<Columns, IngestError> {
    let opened = Opened::new(path, file)?;
    let mut found = Columns {
        names: Vec::new(),
        lists: Vec::new(),
        named: Vec::new(),
    };
    for field in opened.metadata.schema().fields() {
        add(&mut found, field.name(), field.data_type(), explode);
    }
    Ok(found)
}

fn add(found: &mut Columns, path: &str, kind: &DataType, explode: Option<&str>) {
    if let DataType::Struct(fields) = kind {
        for field in fields {
            add(found, &format!("{path}.{}", field.name()), field.data_type(), explode);
        }
    } else if let Some(fields) = element_fields(kind) {
        let has = |name: &str| fields.iter().any(|field| field.name() == name);
        if has("value") && NAME_KEYS.iter().any(|key| has(key)) {
            found.named.push(path.to_owned());
            return;
        }
        found.lists.push(path.to_owned());
        if explode == Some(path) {
            for field in fields {
                add(found, &format!("{path}.{}", field.name()), field.data_type(), None);
            }
        }
    } else if is_readable(kind) {
        found.names.push(path.to_owned());
    }
}

/// Which rows of a file are read.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// All of them.
    All,
    /// About so many, in stretches at even distances.
    Spread(usize),
}

/// Reads rows of a file, in order; `progress` is told bytes, as far as rows tell them. Returns whether all rows were read.
pub fn read(
    path: &Path,
    file: File,
    explode: Option<&str>,
    wanted: &[String],
    which: Which,
    progress: &dyn Fn(u64),
    on_row: &mut OnRow<'_>,
) -> Result<bool, IngestError> {
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let Opened { file, metadata, uuids } = Opened::new(path, file)?;
    let total = u64::try_from(metadata.metadata().file_metadata().num_rows())
        .unwrap_or(0)
        .max(1);
    let schema = Arc::clone(metadata.schema());
    let mut roots: Vec<usize> = Vec::new();
    let mut root = |column: &str| {
        let (index, rest) = place(path, &schema, column)?;
        let at = roots.iter().position(|known| *known == index).unwrap_or_else(|| {
            roots.push(index);
            roots.len() - 1
        });
        Ok::<_, IngestError>((at, rest))
    };
    let list = explode.map(&mut root).transpose()?;
    let mut places = Vec::with_capacity(wanted.len());
    for column in wanted {
        let element = explode.and_then(|list| column.strip_prefix(list)).and_then(|rest| {
            if rest.is_empty() {
                Some(rest)
            } else {
                rest.strip_prefix('.')
            }
        });
        places.push(match element {
            Some(rest) => Place::Element(rest.to_owned()),
            None => {
                let (at, rest) = root(column)?;
                Place::Column(at, rest)
            }
        });
    }
    let names: Vec<String> = roots.iter().map(|index| schema.field(*index).name().clone()).collect();
    let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
    let groups: Vec<usize> = metadata
        .metadata()
        .row_groups()
        .iter()
        .map(|group| usize::try_from(group.num_rows()).unwrap_or(0))
        .collect();
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS);
    let mut whole = true;
    if let Which::Spread(limit) = which
        && let Some((chosen, selection)) = spread(&groups, limit)
    {
        whole = false;
        builder = builder.with_row_groups(chosen).with_row_selection(selection);
    }
    let reader = builder.build().map_err(|source| IngestError::Parquet {
        path: path.to_owned(),
        source,
    })?;
    let is_uuid = |path: &str| uuids.iter().any(|known| known == path);
    let mut rows = 0u64;
    for batch in reader {
        let failed = |source| IngestError::Batch {
            path: path.to_owned(),
            rows,
            source,
        };
        let batch = batch.map_err(failed)?;
        let columns = names.iter().map(|name| ready(&batch, name, &is_uuid));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let before = rows;
        for row in 0..batch.num_rows() {
            rows += 1;
            let mut view = ParquetRow {
                columns: &columns,
                places: &places,
                names: wanted,
                element: None,
                row,
            };
            let Some((at, rest)) = &list else {
                on_row(rows, Ok(&view))?;
                continue;
            };
            let elements = match columns[*at].cell_at(rest, row) {
                Cell::List(elements) => elements,
                Cell::Null => Vec::new(),
                single => vec![single],
            };
            for element in &elements {
                view.element = Some(element);
                let view: &ParquetRow<'_> = &view;
                on_row(rows, Ok(view))?;
            }
        }
        progress(share_of(bytes, rows, total) - share_of(bytes, before, total));
    }
    Ok(whole)
}

/// The column that a path begins with, and the path into it.
fn place(path: &Path, schema: &Schema, column: &str) -> Result<(usize, String), IngestError> {
    let dots = column.match_indices('.').map(|(dot, _)| dot);
    // A name may hold dots itself.
    for end in std::iter::once(column.len()).chain(dots) {
        let Ok(index) = schema.index_of(&column[..end]) else {
            continue;
        };
        let found = schema.field(index).data_type();
        let rest = column.get(end + 1..).unwrap_or_default();
        let usable = is_readable(found)
            && (!rest.is_empty() || canonical(found).is_some() || !matches!(found, DataType::Struct(_)));
        if !usable {
            return Err(IngestError::ColumnType {
                path: path.to_owned(),
                column: column.to_owned(),
                found: found.to_string(),
            });
        }
        if reaches(found, rest) {
            return Ok((index, rest.to_owned()));
        }
    }
    let mut all = Columns {
        names: Vec::new(),
        lists: Vec::new(),
        named: Vec::new(),
    };
    schema
        .fields()
        .iter()
        .for_each(|field| add(&mut all, field.name(), field.data_type(), None));
    Err(IngestError::NoColumn {
        path: path.to_owned(),
        column: column.to_owned(),
        found: [all.names, all.lists, all.named].concat(),
    })
}

/// Whether a path leads somewhere; inside lists and maps only the data knows.
fn reaches(kind: &DataType, path: &str) -> bool {
    match kind {
        _ if path.is_empty() => true,
        DataType::Struct(fields) => fields.iter().any(|field| {
            path.strip_prefix(field.name().as_str()).is_some_and(|rest| {
                rest.is_empty()
                    || rest
                        .strip_prefix('.')
                        .is_some_and(|rest| reaches(field.data_type(), rest))
            })
        }),
        DataType::Map(..) => true,
        other => {
            element_fields(other).is_some() || canonical(other).is_some_and(|found| matches!(found, DataType::List(_)))
        }
    }
}

fn ready(batch: &RecordBatch, name: &str, uuid: &dyn Fn(&str) -> bool) -> Result<Column, ArrowError> {
    Column::new(batch.column(batch.schema().index_of(name)?), name, uuid)
}

/// Row groups and stretches of rows in them, at even distances; [`None`] where all rows are few enough.
fn spread(groups: &[usize], limit: usize) -> Option<(Vec<usize>, RowSelection)> {
    const GROUPS: usize = 16;
    let all: usize = groups.iter().sum();
    if all <= limit {
        return None;
    }
    let count = groups.len().min(GROUPS);
    let chosen: Vec<usize> = (0..count).map(|number| number * groups.len() / count).collect();
    // Of many groups, the beginning: what lies behind it in a group must be unpacked to be passed over.
    let stretches = GROUPS.div_ceil(count);
    let mut selectors = Vec::new();
    for group in &chosen {
        let rows = groups[*group];
        let step = rows / stretches;
        let length = (limit / count / stretches).min(step);
        if length == 0 {
            selectors.push(RowSelector::select(rows));
            continue;
        }
        for stretch in 0..stretches {
            let end = if stretch + 1 == stretches {
                rows - step * stretch
            } else {
                step
            };
            selectors.push(RowSelector::select(length));
            selectors.push(RowSelector::skip(end - length));
        }
    }
    Some((chosen, RowSelection::from(selectors)))
}

/// Names that occur in lists of names and values, by first appearance.
pub fn names_in(path: &Path, file: File, lists: &[String], limit: usize) -> Result<Vec<String>, IngestError> {
    let mut names: Vec<String> = Vec::new();
    read(path, file, None, lists, Which::Spread(limit), &|_| (), &mut |_, row| {
        if let Ok(row) = row {
            for (index, list) in lists.iter().enumerate() {
                if let Cell::List(entries) = row.cell(index) {
                    for (name, _) in entries.iter().filter_map(entry_of) {
                        let name = format!("{list}.{name}");
                        if names.len() < 1_000 && !names.contains(&name) {
                            names.push(name);
                        }
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok(names)
}

/// Rows of the file, as it says.
pub fn row_count(path: &Path, file: File) -> Result<u64, IngestError> {
    let opened = Opened::new(path, file)?;
    Ok(u64::try_from(opened.metadata.metadata().file_metadata().num_rows()).unwrap_or(0))
}

fn share_of(bytes: u64, rows: u64, total: u64) -> u64 {
    u64::try_from(u128::from(bytes) * u128::from(rows.min(total)) / u128::from(total)).unwrap_or(bytes)
}
