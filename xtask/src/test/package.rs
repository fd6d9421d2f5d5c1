//! The npm package as its users get it: installed from the packed tarball, in bundlers and runtimes that npm carries.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::tally::Tally;
use crate::artefact;
use crate::browser;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::setup;
use crate::stamp::{self, Inputs};
use crate::tools;

/// Bundlers and runtimes, beside the project's own tools, because only these tests need them.
const TOOLS: &str = ".selvedge/package-tools";
/// The project in which the tarball is installed. Within `TOOLS`, so that its programs find both.
const WORK: &str = ".selvedge/package-tools/work";
const SOURCE: &str = "tests/package";

/// Builds, installs and tries the package. What cannot be had here is skipped by name.
pub fn check() -> Result<Tally, Failure> {
    browser::build(false)?;
    if let Err(failure) = install_tools() {
        failure.print();
        step("without these, the tests of the bundlers and runtimes that are missing are skipped");
    }
    install_package()?;
    let mut command = tools::node_script("--test")?;
    command.arg("tests/package/*.test.mjs");
    if let Some(chromium) = setup::chromium() {
        command.env("SELVEDGE_CHROMIUM", chromium);
    }
    let (output, status) = process::tee(&mut command)?;
    Ok(Tally::of_node(&output).and_status(status))
}

fn install_tools() -> Result<(), Failure> {
    let lock = format!("{SOURCE}/package-lock.json");
    let installed = format!("{TOOLS}/node_modules/.package-lock.json");
    stamp::unless_fresh("package-tools", Inputs::of("npm ci").and(&lock)?, &[&installed], || {
        step("installing the bundlers and runtimes that the npm package is tried in (once, some 700 MB)");
        fs::create_dir_all(TOOLS).map_err(Failure::io("create", TOOLS))?;
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            let from = Path::new(SOURCE).join(name);
            fs::copy(&from, Path::new(TOOLS).join(name)).map_err(Failure::io("copy", &from))?;
        }
        process::run(
            tools::npm()
                .args(["ci", "--ignore-scripts", "--loglevel=error", "--prefix", TOOLS])
                .stdout(Stdio::null()),
        )
        .map_err(|failure| Failure::Unavailable {
            what: "the bundlers and runtimes for the tests of the npm package",
            source: Box::new(failure),
            hint: "they come from the npm registry; behind a mirror set `npm config set registry`",
        })
    })?;
    Ok(())
}

fn install_package() -> Result<(), Failure> {
    artefact::empty_dir(WORK)?;
    let project = Path::new(WORK).join("package.json");
    fs::write(&project, "{\"private\":true}").map_err(Failure::io("write", &project))?;
    let tarball = std::path::absolute(browser::TARBALL).map_err(Failure::io("find", browser::TARBALL))?;
    process::run(
        tools::npm()
            .args([
                "install",
                "--ignore-scripts",
                "--no-package-lock",
                "--offline",
                "--loglevel=error",
            ])
            .args(["--prefix", WORK])
            .arg(tarball)
            .stdout(Stdio::null()),
    )
}
