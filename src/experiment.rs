//! Arms of experiments: which variant of a list a visitor is shown.
//!
//! No experiment is defined in today's policy, so every decision has no arms. What is here is how an arm travels: through the
//! decision, into its cache key where it changes the answer, and into the record of what made the list.

use alloc::string::String;

use thiserror::Error;

/// The longest name of an experiment, in bytes.
pub const MAX_EXPERIMENT_NAME_BYTES: usize = 24;
/// Most arms of one decision.
pub const MAX_ARMS: usize = 16;

/// Why an arm is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("experiment: expected a name of 1 to {MAX_EXPERIMENT_NAME_BYTES} of a-z, 0-9 and -, found {found:?}")]
pub struct ArmError {
    found: String,
}

/// The name of an experiment: 1 to 24 of `a-z`, `0-9` and `-`, so that it can stand in a cache key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExperimentName {
    bytes: [u8; MAX_EXPERIMENT_NAME_BYTES],
    length: u8,
}

impl ExperimentName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`ArmError`] with what was found.
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

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII was let in.
        core::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

/// The arm that a visitor is in, of one experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmAssignment {
    /// The experiment.
    pub experiment: ExperimentName,
    /// The arm's number in it; 0 is the control.
    pub arm: u8,
    /// Whether the arm changes the bytes of this answer. One that does not (an experiment on another slot, or on the page's
    /// looks) stays out of the cache key, so that its visitors go on sharing answers.
    pub changes_answer: bool,
}

impl ArmAssignment {
    /// An arm of the experiment with this name.
    ///
    /// # Errors
    /// [`ArmError`] for a name that is none.
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
