//! One request in, one decision out: the only module that knows all the others.
//!
//! A decision is a pipeline over one value, the [`DecisionContext`]:
//!
//! ```text
//! request ─► assign ─► encode ─► DecisionContext ─► candidates ─► filter ─► rank ─► explain ─► Decision
//!                                      └─► cache key, freshness, record of what made the list
//! ```
//!
//! *Assign* checks the request and takes over arms, overlay and seed; *encode* turns the profile into a vector where whose list it is depends
//! on it ([`Engine::assign`] does both). A shell looks into its cache under [`DecisionContext::cache_key`] before it goes on with
//! [`Engine::decide`]: *candidates* chooses the source, *filter* says what may be shown, *rank* scores and orders, *explain* adds texts and reasons.

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

/// Decisions over one snapshot.
pub struct Engine<B> {
    snapshot: Snapshot<B>,
    version: String,
    encoder: Encoder,
    /// Hashes of the slots' names, in the policy's order: numbers are compared sooner than names.
    slot_hashes: Vec<u32>,
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// An engine over a snapshot. Of a snapshot that was opened without digests, all sections but the factors must be
    /// confirmed; until those are confirmed too, answers come from ready lists and nothing is personal.
    ///
    /// # Errors
    /// [`SnapshotError::Unverified`].
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

    /// The snapshot, to confirm digests that were still open.
    pub fn snapshot_mut(&mut self) -> &mut Snapshot<B> {
        &mut self.snapshot
    }

    /// The snapshot's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The place of a slot in the policy.
    fn slot_place(&self, name: &str) -> Option<usize> {
        let slots = &self.snapshot.policy().slots;
        let hash = fnv1a(name);
        let is_it = |(place, known): (usize, &u32)| *known == hash && slots[place].name == name;
        self.slot_hashes.iter().enumerate().position(is_it)
    }

    /// Whether the factors are verified, so that answers can be personal.
    #[must_use]
    pub fn personal_ready(&self) -> bool {
        self.snapshot.require(UsedBy::Personal).is_ok()
    }
}
