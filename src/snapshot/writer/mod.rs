//! Building a snapshot from a model. Feature `writer`: the Worker and the browser are built without it.

mod catalogue;
mod file;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use bytemuck::cast_slice;
pub use ed25519_dalek::SigningKey;
use half::f16;

use super::AlignedBytes;
use super::check::to_usize;
use super::error::SnapshotError;
use super::layout::{MAX_DIMS, MAX_ROWS, MAX_SEGMENTS, NONE, SectionKind};
use super::open::{Snapshot, Trust, factors_kind};
use crate::event::{ItemIndex, ItemKey};
use crate::policy::Policy;
use crate::quantize::{CodeTable, Query, Width};
use crate::retrieve::{Filter, top_k};
use catalogue::Catalogue;

/// An item as it goes into a snapshot.
#[derive(Clone, Debug, Default)]
pub struct ItemInput {
    /// The catalogue's id.
    pub id: String,
    /// The title.
    pub title: String,
    /// Address of a picture.
    pub image: Option<String>,
    /// Category names, root first.
    pub categories: Vec<String>,
    /// Further fields.
    pub attributes: Vec<(String, String)>,
    /// The trained factors, `dims` long.
    pub factors: Vec<f32>,
    /// How popular it is; any scale, 0 or more.
    pub popularity: f32,
    /// First minute (Unix) at which it may be shown.
    pub available_from_min: Option<u32>,
    /// First minute (Unix) at which it may not be shown any more.
    pub available_until_min: Option<u32>,
}

/// A segment as it goes into a snapshot.
#[derive(Clone, Debug)]
pub struct SegmentInput {
    /// Its direction, any length but zero.
    pub centroid: Vec<f32>,
    /// Its users while training.
    pub members: u32,
    /// The coarser segment that it is part of, by its place in [`Model::segments`]: behind this one. Segments that are parts
    /// only, the leaves, stand first.
    pub parent: Option<u32>,
    /// Its ready list, by places in [`Model::items`], best first; where it is empty, the items nearest to the centroid.
    pub slate: Vec<usize>,
}

/// A model as it goes into a snapshot.
#[derive(Clone, Debug)]
pub struct Model {
    /// Number of factors.
    pub dims: usize,
    /// Bits of a factor's code.
    pub width: Width,
    /// The items, in any order: rows are laid out by the length of their factors, then by popularity and id.
    pub items: Vec<ItemInput>,
    /// The segments.
    pub segments: Vec<SegmentInput>,
    /// For each slot of the policy, the segment that answers for each segment, or [`NONE`] for none; empty: each for itself.
    pub rungs: Vec<Vec<u32>>,
    /// Prior user vectors of the 8 dayparts, or none.
    pub contexts: Vec<Vec<f32>>,
    /// Items per ready list.
    pub slate_len: usize,
    /// The policy.
    pub policy: Policy,
    /// When it is packed, Unix milliseconds.
    pub created_ms: u64,
    /// Time of the newest event, Unix milliseconds.
    pub trained_until_ms: u64,
    /// `key=value` lines for people.
    pub provenance: String,
}

