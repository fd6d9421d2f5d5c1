//! The command line: stages from their table, and one file for each verb that is no stage.

mod bench_quality;
mod bench_retrieve;
mod forget;
mod init;
mod inspect;
mod keygen;
mod publish;
mod simulate;
mod synthetic;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _, Subcommand};
use selvedge_lake::explain::{Error, Exit};

use crate::context::{ArgumentError, Globals, Invocation};
use crate::run::Runner;
use crate::stages;

/// The verbs that are no stages.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a commented selvedge.toml from looking at your files
    Init(init::Args),
    /// Remove a file's rows from the lake; a file that is only deleted keeps them
    Forget(forget::Args),
    /// Replay the last days through segments and caches: what sharing keeps of personalization
    Simulate(simulate::Args),
    /// Verify a snapshot and show what is in it
    Inspect(inspect::Args),
    /// Publish a snapshot that was packed before; with --rollback, step back to an older one
    Publish(publish::Args),
    /// Make a key pair for signing snapshots
    Keygen(keygen::Args),
    /// Write a generated data set with planted tastes
    Synthetic(synthetic::Args),
    /// Measure quality and speed on data sets with exact splits; prints one line of JSON
    #[command(hide = true)]
    BenchQuality(bench_quality::Args),
    /// Write vectors and snapshots for the retrieval benchmark.
    #[command(hide = true)]
    BenchRetrieve(bench_retrieve::Args),
}

fn runner() -> Runner {
    Runner::new(stages::ALL, stages::PACKED_FILES)
}

/// The whole command line: `run` and every stage as the table has them, then the other verbs.
fn command(runner: &Runner) -> Command {
    let codes = Exit::ALL.map(|exit| format!("{} {}", exit.code(), exit.meaning()));
    let command = Globals::augment_args(Command::new("selvedge")).subcommand(runner.run_command());
    let command = stages::ALL
        .iter()
        .fold(command, |command, stage| command.subcommand(Runner::command(*stage)));
    // The text comes last: options that are derived bring the one of their type along.
    Verb::augment_subcommands(command)
        .version(env!("CARGO_PKG_VERSION"))
        .about("Personalization at the network's edge: from raw events to a signed snapshot")
        .arg_required_else_help(true)
        .subcommand_required(true)
        .after_help(format!("Exit codes: 0 done, {}.", codes.join(", ")))
}

/// Reads the command line, does the verb, and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let runner = runner();
    let matches = command(&runner).get_matches();
    match dispatch(&runner, &matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error itself is closed.
            let _ = std::io::stderr().write_all(error.render().as_bytes());
            ExitCode::from(error.exit().code())
        }
    }
}

fn dispatch(runner: &Runner, matches: &ArgMatches) -> Result<(), Error> {
    let context = Invocation::new(Globals::from_arg_matches(matches).map_err(ArgumentError)?);
    if let Some((verb, options)) = matches.subcommand() {
        if verb == "run" {
            return runner.all(&context, options);
        }
        if let Some(stage) = runner.find(verb) {
            return runner.one(stage, &context, options);
        }
    }
    match Verb::from_arg_matches(matches).map_err(ArgumentError)? {
        Verb::Init(args) => init::run(args, &context),
        Verb::Forget(args) => forget::run(args, &context),
        Verb::Simulate(args) => simulate::run(args, &context),
        Verb::Inspect(args) => inspect::run(args, &context),
        Verb::Publish(args) => publish::run(args, &context),
        Verb::Keygen(args) => keygen::run(args, &context),
        Verb::Synthetic(args) => synthetic::run(args, &context),
        Verb::BenchQuality(args) => bench_quality::run(args, &context),
        Verb::BenchRetrieve(args) => bench_retrieve::run(args, &context),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command(&super::runner()).debug_assert();
    }
}
