//! Configuration that travels in the snapshot.

use selvedge::event::EventKind;
use selvedge::place::Locale;
use selvedge::policy::{self, Policy, SlotPolicy};

use super::error::PackError;
use crate::config::{Audience, Config, PerVisitor, SlotConfig, Vary};
use crate::model::Description;
use crate::stage::Cleared;

/// What travels in the snapshot of the configuration and of how the model was trained.
///
/// # Errors
/// [`PackError::Slot`] for a number that does not fit the format.
pub fn policy(config: &Config, description: &Description) -> Result<Policy, PackError> {
    #[expect(clippy::cast_possible_truncation, reason = "weights are stored in 32 bits")]
    let weight = |kind: EventKind| {
        description
            .weights
            .get(kind.as_str())
            .map_or(0.0, |weight| *weight as f32)
    };
    let slots: Result<Vec<SlotPolicy>, PackError> = config
        .slots()
        .iter()
        .map(|slot| slot_policy(slot, &config.pack.locales))
        .collect();
    Ok(Policy {
        half_life_ms: description.half_life_days.map_or(NEVER_MS, half_life_ms),
        kind_weights: EventKind::ALL.map(weight),
        unobserved_weight: description.unobserved_weight,
        regularisation: description.regularisation,
        regularisation_exponent: description.regularisation_exponent,
        trained_items: u32::try_from(description.items).unwrap_or(u32::MAX),
        hysteresis: config.pack.hysteresis,
        min_history: config.pack.min_history,
        slots: slots?,
    })
}

/// A thousand years: events of a model without a half-life do not age.
pub const NEVER_MS: u64 = 1_000 * 365 * 86_400_000;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates; the range was checked"
)]
fn half_life_ms(days: f64) -> u64 {
    (days * 86_400_000.0) as u64
}

/// The rules of a slot; `locales` are those that slots may vary by.
fn slot_policy(config: &SlotConfig, locales: &[String]) -> Result<SlotPolicy, PackError> {
    let short = |what: &'static str, value: u32| {
        u16::try_from(value).map_err(|_| PackError::Slot {
            slot: config.name.clone(),
            what,
            found: value,
        })
    };
    Ok(SlotPolicy {
        name: config.name.clone(),
        audience: match config.audience {
            Audience::Visitor => policy::Audience::Visitor,
            Audience::Segment => policy::Audience::Segment,
            Audience::Everyone => policy::Audience::Everyone,
        },
        exclude: config.exclude.clone(),
        per_visitor: match config.per_visitor {
            PerVisitor::Nothing => policy::PerVisitor::Nothing,
            PerVisitor::Exclude => policy::PerVisitor::Exclude,
            PerVisitor::Rerank => policy::PerVisitor::Rerank,
        },
        locales: if config.vary.contains(&Vary::Locale) {
            locales.iter().map(|locale| Locale::first_of(locale)).collect()
        } else {
            Vec::new()
        },
        vary_device: config.vary.contains(&Vary::Device),
        n_default: short("n", config.n)?,
        n_max: short("n_max", config.n_max)?,
        max_per_category: short("max_per_category", config.max_per_category.unwrap_or(0))?,
        ttl_s: config.ttl_s,
        stale_while_revalidate_s: config.stale_while_revalidate_s,
        stale_if_error_s: config.stale_if_error_s,
    })
}

/// Lines of `name=value` that `selvedge inspect` shows.
pub fn provenance(config: &Config, description: &Description, cleared: &Cleared) -> String {
    [
        format!("dataset={}", config.pack.dataset),
        format!("tool=selvedge {}", env!("CARGO_PKG_VERSION")),
        format!("users={}", description.users),
        format!("interactions={}", description.interactions),
        format!("iterations={}", description.iterations),
        format!("seed={}", description.seed),
        format!("time_zone={}", description.time_zone),
        format!("gates={}", cleared.told()),
    ]
    .join("\n")
}
