//! Quality and training time on given splits, beside the `implicit` package on the same machine in the same run.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::report::{Report, json_of, number, text};
use crate::demo;
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::stamp::{self, Inputs};

const DATA: &str = "../shared/data";
const PEERS: &str = "../shared/peers";
const VENV: &str = ".selvedge/peers-venv";

/// Set, part, and the regularisation and alpha of `implicit`: the best found for it on that split.
const SPLITS: &[(&str, &str, &str, &str)] = &[("ml1m", "valid", "100", "10"), ("lastfm", "test", "100", "30")];

pub fn run() -> Result<(), Failure> {
    if !Path::new(DATA).is_dir() {
        println!("skipped: {DATA} is not there; the sets may not be redistributed");
        return Ok(());
    }
    let selvedge = demo::build_cli()?;
    let peer = peer()?;
    let mut report = Report::new("quality", "Quality and training time");
    report.paragraph(
        "64 factors, 15 iterations. Recall@20 is hits / held-out items, NDCG@20 has binary gain; the mean is over users \
         with a held-out item. `int8` is as served: fold-in of the history against the quantized items, then the exact scan.",
    );
    let mut rows = Vec::new();
    for (set, part, regularisation, alpha) in SPLITS {
        step(&format!("{set}: selvedge"));
        let ours = json_of(Command::new(&selvedge).args([
            "bench-quality",
            "--json",
            "--data",
            DATA,
            "--dataset",
            set,
            "--part",
            part,
        ]))?;
        rows.push(row(set, part, &ours));
        if let Some(python) = &peer {
            for exact in ["0", "1"] {
                step(&format!("{set}: implicit"));
                let theirs = json_of(
                    Command::new(python)
                        .arg(format!("{PEERS}/implicit_als.py"))
                        .args([set, "64", regularisation, alpha, "15", part])
                        .env("OMP_NUM_THREADS", "2")
                        .env("OPENBLAS_NUM_THREADS", "1")
                        .env("EXACT", exact),
                )?;
                let mut cells = row(set, part, &theirs);
                if let Some(name) = cells.get_mut(1) {
                    name.push_str(if exact == "1" {
                        ", Cholesky"
                    } else {
                        ", conjugate gradient"
                    });
                }
                rows.push(cells);
            }
        }
    }
    report.table(
        &[
            "set",
            "library",
            "recall@20",
            "NDCG@20",
            "± 95 %",
            "int8 NDCG kept",
            "train wall s",
            "train CPU s",
        ],
        &rows,
    );
    if peer.is_none() {
        report.paragraph("The peer was skipped: its scripts or packages were not to be had.");
    }
    report.finish()
}

/// Users per second for top-20 lists from trained factors.
pub struct Rates {
    pub set: String,
    pub ours: f64,
    /// The rate of `implicit`, if it is installed.
    pub theirs: Option<f64>,
}

/// The rates on every set; `None` if the sets are missing.
pub fn users_per_second(selvedge: &Path) -> Result<Option<Vec<Rates>>, Failure> {
    if !Path::new(DATA).is_dir() {
        return Ok(None);
    }
    let peer = peer()?;
    let rate = |found: &Value| found.pointer("/recommend_top20_users_per_s").and_then(Value::as_f64);
    let mut pairs = Vec::new();
    for (set, part, regularisation, alpha) in SPLITS {
        step(&format!("lists for all users of {set}"));
        let ours = json_of(
            Command::new(selvedge)
                .args(["bench-quality", "--json", "--data", DATA])
                .args(["--dataset", set, "--part", part]),
        )?;
        let theirs = match &peer {
            None => None,
            Some(python) => rate(&json_of(
                Command::new(python)
                    .arg(format!("{PEERS}/implicit_als.py"))
                    .args([set, "64", regularisation, alpha, "15", part])
                    .env("OMP_NUM_THREADS", "2")
                    .env("OPENBLAS_NUM_THREADS", "1"),
            )?),
        };
        pairs.push(Rates {
            set: (*set).to_owned(),
            ours: rate(&ours).unwrap_or(0.0),
            theirs,
        });
    }
    Ok(Some(pairs))
}

fn row(set: &str, part: &str, found: &Value) -> Vec<String> {
    vec![
        format!("{set} → {part}"),
        text(found, "/lib"),
        number(found, "/recall@20", 4),
        number(found, "/ndcg@20", 4),
        number(found, "/ndcg@20_ci95", 4),
        number(found, "/int8_ndcg_kept", 4),
        number(found, "/train_wall_s", 2),
        number(found, "/train_cpu_s", 2),
    ]
}

/// The Python that has `implicit`; `None`, after a message with the reason, if there is none.
fn peer() -> Result<Option<std::path::PathBuf>, Failure> {
    let requirements = format!("{PEERS}/requirements.txt");
    if !Path::new(&requirements).exists() {
        println!("peer skipped: {requirements} is not there");
        return Ok(None);
    }
    let python = Path::new(VENV).join("bin/python");
    let installed = stamp::unless_fresh(
        "peers",
        Inputs::of("peers 1").and(&requirements)?,
        &[".selvedge/peers-venv/bin/python"],
        || {
            step("installing the peer into a virtual environment");
            process::run(Command::new("python3").args(["-m", "venv", VENV]))?;
            process::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r", &requirements]))
        },
    );
    match installed {
        Ok(_) => Ok(Some(python)),
        Err(failure @ Failure::Command { .. }) => {
            println!("peer skipped: {failure}");
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}
