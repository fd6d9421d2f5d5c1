//! One unit of a model as one signed snapshot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use selvedge::quantize::Width;
use selvedge::snapshot::writer::{ItemInput, Model, ReleaseInput, build};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use selvedge_lake::storage::{Lake, atomic};
use selvedge_models::als::Factors;
use selvedge_models::compress::{Coding, Measured, Rotation, smallest};
use selvedge_models::lists::Segmentation;
use serde::Serialize;

use super::error::PackError;
use super::items::{Joined, LeftOutItem, daypart_priors, items, minutes};
use super::key::read_key;
use super::policy::{policy, provenance};
use super::segments::{Coded, SlotSegments, affordable, segment_inputs, segment_tree};
use crate::config::{Codes, Config};
use crate::model::{ModelDir, UserSegments};
use crate::stage::Cleared;

/// What was packed.
#[derive(Clone, Debug, Serialize)]
pub struct Packed {
    /// The snapshot's version.
    pub version: String,
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Items in it.
    pub items: usize,
    /// Factors of an item.
    pub dims: usize,
    /// `int8` or `int4`.
    pub codes: &'static str,
    /// What the coding was chosen from; empty where the configuration names it.
    pub codings: Vec<Measured>,
    /// Segments that visitors are assigned to.
    pub segments: usize,
    /// What the traffic of slots with a budget affords.
    pub rungs: Vec<SlotSegments>,
    /// Packed items that the catalogue does not have; they carry their id as title.
    pub items_without_catalogue: usize,
    /// Trained items that the catalogue does not have, and that are not packed.
    pub items_left_out: usize,
    /// Items that no snapshot can hold, with the reason.
    pub unusable_items: Vec<LeftOutItem>,
    /// The gates that it passed.
    pub gates: Cleared,
    /// The public key that verifies it.
    pub public_key: String,
}

/// Packs the model of a configuration into its output file.
///
/// # Errors
/// A stage that comes first has not run, the key cannot be read, or the parts do not fit together.
pub fn pack(config: &Config, directory: &ModelDir, cleared: &Cleared, now_ms: i64) -> Result<Packed, PackError> {
    let key = read_key(&config.pack.signing_key)?;
    let (coding, frontier) = coding(config, directory)?;
    let Collected { model, joined } = collect(config, directory, coding, cleared, now_ms)?;
    let bytes = build(&model, Some(&key)).map_err(PackError::Build)?;
    let path = output_path(config);
    let found = bytes.as_ref().len() as u64;
    if let Some(limit) = config.pack.max_bytes.filter(|limit| found > *limit) {
        return Err(PackError::TooLarge {
            found,
            limit,
            width: coding.width.name(),
            dims: coding.dims,
            frontier,
            items: model.items.len(),
        });
    }
    atomic::write_bytes(&path, bytes.as_ref())?;
    let verifying = key.verifying_key();
    let file_bytes = bytes.as_ref().len() as u64;
    let snapshot = Snapshot::open(bytes, Trust::Keys(&[verifying])).map_err(PackError::Build)?;
    Ok(Packed {
        version: snapshot.version(),
        path,
        bytes: file_bytes,
        items: snapshot.rows(),
        dims: snapshot.dims(),
        codes: snapshot.width().name(),
        codings: frontier,
        segments: snapshot.leaf_segments(),
        rungs: affordable(config, &model),
        items_without_catalogue: joined.uncatalogued,
        items_left_out: joined.uncatalogued_left_out,
        unusable_items: joined.left_out,
        gates: cleared.clone(),
        public_key: base16ct::lower::encode_string(verifying.as_bytes()),
    })
}

/// Where the snapshot of a configuration lies.
#[must_use]
pub fn output_path(config: &Config) -> PathBuf {
    config
        .pack
        .output
        .clone()
        .unwrap_or_else(|| config.model.dir.join("snapshot.selvedge"))
}

/// Reads a snapshot file into aligned memory.
///
/// # Errors
/// The file cannot be read.
pub fn read_snapshot(path: &Path) -> Result<AlignedBytes, PackError> {
    let bytes = std::fs::read(path).map_err(PackError::io("read the snapshot", path))?;
    Ok(AlignedBytes::copy_of(&bytes))
}

