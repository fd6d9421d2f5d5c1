//! The table of sections. It defines each kind of section in one line.
//!
//! Reader, checks, writer, engine (which answers need which digest), `selvedge inspect` and the table in
//! `docs/snapshot-format.md` all read it.

mod shape;

pub use shape::{Element, Shape, Side, Sizes};

/// Whether a file must have a section, and whether a reader must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Every file has it; a file without it is refused.
    Mandatory,
    /// A file may have it. It changes answers, so a reader that does not know it refuses the file.
    Optional,
    /// A file has exactly one of the sections with this presence.
    Either,
    /// A file may have it. A reader that skips it gives the same slates.
    Skippable,
    /// Older files may have it. Readers check its digest and ignore its content. Its number is never used again.
    Retired,
}

/// Which answers need a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsedBy {
    /// All answers, including those from served lists.
    Base,
    /// Searches, and answers for one visitor.
    Personal,
    /// None: it is for people who inspect the file.
    People,
}

/// Which values are refused when a file is opened. All other values are protected by digest and signature alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// None: a reader must stay inside its memory whatever the values are.
    Free,
    /// Half floats that are not finite, or less than +0.
    Halves,
    /// Floats that are not finite, or above 10¹⁵ in magnitude.
    Floats,
    /// Anything but a row.
    Rows,
    /// Anything but a row or `NONE`.
    RowsOrNone,
    /// Anything but a category or `NONE`.
    CategoriesOrNone,
    /// Anything but a segment or `NONE`.
    SegmentsOrNone,
    /// Anything but a later segment or `NONE`.
    LaterSegments,
    /// Members of segments below the fewest that a segment may have.
    Members,
    /// Rows that are not in strictly ascending order of their keys.
    RowsByKey,
    /// Bounds that rise, or that a row of their block exceeds.
    Bounds,
    /// Parents after their children, and names outside of their section.
    CategoryTree,
    /// Bytes that are not UTF-8.
    Text,
    /// Offsets that fall, or that do not end where the text does.
    Offsets,
    /// Policy fields out of their own range.
    Policy,
}

macro_rules! sections {
    ($(#[doc = $meaning:literal] $name:ident = $code:literal $label:literal, $presence:ident since $minor:literal, $used_by:ident, $element:ident[$($side:ident),+], $values:ident;)*) => {
        /// The kinds of section that this version knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum SectionKind { $(#[doc = $meaning] $name = $code,)* }

        impl SectionKind {
            /// All kinds, in the order in which the writer lays them out.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the kind with this code.
            #[must_use]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// Returns the name that errors, tables and the format document use.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// Returns whether a file must have it.
            #[must_use]
            pub const fn presence(self) -> Presence {
                match self { $(Self::$name => Presence::$presence,)* }
            }

            /// Returns the minor version of the format that introduced it.
            #[must_use]
            pub const fn since_minor(self) -> u16 {
                match self { $(Self::$name => $minor,)* }
            }

            /// Returns which answers need it.
            #[must_use]
            pub const fn used_by(self) -> UsedBy {
                match self { $(Self::$name => UsedBy::$used_by,)* }
            }

            /// Returns the type and number of its elements.
            #[must_use]
            pub const fn shape(self) -> Shape {
                match self { $(Self::$name => Shape { element: Element::$element, sides: &[$(Side::$side),+] },)* }
            }

            /// Returns which of its values are refused at opening.
            #[must_use]
            pub const fn values(self) -> Values {
                match self { $(Self::$name => Values::$values,)* }
            }

            /// Returns one line about its content.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }.trim_ascii()
            }
        }
    };
}