/// Builds a snapshot; signed if there is a key. What is written was opened again, so that a reader accepts it.
///
/// Complexity: `O(rows · dims²)` for the Gram matrix.
///
/// # Errors
/// [`SnapshotError::Build`], [`SnapshotError::BuildText`], [`SnapshotError::KeyCollision`], or what the reader says of parts
/// that do not fit together.
pub fn build(model: &Model, key: Option<&SigningKey>) -> Result<AlignedBytes, SnapshotError> {
    limits(model)?;
    let (items, table) = rows(model)?;
    let popularity_order = popularity_order(&items);
    let (keys, key_order) = keys(&items)?;
    let catalogue = Catalogue::of(&items)?;
    let slates = slates(model, &items, &table, &popularity_order)?;
    let availability = availability(&items);

    let inverse_norms: Vec<f16> = table.inverse_norms().collect();
    let centroids = unit_centroids(model)?;
    let members: Vec<u32> = model.segments.iter().map(|segment| segment.members).collect();
    let contexts: Vec<f32> = model.contexts.concat();
    let most = items
        .iter()
        .map(|item| item.popularity)
        .fold(f32::MIN_POSITIVE, f32::max);
    let popularity: Vec<u16> = items
        .iter()
        .map(|item| f16::from_f32((item.popularity / most).clamp(0.0, 1.0)).to_bits())
        .collect();

    let mut sections: Vec<(SectionKind, Vec<u8>)> = vec![
        (SectionKind::Policy, model.policy.to_bytes()),
        (SectionKind::SegmentCentroids, cast_slice(&centroids).to_vec()),
        (SectionKind::SegmentMembers, cast_slice(&members).to_vec()),
        (SectionKind::Slates, cast_slice(&slates).to_vec()),
        (SectionKind::Contexts, cast_slice(&contexts).to_vec()),
        (SectionKind::Gram, cast_slice(&table.gram()).to_vec()),
        (SectionKind::Categories, cast_slice(&catalogue.categories).to_vec()),
        (SectionKind::CategoryNames, catalogue.category_names),
        (SectionKind::ItemCategory, cast_slice(&catalogue.item_category).to_vec()),
        (SectionKind::ItemKeys, cast_slice(&keys).to_vec()),
        (SectionKind::KeyOrder, cast_slice(&key_order).to_vec()),
        (SectionKind::Popularity, cast_slice(&popularity).to_vec()),
        (SectionKind::Scales, cast_slice(table.scales()).to_vec()),
        (SectionKind::InverseNorms, cast_slice(&inverse_norms).to_vec()),
        (SectionKind::BlockBounds, cast_slice(&table.block_bounds()).to_vec()),
        (SectionKind::PopularityOrder, cast_slice(&popularity_order).to_vec()),
        (
            SectionKind::ItemTextOffsets,
            cast_slice(&catalogue.text_offsets).to_vec(),
        ),
        (SectionKind::ItemText, catalogue.text),
        (factors_kind(model.width), table.codes().to_vec()),
        (SectionKind::Provenance, model.provenance.clone().into_bytes()),
    ];
    if let Some(availability) = availability {
        sections.push((SectionKind::Availability, cast_slice(&availability).to_vec()));
    }
    if model.segments.iter().any(|segment| segment.parent.is_some()) {
        let parents: Vec<u32> = model
            .segments
            .iter()
            .map(|segment| segment.parent.unwrap_or(NONE))
            .collect();
        sections.push((SectionKind::SegmentParents, cast_slice(&parents).to_vec()));
    }
    if !model.rungs.is_empty() {
        sections.push((SectionKind::Rungs, cast_slice(&model.rungs.concat()).to_vec()));
    }
    // The layout table's order: small sections before the factors.
    sections.sort_by_key(|(kind, _)| SectionKind::ALL.iter().position(|other| other == kind));
    let bytes = AlignedBytes::copy_of(&file::assemble(model, &sections, key)?);
    let verifying = key.map(SigningKey::verifying_key);
    let keys: Vec<_> = verifying.into_iter().collect();
    let trust = if keys.is_empty() {
        Trust::Unverified
    } else {
        Trust::Keys(&keys)
    };
    Ok(Snapshot::open(bytes, trust)?.into_bytes())
}

fn limits(model: &Model) -> Result<(), SnapshotError> {
    let check = |what, expected: usize, found: usize, good: bool| {
        if good {
            Ok(())
        } else {
            Err(SnapshotError::Build {
                what,
                expected: expected as u64,
                found: found as u64,
            })
        }
    };
    let rows = model.items.len();
    check("items (at least)", 1, rows, rows >= 1)?;
    check("items (at most)", to_usize(MAX_ROWS), rows, rows <= to_usize(MAX_ROWS))?;
    let dims = model.dims;
    check(
        "factors (at most, and at least 1)",
        to_usize(MAX_DIMS),
        dims,
        (1..=to_usize(MAX_DIMS)).contains(&dims),
    )?;
    let segments = model.segments.len();
    check(
        "segments (at most)",
        to_usize(MAX_SEGMENTS),
        segments,
        segments <= to_usize(MAX_SEGMENTS),
    )?;
    let contexts = model.contexts.len();
    check(
        "contexts (or none)",
        crate::context::DAYPARTS,
        contexts,
        contexts == 0 || contexts == 8,
    )?;
    check("slate length (at least)", 1, model.slate_len, model.slate_len >= 1)?;
    for slot in &model.policy.slots {
        check(
            "bytes of a slot name (at most)",
            24,
            slot.name.len(),
            slot.name.len() <= 24,
        )?;
    }
    for vector in model
        .contexts
        .iter()
        .chain(model.segments.iter().map(|segment| &segment.centroid))
    {
        check(
            "factors of a segment or context",
            dims,
            vector.len(),
            vector.len() == dims,
        )?;
    }
    for item in &model.items {
        check(
            "factors of an item",
            dims,
            item.factors.len(),
            item.factors.len() == dims,
        )?;
    }
    Ok(())
}

/// The items in the order of their rows, and their codes: longest factors first, so that a scan can end early.
fn rows(model: &Model) -> Result<(Vec<&ItemInput>, CodeTable), SnapshotError> {
    let mut items: Vec<&ItemInput> = model.items.iter().collect();
    // A defined order for what the lengths leave open.
    items.sort_by(|a, b| b.popularity.total_cmp(&a.popularity).then_with(|| a.id.cmp(&b.id)));
    let factors = items.iter().map(|item| item.factors.as_slice());
    let table = CodeTable::quantize(factors, model.dims, model.width).map_err(|error| SnapshotError::Build {
        what: "item with factors that are not finite or too large, by popularity",
        expected: 0,
        found: error.row as u64,
    })?;
    let (table, order) = table.longest_first();
    Ok((order.into_iter().map(|place| items[place]).collect(), table))
}

