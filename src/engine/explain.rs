//! Stage *explain*: adds to each item its texts and the reason why it is in the answer.

use alloc::vec::Vec;

use super::Engine;
use super::context::{DecisionContext, Task};
use super::decision::{Explanation, HistoryItem, Item, Reason};
use super::encode::{EncodedVisitor, WeightedItem};
use super::rank::Ranking;
use super::scope::Scope;
use crate::retrieve::{Scored, ranked_first};

/// Most history items that an explanation shows.
const SHOWN_HISTORY: usize = 10;

impl<B: AsRef<[u8]>> Engine<B> {
    /// The chosen items with texts and reasons: in a personal list the history item that speaks most for each, else whose list they are from.
    pub(super) fn items(&self, context: &DecisionContext<'_>, chosen: &[Scored]) -> Vec<Item<'_>> {
        let reason = match (&context.task, context.list) {
            (Task::Similar(item, _), _) => {
                let name = self.snapshot.name(*item);
                Reason::Similar {
                    item: name.id,
                    title: name.title,
                }
            }
            (Task::Catalogue(_), _) => Reason::Popular,
            (_, Scope::Visitor) => match self.explained(context, chosen) {
                Some(items) => return items,
                None => Reason::Popular,
            },
            (_, Scope::Segment) => Reason::Segment,
            (_, Scope::Context) => Reason::Context,
            (_, Scope::Everyone) => Reason::Popular,
        };
        chosen.iter().map(|scored| self.item(scored, reason)).collect()
    }

    /// The chosen items, each with the history item that adds most to its score; [`None`] if the user vector has no explanation.
    fn explained(&self, context: &DecisionContext<'_>, chosen: &[Scored]) -> Option<Vec<Item<'_>>> {
        let visitor = context.personal().filter(|visitor| visitor.vector.is_explained())?;
        let factors: Vec<_> = chosen.iter().map(|scored| self.snapshot.factors(scored.item)).collect();
        let parts = visitor.vector.contributions(&factors)?;
        let explained =
            |(scored, parts): (&Scored, Vec<f64>)| self.item(scored, self.because(visitor, &parts, context.now_ms));
        Some(chosen.iter().zip(parts).map(explained).collect())
    }

    fn item<'s>(&'s self, scored: &Scored, reason: Reason<'s>) -> Item<'s> {
        let text = self.snapshot.text(scored.item);
        Item {
            id: text.id,
            title: text.title,
            categories: self
                .snapshot
                .category_path(scored.item)
                .into_iter()
                .map(|category| self.snapshot.category_name(category))
                .collect(),
            image: text.image,
            attributes: text.attributes,
            score: scored.score,
            reason,
        }
    }

    /// The available history item that adds most to an item's score. `parts`: what each history item adds.
    fn because(&self, visitor: &EncodedVisitor, parts: &[f64], now_ms: u64) -> Reason<'_> {
        let positive: f64 = parts.iter().filter(|part| **part > 0.0).sum();
        let mut best: Option<(usize, f64)> = None;
        for (index, part) in parts.iter().enumerate() {
            let named = visitor
                .history
                .get(index)
                .is_some_and(|known| self.is_available(known.item, now_ms));
            if named && *part > best.map_or(0.0, |(_, part)| part) {
                best = Some((index, *part));
            }
        }
        let Some((index, part)) = best else {
            return Reason::Popular;
        };
        let name = self.snapshot.name(visitor.history[index].item);
        #[expect(clippy::cast_possible_truncation, reason = "a share for people, in 32 bits")]
        let share = (part / positive) as f32;
        Reason::Because {
            item: name.id,
            title: name.title,
            share,
        }
    }

    /// How the answer was made.
    pub(super) fn explanation(&self, context: &DecisionContext<'_>, ranking: &Ranking) -> Explanation<'_> {
        let visitor = context.personal();
        let assignment = visitor.and_then(|visitor| visitor.assignment);
        #[expect(clippy::cast_possible_truncation, reason = "a cosine for people, in 32 bits")]
        let segment_cosine = assignment.map(|found| found.cosine as f32);
        let members = |segment| self.snapshot.segment_members(usize::from(segment));
        Explanation {
            history: visitor.map_or_else(Vec::new, |visitor| self.history_items(&visitor.history, context.now_ms)),
            segment_members: context.segment.map(members),
            segment_cosine,
            kept_segment: assignment.is_some_and(|found| found.kept),
            exact: true,
            candidates: ranking.candidates,
            excluded: self.snapshot.rows().saturating_sub(ranking.candidates),
        }
    }

    /// The [`SHOWN_HISTORY`] heaviest history items among those that are available.
    fn history_items(&self, history: &[WeightedItem], now_ms: u64) -> Vec<HistoryItem<'_>> {
        let shown = history.iter().filter(|known| self.is_available(known.item, now_ms));
        let by_weight = shown.map(|known| Scored {
            item: known.item,
            score: known.weight,
        });
        ranked_first(by_weight, SHOWN_HISTORY)
            .iter()
            .filter_map(|heavy| history.iter().find(|known| known.item == heavy.item))
            .map(|known| {
                let name = self.snapshot.name(known.item);
                HistoryItem {
                    item: name.id,
                    title: name.title,
                    kind: known.kind,
                    weight: known.weight,
                }
            })
            .collect()
    }
}
