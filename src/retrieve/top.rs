//! The best `k` seen so far.

use alloc::collections::BinaryHeap;
use core::cmp::Ordering;

use crate::event::ItemIndex;

/// A row and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The row.
    pub item: ItemIndex,
    /// Its score: finite, and never −0.
    pub score: f32,
}

impl Scored {
    /// The order of answers: score descending, then row ascending. `Less` is the better one.
    #[must_use]
    pub fn rank(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.item.cmp(&other.item))
    }
}

/// Puts rows in the order of answers. A heap, as [`Best`] is one: its code is in every module already, and a sort's is not.
#[must_use]
pub fn ranked(rows: Vec<Scored>) -> Vec<Scored> {
    sorted(rows.into_iter().map(WorstFirst).collect())
}

/// The first `k` rows in the order of answers.
#[must_use]
pub fn ranked_first(rows: impl Iterator<Item = Scored>, k: usize) -> Vec<Scored> {
    let mut heap = BinaryHeap::with_capacity(k);
    for row in rows.map(WorstFirst) {
        if heap.len() < k {
            heap.push(row);
        } else if let Some(mut worst) = heap.peek_mut()
            && row < *worst
        {
            *worst = row;
        }
    }
    sorted(heap)
}

fn sorted(heap: BinaryHeap<WorstFirst>) -> Vec<Scored> {
    heap.into_sorted_vec()
        .into_iter()
        .map(|WorstFirst(scored)| scored)
        .collect()
}

/// A heap with the worst of the best at its top.
pub(super) struct Best {
    heap: BinaryHeap<WorstFirst>,
    k: usize,
    floor: f32,
}

impl Best {
    /// `k` must not be 0: there is no worst of none.
    pub(super) fn new(k: usize) -> Self {
        Self {
            heap: BinaryHeap::with_capacity(k),
            k,
            floor: f32::NEG_INFINITY,
        }
    }

    /// Only a score above this one can enter. Rows come in ascending order, so one that only equals the worst of the best
    /// would rank behind it.
    pub(super) const fn floor(&self) -> f32 {
        self.floor
    }

    /// Takes a row whose score is above the floor and whose index is above those of all rows before.
    pub(super) fn insert(&mut self, scored: Scored) {
        if self.heap.len() < self.k {
            self.heap.push(WorstFirst(scored));
        } else if let Some(mut worst) = self.heap.peek_mut() {
            *worst = WorstFirst(scored);
        }
        if self.heap.len() == self.k
            && let Some(worst) = self.heap.peek()
        {
            self.floor = worst.0.score;
        }
    }

    /// Best first.
    pub(super) fn into_sorted(self) -> Vec<Scored> {
        sorted(self.heap)
    }
}

struct WorstFirst(Scored);

impl Ord for WorstFirst {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.rank(&other.0)
    }
}

impl PartialOrd for WorstFirst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for WorstFirst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for WorstFirst {}
