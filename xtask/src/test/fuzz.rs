//! Runs every fuzz target briefly, with the same inputs each time, so that a crash found here can be repeated.
//!
//! `cargo fuzz` is for longer runs. This one needs neither it nor a nightly compiler, which only sanitizers need.

use std::fs;
use std::path::Path;

use super::tally::Tally;
use crate::failure::Failure;
use crate::process;
use crate::tools;

const TARGETS: &str = "fuzz/fuzz_targets";
const CORPUS: &str = ".selvedge/fuzz";
const RUNS: &str = "-runs=50000";
/// One run of this target is slow: a session of up to 48 requests that also checks a snapshot's signature.
const SESSIONS: (&str, &str) = ("http_application", "-runs=4000");

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
    let mut tally = Tally::default();
    for target in targets()? {
        let corpus = Path::new(CORPUS).join(&target);
        seed(&corpus, &target)?;
        let mut command = std::process::Command::new(target_dir.join(host).join("release").join(&target));
        command
            .args([
                "-seed=1",
                if target == SESSIONS.0 { SESSIONS.1 } else { RUNS },
                "-max_len=65536",
                "-print_final_stats=0",
                "-verbosity=0",
            ])
            .arg(format!("-artifact_prefix={CORPUS}/crash-{target}-"))
            .arg(&corpus);
        // libFuzzer prints much about its progress; keep it for errors only.
        let log = format!("{CORPUS}/{target}.log");
        command.stderr(fs::File::create(&log).map_err(Failure::io("write", &log))?);
        match process::run(&mut command) {
            Ok(()) => {
                println!("{target}: nothing found");
                tally.add(&Tally::passed());
            }
            Err(failure) => {
                failure.print();
                eprintln!("{}", fs::read_to_string(&log).unwrap_or_default());
                tally.add(&Tally::failed());
            }
        }
    }
    Ok(tally)
}

fn targets() -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(TARGETS).map_err(Failure::io("list", TARGETS))? {
        let path = entry.map_err(Failure::io("list", TARGETS))?.path();
        targets.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
    }
    targets.sort();
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
