//! The Worker under load: many slots and segments, cold keys, changes of the snapshot; and pages whose slots are filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::report::{Report, entries, json_of, number, text};
use crate::artefact;
use crate::demo;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

const HOME: &str = ".selvedge/bench/slots";
const SLOTS: usize = 100;
const ITEMS: &str = "4000";
const MINUTES: &str = "10";

pub fn load() -> Result<(), Failure> {
    crate::worker::build(false)?;
    let ([site, next], public_key) = models()?;
    let back = step_back(&site, &next)?;
    step("loading workerd: hits, misses, a cold key, and ten minutes of everything");
    let found = json_of(
        tools::node_script("benches/edge/slots.mjs")?
            .arg(&site)
            .arg(&next)
            .arg(&back)
            .arg(&public_key)
            .arg(MINUTES),
    )?;
    let mut report = Report::new("load", "Load");
    report.paragraph(&format!(
        "## {} slots × {} segments\n\nEight keep-alive connections from one Node.js process on the same two cores, to a bare workerd, \
         bytes written to sockets; requests/s is what the generator leaves of the CPU. 48 turns of 2,400 requests of each kind, in a random \
         order in each turn; medians of the turns, and shares of the empty Worker's rate in the same turn with their quartiles. *By heart*: a Worker in JavaScript that reads the same headers and sends the \
         same headers and bytes as a hit, and decides nothing. Lists have 12 of {ITEMS} items. CPU is that of the workerd process (all threads, \
         `schedstat`), including the handling of HTTP.",
        number(&found, "/slots", 0),
        number(&found, "/segments", 0)
    ));
    report.table(
        &[
            "request",
            "hit ratio",
            "CPU µs",
            "requests/s",
            "share of the empty Worker",
            "p50 ms",
            "p99 ms",
        ],
        &rows(&found, |result| {
            vec![
                text(result, "/name"),
                result
                    .get("hit_ratio")
                    .map_or("–".into(), |_| number(result, "/hit_ratio", 3)),
                number(result, "/cpu_us", 0),
                number(result, "/per_second", 0),
                format!(
                    "{} ({} to {})",
                    number(result, "/share", 3),
                    number(result, "/share_quartiles/0", 2),
                    number(result, "/share_quartiles/1", 2)
                ),
                number(result, "/latency_ms_p50", 2),
                number(result, "/latency_ms_p99", 2),
            ]
        }),
    );
    report.paragraph(&format!(
        "## A cold key\n\n{} requests at once for a key that was not requested before: computed {} times.",
        number(&found, "/cold/requests", 0),
        number(&found, "/cold/computed", 0)
    ));
    report.paragraph(
        "## Mixed load with snapshot swaps\n\nThree of five requests by Zipf's law over all keys, one for a personal list, one for a \
         key with another `n`; a snapshot is published every 20 s, and the manifest is read every 5 s. Memory is the largest resident size of \
         the workerd process in the first and in the second half.",
    );
    report.table(
        &[
            "minutes",
            "requests",
            "errors",
            "swaps",
            "p99 ms",
            "MB, first half",
            "MB, second half",
        ],
        &[[
            ("minutes", 0),
            ("requests", 0),
            ("errors", 0),
            ("swaps", 0),
            ("latency_ms_p99", 2),
            ("memory_mb_first_half", 1),
            ("memory_mb_second_half", 1),
        ]
        .iter()
        .map(|(name, digits)| number(&found, &format!("/mixed/{name}"), *digits))
        .collect()],
    );
    report.finish()
}

pub fn pages() -> Result<(), Failure> {
    crate::worker::build(false)?;
    let ([site, _], public_key) = models()?;
    step("measuring pages in workerd");
    let found = json_of(
        tools::node_script("benches/edge/pages.mjs")?
            .arg(&site)
            .arg(&public_key),
    )?;
    let mut report = Report::new("pages", "Server HTML");
    report.paragraph(&format!(
        "A page of {} bytes from a server on the loopback interface, in pieces of 32 KiB, one request after the other over one connection; {} requests \
         in ten turns. *Handed on*: a Worker that returns the server's answer unchanged. *HTMLRewriter*: the runtime's own, filling the slot with fixed text. \
         CPU is that of the workerd process (all threads).",
        number(&found, "/page_bytes", 0),
        number(&found, "/requests", 0)
    ));
    report.table(
        &[
            "Worker",
            "first byte p50 ms",
            "p99",
            "whole page p50 ms",
            "p99",
            "CPU µs",
        ],
        &rows(&found, |result| {
            vec![
                text(result, "/name"),
                number(result, "/first_ms_p50", 2),
                number(result, "/first_ms_p99", 2),
                number(result, "/whole_ms_p50", 2),
                number(result, "/whole_ms_p99", 2),
                number(result, "/cpu_us", 0),
            ]
        }),
    );
    engines(&mut report)?;
    report.finish()
}