// Small sections come first: a reader that checks digests while it downloads can answer from served lists before it has
// checked the factors, which are most of the file.
sections! {
    /// Encoder parameters; up to 1.3 also the rules of slots; see below.
    Policy = 18 "policy", Mandatory since 0, Base, Bytes[Any], Policy;
    /// Rules of slots, one record of fields each; see below. Up to 1.3 they are in `policy`.
    Slots = 28 "slots", Optional since 4, Base, Bytes[Any], Policy;
    /// Unit-length direction of each segment.
    SegmentCentroids = 14 "segment-centroids", Mandatory since 0, Base, F32[Segments, Dims], Floats;
    /// Users of each segment in training.
    SegmentMembers = 15 "segment-members", Mandatory since 0, Base, U32[Segments], Members;
    /// Coarser segment that each one is part of, or `NONE`; see *Segment tree*.
    SegmentParents = 26 "segment-parents", Optional since 2, Base, U32[Segments], LaterSegments;
    /// For each slot and segment, the segment whose list is served, or `NONE` for the list of the daypart or of everyone.
    Rungs = 27 "rungs", Optional since 2, Base, U32[Slots, Segments], SegmentsOrNone;
    /// Served lists of rows: everyone's, each segment's, each daypart's; see below.
    Slates = 16 "slates", Mandatory since 0, Base, U32[Lists, Some], RowsOrNone;
    /// Prior user vector of each daypart.
    Contexts = 17 "contexts", Mandatory since 0, Base, F32[Contexts, Dims], Floats;
    /// Σ y yᵀ over the dequantized rows, summed in 64 bits, row-major.
    Gram = 6 "gram", Mandatory since 0, Base, F32[Dims, Dims], Floats;
    /// Category tree; see below.
    Categories = 8 "categories", Mandatory since 0, Base, Categories[Any], CategoryTree;
    /// Category names, concatenated.
    CategoryNames = 12 "category-names", Mandatory since 0, Base, Text[Any], Text;
    /// Deepest category of each item.
    ItemCategory = 9 "item-category", Mandatory since 0, Base, U32[Rows], CategoriesOrNone;
    /// Unix minutes from and until: an item is shown while from ≤ minute < until.
    Availability = 13 "availability", Optional since 0, Base, U32[Rows, Pair], Free;
    /// Item key of each row.
    ItemKeys = 4 "item-keys", Mandatory since 0, Base, U64[Rows], Free;
    /// The rows in ascending order of key.
    KeyOrder = 5 "key-order", Mandatory since 0, Base, U32[Rows], RowsByKey;
    /// Popularity prior; 1 for the most popular item.
    Popularity = 7 "popularity", Mandatory since 0, Base, F16[Rows], Halves;
    /// Factor = code × scale.
    Scales = 2 "scales", Mandatory since 0, Personal, F16[Rows], Halves;
    /// 1 / √(Σ code²) of the row, 0 for a row of zeros: the scale that turns scores into cosines.
    InverseNorms = 3 "inverse-norms", Mandatory since 0, Personal, F16[Rows], Halves;
    /// Upper bound on the factor norm of every row in the block and in all later ones; see *Ending early*.
    BlockBounds = 20 "block-bounds", Skippable since 1, Personal, F32[Blocks], Bounds;
    /// Rows, most popular first; without it, rows lie in that order.
    PopularityOrder = 21 "popularity-order", Skippable since 1, Base, U32[Rows], Rows;
    /// Signs of rows, which 1.2 and 1.3 could store: part one of three.
    SignRotation = 23 "sign-rotation", Retired since 2, People, Bytes[Any], Free;
    /// Signs of rows: part two.
    SignCosines = 24 "sign-cosines", Retired since 2, People, Bytes[Any], Free;
    /// Signs of rows: part three.
    Signs = 25 "signs", Retired since 2, People, Bytes[Any], Free;
    /// Start of each record in `item-text`, then its end.
    ItemTextOffsets = 10 "item-text-offsets", Mandatory since 0, Base, U32[RowsAndEnd], Offsets;
    /// Catalogue text of each item; see below.
    ItemText = 11 "item-text", Mandatory since 0, Base, Text[Any], Free;
    /// Codes of the items' factors, row after row, zero padded from dims to the stride.
    Factors = 1 "factors", Either since 0, Personal, Int8[Rows, Stride], Free;
    /// The same codes in half the bytes; see *Scores* for their order.
    FactorsInt4 = 22 "factors-int4", Either since 1, Personal, Int4[Rows, Stride], Free;
    /// `name=value` lines: the `shop` and the `channel` that the file is for; see *Releases*.
    Release = 29 "release", Skippable since 5, Base, Text[Any], Text;
    /// `key=value` lines about the model's origin, for people.
    Provenance = 19 "provenance", Skippable since 0, People, Text[Any], Free;
}

/// Largest code plus one.
pub const KINDS: usize = {
    let mut most = 0;
    let mut at = 0;
    while at < SectionKind::ALL.len() {
        let code = SectionKind::ALL[at] as usize;
        most = if code > most { code } else { most };
        at += 1;
    }
    most + 1
};

impl SectionKind {
    /// Iterates over the kinds that these answers need.
    pub fn used_for(use_of: UsedBy) -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(move |kind| kind.used_by() == use_of)
    }
}

impl Presence {
    /// Whether a file without the section is refused.
    #[must_use]
    pub const fn is_mandatory(self) -> bool {
        matches!(self, Self::Mandatory)
    }

    /// Whether a reader that does not know the kind must refuse the file.
    #[must_use]
    pub const fn must_be_known(self) -> bool {
        !matches!(self, Self::Skippable)
    }

    /// Returns its word in the format document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mandatory => "mandatory",
            Self::Optional => "optional",
            Self::Either => "either",
            Self::Skippable => "skippable",
            Self::Retired => "retired",
        }
    }
}

impl UsedBy {
    /// Returns its word in the format document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Personal => "personal",
            Self::People => "people",
        }
    }
}

impl Values {
    /// Describes the allowed values.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Free => "–",
            Self::Halves => "finite, +0 or more",
            Self::Floats => "finite, at most 10¹⁵ in magnitude",
            Self::Rows => "each a row",
            Self::RowsOrNone => "each a row or `NONE`",
            Self::CategoriesOrNone => "a category or `NONE`",
            Self::SegmentsOrNone => "a segment or `NONE`",
            Self::Members => "at least 2",
            Self::LaterSegments => "above the own index, below segments, or `NONE`",
            Self::RowsByKey => "rows; keys strictly ascending, so each row occurs once",
            Self::Bounds => {
                "0 to 268,304,384; none larger than the one before; scale / inverse norm of every row of the block at most 1.001 × the bound"
            }
            Self::CategoryTree => "parents before children; names inside their section",
            Self::Text => "UTF-8",
            Self::Offsets => "first 0, never smaller than the one before, last = length of `item-text`",
            Self::Policy => "every field",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_name_occurs_once_in_the_table() {
        for (place, kind) in SectionKind::ALL.iter().enumerate() {
            assert_eq!(SectionKind::from_code(*kind as u32), Some(*kind));
            let before = &SectionKind::ALL[..place];
            assert!(before.iter().all(|other| other.label() != kind.label()), "{kind:?}");
        }
        assert_eq!(SectionKind::from_code(KINDS as u32), None);
    }
}
