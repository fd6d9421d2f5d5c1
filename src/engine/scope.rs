//! For whom an answer is made: the scopes, finest first.

use serde::Serialize;

/// For whom an answer was made. An answer falls back from a finer scope to the next coarser one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// For one visitor. Never kept in a shared cache.
    Visitor,
    /// For a segment.
    Segment,
    /// For a daypart. The API calls it `context`.
    Context,
    /// For everyone.
    Everyone,
}

impl Scope {
    /// The scope's name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Segment => "segment",
            Self::Context => "context",
            Self::Everyone => "everyone",
        }
    }

    /// The scope's code in a decision record.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Visitor => 0,
            Self::Segment => 1,
            Self::Context => 2,
            Self::Everyone => 3,
        }
    }

    /// The scope with this code.
    pub(super) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Visitor),
            1 => Some(Self::Segment),
            2 => Some(Self::Context),
            3 => Some(Self::Everyone),
            _ => None,
        }
    }
}
