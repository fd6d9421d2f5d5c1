//! From a trained model to a signed snapshot: collects the parts, lets the core build the file, publishes it whole.

mod browse;
mod error;
mod key;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use selvedge::cache::{Freshness, ladder};
use selvedge::context::{DAYPARTS, Daypart};
use selvedge::event::EventKind;
use selvedge::policy::{self, Policy, SlotPolicy};
use selvedge::quantize::Width;
use selvedge::snapshot::writer::{ItemInput, Model, SegmentInput, build};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use serde::Serialize;

use crate::config::{Audience, Codes, Config, PerVisitor, SlotConfig};
use crate::model::{Description, ItemFactors, ModelDir, Segments};
use selvedge_lake::storage::{CatalogueItem, Lake, atomic};
use selvedge_models::compress::{Coding, Measured, Rotation, smallest};
use selvedge_models::segments::{Tree, tree};

pub use browse::write_catalogue_json;
pub use error::PackError;
pub use key::{KeyPair, generate, read_key};

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
    /// Trained items that the catalogue does not have; they carry their id as title.
    pub items_without_catalogue: usize,
    /// The public key that verifies it.
    pub public_key: String,
}

/// The segments that answer in a slot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlotSegments {
    /// The slot.
    pub slot: String,
    /// Segments that visitors are assigned to.
    pub segments: usize,
    /// Segments, unions among them, that answer; 0 where one answer is for everyone.
    pub answering: usize,
}

/// Packs the model of a configuration into its output file.
///
/// # Errors
/// A stage that comes first has not run, the key cannot be read, or the parts do not fit together.
pub fn pack(config: &Config, now_ms: i64) -> Result<Packed, PackError> {
    let key = read_key(&config.pack.signing_key)?;
    let (coding, frontier) = coding(config)?;
    let (model, items_without_catalogue) = collect(config, coding, now_ms)?;
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
        items_without_catalogue,
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

/// The pointer that the edge reads to find the current snapshot.
#[derive(Debug, Serialize)]
struct Pointer<'a> {
    key: &'a str,
    version: &'a str,
    bytes: u64,
    dataset: &'a str,
}

