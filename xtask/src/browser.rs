//! Builds the npm package `@selvedge/edge` as npm would publish it: the core's Wasm with SIMD, its JavaScript glue, and
//! the TypeScript of `www/package`.

use std::fs;
use std::path::Path;

use crate::artefact;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::stamp::{self, Inputs};
use crate::tools;

const GLUE: &str = "build/browser-glue";
const PACKAGE: &str = "build/pkg";
const WASM: &str = "build/pkg/dist/selvedge.wasm";
/// The files that a page loads before its first recommendation. `init()` without a source loads the same Wasm as text of base64, which
/// takes the same bytes after gzip: within 1 %.
pub const FILES: &[&str] = &[WASM];
/// The tarball of `npm pack`, renamed to a name without a version, so that pages and tests can name it.
pub const TARBALL: &str = "build/selvedge-edge.tgz";

/// Limit in bytes after gzip of what a phone loads before its first recommendation.
pub const SIZE_LIMIT: usize = 100_000;

/// Builds the package; `dev` skips wasm-opt and the size limit.
pub fn build(dev: bool) -> Result<(), Failure> {
    step("compiling the core for browsers");
    process::run(
        tools::cargo()
            .args(["rustc", "--package", "selvedge", "--lib"])
            .args(["--crate-type", "cdylib", "--features", "js"])
            .args(["--target", "wasm32-unknown-unknown"])
            .args((!dev).then_some("--release"))
            .args(artefact::release_settings('s', &[]))
            .env("RUSTFLAGS", artefact::SIMD)
            .env("WASM_BINDGEN_USE_JS_SYS", "1"),
    )?;
    let profile = if dev { "debug" } else { "release" };
    let compiled = artefact::compiled(profile, "selvedge")?;

    let inputs = Inputs::of(&format!("browser 2, {profile}"))
        .and(&compiled)?
        .and("www/package")?
        .and("www/build")?
        .and("www/build.mjs")?
        .and("package-lock.json")?
        .and(tools::BINDGEN)?;
    stamp::unless_fresh("browser", inputs, &[WASM, TARBALL], || {
        step("binding, optimising and packing @selvedge/edge");
        assemble(&compiled.to_string_lossy(), dev)
    })?;
    if dev {
        return Ok(());
    }
    artefact::check_size("browser Wasm", FILES, SIZE_LIMIT)
}

fn assemble(compiled: &str, dev: bool) -> Result<(), Failure> {
    artefact::empty_dir(GLUE)?;
    process::run(
        tools::wasm_bindgen()
            .args([compiled, "--target", "web", "--no-typescript"])
            // The package's own `init` knows where the Wasm is; the default address works in few bundlers.
            .arg("--omit-default-module-path")
            .args(["--out-dir", GLUE, "--out-name", "selvedge"]),
    )?;
    if !dev {
        artefact::optimise(&format!("{GLUE}/selvedge_bg.wasm"), "-O3")?;
    }
    artefact::empty_dir(PACKAGE)?;
    process::run(tools::node_script("www/build.mjs")?.args(["--package", "--wasm-dir", GLUE, "--out", PACKAGE]))?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(licence, Path::new(PACKAGE).join(licence)).map_err(Failure::io("copy", licence))?;
    }
    let packed = process::output(tools::npm().args([
        "pack",
        "--silent",
        "--ignore-scripts",
        "--pack-destination",
        "build",
        "./build/pkg",
    ]))?;
    let tarball = Path::new("build").join(packed.trim());
    fs::rename(&tarball, TARBALL).map_err(Failure::io("move", &tarball))
}
