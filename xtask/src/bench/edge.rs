//! The cost of the edge: the scan in Wasm, CPU per request in workerd, and a cold isolate.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::report::{Report, entries, json_of, number, text};
use crate::demo::{self, Dataset};
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

pub fn run() -> Result<(), Failure> {
    let scan = scan()?;
    let dataset = match demo::prepare(Dataset::CompleteJourney) {
        Ok(()) => Dataset::CompleteJourney,
        Err(failure @ (Failure::Unavailable { .. } | Failure::Missing { .. })) => {
            failure.print();
            demo::prepare(Dataset::Synthetic)?;
            Dataset::Synthetic
        }
        Err(failure) => return Err(failure),
    };
    let public_key = demo::public_key()?;
    let demo_site = demo::site_of(dataset)?;
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

    let shop = match dataset {
        Dataset::CompleteJourney => "The Complete Journey",
        Dataset::Synthetic => "the generated shop",
    };
    let mut report = Report::new("edge", "The edge");
    report.paragraph("## Exact top-20 over 100,000 × 64 int8 in Node's Wasm");
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
        "## Requests in workerd\n\nEight keep-alive connections from one Node.js process on the same two cores, to a bare workerd: \
         requests/s is what is left beside the generator. 24 turns of 2,400 requests of each kind, each turn in an order of its own; \
         the median of the turns, shares beside the empty Worker in the same turn. CPU is that of the workerd process (all threads, \
         `schedstat`), the handling of HTTP included.",
    );
    report.paragraph(&format!("Model: {shop}, {}.", text(&requests, "/model")));
    let rows: Vec<Vec<String>> = entries(&requests, "/results").map(request_row).collect();
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
        "## A cold isolate\n\nMedian of seven fresh processes of workerd: from the first request, sent as soon as it listens, to \
         the answer. Compiling the Wasm, reading the snapshot from the assets and verifying it are all in it.",
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
    json_of(tools::node_script("benches/scan-wasm/run.mjs")?.arg(super::scan_module()?))
}

/// A model whose snapshot has about 10 MB: the generated shop with many items, trained for few iterations.
fn large_model() -> Result<PathBuf, Failure> {
    const HOME: &str = ".selvedge/bench/10-mb";
    let selvedge = demo::build_cli()?;
    let home = std::path::absolute(HOME).map_err(Failure::io("find", HOME))?;
    let data = home.join("data");
    if !data.is_dir() {
        step("generating a large model");
        process::run(
            Command::new(&selvedge)
                .args(["synthetic", "--quiet", "--items", "80000", "--users", "6000", "--out"])
                .arg(&data),
        )?;
    }
    demo::make_model(
        Path::new("demo/synthetic.toml"),
        &home,
        &data,
        &selvedge,
        &["train.factors=128", "train.iterations=1", "train.min_item_users=1"],
    )?;
    Ok(home.join("site"))
}
