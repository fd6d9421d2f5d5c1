//! `selvedge pack`.

use std::path::PathBuf;

use super::context::Context;
use crate::config::{Codes, Config};
use crate::pack::{PackError, Packed, pack, publish, read_snapshot, write_catalogue_json};
use crate::report::Report;
use crate::report::{Table, count};
use selvedge_lake::explain::Error;
use selvedge_models::compress::Measured;

/// Arguments of `selvedge pack`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Also lay the snapshot out for the edge under this directory: models/<version>.selvedge and models/current.json
    #[arg(long, value_name = "DIR")]
    pub publish: Option<PathBuf>,
    /// Also write the catalogue for a site's own search
    #[arg(long, value_name = "FILE")]
    pub catalogue_json: Option<PathBuf>,
    /// Take the smallest coding that keeps pack.keep of the quality, and refuse a larger file than this: 24MB, 512KB, 1000000
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_bytes: Option<u64>,
}

/// Bytes, with KB, MB or GB (thousands) or KiB, MiB or GiB (1,024s) behind the number if wanted.
fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
        ("", 1),
    ];
    let number = |(unit, factor): &(&str, u64)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(*factor)
    };
    UNITS
        .iter()
        .find_map(number)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "expected a whole number of bytes, or one with KB, MB, GB, KiB, MiB or GiB behind it".to_owned())
}

impl Report for Packed {
    const STAGE: &'static str = "pack";

    fn render(&self) -> String {
        let mut text = frontier(&self.codings);
        text.push_str(&format!(
            "snapshot    {}\nversion     {}\nsize        {} bytes\nitems       {} of {} factors, {}\nsegments    {}\npublic key  {}\n",
            self.path.display(),
            self.version,
            count(self.bytes),
            count(self.items as u64),
            self.dims,
            self.codes,
            self.segments,
            self.public_key
        ));
        for slot in &self.rungs {
            let afforded = match slot.answering {
                0 => "affords no segment; the daypart or everyone answers".to_owned(),
                answering => format!(
                    "affords answers for {answering} of {} segments, coarser ones included",
                    slot.segments
                ),
            };
            text.push_str(&format!("slot        {}: its traffic {afforded}\n", slot.slot));
        }
        if self.items_without_catalogue > 0 {
            text.push_str(&format!(
                "note        {} items are not in the catalogue and carry their id as title\n",
                count(self.items_without_catalogue as u64)
            ));
        }
        text
    }
}

/// What smaller codes keep, as `selvedge evaluate` found it; nothing for none.
pub fn frontier(codings: &[Measured]) -> String {
    if codings.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        "codes",
        "factors",
        "bytes/item",
        "NDCG",
        "kept",
        "top-10 overlap",
        "search µs",
    ]);
    for measured in codings {
        table.row([
            measured.width.clone(),
            measured.dims.to_string(),
            measured.bytes_per_item.to_string(),
            format!("{:.4}", measured.ndcg),
            format!("{:.4}", measured.kept),
            format!("{:.3}", measured.overlap),
            format!("{:.1}", measured.search_us),
        ]);
    }
    format!("{}\n", table.render())
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
    let mut config = config.clone();
    if args.max_bytes.is_some() {
        config.pack.max_bytes = args.max_bytes;
        config.pack.codes = Codes::Auto;
    }
    let packed = pack(&config, now_ms)?;
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
