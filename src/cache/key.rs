//! Cache keys.

use alloc::string::{String, ToString};

use crate::experiment::ArmAssignment;
use crate::place::{Device, Locale};
use crate::snapshot::CategoryIndex;

/// For whom a shared answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sharing {
    /// One segment.
    Segment(u16),
    /// One daypart.
    Daypart(u8),
    /// All visitors.
    Everyone,
    /// All visitors who look at one item: the items near it, by its item key.
    SimilarTo(u64),
}

/// Everything that can change the bytes of a shared answer.
#[derive(Clone, Copy, Debug)]
pub struct KeyParts<'a> {
    /// The snapshot's version.
    pub model: &'a str,
    /// The slot's name, or `similar`.
    pub slot: &'a str,
    /// For whom the answer is.
    pub sharing: Sharing,
    /// The first category that limits the answer. A request names categories by name, and all categories of one name go together, so the first
    /// one stands for all.
    pub category: Option<CategoryIndex>,
    /// The language if the slot varies on it, else the default.
    pub locale: Locale,
    /// The device class if the slot varies on it.
    pub device: Option<Device>,
    /// How many items.
    pub n: usize,
    /// Arms of experiments. Arms that do not change the answer do not become part of the key.
    pub arms: &'a [ArmAssignment],
    /// Version of the overlay; 0 for none.
    pub overlay: u64,
}

/// A cache key: the text, in printable ASCII, under which a shared answer is kept. Answers with equal keys are equal.
///
/// It is `v1/<snapshot>/<slot>/<sharing>/<category>/<locale>/<device>/<n>`, with `-` for a part that the answer does not depend on. After that
/// follow `/a<experiment>.<arm>` for each arm that changes the answer, and `/o<version>` if there is an overlay.
///
/// A client can only choose slot, category and n, which are checked against the snapshot, and language and device class if the slot varies on
/// them. The segment comes out of the sealed profile. So a client cannot fill a cache with keys of its own making.
///
/// ```
/// use selvedge::cache::{CacheKey, KeyParts, Sharing};
/// use selvedge::place::Locale;
///
/// let key = CacheKey::new(&KeyParts {
///     model: "20171204T000000Z-1f3a9c02",
///     slot: "home",
///     sharing: Sharing::Segment(12),
///     category: None,
///     locale: Locale::first_of("de-AT, en"),
///     device: None,
///     n: 8,
///     arms: &[],
///     overlay: 0,
/// });
/// assert_eq!(key.as_str(), "v1/20171204T000000Z-1f3a9c02/home/s12/-/de/-/8");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey {
    /// FNV-1a hash of the text. It is the first field, so that comparing two different keys mostly compares two numbers.
    hash: u32,
    text: String,
}

impl CacheKey {
    /// Builds the key of an answer.
    #[must_use]
    pub fn new(parts: &KeyParts<'_>) -> Self {
        let category = parts
            .category
            .map_or_else(|| "-".into(), |first| ["c", &first.0.to_string()].concat());
        let mut device_code = [0; 4];
        let device = parts.device.map_or('-', Device::code).encode_utf8(&mut device_code);
        // Every request makes a key, also one that hits, and `format!` is slower than joining.
        let mut text = [
            "v1",
            parts.model,
            parts.slot,
            &parts.sharing.code(),
            &category,
            parts.locale.code(),
            device,
            &parts.n.to_string(),
        ]
        .join("/");
        for arm in parts.arms.iter().filter(|arm| arm.changes_answer) {
            text.extend(["/a", arm.experiment.as_str(), ".", &arm.arm.to_string()]);
        }
        if parts.overlay != 0 {
            text.extend(["/o", &parts.overlay.to_string()]);
        }
        Self {
            hash: fnv1a(&text),
            text,
        }
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// FNV-1a hash of the text.
    pub(super) const fn hash(&self) -> u32 {
        self.hash
    }
}

/// FNV-1a hash of 32 bits.
pub(crate) fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

impl Sharing {
    fn code(self) -> String {
        match self {
            Self::Segment(segment) => ["s", &segment.to_string()].concat(),
            Self::Daypart(daypart) => ["d", &daypart.to_string()].concat(),
            Self::Everyone => "all".into(),
            Self::SimilarTo(key) => alloc::format!("i{key:016x}"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn parts() -> KeyParts<'static> {
        KeyParts {
            model: "m1",
            slot: "home",
            sharing: Sharing::Segment(3),
            category: None,
            locale: Locale::default(),
            device: None,
            n: 8,
            arms: &[],
            overlay: 0,
        }
    }

    /// The key of the items near an item.
    pub fn similar_to(item: u64) -> CacheKey {
        CacheKey::new(&KeyParts {
            slot: "similar",
            sharing: Sharing::SimilarTo(item),
            ..parts()
        })
    }

    fn arm(experiment: &str, arm: u8, changes_answer: bool) -> ArmAssignment {
        ArmAssignment::new(experiment, arm, changes_answer).unwrap()
    }

    #[test]
    fn a_key_names_each_part_in_its_place() {
        let arms = [arm("shelf", 1, true), arm("colour", 2, false), arm("rank", 0, true)];
        for (parts, expected) in [
            (parts(), "v1/m1/home/s3/-/-/-/8"),
            (
                KeyParts {
                    locale: Locale::first_of("de-AT"),
                    device: Some(Device::Mobile),
                    ..parts()
                },
                "v1/m1/home/s3/-/de/m/8",
            ),
            (
                KeyParts {
                    sharing: Sharing::Daypart(5),
                    category: Some(CategoryIndex(7)),
                    ..parts()
                },
                "v1/m1/home/d5/c7/-/-/8",
            ),
            (
                KeyParts { arms: &arms, ..parts() },
                "v1/m1/home/s3/-/-/-/8/ashelf.1/arank.0",
            ),
            (
                KeyParts {
                    sharing: Sharing::Everyone,
                    overlay: 17,
                    ..parts()
                },
                "v1/m1/home/all/-/-/-/8/o17",
            ),
        ] {
            assert_eq!(CacheKey::new(&parts).as_str(), expected);
        }
        assert_eq!(similar_to(0xab).as_str(), "v1/m1/similar/i00000000000000ab/-/-/-/8");
    }
}
