//! Columns of Parquet files as cells: flat ones by a cast of the whole batch, structs, lists and maps by going down into them.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, TimestampMillisecondType, UInt64Type};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, TimeUnit};

use super::Cell;

/// The type that a column is read as; `None` where no single [`Cell`] holds it.
#[must_use]
pub fn canonical(found: &DataType) -> Option<DataType> {
    use DataType as D;
    Some(match found {
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => {
            D::Utf8
        }
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 => D::Int64,
        D::UInt64 => D::UInt64,
        D::Float16 | D::Float32 | D::Float64 => D::Float64,
        D::Decimal32(_, 0) | D::Decimal64(_, 0) | D::Decimal128(_, 0) | D::Decimal256(_, 0) => D::Utf8,
        D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => D::Float64,
        D::Boolean | D::Null => found.clone(),
        D::Date32 | D::Date64 => D::Timestamp(TimeUnit::Millisecond, None),
        D::Timestamp(_, zone) => D::Timestamp(TimeUnit::Millisecond, zone.clone()),
        // A time of day, to be put beside a date.
        D::Time32(_) | D::Time64(_) => D::Utf8,
        D::Dictionary(_, value) => canonical(value)?,
        D::RunEndEncoded(_, value) => canonical(value.data_type())?,
        D::List(field) | D::LargeList(field) | D::FixedSizeList(field, _) => {
            D::List(Arc::new(Field::new("element", canonical(field.data_type())?, true)))
        }
        _ => return None,
    })
}

/// Whether rows can be made of a column, perhaps by a path into it.
#[must_use]
pub fn is_readable(found: &DataType) -> bool {
    use DataType as D;
    canonical(found).is_some()
        || match found {
            D::Struct(fields) => fields.iter().any(|field| is_readable(field.data_type())),
            D::List(field) | D::LargeList(field) | D::FixedSizeList(field, _) => is_readable(field.data_type()),
            D::Map(entries, _) => {
                matches!(entries.data_type(), D::Struct(fields) if fields.len() == 2 && is_readable(fields[1].data_type()))
            }
            _ => false,
        }
}

/// The fields of a list of structs.
#[must_use]
pub fn element_fields(found: &DataType) -> Option<&arrow_schema::Fields> {
    match found {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            match field.data_type() {
                DataType::Struct(fields) => Some(fields),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A column of a batch, ready to give cells.
pub enum Column {
    /// One value for each row.
    Flat(ArrayRef),
    /// Values under names.
    Struct(ArrayRef, Vec<(String, Self)>),
    /// Several values: the list and what all its elements are.
    List(ArrayRef, Box<Self>),
    /// Values under keys that are data.
    Map(ArrayRef, Box<Self>, Box<Self>),
}

impl Column {
    /// Makes a column of an array. `uuid` tells of a path into it whether the bytes there are a UUID.
    pub fn new(array: &ArrayRef, path: &str, uuid: &dyn Fn(&str) -> bool) -> Result<Self, ArrowError> {
        if let DataType::FixedSizeBinary(16) = array.data_type()
            && uuid(path)
        {
            return Ok(Self::Flat(uuid_texts(array)));
        }
        if let DataType::FixedSizeBinary(_) = array.data_type() {
            // Arrow casts it to text only by way of bytes of any length.
            let text = cast(&cast(array, &DataType::Binary)?, &DataType::Utf8)?;
            return Ok(Self::Flat(text));
        }
        if let Some(target) = canonical(array.data_type())
            && element_of(array.data_type())
                .is_none_or(|element| element != &DataType::FixedSizeBinary(16) || !uuid(path))
        {
            let flat = if &target == array.data_type() {
                Arc::clone(array)
            } else {
                cast(array, &target)?
            };
            return Ok(Self::Flat(flat));
        }
        match array.data_type() {
            DataType::Struct(fields) => {
                let columns = array
                    .as_struct_opt()
                    .map(arrow_array::StructArray::columns)
                    .unwrap_or_default();
                let children = fields.iter().zip(columns).map(|(field, column)| {
                    let path = format!("{path}.{}", field.name());
                    Ok((field.name().clone(), Self::new(column, &path, uuid)?))
                });
                Ok(Self::Struct(
                    Arc::clone(array),
                    children.collect::<Result<_, ArrowError>>()?,
                ))
            }
            DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
                // One kind of list is enough.
                Self::new(&cast(array, &DataType::List(Arc::clone(field)))?, path, uuid)
            }
            DataType::List(_) => {
                let values = array.as_list_opt::<i32>().map(|list| Arc::clone(list.values()));
                match values {
                    Some(values) => Ok(Self::List(Arc::clone(array), Box::new(Self::new(&values, path, uuid)?))),
                    None => Ok(Self::Flat(Arc::clone(array))),
                }
            }
            DataType::Map(..) => match array.as_map_opt() {
                Some(map) => Ok(Self::Map(
                    Arc::clone(array),
                    Box::new(Self::new(map.keys(), path, uuid)?),
                    Box::new(Self::new(map.values(), path, uuid)?),
                )),
                None => Ok(Self::Flat(Arc::clone(array))),
            },
            _ => Ok(Self::Flat(Arc::clone(array))),
        }
    }

    /// The value of a row.
    #[must_use]
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Flat(array) => cell_of(array.as_ref(), row),
            Self::Struct(array, _) | Self::List(array, _) | Self::Map(array, ..) if array.is_null(row) => Cell::Null,
            Self::Struct(_, children) => Cell::Object(
                children
                    .iter()
                    .map(|(name, child)| (name.clone(), child.cell(row)))
                    .collect(),
            ),
            Self::List(array, values) => match array.as_list_opt::<i32>() {
                Some(list) => Cell::List(
                    range(list.value_offsets(), row)
                        .map(|index| values.cell(index))
                        .collect(),
                ),
                None => Cell::Null,
            },
            Self::Map(array, keys, values) => match array.as_map_opt() {
                Some(map) => Cell::Object(
                    range(map.value_offsets(), row)
                        .filter_map(|index| Some((keys.cell(index).text()?.into_owned(), values.cell(index))))
                        .collect(),
                ),
                None => Cell::Null,
            },
        }
    }

    /// The value of a row at a path into it.
    #[must_use]
    pub fn cell_at(&self, path: &str, row: usize) -> Cell<'_> {
        if path.is_empty() {
            return self.cell(row);
        }
        match self {
            Self::Struct(array, children) => {
                if array.is_null(row) {
                    return Cell::Null;
                }
                let found = children.iter().find_map(|(name, child)| {
                    let rest = path.strip_prefix(name.as_str())?;
                    Some((child, if rest.is_empty() { rest } else { rest.strip_prefix('.')? }))
                });
                found.map_or(Cell::Null, |(child, rest)| child.cell_at(rest, row))
            }
            other => find(&other.cell(row), path),
        }
    }
}

