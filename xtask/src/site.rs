//! Building the demo site, `build/site`: the shop, and the page that runs the engine in the browser.
//!
//! `www/build.mjs` does the work; here is decided when.

use std::fs;
use std::path::Path;

use crate::browser;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::stamp::{self, Inputs};
use crate::tools;

/// The assets directory of `wrangler.toml`.
pub const SITE: &str = "build/site";

/// Builds the site. The browser page is part of it when the npm package has been built, and trusts
/// the snapshots of `public_keys`.
pub fn build(public_keys: &[String]) -> Result<(), Failure> {
    let inputs = Inputs::of(&format!("site 1, {}", public_keys.join(" ")))
        .and("www")?
        .and(browser::TARBALL)?
        .and("package-lock.json")?;
    stamp::unless_fresh("site", inputs, &["build/site/index.html"], || {
        step("building the site");
        fs::create_dir_all(SITE).map_err(Failure::io("create", SITE))?;
        let mut command = tools::node_script("www/build.mjs")?;
        command.args(["--out", SITE]);
        if Path::new(browser::TARBALL).exists() {
            command.args(["--package-file", browser::TARBALL]);
        }
        for key in public_keys {
            command.args(["--public-key", key]);
        }
        process::run(&mut command)
    })?;
    Ok(())
}
