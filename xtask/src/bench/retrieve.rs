//! Exact search: the core in Node.js, workerd and Chromium, beside other libraries on the same vectors.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::plot::{Plot, Point};
use super::report::{Report, json_of, number, text};
use crate::demo::{self, Dataset};
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::setup;
use crate::tools;

const HOME: &str = ".selvedge/bench/retrieve";
const PEERS: &str = "benches/retrieve/peers.mjs";
/// Snapshots of the same rows, by the width of their codes.
const VARIANTS: [&str; 2] = ["int8", "int4"];

/// What the store of the Worker takes at most.
const ISOLATE_BYTES: u64 = 100 << 20;

/// A generated shop that is trained on: name, items that are generated (some get no event), users.
struct Shop {
    name: &'static str,
    items: &'static str,
    users: &'static str,
}

const SMALL: Shop = Shop {
    name: "100k",
    items: "110000",
    users: "20000",
};
const LARGE: Shop = Shop {
    name: "1m",
    items: "1500000",
    users: "100000",
};

/// Where vectors come from.
enum Source {
    /// Trained on a generated shop.
    Shop(&'static Shop),
    /// The model of the demo, trained on The Complete Journey; its rows are those it has.
    Demo,
    /// Independent normal numbers.
    Random,
}

/// What is searched.
struct Set {
    rows: &'static str,
    dims: &'static str,
    source: Source,
    /// Whether it is also searched in workerd and Chromium.
    everywhere: bool,
    /// Whether the other libraries are asked for it.
    peers: bool,
}

const SETS: &[Set] = &[
    trained("10000", "32", &SMALL, false, false),
    trained("10000", "64", &SMALL, true, true),
    trained("10000", "128", &SMALL, false, false),
    trained("100000", "32", &SMALL, false, false),
    trained("100000", "64", &SMALL, true, true),
    trained("100000", "128", &SMALL, false, false),
    trained("1000000", "64", &LARGE, true, false),
    Set {
        rows: "30000",
        dims: "64",
        source: Source::Demo,
        everywhere: true,
        peers: true,
    },
    // A snapshot of 24 MB: what opening it costs a cold module.
    random("240000", "64", false),
    random("100000", "64", true),
    random("1000000", "32", false),
    random("1000000", "64", true),
    random("1000000", "128", false),
];

const fn trained(rows: &'static str, dims: &'static str, shop: &'static Shop, everywhere: bool, peers: bool) -> Set {
    Set {
        rows,
        dims,
        source: Source::Shop(shop),
        everywhere,
        peers,
    }
}

const fn random(rows: &'static str, dims: &'static str, everywhere: bool) -> Set {
    Set {
        rows,
        dims,
        source: Source::Random,
        everywhere,
        peers: false,
    }
}

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
            // Without the index of Python packages there is no demo data.
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
            let entries: Vec<&Value> = (0..)
                .map_while(|at| measured.pointer(&format!("/entries/{at}")))
                .collect();
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

impl Set {
    /// What there really is: not every generated item gets an event.
    fn title(&self, dir: &Path) -> Result<String, Failure> {
        let path = dir.join("meta.json");
        let meta = std::fs::read(&path).map_err(Failure::io("read", &path))?;
        let meta: Value = serde_json::from_slice(&meta).unwrap_or_default();
        let rows = meta.pointer("/rows").and_then(Value::as_u64).unwrap_or(0);
        Ok(format!("{rows} × {}, {}", self.dims, self.kind()))
    }

    const fn kind(&self) -> &'static str {
        match self.source {
            Source::Shop(_) => "trained",
            Source::Demo => "trained on The Complete Journey",
            Source::Random => "random",
        }
    }

    fn file(&self) -> String {
        let kind = match self.source {
            Source::Shop(_) => "trained",
            Source::Demo => "demo",
            Source::Random => "random",
        };
        format!("{kind}-{}-{}", self.rows, self.dims)
    }

    /// The folder with vectors and snapshots, made where it is not there.
    fn prepare(&self, selvedge: &Path) -> Result<PathBuf, Failure> {
        let home = std::path::absolute(HOME).map_err(Failure::io("find", HOME))?;
        let dir = home.join(self.file());
        if dir.join("meta.json").is_file() {
            return Ok(dir);
        }
        let mut command = Command::new(selvedge);
        command.args(["bench-retrieve", "--rows", self.rows, "--dims", self.dims]);
        match self.source {
            Source::Shop(shop) => {
                command.arg("--model").arg(shop.train(self.dims, &home, selvedge)?);
            }
            Source::Demo => {
                demo::prepare(Dataset::CompleteJourney)?;
                command.args(["--model", ".selvedge/demo/completejourney/model"]);
            }
            Source::Random => {}
        }
        step(&format!("writing vectors: {}", self.file()));
        process::run(command.arg("--out").arg(&dir))?;
        Ok(dir)
    }
}

