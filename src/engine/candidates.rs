//! Stage *candidates*: chooses where the items of an answer come from.

use alloc::vec::Vec;

use super::Engine;
use super::context::{DecisionContext, Task};
use super::encode::EncodedVisitor;
use super::scope::Scope;
use crate::event::ItemIndex;
use crate::retrieve::{Filter, Scored};

/// A candidate source.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'c> {
    /// A served list of the snapshot, by its number. If the filter leaves fewer items of it than the answer needs, `beyond` replaces it.
    ServedList { list: usize, beyond: Beyond<'c> },
    /// Exact search through all rows with a user vector.
    Search(&'c [f32]),
    /// Exact search through all rows by cosine to an item.
    Near(ItemIndex),
    /// The caller's candidates, scored with a user vector, or by popularity without one.
    Given {
        items: &'c [ItemIndex],
        vector: Option<&'c [f32]>,
    },
    /// The catalogue by popularity, from this offset on.
    Catalogue(usize),
}

/// What replaces a served list of which too few items are left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beyond<'c> {
    /// Exact search with a user vector.
    Search(&'c [f32]),
    /// All items by popularity.
    Popularity,
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The candidate source of a decision.
    pub(super) fn candidates<'c>(&'c self, context: &'c DecisionContext<'_>) -> Source<'c> {
        let own = context.personal().map(|visitor| visitor.vector.values());
        match &context.task {
            Task::Similar(item, _) => Source::Near(*item),
            Task::Catalogue(offset) => Source::Catalogue(*offset),
            Task::Rank { known, .. } => {
                let prior = context
                    .daypart
                    .map(|daypart| self.snapshot.context_prior(daypart.index()));
                let vector = own.or(prior).filter(|_| self.personal_ready());
                Source::Given { items: known, vector }
            }
            Task::Slot(_) => {
                if let (Scope::Visitor, Some(own)) = (context.list, own) {
                    return Source::Search(own);
                }
                let (list, vector) = self.served_list_of(context);
                let vector = own.unwrap_or(vector);
                let beyond = if vector.is_empty() || !self.personal_ready() {
                    Beyond::Popularity
                } else {
                    Beyond::Search(vector)
                };
                Source::ServedList { list, beyond }
            }
        }
    }

    /// The number of the served list for a decision's segment, daypart or everyone, and the vector of that segment or daypart (empty for
    /// everyone), which finds more items like those of the list.
    pub(super) fn served_list_of(&self, context: &DecisionContext<'_>) -> (usize, &[f32]) {
        match (context.list, context.segment, context.daypart) {
            (Scope::Segment, Some(segment), _) => {
                let segment = usize::from(segment);
                (1 + segment, self.snapshot.centroid(segment))
            }
            (Scope::Context, _, Some(daypart)) => (
                1 + self.snapshot.segments() + daypart.index(),
                self.snapshot.context_prior(daypart.index()),
            ),
            _ => (0, &[][..]),
        }
    }

    /// The items of a served list that the filter allows. The first item of the list has score 1, and the score falls evenly to its end.
    pub(super) fn served_list(&self, list: usize, filter: &Filter) -> Vec<Scored> {
        let length = u16::try_from(self.snapshot.slate_len()).unwrap_or(u16::MAX);
        let place = |rank: usize| 1.0 - f32::from(u16::try_from(rank).unwrap_or(u16::MAX)) / f32::from(length);
        self.snapshot
            .slate(list)
            .enumerate()
            .filter(|(_, item)| filter.allows(*item))
            .map(|(rank, item)| Scored {
                item,
                score: place(rank),
            })
            .collect()
    }
}

impl DecisionContext<'_> {
    /// The encoded visitor, if the answer is in scope *visitor*.
    pub(super) fn personal(&self) -> Option<&EncodedVisitor> {
        self.visitor.as_ref().filter(|_| self.scope == Scope::Visitor)
    }
}
