//! `selvedge bench-quality`: not for users, hence hidden; `cargo xtask bench` calls it.

use std::path::PathBuf;

use crate::bench_quality::{Choice, Measurement, measure, objective_of};
use crate::context::Invocation;
use crate::report::Report;
use selvedge_lake::explain::Error;

/// Arguments of `selvedge bench-quality`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the data sets
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Data set: a folder in it
    // Not `set`, which is the id of the global override.
    #[arg(id = "data_set", long = "dataset", default_value = "ml1m", value_name = "NAME")]
    pub data_set: String,
    /// Part to predict
    #[arg(long, default_value = "valid", value_name = "NAME")]
    pub part: String,
    /// Factors per row
    #[arg(long, default_value_t = 64)]
    pub factors: usize,
    /// Iterations
    #[arg(long, default_value_t = 15)]
    pub iterations: u32,
    /// Seed of the initial factors
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// λ; default: what was found best for the set
    #[arg(long)]
    pub regularisation: Option<f32>,
    /// α₀; default: what was found best for the set
    #[arg(long)]
    pub unobserved_weight: Option<f32>,
    /// ν; default: what was found best for the set
    #[arg(long)]
    pub regularisation_exponent: Option<f32>,
}

/// Measures once and prints one line of JSON.
///
/// # Errors
/// A data set that cannot be read, or parameters that cannot be trained with.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let mut objective = objective_of(&args.data_set);
    objective.regularisation = args.regularisation.unwrap_or(objective.regularisation);
    objective.unobserved_weight = args.unobserved_weight.unwrap_or(objective.unobserved_weight);
    objective.regularisation_exponent = args
        .regularisation_exponent
        .unwrap_or(objective.regularisation_exponent);
    let choice = Choice {
        factors: args.factors,
        iterations: args.iterations,
        seed: args.seed,
        objective,
    };
    context.print(&measure(&args.data, &args.data_set, &args.part, &choice)?)
}

impl Report for Measurement {
    const STAGE: &'static str = "bench-quality";

    fn render(&self) -> String {
        // For programs in any case. It holds numbers and names only, so that it cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}
