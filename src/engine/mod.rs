//! One request in, one decision out: the only module that knows all the others.
//!
//! A decision is a pipeline over one value, the [`DecisionContext`]:
//!
//! ```text
//! request ─► assign ─► encode ─► DecisionContext ─► candidates ─► filter ─► rank ─► explain ─► Decision
//!                                      └─► cache key, freshness, record of the decision
//! ```
//!
//! [`Engine::assign`] runs the first two stages. *Assign* checks the request, takes over arms, overlay and seed, and chooses the scope:
//! visitor, segment, daypart or everyone. *Encode* turns the profile into a user vector, if the scope depends on it. Between the two calls,
//! the host looks into its caches under [`DecisionContext::cache_key`]. On a miss, [`Engine::decide`] runs the other stages: *candidates*
//! chooses the source of items, *filter* leaves out items that must not be shown, *rank* scores and orders, *explain* adds texts and
//! reasons.

mod assign;
mod candidates;
mod collected;
mod context;
mod decide;
mod decision;
mod encode;
mod explain;
mod filter;
mod rank;
mod record;
mod record_bytes;
mod recorded;
mod request;
mod scope;

use alloc::string::String;
use alloc::vec::Vec;

use crate::cache::fnv1a;
use crate::encode::{Approximation, Encoder, FoldInParameters};
use crate::policy::PerVisitor;
use crate::snapshot::{Snapshot, SnapshotError, UsedBy};

pub use collected::{
    CollectedArm, CollectedDecision, CollectedEvent, CollectedItem, EVENT_SCHEMA_VERSION, Empty, NamedDecision,
};
pub use context::{Conditions, DecisionContext};
pub use decision::{Decision, Explanation, HistoryItem, Item, Reason};
pub use filter::Available;
pub use record::{DecisionIdError, DecisionRecord, MAX_DECISION_ID_CHARS, MAX_RECORDED_ITEMS, RECORD_VERSION, Shown};
pub use recorded::Recorded;
pub use request::{MAX_CANDIDATES, MAX_EXCLUDE, MAX_SIMILAR, Request, RequestError, Visitor};
pub use scope::Scope;

/// Makes decisions over one snapshot.
///
/// ```
/// use selvedge::place::Place;
/// use selvedge::engine::{Engine, Request, Visitor};
/// use selvedge::profile::Consent;
/// use selvedge::snapshot::writer::{ItemInput, build};
/// use selvedge::snapshot::{Snapshot, Trust};
/// # use selvedge::policy::{Audience, Policy, SlotPolicy};
/// # use selvedge::snapshot::writer::Model;
/// #
/// # fn model(items: Vec<ItemInput>) -> Model {
/// #     Model {
/// #         dims: 2,
/// #         width: selvedge::quantize::Width::Int8,
/// #         items,
/// #         segments: Vec::new(),
/// #         rungs: Vec::new(),
/// #         contexts: Vec::new(),
/// #         slate_len: 2,
/// #         policy: Policy {
/// #             half_life_ms: 86_400_000,
/// #             kind_weights: [0.0, 0.5, 1.0, 2.0, 3.0],
/// #             unobserved_weight: 0.1,
/// #             regularisation: 0.01,
/// #             regularisation_exponent: 1.0,
/// #             trained_items: 2,
/// #             hysteresis: 0.05,
/// #             min_history: 1,
/// #             slots: vec![SlotPolicy {
/// #                 name: "home".into(),
/// #                 audience: Audience::Everyone,
/// #                 n_default: 2,
/// #                 n_max: 8,
/// #                 ..SlotPolicy::default()
/// #             }],
/// #         },
/// #         created_ms: 1_700_000_000_000,
/// #         trained_until_ms: 1_700_000_000_000,
/// #         release: Default::default(),
/// #         provenance: String::new(),
/// #     }
/// # }
/// let item = |id: &str, popularity| ItemInput {
///     id: id.into(),
///     factors: vec![0.5, popularity],
///     popularity,
///     ..ItemInput::default()
/// };
/// // `model`: these items, and a slot `home` that shows the most popular ones to everyone.
/// let bytes = build(&model(vec![item("lamp", 1.0), item("chair", 3.0)]), None)?;
/// let engine = Engine::new(Snapshot::open(bytes, Trust::Unverified)?)?;
///
/// let context = engine.assign(&Request {
///     slot: "home",
///     n: None,
///     category: None,
///     exclude: &[],
///     visitor: Visitor {
///         profile: None,
///         consent: Consent::Denied,
///         place: Place::default(),
///         now_ms: 1_700_000_000_000,
///     },
/// })?;
/// let key = context.cache_key().expect("an answer for everyone can be shared");
/// assert!(key.as_str().contains("/home/all/"));
///
/// let decision = engine.decide(&context);
/// let ids: Vec<&str> = decision.items.iter().map(|item| item.id).collect();
/// assert_eq!(ids, ["chair", "lamp"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Engine<B> {
    snapshot: Snapshot<B>,
    version: String,
    encoder: Encoder,
    /// Hashes of the slots' names, in the policy's order. A request's slot is found by them, because numbers compare faster than names.
    slot_hashes: Vec<u32>,
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// An engine over a snapshot.
    ///
    /// If the snapshot was opened without digests, all its sections but the factors must be confirmed before. Until the factors are
    /// confirmed too, answers come from served lists and no answer is personal.
    ///
    /// # Errors
    /// [`SnapshotError::Unverified`] if a section that is needed is not confirmed.
    pub fn new(snapshot: Snapshot<B>) -> Result<Self, SnapshotError> {
        snapshot.require(UsedBy::Base)?;
        let policy = snapshot.policy();
        let parameters = FoldInParameters {
            unobserved_weight: policy.unobserved_weight,
            regularisation: policy.regularisation,
            regularisation_exponent: policy.regularisation_exponent,
            items: policy.trained_items,
        };
        let slot_hashes = policy.slots.iter().map(|slot| fnv1a(&slot.name)).collect();
        let reranks = policy.slots.iter().any(|slot| slot.per_visitor == PerVisitor::Rerank);
        Ok(Self {
            version: snapshot.version(),
            encoder: Encoder::FoldIn {
                parameters,
                approximation: reranks.then(|| Approximation::new(snapshot.gram(), snapshot.dims(), &parameters)),
            },
            slot_hashes,
            snapshot,
        })
    }

    /// The snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot<B> {
        &self.snapshot
    }

    /// The snapshot, for confirming digests of sections later.
    pub fn snapshot_mut(&mut self) -> &mut Snapshot<B> {
        &mut self.snapshot
    }

    /// The snapshot's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The index of a slot in the policy.
    fn slot_index(&self, name: &str) -> Option<usize> {
        let slots = &self.snapshot.policy().slots;
        let hash = fnv1a(name);
        let is_it = |(index, known): (usize, &u32)| *known == hash && slots[index].name == name;
        self.slot_hashes.iter().enumerate().position(is_it)
    }

    /// Whether the factors are confirmed, so that answers can be personal.
    #[must_use]
    pub fn personal_ready(&self) -> bool {
        self.snapshot.require(UsedBy::Personal).is_ok()
    }
}
