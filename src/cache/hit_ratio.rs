//! The expected share of requests that a cache answers.

use super::freshness::Freshness;

/// The expected share of requests for one cache key that a cache answers, fresh or stale, if they arrive at random (Poisson) at the mean rate
/// `requests_per_s`.
///
/// After the answer was computed, λ·ttl requests find it fresh on average. The next request finds it stale: it is answered from the cache, and
/// a new answer is computed behind it. It is a miss only if no request came during the whole stale window, which has probability
/// e^(−λ·stale). So each cycle has λ·ttl + 1 requests, of which λ·ttl + 1 − e^(−λ·stale) are hits. A negative rate or NaN counts as 0.
///
/// ```
/// use selvedge::cache::{Freshness, expected_hit_ratio};
///
/// let freshness = Freshness { ttl_s: 60, stale_while_revalidate_s: 0, stale_if_error_s: 0 };
/// // One request a second: 60 hits, then one miss.
/// assert!((expected_hit_ratio(1.0, &freshness) - 60.0 / 61.0).abs() < 1e-6);
/// ```
#[must_use]
pub fn expected_hit_ratio(requests_per_s: f64, freshness: &Freshness) -> f64 {
    let rate = if requests_per_s > 0.0 { requests_per_s } else { 0.0 };
    let fresh = rate * f64::from(freshness.ttl_s);
    let nobody_comes = exp_minus(rate * f64::from(freshness.stale_while_revalidate_s));
    (fresh + 1.0 - nobody_comes) / (fresh + 1.0)
}

/// e^(−x) for x ≥ 0, computed as (1 − x/2²⁰)^(2²⁰), with an error below 10⁻⁶. It uses only products, because `f64::exp` differs in its last bits
/// between platforms, and the same model must be packed into the same bytes everywhere.
fn exp_minus(x: f64) -> f64 {
    let mut power = (1.0 - x / 1_048_576.0).max(0.0);
    for _ in 0..20 {
        power *= power;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(ttl_s: u32, stale_while_revalidate_s: u32) -> Freshness {
        Freshness {
            ttl_s,
            stale_while_revalidate_s,
            stale_if_error_s: 0,
        }
    }

    #[test]
    fn the_expected_hit_ratio_is_that_of_requests_that_come_at_random() {
        // A generator of exponential gaps and a clock, without the formula.
        let mut state = 0x1234_5678_9abc_def1_u64;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        for (rate, freshness) in [
            (0.5, kept(10, 0)),
            (0.1, kept(10, 20)),
            (2.0, kept(30, 60)),
            (0.01, kept(60, 300)),
        ] {
            let (mut now, mut made, mut hits) = (0.0, f64::NEG_INFINITY, 0.0);
            let requests = 200_000;
            for _ in 0..requests {
                now -= uniform().ln() / rate;
                let age = now - made;
                if age < f64::from(freshness.ttl_s) {
                    hits += 1.0;
                } else {
                    hits += f64::from(u8::from(
                        age < f64::from(freshness.ttl_s + freshness.stale_while_revalidate_s),
                    ));
                    made = now;
                }
            }
            let (expected, found) = (expected_hit_ratio(rate, &freshness), hits / f64::from(requests));
            assert!(
                (expected - found).abs() < 0.005,
                "{rate}: expected {expected}, found {found}"
            );
        }
        assert_eq!(expected_hit_ratio(0.0, &kept(60, 60)), 0.0);
        assert_eq!(expected_hit_ratio(f64::NAN, &kept(60, 60)), 0.0);
    }
}
