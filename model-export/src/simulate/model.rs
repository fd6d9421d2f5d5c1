//! The snapshot that a simulation serves from: the model of the days before the test, in memory.

use selvedge::engine::Engine;
use selvedge::policy::{self, Policy, SlotPolicy};
use selvedge::quantize::Width;
use selvedge::snapshot::writer::{ItemInput, Model, Search, SegmentInput, build};
use selvedge::snapshot::{AlignedBytes, Snapshot, SnapshotError, Trust};

use crate::config::{Config, SlotConfig};
use crate::interactions::{EventLog, Weighting};
use crate::segment::{Tree, Votes};
use crate::train::Fitted;

/// The slot whose answers are shared.
pub const SHARED: &str = "shared";

/// The slot whose answers are for one visitor.
pub const PERSONAL: &str = "personal";

/// An engine over the model with these segments; `votes` instead of centroids say what a segment is shown.
///
/// # Errors
/// What the core refuses to write.
pub fn engine(
    (log, fitted, config): (&EventLog, &Fitted, &Config),
    slot: &SlotConfig,
    tree: &Tree,
    votes: Option<&Votes>,
    pool: usize,
) -> Result<Engine<AlignedBytes>, SnapshotError> {
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
    let segments = (0..tree.members.len()).map(|segment| SegmentInput {
        centroid: tree.centroids.row(segment).to_vec(),
        members: tree.members[segment],
        parent: tree.parents[segment],
        slate: votes.map_or_else(Vec::new, |votes| {
            votes[segment].iter().map(|(item, _)| *item as usize).collect()
        }),
    });
    let model = Model {
        width: Width::Int8,
        search: Search::Bounds,
        dims: factors.dims(),
        items: items.collect(),
        segments: segments.collect(),
        rungs: Vec::new(),
        contexts: Vec::new(),
        slate_len: pool,
        policy: policy(fitted, config, slot),
        created_ms: 0,
        trained_until_ms: 0,
        provenance: String::new(),
    };
    Engine::new(Snapshot::open(build(&model, None)?, Trust::Unverified)?)
}

fn policy(fitted: &Fitted, config: &Config, slot: &SlotConfig) -> Policy {
    let weighting = Weighting::new(&config.train);
    let objective = crate::train::objective(&config.train);
    let slots = [
        (SHARED, policy::Audience::Segment),
        (PERSONAL, policy::Audience::Visitor),
    ];
    Policy {
        half_life_ms: weighting.half_life_ms.unwrap_or(crate::pack::NEVER_MS),
        kind_weights: weighting.kinds,
        unobserved_weight: objective.unobserved_weight,
        regularisation: objective.regularisation,
        regularisation_exponent: objective.regularisation_exponent,
        trained_items: u32::try_from(fitted.set.items.len()).unwrap_or(u32::MAX),
        hysteresis: config.pack.hysteresis,
        min_history: config.pack.min_history,
        slots: slots
            .map(|(name, audience)| SlotPolicy {
                name: name.to_owned(),
                audience,
                exclude: slot.exclude.clone(),
                vary_locale: false,
                vary_device: false,
                n_default: 1,
                n_max: 1000,
                max_per_category: 0,
                ttl_s: slot.ttl_s,
                stale_while_revalidate_s: slot.stale_while_revalidate_s,
                stale_if_error_s: slot.stale_if_error_s,
            })
            .to_vec(),
    }
}
