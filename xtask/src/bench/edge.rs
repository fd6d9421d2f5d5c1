//! What the edge costs: the scan in Wasm, CPU per request in workerd, and a cold isolate.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::report::{Report, json_of, number, text};
use crate::artefact;
use crate::demo::{self, Dataset};
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

pub fn run() -> Result<(), Failure> {
    let scan = scan()?;
    demo::prepare(Dataset::Synthetic)?;
    let public_key = demo::public_key()?;
    let demo_site = demo::published(Dataset::Synthetic)?;
    step("measuring requests in workerd");
    let requests = json_of(
        tools::node_script("benches/edge/requests.mjs")?
            .arg(&demo_site)
            .arg(&public_key),
    )?;
    let large = large_model()?;
    step("measuring cold isolates");
    let cold = json_of(
        tools::node_script("benches/edge/cold.mjs")?
            .arg(&large)
            .arg(&public_key),
    )?;

    let mut report = Report::new("edge", "The edge");
    report.paragraph("## Exact top-20 over 100,000 × 64 int8 in Node's Wasm\n");
    report.table(
        &["backend", "median ms", "p99 ms", "plain JavaScript, median ms"],
        &[vec![
            text(&scan, "/backend"),
            number(&scan, "/wasm/median_ms", 3),
            number(&scan, "/wasm/p99_ms", 3),
            number(&scan, "/js/median_ms", 3),
        ]],
    );
    report.paragraph(
        "## Requests in workerd\n\nEight keep-alive connections from one Node.js process on the same machine, without \
         wrangler's proxy in front. CPU is that of the workerd process (all threads, `schedstat`), request handling included.",
    );
    let rows = (0..)
        .map_while(|at| requests.pointer(&format!("/results/{at}")))
        .map(request_row)
        .collect::<Vec<_>>();
    report.table(
        &[
            "request",
            "CPU µs",
            "requests/s",
            "share of the empty Worker",
            "p50 ms",
            "p99 ms",
        ],
        &rows,
    );
    report.paragraph(
        "## A cold isolate\n\nMedian of five fresh workerd processes, by way of wrangler's test harness; the snapshot comes \
         from R2 and is verified. CPU is that of all workerd processes, local R2 included.",
    );
    report.table(
        &[
            "snapshot bytes",
            "first answer ms",
            "first answer with a model ms",
            "CPU ms",
        ],
        &[vec![
            number(&cold, "/snapshot_bytes", 0),
            number(&cold, "/first_answer_ms", 1),
            number(&cold, "/first_with_model_ms", 1),
            number(&cold, "/cpu_ms", 1),
        ]],
    );
    report.finish()
}

fn request_row(result: &Value) -> Vec<String> {
    vec![
        text(result, "/name"),
        number(result, "/cpu_us", 0),
        number(result, "/per_second", 0),
        number(result, "/share", 3),
        number(result, "/latency_ms_p50", 2),
        number(result, "/latency_ms_p99", 2),
    ]
}

fn scan() -> Result<Value, Failure> {
    step("measuring the scan in Wasm");
    process::run(
        tools::cargo()
            .args(["build", "--release", "--package", "selvedge-scan-wasm"])
            .args(["--target", "wasm32-unknown-unknown"])
            .env("RUSTFLAGS", artefact::SIMD),
    )?;
    let wasm = tools::target_dir()?.join("wasm32-unknown-unknown/release/selvedge_scan_wasm.wasm");
    json_of(tools::node_script("benches/scan-wasm/run.mjs")?.arg(wasm))
}

/// A model whose snapshot has about 10 MB: the generated shop with many items, hardly trained.
fn large_model() -> Result<PathBuf, Failure> {
    const HOME: &str = ".selvedge/bench/large";
    let selvedge = demo::build_cli()?;
    let home = std::path::absolute(HOME).map_err(Failure::io("find", HOME))?;
    let data = home.join("data");
    if !data.is_dir() {
        step("generating a large model");
        process::run(
            Command::new(&selvedge)
                .args(["synthetic", "--quiet", "--items", "40000", "--users", "4000", "--out"])
                .arg(&data),
        )?;
    }
    demo::make_model(
        Path::new("demo/synthetic.toml"),
        &home,
        &data,
        &selvedge,
        &["train.iterations=1", "train.min_item_users=1"],
    )?;
    Ok(home.join("site"))
}
