//! The memory of an isolate while snapshots are published one after the other and requests go on.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::report::{Report, entries, json_of, number, text};
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

const COUNT: &str = "50";
const PLANTED: &str = "build/planted";

pub fn run() -> Result<(), Failure> {
    crate::worker::build(false)?;
    let sized = sized()?;
    process::run(
        tools::cargo()
            .args(["run", "--quiet", "--package", "selvedge", "--profile", "native"])
            .args(["--example", "planted", "--", PLANTED]),
    )?;
    let key = format!("{PLANTED}/planted.pub");
    let public_key = fs::read_to_string(&key).map_err(Failure::io("read", &key))?;
    step("publishing snapshots of many sizes to one isolate");
    let found = json_of(
        tools::node_script("benches/edge/memory.mjs")?
            .arg(&sized)
            .arg(public_key.trim())
            .arg(COUNT),
    )?;
    let mut report = Report::new("memory", "The memory of an isolate");
    report.paragraph(
        "Snapshots are published one after the other to one bare workerd, which reads the manifest every second, while requests for lists and \
         events go on. *Wasm memory* is that of all instances that live, so also of a replaced one that was not collected yet, and is asked for \
         every 20 ms; the limit of the network is 128 MB for everything. *New instances*: how often a snapshot had no room in the \
         memory as it was, so that a new instance loaded it and took over. *Errors*: answers that were no 2xx or named a fall-back.",
    );
    report.table(
        &[
            "snapshots",
            "most Wasm memory, MiB",
            "most resident memory of workerd, MB",
            "new instances",
            "requests",
            "errors",
        ],
        &entries(&found, "/results")
            .map(|result| {
                vec![
                    text(result, "/name"),
                    number(result, "/most_wasm_mib", 1),
                    number(result, "/most_resident_mb", 0),
                    number(result, "/renewals", 0),
                    number(result, "/requests", 0),
                    number(result, "/errors", 0),
                ]
            })
            .collect::<Vec<_>>(),
    );
    for result in entries(&found, "/results") {
        report.paragraph(&format!("## After each swap: {}", text(result, "/name")));
        report.table(
            &[
                "snapshot, MiB",
                "Wasm memory, MiB",
                "of it in replaced instances",
                "new instances so far",
                "seconds until it answered",
            ],
            &entries(result, "/swaps").map(swap).collect::<Vec<_>>(),
        );
    }
    report.paragraph(
        "## Bodies that never come\n\nClients announce bodies of 320,000 bytes each and send nothing of them. A buffer grows with what has come, \
         so each holds 8 KiB of the budget until its time is over (`SELVEDGE_BODY_S`, 10 s). Buffers of the announced length took 121 MiB for 400 \
         of them. What workerd holds for the connections themselves lies outside of the isolate.",
    );
    report.table(
        &[
            "bodies",
            "Wasm memory before, MiB",
            "most Wasm memory, MiB",
            "most held of the budget, MiB",
            "growth of workerd's resident memory, MB",
            "answers",
            "seconds until all were answered",
        ],
        &[vec![
            number(&found, "/bodies/count", 0),
            number(&found, "/bodies/before_mib", 1),
            number(&found, "/bodies/most_mib", 1),
            number(&found, "/bodies/most_held_mib", 1),
            number(&found, "/bodies/resident_growth_mb", 1),
            text(&found, "/bodies/answers"),
            number(&found, "/bodies/seconds", 1),
        ]],
    );
    report.finish()
}

fn swap(swap: &Value) -> Vec<String> {
    vec![
        number(swap, "/mib", 1),
        number(swap, "/wasm_mib", 1),
        number(swap, "/of_it_replaced_mib", 1),
        number(swap, "/renewals", 0),
        number(swap, "/seconds", 1),
    ]
}

/// Builds the program that makes snapshots of a given size.
fn sized() -> Result<PathBuf, Failure> {
    process::run(
        tools::cargo()
            .args(["build", "--quiet", "--package", "selvedge", "--profile", "native"])
            .args(["--example", "sized"]),
    )?;
    let program = tools::target_dir()?.join("native/examples/sized");
    std::path::absolute(&program).map_err(Failure::io("find", &program))
}
