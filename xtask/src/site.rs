//! Builds the demo site: the shop, and the page that runs the engine in the browser.
//!
//! `www/build.mjs` does the work; this module decides when. The build keeps files that it did not write, so that the same folder can
//! hold a published model.

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

/// Builds the site into `out`. It includes the browser page if the npm package has been built and `public_keys` names keys whose
/// snapshots the page trusts.
pub fn build(out: &Path, public_keys: &[String]) -> Result<(), Failure> {
    let name = out.to_string_lossy();
    let inputs = Inputs::of(&format!("site 2, {}", public_keys.join(" ")))
        .and("www")?
        .and(browser::TARBALL)?
        .and("package-lock.json")?;
    let index = format!("{name}/index.html");
    let stamp = format!("site-{}", stamp::name_of(out));
    stamp::unless_fresh(&stamp, inputs, &[&index], || {
        step("building the site");
        fs::create_dir_all(out).map_err(Failure::io("create", out))?;
        let mut command = tools::node_script("www/build.mjs")?;
        command.arg("--out").arg(out);
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
