//! Vectors, queries and snapshots for the retrieval benchmark: the same data for this library and for others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use selvedge::policy::Policy;
use selvedge::quantize::{Query, Width};
use selvedge::retrieve::{Filter, top_k};
use selvedge::snapshot::writer::{ItemInput, Model, ReleaseInput, SigningKey, build};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use serde::Serialize;

use crate::model::{ModelError, Units};
use selvedge::snapshot::SnapshotError;
use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::{LakeError, atomic};
use selvedge_models::als::Factors;
use selvedge_models::compress::{Coding, Rotation};
use selvedge_models::random::SplitMix64;

/// Length of the lists.
const K: usize = 20;

/// Other libraries are not asked for more rows.
const MAX_PEER_ROWS: usize = 200_000;

/// Where vectors come from.
#[derive(Clone, Debug)]
pub enum Vectors {
    /// The items and users of a trained model.
    Trained {
        /// The model's folder.
        dir: PathBuf,
        /// No more than so many items.
        rows: usize,
    },
    /// Independent normal numbers: nothing to be found by any structure.
    Random {
        /// Number of items.
        rows: usize,
        /// Number of factors.
        dims: usize,
    },
}

/// What was written; also the content of `meta.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// The folder's name.
    pub name: String,
    /// Number of items.
    pub rows: usize,
    /// Number of factors.
    pub dims: usize,
    /// Number of queries.
    pub queries: usize,
    /// Length of the expected lists.
    pub k: usize,
    /// `trained` or `random`.
    pub kind: &'static str,
    /// Bytes of each snapshot: `int8` and `int4`.
    pub bytes: BTreeMap<String, u64>,
    /// Mean share of the 10 best by int8 that are among the 10 best by int4.
    pub int4_overlap: f64,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The model cannot be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file cannot be written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The vectors cannot be packed.
    #[error("the vectors cannot be packed")]
    Pack(#[from] SnapshotError),
    /// Rows or queries do not fit together.
    #[error("the vectors cannot be searched")]
    Search,
}

impl Explain for BenchError {
    fn exit(&self) -> Exit {
        match self {
            Self::Model(error) => error.exit(),
            Self::Lake(error) => error.exit(),
            Self::Pack(_) | Self::Search => Exit::Snapshot,
        }
    }

    fn hint(&self) -> Option<String> {
        None
    }
}

/// Writes `meta.json`, `queries.f32`, `expected.u32` (the exact lists over int8 rows), the same two for int4, the snapshots
/// `int8.selvedge` and `int4.selvedge`, and, for other libraries, `rows.f32` (as int8 stores them, in the snapshot's order)
/// where there are not too many.
///
/// # Errors
/// [`BenchError`].
pub fn write(vectors: &Vectors, queries: usize, out: &Path) -> Result<Written, BenchError> {
    let (items, users, kind) = match vectors {
        Vectors::Trained { dir, rows } => {
            let dir = Units::new(dir).current()?;
            let items = dir.read_items()?.factors;
            let values = (0..items.rows().min(*rows)).flat_map(|row| items.row(row).to_vec());
            let items = Factors::new(items.dims(), values.collect());
            (items, dir.read_users()?.factors, "trained")
        }
        Vectors::Random { rows, dims } => (normal(*rows, *dims, 1), normal(queries, *dims, 2), "random"),
    };
    // Users at even distances, so that all kinds of them are asked for.
    let step = (users.rows() / queries.max(1)).max(1);
    let queries: Vec<&[f32]> = (0..users.rows())
        .step_by(step)
        .take(queries)
        .map(|row| users.row(row))
        .collect();
    let dims = items.dims();
    let file = |name: &str, bytes: &[u8]| atomic::write_bytes(&out.join(name), bytes);
    let mut sizes = BTreeMap::new();
    let mut lists = Vec::new();
    for (width, suffix) in [(Width::Int8, ""), (Width::Int4, "-int4")] {
        let coding = Coding { width, dims };
        let rotation = Rotation::new(&items, coding);
        let turned: Vec<Vec<f32>> = queries.iter().map(|query| rotation.apply(query)).collect();
        let snapshot = packed(&items, &rotation, coding)?;
        file(&format!("{}.selvedge", width.name()), snapshot.as_bytes())?;
        sizes.insert(width.name().to_owned(), snapshot.as_bytes().len() as u64);
        let found = search(&snapshot, &turned)?;
        let flat: Vec<u32> = found.iter().flat_map(|list| padded(list)).collect();
        file(&format!("expected{suffix}.u32"), bytemuck::cast_slice(&flat))?;
        file(&format!("queries{suffix}.f32"), bytemuck::cast_slice(&turned.concat()))?;
        if width == Width::Int8 && items.rows() <= MAX_PEER_ROWS {
            file("rows.f32", bytemuck::cast_slice(&dequantised(&snapshot)?))?;
        }
        lists.push(ids(&snapshot, &found));
    }
    let written = Written {
        name: out.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        rows: items.rows(),
        dims,
        queries: queries.len(),
        k: K,
        kind,
        bytes: sizes,
        int4_overlap: overlap(&lists[0], &lists[1]),
    };
    // Last: a folder with it is complete.
    atomic::write_json(&out.join("meta.json"), &written)?;
    Ok(written)
}

