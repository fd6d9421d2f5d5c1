//! `cargo xtask bench`: measures, prints the numbers, and writes them to `docs/benchmarks` with the machine and its load.

mod digest;
mod edge;
mod files;
mod frontier;
mod load;
mod memory;
mod plot;
mod quality;
mod report;
mod retrieve;
mod size;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::artefact;
use crate::failure::Failure;
use crate::process;
use crate::setup::{self, Need};
use crate::tools;

#[derive(Args)]
pub struct Options {
    /// What to measure.
    #[arg(value_enum, default_value = "all")]
    what: Bench,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// Recall and NDCG on given splits, beside the `implicit` package.
    Quality,
    /// Training time, beside the same package in the same run: one report with `quality`.
    Train,
    /// Exact search on trained and random vectors, beside other libraries.
    Retrieve,
    /// The scan in Wasm, CPU per request in workerd, a cold isolate.
    Edge,
    /// How much of personalization shared lists keep at each hit ratio.
    Frontier,
    /// Many slots and segments, cold keys, ten minutes of mixed load while snapshots change.
    Load,
    /// The memory of an isolate while snapshots of many sizes are published.
    Memory,
    /// Pages whose slots are filled, beside a Worker that passes pages through and the runtime's HTMLRewriter.
    Pages,
    /// Sizes of Worker and browser Wasm after gzip.
    Size,
    /// The digests that could verify a snapshot.
    Digest,
    /// Strangers' files: which are read right, refused, or wrong.
    Files,
    /// All of them.
    All,
}

type Measure = fn() -> Result<(), Failure>;

/// What `all` measures, in this order. The quality report includes training time.
const IN_ORDER: [(Bench, Measure); 10] = [
    (Bench::Size, size::run),
    (Bench::Digest, digest::run),
    (Bench::Edge, edge::run),
    (Bench::Retrieve, retrieve::run),
    (Bench::Load, load::load),
    (Bench::Memory, memory::run),
    (Bench::Pages, load::pages),
    (Bench::Frontier, frontier::run),
    (Bench::Quality, quality::run),
    (Bench::Files, files::run),
];

pub fn run(options: &Options) -> Result<(), Failure> {
    let wanted = |bench| options.what == bench || options.what == Bench::All;
    if !matches!(options.what, Bench::Quality | Bench::Train | Bench::Files) {
        setup::ensure(&[Need::Wasm, Need::Npm])?;
    }
    for (bench, measure) in IN_ORDER {
        if wanted(bench) || (bench == Bench::Quality && options.what == Bench::Train) {
            measure()?;
        }
    }
    Ok(())
}

/// Builds `benches/scan-wasm` with `simd128`: the core's search as a Wasm module that JavaScript calls with numbers only.
fn scan_module() -> Result<PathBuf, Failure> {
    process::run(
        tools::cargo()
            .args(["build", "--release", "--package", "selvedge-scan-wasm"])
            .args(["--target", "wasm32-unknown-unknown"])
            .env("RUSTFLAGS", artefact::SIMD),
    )?;
    let module = artefact::compiled("release", "selvedge_scan_wasm")?;
    std::path::absolute(&module).map_err(Failure::io("find", &module))
}
