//! Stage *candidates*: where the items of an answer come from.

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
    /// A list that was made with the snapshot, by its number. Where the filter leaves too little of it, `beyond` goes on.
    ReadyList { list: usize, beyond: Beyond<'c> },
    /// The exact search through all rows by a vector.
    Search(&'c [f32]),
    /// The exact search by cosine around an item.
    Near(ItemIndex),
    /// What the caller brought, scored by a vector, or by popularity where there is none.
    Given {
        items: &'c [ItemIndex],
        vector: Option<&'c [f32]>,
    },
    /// The catalogue by popularity, from a place on.
    Catalogue(usize),
}

/// What a ready list that is too short goes on with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beyond<'c> {
    /// The exact search by a vector.
    Search(&'c [f32]),
    /// Popularity.
    Popularity,
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The source of a decision.
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
                let (list, vector) = self.ready_list_of(context);
                let vector = own.unwrap_or(vector);
                let beyond = if vector.is_empty() || !self.personal_ready() {
                    Beyond::Popularity
                } else {
                    Beyond::Search(vector)
                };
                Source::ReadyList { list, beyond }
            }
        }
    }

    /// The number of the ready list that a shared answer begins with, and the vector that finds more of its kind.
    pub(super) fn ready_list_of(&self, context: &DecisionContext<'_>) -> (usize, &[f32]) {
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

    /// What the filter leaves of a ready list. The score counts places down from 1.
    pub(super) fn ready_list(&self, list: usize, filter: &Filter) -> Vec<Scored> {
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
    /// The encoded visitor, where the answer is for this visitor alone.
    pub(super) fn personal(&self) -> Option<&EncodedVisitor> {
        self.visitor.as_ref().filter(|_| self.scope == Scope::Visitor)
    }
}