/// Rows from the most popular on; equal ones by id.
fn popularity_order(items: &[&ItemInput]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..u32::try_from(items.len()).unwrap_or(NONE)).collect();
    order.sort_by(|a, b| {
        let (a, b) = (items[to_usize(*a)], items[to_usize(*b)]);
        b.popularity.total_cmp(&a.popularity).then_with(|| a.id.cmp(&b.id))
    });
    order
}

fn top(table: &CodeTable, vector: &[f32], k: usize) -> Result<Vec<ItemIndex>, SnapshotError> {
    let fits = SnapshotError::Build {
        what: "finite factors of a segment or context (dims)",
        expected: table.dims() as u64,
        found: vector.len() as u64,
    };
    let rows = table.rows().map_err(|_| fits.clone())?;
    let query = Query::new(vector, table.stride()).map_err(|_| fits)?;
    let found = top_k(&rows, &query, &Filter::all(rows.len()), k);
    Ok(found.into_iter().map(|scored| scored.item).collect())
}

fn keys(items: &[&ItemInput]) -> Result<(Vec<u64>, Vec<u32>), SnapshotError> {
    let keys: Vec<u64> = items.iter().map(|item| ItemKey::of(&item.id).0).collect();
    let rows = u32::try_from(items.len()).unwrap_or(NONE);
    let mut order: Vec<u32> = (0..rows).collect();
    order.sort_by_key(|row| keys[to_usize(*row)]);
    for pair in order.windows(2) {
        let (first, second) = (to_usize(pair[0]), to_usize(pair[1]));
        if keys[first] == keys[second] {
            return Err(SnapshotError::KeyCollision {
                first: items[first].id.clone(),
                second: items[second].id.clone(),
                key: keys[first],
            });
        }
    }
    Ok((keys, order))
}

/// Ready lists: everyone's, each segment's, each context's.
fn slates(
    model: &Model,
    items: &[&ItemInput],
    table: &CodeTable,
    popularity_order: &[u32],
) -> Result<Vec<u32>, SnapshotError> {
    let k = model.slate_len;
    let mut slates = Vec::with_capacity((1 + model.segments.len() + model.contexts.len()) * k);
    let mut push = |list: &mut dyn Iterator<Item = u32>| {
        slates.extend(list.take(k));
        let full = slates.len().div_ceil(k) * k;
        slates.resize(full, NONE);
    };
    push(&mut popularity_order.iter().copied());
    let row_of: BTreeMap<&str, u32> = (0..).zip(items).map(|(row, item)| (item.id.as_str(), row)).collect();
    for segment in &model.segments {
        if segment.slate.is_empty() {
            push(&mut top(table, &segment.centroid, k)?.into_iter().map(|item| item.0));
            continue;
        }
        let places = segment.slate.iter().map(|place| model.items.get(*place));
        let rows: Option<Vec<u32>> = places
            .map(|item| item.and_then(|item| row_of.get(item.id.as_str()).copied()))
            .collect();
        let rows = rows.ok_or(SnapshotError::Build {
            what: "place of an item in the list of a segment (below)",
            expected: model.items.len() as u64,
            found: segment.slate.iter().copied().max().unwrap_or(0) as u64,
        })?;
        push(&mut rows.into_iter());
    }
    for vector in &model.contexts {
        push(&mut top(table, vector, k)?.into_iter().map(|item| item.0));
    }
    Ok(slates)
}

fn unit_centroids(model: &Model) -> Result<Vec<f32>, SnapshotError> {
    let mut centroids = Vec::with_capacity(model.segments.len() * model.dims);
    for (index, segment) in model.segments.iter().enumerate() {
        let squared: f64 = segment
            .centroid
            .iter()
            .map(|value| f64::from(*value) * f64::from(*value))
            .sum();
        if !squared.is_finite() || squared <= 0.0 {
            return Err(SnapshotError::Build {
                what: "segment whose centroid has no direction",
                expected: 0,
                found: index as u64,
            });
        }
        let norm = squared.sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "the format stores 32 bits")]
        centroids.extend(segment.centroid.iter().map(|value| (f64::from(*value) / norm) as f32));
    }
    Ok(centroids)
}

fn availability(items: &[&ItemInput]) -> Option<Vec<u32>> {
    let limited = |item: &&&ItemInput| item.available_from_min.is_some() || item.available_until_min.is_some();
    items.iter().find(limited)?;
    let pair = |item: &&ItemInput| {
        [
            item.available_from_min.unwrap_or(0),
            item.available_until_min.unwrap_or(NONE),
        ]
    };
    Some(items.iter().flat_map(pair).collect())
}