/// Lays a packed snapshot out for the edge: `models/<version>.selvedge`, then, last, the pointer `models/current.json`, so
/// that no reader finds a pointer to a file that is not there yet.
///
/// # Errors
/// A file cannot be read or written.
pub fn publish(packed: &Packed, dataset: &str, directory: &Path) -> Result<PathBuf, PackError> {
    let key = format!("models/{}.selvedge", packed.version);
    let bytes = std::fs::read(&packed.path).map_err(PackError::io("read the snapshot", &packed.path))?;
    atomic::write_bytes(&directory.join(&key), &bytes)?;
    let pointer = directory.join("models/current.json");
    let content = Pointer {
        key: &key,
        version: &packed.version,
        bytes: packed.bytes,
        dataset,
    };
    atomic::write_json(&pointer, &content)?;
    Ok(pointer)
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
fn coding(config: &Config) -> Result<(Coding, Vec<Measured>), PackError> {
    let directory = ModelDir::new(&config.model.dir);
    let dims = directory.read_description()?.dims;
    let width = match config.pack.codes {
        Codes::Int8 => Width::Int8,
        Codes::Int4 => Width::Int4,
        Codes::Auto => {
            let frontier = directory.read_codings()?;
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

fn collect(config: &Config, coding: Coding, now_ms: i64) -> Result<(Model, usize), PackError> {
    let directory = ModelDir::new(&config.model.dir);
    let description = directory.read_description()?;
    let factors = directory.read_items()?;
    let rotation = Rotation::new(&factors.factors, coding);
    let segments = directory.read_segments()?;
    let contexts = directory.read_contexts()?;
    let catalogue = Lake::open(&config.lake.dir)?.catalogue()?;
    let (mut items, missing) = items(&factors, &rotation, catalogue);
    let now_min = minutes(now_ms);
    if config.pack.drop_expired {
        items.retain(|item| item.available_until_min.is_none_or(|until| until > now_min));
    }
    let (segments, rungs) = segment_tree(config, &segments);
    let segments = (0..segments.members.len()).map(|index| SegmentInput {
        centroid: rotation.apply(segments.centroids.row(index)),
        members: segments.members[index],
        parent: segments.parents[index],
        slate: Vec::new(),
    });
    let segments = segments.collect();
    let contexts = daypart_priors(&contexts.names, |index| rotation.apply(contexts.factors.row(index)));
    let model = Model {
        width: coding.width,
        dims: coding.dims,
        items,
        segments,
        rungs,
        contexts,
        slate_len: usize::try_from(config.pack.slate_length).unwrap_or(usize::MAX),
        policy: policy(config, &description)?,
        created_ms: u64::try_from(now_ms).unwrap_or(0),
        trained_until_ms: u64::try_from(description.trained_until_ms).unwrap_or(0),
        provenance: provenance(config, &description),
    };
    Ok((model, missing))
}

/// The segments, with their unions where a slot needs them, and which of them answers for which in each slot.
fn segment_tree(config: &Config, segments: &Segments) -> (Tree, Vec<Vec<u32>>) {
    let slots = config.slots();
    let leaves = segments.members.len();
    if slots.iter().all(|slot| slot.min_hit_ratio.is_none()) {
        let alone = Tree {
            centroids: segments.centroids.clone(),
            members: segments.members.clone(),
            parents: vec![None; leaves],
        };
        return (alone, Vec::new());
    }
    let tree = tree(&segments.centroids, &segments.members);
    let all: u32 = segments.members.iter().sum();
    let shares: Vec<f64> = segments
        .members
        .iter()
        .map(|members| f64::from(*members) / f64::from(all.max(1)))
        .collect();
    let traffic = &config.traffic;
    let per_location = traffic.requests_per_s.unwrap_or(0.0) / f64::from(traffic.locations.max(1));
    let rungs = slots.iter().map(|slot| {
        let freshness = Freshness {
            ttl_s: slot.ttl_s,
            stale_while_revalidate_s: slot.stale_while_revalidate_s,
            stale_if_error_s: slot.stale_if_error_s,
        };
        // Without a budget, whatever is expected is enough.
        let budget = slot.min_hit_ratio.unwrap_or(0.0);
        let served = ladder(&tree.parents, &shares, per_location, &freshness, budget);
        served.into_iter().map(|rung| rung.unwrap_or(NO_SEGMENT)).collect()
    });
    let rungs = rungs.collect();
    (tree, rungs)
}

/// A slot's answer for everyone stands in for a segment's.
pub(crate) const NO_SEGMENT: u32 = u32::MAX;

/// Keys of shared answers for each slot that a budget was given for.
fn affordable(config: &Config, model: &Model) -> Vec<SlotSegments> {
    let leaves = model.segments.iter().filter_map(|segment| segment.parent).min();
    let leaves = leaves.map_or(model.segments.len(), |first| first as usize);
    let slots = config.slots();
    let shown = slots
        .iter()
        .zip(&model.rungs)
        .filter(|(slot, _)| slot.min_hit_ratio.is_some());
    shown
        .map(|(slot, rungs)| {
            let answering: std::collections::BTreeSet<u32> = rungs
                .iter()
                .take(leaves)
                .copied()
                .filter(|rung| *rung != NO_SEGMENT)
                .collect();
            SlotSegments {
                slot: slot.name.clone(),
                segments: leaves,
                answering: answering.len(),
            }
        })
        .collect()
}

/// Joins factors and catalogue; returns how many trained items the catalogue does not have.
fn items(factors: &ItemFactors, rotation: &Rotation, catalogue: Vec<CatalogueItem>) -> (Vec<ItemInput>, usize) {
    let mut known: BTreeMap<String, CatalogueItem> =
        catalogue.into_iter().map(|item| (item.id.clone(), item)).collect();
    let mut missing = 0;
    let items = factors
        .ids
        .iter()
        .enumerate()
        .map(|(row, id)| {
            let item = known.remove(id).unwrap_or_else(|| {
                missing += 1;
                CatalogueItem {
                    id: id.clone(),
                    title: id.clone(),
                    ..CatalogueItem::default()
                }
            });
            #[expect(
                clippy::cast_possible_truncation,
                reason = "popularity is a prior, stored in 16 bits"
            )]
            let popularity = factors.popularity[row] as f32;
            ItemInput {
                id: item.id,
                title: item.title,
                image: item.image,
                categories: item.categories,
                attributes: item.attributes,
                factors: rotation.apply(factors.factors.row(row)),
                popularity,
                available_from_min: item.available_from_ms.map(minutes),
                available_until_min: item.available_until_ms.map(minutes),
            }
        })
        .collect();
    (items, missing)
}

/// Milliseconds as the minutes of the format; before 1970 is 0, after the year 10000 is the end of time.
fn minutes(at_ms: i64) -> u32 {
    u32::try_from(at_ms.max(0) / 60_000).unwrap_or(u32::MAX)
}

/// The priors in the core's order of dayparts; none unless all eight are there.
fn daypart_priors(names: &[String], row: impl Fn(usize) -> Vec<f32>) -> Vec<Vec<f32>> {
    let place = |daypart: Daypart| names.iter().position(|name| name == daypart.name()).map(&row);
    let priors: Vec<Vec<f32>> = (0..DAYPARTS)
        .filter_map(Daypart::from_index)
        .filter_map(place)
        .collect();
    if priors.len() == DAYPARTS { priors } else { Vec::new() }
}

fn policy(config: &Config, description: &Description) -> Result<Policy, PackError> {
    #[expect(clippy::cast_possible_truncation, reason = "weights are stored in 32 bits")]
    let weight = |kind: EventKind| {
        description
            .weights
            .get(kind.as_str())
            .map_or(0.0, |weight| *weight as f32)
    };
    let slots: Result<Vec<SlotPolicy>, PackError> = config.slots().iter().map(slot).collect();
    Ok(Policy {
        half_life_ms: description.half_life_days.map_or(NEVER_MS, half_life_ms),
        kind_weights: EventKind::ALL.map(weight),
        unobserved_weight: description.unobserved_weight,
        regularisation: description.regularisation,
        regularisation_exponent: description.regularisation_exponent,
        trained_items: u32::try_from(description.items).unwrap_or(u32::MAX),
        hysteresis: config.pack.hysteresis,
        min_history: config.pack.min_history,
        slots: slots?,
    })
}

/// A thousand years: events of a model without a half-life do not age.
pub(crate) const NEVER_MS: u64 = 1_000 * 365 * 86_400_000;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates; the range was checked"
)]
fn half_life_ms(days: f64) -> u64 {
    (days * 86_400_000.0) as u64
}

