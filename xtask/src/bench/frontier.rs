//! How much of personalization shared lists keep at each hit ratio: `selvedge simulate` on the demo's data and on public sets.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::report::{Report, entries, json_of};
use crate::demo::{self, Dataset};
use crate::failure::Failure;
use crate::process;
use crate::progress::step;

const DATA: &str = "../shared/data";
const PICTURES: &str = "docs/benchmarks";

/// Logged times are compressed to this rate, because the sets come from small sites or are samples of large ones.
const REQUESTS_PER_S: &str = "100";

/// Name and configuration.
const SETS: [(&str, &str); 4] = [
    ("completejourney", "demo/completejourney.toml"),
    ("ml100k", "benches/frontier/ml100k.toml"),
    ("serenade", "benches/frontier/serenade.toml"),
    ("deskdrop", "benches/frontier/deskdrop.toml"),
];

pub fn run() -> Result<(), Failure> {
    let selvedge = demo::build_cli()?;
    let mut report = Report::new("frontier", "The frontier of personalization and caching");
    report.paragraph(&format!(
        "`selvedge simulate` replays the last days of each set through the core: profile, segment, list and freshness. Times are \
         drawn together to {REQUESTS_PER_S} requests a second over 20 locations (the i-th gets a share of 1/i), a new snapshot \
         with new keys every hour, stale answers for 300 s. *Kept* is NDCG@20 of the shared lists divided by that of lists for \
         each visitor (`personal`), over the same requests: what a visitor does from a request on is to be found. *before*: k-means \
         for each number of segments, lists by centroid. *voted*: levels of one segment tree, lists by the votes of members. \
         *exclude* and *rerank*: the same lists in a slot with that `per_visitor`, which leaves out what a visitor is done with, or puts \
         the ready list of 100 in the visitor's order besides; both are made behind the cache, for one visitor. *Still shared*: the share of \
         requests that a slot with *exclude* answers by the shared list all the same. *everyone*: one list for all in place of segments. CPU is \
         the core's, natively."
    ));
    let mut best = Vec::new();
    let mut levels = Vec::new();
    let mut pictures = Vec::new();
    for (set, config) in SETS {
        let Some(mut command) = prepared(set, config, &selvedge)? else {
            report.paragraph(&format!("{set}: its data is not there; skipped."));
            continue;
        };
        step(&format!("{set}: replaying"));
        let picture = format!("frontier-{set}.svg");
        let found = json_of(
            command
                .args(["simulate", "--json", "--requests-per-s", REQUESTS_PER_S, "--plot"])
                .arg(Path::new(PICTURES).join(&picture)),
        )?;
        best.push(best_row(set, &found));
        levels.extend(
            entries(&found, "/levels")
                .map(|level| level_row(set, level))
                .chain([everyone_row(set, &found)]),
        );
        pictures.push(format!("![{set}: kept by hit ratio]({picture})"));
    }
    report.paragraph("## At a hit ratio of 95 %");
    report.table(
        &[
            "set",
            "requests",
            "visitors",
            "personal NDCG@20",
            "one list for all",
            "before",
            "voted",
            "exclude",
            "rerank",
            "segments",
            "ttl s",
            "hit ratio",
            "hit µs",
            "shared µs",
            "exclude µs",
            "rerank µs",
            "personal µs",
        ],
        &best,
    );
    report.paragraph("## All levels");
    report.table(
        &[
            "set",
            "segments",
            "before",
            "tree",
            "voted",
            "exclude",
            "still shared",
            "rerank",
            "hits, 30 s",
            "60 s",
            "300 s",
            "CPU ms/1,000, 60 s",
        ],
        &levels,
    );
    for picture in pictures {
        report.paragraph(&picture);
    }
    report.finish()
}

/// The command line of a set whose lake is filled; `None` if the data is missing.
fn prepared(set: &str, config: &str, selvedge: &Path) -> Result<Option<Command>, Failure> {
    let mut command = Command::new(selvedge);
    command.args(["--config", config, "--quiet"]);
    if set == "completejourney" {
        match demo::prepare(Dataset::CompleteJourney) {
            Err(failure @ (Failure::Unavailable { .. } | Failure::Missing { .. })) => {
                failure.print();
                return Ok(None);
            }
            other => other?,
        }
        let home = std::path::absolute(".selvedge/demo/completejourney").map_err(Failure::io("find", ".selvedge"))?;
        command.args(["--set", &format!("lake.dir={}", home.join("lake").display())]);
        // The demo's personal slots also show items that were bought before, so its shared ones must, too.
        return Ok(Some(command));
    }
    if !Path::new(DATA).join(set).is_dir() {
        return Ok(None);
    }
    process::run(Command::new(selvedge).args(["--config", config, "--quiet", "ingest"]))?;
    Ok(Some(command))
}

fn share(value: Option<&Value>) -> String {
    value
        .and_then(Value::as_f64)
        .map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

fn plain(value: Option<&Value>, digits: usize) -> String {
    value
        .and_then(Value::as_f64)
        .map_or_else(|| "–".to_owned(), |number| format!("{number:.digits$}"))
}

fn best_row(set: &str, found: &Value) -> Vec<String> {
    let at = |path: &str| found.pointer(path);
    vec![
        set.to_owned(),
        plain(at("/requests"), 0),
        plain(at("/users"), 0),
        plain(at("/personal/value"), 4),
        share(at("/everyone/kept")),
        share(at("/before/kept")),
        share(at("/recommended/kept")),
        share(at("/recommended/kept_exclude")),
        share(at("/recommended/kept_rerank")),
        plain(at("/recommended/segments"), 0),
        plain(at("/recommended/ttl_s"), 0),
        share(at("/recommended/hit_ratio")),
        plain(at("/costs/plan_us"), 1),
        plain(at("/costs/shared_us"), 1),
        plain(at("/costs/exclude_us"), 1),
        plain(at("/costs/rerank_us"), 1),
        plain(at("/costs/personal_us"), 1),
    ]
}

fn everyone_row(set: &str, found: &Value) -> Vec<String> {
    let at = |of: &str| share(found.pointer(&format!("/everyone/{of}")));
    let none = || "–".to_owned();
    let mut row = vec![set.to_owned(), "everyone".to_owned(), none(), none()];
    row.extend(["kept", "kept_exclude", "still_shared", "kept_rerank"].map(at));
    row.extend([none(), none(), none(), none()]);
    row
}

fn level_row(set: &str, level: &Value) -> Vec<String> {
    let at = |path: &str| level.pointer(path);
    vec![
        set.to_owned(),
        plain(at("/segments"), 0),
        share(at("/kept_k_means")),
        share(at("/kept_tree")),
        share(at("/kept_voted")),
        share(at("/kept_exclude")),
        share(at("/still_shared")),
        share(at("/kept_rerank")),
        share(at("/caches/0/hit_ratio")),
        share(at("/caches/1/hit_ratio")),
        share(at("/caches/2/hit_ratio")),
        plain(at("/caches/1/cpu_ms_per_1000"), 1),
    ]
}