fn padded(list: &[u32]) -> impl Iterator<Item = u32> {
    list.iter().copied().chain(std::iter::repeat(u32::MAX)).take(K)
}

fn normal(rows: usize, dims: usize, seed: u64) -> Factors {
    let values: Vec<f32> = (0..rows)
        .into_par_iter()
        .flat_map_iter(|row| {
            let mut random = SplitMix64::new(seed, row as u64);
            (0..dims).map(move |_| {
                #[expect(clippy::cast_possible_truncation, reason = "factors are 32 bits")]
                let value = random.normal() as f32;
                value
            })
        })
        .collect();
    Factors::new(dims, values)
}

/// A snapshot of the vectors with the shortest catalogue there can be: ids only.
fn packed(items: &Factors, rotation: &Rotation, coding: Coding) -> Result<Snapshot<AlignedBytes>, BenchError> {
    let turned = rotation.apply_all(items);
    let items = (0..turned.rows()).map(|row| ItemInput {
        id: format!("{row:x}"),
        factors: turned.row(row).to_vec(),
        ..ItemInput::default()
    });
    let items_count = u32::try_from(turned.rows()).unwrap_or(u32::MAX);
    let model = Model {
        dims: coding.dims,
        width: coding.width,
        items: items.collect(),
        segments: Vec::new(),
        rungs: Vec::new(),
        contexts: Vec::new(),
        slate_len: 1,
        policy: policy(items_count),
        created_ms: 0,
        trained_until_ms: 0,
        release: ReleaseInput::default(),
        provenance: "dataset=retrieval benchmark".to_owned(),
    };
    let bytes = build(&model, Some(&SigningKey::from_bytes(&[7; 32])))?;
    Ok(Snapshot::open(bytes, Trust::Unverified)?)
}

/// No slot and nothing to encode: only rows are searched.
fn policy(trained_items: u32) -> Policy {
    Policy {
        half_life_ms: 86_400_000,
        kind_weights: [1.0; 5],
        unobserved_weight: 0.1,
        regularisation: 0.01,
        regularisation_exponent: 1.0,
        trained_items,
        hysteresis: 0.05,
        min_history: 1,
        slots: Vec::new(),
    }
}

/// The exact lists.
fn search(snapshot: &Snapshot<AlignedBytes>, queries: &[Vec<f32>]) -> Result<Vec<Vec<u32>>, BenchError> {
    let rows = snapshot.factor_rows().ok_or(BenchError::Search)?;
    let filter = Filter::all(rows.len());
    queries
        .par_iter()
        .map(|values| {
            let query = Query::new(values, snapshot.stride()).map_err(|_| BenchError::Search)?;
            let found = top_k(&rows, &query, &filter, K);
            Ok(found.into_iter().map(|scored| scored.item.0).collect())
        })
        .collect()
}

/// What the codes stand for, row after row.
fn dequantised(snapshot: &Snapshot<AlignedBytes>) -> Result<Vec<f32>, BenchError> {
    let rows = snapshot.factor_rows().ok_or(BenchError::Search)?;
    let values = (0..rows.len()).flat_map(|row| rows.factors(row).into_iter().take(snapshot.dims()));
    Ok(values.collect())
}

fn ids(snapshot: &Snapshot<AlignedBytes>, lists: &[Vec<u32>]) -> Vec<Vec<String>> {
    let id = |row: &u32| snapshot.text(selvedge::event::ItemIndex(*row)).id.to_owned();
    lists.iter().map(|list| list.iter().map(id).collect()).collect()
}

fn overlap(lists: &[Vec<String>], others: &[Vec<String>]) -> f64 {
    const TOP: usize = 10;
    let mut both = 0_u32;
    let mut all = 0_u32;
    for (list, other) in lists.iter().zip(others) {
        for id in list.iter().take(TOP) {
            all += 1;
            both += u32::from(other.iter().take(TOP).any(|found| found == id));
        }
    }
    f64::from(both) / f64::from(all.max(1))
}
