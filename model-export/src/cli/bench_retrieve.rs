//! `selvedge bench-retrieve`: not for users, hence hidden; `cargo xtask bench` calls it.

use std::path::PathBuf;

use crate::bench_retrieve::{Vectors, Written, write};
use crate::context::Invocation;
use crate::report::Report;
use selvedge_lake::explain::Error;

/// Arguments of `selvedge bench-retrieve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of a trained model; without it, random vectors
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Random items, or at most so many trained ones
    #[arg(long, default_value_t = 10_000)]
    pub rows: usize,
    /// Factors of a random item
    #[arg(long, default_value_t = 64)]
    pub dims: usize,
    /// Queries
    #[arg(long, default_value_t = 200)]
    pub queries: usize,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Writes the folder and prints what is in it.
///
/// # Errors
/// A model that cannot be read, or a folder that cannot be written.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let vectors = match args.model {
        Some(dir) => Vectors::Trained { dir, rows: args.rows },
        None => Vectors::Random {
            rows: args.rows,
            dims: args.dims,
        },
    };
    context.print(&write(&vectors, args.queries, &args.out)?)
}

impl Report for Written {
    const STAGE: &'static str = "bench-retrieve";

    fn render(&self) -> String {
        // For programs in any case. It holds numbers and names only, so that it cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}
