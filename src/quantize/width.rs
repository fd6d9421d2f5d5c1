//! How many bits a code has, and what that makes of a row.

use super::{int4, stride_of};

/// Bits of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Width {
    /// int4: −7..=7.
    Int4,
    /// int8: −127..=127.
    #[default]
    Int8,
}

impl Width {
    /// Codes per row: `dims` rounded up to 16 (int8) or 32 (int4), that is 16 bytes. `None` past [`MAX_DIMS`](super::MAX_DIMS).
    #[must_use]
    pub const fn stride_of(self, dims: usize) -> Option<usize> {
        match self {
            Self::Int4 => int4::stride_of(dims),
            Self::Int8 => stride_of(dims),
        }
    }

    /// Bytes of a row of this many codes.
    #[must_use]
    pub const fn bytes_of(self, stride: usize) -> usize {
        match self {
            Self::Int4 => stride / 2,
            Self::Int8 => stride,
        }
    }

    /// `int4` or `int8`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int4 => "int4",
            Self::Int8 => "int8",
        }
    }
}
