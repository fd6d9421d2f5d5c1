//! A folder with a generated shop, its configuration and its key.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const CONFIG: &str = r#"
[[catalogue]]
path = "data/catalogue.csv"
[catalogue.columns]
id = "item_id"
title = "title"

[[events]]
path = "data/events.csv"
[events.columns]
user = "user_id"
item = "item_id"
timestamp = "timestamp"
event_type = "event_type"

[train]
factors = 8
iterations = 3
validation_days = 0.0

[segment]
count = 4
min_members = 5

[evaluate]
must_beat = "none"
min_judged = 0

[[slots]]
name = "home"
audience = "segment"
"#;

pub struct Shop {
    dir: TempDir,
}

impl Shop {
    /// An empty folder.
    pub fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// 120 visitors and 60 items; nothing was ingested yet.
    pub fn new() -> Self {
        let shop = Self::empty();
        shop.done(&[
            "synthetic",
            "--out",
            "data",
            "--users",
            "120",
            "--items",
            "60",
            "--groups",
            "4",
            "--format",
            "csv",
        ]);
        shop.done(&["keygen"]);
        std::fs::write(shop.path().join("selvedge.toml"), CONFIG).unwrap();
        shop
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null());
        command
    }

    pub fn call(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a call that must succeed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.call(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Standard error of a call that must end with a code.
    pub fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.call(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        error
    }

    /// The one JSON object that a verb prints.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let printed = self.done(&all);
        serde_json::from_str(printed.lines().last().unwrap()).unwrap()
    }

    pub fn model(&self, name: &str) -> PathBuf {
        self.path().join(".selvedge/model").join(name)
    }

    /// The files of the unit that counts, with their content.
    pub fn unit(&self) -> Vec<(String, Vec<u8>)> {
        let current = self.read_json(&self.model("current.json"));
        let dir = self.model("units").join(current["unit"].to_string());
        let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read(path).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    pub fn read_json(&self, path: &Path) -> Value {
        let path = self.path().join(path);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
