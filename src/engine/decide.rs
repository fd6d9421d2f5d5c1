//! The pipeline: *candidates → filter → rank → explain* over a decision context.

use super::Engine;
use super::context::{Conditions, DecisionContext, Task};
use super::decision::Decision;
use super::filter::Available;
use super::request::{MAX_CANDIDATES, RequestError, Visitor};
use crate::context::Daypart;

impl<B: AsRef<[u8]>> Engine<B> {
    /// Computes the answer of a context.
    #[must_use]
    pub fn decide<'s>(&'s self, context: &DecisionContext<'s>) -> Decision<'s> {
        self.decide_among(&self.available(context.now_ms), context)
    }

    /// Like [`Engine::decide`], but reuses a cached bitmap. Ignored if its minute or its snapshot's size differs.
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
    /// [`RequestError::UnknownItem`], [`RequestError::Count`], or [`RequestError::NotReady`] before the factors are verified.
    pub fn similar(&self, id: &str, n: usize, now_ms: u64) -> Result<Decision<'_>, RequestError> {
        let context = self.assign_similar(&Conditions::PLAIN, id, n, now_ms)?;
        self.require_factors()?;
        Ok(self.decide(&context))
    }

    /// Ranks the caller's candidates for a visitor; ids the model does not know are returned apart, in the order given, and
    /// repeated ids once.
    ///
    /// # Errors
    /// [`RequestError::Candidates`] or [`RequestError::Count`].
    pub fn rank<'s>(&'s self, visitor: &Visitor<'_>, ids: &[&'s str], n: usize) -> Result<Decision<'s>, RequestError> {
        Ok(self.decide(&self.assign_rank(&Conditions::PLAIN, visitor, ids, n)?))
    }

    /// Catalogue items from a place in the order of popularity on.
    #[must_use]
    pub fn browse(&self, offset: usize, count: usize) -> Decision<'_> {
        self.decide(&self.catalogue_context(offset, count.min(MAX_CANDIDATES)))
    }

    /// Refuses what cannot be answered before the factors are verified.
    ///
    /// # Errors
    /// [`RequestError::NotReady`].
    pub fn require_factors(&self) -> Result<(), RequestError> {
        if self.personal_ready() {
            Ok(())
        } else {
            Err(RequestError::NotReady)
        }
    }
}
