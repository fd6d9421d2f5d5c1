//! The policy's fixed-layout records: the encoder's parameters, and slots as formats 1.0 to 1.3 store them.

use alloc::vec::Vec;

use bytemuck::{Pod, Zeroable};

use super::field::FieldType;
use super::{Audience, PerVisitor, Policy, PolicyError, SlotPolicy};

/// The policy's fixed part, with the layout of the file.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct PolicyRecord {
    pub half_life_ms: u64,
    pub kind_weights: [f32; 5],
    pub unobserved_weight: f32,
    pub regularisation: f32,
    pub regularisation_exponent: f32,
    pub hysteresis: f32,
    pub min_history: u32,
    pub slots: u32,
    pub reserved: u32,
    /// The number of items the encoder was trained on: N in the frequency-scaled regularisation.
    pub trained_items: u32,
    pub reserved_2: u32,
}

/// A slot's rules, with the layout of the file.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct SlotRecord {
    pub name: [u8; 24],
    pub audience: u8,
    pub exclude_kinds: u8,
    pub vary: u8,
    pub per_visitor: u8,
    pub n_default: u16,
    pub n_max: u16,
    pub max_per_category: u16,
    pub reserved: u16,
    pub ttl_s: u32,
    pub stale_while_revalidate_s: u32,
    pub stale_if_error_s: u32,
    pub reserved_2: [u32; 4],
}

const _: () = assert!(size_of::<PolicyRecord>() == 64);
const _: () = assert!(size_of::<SlotRecord>() == 64);

impl Policy {
    /// Reads and checks the bytes of a policy section.
    ///
    /// # Errors
    /// [`PolicyError`]: which element, what was expected and what was found.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PolicyError> {
        let length = |expected: usize| PolicyError::Length {
            expected: expected as u64,
            found: bytes.len() as u64,
        };
        let Some((record, slots)) = bytes.split_at_checked(size_of::<PolicyRecord>()) else {
            return Err(length(size_of::<PolicyRecord>()));
        };
        let record: PolicyRecord = bytemuck::pod_read_unaligned(record);
        let count = usize::try_from(record.slots).unwrap_or(usize::MAX);
        let expected = count.saturating_mul(size_of::<SlotRecord>());
        if slots.len() != expected {
            return Err(length(expected.saturating_add(size_of::<PolicyRecord>())));
        }
        let refuse = |element, expected, found| {
            Err(PolicyError::Value {
                element,
                expected,
                found,
            })
        };
        if record.half_life_ms == 0 {
            return refuse(0, "a half-life above 0 ms", 0.0);
        }
        for weight in record.kind_weights {
            if !(0.0..=1e6).contains(&weight) {
                return refuse(0, "event weights from 0 to 1e6", f64::from(weight));
            }
        }
        for value in [record.unobserved_weight, record.regularisation] {
            // Both above zero keep the encoder's matrix positive definite for every history.
            if !(1e-9..=1e9).contains(&value) {
                return refuse(
                    0,
                    "unobserved weight and regularisation from 1e-9 to 1e9",
                    f64::from(value),
                );
            }
        }
        if ![0.0, 0.5, 1.0].contains(&record.regularisation_exponent) {
            return refuse(
                0,
                "a regularisation exponent of 0, 0.5 or 1",
                f64::from(record.regularisation_exponent),
            );
        }
        if !(0.0..=2.0).contains(&record.hysteresis) {
            return refuse(0, "a hysteresis from 0 to 2", f64::from(record.hysteresis));
        }
        for reserved in [record.reserved, record.reserved_2] {
            if reserved != 0 {
                return refuse(0, "reserved bytes of zero", f64::from(reserved));
            }
        }
        let mut read = Vec::with_capacity(count);
        for (element, slot) in slots.chunks_exact(size_of::<SlotRecord>()).enumerate() {
            let slot = SlotPolicy::from_record(element + 1, &bytemuck::pod_read_unaligned(slot))?;
            if read.iter().any(|other: &SlotPolicy| other.name == slot.name) {
                return refuse(element + 1, "each slot name once", 0.0);
            }
            read.push(slot);
        }
        Ok(Self {
            half_life_ms: record.half_life_ms,
            kind_weights: record.kind_weights,
            unobserved_weight: record.unobserved_weight,
            regularisation: record.regularisation,
            regularisation_exponent: record.regularisation_exponent,
            trained_items: record.trained_items,
            hysteresis: record.hysteresis,
            min_history: record.min_history,
            slots: read,
        })
    }

    /// Returns the bytes of the policy section: the encoder's parameters. The slots have a section of their own.
    #[cfg(any(test, feature = "writer"))]
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let record = PolicyRecord {
            half_life_ms: self.half_life_ms,
            kind_weights: self.kind_weights,
            unobserved_weight: self.unobserved_weight,
            regularisation: self.regularisation,
            regularisation_exponent: self.regularisation_exponent,
            hysteresis: self.hysteresis,
            min_history: self.min_history,
            slots: 0,
            reserved: 0,
            trained_items: self.trained_items,
            reserved_2: 0,
        };
        bytemuck::bytes_of(&record).to_vec()
    }
}

const VARY_LOCALE: u8 = 1;
const VARY_DEVICE: u8 = 2;

impl SlotPolicy {
    fn from_record(element: usize, record: &SlotRecord) -> Result<Self, PolicyError> {
        let refuse = |expected, found: u32| PolicyError::Value {
            element,
            expected,
            found: f64::from(found),
        };
        let used = record
            .name
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(record.name.len());
        let (name, rest) = record.name.split_at(used);
        let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        if name.is_empty() || !name.iter().all(allowed) || rest.iter().any(|byte| *byte != 0) {
            return Err(refuse("a slot name of a-z, 0-9 and -, padded with zeros", 0));
        }
        let audience = Audience::from_code(record.audience).ok_or_else(|| {
            refuse(
                "audience 0 (visitor), 1 (segment) or 2 (everyone)",
                u32::from(record.audience),
            )
        })?;
        let exclude = FieldType::read(&[record.exclude_kinds])
            .ok_or_else(|| refuse("bits of the five event kinds", u32::from(record.exclude_kinds)))?;
        let per_visitor = PerVisitor::from_code(record.per_visitor).ok_or_else(|| {
            refuse(
                "per visitor 0 (nothing), 1 (exclude) or 2 (rerank)",
                u32::from(record.per_visitor),
            )
        })?;
        if record.vary & !(VARY_LOCALE | VARY_DEVICE) != 0 {
            return Err(refuse("vary bits 0 and 1", u32::from(record.vary)));
        }
        if record.n_default == 0 || record.n_default > record.n_max || record.n_max > 1000 {
            return Err(refuse("1 <= n default <= n max <= 1000", u32::from(record.n_default)));
        }
        let reserved = [u32::from(record.reserved)];
        if let Some(found) = reserved.iter().chain(&record.reserved_2).find(|value| **value != 0) {
            return Err(refuse("reserved bytes of zero", *found));
        }
        Ok(Self {
            name: name.iter().map(|byte| char::from(*byte)).collect(),
            audience,
            exclude,
            per_visitor,
            // The old format's bit named no locales, so a client could have made up cache keys. No writer has ever set
            // it.
            locales: Vec::new(),
            vary_device: record.vary & VARY_DEVICE != 0,
            n_default: record.n_default,
            n_max: record.n_max,
            max_per_category: record.max_per_category,
            ttl_s: record.ttl_s,
            stale_while_revalidate_s: record.stale_while_revalidate_s,
            stale_if_error_s: record.stale_if_error_s,
        })
    }
}