/// The coding that the configuration asks for, and what it was chosen from.
fn coding(config: &Config, directory: &ModelDir) -> Result<(Coding, Vec<Measured>), PackError> {
    let dims = directory.read_description()?.dims;
    let width = match config.pack.codes {
        Codes::Int8 => Width::Int8,
        Codes::Int4 => Width::Int4,
        Codes::Auto => {
            let frontier = directory.read_evaluation()?.evaluation.codings;
            let chosen = smallest(&frontier, config.pack.keep).and_then(Measured::coding);
            let chosen = chosen.filter(|coding| coding.dims <= dims).ok_or(PackError::NoCoding {
                keep: config.pack.keep,
                measured: frontier.len(),
            })?;
            return Ok((chosen, frontier));
        }
    };
    Ok((Coding { width, dims }, Vec::new()))
}

/// The model, and what was left out of it.
struct Collected {
    model: Model,
    joined: Joined,
}

fn collect(
    config: &Config,
    directory: &ModelDir,
    coding: Coding,
    cleared: &Cleared,
    now_ms: i64,
) -> Result<Collected, PackError> {
    let description = directory.read_description()?;
    let factors = directory.read_items()?;
    let rotation = Rotation::new(&factors.factors, coding);
    let segments = directory.read_segments()?;
    let contexts = directory.read_contexts()?;
    let catalogue = Lake::open(&config.lake.dir)?.catalogue()?;
    let only_catalogued = config.only_catalogued(!catalogue.is_empty());
    let mut joined = items(&factors, &rotation, catalogue, only_catalogued);
    if joined.items.is_empty() {
        return Err(PackError::NoItems {
            trained: factors.ids.len(),
        });
    }
    let now_min = minutes(now_ms);
    let is_kept = |item: &ItemInput| {
        let is_over = config.pack.drop_expired && item.available_until_min.is_some_and(|until| until <= now_min);
        !is_over && !config.pack.leaves_out(&item.categories)
    };
    // Lists are made of the items that are packed.
    let kept = joined.items.iter().zip(&joined.rows).filter(|(item, _)| is_kept(item));
    let kept: Vec<f32> = kept.flat_map(|(_, row)| factors.factors.row(*row).to_vec()).collect();
    let kept = Factors::new(factors.factors.dims(), kept);
    let mut items = std::mem::take(&mut joined.items);
    items.retain(is_kept);
    let (tree, rungs) = segment_tree(config, &segments);
    let users = directory.read_users()?;
    let assignment = assignment(&users.ids, &directory.read_user_segments()?);
    let coded = Coded {
        coding,
        rotation: &rotation,
        fold_in: description.objective().fold_in(description.items),
    };
    let segmentation = Segmentation {
        tree: &tree,
        users: &users.factors,
        assignment: &assignment,
    };
    let length = config.pack.list_length();
    let segments = segment_inputs(config.segment.lists, &segmentation, &kept, &coded, length)?;
    let contexts = daypart_priors(&contexts.names, |index| rotation.apply(contexts.factors.row(index)));
    let model = Model {
        width: coding.width,
        dims: coding.dims,
        items,
        segments,
        rungs,
        contexts,
        slate_len: length,
        policy: policy(config, &description)?,
        created_ms: u64::try_from(now_ms).unwrap_or(0),
        trained_until_ms: u64::try_from(description.trained_until_ms).unwrap_or(0),
        release: ReleaseInput {
            shop: config.pack.shop.clone(),
            channel: config.pack.channel.clone(),
        },
        provenance: provenance(config, &description, cleared),
    };
    Ok(Collected { model, joined })
}

/// The segment of each user.
fn assignment(users: &[String], segments: &UserSegments) -> Vec<Option<u32>> {
    let of: BTreeMap<&str, u32> = segments
        .ids
        .iter()
        .map(String::as_str)
        .zip(segments.segments.iter().copied())
        .collect();
    users.iter().map(|id| of.get(id.as_str()).copied()).collect()
}