/// Fills slots with the core and with lol_html, each in its own Wasm module.
fn engines(report: &mut Report) -> Result<(), Failure> {
    const CRATE: &str = "benches/html-wasm";
    const BUILT: &str = "build/bench-html";
    artefact::empty_dir(BUILT)?;
    let mut sizes = Vec::new();
    for engine in ["selvedge", "lol_html"] {
        step(&format!("building {engine} for Wasm"));
        let target = tools::target_dir()?.join("bench-html");
        process::run(
            tools::cargo()
                .args(["build", "--release", "--target", "wasm32-unknown-unknown"])
                .args(["--manifest-path", &format!("{CRATE}/Cargo.toml"), "--features", engine])
                .arg("--target-dir")
                .arg(&target)
                .env("RUSTFLAGS", artefact::SIMD),
        )?;
        let out = format!("{BUILT}/{engine}");
        process::run(
            tools::wasm_bindgen()
                .arg(target.join("wasm32-unknown-unknown/release/selvedge_html_wasm.wasm"))
                .args(["--target", "web", "--no-typescript"])
                .args(["--out-dir", &out, "--out-name", "html"]),
        )?;
        let wasm = format!("{out}/html_bg.wasm");
        artefact::optimise(&wasm, "-O3")?;
        sizes.push(artefact::gzip_size(&wasm)?);
    }
    step("filling a page in Node.js");
    let found = json_of(tools::node_script(&format!("{CRATE}/run.mjs"))?.arg(BUILT))?;
    report.paragraph(
        "## The engine alone\n\nThe same page in pieces of 32 KiB through a module that does nothing else, in Node.js; median of 40 turns. \
         lol_html, the engine of HTMLRewriter, only finds the elements; templates, escaping and ESI would cost extra.",
    );
    let rows: Vec<Vec<String>> = entries(&found, "/results")
        .zip(sizes)
        .map(|(result, size)| vec![text(result, "/name"), number(result, "/us", 0), size.to_string()])
        .collect();
    report.table(&["engine", "µs", "bytes of Wasm after gzip"], &rows);
    Ok(())
}

/// Two snapshots of the generated shop with 256 segments and a hundred shared slots, trained twice so that one can replace the other;
/// and the public key of their signatures.
fn models() -> Result<([PathBuf; 2], String), Failure> {
    let selvedge = demo::build_cli()?;
    let public_key = demo::signing_pair(&selvedge)?;
    let home = std::path::absolute(HOME).map_err(Failure::io("find", HOME))?;
    let data = home.join("data");
    if !data.is_dir() {
        step("generating a shop");
        process::run(
            Command::new(&selvedge)
                .args(["synthetic", "--quiet", "--items", ITEMS, "--users", "12000", "--out"])
                .arg(&data),
        )?;
    }
    let config = home.join("selvedge.toml");
    let shop = Path::new("demo/synthetic.toml");
    let mut settings = fs::read_to_string(shop).map_err(Failure::io("read", shop))?;
    for slot in 0..SLOTS {
        settings.push_str(&format!(
            "\n[[slots]]\nname = \"slot-{slot}\"\naudience = \"segment\"\nn = 12\nn_max = 24\n"
        ));
    }
    settings.push_str(
        "\n[[slots]]\nname = \"reranked\"\naudience = \"segment\"\nper_visitor = \"rerank\"\nn = 12\nn_max = 24\n",
    );
    fs::write(&config, settings).map_err(Failure::io("write", &config))?;
    let model = |name: &str, iterations: &str| {
        let home = home.join(name);
        let iterations = format!("train.iterations={iterations}");
        let settings = [
            "train.factors=32",
            "segment.count=256",
            "segment.min_members=8",
            iterations.as_str(),
        ];
        demo::make_model(&config, &home, &data, &selvedge, &settings).map(|()| home.join("site"))
    };
    Ok(([model("first", "8")?, model("next", "9")?], public_key))
}

/// A pointer that takes `next` back to the model of `site`. The edge refuses an older snapshot whose step back is not declared and signed, and the
/// mixed load publishes the two in turn.
fn step_back(site: &Path, next: &Path) -> Result<PathBuf, Failure> {
    let home = std::path::absolute(HOME).map_err(Failure::io("find", HOME))?;
    let back = home.join("back");
    artefact::empty_dir(&back.to_string_lossy())?;
    artefact::copy_dir(&next.join("models"), &back.join("models"))?;
    let pointer = site.join("models/current.json");
    let pointer = fs::read_to_string(&pointer).map_err(Failure::io("read", &pointer))?;
    let first: Value = serde_json::from_str(&pointer).unwrap_or_default();
    let key = std::path::absolute(demo::SIGNING_KEY).map_err(Failure::io("find", demo::SIGNING_KEY))?;
    process::run(
        Command::new(demo::build_cli()?)
            .arg("--config")
            .arg(home.join("selvedge.toml"))
            .args(["--set", &format!("vars.data={}", home.join("data").display())])
            .args(["--set", &format!("pack.signing_key={}", key.display())])
            .args(["publish", "--rollback"])
            .arg(site.join(text(&first, "/key")))
            .arg("--to")
            .arg(&back),
    )?;
    Ok(back.join("models/current.json"))
}

/// One table row per result.
fn rows(found: &Value, row: impl Fn(&Value) -> Vec<String>) -> Vec<Vec<String>> {
    entries(found, "/results").map(row).collect()
}
