//! The table of sections: all that is said of a kind of section is said here, in one line for each.
//!
//! The reader takes numbers and presence from it, the checks lengths and allowed values, the writer the order in the file, the
//! engine which answers wait for which digest, `selvedge inspect` and the table in `docs/snapshot-format.md` all of it.

mod shape;

pub use shape::{Element, Shape, Side, Sizes};

/// Whether a file has a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A file without it is refused.
    Mandatory,
    /// May be absent; if there, it changes answers, so that a reader has to know it.
    Optional,
    /// Exactly one of the sections with this presence is there.
    Either,
    /// A reader that skips it gives the same lists.
    Skippable,
    /// Older files may have it: readers check its digest and ignore the content. Its number is not given away again.
    Retired,
}

/// What needs a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsedBy {
    /// Every answer, those out of ready lists included.
    Base,
    /// Searches, and answers for one visitor.
    Personal,
    /// No answer: people who look into the file.
    People,
}

/// What values are refused at opening. Values that pass are protected by digest and signature alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Nothing: a reader has to stay inside its memory whatever they are.
    Free,
    /// Half floats that are not finite, or below +0.
    Halves,
    /// Floats that are not finite, or beyond 10¹⁵.
    Floats,
    /// What is no row.
    Rows,
    /// What is neither a row nor `NONE`.
    RowsOrNone,
    /// What is neither a category nor `NONE`.
    CategoriesOrNone,
    /// What is neither a segment nor `NONE`.
    SegmentsOrNone,
    /// What is neither a later segment nor `NONE`.
    LaterSegments,
    /// Rows that are not in strictly ascending order of their keys.
    RowsByKey,
    /// Bounds that rise, or that a row of their block exceeds.
    Bounds,
    /// Parents behind their children, names outside of their section.
    CategoryTree,
    /// What is not UTF-8.
    Text,
    /// Offsets that fall, or do not end where the text does.
    Offsets,
    /// Every field has its own range.
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

            /// The kind with this code.
            #[must_use]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The name used in errors, tables and the format's document.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// Whether a file has it.
            #[must_use]
            pub const fn presence(self) -> Presence {
                match self { $(Self::$name => Presence::$presence,)* }
            }

            /// The minor version of the format that brought it.
            #[must_use]
            pub const fn since_minor(self) -> u16 {
                match self { $(Self::$name => $minor,)* }
            }

            /// What needs it.
            #[must_use]
            pub const fn used_by(self) -> UsedBy {
                match self { $(Self::$name => UsedBy::$used_by,)* }
            }

            /// How many elements of which type it has.
            #[must_use]
            pub const fn shape(self) -> Shape {
                match self { $(Self::$name => Shape { element: Element::$element, sides: &[$(Side::$side),+] },)* }
            }

            /// Which of its values are refused at opening.
            #[must_use]
            pub const fn values(self) -> Values {
                match self { $(Self::$name => Values::$values,)* }
            }

            /// One line about what it holds.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }.trim_ascii()
            }
        }
    };
}

