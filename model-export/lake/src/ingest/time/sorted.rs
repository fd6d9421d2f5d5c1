//! How far the rows of a file are in order of time.

use jiff::civil::DateTime;

/// Rows that are kept for it.
const MAX_KEPT: usize = 4096;
/// Fewer rows than this say nothing.
const MIN_KEPT: usize = 12;

/// From this share of pairs on, a file counts as written in order. Logs have latecomers.
pub const IN_ORDER: f64 = 0.95;
/// Up to this share, it is not. In dates of a whole year with day and month exchanged, about 58 % of the pairs are in order by chance.
pub const IN_DISORDER: f64 = 0.8;

/// Times of rows spread evenly over a file, in its order.
///
/// Steps from one row to the next say little: in a file of one year that is in order, day and month exchanged go up from row to row but at the
/// end of each month. All pairs of rows tell the two apart.
#[derive(Clone, Debug, Default)]
pub struct Sorted {
    kept: Vec<DateTime>,
    seen: u64,
    /// Every 2ⁿ-th row is kept.
    halvings: u32,
}

impl Sorted {
    pub fn add(&mut self, time: DateTime) {
        if self.seen.trailing_zeros() >= self.halvings {
            self.kept.push(time);
            if self.kept.len() == MAX_KEPT {
                let mut keep = false;
                self.kept.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.halvings += 1;
            }
        }
        self.seen += 1;
    }

    /// The share of pairs of different times that are in one and the same order, rising or falling; [`None`] if there are too few.
    pub fn share(&self) -> Option<f64> {
        if self.kept.len() < MIN_KEPT {
            return None;
        }
        let mut times = self.kept.clone();
        let falling = inversions(&mut times);
        let count = |n: u64| n * n.saturating_sub(1) / 2;
        let equal: u64 = times.chunk_by(|a, b| a == b).map(|run| count(run.len() as u64)).sum();
        let different = count(times.len() as u64) - equal;
        let rising = different - falling;
        #[expect(clippy::cast_precision_loss, reason = "at most 2^23 pairs")]
        (different > 0).then(|| rising.max(falling) as f64 / different as f64)
    }
}

/// Sorts, and counts the pairs that stood the wrong way round.
fn inversions(times: &mut Vec<DateTime>) -> u64 {
    if times.len() < 2 {
        return 0;
    }
    let mut right = times.split_off(times.len() / 2);
    let mut count = inversions(times) + inversions(&mut right);
    let mut merged = Vec::with_capacity(times.len() + right.len());
    let mut left = times.drain(..).peekable();
    let mut right = right.into_iter().peekable();
    loop {
        match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a <= b => merged.extend(left.next()),
            (Some(_), Some(_)) => {
                count += left.len() as u64;
                merged.extend(right.next());
            }
            (Some(_), None) => merged.extend(left.by_ref()),
            (None, Some(_)) => merged.extend(right.by_ref()),
            (None, None) => break,
        }
    }
    drop(left);
    *times = merged;
    count
}

/// A share in percent, for people.
pub fn percent(share: f64) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share is from 0 to 1"
    )]
    let percent = (share * 100.0).round() as u8;
    percent
}
