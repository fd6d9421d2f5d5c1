//! `selvedge pack`.

use std::path::PathBuf;

use super::context::{Context, Report};
use super::table::count;
use crate::config::Config;
use crate::error::Error;
use crate::pack::{PackError, Packed, pack, publish, read_snapshot, write_catalogue_json};

/// Arguments of `selvedge pack`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Also lay the snapshot out for the edge under this directory: models/<version>.selvedge and models/current.json
    #[arg(long, value_name = "DIR")]
    pub publish: Option<PathBuf>,
    /// Also write the catalogue for a site's own search
    #[arg(long, value_name = "FILE")]
    pub catalogue_json: Option<PathBuf>,
}

impl Report for Packed {
    const STAGE: &'static str = "pack";

    fn render(&self) -> String {
        let mut text = format!(
            "snapshot    {}\nversion     {}\nsize        {} bytes\nitems       {} of {} factors\nsegments    {}\npublic key  {}\n",
            self.path.display(),
            self.version,
            count(self.bytes),
            count(self.items as u64),
            self.dims,
            self.segments,
            self.public_key
        );
        if self.items_without_catalogue > 0 {
            text.push_str(&format!(
                "note        {} items are not in the catalogue and carry their id as title\n",
                count(self.items_without_catalogue as u64)
            ));
        }
        text
    }
}

/// Packs and signs the model.
///
/// # Errors
/// A stage that comes first has not run, the key cannot be read, or the parts do not fit together.
pub fn run(args: Args, context: &Context) -> Result<(), Error> {
    let config = context.config()?;
    let packed = execute(&args, &config, context.now_ms())?;
    context.print(&packed)
}

/// The stage itself, as `selvedge run` calls it.
///
/// # Errors
/// As [`run`].
pub fn execute(args: &Args, config: &Config, now_ms: i64) -> Result<Packed, PackError> {
    let packed = pack(config, now_ms)?;
    let dataset = &config.pack.dataset;
    if let Some(path) = &args.catalogue_json {
        let bytes = read_snapshot(&packed.path)?;
        let snapshot = selvedge::snapshot::Snapshot::open(bytes, selvedge::snapshot::Trust::Unverified)
            .map_err(PackError::Build)?;
        write_catalogue_json(&snapshot, dataset, path)?;
    }
    if let Some(directory) = &args.publish {
        publish(&packed, dataset, directory)?;
    }
    Ok(packed)
}
