//! Spherical k-means with a floor under the size of clusters.

use rayon::prelude::*;
use selvedge::segment::assign;

use crate::als::Factors;
use crate::random::SplitMix64;

/// Iterations of Lloyd's algorithm at most; a few tens are usual.
const MAX_ITERATIONS: u32 = 60;

/// Starts with other random centroids; the one with the largest sum of cosines is kept.
const RESTARTS: u64 = 4;

/// Clusters of directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// Unit-length centroids, the largest cluster first.
    pub centroids: Factors,
    /// Members of each cluster.
    pub members: Vec<u32>,
    /// Cluster of each vector; `None` for vectors of length zero.
    pub assignment: Vec<Option<u32>>,
}

/// How to look for clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// Clusters at most.
    pub count: usize,
    /// Clusters of fewer members are dissolved, and their members go to the nearest that stays.
    pub min_members: u32,
    /// Seed of the starts.
    pub seed: u64,
}

/// Clusters `vectors` by direction (spherical k-means: Dhillon and Modha 2001; started by k-means++: Arthur and
/// Vassilvitskii 2007). Every vector is in the cluster that the core's segment assignment gives, and every cluster has at
/// least `min_members`; of fewer vectors than that there is no cluster.
#[must_use]
pub fn cluster(vectors: &Factors, search: &Search) -> Clusters {
    let units = Units::of(vectors);
    let found = (0..RESTARTS)
        .map(|start| {
            let centroids = settle(&units, first_centroids(&units, search, start), search.min_members);
            let cosines: f64 = units
                .assign(&centroids)
                .iter()
                .flatten()
                .map(|&(_, cosine)| cosine)
                .sum();
            (cosines, centroids)
        })
        // The first of equals: the result depends on nothing but the seed.
        .reduce(|best, other| if other.0 > best.0 { other } else { best })
        .map(|(_, centroids)| centroids)
        .unwrap_or_default();
    ordered(&units, found)
}

/// Vectors of length 1, and which of the input they are.
struct Units {
    dims: usize,
    values: Vec<f32>,
    rows: Vec<Option<usize>>,
}

impl Units {
    fn of(vectors: &Factors) -> Self {
        let mut units = Self {
            dims: vectors.dims(),
            values: Vec::new(),
            rows: Vec::new(),
        };
        for row in 0..vectors.rows() {
            let vector: Vec<f64> = vectors.row(row).iter().map(|&value| f64::from(value)).collect();
            let unit = unit(&vector);
            units.rows.push(unit.as_ref().map(|_| units.len()));
            units.values.extend(unit.into_iter().flatten());
        }
        units
    }

    fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dims..(row + 1) * self.dims]
    }

    /// Cluster and cosine of each, by the core's rule.
    fn assign(&self, centroids: &[f32]) -> Vec<Option<(usize, f64)>> {
        self.values
            .par_chunks(self.dims)
            .map(|vector| assign(vector, centroids, None, 0.0).map(|found| (found.segment, found.cosine)))
            .collect()
    }
}

fn unit(vector: &[f64]) -> Option<Vec<f32>> {
    let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "centroids are stored in single precision"
    )]
    let scaled = || vector.iter().map(|value| (value / norm) as f32).collect();
    (norm.is_finite() && norm > 0.0).then(scaled)
}

/// k-means++: each next centroid is a vector drawn with the chance of its distance, 1 − cosine, to the nearest so far.
fn first_centroids(units: &Units, search: &Search, start: u64) -> Vec<f32> {
    let mut random = SplitMix64::new(search.seed, start);
    let mut centroids = Vec::new();
    let mut distances = vec![1.0; units.len()];
    for _ in 0..search.count.min(units.len()) {
        let total: f64 = distances.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut rest = random.uniform() * total;
        let chosen = distances
            .iter()
            .position(|&distance| {
                rest -= distance;
                rest < 0.0
            })
            .or_else(|| distances.iter().rposition(|&distance| distance > 0.0));
        let Some(chosen) = chosen else { break };
        let centroid = units.row(chosen);
        centroids.extend_from_slice(centroid);
        distances.par_iter_mut().enumerate().for_each(|(row, distance)| {
            let cosine: f64 = units
                .row(row)
                .iter()
                .zip(centroid)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum();
            // Rounding leaves a hair between a vector and itself.
            let to_this = if cosine > 1.0 - 1e-6 { 0.0 } else { 1.0 - cosine };
            *distance = distance.min(to_this);
        });
    }
    centroids
}

/// Lloyd's algorithm; then the smallest cluster below the floor is dissolved, and again, until all are large enough.
fn settle(units: &Units, mut centroids: Vec<f32>, min_members: u32) -> Vec<f32> {
    loop {
        let mut assignment = units.assign(&centroids);
        for _ in 0..MAX_ITERATIONS {
            centroids = means(units, &assignment, &centroids);
            let next = units.assign(&centroids);
            let same = assignment
                .iter()
                .zip(&next)
                .all(|(a, b)| a.map(|a| a.0) == b.map(|b| b.0));
            assignment = next;
            if same {
                break;
            }
        }
        let sizes = sizes(&assignment, centroids.len() / units.dims);
        let smallest = sizes.iter().enumerate().min_by_key(|&(cluster, size)| (size, cluster));
        match smallest {
            Some((cluster, &size)) if size < min_members.max(1) => {
                centroids.drain(cluster * units.dims..(cluster + 1) * units.dims);
            }
            _ => return centroids,
        }
    }
}

