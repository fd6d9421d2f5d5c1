//! The stage `simulate`: how much of per-visitor quality a cache keeps, at which hit ratio and what CPU.
//!
//! The last days of the log are replayed in their order: each event is a request just before it, by a visitor whose profile
//! the core keeps, for a list that the core decides. What is shared goes through a cache at each edge location, by the core's
//! freshness. The model, its segments and what they are shown know nothing of these days.

mod arrivals;
mod edge;
mod error;
mod found;
mod model;
mod plot;
mod study;
mod visitors;
mod write;

use selvedge_models::evaluation::split_time;
use selvedge_models::fit::fit;
use selvedge_models::interactions::EventLog;

use crate::config::{Audience, Config, SlotConfig};
use crate::events::read_log;
use crate::recommender::recommender;
use study::Study;
use visitors::Replay;

pub use error::SimulateError;
pub use found::{CacheFound, Everyone, LevelFound, Options, Recommended, Simulation};
pub use plot::plot;
pub use visitors::Costs;
pub use write::{WriteError, write};

/// Simulates the last `evaluate.test_days` of the lake.
///
/// # Errors
/// [`SimulateError`].
pub fn run(config: &Config, options: &Options) -> Result<Simulation, SimulateError> {
    simulate(&read_log(config)?, config, options)
}

/// The same for a log.
///
/// # Errors
/// [`SimulateError`].
pub fn simulate(log: &EventLog, config: &Config, options: &Options) -> Result<Simulation, SimulateError> {
    let min_judged = usize::try_from(config.evaluate.min_judged).unwrap_or(usize::MAX);
    let range = split_time(log, &config.train.weighting(), config.evaluate.test_days, min_judged);
    let split_ms = range.at_ms;
    // A request at a stray date, far behind all others, is none.
    let log = &EventLog {
        users: log.users.clone(),
        items: log.items.clone(),
        events: log.before(range.until_ms).to_vec(),
    };
    let empty = |after| SimulateError::Empty {
        test_days: config.evaluate.test_days,
        before: log.before(split_ms).len(),
        after,
    };
    if log.before(split_ms).is_empty() || log.since(split_ms).is_empty() {
        return Err(empty(0));
    }
    let past = EventLog {
        users: log.users.clone(),
        items: log.items.clone(),
        events: log.before(split_ms).to_vec(),
    };
    let fitted = fit(recommender(config)?.as_ref(), &past, split_ms, &config.train.fit_plan())?;
    let weighting = config.train.weighting();
    let slot = shared_slot(config);
    let study = Study {
        log,
        fitted: &fitted,
        config,
        slot: &slot,
        replay: Replay {
            log,
            split_ms,
            weighting: &weighting,
            k: usize::try_from(config.evaluate.k)
                .unwrap_or(usize::MAX)
                .min(config.pack.list_length()),
            every: log.since(split_ms).len().div_ceil(options.requests.max(1)),
        },
        options,
    };
    study.run()?.ok_or_else(|| empty(0))
}

/// The slot whose answers are shared, or the first one.
fn shared_slot(config: &Config) -> SlotConfig {
    let slots = config.slots();
    let shared = slots.iter().find(|slot| slot.audience != Audience::Visitor);
    shared.or(slots.first()).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests;
