//! Builds a snapshot from a model. Behind the feature `writer`, which Worker and browser are built without.

mod catalogue;
mod file;
mod lists;
mod model;
mod rows;

use alloc::vec::Vec;

use bytemuck::{Pod, cast_slice};
pub use ed25519_dalek::SigningKey;
use half::f16;

use super::AlignedBytes;
use super::error::SnapshotError;
use super::layout::NONE;
use super::open::Snapshot;
use super::places::factors_kind;
use super::section::SectionKind;
use super::signature::Trust;
use crate::quantize::CodeTable;
use catalogue::Catalogue;

pub use model::{ItemInput, Model, ReleaseInput, SegmentInput};

/// Builds a snapshot, signed if there is a key. It opens the result before returning it, so readers accept it.
///
/// Complexity: `O(rows · dims²)` for the Gram matrix.
///
/// # Errors
/// [`SnapshotError::Build`], [`SnapshotError::KeyCollision`], the error of [`ItemInput::check`], or the error of the reader if parts of the
/// model do not fit together.
///
/// ```
/// use selvedge::quantize::Width;
/// use selvedge::snapshot::{Snapshot, Trust, writer};
///
/// let item = |id: &str, factors: [f32; 2]| writer::ItemInput {
///     id: id.into(),
///     title: id.into(),
///     factors: factors.to_vec(),
///     popularity: 1.0,
///     ..Default::default()
/// };
/// # let policy = selvedge::policy::Policy {
/// #     half_life_ms: 86_400_000,
/// #     kind_weights: [0.0, 1.0, 2.0, 4.0, 8.0],
/// #     unobserved_weight: 0.1,
/// #     regularisation: 0.01,
/// #     regularisation_exponent: 1.0,
/// #     trained_items: 2,
/// #     hysteresis: 0.05,
/// #     min_history: 1,
/// #     slots: vec![],
/// # };
/// let model = writer::Model {
///     dims: 2,
///     width: Width::Int8,
///     items: vec![item("kettle", [1.0, 0.0]), item("cup", [0.0, 0.5])],
///     segments: vec![],
///     rungs: vec![],
///     contexts: vec![],
///     slate_len: 2,
///     policy,
///     created_ms: 1_512_345_600_000,
///     trained_until_ms: 1_512_345_600_000,
///     release: Default::default(),
///     provenance: String::new(),
/// };
/// let key = writer::SigningKey::from_bytes(&[7; 32]);
/// let bytes = writer::build(&model, Some(&key))?;
/// let snapshot = Snapshot::open(bytes, Trust::Keys(&[key.verifying_key()]))?;
/// assert_eq!((snapshot.rows(), snapshot.dims()), (2, 2));
/// # Ok::<(), selvedge::snapshot::SnapshotError>(())
/// ```
pub fn build(model: &Model, key: Option<&SigningKey>) -> Result<AlignedBytes, SnapshotError> {
    model::limits(model)?;
    let parts = Parts::of(model)?;
    let kinds = SectionKind::ALL.iter();
    let sections: Vec<(SectionKind, Vec<u8>)> = kinds
        .filter_map(|kind| Some((*kind, parts.section(model, *kind)?)))
        .collect();
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

/// Everything that is computed from a model before it is written.
struct Parts {
    table: CodeTable,
    popularity: Vec<u16>,
    popularity_order: Vec<u32>,
    keys: Vec<u64>,
    key_order: Vec<u32>,
    availability: Option<Vec<u32>>,
    catalogue: Catalogue,
    centroids: Vec<f32>,
    slates: Vec<u32>,
}

impl Parts {
    fn of(model: &Model) -> Result<Self, SnapshotError> {
        let (items, table) = rows::rows(model)?;
        let popularity_order = rows::popularity_order(&items);
        let (keys, key_order) = rows::keys(&items)?;
        Ok(Self {
            catalogue: Catalogue::of(&items)?,
            slates: lists::slates(model, &items, &table, &popularity_order)?,
            centroids: lists::unit_centroids(model)?,
            availability: rows::availability(&items),
            popularity: rows::popularity(&items),
            popularity_order,
            keys,
            key_order,
            table,
        })
    }

    /// Returns the bytes of a section; `None` if the model does not need it.
    fn section(&self, model: &Model, kind: SectionKind) -> Option<Vec<u8>> {
        use SectionKind as K;
        let segments = || model.segments.iter();
        Some(match kind {
            K::Policy => model.policy.to_bytes(),
            K::Slots => model.policy.slots_to_bytes(),
            K::SegmentCentroids => bytes_of(&self.centroids),
            K::SegmentMembers => bytes_of(&segments().map(|segment| segment.members).collect::<Vec<u32>>()),
            K::SegmentParents => {
                segments().find(|segment| segment.parent.is_some())?;
                let parents = segments().map(|segment| segment.parent.unwrap_or(NONE));
                bytes_of(&parents.collect::<Vec<u32>>())
            }
            K::Rungs if model.rungs.is_empty() => return None,
            K::Rungs => bytes_of(&model.rungs.concat()),
            K::Slates => bytes_of(&self.slates),
            K::Contexts => bytes_of(&model.contexts.concat()),
            K::Gram => bytes_of(&self.table.gram()),
            K::Categories => bytes_of(&self.catalogue.categories),
            K::CategoryNames => self.catalogue.category_names.clone(),
            K::ItemCategory => bytes_of(&self.catalogue.item_category),
            K::Availability => bytes_of(self.availability.as_deref()?),
            K::ItemKeys => bytes_of(&self.keys),
            K::KeyOrder => bytes_of(&self.key_order),
            K::Popularity => bytes_of(&self.popularity),
            K::Scales => bytes_of(self.table.scales()),
            K::InverseNorms => bytes_of(&self.table.inverse_norms().collect::<Vec<f16>>()),
            K::BlockBounds => bytes_of(&self.table.block_bounds()),
            K::PopularityOrder => bytes_of(&self.popularity_order),
            K::ItemTextOffsets => bytes_of(&self.catalogue.text_offsets),
            K::ItemText => self.catalogue.text.clone(),
            K::Factors | K::FactorsInt4 if kind != factors_kind(model.width) => return None,
            K::Factors | K::FactorsInt4 => self.table.codes().to_vec(),
            K::Release => model.release_lines()?.into_bytes(),
            K::Provenance => model.provenance.clone().into_bytes(),
            // Retired.
            K::SignRotation | K::SignCosines | K::Signs => return None,
        })
    }
}

fn bytes_of<T: Pod>(values: &[T]) -> Vec<u8> {
    cast_slice(values).to_vec()
}
