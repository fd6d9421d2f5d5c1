//! Makes a signed snapshot from the demo's data with the `selvedge` program and puts it among the site's assets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::keys;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

/// Builds the `selvedge` program and returns its path.
pub fn build_cli() -> Result<PathBuf, Failure> {
    step("building `selvedge`");
    process::run(tools::cargo().args(["build", "--profile", "native", "--package", "selvedge-export"]))?;
    Ok(tools::target_dir()?.join("native/selvedge"))
}

/// Ingests, trains, segments, evaluates and packs below `home`; each stage is skipped if it is up to date.
pub fn make(config: &Path, home: &Path, data: &Path, selvedge: &Path, settings: &[&str]) -> Result<(), Failure> {
    step("from events to a signed snapshot");
    let site = home.join("site");
    fs::create_dir_all(site.join("data")).map_err(Failure::io("create", &site))?;
    let key = std::path::absolute(keys::SIGNING_KEY).map_err(Failure::io("find", keys::SIGNING_KEY))?;
    let mut command = Command::new(selvedge);
    command.arg("--config").arg(config);
    // Absolute, because paths in a configuration file are relative to that file.
    for (setting, path) in [
        ("vars.data", data),
        ("lake.dir", &home.join("lake")),
        ("model.dir", &home.join("model")),
        ("pack.signing_key", &key),
    ] {
        command.args(["--set", &format!("{setting}={}", path.display())]);
    }
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.arg("run");
    command.arg("--publish").arg(&site);
    command.arg("--catalogue-json").arg(site.join("data/catalogue.json"));
    process::run(&mut command)
}
