//! A stage that is killed at any moment leaves the unit that counted before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::shop::Shop;

/// Every path below a folder.
fn paths(dir: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

/// Starts the program and kills it (SIGKILL) once the model's directory has changed `changes` times; whether it was still
/// running then.
fn killed_after(shop: &Shop, changes: usize, arguments: &[&str]) -> bool {
    let model = shop.model("");
    let mut child = shop
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut seen = paths(&model);
    let mut counted = 0;
    while counted < changes {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let now = paths(&model);
        if now != seen {
            counted += 1;
            seen = now;
        }
    }
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

#[test]
fn a_run_that_is_killed_anywhere_leaves_the_old_unit_whole() {
    let shop = Shop::new();
    shop.done(&["run"]);
    let old = shop.unit();
    let mut kills = 0;
    for changes in 1.. {
        // Another seed each time, so that nothing is up to date.
        let seed = format!("train.seed={changes}");
        if !killed_after(&shop, changes, &["--set", &seed, "run"]) {
            break;
        }
        kills += 1;
        if shop.unit() == old {
            shop.done(&["pack"]);
            assert_eq!(shop.unit(), old, "packing changes nothing");
        } else {
            // It came as far as the new unit, which is whole as well.
            shop.done(&["--set", &seed, "pack"]);
            shop.done(&["run"]);
            assert_eq!(names(&shop.unit()), names(&old));
            break;
        }
    }
    // The draft, the files of four stages, and what is put in place of what.
    assert!(kills >= 5, "killed {kills} times");
}

#[test]
fn a_verb_that_is_killed_leaves_the_old_unit_and_the_next_one_begins_with_it() {
    let shop = Shop::new();
    shop.done(&["run"]);
    let old = shop.unit();
    for changes in 1..4 {
        if !killed_after(&shop, changes, &["--set", "train.seed=9", "train"]) {
            break;
        }
        if shop.unit() != old {
            break;
        }
        // What is left of the draft does not get into what comes next.
        shop.done(&["segment"]);
        assert_eq!(shop.unit(), old);
        shop.done(&["pack"]);
    }
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let shop = Shop::new();
    shop.done(&["run"]);
    let arguments = ["--set", "train.seed=5", "run"];
    let mut child = shop
        .command(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stages = shop.model("stages.json");
    let before = std::fs::read(&stages).unwrap();
    // Until training is noted as done.
    while std::fs::read(&stages).unwrap() == before {
        if child.try_wait().unwrap().is_some() {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    if shop.model("units/draft").is_dir() {
        let output = shop.done(&arguments);
        assert!(output.contains("train: up to date\n"), "{output}");
    }
    shop.done(&["--set", "train.seed=5", "pack"]);
}

fn names(unit: &[(String, Vec<u8>)]) -> Vec<&str> {
    unit.iter().map(|(name, _)| name.as_str()).collect()
}
