//! For whom an answer is: the rungs of the ladder, from the finest to the coarsest.

use serde::Serialize;

/// For whom an answer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// For one visitor; never stored shared.
    Visitor,
    /// For a segment.
    Segment,
    /// For a daypart.
    Context,
    /// For everyone.
    Everyone,
}

impl Scope {
    /// Its name in headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Segment => "segment",
            Self::Context => "context",
            Self::Everyone => "everyone",
        }
    }

    /// Its code in a decision record.
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
