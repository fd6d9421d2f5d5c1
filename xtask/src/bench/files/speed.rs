//! How fast large files are read: `init` looks at 5 GB, and `ingest` reads 10 million rows. With `SELVEDGE_BENCH_BEFORE_BINARY`, which names an
//! earlier `selvedge`, that one reads the same rows in the same turns.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

const ROWS: u64 = 10_000_000;
const LARGE_BYTES: u64 = 5_000_000_000;
const TURNS: usize = 3;

/// One run of a program.
struct Run {
    seconds: f64,
    /// The most memory that it held, where `/proc` tells it.
    mib: Option<f64>,
}

/// Rows of the table: what was measured, by which build, seconds, and memory in MiB.
pub fn measure() -> Result<Vec<Vec<String>>, Failure> {
    process::run(tools::cargo().args(["build", "--profile", "native", "--package", "selvedge-export"]))?;
    let own = tools::target_dir()?.join("native/selvedge");
    let mut builds = vec![("this build", own.clone())];
    if let Some(before) = std::env::var_os("SELVEDGE_BENCH_BEFORE_BINARY") {
        builds.push(("an earlier build", PathBuf::from(before)));
    }
    let folder = std::env::temp_dir().join(format!("selvedge-files-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(Failure::io("make", &folder))?;
    let measured = in_folder(&folder, &own, &builds);
    fs::remove_dir_all(&folder).map_err(Failure::io("remove", &folder))?;
    measured
}

fn in_folder(folder: &Path, own: &Path, builds: &[(&str, PathBuf)]) -> Result<Vec<Vec<String>>, Failure> {
    step("ingest of 10 million rows, in turns");
    let events = folder.join("events.csv");
    write_events(&events, |rows, _| rows < ROWS)?;
    let config = folder.join("selvedge.toml");
    fs::write(&config, CONFIG).map_err(Failure::io("write", &config))?;
    let mut runs: Vec<Vec<Run>> = builds.iter().map(|_| Vec::new()).collect();
    for _ in 0..TURNS {
        for ((_, program), runs) in builds.iter().zip(&mut runs) {
            let lake = folder.join("lake");
            if lake.exists() {
                fs::remove_dir_all(&lake).map_err(Failure::io("remove", &lake))?;
            }
            runs.push(run(Command::new(program)
                .arg("ingest")
                .arg("-q")
                .arg("-c")
                .arg(&config))?);
        }
    }
    let mut rows: Vec<Vec<String>> = builds
        .iter()
        .zip(runs)
        .map(|((build, _), runs)| row("ingest of 10 million rows", build, runs))
        .collect();
    fs::remove_file(&events).map_err(Failure::io("remove", &events))?;

    step("init on 5 GB");
    let large = folder.join("large.csv");
    write_events(&large, |_, bytes| bytes < LARGE_BYTES)?;
    let draft = folder.join("draft.toml");
    let mut runs = Vec::new();
    for _ in 0..TURNS {
        let mut command = Command::new(own);
        command
            .args(["init", "--force", "-q", "--output"])
            .arg(&draft)
            .arg(&large);
        runs.push(run(&mut command)?);
    }
    rows.push(row("init on 5 GB", "this build", runs));
    Ok(rows)
}

const CONFIG: &str = "[lake]\ndir = \"lake\"\n\n[[events]]\npath = \"events.csv\"\n\n[events.columns]\nuser = \"user_id\"\nitem = \"item_id\"\n\
    timestamp = \"timestamp\"\nevent_type = \"event\"\nvalue = \"value\"\n";

/// Events of 262,144 users and 16,384 items, as long as `more` says so of the rows and bytes so far.
fn write_events(path: &Path, more: impl Fn(u64, u64) -> bool) -> Result<(), Failure> {
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        let mut line = b"user_id,item_id,event,timestamp,value\n".to_vec();
        let (mut rows, mut bytes, mut state) = (0u64, 0u64, 1u64);
        loop {
            out.write_all(&line)?;
            bytes += line.len() as u64;
            if !more(rows, bytes) {
                break;
            }
            // Knuth's linear congruential generator: the same rows on every machine.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let kind = ["view", "view", "view", "add_to_cart", "conversion"][usize::try_from(rows % 5).unwrap_or(0)];
            line.clear();
            let (user, item, time) = (state >> 46, (state >> 20) % 16_384, 1_700_000_000 + rows / 4);
            writeln!(line, "u{user},p{item},{kind},{time},{}.5", rows % 97)?;
            rows += 1;
        }
        out.flush()
    };
    write().map_err(Failure::io("write", path))
}

/// Runs a program to its end, watching how much memory it holds.
fn run(command: &mut Command) -> Result<Run, Failure> {
    let shown = process::shown(command);
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .spawn()
        .map_err(Failure::io("start", Path::new(&shown)))?;
    let status_file = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut mib = None;
    loop {
        if let Some(most) = fs::read_to_string(&status_file).ok().as_deref().and_then(most_held) {
            mib = Some(most);
        }
        if let Some(status) = child.try_wait().map_err(Failure::io("wait for", Path::new(&shown)))? {
            let seconds = begun.elapsed().as_secs_f64();
            if status.success() {
                return Ok(Run { seconds, mib });
            }
            return Err(Failure::Mismatch {
                what: shown,
                expected: "the program to end well".into(),
                found: status.to_string(),
                hint: "run it by hand to see why".into(),
            });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `VmHWM` of a process, in MiB.
fn most_held(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// The median of the runs, with the shortest and the longest.
fn row(what: &str, build: &str, mut runs: Vec<Run>) -> Vec<String> {
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let seconds = |at: usize| runs.get(at).map_or(0.0, |run| run.seconds);
    let most = runs.iter().filter_map(|run| run.mib).fold(0.0, f64::max);
    vec![
        what.to_owned(),
        build.to_owned(),
        format!(
            "{:.2} ({:.2} to {:.2})",
            seconds(runs.len() / 2),
            seconds(0),
            seconds(runs.len().saturating_sub(1))
        ),
        format!("{most:.0}"),
    ]
}
