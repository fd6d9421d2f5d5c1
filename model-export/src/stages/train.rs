//! The stage `train`: from the lake to factors.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use selvedge::place::{DAYPARTS, Daypart};
use selvedge_lake::explain::{Error, Exit, Explain};
use selvedge_models::als::TrainError;
use selvedge_models::contexts::context_factors;
use selvedge_models::fit::{Fitted, fit};
use selvedge_models::interactions::RareItems;
use selvedge_models::recommender::FitError;
use serde::Serialize;

use crate::config::Config;
use crate::events::{EventsError, LeftOutEvents, read_counting};
use crate::model::{ContextFactors, Description, ItemFactors, ModelDir, ModelError, UserFactors};
use crate::recommender::{ImportError, recommender};
use crate::report::{Report, Table, count};
use crate::stage::{DigestError, Input, Stage, Work, origin};

/// The stage.
pub struct Train;

/// What of the configuration makes another model.
pub const SECTIONS: &[&str] = &["train", "events.time_zone"];

impl Stage for Train {
    fn name(&self) -> &'static str {
        "train"
    }

    fn about(&self) -> &'static str {
        "Train item and user factors on the lake"
    }

    fn inputs(&self) -> &'static [Input] {
        &[
            Input::Lake,
            Input::File("imported item vectors", |config| config.train.import.clone()),
        ]
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[
            "model.json",
            "item_factors.parquet",
            "user_factors.parquet",
            "contexts.parquet",
        ]
    }

    fn sections(&self) -> &'static [&'static str] {
        SECTIONS
    }

    fn prepare(&self, config: &Config) -> Result<(), Error> {
        recommender(config)?;
        Ok(())
    }

    fn run(&self, work: &Work<'_>) -> Result<(), Error> {
        let summary = work.busy(|| train(work.config, work.model))?;
        work.context.print(&summary)
    }
}

/// What the stage has to say.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// `model.json`.
    #[serde(flatten)]
    pub description: Description,
    /// Events that count.
    pub events: usize,
    /// Events that do not.
    pub left_out: LeftOutEvents,
    /// Events that are of too few people's items to be trained on.
    pub rare: RareItems,
    /// The setting that says so.
    pub min_item_users: u64,
    /// Seconds spent on training, validation included.
    pub train_s: f64,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainStageError {
    /// The events cannot be read.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// Lake or configuration cannot be digested.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// The table of imported vectors cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The zone of a source is not known.
    #[error("time_zone is {name:?}, expected an IANA name such as Europe/Berlin")]
    TimeZone {
        /// The name found.
        name: String,
        /// Why.
        source: jiff::Error,
    },
    /// Training failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The model cannot be written.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl Explain for TrainStageError {
    fn exit(&self) -> Exit {
        match self {
            Self::Events(error) => error.exit(),
            Self::Digest(error) => error.exit(),
            Self::Import(error) => error.exit(),
            Self::Model(error) => error.exit(),
            Self::Fit(FitError::Train(TrainError::Empty { .. })) => Exit::Data,
            Self::TimeZone { .. } | Self::Fit(_) => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Events(error) => return error.hint(),
            Self::Digest(error) => return error.hint(),
            Self::Import(error) => return error.hint(),
            Self::Model(error) => return error.hint(),
            Self::TimeZone { .. } => "correct time_zone under [train] or [[events]]",
            Self::Fit(FitError::Train(TrainError::Empty { .. })) => {
                "lower train.min_item_users, or give the kinds of events that you have a weight in [train.weights]"
            }
            Self::Fit(FitError::Train(TrainError::NotPositiveDefinite { .. })) => {
                "raise train.regularisation, or lower the weights in [train.weights]"
            }
            Self::Fit(_) => "correct the value in [train]",
        };
        Some(text.to_owned())
    }
}

/// Name and rules of the site's clock: the configured zone, or the first one other than UTC that a source of events
/// declares, as sources that are in UTC by nature (an edge collector's) say nothing about where people live.
fn site_zone(config: &Config) -> Result<(String, TimeZone), TrainStageError> {
    let declared = config
        .events
        .iter()
        .map(|source| source.time_zone.as_str())
        .find(|zone| *zone != "UTC");
    let name = config
        .train
        .time_zone
        .as_deref()
        .or(declared)
        .unwrap_or("UTC")
        .to_owned();
    match TimeZone::get(&name) {
        Ok(zone) => Ok((name, zone)),
        Err(source) => Err(TrainStageError::TimeZone { name, source }),
    }
}

/// The part of the week of a time, on the clock of a zone. Times before 1970 count as 1970.
fn daypart(at_ms: i64, zone: &TimeZone) -> Daypart {
    let offset_s = Timestamp::from_millisecond(at_ms).map_or(0, |at| zone.to_offset(at).seconds());
    let local_ms = at_ms.saturating_add(i64::from(offset_s) * 1000);
    Daypart::of_local_ms(u64::try_from(local_ms).unwrap_or(0))
}

