//! Users grouped by the direction of their factors: clusters, the tree of their unions, and what a group votes for.

mod k_means;
mod slates;
mod tree;

pub use k_means::{Clusters, Search, cluster};
pub use slates::{Votes, voted};
pub use tree::{Tree, tree};
