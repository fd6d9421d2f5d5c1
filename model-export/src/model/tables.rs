//! The tables of a model, as Parquet files.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::ArrowError;

use super::error::ModelError;
use super::files::ModelDir;
use selvedge_lake::storage::table;
use selvedge_models::als::Factors;

/// `item_factors.parquet`.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemFactors {
    /// Item ids.
    pub ids: Vec<String>,
    /// Distinct users with an event that counts.
    pub popularity: Vec<f64>,
    /// Events that count.
    pub events: Vec<u64>,
    /// Factors, items × dims.
    pub factors: Factors,
}

/// `user_factors.parquet`.
#[derive(Clone, Debug, PartialEq)]
pub struct UserFactors {
    /// User ids.
    pub ids: Vec<String>,
    /// Events that count.
    pub events: Vec<u64>,
    /// Factors, users × dims.
    pub factors: Factors,
}

/// `contexts.parquet`: the vector of a visitor of whom nothing but the time is known.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextFactors {
    /// Names, as `weekday-morning`.
    pub names: Vec<String>,
    /// Factors, contexts × dims.
    pub factors: Factors,
}

/// `segments.parquet`; row `s` is segment `s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Segments {
    /// Users in each segment.
    pub members: Vec<u32>,
    /// Unit-length centroids, segments × dims.
    pub centroids: Factors,
}

/// `user_segments.parquet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSegments {
    /// User ids.
    pub ids: Vec<String>,
    /// Segment of each.
    pub segments: Vec<u32>,
}

const ITEMS: &str = "item_factors.parquet";
const USERS: &str = "user_factors.parquet";
const CONTEXTS: &str = "contexts.parquet";
const SEGMENTS: &str = "segments.parquet";
const USER_SEGMENTS: &str = "user_segments.parquet";

impl ModelDir {
    /// Writes the item factors.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn write_items(&self, items: &ItemFactors) -> Result<(), ModelError> {
        self.write_table(ITEMS, || {
            Ok(vec![
                ("item_id", text(&items.ids)),
                (
                    "popularity",
                    Arc::new(Float64Array::from(items.popularity.clone())) as ArrayRef,
                ),
                ("events", Arc::new(UInt64Array::from(items.events.clone()))),
                ("factor", factors(&items.factors)?),
            ])
        })
    }

    /// Reads the item factors.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn read_items(&self) -> Result<ItemFactors, ModelError> {
        let (path, batch) = self.read_table(ITEMS, "train")?;
        Ok(ItemFactors {
            ids: ids(&path, &batch, "item_id")?,
            popularity: table::f64(&path, &batch, "popularity")?.values().to_vec(),
            events: table::u64(&path, &batch, "events")?.values().to_vec(),
            factors: read_factors(&path, &batch, "factor")?,
        })
    }

    /// Writes the user factors.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn write_users(&self, users: &UserFactors) -> Result<(), ModelError> {
        self.write_table(USERS, || {
            Ok(vec![
                ("user_id", text(&users.ids)),
                ("events", Arc::new(UInt64Array::from(users.events.clone())) as ArrayRef),
                ("factor", factors(&users.factors)?),
            ])
        })
    }

    /// Reads the user factors.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn read_users(&self) -> Result<UserFactors, ModelError> {
        let (path, batch) = self.read_table(USERS, "train")?;
        Ok(UserFactors {
            ids: ids(&path, &batch, "user_id")?,
            events: table::u64(&path, &batch, "events")?.values().to_vec(),
            factors: read_factors(&path, &batch, "factor")?,
        })
    }

    /// Writes the context factors.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn write_contexts(&self, contexts: &ContextFactors) -> Result<(), ModelError> {
        self.write_table(CONTEXTS, || {
            Ok(vec![
                ("name", text(&contexts.names)),
                ("factor", factors(&contexts.factors)?),
            ])
        })
    }

    /// Reads the context factors.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn read_contexts(&self) -> Result<ContextFactors, ModelError> {
        let (path, batch) = self.read_table(CONTEXTS, "train")?;
        Ok(ContextFactors {
            names: ids(&path, &batch, "name")?,
            factors: read_factors(&path, &batch, "factor")?,
        })
    }

    /// Writes the segments.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn write_segments(&self, segments: &Segments) -> Result<(), ModelError> {
        self.write_table(SEGMENTS, || {
            let numbers: UInt32Array = (0..).take(segments.members.len()).collect::<Vec<u32>>().into();
            Ok(vec![
                ("segment", Arc::new(numbers) as ArrayRef),
                ("members", Arc::new(UInt32Array::from(segments.members.clone()))),
                ("centroid", factors(&segments.centroids)?),
            ])
        })
    }

    /// Reads the segments.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn read_segments(&self) -> Result<Segments, ModelError> {
        let (path, batch) = self.read_table(SEGMENTS, "segment")?;
        Ok(Segments {
            members: table::u32(&path, &batch, "members")?.values().to_vec(),
            centroids: read_factors(&path, &batch, "centroid")?,
        })
    }

    /// Writes who is in which segment.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn write_user_segments(&self, users: &UserSegments) -> Result<(), ModelError> {
        self.write_table(USER_SEGMENTS, || {
            let segments = Arc::new(UInt32Array::from(users.segments.clone())) as ArrayRef;
            Ok(vec![("user_id", text(&users.ids)), ("segment", segments)])
        })
    }

    /// Reads who is in which segment.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn read_user_segments(&self) -> Result<UserSegments, ModelError> {
        let (path, batch) = self.read_table(USER_SEGMENTS, "segment")?;
        Ok(UserSegments {
            ids: ids(&path, &batch, "user_id")?,
            segments: table::u32(&path, &batch, "segment")?.values().to_vec(),
        })
    }

    fn write_table(
        &self,
        file: &str,
        columns: impl FnOnce() -> Result<Vec<(&'static str, ArrayRef)>, ArrowError>,
    ) -> Result<(), ModelError> {
        let path = self.path().join(file);
        let batch = columns()
            .and_then(RecordBatch::try_from_iter)
            .map_err(|source| ModelError::Table {
                path: path.clone(),
                source,
            })?;
        table::write(&path, &batch)?;
        Ok(())
    }

    fn read_table(&self, file: &'static str, stage: &'static str) -> Result<(PathBuf, RecordBatch), ModelError> {
        let path = self.existing(file, stage)?;
        let batch = table::read(&path)?;
        Ok((path, batch))
    }
}

