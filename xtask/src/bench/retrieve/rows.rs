//! Table rows of the core's results in Node.js, workerd and Chromium.

use std::path::Path;

use serde_json::Value;

use crate::bench::report::{json_of, number};
use crate::failure::Failure;
use crate::setup;
use crate::tools;

/// Opening a snapshot and scanning every row, in Node.js.
pub fn node_row(title: &str, variant: &str, measured: &Value) -> Vec<String> {
    let at = |path: &str| measured.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let per_code = if variant == "int8" { 1.0 } else { 0.5 };
    let rate = at("/rows") * at("/dims") * per_code / at("/full_scan/median_ms") / 1e6;
    vec![
        title.to_owned(),
        variant.to_owned(),
        format!("{:.1}", at("/bytes") / 1e6),
        number(measured, "/open_ms", 1),
        number(measured, "/first_query_ms", 1),
        number(measured, "/load_cpu_ms", 1),
        number(measured, "/full_scan/median_ms", 3),
        format!("{rate:.1}"),
        format!("{:.0} %", rate / at("/read_gb_per_s") * 100.0),
    ]
}

/// Searching, in Node.js.
pub fn search_row(title: &str, variant: &str, measured: &Value) -> Vec<String> {
    let mut row = vec![title.to_owned(), variant.to_owned()];
    let columns = [
        ("/search/none/median_ms", 4),
        ("/search/none/p99_ms", 4),
        ("/search/seen/median_ms", 4),
        ("/search/category/median_ms", 4),
        ("/search/rare/median_ms", 4),
        ("/near/median_ms", 4),
    ];
    row.extend(columns.map(|(path, digits)| number(measured, path, digits)));
    row
}

/// Runs the same search in workerd and Chromium.
pub fn everywhere_row(title: &str, variant: &str, module: &Path, dir: &Path) -> Result<Vec<String>, Failure> {
    let script = |name: &str| -> Result<Value, Failure> {
        let mut command = tools::node_script(&format!("benches/retrieve/{name}.mjs"))?;
        if let Some(chromium) = setup::chromium() {
            command.env("SELVEDGE_CHROMIUM", chromium);
        }
        json_of(command.arg(module).arg(dir).arg(variant))
    };
    let workerd = script("workerd")?;
    // Without a browser, only the other rows are measured.
    let chromium = if setup::chromium().is_some() {
        script("chromium")?
    } else {
        Value::Null
    };
    let megabytes = |path: &str| {
        let bytes = workerd.pointer(path).and_then(Value::as_f64);
        bytes.map_or_else(|| "–".to_owned(), |bytes| format!("{:.1}", bytes / 1e6))
    };
    Ok(vec![
        title.to_owned(),
        variant.to_owned(),
        number(&workerd, "/search/mean_ms", 4),
        number(&workerd, "/search/cpu_ms", 4),
        number(&workerd, "/full_scan/mean_ms", 3),
        megabytes("/wasm_bytes"),
        megabytes("/rss_growth_bytes"),
        number(&chromium, "/search/mean_ms", 4),
        number(&chromium, "/full_scan/mean_ms", 3),
    ])
}
