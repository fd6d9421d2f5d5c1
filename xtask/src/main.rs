//! Set-up and tasks of the project: `cargo xtask demo`, `cargo xtask test`, `cargo xtask bench`.
//!
//! Every task first runs the parts of `setup` that it needs, which install what is missing and take no time if nothing is.
//! Progress goes to stderr, results to stdout.

mod artefact;
mod bench;
mod browser;
mod demo;
mod failure;
mod process;
mod progress;
mod setup;
mod site;
mod stamp;
mod test;
mod tools;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use failure::Failure;
use setup::Need;

/// Set-up and tasks of Selvedge.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what building, testing and the demo need; takes no time if nothing is missing.
    Setup,
    /// Build the Worker, the npm package for browsers, or the demo site into `build/`.
    Build {
        /// What to build.
        what: Artefact,
        /// Build faster, run slower: no wasm-opt, no size limit.
        #[arg(long)]
        dev: bool,
    },
    /// Serve a shop on localhost whose page is ranked anew after each click.
    Demo(demo::Options),
    /// Run benchmarks, print the numbers and write them to `docs/benchmarks`.
    Bench(bench::Options),
    /// Run all tests; the last line is the total.
    Test(test::Options),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Artefact {
    /// The Cloudflare Worker, `build/worker`.
    Worker,
    /// The npm package `@selvedge/edge`, `build/pkg` and its tarball.
    Browser,
    /// The demo site, `build/site`.
    Site,
    /// All of them.
    All,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.task) {
        Ok(()) => ExitCode::SUCCESS,
        // Print nothing more, so that the total is the last line.
        Err(Failure::Tests) => ExitCode::FAILURE,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    enter_root()?;
    match task {
        Task::Setup => setup::everything()?,
        Task::Build { what, dev } => build(what, dev)?,
        Task::Demo(options) => demo::run(&options)?,
        Task::Bench(options) => bench::run(&options)?,
        Task::Test(options) => return test::run(&options),
    }
    progress::step("done");
    Ok(())
}

/// All paths in this program are relative to the repository's root.
fn enter_root() -> Result<(), Failure> {
    let manifest_dir =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = manifest_dir.join("..");
    std::env::set_current_dir(&root).map_err(Failure::io("enter", &root))
}

fn build(what: Artefact, dev: bool) -> Result<(), Failure> {
    setup::ensure(&[Need::Wasm, Need::Npm])?;
    let wanted = |artefact| what == artefact || what == Artefact::All;
    if wanted(Artefact::Worker) {
        worker::build(dev)?;
    }
    if wanted(Artefact::Browser) {
        browser::build(dev)?;
    }
    if wanted(Artefact::Site) {
        site::build(site::SITE.as_ref(), &[])?;
    }
    Ok(())
}
