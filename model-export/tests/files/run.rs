//! Runs a case as a person would: files in a folder, `selvedge init`, `selvedge ingest`, and a look into the lake.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::Array as _;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use jiff::Timestamp;
use selvedge_lake::storage::{ALL_TIME, Lake};
use serde_json::Value;

use crate::case::{Case, Expect};
use crate::content;
use crate::tally::{Outcome, Verdict};

/// Programs at once.
const THREADS: usize = 3;

/// Runs all cases, several at once; the outcomes stand in the order of the cases.
pub fn all(cases: &[(String, Case)]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((index, (theme, case))) =
                    cases.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed))
                {
                    // A case that cannot be made (a codec that this build lacks) must not hide the others.
                    let outcome = std::panic::catch_unwind(|| one(theme, case)).unwrap_or_else(|_| Outcome {
                        theme: theme.clone(),
                        name: case.name.clone(),
                        verdict: Verdict::Refused,
                        faults: vec![("case".to_owned(), "runs".to_owned(), "panics, see above".to_owned())],
                    });
                    outcomes.lock().unwrap().insert(index, outcome);
                }
            });
        }
    });
    outcomes.into_inner().unwrap().into_values().collect()
}

/// Runs a case.
pub fn one(theme: &str, case: &Case) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in &case.files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content::bytes(name, content)).unwrap();
    }
    let given = if case.give.is_empty() {
        case.files.keys().cloned().collect()
    } else {
        case.give.clone()
    };
    let mut arguments = vec!["init".to_owned()];
    arguments.extend(case.flags.iter().cloned());
    arguments.extend(given);
    let init = call(dir.path(), &arguments);
    let mut faults = Faults::default();
    let verdict = judged(dir.path(), &init, &case.expect, &mut faults);
    Outcome {
        theme: theme.to_owned(),
        name: case.name.clone(),
        verdict,
        faults: faults.0,
    }
}

/// What a command has said.
struct Said {
    code: i32,
    screen: String,
    results: String,
}

/// Runs the program.
fn call(dir: &Path, arguments: &[String]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
    let output = command
        .current_dir(dir)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let results = String::from_utf8_lossy(&output.stdout).into_owned();
    let screen = format!("{results}{}", String::from_utf8_lossy(&output.stderr));
    // A signal is no refusal either.
    Said {
        code: output.status.code().unwrap_or(101),
        screen,
        results,
    }
}

/// What differs: what, expected, found.
#[derive(Default)]
struct Faults(Vec<(String, String, String)>);

impl Faults {
    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: Option<T>, found: T) {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            self.0
                .push((what.to_owned(), format!("{expected:?}"), format!("{found:?}")));
        }
    }

    fn add(&mut self, what: &str, expected: &str, found: &str) {
        self.0.push((what.to_owned(), expected.to_owned(), found.to_owned()));
    }
}

/// Whether one of the texts between `|` is there.
fn says(text: &str, wanted: &str) -> bool {
    let text = text.to_lowercase();
    wanted.split('|').any(|wanted| text.contains(&wanted.to_lowercase()))
}

fn judged(dir: &Path, init: &Said, expect: &Expect, faults: &mut Faults) -> Verdict {
    let draft = std::fs::read_to_string(dir.join("selvedge.toml")).unwrap_or_default();
    if init.code == 101 || says(&init.screen, "panicked at") {
        faults.add("init", "no panic", &init.screen);
        return Verdict::Wrong;
    }
    if let Some(role) = &expect.gap {
        faults.equal("exit code of init", Some(3), init.code);
        if !says(&init.screen, role) {
            faults.add("told", role, &init.screen);
        }
        if draft.is_empty() {
            faults.add("draft", "written", "none");
        }
        told(&init.screen, &draft, expect, faults);
        return match init.code {
            _ if faults.0.is_empty() => Verdict::ClearlyRefused,
            0 => Verdict::Wrong,
            _ => Verdict::Refused,
        };
    }
    let ingest = (init.code == 0).then(|| call(dir, &["ingest".to_owned()]));
    let last = ingest.as_ref().unwrap_or(init);
    let screen = match &ingest {
        Some(ingest) => format!("{}{}", init.screen, ingest.screen),
        None => init.screen.clone(),
    };
    if last.code == 101 || says(&screen, "panicked at") {
        faults.add("ingest", "no panic", &last.screen);
        return Verdict::Wrong;
    }
    if let Some(message) = &expect.refused {
        if last.code == 0 {
            faults.add("exit code", "a refusal", "0");
            return Verdict::Wrong;
        }
        faults.equal("exit code", expect.exit, last.code);
        if !says(&screen, message) {
            faults.add("message", message, &last.screen);
        }
        told(&screen, &draft, expect, faults);
        return if faults.0.is_empty() {
            Verdict::ClearlyRefused
        } else {
            Verdict::Refused
        };
    }
    if last.code != 0 {
        faults.add("exit code", "0", &format!("{}: {}", last.code, last.screen));
        return Verdict::Refused;
    }
    held(dir, expect, faults);
    let rows_are_right = faults.0.is_empty();
    told(&screen, &draft, expect, faults);
    match (faults.0.is_empty(), rows_are_right) {
        (true, _) => Verdict::Right,
        (false, true) => Verdict::Untold,
        (false, false) => Verdict::Wrong,
    }
}

/// Compares what is said, one fault for the screen and one for the draft.
fn told(screen: &str, draft: &str, expect: &Expect, faults: &mut Faults) {
    for (what, text, wanted, must) in [
        ("on the screen", screen, &expect.told, true),
        ("not on the screen", screen, &expect.untold, false),
        ("in the draft", draft, &expect.draft, true),
    ] {
        let amiss: Vec<&str> = wanted
            .iter()
            .filter(|wanted| says(text, wanted) != must)
            .map(String::as_str)
            .collect();
        if !amiss.is_empty() {
            faults.add(what, &amiss.join(", "), text);
        }
    }
}

