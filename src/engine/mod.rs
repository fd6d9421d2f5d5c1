//! One request in, one decision out: the only module that knows all the others.
//!
//! A request is answered in two steps, so that a shell can look into its cache between them: [`Engine::plan`] says for whom
//! the answer is and under which key it may be shared; [`Engine::decide`] computes it.

mod available;
mod decide;
mod decision;
mod plan;
mod record;
mod request;
mod visitor;

use alloc::string::String;
use alloc::vec::Vec;

use crate::cache::fnv1a;
use crate::encode::{Approximation, FoldInParameters};
use crate::policy::PerVisitor;
use crate::snapshot::{Snapshot, SnapshotError, UsedBy};

pub use available::Available;
pub use decision::{Decision, Explanation, HistoryItem, Item, Reason, Scope};
pub use plan::Plan;
pub use record::Recorded;
pub use request::{MAX_CANDIDATES, MAX_EXCLUDE, MAX_SIMILAR, Request, RequestError, Visitor};

/// Decisions over one snapshot.
pub struct Engine<B> {
    snapshot: Snapshot<B>,
    version: String,
    parameters: FoldInParameters,
    /// Hashes of the slots' names, in the policy's order: numbers are compared sooner than names.
    slot_hashes: Vec<u32>,
    /// For slots that re-rank; absent where there is none.
    approximation: Option<Approximation>,
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
            parameters,
            slot_hashes,
            approximation: reranks.then(|| Approximation::new(snapshot.gram(), snapshot.dims(), &parameters)),
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
