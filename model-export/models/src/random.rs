//! Seeded random numbers: one small generator whose output never changes with a dependency's version.

/// SplitMix64 (Steele, Lea and Flood 2014): 64 bits of state, good enough for initial factors and sampling.
#[derive(Debug, Clone)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A generator for a seed and a stream: rows of a matrix are streams, so their order does not matter.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut outer = Self { state: seed };
        let mut inner = Self {
            state: outer.next_u64() ^ stream,
        };
        Self {
            state: inner.next_u64(),
        }
    }

    /// Next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn uniform(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a f64")]
        let bits = (self.next_u64() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// Uniform in `0..bound`; 0 for a bound of 0. Lemire's multiplication; its bias of `bound / 2^64` plays no part here.
    pub fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next_u64()) * bound as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// Standard normal, by Box and Muller's method.
    pub fn normal(&mut self) -> f64 {
        // 1 − uniform is in (0, 1]: the logarithm stays finite.
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut random = SplitMix64::new(7, 0);
        let values: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f64>() / 20_000.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let first = SplitMix64::new(1, 0).next_u64();
        assert_ne!(first, SplitMix64::new(1, 1).next_u64());
        assert_ne!(first, SplitMix64::new(2, 0).next_u64());
        assert_eq!(first, SplitMix64::new(1, 0).next_u64());
    }
}
