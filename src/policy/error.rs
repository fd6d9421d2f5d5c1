//! What can be wrong with the bytes of a policy.

use thiserror::Error;

/// Why the bytes of a policy are refused. Where they lie in a file is the caller's to say.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The bytes end too early, or go on too long.
    #[error("expected {expected} bytes, found {found}")]
    Length {
        /// Bytes needed.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// A value is not allowed.
    #[error("element {element}: expected {expected}, found {found}")]
    Value {
        /// 0 for the encoder's parameters, then 1 for the first slot.
        element: usize,
        /// What is allowed, in words.
        expected: &'static str,
        /// The value.
        found: f64,
    },
}
