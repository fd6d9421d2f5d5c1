//! The vectors to search, trained or random, and the folders that hold them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::demo::{self, Dataset};
use crate::failure::Failure;
use crate::process;
use crate::progress::step;

const HOME: &str = ".selvedge/bench/retrieve";

/// A generated shop to train on: name, generated items (some get no event), users.
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
    /// The demo's model, trained on The Complete Journey; the data determine its number of rows.
    Demo,
    /// Independent normal numbers.
    Random,
}

/// One set of vectors.
pub struct Set {
    rows: &'static str,
    dims: &'static str,
    source: Source,
    /// Whether it is also searched in workerd and Chromium.
    pub everywhere: bool,
    /// Whether the other libraries are measured on it, too.
    pub peers: bool,
}

/// Every set in the report.
pub const SETS: &[Set] = &[
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
    // A snapshot of 24 MB, to measure how long a cold module takes to open it.
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

impl Set {
    /// The set's title. The number of rows is the actual one, because not every generated item gets an event.
    pub fn title(&self, dir: &Path) -> Result<String, Failure> {
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

    /// Its name in files.
    pub fn file(&self) -> String {
        let kind = match self.source {
            Source::Shop(_) => "trained",
            Source::Demo => "demo",
            Source::Random => "random",
        };
        format!("{kind}-{}-{}", self.rows, self.dims)
    }

    /// The folder with vectors and snapshots; creates them if they are missing.
    pub fn prepare(&self, selvedge: &Path) -> Result<PathBuf, Failure> {
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
        if model.join("current.json").is_file() {
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
