//! The second half of the pipeline: *candidates → filter → rank → explain* over a decision context.

use super::Engine;
use super::context::{Conditions, DecisionContext, Task};
use super::decision::Decision;
use super::filter::Available;
use super::request::{MAX_CANDIDATES, RequestError, Visitor};
use crate::place::Daypart;

impl<B: AsRef<[u8]>> Engine<B> {
    /// Computes the decision of a context.
    ///
    /// Complexity: `O(rows)` for the bitmap of available items; a search adds `O(rows · dims)`.
    #[must_use]
    pub fn decide<'s>(&'s self, context: &DecisionContext<'s>) -> Decision<'s> {
        self.decide_among(&self.available(context.now_ms), context)
    }

    /// Like [`Engine::decide`], but reuses a cached bitmap of available items. The bitmap is ignored if its minute or its number of rows differs.
    #[must_use]
    pub fn decide_among<'s>(&'s self, available: &Available, context: &DecisionContext<'s>) -> Decision<'s> {
        let source = self.candidates(context);
        let filter = self.filter(context, available);
        let ranking = self.ranking(context, source, &filter);
        let record = context.record(&ranking.chosen, |item| self.snapshot.key(item));
        Decision {
            id: record.to_id(),
            slot: match &context.task {
                Task::Slot(slot) => &slot.name,
                Task::Similar(..) => "similar",
                Task::Rank { .. } => "rank",
                Task::Catalogue(_) => "catalogue",
            },
            model: &self.version,
            scope: context.scope,
            segment: context.segment,
            context: context.daypart.map(Daypart::name),
            items: self.items(context, &ranking.chosen),
            unknown: match &context.task {
                Task::Rank { unknown, .. } => unknown.clone(),
                _ => alloc::vec::Vec::new(),
            },
            explanation: self.explanation(context, &ranking),
        }
    }

    /// Items near an item, by cosine of their factors.
    ///
    /// # Errors
    /// [`RequestError::UnknownItem`], also for an item that is not available now, [`RequestError::Count`], or [`RequestError::NotReady`] while the factors are not confirmed.
    pub fn similar(&self, id: &str, n: usize, now_ms: u64) -> Result<Decision<'_>, RequestError> {
        let context = self.assign_similar(&Conditions::PLAIN, id, n, now_ms)?;
        self.require_factors()?;
        Ok(self.decide(&context))
    }

    /// Ranks the caller's candidates for a visitor. Ids that the model does not know, and those of items that are not available now, are returned
    /// in [`Decision::unknown`], in the order given and each once.
    ///
    /// # Errors
    /// [`RequestError::Candidates`] or [`RequestError::Count`].
    pub fn rank<'s>(&'s self, visitor: &Visitor<'_>, ids: &[&'s str], n: usize) -> Result<Decision<'s>, RequestError> {
        Ok(self.decide(&self.assign_rank(&Conditions::PLAIN, visitor, ids, n)?))
    }

    /// `count` items of the catalogue (at most [`MAX_CANDIDATES`]) in order of popularity, from `offset` on.
    #[must_use]
    pub fn browse(&self, offset: usize, count: usize) -> Decision<'_> {
        self.decide(&self.catalogue_context(offset, count.min(MAX_CANDIDATES)))
    }

    /// Checks that the factors are confirmed.
    ///
    /// # Errors
    /// [`RequestError::NotReady`] if they are not.
    pub fn require_factors(&self) -> Result<(), RequestError> {
        if self.personal_ready() {
            Ok(())
        } else {
            Err(RequestError::NotReady)
        }
    }
}
