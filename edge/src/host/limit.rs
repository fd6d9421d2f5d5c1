//! The limit on requests of one client that a host may have.

use super::HostError;
use super::runtime::Runtime;

/// Counts requests by client. A host without such a limit takes the default.
pub trait RateLimit: Runtime {
    /// Counts one more request of this client and says whether it is within the limit. [`None`] if the host limits nothing.
    ///
    /// # Errors
    /// The runtime's own.
    async fn within_limit(&self, client: &str) -> Option<Result<bool, HostError>> {
        let _ = client;
        None
    }
}
