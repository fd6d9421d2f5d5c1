//! `selvedge run`, single verbs, and what they say.

use std::process::Stdio;

use crate::shop::{Shop, text};

#[test]
fn a_second_run_leaves_everything_out_and_a_changed_setting_only_what_is_before_it() {
    let shop = Shop::new();
    let first = shop.done(&["run", "--publish", "out"]);
    assert!(!first.contains("up to date"), "{first}");
    let second = shop.done(&["run", "--publish", "out"]);
    for stage in ["train", "segment", "evaluate", "gate", "pack"] {
        assert!(second.contains(&format!("{stage}: up to date\n")), "{second}");
    }
    let third = shop.done(&["--set", "pack.dataset=other", "run", "--publish", "out"]);
    assert!(third.contains("gate: up to date\n"), "{third}");
    assert!(!third.contains("pack: up to date\n"), "{third}");
    let fourth = shop.done(&["--set", "train.factors=4", "run", "--publish", "out"]);
    assert!(!fourth.contains("up to date"), "{fourth}");
    std::fs::remove_file(shop.path().join("out/models/current.json")).unwrap();
    let fifth = shop.done(&["--set", "train.factors=4", "run", "--publish", "out"]);
    assert!(fifth.contains("gate: up to date\n"), "{fifth}");
    assert!(shop.path().join("out/models/current.json").is_file());
}

#[test]
fn verbs_one_by_one_make_what_run_makes() {
    let shop = Shop::new();
    for verb in ["ingest", "train", "segment", "evaluate", "pack"] {
        shop.done(&[verb]);
    }
    let one_by_one = shop.unit();
    let again = shop.done(&["run"]);
    // `stages.json` knows only what `run` did, so that everything is done again, to the same end.
    assert!(!again.contains("train: up to date"), "{again}");
    let parts = |unit: &[(String, Vec<u8>)]| -> Vec<(String, Vec<u8>)> {
        // Searches are timed, so that the evaluation and the verdict on it are not the same bytes.
        unit.iter()
            .filter(|(name, _)| name != "evaluation.json")
            .cloned()
            .collect()
    };
    assert_eq!(parts(&one_by_one), parts(&shop.unit()));
}

#[test]
fn new_factors_leave_no_segments_of_the_old_ones() {
    let shop = Shop::new();
    shop.done(&["run"]);
    shop.done(&["train"]);
    let names: Vec<String> = shop.unit().into_iter().map(|(name, _)| name).collect();
    assert!(
        names.contains(&"segments.parquet".to_owned()),
        "the same factors: {names:?}"
    );
    shop.done(&["--set", "train.seed=7", "train"]);
    let names: Vec<String> = shop.unit().into_iter().map(|(name, _)| name).collect();
    assert!(!names.contains(&"segments.parquet".to_owned()), "{names:?}");
    let error = shop.refused(1, &["pack", "--without-gate"]);
    assert!(error.contains("run `selvedge segment` first"), "{error}");
}

#[test]
fn a_second_writer_is_told_who_the_first_is() {
    let shop = Shop::new();
    shop.done(&["ingest"]);
    let mut first = shop
        .command(&["--set", "train.iterations=1000", "--set", "train.factors=64", "train"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lock = shop.model("lock");
    while std::fs::metadata(&lock).map_or(0, |found| found.len()) == 0 {
        assert!(first.try_wait().unwrap().is_none(), "trained before it was looked at");
        std::thread::yield_now();
    }
    let error = shop.refused(1, &["segment"]);
    let still = first.try_wait().unwrap().is_none();
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(still, "trained before the second began");
    let who = format!("is being written by process {} (selvedge train)", first.id());
    assert!(error.contains(&who), "{error}");
    shop.done(&["train"]);
}

#[test]
fn help_is_made_from_the_table() {
    let shop = Shop::new();
    let help = shop.done(&["--help"]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "ingest Read events and catalogues into the lake",
        "gate Decide whether the model may be packed",
        "run Do every stage from one configuration",
        "simulate Replay the last days",
    ] {
        assert!(words(&help).contains(line), "{help}");
    }
    assert!(help.contains("5 evaluation gate not passed"), "{help}");
    let help = shop.done(&["segment", "--help"]);
    assert!(
        help.contains(
            "Reads: what `train` wrote.\nWrites: segments.parquet, user_segments.parquet.\nSettings: segment."
        ),
        "{help}"
    );
    let help = shop.done(&["run", "--help"]);
    assert!(help.contains("--without-gate") && help.contains("--fresh"), "{help}");
    assert!(!help.contains("--given"), "{help}");
    let wrong = shop.call(&["run", "--given", "x"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong.stderr));
}

#[test]
fn item_vectors_that_were_trained_are_served_again_when_they_are_imported() {
    let shop = Shop::new();
    shop.done(&["run"]);
    let items = |shop: &Shop| {
        let unit = shop.unit();
        unit.into_iter()
            .find(|(name, _)| name == "item_factors.parquet")
            .unwrap()
            .1
    };
    let trained = items(&shop);
    std::fs::write(shop.path().join("vectors.parquet"), &trained).unwrap();
    let printed = shop.done(&["--set", "train.import=vectors.parquet", "run"]);
    assert!(printed.contains("imported-served"), "{printed}");
    assert!(!printed.contains("up to date"), "{printed}");
    assert_eq!(items(&shop), trained);
    let again = shop.done(&["--set", "train.import=vectors.parquet", "run"]);
    assert!(again.contains("pack: up to date"), "{again}");
    let error = shop.refused(1, &["--set", "train.import=none.parquet", "train"]);
    assert!(error.contains("cannot import the item vectors of"), "{error}");
    assert!(error.contains("hint: train.import names a Parquet table"), "{error}");
}
