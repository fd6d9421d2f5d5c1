//! The command line: one verb per file, each a translation from arguments to one call of the library.

mod bench_quality;
mod bench_retrieve;
mod context;
mod evaluate;
mod ingest;
mod init;
mod inspect;
mod keygen;
mod pack;
mod run;
mod segment;
mod simulate;
mod synthetic;

mod train;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use context::{Context, Globals};

use selvedge_lake::explain::Error;

/// Personalization at the network's edge: from raw events to a signed snapshot.
#[derive(Debug, Parser)]
#[command(name = "selvedge", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Verb,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 environment (files, disk), 2 command line or configuration, \
                          3 data quality, 4 snapshot invalid, 5 evaluation gate not passed.";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a commented selvedge.toml from looking at your files
    Init(init::Args),
    /// Read events and catalogues into the lake
    Ingest(ingest::Args),
    /// Train item and user factors on the lake
    Train(train::Args),
    /// Group users into segments
    Segment(segment::Args),
    /// Measure the model on events that it has not seen
    Evaluate(evaluate::Args),
    /// Replay the last days through segments and caches: what sharing keeps of personalization
    Simulate(simulate::Args),
    /// Build and sign the snapshot
    Pack(pack::Args),
    /// Verify a snapshot and show what is in it
    Inspect(inspect::Args),
    /// Make a key pair for signing snapshots
    Keygen(keygen::Args),
    /// Do every stage from one configuration
    Run(run::Args),
    /// Write a generated data set with planted tastes
    Synthetic(synthetic::Args),
    /// Measure quality and speed on data sets with exact splits; prints one line of JSON
    #[command(hide = true)]
    BenchQuality(bench_quality::Args),
    /// Write vectors and snapshots for the retrieval benchmark.
    #[command(hide = true)]
    BenchRetrieve(bench_retrieve::Args),
}

/// Reads the command line, does the verb, and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = Context::new(cli.globals);
    match dispatch(cli.verb, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error itself is closed.
            let _ = std::io::stderr().write_all(error.render().as_bytes());
            ExitCode::from(error.exit().code())
        }
    }
}

fn dispatch(verb: Verb, context: &Context) -> Result<(), Error> {
    match verb {
        Verb::Init(args) => init::run(args, context),
        Verb::Ingest(args) => ingest::run(args, context),
        Verb::Train(args) => train::run(args, context),
        Verb::Segment(args) => segment::run(args, context),
        Verb::Evaluate(args) => evaluate::run(args, context),
        Verb::Simulate(args) => simulate::run(args, context),
        Verb::Pack(args) => pack::run(args, context),
        Verb::Inspect(args) => inspect::run(args, context),
        Verb::Keygen(args) => keygen::run(args, context),
        Verb::Run(args) => run::run(args, context),
        Verb::Synthetic(args) => synthetic::run(args, context),
        Verb::BenchQuality(args) => bench_quality::run(args, context),
        Verb::BenchRetrieve(args) => bench_retrieve::run(args, context),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
