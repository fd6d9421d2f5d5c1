//! The trait of stages.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Command};
use selvedge_lake::explain::Error;

use super::gate::{Gate, Gates};
use crate::config::Config;
use crate::context::Invocation;
use crate::model::ModelDir;

/// Something that a stage reads.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// Files outside, of which only the stage itself knows what is new: such a stage is never left out.
    Outside,
    /// The lake.
    Lake,
    /// What another stage wrote, by that stage's name.
    Stage(&'static str),
    /// A file that the configuration may name, and what it is called in the help text.
    File(&'static str, fn(&Config) -> Option<PathBuf>),
}

/// One stage of the way from files to the edge.
///
/// To add one: a file that implements this, and a line in `stages/mod.rs`.
pub trait Stage: Sync {
    /// Its verb.
    fn name(&self) -> &'static str;

    /// What it does, one line for the help text.
    fn about(&self) -> &'static str;

    /// What it reads. A stage is done again when one of these changed.
    fn inputs(&self) -> &'static [Input];

    /// The files that it writes into the model's unit.
    fn outputs(&self) -> &'static [&'static str];

    /// The parts of the configuration that change what it writes, for [`Config::section`].
    fn sections(&self) -> &'static [&'static str];

    /// Whether it is a gate, and of what.
    fn gate(&self) -> Option<Gate> {
        None
    }

    /// Adds its own options to its command.
    fn options(&self, command: Command) -> Command {
        command
    }

    /// Whether `selvedge run` takes these options as well.
    fn options_in_run(&self) -> bool {
        true
    }

    /// Files outside of the model's unit that it writes with these options.
    ///
    /// # Errors
    /// Options that cannot be read.
    fn files(&self, _config: &Config, _options: &ArgMatches) -> Result<Vec<PathBuf>, Error> {
        Ok(Vec::new())
    }

    /// Whether these options only ask for something to be shown: the model's unit is then left alone.
    fn only_shows(&self, _options: &ArgMatches) -> bool {
        false
    }

    /// Fails early where something is missing that the stage would only notice minutes from now.
    ///
    /// # Errors
    /// What is missing.
    fn prepare(&self, _config: &Config) -> Result<(), Error> {
        Ok(())
    }

    /// Does the work, writes [`Self::outputs`] and prints a report.
    ///
    /// # Errors
    /// Whatever went wrong; what it had written is then dropped.
    fn run(&self, work: &Work<'_>) -> Result<(), Error>;
}

/// What a stage gets.
#[derive(Clone, Copy)]
pub struct Work<'w> {
    /// The outputs for people and programs, and the time.
    pub context: &'w Invocation,
    /// The configuration.
    pub config: &'w Config,
    /// The unit of the model that it reads and writes.
    pub model: &'w ModelDir,
    /// Its own options.
    pub options: &'w ArgMatches,
    /// The gates that a model has to pass before it is packed.
    pub gates: Gates<'w>,
    /// Its name.
    pub stage: &'static str,
}

impl Work<'_> {
    /// Does something that takes long while a spinner turns.
    pub fn busy<T>(&self, work: impl FnOnce() -> T) -> T {
        let spinner = self.context.progress(self.stage, 0);
        spinner.enable_steady_tick(Duration::from_millis(120));
        let done = work();
        spinner.finish_and_clear();
        done
    }
}
