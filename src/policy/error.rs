//! What can be wrong in the bytes of a policy.

use thiserror::Error;

/// Why the bytes of a policy are refused. The caller adds which section of the file they came from.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The bytes end too early or continue too long.
    #[error("expected {expected} bytes, found {found}")]
    Length {
        /// Bytes needed.
        expected: u64,
        /// Bytes passed.
        found: u64,
    },
    /// A value is out of range.
    #[error("element {element}: expected {expected}, found {found}")]
    Value {
        /// 0 for the encoder's parameters, 1 for the first slot, and so on.
        element: usize,
        /// What is allowed, in words.
        expected: &'static str,
        /// The value.
        found: f64,
    },
}