impl Shop {
    fn train(&self, dims: &str, home: &Path, selvedge: &Path) -> Result<PathBuf, Failure> {
        let data = home.join(format!("data-{}", self.name));
        let model = home.join(format!("model-{}-{dims}", self.name));
        if model.join("item_factors.parquet").is_file() {
            return Ok(model);
        }
        step(&format!(
            "training on a generated shop of {} items, {dims} factors",
            self.items
        ));
        if !data.join("events.parquet").is_file() {
            process::run(
                Command::new(selvedge)
                    .args(["synthetic", "--quiet", "--visits", "20"])
                    .args(["--items", self.items, "--users", self.users, "--out"])
                    .arg(&data),
            )?;
        }
        for verb in ["ingest", "train"] {
            let mut command = Command::new(selvedge);
            command.args(["--config", "demo/synthetic.toml", "--quiet"]);
            let lake = home.join(format!("lake-{}", self.name));
            for (key, path) in [("vars.data", &data), ("lake.dir", &lake), ("model.dir", &model)] {
                command.args(["--set", &format!("{key}={}", path.display())]);
            }
            command.args(["--set", &format!("train.factors={dims}")]);
            for setting in [
                "train.iterations=3",
                "train.min_item_users=1",
                "train.validation_days=0",
            ] {
                command.args(["--set", setting]);
            }
            process::run(command.arg(verb))?;
        }
        Ok(model)
    }
}

fn node_row(title: &str, variant: &str, measured: &Value) -> Vec<String> {
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

fn search_row(title: &str, variant: &str, measured: &Value) -> Vec<String> {
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

fn everywhere_row(title: &str, variant: &str, module: &Path, dir: &Path) -> Result<Vec<String>, Failure> {
    let script = |name: &str| -> Result<Value, Failure> {
        let mut command = tools::node_script(&format!("benches/retrieve/{name}.mjs"))?;
        if let Some(chromium) = setup::chromium() {
            command.env("SELVEDGE_CHROMIUM", chromium);
        }
        json_of(command.arg(module).arg(dir).arg(variant))
    };
    let workerd = script("workerd")?;
    // A machine without a browser measures the rest.
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

/// Of each library the fastest setting that finds nearly everything, else the one that finds most.
fn at_equal_recall<'a>(entries: &[&'a Value]) -> Vec<&'a Value> {
    const ENOUGH: f64 = 0.99;
    let at = |entry: &Value, path: &str| entry.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
    // Less is better: those with enough recall by time, before the others by recall.
    let rank = |entry: &Value| {
        let recall = at(entry, "/recall_at_10");
        if recall >= ENOUGH {
            (0, at(entry, "/median_ms"))
        } else {
            (1, -recall)
        }
    };
    let mut chosen: Vec<&Value> = Vec::new();
    for entry in entries {
        match chosen
            .iter_mut()
            .find(|other| text(other, "/name") == text(entry, "/name"))
        {
            Some(other) if rank(entry) < rank(other) => *other = entry,
            Some(_) => {}
            None => chosen.push(entry),
        }
    }
    chosen
}

fn peer_row(title: &str, entry: &Value) -> Vec<String> {
    let name = format!("{} {}", text(entry, "/name"), text(entry, "/version"));
    let skipped = text(entry, "/skipped");
    if skipped != "–" {
        // A panic of theirs goes on with the paths of the machine that compiled them.
        let reason: String = skipped.chars().take(80).collect();
        let mut row = vec![title.to_owned(), name, format!("skipped: {reason}")];
        row.resize(10, "–".to_owned());
        return row;
    }
    let scaled = |path: &str, unit: f64| {
        let bytes = entry.pointer(path).and_then(Value::as_f64);
        bytes.map_or_else(|| "–".to_owned(), |bytes| format!("{:.0}", bytes / unit))
    };
    let settings = entry.pointer("/settings").map_or_else(String::new, |settings| {
        let pairs = settings.as_object().into_iter().flatten();
        let shown: Vec<String> = pairs
            .map(|(key, value)| format!("{key} {}", value.to_string().trim_matches('"')))
            .collect();
        if shown.is_empty() {
            settings.to_string()
        } else {
            shown.join(", ")
        }
    });
    vec![
        title.to_owned(),
        name,
        text(entry, "/metric"),
        settings,
        number(entry, "/recall_at_10", 3),
        number(entry, "/median_ms", 4),
        number(entry, "/p99_ms", 4),
        number(entry, "/build_s", 1),
        scaled("/memory_bytes", 1e6),
        scaled("/shipped_bytes", 1e3),
    ]
}

fn plot(title: &str, ours: &[(&str, Value)], entries: &[&Value]) -> Plot {
    let at = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_f64);
    let mut points: Vec<Point> = ours
        .iter()
        .filter(|(variant, _)| *variant == "int8")
        .flat_map(|(_, measured)| {
            [
                ("selvedge", "/search/none/median_ms"),
                ("selvedge, full scan", "/full_scan/median_ms"),
            ]
            .into_iter()
            .filter_map(|(name, path)| Some(Point::new(name, 1.0, at(measured, path)?)))
        })
        .collect();
    points.extend(entries.iter().filter_map(|entry| {
        Some(Point::new(
            &text(entry, "/name"),
            at(entry, "/recall_at_10")?,
            at(entry, "/median_ms")?,
        ))
    }));
    Plot {
        title: format!("{title}: time of a search by recall@10"),
        points,
    }
}

/// Lists for all users of a set, as evaluation makes them, beside `implicit`'s `recommend`.
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
