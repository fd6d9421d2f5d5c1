//! The rules of a slot: the table of its fields, and how a record of fields is stored.

use alloc::string::String;
use alloc::vec::Vec;

#[cfg(any(test, feature = "writer"))]
use super::Shown;
use super::field::FieldType;
use super::{Audience, PerVisitor, PolicyError};
use crate::event::EventKind;
use crate::place::Locale;

/// Bit of a tag. A reader that does not know the field skips it if the bit is set, and refuses the file if not.
pub const IGNORABLE: u16 = 0x8000;

/// Largest number of locales of a slot: each multiplies its cache keys.
const MAX_LOCALES: usize = 32;

/// Description of a field, for documents and tools.
#[cfg(any(test, feature = "writer"))]
#[derive(Clone, Debug)]
pub struct Field {
    /// Its tag.
    pub tag: u16,
    /// Its name.
    pub name: &'static str,
    /// Name of its type, which says how a value is stored.
    pub type_name: &'static str,
    /// Allowed values.
    pub range: &'static str,
    /// Its value in a record without it.
    pub default: Shown,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// A value out of range.
struct Refused {
    expected: &'static str,
    found: f64,
}

macro_rules! slot_fields {
    ($(#[doc = $meaning:literal] $field:ident = $tag:literal: $type:ty, $default:expr, $range:literal, $allows:expr;)*) => {
        /// Rules of one slot, a named place on a page.
        ///
        /// Each field is one line of the table in this file, which the reader, the writer, `selvedge inspect` and
        /// `docs/snapshot-format.md` share. A record without a field has the field's default, so a default must never
        /// change.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct SlotPolicy { $(#[doc = $meaning] pub $field: $type,)* }

        impl Default for SlotPolicy {
            /// Every field's default. The name is empty, which no file may contain.
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl SlotPolicy {
            /// Sets a field to a value; returns false if there is no such field.
            fn set(&mut self, tag: u16, value: &[u8]) -> Result<bool, Refused> {
                match tag {
                    $($tag => {
                        let allows: fn(&$type) -> bool = $allows;
                        self.$field = FieldType::read(value).filter(allows).ok_or(Refused {
                            expected: concat!(stringify!($field), ": ", $range),
                            found: number(value),
                        })?;
                    })*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// Returns the descriptions of all fields.
            #[cfg(any(test, feature = "writer"))]
            #[must_use]
            pub fn fields() -> Vec<Field> {
                let default = Self::default();
                alloc::vec![$(Field {
                    tag: $tag,
                    name: stringify!($field),
                    type_name: <$type as FieldType>::NAME,
                    range: $range,
                    default: default.$field.show(),
                    meaning: $meaning.trim_ascii(),
                },)*]
            }

            /// Returns the value of each field, in the order of [`SlotPolicy::fields`].
            #[cfg(any(test, feature = "writer"))]
            #[must_use]
            pub fn shown(&self) -> Vec<(&'static str, Shown)> {
                alloc::vec![$((stringify!($field), self.$field.show()),)*]
            }

            /// Returns each field's tag and bytes, in ascending order of tag.
            #[cfg(any(test, feature = "writer"))]
            fn written(&self) -> Vec<(u16, Vec<u8>)> {
                let mut fields = alloc::vec![$(($tag, self.$field.write()),)*];
                fields.sort_by_key(|(tag, _)| tag & !IGNORABLE);
                fields
            }
        }
    };
}

slot_fields! {
    /// Slot name, part of URLs and cache keys.
    name = 1: String, String::new(), "1 to 24 of a-z, 0-9 and -", |name| is_name(name);
    /// For whom items are ranked.
    audience = 2: Audience, Audience::Visitor, "0 visitor, 1 segment or 2 everyone", |_| true;
    /// Excludes, from an answer for one visitor, items that the visitor had one of these events with.
    exclude = 3: Vec<EventKind>, Vec::new(), "bits 0 (impression) to 4 (conversion)", |_| true;
    /// What the edge changes in a shared list for one visitor.
    per_visitor = 4: PerVisitor, PerVisitor::Nothing, "0 nothing, 1 exclude or 2 rerank", |_| true;
    /// Primary languages that are part of the cache key; a visitor with another language counts as having none.
    locales = 5: Vec<Locale>, Vec::new(), "up to 32 languages of two or three letters, each once, with commas between them", |locales| are_locales(locales);
    /// Whether the device class is part of the cache key.
    vary_device = 6: bool, false, "0 or 1", |_| true;
    /// Number of items if the request does not say how many.
    n_default = 7: u16, 12, "1 to n_max", |n| *n >= 1;
    /// Largest number of items.
    n_max = 8: u16, 48, "1 to 1000", |n| (1..=1000).contains(n);
    /// Largest number of items of one leaf category; 0 for no limit.
    max_per_category = 9: u16, 0, "any", |_| true;
    /// Seconds for which a shared answer is fresh.
    ttl_s = 10: u32, 60, "any", |_| true;
    /// Seconds after ttl_s for which a shared answer may be used while it is computed anew (RFC 5861).
    stale_while_revalidate_s = 11: u32, 300, "any", |_| true;
    /// Seconds after ttl_s for which a shared answer may be used if computing fails (RFC 5861).
    stale_if_error_s = 12: u32, 86_400, "any", |_| true;
}

impl SlotPolicy {
    /// Returns the locale for the cache key: the visitor's if the slot lists it, else none.
    #[must_use]
    pub fn locale_for_key(&self, locale: Locale) -> Locale {
        if self.locales.contains(&locale) {
            locale
        } else {
            Locale::default()
        }
    }

    /// Reads the fields of one record.
    fn from_fields(mut bytes: &[u8]) -> Result<Self, Refused> {
        let refuse = |expected, found: u16| Refused {
            expected,
            found: f64::from(found),
        };
        let mut slot = Self::default();
        let mut before = 0;
        while !bytes.is_empty() {
            let (tag, value, rest) = next_field(bytes).ok_or(Refused {
                expected: "fields of tag, length, value and zero padding up to a multiple of 4",
                found: f64::from(u32::try_from(bytes.len()).unwrap_or(u32::MAX)),
            })?;
            bytes = rest;
            let number = tag & !IGNORABLE;
            if number <= before {
                return Err(refuse("tags from 1 on, in ascending order, each once", tag));
            }
            before = number;
            if !slot.set(tag, value)? && tag & IGNORABLE == 0 {
                return Err(refuse("a field that this reader knows: update the reader", tag));
            }
        }
        if slot.name.is_empty() {
            return Err(refuse("a field with the slot's name", 0));
        }
        if slot.n_default > slot.n_max {
            return Err(refuse("n_default: 1 to n_max", slot.n_default));
        }
        Ok(slot)
    }

    /// Returns the bytes of the record.
    #[cfg(any(test, feature = "writer"))]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        for (tag, value) in self.written() {
            fields.extend(tag.to_le_bytes());
            // A longer value is cut here; reading the written file back then refuses it.
            let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
            fields.extend(length.to_le_bytes());
            fields.extend(value.iter().take(usize::from(length)));
            fields.resize(fields.len().next_multiple_of(4), 0);
        }
        let length = u32::try_from(fields.len()).unwrap_or(u32::MAX);
        [length.to_le_bytes().as_slice(), &fields].concat()
    }
}

/// Reads the records of all slots, each preceded by its length, until the bytes end.
pub(super) fn read_all(mut bytes: &[u8]) -> Result<Vec<SlotPolicy>, PolicyError> {
    let mut slots: Vec<SlotPolicy> = Vec::new();
    while !bytes.is_empty() {
        let element = slots.len();
        let refused = |Refused { expected, found }| PolicyError::Value {
            element,
            expected,
            found,
        };
        let (record, rest) = next_record(bytes).ok_or_else(|| {
            refused(Refused {
                expected: "a record's length and that many bytes",
                found: number(bytes),
            })
        })?;
        bytes = rest;
        let slot = SlotPolicy::from_fields(record).map_err(refused)?;
        if slots.iter().any(|other| other.name == slot.name) {
            return Err(refused(Refused {
                expected: "each slot name once",
                found: 0.0,
            }));
        }
        slots.push(slot);
    }
    Ok(slots)
}

/// Splits off the first record; returns it and the rest.
fn next_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// Splits off the first field; returns its tag, its value and the rest. The padding up to a multiple of 4 must be zero.
fn next_field(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (value, rest) = rest.split_at_checked(length)?;
    let (filling, rest) = rest.split_at_checked(length.next_multiple_of(4) - length)?;
    let zeros = filling.iter().all(|byte| *byte == 0);
    zeros.then_some((u16::from_le_bytes(*tag), value, rest))
}

/// Converts a value's first bytes to the number that errors show.
fn number(value: &[u8]) -> f64 {
    let mut bytes = [0; 4];
    for (to, from) in bytes.iter_mut().zip(value) {
        *to = *from;
    }
    f64::from(u32::from_le_bytes(bytes))
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=24).contains(&name.len()) && name.bytes().all(allowed)
}

fn are_locales(locales: &[Locale]) -> bool {
    let once = |(place, locale): (usize, &Locale)| !locales[..place].contains(locale);
    locales.len() <= MAX_LOCALES && locales.iter().enumerate().all(once)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> SlotPolicy {
        SlotPolicy {
            name: "home".into(),
            audience: Audience::Segment,
            exclude: alloc::vec![EventKind::Conversion],
            per_visitor: PerVisitor::Rerank,
            locales: ["de", "en", "gsw"].map(Locale::first_of).to_vec(),
            vary_device: true,
            n_default: 7,
            n_max: 1000,
            max_per_category: 3,
            ttl_s: 1,
            stale_while_revalidate_s: u32::MAX,
            stale_if_error_s: 0,
        }
    }

    /// Builds a record of these fields.
    fn record(fields: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, value) in fields {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
            bytes.extend_from_slice(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let length = u32::try_from(bytes.len()).unwrap();
        [length.to_le_bytes().as_slice(), &bytes].concat()
    }

    fn refusal(bytes: &[u8]) -> &'static str {
        match read_all(bytes) {
            Err(PolicyError::Value { expected, .. }) => expected,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_written_record_reads_back() {
        let other = SlotPolicy {
            name: "other".into(),
            ..SlotPolicy::default()
        };
        let bytes = [slot().to_bytes(), other.to_bytes()].concat();
        assert_eq!(read_all(&bytes), Ok(alloc::vec![slot(), other]));
    }

    #[test]
    fn fields_that_are_absent_take_their_defaults() {
        let slots = read_all(&record(&[(1, b"home"), (8, &[200, 0])])).unwrap();
        let expected = SlotPolicy {
            name: "home".into(),
            n_max: 200,
            ..SlotPolicy::default()
        };
        assert_eq!(slots, [expected]);
        let tags: Vec<u16> = SlotPolicy::fields().iter().map(|field| field.tag).collect();
        assert!(tags.windows(2).all(|pair| pair[0] < pair[1]), "{tags:?}");
    }

    #[test]
    fn unknown_fields_are_skipped_if_ignorable_and_refused_if_not() {
        let passed = record(&[(1, b"home"), (900 | IGNORABLE, b"later")]);
        assert_eq!(read_all(&passed).unwrap()[0].name, "home");
        let refused = record(&[(1, b"home"), (900, b"later")]);
        assert_eq!(refusal(&refused), "a field that this reader knows: update the reader");
    }

    #[test]
    fn values_out_of_their_range_or_of_another_length_are_refused_by_name() {
        for (tag, value, expected) in [
            (1, b"Home".as_slice(), "name: "),
            (1, b"", "name: "),
            (1, &[b'a'; 25], "name: "),
            (1, &[0xff], "name: "),
            (2, &[3], "audience: "),
            (3, &[32], "exclude: "),
            (4, &[0, 0], "per_visitor: "),
            (5, b"de,en,de", "locales: "),
            (5, b"de,", "locales: "),
            (5, b"fr-CA", "locales: "),
            (5, b"DE", "locales: "),
            (6, &[2], "vary_device: "),
            (7, &[0, 0], "n_default: "),
            (7, &[49, 0], "n_default: "),
            (8, &[233, 3], "n_max: "),
            (10, &[1, 0], "ttl_s: "),
        ] {
            let fields: &[(u16, &[u8])] = if tag == 1 {
                &[(1, value)]
            } else {
                &[(1, b"home"), (tag, value)]
            };
            let refusal = refusal(&record(fields));
            assert!(refusal.starts_with(expected), "{tag} {value:?}: {refusal}");
        }
    }

    #[test]
    fn records_that_are_cut_off_filled_with_more_than_zeros_or_out_of_order_are_refused() {
        let good = record(&[(1, b"homes"), (6, &[1])]);
        assert_eq!(read_all(&good).unwrap().len(), 1);
        for end in 1..good.len() {
            assert!(read_all(&good[..end]).is_err(), "{end} bytes");
        }
        let mut filled = good.clone();
        filled[4 + 4 + 5] = 1;
        assert!(refusal(&filled).starts_with("fields of tag"));
        for fields in [
            &[(6, [1].as_slice()), (1, b"home")],
            &[(1, b"home".as_slice()), (1, b"home")],
        ] {
            assert!(refusal(&record(fields)).starts_with("tags from 1 on"));
        }
        assert!(refusal(&record(&[(0, b"home")])).starts_with("tags from 1 on"));
        assert_eq!(refusal(&record(&[(6, &[1])])), "a field with the slot's name");
        assert_eq!(refusal(&[good.clone(), good].concat()), "each slot name once");
        assert_eq!(read_all(&[]), Ok(Vec::new()));
    }

    #[test]
    fn only_listed_locales_are_part_of_the_cache_key() {
        let slot = slot();
        assert_eq!(slot.locale_for_key(Locale::first_of("de-AT")).code(), "de");
        assert_eq!(slot.locale_for_key(Locale::first_of("fr")).code(), "-");
        assert_eq!(SlotPolicy::default().locale_for_key(Locale::first_of("de")).code(), "-");
    }
}
