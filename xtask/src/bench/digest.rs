//! Compares the CPU time of digests with what a request may use: WebCrypto's SHA-256, sha2 in Wasm, BLAKE3 with SIMD in Wasm.

use std::fs;

use super::report::{Report, entries, json_of, number, text};
use crate::artefact;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

const CRATE: &str = "benches/digest-wasm";
const BUILT: &str = "build/bench-digest";

pub fn run() -> Result<(), Failure> {
    step("building the digest bench");
    let target = tools::target_dir()?.join("bench-digest");
    process::run(
        tools::cargo()
            .args(["build", "--release", "--target", "wasm32-unknown-unknown"])
            .args(["--manifest-path", &format!("{CRATE}/Cargo.toml")])
            .arg("--target-dir")
            .arg(&target)
            .env("RUSTFLAGS", artefact::SIMD),
    )?;
    let compiled = target.join("wasm32-unknown-unknown/release/selvedge_digest_wasm.wasm");
    artefact::empty_dir(BUILT)?;
    process::run(
        tools::wasm_bindgen()
            .arg(compiled)
            .args(["--target", "web", "--no-typescript"])
            .args(["--out-dir", BUILT, "--out-name", "digest"]),
    )?;
    artefact::optimise(&format!("{BUILT}/digest_bg.wasm"), "-O3")?;
    let worker = format!("{CRATE}/worker.js");
    fs::copy(&worker, format!("{BUILT}/worker.js")).map_err(Failure::io("copy", &worker))?;

    step("measuring digests in workerd");
    let found = json_of(tools::node_script(&format!("{CRATE}/run.mjs"))?.arg(BUILT))?;
    let mut report = Report::new("digest", "Digests of 10 MiB in workerd");
    report.paragraph("Median of nine. The bytes lie where each digest reads them; nothing is copied within the time.");
    let mebibytes = found.pointer("/mebibytes").and_then(serde_json::Value::as_f64);
    let rows = entries(&found, "/results")
        .map(|result| {
            let speed = result
                .pointer("/ms")
                .and_then(serde_json::Value::as_f64)
                .zip(mebibytes)
                .map_or_else(
                    || "–".to_owned(),
                    |(ms, size)| format!("{:.0}", size * 1.048_576 / ms * 1000.0),
                );
            vec![text(result, "/name"), number(result, "/ms", 1), speed]
        })
        .collect::<Vec<_>>();
    report.table(&["digest", "ms", "MB/s"], &rows);
    report.finish()
}