fn slot(config: &SlotConfig) -> Result<SlotPolicy, PackError> {
    let short = |what: &'static str, value: u32| {
        u16::try_from(value).map_err(|_| PackError::Slot {
            slot: config.name.clone(),
            what,
            found: value,
        })
    };
    Ok(SlotPolicy {
        name: config.name.clone(),
        audience: match config.audience {
            Audience::Visitor => policy::Audience::Visitor,
            Audience::Segment => policy::Audience::Segment,
            Audience::Everyone => policy::Audience::Everyone,
        },
        exclude: config.exclude.clone(),
        per_visitor: match config.per_visitor {
            PerVisitor::Nothing => policy::PerVisitor::Nothing,
            PerVisitor::Exclude => policy::PerVisitor::Exclude,
            PerVisitor::Rerank => policy::PerVisitor::Rerank,
        },
        vary_locale: false,
        vary_device: false,
        n_default: short("n", config.n)?,
        n_max: short("n_max", config.n_max)?,
        max_per_category: short("max_per_category", config.max_per_category.unwrap_or(0))?,
        ttl_s: config.ttl_s,
        stale_while_revalidate_s: config.stale_while_revalidate_s,
        stale_if_error_s: config.stale_if_error_s,
    })
}

fn provenance(config: &Config, description: &Description) -> String {
    [
        format!("dataset={}", config.pack.dataset),
        format!("tool=selvedge {}", env!("CARGO_PKG_VERSION")),
        format!("users={}", description.users),
        format!("interactions={}", description.interactions),
        format!("iterations={}", description.iterations),
        format!("seed={}", description.seed),
        format!("time_zone={}", description.time_zone),
    ]
    .join("\n")
}
