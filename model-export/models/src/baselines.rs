//! What a model has to beat.

use std::cmp::Reverse;

/// Items by how many users took them, the most popular first; items of nobody are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Popularity {
    order: Vec<u32>,
}

impl Popularity {
    /// From the number of users of each item.
    #[must_use]
    pub fn new(item_users: &[u64]) -> Self {
        let mut counted: Vec<(Reverse<u64>, u32)> = item_users
            .iter()
            .zip(0..)
            .filter(|(users, _)| **users > 0)
            .map(|(&users, item)| (Reverse(users), item))
            .collect();
        counted.sort_unstable();
        Self {
            order: counted.into_iter().map(|(_, item)| item).collect(),
        }
    }

    /// The best `k` that are not `excluded` (ascending), after those already in `first`.
    #[must_use]
    pub fn fill(&self, first: Vec<u32>, excluded: &[u32], k: usize) -> Vec<u32> {
        let mut list = first;
        list.truncate(k);
        let own = list.len();
        for &item in &self.order {
            if list.len() >= k {
                break;
            }
            if excluded.binary_search(&item).is_err() && !list[..own].contains(&item) {
                list.push(item);
            }
        }
        list
    }
}

/// "Buy again": a user's own items, the heaviest first.
#[must_use]
pub fn own_items(history: &[(u32, f32)]) -> Vec<u32> {
    let mut own = history.to_vec();
    own.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    own.into_iter().map(|(item, _)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_popular_come_first_without_the_excluded_and_without_items_of_nobody() {
        let popularity = Popularity::new(&[2, 9, 0, 5, 9]);
        assert_eq!(popularity.fill(Vec::new(), &[4], 5), [1, 3, 0]);
        assert_eq!(popularity.fill(vec![3], &[], 3), [3, 1, 4]);
    }

    #[test]
    fn own_items_are_ordered_by_weight() {
        assert_eq!(own_items(&[(4, 0.5), (7, 2.0), (9, 0.5)]), [7, 4, 9]);
    }
}
