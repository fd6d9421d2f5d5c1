//! `selvedge.toml`: where the data is, what its columns mean, and how the model is made.
//!
//! Paths are relative to the configuration file's own directory, so that a command works from anywhere.

mod error;
mod overrides;
mod pack;
mod slots;
mod stages;
mod train;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use selvedge_lake::source::{CatalogueSource, EventSource, LakeConfig, Sources};
use serde::Deserialize;

pub use error::ConfigError;
pub use pack::{Codes, PackConfig};
pub use slots::{Audience, PerVisitor, SlotConfig, TrafficConfig, Vary};
pub use stages::{EvaluateConfig, ModelConfig, SegmentConfig, ToBeat};
pub use train::{TrainConfig, VisitorsConfig, WeightsConfig};

/// The whole configuration. Every section has defaults except what only the owner of the data can know.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Names that `{name}` in paths stands for.
    pub vars: BTreeMap<String, String>,
    /// Where the lake is and how clean data must be.
    pub lake: LakeConfig,
    /// Files of events.
    pub events: Vec<EventSource>,
    /// Files of items.
    pub catalogue: Vec<CatalogueSource>,
    /// The work directory of the model.
    pub model: ModelConfig,
    /// Training.
    pub train: TrainConfig,
    /// Segments.
    pub segment: SegmentConfig,
    /// Evaluation.
    pub evaluate: EvaluateConfig,
    /// How much of it there is to answer.
    pub traffic: TrafficConfig,
    /// What pages ask for.
    pub slots: Vec<SlotConfig>,
    /// The snapshot.
    pub pack: PackConfig,
}

impl Config {
    /// Reads a configuration file and applies `overrides`, each `key.path=value`.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, has unknown keys or values out of range.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let base = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Self::parse(&text, path, base, overrides)
    }

    /// The same from text; `path` only names it in errors, `base` is what relative paths start from.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path, base: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        // The file alone is read first, even when overrides follow: only this way has an error its line number.
        let mut config: Self = toml::from_str(text).map_err(|source| ConfigError::syntax(path, source))?;
        if !overrides.is_empty() {
            config = overrides::apply(text, path, overrides)?;
        }
        config.resolve(path, base)?;
        config.check(path)?;
        Ok(config)
    }

    /// Replaces `{name}` in paths and makes them start from `base`.
    fn resolve(&mut self, path: &Path, base: &Path) -> Result<(), ConfigError> {
        let vars = std::mem::take(&mut self.vars);
        let fill = |text: &str| overrides::substitute(text, &vars, path);
        let place = |target: &mut PathBuf| -> Result<(), ConfigError> {
            if let Some(text) = target.to_str() {
                *target = base.join(fill(text)?);
            }
            Ok(())
        };
        place(&mut self.lake.dir)?;
        place(&mut self.model.dir)?;
        place(&mut self.pack.signing_key)?;
        for path in [&mut self.pack.output, &mut self.train.import].into_iter().flatten() {
            place(path)?;
        }
        for source in &mut self.events {
            source.written_path.clone_from(&source.path);
        }
        let events = self.events.iter_mut().map(|source| &mut source.path);
        let catalogue = self.catalogue.iter_mut().map(|source| &mut source.path);
        for pattern in events.chain(catalogue) {
            let filled = fill(pattern)?;
            *pattern = if Path::new(&filled).is_absolute() {
                filled
            } else {
                // The directory is a place, not a pattern: its brackets mean themselves.
                let directory = glob::Pattern::escape(&base.to_string_lossy());
                format!("{directory}/{filled}")
            };
        }
        self.vars = vars;
        Ok(())
    }

    fn check(&self, path: &Path) -> Result<(), ConfigError> {
        self.lake.check().map_err(ConfigError::invalid(path))?;
        self.train.check(path)?;
        self.segment.check(path)?;
        self.evaluate.check(path)?;
        self.pack.check(path)?;
        self.traffic.check(path)?;
        for slot in &self.slots {
            slot.check(path)?;
            if slot.min_hit_ratio.is_some() && self.traffic.requests_per_s.is_none() {
                let expected = "a number, as a slot has min_hit_ratio: what it affords depends on its traffic";
                return Err(ConfigError::value(path, "traffic.requests_per_s", expected, "none"));
            }
        }
        let by_locale = |slot: &&SlotConfig| slot.vary.contains(&Vary::Locale);
        if let Some(slot) = self.slots.iter().find(by_locale)
            && self.pack.locales.is_empty()
        {
            let expected = "the languages that slots vary by, such as [\"de\", \"en\"]";
            let found = format!("none, although the slot {:?} has vary = [\"locale\"]", slot.name);
            return Err(ConfigError::value(path, "pack.locales", expected, found));
        }
        for (index, slot) in self.slots.iter().enumerate() {
            if self.slots[..index].iter().any(|other| other.name == slot.name) {
                return Err(ConfigError::value(path, "slots.name", "names used once", &slot.name));
            }
        }
        for source in &self.catalogue {
            source.check().map_err(ConfigError::invalid(path))?;
        }
        for source in &self.events {
            source.check().map_err(ConfigError::invalid(path))?;
            // Strangers choose the ids of collected events. They must not meet those of a shop's own files.
            let same_name = |other: &&EventSource| source.name.is_some() && other.name == source.name;
            let of_another_kind = |other: &EventSource| other.preset != source.preset;
            if let Some(other) = self
                .events
                .iter()
                .filter(same_name)
                .find(|other| of_another_kind(other))
            {
                let found = other.name.clone().unwrap_or_default();
                let expected = "another name for events of a preset than for other files";
                return Err(ConfigError::value(path, "events.name", expected, found));
            }
        }
        Ok(())
    }

    /// A part of it as text, for digests: a section by its name, or `events.time_zone`, the zones that sources declare.
    /// Everything in it that changes what a stage writes is in that text.
    ///
    /// # Errors
    /// A value that JSON cannot hold, or a name that is no section.
    pub fn section(&self, name: &str) -> Result<String, serde_json::Error> {
        match name {
            // Which items are trained depends on whether there is a catalogue.
            "train" => serde_json::to_string(&(&self.train, self.catalogue.is_empty())),
            "segment" => serde_json::to_string(&self.segment),
            "evaluate" => serde_json::to_string(&self.evaluate),
            "slots" => serde_json::to_string(&self.slots),
            "traffic" => serde_json::to_string(&self.traffic),
            "pack" => serde_json::to_string(&self.pack),
            "events.time_zone" => {
                let zones: Vec<&str> = self.events.iter().map(|source| source.time_zone.as_str()).collect();
                serde_json::to_string(&zones)
            }
            _ => Err(serde::de::Error::custom(format!("no section {name:?}"))),
        }
    }

    /// Whether only items of the catalogue are trained and packed. A configuration that declares a catalogue means it, even before the first file of it
    /// was read: otherwise, everybody who sends events would make items as long as there is none.
    #[must_use]
    pub const fn only_catalogued(&self, lake_has_catalogue: bool) -> bool {
        !self.train.uncatalogued_items && (lake_has_catalogue || !self.catalogue.is_empty())
    }

    /// What ingest reads of it.
    #[must_use]
    pub fn sources(&self) -> Sources<'_> {
        Sources {
            lake: &self.lake,
            events: &self.events,
            catalogue: &self.catalogue,
        }
    }

    /// The slots, or the one that a site without any gets: `home`.
    #[must_use]
    pub fn slots(&self) -> Vec<SlotConfig> {
        if self.slots.is_empty() {
            vec![SlotConfig::default()]
        } else {
            self.slots.clone()
        }
    }
}

#[cfg(test)]
mod tests;
