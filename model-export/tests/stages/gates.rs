//! Packing and publishing go on with a verdict on these very inputs only.

use crate::shop::Shop;

/// A shop whose model is trained and grouped, and was not evaluated.
fn trained() -> Shop {
    let shop = Shop::new();
    for verb in ["ingest", "train", "segment"] {
        shop.done(&[verb]);
    }
    shop
}

fn provenance(shop: &Shop) -> String {
    shop.json(&["inspect"])["provenance"].to_string()
}

#[test]
fn nothing_is_packed_or_published_without_an_evaluation_unless_that_is_declared() {
    let shop = trained();
    let error = shop.refused(5, &["pack", "--publish", "out"]);
    assert!(
        error.starts_with("error: no verdict of the gate evaluation in "),
        "{error}"
    );
    assert!(error.contains("\n\nhint: run `selvedge evaluate`"), "{error}");
    assert!(!shop.model("snapshot.selvedge").exists());
    assert!(!shop.path().join("out").exists());

    let packed = shop.json(&["pack", "--publish", "out", "--without-gate"]);
    assert_eq!(packed["gates"], "none");
    let pointer = shop.read_json("out/models/current.json".as_ref());
    assert_eq!(pointer["gates"], "none");
    assert!(
        provenance(&shop).contains("none (--without-gate)"),
        "{}",
        provenance(&shop)
    );

    shop.done(&["evaluate"]);
    let packed = shop.json(&["pack", "--publish", "out"]);
    assert_eq!(
        packed["gates"],
        serde_json::json!([]),
        "nothing was asked for, and nothing was left out"
    );
    assert!(provenance(&shop).contains("nothing asked for"), "{}", provenance(&shop));
}

#[test]
fn a_verdict_names_what_it_judged_and_is_worth_nothing_for_anything_else() {
    let shop = trained();
    let beat = ["--set", "evaluate.must_beat=most-popular"];
    let with = |verb: &'static str| [&beat[..], &[verb]].concat();
    shop.done(&with("evaluate"));
    let packed = shop.json(&with("pack"));
    assert_eq!(packed["gates"], serde_json::json!(["evaluation"]));
    let unit = shop.unit();
    let (_, verdict) = unit.iter().find(|(name, _)| name == "verdict-evaluation.json").unwrap();
    let verdict: serde_json::Value = serde_json::from_slice(verdict).unwrap();
    assert_eq!(
        (verdict["schema"].as_u64(), verdict["passed"].as_bool()),
        (Some(1), Some(true))
    );
    for digest in ["model", "lake", "settings"] {
        assert_eq!(verdict["inputs"][digest].as_str().unwrap().len(), 64, "{verdict}");
    }

    // Other settings of the gate, other segments, other events: in each case the verdict is on something else.
    let error = shop.refused(5, &["--set", "evaluate.must_beat=buy-again", "pack"]);
    assert!(error.contains("on another settings"), "{error}");
    shop.done(&["--set", "segment.count=2", "segment"]);
    let error = shop.refused(5, &with("pack"));
    assert!(
        error.contains("no verdict") || error.contains("on another model"),
        "{error}"
    );
    shop.done(&["segment"]);
    shop.done(&with("gate"));
    shop.done(&with("pack"));
    let events = std::fs::read_to_string(shop.path().join("data/events.csv")).unwrap();
    let fewer: Vec<&str> = events.lines().take(events.lines().count() - 1).collect();
    std::fs::write(shop.path().join("data/events.csv"), fewer.join("\n")).unwrap();
    shop.done(&["ingest"]);
    let error = shop.refused(5, &with("pack"));
    assert!(error.contains("on another lake"), "{error}");
    // An evaluation on the new events is one of a model that was trained on the old ones.
    let error = shop.refused(5, &with("evaluate"));
    assert!(error.contains("lake that the model was trained on"), "{error}");
    shop.done(&with("run"));
}

#[test]
fn a_model_that_falls_behind_is_not_packed_and_what_is_published_stays() {
    let shop = Shop::new();
    shop.done(&["run", "--publish", "out"]);
    let before = std::fs::read(shop.path().join("out/models/current.json")).unwrap();
    // One factor, one iteration and all the weight on what was not seen.
    let error = shop.refused(
        5,
        &[
            "--set",
            "evaluate.must_beat=buy-again",
            "--set",
            "train.factors=1",
            "--set",
            "train.iterations=1",
            "--set",
            "train.unobserved_weight=1000.0",
            "run",
            "--publish",
            "out",
        ],
    );
    assert!(
        error.contains("the gate evaluation was not passed: NDCG@20 of als-served"),
        "{error}"
    );
    assert_eq!(
        std::fs::read(shop.path().join("out/models/current.json")).unwrap(),
        before
    );
    // The verdict can be looked at.
    let unit = shop.unit();
    let (_, verdict) = unit.iter().find(|(name, _)| name == "verdict-evaluation.json").unwrap();
    let verdict: serde_json::Value = serde_json::from_slice(verdict).unwrap();
    assert_eq!(verdict["passed"], false);
}