// Small sections come first: a reader that checks digests as it goes can answer from ready lists before the factors, the bulk of
// the file, are checked.
sections! {
    /// Encoder parameters, and up to 1.3 the rules of slots; see below.
    Policy = 18 "policy", Mandatory since 0, Base, Bytes[Any], Policy;
    /// Rules of slots, a record of fields for each; see below. Up to 1.3 they are in `policy`.
    Slots = 28 "slots", Optional since 4, Base, Bytes[Any], Policy;
    /// Direction of each segment, of length 1.
    SegmentCentroids = 14 "segment-centroids", Mandatory since 0, Base, F32[Segments, Dims], Floats;
    /// Users of the segment while training.
    SegmentMembers = 15 "segment-members", Mandatory since 0, Base, U32[Segments], Free;
    /// The coarser segment that each one is part of, or `NONE`; see *Segment tree*.
    SegmentParents = 26 "segment-parents", Optional since 2, Base, U32[Segments], LaterSegments;
    /// For each slot and segment, the segment that answers, or `NONE`: the daypart or everyone does.
    Rungs = 27 "rungs", Optional since 2, Base, U32[Slots, Segments], SegmentsOrNone;
    /// Ready lists of rows: everyone's, each segment's, each daypart's; see below.
    Slates = 16 "slates", Mandatory since 0, Base, U32[Lists, Some], RowsOrNone;
    /// Prior user vector of each daypart.
    Contexts = 17 "contexts", Mandatory since 0, Base, F32[Contexts, Dims], Floats;
    /// Σ y yᵀ over the dequantized rows, summed in 64 bits, row-major.
    Gram = 6 "gram", Mandatory since 0, Base, F32[Dims, Dims], Floats;
    /// Category tree; see below.
    Categories = 8 "categories", Mandatory since 0, Base, Categories[Any], CategoryTree;
    /// Names of categories, one after the other.
    CategoryNames = 12 "category-names", Mandatory since 0, Base, Text[Any], Text;
    /// Deepest category of each item.
    ItemCategory = 9 "item-category", Mandatory since 0, Base, U32[Rows], CategoriesOrNone;
    /// Unix minutes: shown while from ≤ minute < until.
    Availability = 13 "availability", Optional since 0, Base, U32[Rows, Pair], Free;
    /// Item key of each row.
    ItemKeys = 4 "item-keys", Mandatory since 0, Base, U64[Rows], Free;
    /// The rows in ascending order of key.
    KeyOrder = 5 "key-order", Mandatory since 0, Base, U32[Rows], RowsByKey;
    /// Prior; 1 for the most popular item.
    Popularity = 7 "popularity", Mandatory since 0, Base, F16[Rows], Halves;
    /// Factor = code × scale.
    Scales = 2 "scales", Mandatory since 0, Personal, F16[Rows], Halves;
    /// 1 / √(Σ code²) of the row, 0 for a row of zeros: scales for cosines.
    InverseNorms = 3 "inverse-norms", Mandatory since 0, Personal, F16[Rows], Halves;
    /// No row of the block, or of any later one, has a longer factor vector; see *Ending early*.
    BlockBounds = 20 "block-bounds", Skippable since 1, Personal, F32[Blocks], Bounds;
    /// Rows from the most popular on; where it is absent, rows lie in that order.
    PopularityOrder = 21 "popularity-order", Skippable since 1, Base, U32[Rows], Rows;
    /// Signs of rows, as 1.2 and 1.3 could write them: part one of three.
    SignRotation = 23 "sign-rotation", Retired since 2, People, Bytes[Any], Free;
    /// Signs of rows: part two.
    SignCosines = 24 "sign-cosines", Retired since 2, People, Bytes[Any], Free;
    /// Signs of rows: part three.
    Signs = 25 "signs", Retired since 2, People, Bytes[Any], Free;
    /// Where each record of `item-text` starts; the last is its end.
    ItemTextOffsets = 10 "item-text-offsets", Mandatory since 0, Base, U32[RowsAndEnd], Offsets;
    /// What the catalogue says of each item; see below.
    ItemText = 11 "item-text", Mandatory since 0, Base, Text[Any], Free;
    /// Codes of the items' factors, row after row, zeros from dims up to the stride.
    Factors = 1 "factors", Either since 0, Personal, Int8[Rows, Stride], Free;
    /// The same in half the bytes; see *Scores* for their order.
    FactorsInt4 = 22 "factors-int4", Either since 1, Personal, Int4[Rows, Stride], Free;
    /// `key=value` lines about where the model comes from, for people.
    Provenance = 19 "provenance", Skippable since 0, People, Text[Any], Free;
}

/// One more than the largest code.
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
    /// The kinds that something needs.
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

    /// Whether a reader that does not know the kind has to refuse the file.
    #[must_use]
    pub const fn must_be_known(self) -> bool {
        !matches!(self, Self::Skippable)
    }

    /// Its word in the format's document.
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
    /// Its word in the format's document.
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
    /// What is allowed, in words.
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
            Self::LaterSegments => "above the own index, below segments, or `NONE`",
            Self::RowsByKey => "rows; keys strictly ascending, so that each row stands there once",
            Self::Bounds => {
                "0 to 268,304,384; none larger than the one before; scale / inverse norm of every row of the block at most 1.001 × the bound"
            }
            Self::CategoryTree => "parents stand first; names inside their section",
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
    fn codes_and_names_stand_in_the_table_once() {
        for (place, kind) in SectionKind::ALL.iter().enumerate() {
            assert_eq!(SectionKind::from_code(*kind as u32), Some(*kind));
            let before = &SectionKind::ALL[..place];
            assert!(before.iter().all(|other| other.label() != kind.label()), "{kind:?}");
        }
        assert_eq!(SectionKind::from_code(KINDS as u32), None);
    }
}