/// Trains on everything in the lake and writes the factors.
///
/// # Errors
/// [`TrainStageError`].
pub fn train(config: &Config, model: &ModelDir) -> Result<Summary, TrainStageError> {
    let (time_zone, zone) = site_zone(config)?;
    let (log, left_out) = read_counting(config)?;
    let until_ms = log.end_ms().unwrap_or(0);
    let started = std::time::Instant::now();
    let Fitted {
        set,
        outcome,
        validation,
    } = fit(recommender(config)?.as_ref(), &log, until_ms, &config.train.fit_plan())?;
    let min_item_users = config.train.fit_plan().min_item_users;
    let rare = RareItems::of_log(&log, &config.train.weighting(), min_item_users);
    let train_s = started.elapsed().as_secs_f64();
    let objective = config.train.objective();
    let description = Description {
        dims: outcome.items.dims(),
        unobserved_weight: objective.unobserved_weight,
        regularisation: objective.regularisation,
        regularisation_exponent: objective.regularisation_exponent,
        iterations: outcome.iteration,
        seed: config.train.seed,
        trained_until_ms: until_ms,
        weights: Description::weights_of(&config.train),
        half_life_days: config.train.half_life_days,
        time_zone,
        users: set.users.len(),
        items: set.items.len(),
        interactions: set.matrix.entries(),
        validation,
        origin: origin(config, SECTIONS)?,
    };
    let contexts = ContextFactors {
        names: (0..DAYPARTS)
            .filter_map(Daypart::from_index)
            .map(|part| part.name().to_owned())
            .collect(),
        factors: context_factors(&log, &set, &config.train.weighting(), &outcome.users, |at_ms| {
            daypart(at_ms, &zone)
        }),
    };
    let id = |ids: &[String], numbers: &[u32]| -> Vec<String> {
        numbers.iter().map(|&number| ids[number as usize].clone()).collect()
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of users are far below 2^53")]
    let popularity = set.item_users.iter().map(|&users| users as f64).collect();
    model.write_items(&ItemFactors {
        ids: id(&log.items, &set.items),
        popularity,
        events: set.item_events,
        factors: outcome.items,
    })?;
    model.write_users(&UserFactors {
        ids: id(&log.users, &set.users),
        events: set.user_events,
        factors: outcome.users,
    })?;
    model.write_contexts(&contexts)?;
    // Last: whoever finds it finds the rest.
    model.write_description(&description)?;
    Ok(Summary {
        description,
        events: log.events.len(),
        left_out,
        rare,
        min_item_users,
        train_s,
    })
}

impl Report for Summary {
    const STAGE: &'static str = "train";

    fn render(&self) -> String {
        let description = &self.description;
        let mut table = Table::new(&["train", ""]);
        table.row(["events", &count(self.rare.events - self.rare.rare_events)]);
        table.row(["users", &count(description.users as u64)]);
        table.row(["items", &count(description.items as u64)]);
        table.row(["user-item pairs", &count(description.interactions as u64)]);
        table.row(["factors", &description.dims.to_string()]);
        table.row(["iterations", &description.iterations.to_string()]);
        table.row(["seconds", &format!("{:.1}", self.train_s)]);
        let mut text = table.render();
        let LeftOutEvents {
            uncatalogued_events,
            uncatalogued_items,
            merged,
            visitors,
        } = &self.left_out;
        if self.rare.rare_events > 0 {
            let few = self.min_item_users;
            text.push_str(&format!(
                "left out: {} of {} events are of {} items with fewer than {few} people (train.min_item_users)\n",
                count(self.rare.rare_events),
                count(self.rare.events),
                count(self.rare.rare_items)
            ));
            if self.rare.is_too_much() {
                text.push_str(&format!(
                    "hint: that is more than a third; train.min_item_users = {} keeps two thirds of the events\n",
                    self.rare.keeps_two_thirds
                ));
            }
        }
        let weightless = (self.events as u64).saturating_sub(self.rare.events);
        if weightless > 0 {
            text.push_str(&format!(
                "left out: {} events are of kinds that weigh nothing (train.weights)\n",
                count(weightless)
            ));
        }
        if *merged > 0 {
            text.push_str(&format!(
                "counted once: {} events have the id of an earlier event of the same user and source\n",
                count(*merged)
            ));
        }
        if *uncatalogued_events > 0 {
            text.push_str(&format!(
                "left out: {} events of {} items that are in no catalogue (train.uncatalogued_items)\n",
                count(*uncatalogued_events),
                count(*uncatalogued_items)
            ));
        }
        for (events, of, setting) in [
            (
                visitors.never_returned,
                "of edge visitors who never came back",
                "returned",
            ),
            (
                visitors.over_weight,
                "beyond the weight of one edge visitor",
                "max_weight",
            ),
            (
                visitors.over_hour_share,
                "of edge visitors beyond the share of one hour",
                "max_hour_share",
            ),
        ] {
            if events > 0 {
                text.push_str(&format!(
                    "left out: {} events {of} (train.visitors.{setting})\n",
                    count(events)
                ));
            }
        }
        match &description.validation {
            Some(curve) => {
                let values: Vec<String> = curve.values.iter().map(|value| format!("{value:.4}")).collect();
                text.push_str(&format!(
                    "\n{} on the last days, {} users, after each iteration:\n  {}\n",
                    curve.metric,
                    count(curve.users as u64),
                    values.join(" ")
                ));
            }
            None => {
                text.push_str("\nNo validation: too few users in train.validation_days, all iterations were done.\n")
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_clock_is_that_of_the_zone() {
        // Monday 2017-12-04 05:30 UTC is 00:30 in New York and 06:30 in Berlin.
        let at_ms = 1_512_365_400_000;
        assert_eq!(daypart(at_ms, &TimeZone::UTC).name(), "weekday-night");
        assert_eq!(
            daypart(at_ms, &TimeZone::get("Europe/Berlin").unwrap()).name(),
            "weekday-morning"
        );
        // Saturday 02:00 UTC is still Friday evening in New York.
        let saturday = 1_512_784_800_000;
        assert_eq!(daypart(saturday, &TimeZone::UTC).name(), "weekend-night");
        assert_eq!(
            daypart(saturday, &TimeZone::get("America/New_York").unwrap()).name(),
            "weekday-evening"
        );
    }
}
