//! Segments: which one a user vector belongs to, and when a visitor changes to another one.
//!
//! A segment is a direction, its unit-length centroid. A vector belongs to the segment with the largest cosine
//! (spherical k-means: Dhillon, Modha 2001). Distance would not work: a fold-in vector grows with the length of the
//! history, and a visitor of three clicks must be able to reach every segment.

/// Result of an assignment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assignment {
    /// The segment.
    pub segment: usize,
    /// Cosine between the vector and the segment's centroid.
    pub cosine: f64,
    /// Whether hysteresis kept the previous segment although another one is nearer.
    pub kept: bool,
}

/// Assigns a vector (`dims` long) to one of the unit-length `centroids` (count × dims, row-major). The lower index wins
/// ties.
///
/// The `previous` segment is kept unless the best cosine exceeds its own by more than `hysteresis`, so that a visitor
/// between two segments does not switch from page to page. Returns `None` if there are no centroids or the vector is
/// zero. Complexity: `O(count · dims)`.
///
/// ```
/// use selvedge::segment::assign;
///
/// let centroids = [1.0, 0.0, 0.0, 1.0];
/// let first = assign(&[0.70, 0.72], &centroids, None, 0.1).unwrap();
/// assert_eq!((first.segment, first.kept), (1, false));
/// // A visitor who was in segment 0 stays there: the cosines differ by 0.02 only.
/// let kept = assign(&[0.70, 0.72], &centroids, Some(0), 0.1).unwrap();
/// assert_eq!((kept.segment, kept.kept), (0, true));
/// ```
#[must_use]
pub fn assign(vector: &[f32], centroids: &[f32], previous: Option<usize>, hysteresis: f32) -> Option<Assignment> {
    let norm_squared: f64 = vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    if norm_squared <= 0.0 || vector.is_empty() {
        return None;
    }
    let norm = norm_squared.sqrt();
    let cosine_of = |centroid: &[f32]| -> f64 {
        let dot: f64 = centroid
            .iter()
            .zip(vector)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum();
        dot / norm
    };
    let mut best: Option<(usize, f64)> = None;
    for (segment, centroid) in centroids.chunks_exact(vector.len()).enumerate() {
        let cosine = cosine_of(centroid);
        if best.is_none_or(|(_, best)| cosine > best) {
            best = Some((segment, cosine));
        }
    }
    let (segment, cosine) = best?;
    if let Some(previous) = previous.filter(|previous| *previous != segment) {
        let start = previous.saturating_mul(vector.len());
        if let Some(centroid) = centroids.get(start..start.saturating_add(vector.len())) {
            let own = cosine_of(centroid);
            if cosine - own <= f64::from(hysteresis) {
                return Some(Assignment {
                    segment: previous,
                    cosine: own,
                    kept: true,
                });
            }
        }
    }
    Some(Assignment {
        segment,
        cosine,
        kept: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENTROIDS: [f32; 4] = [1.0, 0.0, 0.0, 1.0];

    #[test]
    fn the_nearest_direction_wins_whatever_the_length() {
        for length in [0.001, 1.0, 500.0] {
            let found = assign(&[0.2 * length, 0.9 * length], &CENTROIDS, None, 0.0).unwrap();
            assert_eq!((found.segment, found.kept), (1, false));
        }
    }

    #[test]
    fn a_visitor_between_two_segments_keeps_the_earlier_one() {
        let nearly_even = [0.70, 0.72];
        assert_eq!(assign(&nearly_even, &CENTROIDS, None, 0.1).unwrap().segment, 1);
        let kept = assign(&nearly_even, &CENTROIDS, Some(0), 0.1).unwrap();
        assert_eq!((kept.segment, kept.kept), (0, true));
        let changed = assign(&[0.1, 0.9], &CENTROIDS, Some(0), 0.1).unwrap();
        assert_eq!((changed.segment, changed.kept), (1, false));
    }

    #[test]
    fn a_remembered_segment_that_no_longer_exists_is_forgotten() {
        assert_eq!(assign(&[1.0, 0.1], &CENTROIDS, Some(99), 0.5).unwrap().segment, 0);
    }

    #[test]
    fn a_zero_vector_or_no_centroids_has_no_segment() {
        assert_eq!(assign(&[0.0, 0.0], &CENTROIDS, None, 0.0), None);
        assert_eq!(assign(&[1.0, 0.0], &[], None, 0.0), None);
        assert_eq!(assign(&[], &CENTROIDS, None, 0.0), None);
    }
}
