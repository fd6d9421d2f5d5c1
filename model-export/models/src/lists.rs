//! The ready list of each segment. Evaluation, simulation and packing all call [`ready_lists`], so that the lists that are
//! measured are the lists that are shipped.

use serde::{Deserialize, Serialize};

use crate::als::Factors;
use crate::segments::{Tree, voted};
use crate::served::{ServeError, ServedItems};

/// How the ready list of a segment is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListPolicy {
    /// The items nearest to the segment's centroid.
    Centroid,
    /// What the segment's members would be shown, by their votes (a place in a member's own list counts its discount in DCG).
    #[default]
    Voted,
}

/// Segments, and the users that they were made of.
#[derive(Clone, Copy, Debug)]
pub struct Segmentation<'s> {
    /// The segments and their unions.
    pub tree: &'s Tree,
    /// Users × dims.
    pub users: &'s Factors,
    /// The segment of each user.
    pub assignment: &'s [Option<u32>],
}

/// The lists of all segments of a tree, leaves and unions: at most `length` rows of `items` each, best first.
///
/// Users vote with `items`, in the space that the model was trained in. Centroids are searched in `served`, the same items
/// as they are coded; `coded` are the tree's centroids in that space. A segment that nobody votes for gets the list of its
/// centroid.
///
/// # Errors
/// [`ServeError`] for a centroid that is not finite.
pub fn ready_lists(
    policy: ListPolicy,
    segments: &Segmentation<'_>,
    items: &Factors,
    served: &ServedItems,
    coded: &Factors,
    length: usize,
) -> Result<Vec<Vec<u32>>, ServeError> {
    let votes = match policy {
        ListPolicy::Centroid => vec![Vec::new(); segments.tree.members.len()],
        ListPolicy::Voted => voted(segments.users, segments.assignment, segments.tree, items, length),
    };
    votes
        .into_iter()
        .enumerate()
        .map(|(segment, votes)| {
            if votes.is_empty() {
                return served.nearest(coded.row(segment), length);
            }
            Ok(votes.into_iter().map(|(item, _)| item).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use selvedge::quantize::Width;

    use super::*;
    use crate::als::Objective;
    use crate::segments::tree;

    #[test]
    fn the_policies_differ_where_members_are_not_of_one_mind() {
        // Item i lies along axis i, item 3 between the first two. Nobody ranks it first, but the centroid is nearest to it.
        let items = Factors::new(2, vec![1.0, 0.0, 0.0, 1.0, 0.1, 0.1, 0.75, 0.75]);
        let users = Factors::new(2, vec![1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
        let tree = tree(&Factors::new(2, vec![0.6, 0.8]), &[3]);
        let objective = Objective {
            unobserved_weight: 0.1,
            regularisation: 0.01,
            regularisation_exponent: 1.0,
        };
        let served = ServedItems::new(&items, Width::Int8, objective.fold_in(4)).unwrap();
        let segments = Segmentation {
            tree: &tree,
            users: &users,
            assignment: &[Some(0), Some(0), Some(0)],
        };
        let lists = |policy| ready_lists(policy, &segments, &items, &served, &tree.centroids, 2).unwrap();
        assert_eq!(lists(ListPolicy::Centroid)[0][0], 3);
        assert_eq!(lists(ListPolicy::Voted)[0][0], 0);
        let nobody = Segmentation {
            assignment: &[None, None, None],
            ..segments
        };
        let lists = ready_lists(ListPolicy::Voted, &nobody, &items, &served, &tree.centroids, 2).unwrap();
        assert_eq!(lists[0][0], 3, "without votes, the centroid's list");
    }
}
