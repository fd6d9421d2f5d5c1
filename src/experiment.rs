//! Arms of experiments.
//!
//! An arm is part of the decision context. If it changes the answer, it becomes part of the cache key; it always becomes part of the decision
//! record. The policy cannot define experiments yet, so hosts pass no arms today.

use alloc::string::String;

use thiserror::Error;

/// The longest name of an experiment, in bytes.
pub const MAX_EXPERIMENT_NAME_BYTES: usize = 24;
/// Most arms of one decision.
pub const MAX_ARMS: usize = 16;

/// The name of an experiment is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("experiment: expected a name of 1 to {MAX_EXPERIMENT_NAME_BYTES} of a-z, 0-9 and -, found {found:?}")]
pub struct ArmError {
    found: String,
}

/// The name of an experiment: 1 to 24 characters of `a-z`, `0-9` and `-`, so that it can be part of a cache key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExperimentName {
    bytes: [u8; MAX_EXPERIMENT_NAME_BYTES],
    length: u8,
}

impl ExperimentName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`ArmError`], with what was found.
    pub fn new(name: &str) -> Result<Self, ArmError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let refused = || ArmError {
            found: name.chars().take(64).collect(),
        };
        let mut bytes = [0; MAX_EXPERIMENT_NAME_BYTES];
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(refused());
        }
        let place = bytes.get_mut(..name.len()).ok_or_else(refused)?;
        place.copy_from_slice(name.as_bytes());
        let length = u8::try_from(name.len()).map_err(|_| refused())?;
        Ok(Self { bytes, length })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // `new` accepts only ASCII, so this never fails.
        core::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

/// The arm of one experiment that a visitor is in.
///
/// ```
/// use selvedge::experiment::ArmAssignment;
///
/// let arm = ArmAssignment::new("rerank-home", 1, true)?;
/// assert_eq!(arm.experiment.as_str(), "rerank-home");
/// assert!(ArmAssignment::new("Rerank/home", 1, true).is_err());
/// # Ok::<(), selvedge::experiment::ArmError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmAssignment {
    /// The experiment.
    pub experiment: ExperimentName,
    /// The arm's number in the experiment; 0 is the control.
    pub arm: u8,
    /// Whether the arm changes the bytes of this answer. If not (the experiment is about another slot, or about the page's looks), it is left out
    /// of the cache key, so that visitors of different arms share answers.
    pub changes_answer: bool,
}

impl ArmAssignment {
    /// An arm of the experiment with this name.
    ///
    /// # Errors
    /// [`ArmError`] if the name is not allowed.
    pub fn new(experiment: &str, arm: u8, changes_answer: bool) -> Result<Self, ArmError> {
        Ok(Self {
            experiment: ExperimentName::new(experiment)?,
            arm,
            changes_answer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_key() {
        for name in ["a", "shelf-2", "abcdefghijklmnopqrstuvwx"] {
            assert_eq!(ExperimentName::new(name).unwrap().as_str(), name);
        }
        for name in ["", "A", "a/b", "a.b", "\u{e4}", "abcdefghijklmnopqrstuvwxy", "a b"] {
            assert!(ExperimentName::new(name).is_err(), "{name}");
        }
    }
}
