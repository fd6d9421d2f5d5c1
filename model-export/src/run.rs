//! Does stages: one by its verb, or all of them in the table's order.
//!
//! A stage writes into a draft of the model's unit. One verb commits its draft when the stage is done. `selvedge run`
//! commits once, before the first stage that only reads the unit, so that a run that dies half-way leaves a whole unit; the
//! next run goes on from its draft. Where there is no whole unit to keep, each stage is committed at once.

use std::path::PathBuf;

use clap::{ArgMatches, Command};
use selvedge_lake::explain::Error;
use serde::Serialize;

use crate::config::Config;
use crate::context::Invocation;
use crate::model::{ModelDir, Units, Writer};
use crate::report::Report;
use crate::stage::{Asked, DoneStages, Gates, Input, Stage, Work, digest_files, inputs};

/// The stages, and what packing asks of them.
pub struct Runner {
    stages: &'static [&'static dyn Stage],
    packed_files: &'static [&'static str],
    gates: Vec<Asked>,
}

/// A stage that was left out.
#[derive(Serialize)]
struct UpToDate {
    up_to_date: &'static str,
}

impl Report for UpToDate {
    const STAGE: &'static str = "run";

    fn render(&self) -> String {
        format!("{}: up to date\n", self.up_to_date)
    }
}

impl Runner {
    /// Over a table of stages. `packed_files` are the files of a unit that a verdict has to name.
    #[must_use]
    pub fn new(stages: &'static [&'static dyn Stage], packed_files: &'static [&'static str]) -> Self {
        let gates = stages
            .iter()
            .filter_map(|stage| {
                Some(Asked {
                    gate: stage.gate()?,
                    stage: stage.name(),
                    sections: stage.sections(),
                })
            })
            .collect();
        Self {
            stages,
            packed_files,
            gates,
        }
    }

    /// The command of a stage, for the command line.
    #[must_use]
    pub fn command(stage: &dyn Stage) -> Command {
        // The text comes last: options that are derived bring the one of their type along.
        let command = stage.options(Command::new(stage.name()));
        command.about(stage.about()).after_help(help(stage))
    }

    /// The command of `selvedge run`, with the options of every stage that takes them there.
    #[must_use]
    pub fn run_command(&self) -> Command {
        let names: Vec<&str> = self.stages.iter().map(|stage| stage.name()).collect();
        let fresh = clap::Arg::new("fresh")
            .long("fresh")
            .action(clap::ArgAction::SetTrue)
            .help("Do every stage, those that are up to date as well");
        let with_options = self.stages.iter().filter(|stage| stage.options_in_run());
        let command = with_options.fold(Command::new("run").arg(fresh), |command, stage| stage.options(command));
        command
            .about("Do every stage from one configuration")
            .after_help(format!("The stages, in order: {}.", names.join(", ")))
    }

    /// The stage of a verb.
    #[must_use]
    pub fn find(&self, verb: &str) -> Option<&'static dyn Stage> {
        self.stages.iter().copied().find(|stage| stage.name() == verb)
    }

    /// Does one stage, and after it the gates that judge it.
    ///
    /// # Errors
    /// Those of the stage; what the model's directory held then stays.
    pub fn one(&self, stage: &dyn Stage, context: &Invocation, options: &ArgMatches) -> Result<(), Error> {
        let config = context.config()?;
        stage.prepare(&config)?;
        let units = Units::new(&config.model.dir);
        if !touches_unit(stage) || stage.only_shows(options) {
            return self.work_of(stage, context, &config, &units.current()?, options);
        }
        let writer = units.lock(stage.name())?;
        // What a killed run left half is its own business, not that of a stage that begins with what counts.
        writer.discard()?;
        self.write(stage, &writer, context, &config, options)?;
        for gate in self.stages.iter().copied() {
            if gate.gate().is_some_and(|gate| gate.judges == stage.name()) {
                let current = units.current()?;
                if !self.inputs_exist(gate, &current) {
                    context.note(&format!(
                        "{}: no verdict yet; `selvedge {}` gives one when the model is complete",
                        gate.name(),
                        gate.name()
                    ));
                    continue;
                }
                let options = no_options(gate)?;
                self.write(gate, &writer, context, &config, &options)?;
            }
        }
        Ok(())
    }

    fn work_of(
        &self,
        stage: &dyn Stage,
        context: &Invocation,
        config: &Config,
        model: &ModelDir,
        options: &ArgMatches,
    ) -> Result<(), Error> {
        stage.run(&Work {
            context,
            config,
            model,
            options,
            gates: Gates {
                asked: &self.gates,
                files: self.packed_files,
            },
            stage: stage.name(),
        })
    }

    /// One stage with a draft of its own.
    fn write(
        &self,
        stage: &dyn Stage,
        writer: &Writer,
        context: &Invocation,
        config: &Config,
        options: &ArgMatches,
    ) -> Result<(), Error> {
        if stage.outputs().is_empty() {
            return self.work_of(stage, context, config, &writer.view()?, options);
        }
        let result = self.draft(stage, writer, context, config, options);
        // A gate that says no has done its work: its verdict counts.
        if result.is_ok() || stage.gate().is_some() {
            writer.commit()?;
        } else {
            writer.discard()?;
        }
        result
    }

    /// Runs a stage in the draft. Files of stages that read what it writes are kept if it wrote the same as before, and
    /// leave the draft if not: a unit never holds segments of other factors.
    fn draft(
        &self,
        stage: &dyn Stage,
        writer: &Writer,
        context: &Invocation,
        config: &Config,
        options: &ArgMatches,
    ) -> Result<(), Error> {
        let draft = writer.draft()?;
        let before = digest_of(stage, &draft);
        draft.remove(stage.outputs())?;
        self.work_of(stage, context, config, &draft, options)?;
        if before.is_none() || digest_of(stage, &draft) != before {
            let mut stale = vec![stage.name()];
            for other in self.stages {
                let reads = |input: &Input| matches!(input, Input::Stage(name) if stale.contains(name));
                if other.inputs().iter().any(reads) {
                    draft.remove(other.outputs())?;
                    stale.push(other.name());
                }
            }
        }
        Ok(())
    }

    /// Does every stage, in order. One that is up to date is left out, which is said.
    ///
    /// # Errors
    /// Those of the first stage that fails; the unit that counted before then still does.
    pub fn all(&self, context: &Invocation, matches: &ArgMatches) -> Result<(), Error> {
        let config = context.config()?;
        // Whatever is missing is missed now and not minutes from now.
        for stage in self.stages {
            stage.prepare(&config)?;
        }
        let fresh = matches.get_flag("fresh");
        let units = Units::new(&config.model.dir);
        let writer = units.lock("run")?;
        let files: Vec<&str> = self.stages.iter().flat_map(|stage| stage.outputs().to_vec()).collect();
        let keep_old = units.current()?.has(&files);
        let mut done = DoneStages::load(units.stages_path());
        for stage in self.stages.iter().copied() {
            heading(context, stage.name());
            let own;
            let options = if stage.options_in_run() {
                matches
            } else {
                own = no_options(stage)?;
                &own
            };
            if stage.outputs().is_empty() && touches_unit(stage) {
                writer.commit()?;
            }
            let model = writer.view()?;
            let now = inputs(stage, self.stages, &config, &model, &given_options(stage, options))?;
            let outside = stage.files(&config, options)?;
            let all = |model: &ModelDir| -> Vec<PathBuf> {
                let own = stage.outputs().iter().map(|file| model.path().join(file));
                own.chain(outside.clone()).collect()
            };
            if let Some(now) = &now
                && !fresh
                && done.is_done(stage.name(), now, &all(&model))
            {
                context.print(&UpToDate {
                    up_to_date: stage.name(),
                })?;
                continue;
            }
            let result = if stage.outputs().is_empty() {
                self.work_of(stage, context, &config, &model, options)
            } else {
                self.draft(stage, &writer, context, &config, options)
            };
            if result.is_err() && stage.gate().is_some() {
                // Its verdict is a result: what it judged counts, and cannot be packed.
                writer.commit()?;
            }
            result?;
            if let Some(now) = now {
                done.set_done(stage.name(), now, &all(&writer.view()?))?;
            }
            if !keep_old {
                writer.commit()?;
            }
        }
        writer.commit()?;
        Ok(())
    }

    fn inputs_exist(&self, stage: &dyn Stage, model: &ModelDir) -> bool {
        stage.inputs().iter().all(|input| match input {
            Input::Stage(name) => self.find(name).is_some_and(|other| model.has(other.outputs())),
            _ => true,
        })
    }
}

