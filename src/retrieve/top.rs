//! Collects the best `k` rows.

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
    /// Compares in the order of answers: score descending, then row ascending. `Less` means better.
    #[must_use]
    pub fn rank(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.item.cmp(&other.item))
    }
}

/// Sorts rows into the order of answers. It uses a heap because `Best` does: every module contains the heap's code
/// already, and a sort would add its own.
#[must_use]
pub fn ranked(rows: Vec<Scored>) -> Vec<Scored> {
    sorted(rows.into_iter().map(WorstFirst).collect())
}

/// Returns the first `k` rows in the order of answers. Complexity: `O(rows · log k)`.
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

/// Heap of the best rows with the worst of them on top.
pub(super) struct Best {
    heap: BinaryHeap<WorstFirst>,
    k: usize,
    floor: f32,
}

impl Best {
    /// `k` must be at least 1.
    pub(super) fn new(k: usize) -> Self {
        Self {
            heap: BinaryHeap::with_capacity(k),
            k,
            floor: f32::NEG_INFINITY,
        }
    }

    /// Only a score above the floor can enter. Rows come in ascending order, so a row that equals the worst of the best
    /// ranks behind it.
    pub(super) const fn floor(&self) -> f32 {
        self.floor
    }

    /// Adds a row. Its score must be above the floor, and its index above those of all earlier rows.
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

    /// Returns the rows, best first.
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
