//! The snapshot that a simulation serves from: the model of the days before the test, in memory.

use selvedge::engine::Engine;
use selvedge::policy::{self, PerVisitor, Policy, SlotPolicy};
use selvedge::snapshot::writer::{ItemInput, Model, ReleaseInput, build};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use selvedge_models::compress::{Coding, Rotation};
use selvedge_models::fit::Fitted;
use selvedge_models::interactions::EventLog;
use selvedge_models::lists::{ListPolicy, Segmentation};

use super::error::SimulateError;
use crate::config::{Config, SlotConfig};
use crate::pack::{Coded, NO_SEGMENT, segment_inputs};

/// The slot whose answers are for one visitor.
pub const PERSONAL: &str = "personal";

/// What a level's slots make for one visitor of a shared list.
pub const KINDS: [PerVisitor; 3] = [PerVisitor::Nothing, PerVisitor::Exclude, PerVisitor::Rerank];

/// Who answers for each segment on a level of the segment tree: a segment, or everyone.
pub type Level = Vec<Option<u32>>;

/// The slot of a level and a kind.
pub fn slot_name(level: usize, kind: PerVisitor) -> String {
    let kind = match kind {
        PerVisitor::Nothing => "shared",
        PerVisitor::Exclude => "exclude",
        PerVisitor::Rerank => "rerank",
    };
    format!("{kind}-{level}")
}

/// An engine over the model with these segments, with a slot of each kind for each level; `lists` says what a segment is shown.
///
/// # Errors
/// What the core refuses to hold or to write.
pub fn engine(
    (log, fitted, config): (&EventLog, &Fitted, &Config),
    slot: &SlotConfig,
    segments: &Segmentation<'_>,
    lists: ListPolicy,
    levels: &[Level],
) -> Result<Engine<AlignedBytes>, SimulateError> {
    let factors = &fitted.outcome.items;
    let items = fitted.set.items.iter().enumerate().map(|(row, item)| {
        let id = &log.items[*item as usize];
        #[expect(clippy::cast_precision_loss, reason = "popularity is stored in 16 bits")]
        let popularity = fitted.set.item_users[row] as f32;
        ItemInput {
            id: id.clone(),
            title: id.clone(),
            factors: factors.row(row).to_vec(),
            popularity,
            ..ItemInput::default()
        }
    });
    let tree = segments.tree;
    let coding = Coding::full(factors.dims());
    let coded = Coded {
        coding,
        rotation: &Rotation::new(factors, coding),
        fold_in: config.train.objective().fold_in(factors.rows()),
    };
    let length = config.pack.list_length();
    let segments = segment_inputs(lists, segments, factors, &coded, length)?;
    let every = |level: &Level| -> Vec<u32> {
        (0..tree.members.len())
            .map(|segment| level.get(segment).copied().flatten().unwrap_or(NO_SEGMENT))
            .collect()
    };
    // The visitor's own slot comes first; who is too new for it is shown the leaf's list.
    let own = std::iter::once((0..).take(tree.members.len()).collect());
    let rungs = own.chain(levels.iter().flat_map(|level| vec![every(level); KINDS.len()]));
    let model = Model {
        width: coding.width,
        dims: factors.dims(),
        items: items.collect(),
        segments,
        rungs: rungs.collect(),
        contexts: Vec::new(),
        slate_len: length,
        policy: policy(fitted, config, slot, levels.len()),
        created_ms: 0,
        trained_until_ms: 0,
        release: ReleaseInput::default(),
        provenance: String::new(),
    };
    Ok(Engine::new(Snapshot::open(build(&model, None)?, Trust::Unverified)?)?)
}

fn policy(fitted: &Fitted, config: &Config, slot: &SlotConfig, levels: usize) -> Policy {
    let weighting = config.train.weighting();
    let objective = config.train.objective();
    let own = (PERSONAL.to_owned(), policy::Audience::Visitor, PerVisitor::Nothing);
    let shared =
        (0..levels).flat_map(|level| KINDS.map(|kind| (slot_name(level, kind), policy::Audience::Segment, kind)));
    Policy {
        half_life_ms: weighting.half_life_ms.unwrap_or(crate::pack::NEVER_MS),
        kind_weights: weighting.kinds,
        unobserved_weight: objective.unobserved_weight,
        regularisation: objective.regularisation,
        regularisation_exponent: objective.regularisation_exponent,
        trained_items: u32::try_from(fitted.set.items.len()).unwrap_or(u32::MAX),
        hysteresis: config.pack.hysteresis,
        min_history: config.pack.min_history,
        slots: std::iter::once(own)
            .chain(shared)
            .map(|(name, audience, per_visitor)| SlotPolicy {
                name,
                audience,
                per_visitor,
                exclude: slot.exclude.clone(),
                n_default: 1,
                n_max: 1000,
                ttl_s: slot.ttl_s,
                stale_while_revalidate_s: slot.stale_while_revalidate_s,
                stale_if_error_s: slot.stale_if_error_s,
                ..SlotPolicy::default()
            })
            .collect(),
    }
}
