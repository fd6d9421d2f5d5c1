//! What a segment is shown: what its members would be shown, by their votes.

use rayon::prelude::*;

use super::Tree;
use crate::als::{Factors, Scorer};

/// Lists that vote are this long: further down, a place is worth little.
const BALLOT: usize = 50;

/// Members that vote in each leaf, at most: their mean does not move any more.
const VOTERS: usize = 500;

/// Sums of votes: (item, votes) of each segment of a tree, most votes first, ties to the lower item.
pub type Votes = Vec<Vec<(u32, f64)>>;

/// Lets the members of each leaf vote for items, and adds votes up along the tree.
///
/// A member votes with its own list, each place with its discount in DCG, 1 / log₂(rank + 1). The list of a segment that has
/// the most votes is the one that shares most of DCG with its members' own lists.
#[must_use]
pub fn voted(users: &Factors, assignment: &[Option<u32>], tree: &Tree, items: &Factors, length: usize) -> Votes {
    let leaves = tree.leaves();
    let mut voters: Vec<Vec<usize>> = vec![Vec::new(); leaves];
    for (user, leaf) in assignment.iter().enumerate() {
        if let Some(leaf) = leaf {
            voters[*leaf as usize].push(user);
        }
    }
    let scorer = Scorer::new(items);
    let mut sums: Vec<Vec<f64>> = voters
        .iter()
        .map(|voters| {
            let step = voters.len().div_ceil(VOTERS).max(1);
            let asked: Vec<(&[f32], &[u32])> = voters
                .iter()
                .step_by(step)
                .map(|user| (users.row(*user), &[][..]))
                .collect();
            let mut sums = vec![0.0; items.rows()];
            let lists = scorer.top_k(&asked, BALLOT.min(items.rows()));
            // Where only some vote, they vote for the others as well.
            #[expect(clippy::cast_precision_loss, reason = "counts of users")]
            let weight = voters.len() as f64 / lists.len().max(1) as f64;
            for list in lists {
                for (item, rank) in list.into_iter().zip(2_u32..) {
                    sums[item as usize] += weight / f64::from(rank).log2();
                }
            }
            sums
        })
        .collect();
    for union in leaves..tree.members.len() {
        let mut sum = vec![0.0; items.rows()];
        for (part, votes) in sums.iter().enumerate() {
            if tree.parents[part].is_some_and(|parent| parent as usize == union) {
                sum.iter_mut().zip(votes).for_each(|(sum, votes)| *sum += votes);
            }
        }
        sums.push(sum);
    }
    sums.into_par_iter()
        .map(|sums| {
            let mut voted: Vec<(u32, f64)> = (0..).zip(sums).filter(|(_, votes)| *votes > 0.0).collect();
            voted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            voted.truncate(length);
            voted
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn a_list_has_what_most_members_would_see_first_and_unions_add_up() {
        // Item i lies along axis i; leaf 0 has one voter for item 0 and two for item 1, leaf 1 two for item 2.
        let items = Factors::new(3, vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let users = Factors::new(
            3,
            vec![
                1.0, 0.2, 0.1, 0.2, 1.0, 0.1, 0.2, 1.0, 0.1, 0.2, 0.1, 1.0, 0.2, 0.1, 1.0,
            ],
        );
        let assignment = [Some(0), Some(0), Some(0), Some(1), Some(1)];
        let tree = tree(&Factors::new(3, vec![0.6, 0.8, 0.0, 0.0, 0.0, 1.0]), &[3, 2]);
        let votes = voted(&users, &assignment, &tree, &items, 2);
        let lists: Vec<Vec<u32>> = votes
            .iter()
            .map(|votes| votes.iter().map(|vote| vote.0).collect())
            .collect();
        assert_eq!(lists[..2], [vec![1, 0], vec![2, 0]]);
        assert_eq!(votes.len(), 3);
        let first_place = votes[1][0].1;
        assert!((first_place - 2.0).abs() < 1e-12, "{first_place}");
    }
}
