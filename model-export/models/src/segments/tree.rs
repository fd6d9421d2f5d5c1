//! Segments of segments: coarser ones for slots whose traffic does not fill the cache of fine ones.

use crate::als::Factors;

/// A tree over segments: the leaves first, then their unions in the order in which they were made, the last one of all.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Unit-length centroids of leaves and unions.
    pub centroids: Factors,
    /// Members of each.
    pub members: Vec<u32>,
    /// The union that each is part of; it stands behind it.
    pub parents: Vec<Option<u32>>,
}

impl Tree {
    /// Number of leaves.
    #[must_use]
    pub fn leaves(&self) -> usize {
        let first_union = self.parents.iter().flatten().min();
        first_union.map_or(self.members.len(), |first| *first as usize)
    }

    /// Segments without unions.
    #[must_use]
    pub fn without_unions(centroids: Factors, members: Vec<u32>) -> Self {
        Self {
            parents: vec![None; members.len()],
            centroids,
            members,
        }
    }

    /// For each leaf the segment that stands for it when there are `count` of them, at least one.
    #[must_use]
    pub fn level(&self, count: usize) -> Vec<u32> {
        let leaves = self.leaves();
        // Each union makes one less of the segments that are left.
        let made = leaves.saturating_sub(count.max(1));
        let last = leaves + made;
        (0..leaves)
            .map(|leaf| {
                let mut node = leaf;
                while let Some(parent) = self.parents[node]
                    .map(|parent| parent as usize)
                    .filter(|parent| *parent < last)
                {
                    node = parent;
                }
                u32::try_from(node).unwrap_or(u32::MAX)
            })
            .collect()
    }
}

/// Unites, again and again, the two segments that lose least by it: the fall of Σ cos(member, centroid), as spherical k-means
/// has it for its objective, with each segment's members taken to lie at its centroid. (Ward 1963, for directions.)
///
/// Complexity: about `O(leaves² · dims)`.
#[must_use]
pub fn tree(centroids: &Factors, members: &[u32]) -> Tree {
    let (leaves, dims) = (centroids.rows(), centroids.dims());
    let mut nodes: Vec<Node> = (0..leaves)
        .map(|leaf| {
            let weight = f64::from(members[leaf].max(1));
            Node::new(
                centroids
                    .row(leaf)
                    .iter()
                    .map(|value| f64::from(*value) * weight)
                    .collect(),
            )
        })
        .collect();
    let mut members = members.to_vec();
    let mut parents = vec![None; leaves];
    let mut active: Vec<usize> = (0..leaves).collect();
    for position in 0..leaves {
        nodes[position].nearest = nearest(&nodes, &active, position);
    }
    while active.len() > 1 {
        let loss = |node: &usize| nodes[*node].nearest.map_or(f64::INFINITY, |(loss, _)| loss);
        let Some(&first) = active.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)).then(a.cmp(b))) else {
            break;
        };
        let Some((_, second)) = nodes[first].nearest else { break };
        let union = nodes.len();
        let sum = nodes[first]
            .sum
            .iter()
            .zip(&nodes[second].sum)
            .map(|(a, b)| a + b)
            .collect();
        nodes.push(Node::new(sum));
        members.push(members[first].saturating_add(members[second]));
        parents.push(None);
        for child in [first, second] {
            parents[child] = u32::try_from(union).ok();
        }
        active.retain(|node| *node != first && *node != second);
        active.push(union);
        for node in active.clone() {
            let lost = nodes[node]
                .nearest
                .is_none_or(|(_, other)| other == first || other == second);
            if lost {
                nodes[node].nearest = nearest(&nodes, &active, node);
            } else {
                let to_union = united(&nodes[node], &nodes[union]);
                if nodes[node].nearest.is_some_and(|(loss, _)| to_union < loss) {
                    nodes[node].nearest = Some((to_union, union));
                }
            }
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "centroids are stored in single precision"
    )]
    let values = nodes.iter().flat_map(|node| {
        let length = if node.length > 0.0 { node.length } else { 1.0 };
        node.sum.iter().map(move |value| (value / length) as f32)
    });
    Tree {
        centroids: Factors::new(dims, values.collect()),
        members,
        parents,
    }
}

/// The sum of the members' directions.
struct Node {
    sum: Vec<f64>,
    length: f64,
    nearest: Option<(f64, usize)>,
}

impl Node {
    fn new(sum: Vec<f64>) -> Self {
        let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
        Self {
            sum,
            length,
            nearest: None,
        }
    }
}

/// What uniting two loses.
fn united(a: &Node, b: &Node) -> f64 {
    let length: f64 = a.sum.iter().zip(&b.sum).map(|(a, b)| (a + b).powi(2)).sum();
    a.length + b.length - length.sqrt()
}

fn nearest(nodes: &[Node], active: &[usize], node: usize) -> Option<(f64, usize)> {
    let others = active.iter().filter(|other| **other != node);
    others
        .map(|other| (united(&nodes[node], &nodes[*other]), *other))
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted() -> Tree {
        // Two pairs of near directions and one alone.
        let centroids = vec![
            1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.995, 0.0995, 0.0, 0.0, 0.0, 1.0, 0.0, 0.98, 0.199,
        ];
        tree(&Factors::new(3, centroids), &[40, 30, 30, 25, 20])
    }

    #[test]
    fn near_segments_are_united_first_and_all_at_last() {
        let tree = planted();
        assert_eq!(tree.leaves(), 5);
        assert_eq!(tree.level(5), [0, 1, 2, 3, 4]);
        assert_eq!(tree.level(4), [5, 1, 5, 3, 4]);
        assert_eq!(tree.level(3), [5, 6, 5, 3, 6]);
        let one = tree.level(1);
        assert!(one.iter().all(|node| *node == 8), "{one:?}");
        assert_eq!(tree.level(0), one);
        assert_eq!(tree.level(99), tree.level(5));
    }

    #[test]
    fn unions_have_the_members_of_their_parts_and_stand_behind_them() {
        let tree = planted();
        for (node, parent) in tree.parents.iter().enumerate() {
            assert!(parent.is_none_or(|parent| parent as usize > node));
            assert_eq!(parent.is_none(), node == 8);
        }
        for union in 5..9 {
            let parts: u32 = (0..9)
                .filter(|part| tree.parents[*part].is_some_and(|parent| parent as usize == union))
                .map(|part| tree.members[part])
                .sum();
            assert_eq!(tree.members[union], parts);
            let length: f32 = tree.centroids.row(union).iter().map(|value| value * value).sum();
            assert!((length - 1.0).abs() < 1e-5);
        }
        assert_eq!(tree.members[8], 145);
    }

    #[test]
    fn one_segment_is_a_tree_and_none_is_one_too() {
        let one = tree(&Factors::new(2, vec![1.0, 0.0]), &[20]);
        assert_eq!((one.leaves(), one.level(1), one.parents), (1, vec![0], vec![None]));
        let none = tree(&Factors::new(2, Vec::new()), &[]);
        assert_eq!((none.leaves(), none.level(3)), (0, Vec::new()));
    }
}
