//! `selvedge synthetic`.

use std::path::PathBuf;

use crate::context::Invocation;
use crate::synthetic::{self, Compression, Format, Options};
use selvedge_lake::explain::Error;

/// Arguments of `selvedge synthetic`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directory for the files
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The same seed gives the same files
    #[arg(long, default_value_t = Options::default().seed)]
    pub seed: u64,
    /// Visitors
    #[arg(long, default_value_t = Options::default().users)]
    pub users: u32,
    /// Items
    #[arg(long, default_value_t = Options::default().items)]
    pub items: u32,
    /// Groups of visitors with the same taste
    #[arg(long, default_value_t = Options::default().groups)]
    pub groups: u32,
    /// Days of history
    #[arg(long, default_value_t = Options::default().days)]
    pub days: u32,
    /// Visits per visitor, on average
    #[arg(long, default_value_t = Options::default().visits)]
    pub visits: u32,
    /// What the files are made of
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    pub format: Format,
    /// How CSV and JSON lines are compressed
    #[arg(long, value_enum, default_value_t = Compression::None)]
    pub compress: Compression,
}

/// Writes the files and says what they are.
///
/// # Errors
/// An option is out of range, or a file cannot be written.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let options = Options {
        seed: args.seed,
        users: args.users,
        items: args.items,
        groups: args.groups,
        days: args.days,
        visits: args.visits,
        format: args.format,
        compression: args.compress,
    };
    context.print(&synthetic::write(&args.out, &options)?)
}
