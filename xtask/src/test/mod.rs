//! `cargo xtask test`: runs all tests, prints what each step cost, building included, and one line with the total.

mod collected;
mod dependencies;
mod fuzz;
mod package;
mod paths;
mod steps;
mod tally;

use std::time::Instant;

use clap::Args;

use crate::failure::Failure;
use crate::progress::step;
use crate::setup::{self, Need};

use tally::Tally;

#[derive(Args)]
pub struct Options {
    /// Only the steps that need no Wasm, no browser and no demo.
    #[arg(long)]
    quick: bool,
    /// Only the steps whose name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// One kind of test: a line of the table in `steps`.
struct Step {
    name: &'static str,
    /// Whether `--quick` includes it.
    quick: bool,
    work: fn() -> Result<Tally, Failure>,
}

/// Runs every step, even after an earlier one failed, and prints the total.
pub fn run(options: &Options) -> Result<(), Failure> {
    if options.quick {
        setup::ensure(&[])?;
    } else {
        setup::ensure(&[Need::Wasm, Need::Npm, Need::Browser, Need::Varnish])?;
    }
    let chosen = steps::ALL.iter().filter(|step| {
        (step.quick || !options.quick)
            && options
                .only
                .as_ref()
                .is_none_or(|text| step.name.contains(text.as_str()))
    });
    let mut total = Tally::default();
    let mut failed = Vec::new();
    let mut seconds = Vec::new();
    for chosen in chosen {
        step(chosen.name);
        let begin = Instant::now();
        let tally = (chosen.work)().unwrap_or_else(|failure| {
            failure.print();
            Tally::failed()
        });
        if tally.failed > 0 {
            failed.push(chosen.name);
        }
        total.add(&tally);
        seconds.push((begin.elapsed().as_secs_f32(), chosen.name));
    }
    for (seconds, name) in &seconds {
        println!("{seconds:7.1} s  {name}");
    }
    for name in &failed {
        println!("failed: {name}");
    }
    println!("{total}");
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Tests)
}
