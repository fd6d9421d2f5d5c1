//! A folder with data, a configuration and a lake.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use selvedge_export::config::Config;
use selvedge_lake::ingest::{IngestError, IngestReport, Progress, ingest};
use selvedge_lake::storage::{ALL_TIME, Lake};
use tempfile::TempDir;

/// 2026-01-02T00:00:00Z, after everything that tests ingest.
pub const NOW_MS: i64 = 1_767_312_000_000;

pub const EVENTS: &str = "
[[events]]
path = \"events*\"
event_type = \"view\"
[events.columns]
user = \"user\"
item = \"item\"
timestamp = \"time\"
value = \"value\"
";

pub struct Folder {
    dir: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn config(&self, text: &str) -> Config {
        Config::parse(text, Path::new("selvedge.toml"), self.path(), &[]).unwrap()
    }

    /// Ingests with a bound on bad rows that stops nothing.
    pub fn ingest(&self, config: &str) -> Result<IngestReport, IngestError> {
        self.ingest_strictly(config, 1.0)
    }

    pub fn ingest_strictly(&self, config: &str, max_bad_share: f64) -> Result<IngestReport, IngestError> {
        let mut config = self.config(config);
        config.lake.dir = self.lake_dir();
        config.lake.max_bad_share = max_bad_share;
        ingest(&config.sources(), NOW_MS, |_| -> Progress { Rc::new(|_| ()) })
    }

    pub fn lake_dir(&self) -> PathBuf {
        self.path().join("lake")
    }

    pub fn lake(&self) -> Lake {
        Lake::open(&self.lake_dir()).unwrap()
    }

    /// `user item time value` of every row, in order of time.
    pub fn rows(&self) -> Vec<String> {
        let read = self.lake().read_interactions(ALL_TIME).unwrap();
        let row = |row: &selvedge_lake::storage::Interaction| {
            let (user, item) = (&read.users[row.user as usize], &read.items[row.item as usize]);
            format!("{user} {item} {} {} {}", row.kind.as_str(), row.timestamp_ms, row.value)
        };
        read.rows.iter().map(row).collect()
    }

    /// `line: reason` of every refused row.
    pub fn refused(&self) -> Vec<String> {
        let quarantine = self.lake_dir().join("quarantine");
        let Ok(files) = std::fs::read_dir(quarantine) else {
            return Vec::new();
        };
        let mut refused = Vec::new();
        for file in files {
            for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
                let row: serde_json::Value = serde_json::from_str(line).unwrap();
                refused.push((
                    row["line"].as_u64().unwrap(),
                    row["reason"].as_str().unwrap().to_owned(),
                ));
            }
        }
        refused.sort();
        refused
            .into_iter()
            .map(|(line, reason)| format!("{line}: {reason}"))
            .collect()
    }

    /// Every file of the lake with its content.
    pub fn lake_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.lake_dir()];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(self.lake_dir()).unwrap().to_owned();
                    files.insert(name, std::fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
