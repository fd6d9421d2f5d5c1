//! The stage `pack`: from the model's unit to a signed snapshot, and on to the edge.

use std::path::PathBuf;

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _};
use selvedge::snapshot::{Snapshot, Trust};
use selvedge_lake::explain::Error;

use crate::codings::frontier;
use crate::config::{Codes, Config};
use crate::context::ArgumentError;
use crate::pack::{PackError, Packed, output_path, pack, publish, read_key, read_snapshot, write_catalogue_json};
use crate::report::{Report, count};
use crate::stage::{Cleared, Input, Stage, Work};

/// The stage.
pub struct Pack;

/// Options of `selvedge pack`.
#[derive(Debug, Default, clap::Args)]
#[group(id = "pack")]
struct Options {
    /// Also lay the snapshot out for the edge under this directory: models/<version>.selvedge and models/current.json
    #[arg(long, value_name = "DIR")]
    publish: Option<PathBuf>,
    /// Also write the catalogue for a site's own search
    #[arg(long, value_name = "FILE")]
    catalogue_json: Option<PathBuf>,
    /// Take the smallest coding that keeps pack.keep of the quality, and refuse a larger file than this: 24MB, 512KB, 1000000
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_bytes: Option<u64>,
    /// Pack and publish without a passing verdict of the gates; the snapshot and models/current.json then say so
    #[arg(long)]
    without_gate: bool,
}

impl Options {
    fn of(matches: &ArgMatches) -> Result<Self, ArgumentError> {
        Self::from_arg_matches(matches).map_err(ArgumentError)
    }
}

impl Stage for Pack {
    fn name(&self) -> &'static str {
        "pack"
    }

    fn about(&self) -> &'static str {
        "Build and sign the snapshot"
    }

    fn inputs(&self) -> &'static [Input] {
        &[
            Input::Lake,
            Input::Stage("train"),
            Input::Stage("segment"),
            Input::Stage("evaluate"),
            Input::Stage("gate"),
            Input::File("signing key", |config| Some(config.pack.signing_key.clone())),
        ]
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[]
    }

    fn sections(&self) -> &'static [&'static str] {
        &["train", "segment", "slots", "traffic", "pack"]
    }

    fn options(&self, command: Command) -> Command {
        Options::augment_args(command)
    }

    fn files(&self, config: &Config, options: &ArgMatches) -> Result<Vec<PathBuf>, Error> {
        let options = Options::of(options)?;
        let published = options.publish.map(|dir| dir.join("models/current.json"));
        let files = [Some(output_path(config)), published, options.catalogue_json];
        Ok(files.into_iter().flatten().collect())
    }

    fn prepare(&self, config: &Config) -> Result<(), Error> {
        read_key(&config.pack.signing_key)?;
        Ok(())
    }

    fn run(&self, work: &Work<'_>) -> Result<(), Error> {
        let options = Options::of(work.options)?;
        let mut config = work.config.clone();
        if options.max_bytes.is_some() {
            config.pack.max_bytes = options.max_bytes;
            config.pack.codes = Codes::Auto;
        }
        let cleared = if options.without_gate {
            work.context
                .note("packed without asking the gates, as --without-gate says; the snapshot and models/current.json carry that");
            Cleared::without_gate()
        } else {
            // The settings of the command line are no business of a gate.
            work.gates.clear(work.model, work.config)?
        };
        let packed = pack(&config, work.model, &cleared, work.context.now_ms())?;
        let dataset = &config.pack.dataset;
        if let Some(path) = &options.catalogue_json {
            let bytes = read_snapshot(&packed.path)?;
            let snapshot = Snapshot::open(bytes, Trust::Unverified).map_err(PackError::Build)?;
            write_catalogue_json(&snapshot, dataset, path)?;
        }
        if let Some(directory) = &options.publish {
            let key = read_key(&config.pack.signing_key)?;
            publish(&packed, &key, dataset, directory)?;
        }
        work.context.print(&packed)
    }
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

/// More items than this are only counted.
const MAX_ITEMS: usize = 20;

impl Report for Packed {
    const STAGE: &'static str = "pack";

    fn render(&self) -> String {
        let mut text = frontier(&self.codings);
        text.push_str(&format!(
            "snapshot    {}\nversion     {}\nsize        {} bytes\nitems       {} of {} factors, {}\nsegments    {}\npublic key  {}\ngates       {}\n",
            self.path.display(),
            self.version,
            count(self.bytes),
            count(self.items as u64),
            self.dims,
            self.codes,
            self.segments,
            self.public_key,
            self.gates.told()
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
        if self.items_left_out > 0 {
            text.push_str(&format!(
                "left out    {} trained items that are not in the catalogue (train.uncatalogued_items)\n",
                count(self.items_left_out as u64)
            ));
        }
        for item in self.unusable_items.iter().take(MAX_ITEMS) {
            text.push_str(&format!("left out    {:?}: {}\n", item.id, item.reason));
        }
        if self.unusable_items.len() > MAX_ITEMS {
            text.push_str(&format!(
                "left out    … and {} more\n",
                self.unusable_items.len() - MAX_ITEMS
            ));
        }
        text
    }
}