fn element_of(found: &DataType) -> Option<&DataType> {
    match found {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            Some(field.data_type())
        }
        _ => None,
    }
}

fn range(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |index: usize| {
        offsets
            .get(index)
            .and_then(|offset| usize::try_from(*offset).ok())
            .unwrap_or_default()
    };
    at(row)..at(row + 1)
}

fn uuid_texts(array: &ArrayRef) -> ArrayRef {
    let texts = array.as_fixed_size_binary_opt().map(|array| {
        let text = |bytes: Option<&[u8]>| {
            let hex = base16ct::lower::encode_string(bytes?);
            Some(format!(
                "{}-{}-{}-{}-{}",
                hex.get(..8)?,
                hex.get(8..12)?,
                hex.get(12..16)?,
                hex.get(16..20)?,
                hex.get(20..)?
            ))
        };
        array.iter().map(text).collect::<StringArray>()
    });
    Arc::new(texts.unwrap_or_else(|| StringArray::new_null(array.len())))
}

/// The value at a path into a cell: names of an object, places in a list, and the names in a list of names and values.
#[must_use]
pub fn find<'a>(cell: &Cell<'a>, path: &str) -> Cell<'a> {
    if path.is_empty() {
        return cell.clone();
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match cell {
        Cell::Object(pairs) => {
            let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, cell)| cell);
            match (get(path), get(first)) {
                (Some(found), _) => found.clone(),
                (None, Some(found)) => find(found, rest),
                (None, None) => Cell::Null,
            }
        }
        Cell::List(list) => {
            let named = |wanted: &str| {
                list.iter().find_map(|entry| {
                    let (name, value) = entry_of(entry)?;
                    (name == wanted).then_some(value)
                })
            };
            if let Some(found) = named(path) {
                return found;
            }
            match (
                first.parse::<usize>().ok().and_then(|index| list.get(index)),
                named(first),
            ) {
                (Some(element), _) => find(element, rest),
                (None, Some(value)) => find(&value, rest),
                (None, None) => Cell::Null,
            }
        }
        _ => Cell::Null,
    }
}

/// Name and value of an entry in a list of names and values; BigQuery writes one of several typed values.
#[must_use]
pub fn entry_of<'a>(entry: &Cell<'a>) -> Option<(String, Cell<'a>)> {
    let Cell::Object(pairs) = entry else {
        return None;
    };
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, cell)| cell);
    let value = get("value")?;
    let name = super::json_path::NAME_KEYS
        .iter()
        .find_map(|key| get(key)?.text())?
        .into_owned();
    let value = match value {
        Cell::Object(typed) if typed.iter().all(|(key, _)| key.ends_with("_value")) => typed
            .iter()
            .map(|(_, cell)| cell)
            .find(|cell| !matches!(cell, Cell::Null))
            .cloned()
            .unwrap_or(Cell::Null),
        other => other.clone(),
    };
    Some((name, value))
}

/// The value of an array of a canonical type.
fn cell_of(array: &dyn Array, row: usize) -> Cell<'_> {
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Utf8 => array
            .as_string_opt::<i32>()
            .map_or(Cell::Null, |a| Cell::Text(Cow::Borrowed(a.value(row)))),
        DataType::Int64 => array
            .as_primitive_opt::<Int64Type>()
            .map_or(Cell::Null, |a| Cell::Int(a.value(row))),
        DataType::UInt64 => array
            .as_primitive_opt::<UInt64Type>()
            .map_or(Cell::Null, |a| Cell::Unsigned(a.value(row))),
        DataType::Float64 => array
            .as_primitive_opt::<Float64Type>()
            .map_or(Cell::Null, |a| Cell::Float(a.value(row))),
        DataType::Boolean => array.as_boolean_opt().map_or(Cell::Null, |a| Cell::Bool(a.value(row))),
        DataType::Timestamp(TimeUnit::Millisecond, zone) => {
            let time = array.as_primitive_opt::<TimestampMillisecondType>();
            let kind = if zone.is_some() { Cell::Instant } else { Cell::Local };
            time.map_or(Cell::Null, |a| kind(a.value(row)))
        }
        DataType::List(_) => array.as_list_opt::<i32>().map_or(Cell::Null, |a| {
            let values = a.value(row);
            let owned = (0..values.len()).map(|index| match cell_of(values.as_ref(), index) {
                Cell::Null => Cell::Null,
                cell => cell
                    .text()
                    .map_or(Cell::Null, |text| Cell::Text(Cow::Owned(text.into_owned()))),
            });
            Cell::List(owned.collect())
        }),
        _ => Cell::Null,
    }
}
