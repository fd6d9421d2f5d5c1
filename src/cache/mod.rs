//! The segment-keyed cache: canonical keys without anything personal, freshness, and what traffic affords.

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
