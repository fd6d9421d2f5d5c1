//! The request that a decision answers, and the errors of a wrong one.

use alloc::string::String;

use thiserror::Error;

use crate::place::Place;
use crate::profile::{Consent, Profile};

/// Most item ids that a request may exclude.
pub const MAX_EXCLUDE: usize = 100;
/// Most candidates of a rank request.
pub const MAX_CANDIDATES: usize = 1000;
/// Most items of a request for similar items.
pub const MAX_SIMILAR: usize = 100;

/// A request for a slot's items.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The slot's name.
    pub slot: &'a str,
    /// How many items; [`None`] for the slot's default.
    pub n: Option<usize>,
    /// Limits the answer to items of the categories with this name, at any level.
    pub category: Option<&'a str>,
    /// Ids of items to leave out.
    pub exclude: &'a [&'a str],
    /// The visitor who sent the request.
    pub visitor: Visitor<'a>,
}

/// The visitor who sent a request, and its time and place.
#[derive(Clone, Copy, Debug)]
pub struct Visitor<'a> {
    /// The visitor's profile, if there is one.
    pub profile: Option<&'a Profile>,
    /// Whether the profile may be used.
    pub consent: Consent,
    /// What the request says without a profile.
    pub place: Place<'a>,
    /// The server's clock, Unix milliseconds.
    pub now_ms: u64,
}

impl<'a> Visitor<'a> {
    /// The profile if consent allows its use.
    #[must_use]
    pub fn usable_profile(&self) -> Option<&'a Profile> {
        match self.consent {
            Consent::Granted => self.profile,
            Consent::Denied => None,
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The policy has no such slot.
    #[error(
        "slot: expected one of {known}, found {found:?}; add it to [[slots]] of the configuration or ask for one of these"
    )]
    UnknownSlot {
        /// The slots of the policy, separated by commas.
        known: String,
        /// What the request says.
        found: String,
    },
    /// The number of items is not allowed.
    #[error("n: expected 1 to {max}, found {found}")]
    Count {
        /// The largest allowed number.
        max: usize,
        /// What the request says.
        found: usize,
    },
    /// No category has this name.
    #[error("category: expected the name of a category in the catalogue, found {found:?}")]
    UnknownCategory {
        /// What the request says.
        found: String,
    },
    /// Too many ids to exclude.
    #[error("exclude: expected at most {MAX_EXCLUDE} ids, found {found}")]
    TooManyExcluded {
        /// How many the request has.
        found: usize,
    },
    /// The number of candidates is not allowed.
    #[error("candidates: expected 1 to {MAX_CANDIDATES} ids, found {found}")]
    Candidates {
        /// How many the request has.
        found: usize,
    },
    /// The item is not in the model.
    #[error("item: expected an id of the model's catalogue, found {found:?}")]
    UnknownItem {
        /// What the request says.
        found: String,
    },
    /// The factors, which the answer needs, are not confirmed yet.
    #[error("model: the factors of this snapshot are not verified yet; ask again in a moment")]
    NotReady,
}

/// The first 64 characters of a text that a client sent.
pub(super) fn quoted(text: &str) -> String {
    text.chars().take(64).collect()
}
