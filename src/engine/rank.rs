//! Stage *rank*: scores and orders the candidates, and applies the limit per category.

use alloc::vec::Vec;

use super::Engine;
use super::candidates::{Beyond, Source};
use super::context::{DecisionContext, Task};
use crate::event::ItemIndex;
use crate::quantize::Query;
use crate::rank::diversify;
use crate::retrieve::{Filter, Rows, Scored, ranked, ranked_first, score_rows, top_k};

/// The limit per category chooses from this many times the number of items of the answer.
const DIVERSITY_CANDIDATES: usize = 6;

/// How a served list is re-ranked.
#[derive(Clone, Copy, Debug)]
enum Reranker<'c> {
    /// It keeps its order.
    None,
    /// By scores under the user vector.
    Vector(&'c [f32]),
}

/// The chosen items, best first, and how many candidates they were chosen from.
pub(super) struct Ranking {
    pub chosen: Vec<Scored>,
    pub candidates: usize,
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The items of the answer, best first.
    pub(super) fn ranking(&self, context: &DecisionContext<'_>, source: Source<'_>, filter: &Filter) -> Ranking {
        let limit = match &context.task {
            Task::Slot(slot) => usize::from(slot.max_per_category),
            _ => 0,
        };
        let k = if limit == 0 {
            context.n
        } else {
            context.n * DIVERSITY_CANDIDATES
        };
        let found = match source {
            Source::ServedList { list, beyond } => {
                let served = self.served_list(list, filter);
                if served.len() >= context.n {
                    self.reranked(served, reranker(context), k)
                } else {
                    // The list was made from the whole catalogue, so a filter can leave too few of its items.
                    match beyond {
                        Beyond::Search(vector) => self.search(vector, filter, k),
                        Beyond::Popularity => self.most_popular(filter, k),
                    }
                }
            }
            Source::Search(vector) => self.search(vector, filter, k),
            Source::Near(item) => self.near(item, filter, k),
            Source::Given { items, vector } => return self.given(items, vector, context.n),
            Source::Catalogue(offset) => return self.catalogue(offset, context.n),
        };
        Ranking {
            chosen: diversify(&found, context.n, limit, |item| self.snapshot.leaf_category(item)),
            candidates: filter.count(),
        }
    }

    fn reranked(&self, list: Vec<Scored>, reranker: Reranker<'_>, k: usize) -> Vec<Scored> {
        match reranker {
            Reranker::None => list,
            Reranker::Vector(vector) => {
                let rows: Vec<ItemIndex> = list.iter().map(|scored| scored.item).collect();
                let scores = self.scores(Some(vector).filter(|_| self.personal_ready()), &rows);
                let scored = rows.into_iter().zip(scores).map(|(item, score)| Scored { item, score });
                ranked_first(scored, k)
            }
        }
    }

    /// Scores of rows under a vector, or their popularity without one.
    fn scores(&self, vector: Option<&[f32]>, rows: &[ItemIndex]) -> Vec<f32> {
        let query = vector.and_then(|vector| Query::new(vector, self.snapshot.stride()).ok());
        match (self.snapshot.factor_rows(), query) {
            (Some(factors), Some(query)) => score_rows(&factors, &query, rows),
            _ => rows.iter().map(|item| self.snapshot.popularity(*item)).collect(),
        }
    }

    fn search(&self, vector: &[f32], filter: &Filter, k: usize) -> Vec<Scored> {
        let query = Query::new(vector, self.snapshot.stride()).ok();
        best(self.snapshot.factor_rows(), query, filter, k)
    }

    fn near(&self, item: ItemIndex, filter: &Filter, k: usize) -> Vec<Scored> {
        let query = Query::unit(&self.snapshot.codes(item)).ok();
        best(self.snapshot.cosine_rows(), query, filter, k)
    }

    fn most_popular(&self, filter: &Filter, k: usize) -> Vec<Scored> {
        let popular = filter.iter().map(|item| Scored {
            item,
            score: self.snapshot.popularity(item),
        });
        ranked_first(popular, k)
    }

    fn given(&self, items: &[ItemIndex], vector: Option<&[f32]>, n: usize) -> Ranking {
        let scores = self.scores(vector, items);
        let scored = items
            .iter()
            .zip(scores)
            .map(|(item, score)| Scored { item: *item, score });
        let mut chosen = ranked(scored.collect());
        // A repeated item has the same score and index, so its copies are neighbours.
        chosen.dedup_by_key(|scored| scored.item);
        let candidates = chosen.len();
        chosen.truncate(n);
        Ranking { chosen, candidates }
    }

    fn catalogue(&self, offset: usize, n: usize) -> Ranking {
        let rows = self.snapshot.rows();
        let end = offset.saturating_add(n).min(rows);
        let items = (offset.min(end)..end).filter_map(|place| self.snapshot.by_popularity(place));
        let scored = |item| Scored {
            item,
            score: self.snapshot.popularity(item),
        };
        Ranking {
            chosen: items.map(scored).collect(),
            candidates: rows,
        }
    }
}

fn best(rows: Option<Rows<'_>>, query: Option<Query>, filter: &Filter, k: usize) -> Vec<Scored> {
    match (rows, query) {
        (Some(rows), Some(query)) => top_k(&rows, &query, filter, k),
        _ => Vec::new(),
    }
}

fn reranker<'c>(context: &'c DecisionContext<'_>) -> Reranker<'c> {
    context
        .personal()
        .map_or(Reranker::None, |visitor| Reranker::Vector(visitor.vector.values()))
}
