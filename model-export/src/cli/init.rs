//! `selvedge init`.

use std::path::PathBuf;

use crate::context::Invocation;
use crate::init::init;
use selvedge_lake::explain::Error;

/// Arguments of `selvedge init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files of events and items: CSV, JSON lines (plain, gzip, zstd) or Parquet
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where to write the configuration, instead of --config
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite a configuration that is there
    #[arg(long)]
    pub force: bool,
}

/// Looks at the files and writes a configuration.
///
/// # Errors
/// No file has events in it, a file cannot be read, or the configuration is there already.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let output = args.output.as_deref().unwrap_or_else(|| context.config_path());
    context.print(&init(&args.files, output, args.force)?)
}