/// Directions of the sums of the members; an empty cluster keeps its centroid.
fn means(units: &Units, assignment: &[Option<(usize, f64)>], before: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; before.len()];
    for (row, assigned) in assignment.iter().enumerate() {
        if let Some((cluster, _)) = assigned {
            let sum = &mut sums[cluster * units.dims..(cluster + 1) * units.dims];
            for (sum, &value) in sum.iter_mut().zip(units.row(row)) {
                *sum += f64::from(value);
            }
        }
    }
    sums.chunks_exact(units.dims)
        .zip(before.chunks_exact(units.dims))
        .flat_map(|(sum, before)| unit(sum).unwrap_or_else(|| before.to_vec()))
        .collect()
}

fn sizes(assignment: &[Option<(usize, f64)>], clusters: usize) -> Vec<u32> {
    let mut sizes = vec![0; clusters];
    for (cluster, _) in assignment.iter().flatten() {
        sizes[*cluster] += 1;
    }
    sizes
}

/// The clusters by falling size, and who is in them.
fn ordered(units: &Units, centroids: Vec<f32>) -> Clusters {
    let dims = units.dims;
    let sizes_before = sizes(&units.assign(&centroids), centroids.len() / dims);
    let mut order: Vec<usize> = (0..sizes_before.len()).collect();
    order.sort_by_key(|&cluster| (u32::MAX - sizes_before[cluster], cluster));
    let sorted: Vec<f32> = order
        .iter()
        .flat_map(|&cluster| centroids[cluster * dims..(cluster + 1) * dims].to_vec())
        .collect();
    let assigned = units.assign(&sorted);
    Clusters {
        members: sizes(&assigned, order.len()),
        assignment: units
            .rows
            .iter()
            .map(|row| assigned[(*row)?].and_then(|(cluster, _)| u32::try_from(cluster).ok()))
            .collect(),
        centroids: Factors::new(dims, sorted),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    /// `sizes[g]` vectors around axis `g`, of different lengths.
    fn planted(dims: usize, sizes: &[usize]) -> Factors {
        let mut values = Vec::new();
        for (group, &size) in sizes.iter().enumerate() {
            for member in 0..size {
                let mut random = SplitMix64::new(group as u64, member as u64);
                let length = 0.1 + 10.0 * random.uniform();
                for axis in 0..dims {
                    let value = length * (f64::from(u8::from(axis == group)) + 0.08 * random.normal());
                    #[allow(clippy::cast_possible_truncation, reason = "test data")]
                    values.push(value as f32);
                }
            }
        }
        Factors::new(dims, values)
    }

    fn search(count: usize, min_members: u32) -> Search {
        Search {
            count,
            min_members,
            seed: 42,
        }
    }

    #[test]
    fn planted_directions_are_found_whatever_the_lengths() {
        let clusters = cluster(&planted(8, &[50, 30, 20, 10]), &search(4, 5));
        assert_eq!(clusters.members, [50, 30, 20, 10]);
        assert!(clusters.assignment[..50].iter().all(|&cluster| cluster == Some(0)));
        assert!(clusters.assignment[100..].iter().all(|&cluster| cluster == Some(3)));
    }

    #[test]
    fn no_cluster_is_below_the_floor_and_nobody_is_lost() {
        let vectors = planted(8, &[60, 40, 25, 7, 3]);
        let clusters = cluster(&vectors, &search(8, 20));
        assert!(
            clusters.members.iter().all(|&members| members >= 20),
            "{:?}",
            clusters.members
        );
        assert_eq!(clusters.members.iter().sum::<u32>(), 135);
        assert!(clusters.assignment.iter().all(Option::is_some));
        assert!(clusters.members.len() >= 3);
    }

    #[test]
    fn assignment_is_what_the_core_says() {
        let vectors = planted(6, &[30, 30, 30]);
        let clusters = cluster(&vectors, &search(5, 4));
        for (row, &cluster) in clusters.assignment.iter().enumerate() {
            let core = assign(vectors.row(row), clusters.centroids.values(), None, 0.0).unwrap();
            assert_eq!(cluster, u32::try_from(core.segment).ok());
        }
    }

    #[test]
    fn fewer_users_than_the_floor_make_no_cluster() {
        let clusters = cluster(&planted(4, &[5, 4]), &search(2, 20));
        assert!(clusters.members.is_empty());
        assert_eq!(clusters.assignment, vec![None; 9]);
    }

    #[test]
    fn vectors_of_zeros_belong_nowhere_and_equal_vectors_need_one_centroid() {
        let clusters = cluster(&Factors::new(2, vec![1.0, 0.0, 0.0, 0.0, 2.0, 0.0]), &search(3, 1));
        assert_eq!(clusters.assignment, [Some(0), None, Some(0)]);
        assert_eq!(clusters.members, [2]);
    }

    #[test]
    fn the_same_seed_gives_the_same_clusters() {
        let vectors = planted(8, &[40, 40, 40]);
        let search = search(6, 10);
        assert!(cluster(&vectors, &search) == cluster(&vectors, &search));
    }
}
