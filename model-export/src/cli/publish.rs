//! `selvedge publish`: a snapshot that was packed before, forward or, declared, back.

use std::path::PathBuf;

use selvedge_lake::explain::Error;

use crate::context::Invocation;
use crate::pack::{Direction, Published, publish_file, read_key};
use crate::report::Report;

/// Arguments of `selvedge publish`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The snapshot: a file, or a version that lies under models/ of the directory; without it the one that the configuration packs
    pub snapshot: Option<PathBuf>,
    /// The directory that holds models/current.json
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub to: PathBuf,
    /// Step back to a snapshot that is older than the published one: signs the step and writes it into the pointer, without which the edge
    /// refuses it
    #[arg(long)]
    pub rollback: bool,
}

impl Report for Published {
    const STAGE: &'static str = "publish";

    fn render(&self) -> String {
        let mut text = format!("version  {}\npointer  {}\n", self.version, self.pointer.display());
        if let Some(from) = &self.rolled_back_from {
            text.push_str(&format!("back from  {from}: declared and signed\n"));
        }
        text
    }
}

/// Publishes a snapshot.
///
/// # Errors
/// Those of [`publish_file`], and a signing key that cannot be read.
pub fn run(args: Args, invocation: &Invocation) -> Result<(), Error> {
    let config = invocation.config()?;
    let path = args.snapshot.unwrap_or_else(|| crate::pack::output_path(&config));
    let key = read_key(&config.pack.signing_key)?;
    let direction = if args.rollback {
        Direction::Back
    } else {
        Direction::Forward
    };
    let published = publish_file(&path, &key, &args.to, direction)?;
    invocation.print(&published)
}
