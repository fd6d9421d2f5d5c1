//! Runs every fuzz target for a minute, as many at once as there are cores. Seeds and random seed are the same each time, and an input that crashes
//! is kept, so that a crash found here can be repeated.
//!
//! `cargo fuzz` is for longer runs. This one needs neither it nor a nightly compiler, which only sanitizers need.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use super::tally::Tally;
use crate::failure::Failure;
use crate::process;
use crate::tools;

const TARGETS: &str = "fuzz/fuzz_targets";
const CORPUS: &str = ".selvedge/fuzz";
/// Seconds of each target.
const SECONDS: u64 = 60;

/// Compiler flags for coverage feedback to libFuzzer, the same as cargo-fuzz's.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cdebug-assertions -Ccodegen-units=1";

/// Builds and runs all targets.
pub fn smoke() -> Result<Tally, Failure> {
    if process::version("c++").is_none() {
        return Ok(Tally::skipped("libFuzzer is C++, and there is no `c++`"));
    }
    let version = process::output(std::process::Command::new("rustc").arg("-vV"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();
    let target_dir = tools::target_dir()?.join("fuzz");
    process::run(
        tools::cargo()
            .args(["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"])
            // Name the host as target, because otherwise build scripts are instrumented, too.
            .args(["--target", host, "--target-dir"])
            .arg(&target_dir)
            .env("RUSTFLAGS", INSTRUMENTATION),
    )?;
    let binaries = target_dir.join(host).join("release");
    let waiting = Mutex::new(targets()?);
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = next(&waiting) {
                    let found = run(&target, &binaries).unwrap_or_else(|failure| {
                        failure.print();
                        Tally::failed()
                    });
                    if let Ok(mut tally) = tally.lock() {
                        tally.add(&found);
                    }
                }
            });
        }
    });
    Ok(tally.into_inner().unwrap_or_else(|_| Tally::failed()))
}

fn next(waiting: &Mutex<Vec<String>>) -> Option<String> {
    waiting.lock().ok()?.pop()
}

/// Runs one target.
fn run(target: &str, binaries: &Path) -> Result<Tally, Failure> {
    let corpus = Path::new(CORPUS).join(target);
    seed(&corpus, target)?;
    let mut command = std::process::Command::new(binaries.join(target));
    command
        .args(["-seed=1", "-max_len=65536", "-print_final_stats=1", "-verbosity=0"])
        .arg(format!("-max_total_time={SECONDS}"))
        .arg(format!("-artifact_prefix={CORPUS}/crash-{target}-"))
        .arg(&corpus);
    // libFuzzer prints much about its progress; keep it for errors only.
    let log = PathBuf::from(format!("{CORPUS}/{target}.log"));
    command.stderr(fs::File::create(&log).map_err(Failure::io("write", &log))?);
    let outcome = process::run(&mut command);
    let said = fs::read_to_string(&log).unwrap_or_default();
    if let Err(failure) = outcome {
        eprintln!("{said}");
        return Err(failure);
    }
    let executed = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    println!("{target}: nothing found in {} runs", executed.unwrap_or("?").trim());
    Ok(Tally::passed())
}

fn targets() -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(TARGETS).map_err(Failure::io("list", TARGETS))? {
        let path = entry.map_err(Failure::io("list", TARGETS))?.path();
        targets.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
    }
    // Taken from the end.
    targets.sort();
    targets.reverse();
    Ok(targets)
}

/// Makes a corpus of only the target's own seeds or, if it has none, the golden files: inputs found by earlier runs would make this run differ.
fn seed(corpus: &Path, target: &str) -> Result<(), Failure> {
    let own = format!("fuzz/seeds/{target}");
    let seeds = if Path::new(&own).is_dir() {
        &own
    } else {
        "tests/vectors"
    };
    crate::artefact::empty_dir(&corpus.to_string_lossy())?;
    for entry in fs::read_dir(seeds).map_err(Failure::io("list", seeds))? {
        let path = entry.map_err(Failure::io("list", seeds))?.path();
        if path.is_file() {
            fs::copy(&path, corpus.join(path.file_name().unwrap_or_default())).map_err(Failure::io("copy", &path))?;
        }
    }
    Ok(())
}