fn text(values: &[String]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn factors(factors: &Factors) -> Result<ArrayRef, ArrowError> {
    table::vectors_array(factors.values().to_vec(), factors.dims())
}

fn ids(path: &std::path::Path, batch: &RecordBatch, column: &str) -> Result<Vec<String>, ModelError> {
    let values = table::text(path, batch, column)?;
    Ok(values
        .iter()
        .map(|value| value.unwrap_or_default().to_owned())
        .collect())
}

fn read_factors(path: &std::path::Path, batch: &RecordBatch, column: &str) -> Result<Factors, ModelError> {
    let (dims, values) = table::vectors(path, batch, column)?;
    Ok(Factors::new(dims, values.to_vec()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn tables_come_back_as_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let model = ModelDir::new(&dir.path().join("model"));
        let items = ItemFactors {
            ids: vec!["a".to_owned(), "b".to_owned()],
            popularity: vec![3.0, 1.0],
            events: vec![7, 1],
            factors: Factors::new(3, vec![1.0, 2.0, 3.0, -1.0, 0.5, 0.0]),
        };
        model.write_items(&items).unwrap();
        assert_eq!(model.read_items().unwrap(), items);
        let segments = Segments {
            members: vec![5],
            centroids: Factors::new(2, vec![0.6, 0.8]),
        };
        model.write_segments(&segments).unwrap();
        assert_eq!(model.read_segments().unwrap(), segments);
        let users = UserSegments {
            ids: vec!["u".to_owned()],
            segments: vec![0],
        };
        model.write_user_segments(&users).unwrap();
        assert_eq!(model.read_user_segments().unwrap(), users);
    }

    #[test]
    fn a_missing_table_names_the_stage_that_writes_it() {
        use selvedge_lake::explain::Explain as _;
        let dir = tempfile::tempdir().unwrap();
        let error = ModelDir::new(dir.path()).read_segments().unwrap_err();
        assert!(matches!(error, ModelError::Absent { stage: "segment", .. }));
        assert!(error.hint().unwrap().contains("selvedge segment"));
    }
}