/// Compares the lake and the counts of the report.
fn held(dir: &Path, expect: &Expect, faults: &mut Faults) {
    let found = Found::of(&dir.join(".selvedge/lake"));
    faults.equal("all events", expect.total, found.kinds.values().sum());
    faults.equal("events", expect.events.clone(), found.kinds);
    faults.equal("users", expect.users, found.users.len() as u64);
    faults.equal("items", expect.items, found.items.len() as u64);
    faults.equal("anonymous", expect.anonymous, found.anonymous);
    let sorted = |mut rows: Vec<String>| {
        rows.sort();
        rows
    };
    faults.equal("rows", expect.rows.clone().map(sorted), sorted(found.rows));
    let shown = |ms: Option<i64>| ms.map_or_else(|| "none".to_owned(), time);
    faults.equal("first", expect.first.clone(), shown(found.times.first().copied()));
    faults.equal("last", expect.last.clone(), shown(found.times.last().copied()));
    if let Some(value) = expect.value.filter(|value| (value - found.value).abs() > 0.01) {
        faults.add("value", &value.to_string(), &found.value.to_string());
    }
    faults.equal(
        "catalogue",
        expect.catalogue,
        found.titles.iter().filter(|(id, title)| id != title).count() as u64,
    );
    for (id, title) in &expect.titles {
        faults.equal(&format!("title of {id}"), Some(Some(title)), found.titles.get(id));
    }
    for (id, until) in &expect.until {
        let open = "open".to_owned();
        let until_found = found.until.get(id).map(|until| until.map_or(open, time));
        faults.equal(&format!("end of {id}"), Some(Some(until.clone())), until_found);
    }
    if expect.quarantined.is_some()
        || expect.ignored.is_some()
        || expect.filtered.is_some()
        || expect.left_out.is_some()
    {
        let arguments = ["--json", "--set", "lake.dir=.selvedge/second", "ingest"];
        let said = call(dir, &arguments.map(str::to_owned));
        let report: Value = serde_json::from_str(said.results.lines().last().unwrap_or_default()).unwrap_or_default();
        let sum = |field: &str| -> u64 {
            let files = report["files"].as_array().into_iter().flatten();
            files.filter_map(|file| file[field].as_u64()).sum()
        };
        faults.equal("quarantined", expect.quarantined, sum("quarantined"));
        faults.equal("ignored", expect.ignored, sum("ignored"));
        faults.equal("filtered", expect.filtered, sum("filtered"));
        faults.equal("left out", expect.left_out, sum("ignored") + sum("filtered"));
    }
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| format!("{ms} ms"), |time| time.to_string())
}

/// What the lake holds.
#[derive(Default)]
struct Found {
    kinds: BTreeMap<String, u64>,
    users: BTreeSet<String>,
    items: BTreeSet<String>,
    anonymous: u64,
    rows: Vec<String>,
    times: BTreeSet<i64>,
    value: f64,
    titles: BTreeMap<String, String>,
    until: BTreeMap<String, Option<i64>>,
}

/// An event of the lake.
struct Row {
    user: Option<String>,
    item: String,
    kind: String,
    time: i64,
    value: f64,
}

impl Found {
    fn of(lake: &Path) -> Self {
        let mut found = Self::default();
        let lake = Lake::open(lake).unwrap();
        for item in lake.catalogue().unwrap() {
            found.until.insert(item.id.clone(), item.available_until_ms);
            found.titles.insert(item.id, item.title);
        }
        // A row that takes back removes the last event before it of its user, item and kind, as training does.
        let mut rows: Vec<Row> = Vec::new();
        let mut taking: Vec<Row> = Vec::new();
        for batch in lake.events(ALL_TIME).unwrap() {
            let batch = batch.unwrap();
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let (users, items, kinds) = (text("user_id"), text("item_id"), text("event_type"));
            let times = batch
                .column_by_name("timestamp")
                .unwrap()
                .as_primitive::<TimestampMillisecondType>();
            let values = batch.column_by_name("value").unwrap().as_primitive::<Float64Type>();
            for index in 0..batch.num_rows() {
                let (kind, list) = match kinds.value(index).strip_prefix("takes_back:") {
                    Some(kind) => (kind, &mut taking),
                    None => (kinds.value(index), &mut rows),
                };
                list.push(Row {
                    user: users.is_valid(index).then(|| users.value(index).to_owned()),
                    item: items.value(index).to_owned(),
                    kind: kind.to_owned(),
                    time: times.value(index),
                    value: if values.is_valid(index) {
                        values.value(index)
                    } else {
                        0.0
                    },
                });
            }
        }
        for taking in taking {
            let same = |row: &Row| {
                (&row.user, &row.item, &row.kind) == (&taking.user, &taking.item, &taking.kind)
                    && row.time <= taking.time
            };
            if let Some(last) = (0..rows.len())
                .filter(|&row| same(&rows[row]))
                .max_by_key(|&row| rows[row].time)
            {
                rows.remove(last);
            }
        }
        for row in rows {
            *found.kinds.entry(row.kind.clone()).or_default() += 1;
            found.items.insert(row.item.clone());
            found.users.extend(row.user.clone());
            found.anonymous += u64::from(row.user.is_none());
            found.times.insert(row.time);
            found.value += row.value;
            let user = row.user.as_deref().unwrap_or("-");
            found
                .rows
                .push(format!("{user} {} {} {}", row.item, row.kind, time(row.time)));
        }
        found
    }
}
