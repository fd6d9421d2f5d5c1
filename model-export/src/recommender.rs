//! The model that the configuration asks for: trained here, or imported.

use std::path::PathBuf;

use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::{LakeError, table};
use selvedge_models::als::Factors;
use selvedge_models::recommender::{Imported, Recommender};

use crate::config::Config;

/// Why item vectors were not imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The table cannot be read, or lacks `item_id` or `factor`.
    #[error("cannot import the item vectors of {}", path.display())]
    Read {
        /// The table.
        path: PathBuf,
        /// Why.
        source: LakeError,
    },
    /// Ids without a vector each, or vectors longer than the edge reads.
    #[error("{}: expected item vectors of 1 to 256 values, one for each of {ids} ids; found {rows} of {dims}", path.display())]
    Shape {
        /// The table.
        path: PathBuf,
        /// Ids.
        ids: usize,
        /// Vectors.
        rows: usize,
        /// Values per vector.
        dims: usize,
    },
}

impl Explain for ImportError {
    fn exit(&self) -> Exit {
        match self {
            Self::Read { source, .. } => source.exit(),
            Self::Shape { .. } => Exit::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(
            "train.import names a Parquet table with the columns item_id (text) and factor (a fixed-size list of 32-bit floats)"
                .to_owned(),
        )
    }
}

/// ALS, or the vectors that `train.import` names.
///
/// # Errors
/// [`ImportError`] where vectors cannot be read.
pub fn recommender(config: &Config) -> Result<Box<dyn Recommender>, ImportError> {
    let Some(path) = &config.train.import else {
        return Ok(Box::new(config.train.als()));
    };
    let read = || -> Result<(Vec<String>, Factors), LakeError> {
        let batch = table::read(path)?;
        let ids = table::text(path, &batch, "item_id")?;
        let ids = ids.iter().map(|id| id.unwrap_or_default().to_owned()).collect();
        let (dims, values) = table::vectors(path, &batch, "factor")?;
        Ok((ids, Factors::new(dims, values.to_vec())))
    };
    let (ids, vectors) = read().map_err(|source| ImportError::Read {
        path: path.clone(),
        source,
    })?;
    if ids.len() != vectors.rows() || ids.is_empty() || !(1..=256).contains(&vectors.dims()) {
        return Err(ImportError::Shape {
            path: path.clone(),
            ids: ids.len(),
            rows: vectors.rows(),
            dims: vectors.dims(),
        });
    }
    Ok(Box::new(Imported::new(ids, vectors, config.train.objective())))
}
