//! `cargo xtask demo`: builds everything and serves a personalised shop on localhost.

mod data;
mod keys;
mod model;
mod server;

use std::path::PathBuf;

use clap::Args;

use crate::browser;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::setup::{self, Need};
use crate::site;
use crate::tools;
use crate::worker;

pub use keys::{SIGNING_KEY, public_key, signing_pair};
pub use model::{build_cli, make as make_model};
pub use server::{Server, free_port};

/// The folder of the demo's files, which git ignores.
const HOME: &str = ".selvedge/demo";
/// The local Worker's state: its buckets, queue and cache.
const STATE: &str = ".selvedge/demo/state";

/// The port that `wrangler dev` uses by default.
const PORT: u16 = 8787;

#[derive(Args)]
pub struct Options {
    /// Call the running demo once, check its answers, then stop.
    #[arg(long)]
    check: bool,
    /// Use a generated data set instead of downloading one.
    #[arg(long)]
    synthetic: bool,
    /// Listen on this port [default: 8787; with --check a free one].
    #[arg(long)]
    port: Option<u16>,
}

/// The shop's data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    /// A year of grocery shopping, downloaded.
    CompleteJourney,
    /// Generated with planted tastes.
    Synthetic,
}

impl Dataset {
    fn name(self) -> &'static str {
        match self {
            Self::CompleteJourney => "completejourney",
            Self::Synthetic => "synthetic",
        }
    }

    /// Its folder below `.selvedge/demo`, absolute, because paths in a configuration file are relative to that file.
    fn home(self) -> Result<PathBuf, Failure> {
        let home = PathBuf::from(HOME).join(self.name());
        std::path::absolute(&home).map_err(Failure::io("find", home))
    }
}

/// Builds, starts, and either checks once or serves until Ctrl-C.
pub fn run(options: &Options) -> Result<(), Failure> {
    let dataset = if options.synthetic {
        Dataset::Synthetic
    } else {
        Dataset::CompleteJourney
    };
    let port = match options.port {
        Some(port) => port,
        None if options.check => free_port()?,
        None => PORT,
    };
    server::stop_on_signals()?;
    prepare(dataset)?;
    let server = Server::start(port, &site_of(dataset)?, STATE, &[])?;
    if options.check {
        smoke(server.url())?;
        return server.stop();
    }
    step("the demo runs; Ctrl-C stops it");
    println!("{}", server.url());
    server.wait()
}

/// Makes everything that the server needs.
pub fn prepare(dataset: Dataset) -> Result<(), Failure> {
    let mut needs = vec![Need::Wasm, Need::Npm];
    if data::is_download_due(dataset) {
        needs.push(Need::Python);
    }
    setup::ensure(&needs)?;
    let data = data::fetch(dataset)?;
    let selvedge = model::build_cli()?;
    let public_key = keys::signing_pair(&selvedge)?;
    keys::worker_secrets(&public_key)?;
    let data = match data {
        Some(data) => data,
        None => data::generate(&selvedge)?,
    };
    let config = format!("demo/{}.toml", dataset.name());
    model::make(config.as_ref(), &dataset.home()?, &data, &selvedge, &[])?;
    worker::build(false)?;
    browser::build(false)?;
    site::build(&site_of(dataset)?, &[public_key])
}

/// The site that `prepare` built, with `models/` and `data/` in it.
pub fn site_of(dataset: Dataset) -> Result<PathBuf, Failure> {
    Ok(dataset.home()?.join("site"))
}

/// Checks the API once: it answers, a click changes the page, the profile can be deleted.
pub fn smoke(url: &str) -> Result<(), Failure> {
    step("smoke round");
    process::run(tools::node_script("xtask/scripts/smoke.mjs")?.arg(url))
}
