//! What a cache of shared answers needs: cache keys that hold nothing personal, freshness, expected hit ratios, the serving segments that a slot's
//! traffic suffices for, and a bounded map in memory.

mod freshness;
mod hit_ratio;
mod key;
mod ladder;
mod memory;

pub use freshness::{Freshness, State};
pub use hit_ratio::expected_hit_ratio;
pub(crate) use key::fnv1a;
pub use key::{CacheKey, KeyParts, Sharing};
pub use ladder::ladder;
pub use memory::{Entry, Memory};