/// Whether a stage reads or writes the model's unit.
fn touches_unit(stage: &dyn Stage) -> bool {
    !stage.outputs().is_empty() || stage.inputs().iter().any(|input| matches!(input, Input::Stage(_)))
}

/// The digest of what a stage wrote; `None` where some of it is not there.
fn digest_of(stage: &dyn Stage, model: &ModelDir) -> Option<String> {
    let files: Vec<PathBuf> = stage.outputs().iter().map(|file| model.path().join(file)).collect();
    digest_files(&files).ok()
}

/// The options of a stage that was given none.
fn no_options(stage: &dyn Stage) -> Result<ArgMatches, Error> {
    let command = Runner::command(stage).no_binary_name(true);
    let matches = command.try_get_matches_from(std::iter::empty::<&str>());
    Ok(matches.map_err(crate::context::ArgumentError)?)
}

/// What a stage was told on the command line, as text for a digest.
fn given_options(stage: &dyn Stage, options: &ArgMatches) -> String {
    let command = Runner::command(stage);
    let given = command.get_arguments().filter_map(|argument| {
        let id = argument.get_id().as_str();
        let values = options.try_get_raw(id).ok().flatten()?;
        Some(format!("{id}={:?}", values.collect::<Vec<_>>()))
    });
    given.collect::<Vec<_>>().join(" ")
}

/// What a stage reads and writes, below its options.
fn help(stage: &dyn Stage) -> String {
    let reads = stage.inputs().iter().map(|input| match input {
        Input::Outside => "your files".to_owned(),
        Input::Lake => "the lake".to_owned(),
        Input::Stage(name) => format!("what `{name}` wrote"),
        Input::File(name, _) => (*name).to_owned(),
    });
    let mut text = format!("Reads: {}.", reads.collect::<Vec<_>>().join(", "));
    if !stage.outputs().is_empty() {
        text.push_str(&format!("\nWrites: {}.", stage.outputs().join(", ")));
    }
    if !stage.sections().is_empty() {
        text.push_str(&format!("\nSettings: {}.", stage.sections().join(", ")));
    }
    text
}

/// Tables follow one another; people want to know which is which.
fn heading(context: &Invocation, stage: &str) {
    if !context.json() {
        context.note(&format!("\n── {stage} ──"));
    }
}
