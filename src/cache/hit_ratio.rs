//! The share of requests that a cache is expected to answer.

use super::freshness::Freshness;

/// The share of requests for one key that a store answers, when they come at random at this mean rate (Poisson).
///
/// From one computation to the next, λ·ttl requests find the answer fresh. The first one after that finds it stale, and is
/// answered while it is made anew, unless nobody comes for as long as stale answers may be used: a miss then, with a chance of
/// e^(−λ·stale). So hits per cycle are λ·ttl + 1 − e^(−λ·stale), of λ·ttl + 1 requests.
#[must_use]
pub fn expected_hit_ratio(requests_per_s: f64, freshness: &Freshness) -> f64 {
    let rate = if requests_per_s > 0.0 { requests_per_s } else { 0.0 };
    let fresh = rate * f64::from(freshness.ttl_s);
    let unasked = exp_minus(rate * f64::from(freshness.stale_while_revalidate_s));
    (fresh + 1.0 - unasked) / (fresh + 1.0)
}

/// e^(−x) for x of at least 0, as (1 − x/2²⁰)^(2²⁰), off by less than 10⁻⁶. By products alone, as `f64::exp` differs in its last
/// bits between platforms, and the same model is to be packed into the same bytes.
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
