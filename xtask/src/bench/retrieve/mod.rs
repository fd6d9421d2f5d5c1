//! Exact search: the core in Node.js, workerd and Chromium, beside other libraries on the same vectors.

mod peers;
mod rows;
mod sets;

use std::path::Path;

use serde_json::Value;

use self::peers::{at_equal_recall, peer_row, plot};
use self::rows::{everywhere_row, node_row, search_row};
use self::sets::SETS;
use super::report::{Report, entries, json_of};
use crate::demo;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

const PEERS: &str = "benches/retrieve/peers.mjs";
/// The code widths in which each set's rows are stored, one snapshot each.
const VARIANTS: [&str; 2] = ["int8", "int4"];

/// The largest snapshot that the Worker accepts.
const ISOLATE_BYTES: u64 = 100 << 20;

pub fn run() -> Result<(), Failure> {
    let selvedge = demo::build_cli()?;
    let module = super::scan_module()?;
    process::run(
        tools::npm()
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir("benches/retrieve"),
    )?;
    let mut node = Vec::new();
    let mut searches = Vec::new();
    let mut elsewhere = Vec::new();
    let mut others = Vec::new();
    let mut plots = Vec::new();
    for set in SETS {
        let dir = match set.prepare(&selvedge) {
            Ok(dir) => dir,
            // If the Python package index cannot be reached, there is no demo data.
            Err(failure @ (Failure::Unavailable { .. } | Failure::Missing { .. })) => {
                failure.print();
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let title = set.title(&dir)?;
        step(&format!("searching {title}"));
        let mut ours = Vec::new();
        for variant in VARIANTS {
            let measured = json_of(
                tools::node_script("benches/retrieve/node.mjs")?
                    .arg(&module)
                    .arg(&dir)
                    .arg(variant),
            )?;
            node.push(node_row(&title, variant, &measured));
            searches.push(search_row(&title, variant, &measured));
            // An isolate has 128 MB.
            let fits = measured.pointer("/bytes").and_then(Value::as_u64) < Some(ISOLATE_BYTES);
            ours.push((variant, measured));
            if set.everywhere && fits {
                elsewhere.push(everywhere_row(&title, variant, &module, &dir)?);
            }
        }
        if set.peers {
            step(&format!("other libraries on {title}"));
            let measured = json_of(tools::node_script(PEERS)?.arg(&dir))?;
            let entries: Vec<&Value> = entries(&measured, "/entries").collect();
            others.extend(at_equal_recall(&entries).iter().map(|entry| peer_row(&title, entry)));
            plots.push((set.file(), plot(&title, &ours, &entries)));
        }
    }
    let mut report = Report::new("retrieve", "Exact search");
    report.paragraph(
        "Top 20, one query at a time, one core. *Trained*: item and user factors of `selvedge train` on a generated shop \
         (`selvedge synthetic`), queries are its users. *Random*: independent normal numbers, in which no search can \
         leave anything out. Every list was compared with the expected one, with and without bounds; a run with a \
         difference fails. Times are medians unless marked.",
    );
    report.paragraph("## Searching, in Node.js\n\n`exact`: as few rows read as bounds leave. `seen`: one row in 50 is forbidden; `category`: one in 10 is allowed; `rare`: one in 1,000. `near`: the 20 nearest of a row by cosine, for which length is no bound.");
    report.table(
        &["set", "codes", "exact ms", "p99", "seen", "category", "rare", "near"],
        &searches,
    );
    report.paragraph("## Opening and reading everything, in Node.js\n\n`open` is the check of structure in a cold module, digests not in it. `full scan` reads every row; `of bandwidth` is its rate beside a loop that only reads as many bytes in the same run.");
    report.table(
        &[
            "set",
            "codes",
            "MB",
            "open ms",
            "first query ms",
            "CPU of both ms",
            "full scan ms",
            "GB/s",
            "of bandwidth",
        ],
        &node,
    );
    report.paragraph("## In workerd and Chromium\n\nMean of many searches: workerd's clock stands still within a request, and is read outside. Memory is the growth of workerd's process from before the snapshot was loaded, digests not computed.");
    report.table(
        &[
            "set",
            "codes",
            "workerd search ms",
            "CPU ms",
            "full scan ms",
            "Wasm memory MB",
            "process memory MB",
            "Chromium search ms",
            "full scan ms",
        ],
        &elsewhere,
    );
    report.paragraph("## Other libraries, in Node.js\n\nRecall against the exact list by inner product. Of each library the fastest setting with a recall@10 of at least 0.99; where none reaches it, the one with the highest recall. The plots show all settings.");
    report.table(
        &[
            "set",
            "library",
            "metric",
            "settings",
            "recall@10",
            "median ms",
            "p99 ms",
            "build s",
            "MB",
            "shipped KB",
        ],
        &others,
    );
    for (name, plot) in plots {
        plot.write(&format!("retrieve-{name}.svg"))?;
        report.paragraph(&format!("![{}](retrieve-{name}.svg)", plot.title));
    }
    batches(&mut report, &selvedge)?;
    report.finish()
}

/// Speed of making lists for all users of a set, as the evaluation does, beside `implicit`'s `recommend`.
fn batches(report: &mut Report, selvedge: &Path) -> Result<(), Failure> {
    let Some(pairs) = super::quality::users_per_second(selvedge)? else {
        report.paragraph("The sets for whole batches of users are not there: skipped.");
        return Ok(());
    };
    report.paragraph("## Lists for all users of a set\n\nTop 20, training items left out, two threads; users per second, 64 trained factors.");
    let rows: Vec<Vec<String>> = pairs
        .iter()
        .map(|rates| {
            let ours = rates.ours;
            let shown = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
            vec![
                rates.set.clone(),
                format!("{ours:.0}"),
                shown(rates.theirs.map(|theirs| format!("{theirs:.0}"))),
                shown(rates.theirs.map(|theirs| format!("{:.1}", ours / theirs))),
            ]
        })
        .collect();
    report.table(&["set", "selvedge", "implicit", "times"], &rows);
    Ok(())
}
