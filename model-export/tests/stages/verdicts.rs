//! What train, evaluate and the gate say where there is little to go by.

use crate::shop::Shop;

#[test]
fn too_few_judged_users_are_no_verdict_unless_that_is_declared() {
    let shop = Shop::new();
    for verb in ["ingest", "train", "segment"] {
        shop.done(&[verb]);
    }
    let printed = shop.done(&["evaluate"]);
    assert!(printed.contains("\njudged: "), "{printed}");
    let error = shop.refused(5, &["--set", "evaluate.min_judged=100000", "evaluate"]);
    assert!(error.contains("users judged on all items: found "), "{error}");
    assert!(
        error.contains("hint: nothing was packed: so few visitors say nothing"),
        "{error}"
    );
    shop.refused(5, &["--set", "evaluate.min_judged=100000", "pack"]);
    // Days that judge nobody give way to the last tenth.
    let printed = shop.done(&[
        "--set",
        "evaluate.test_days=0.0",
        "--set",
        "evaluate.min_judged=10",
        "evaluate",
    ]);
    assert!(printed.contains("the last tenth of the time"), "{printed}");
}

#[test]
fn train_says_what_it_left_out_and_what_would_keep_it() {
    let shop = Shop::empty();
    shop.write(
        "selvedge.toml",
        "[[events]]\npath = \"events.csv\"\nevent_type = \"view\"\n[events.columns]\nuser = \"user\"\nitem = \"item\"\ntimestamp = \"time\"\nid = \"id\"\n[train]\nfactors = 2\n",
    );
    let mut text = "user,item,time,id\n".to_owned();
    for user in 0..10 {
        text.push_str(&format!("u{user},all,{},\n", 1_700_000_000 + user));
        for own in 0..3 {
            text.push_str(&format!(
                "u{user},only {user} {own},{},\n",
                1_700_000_000 + user * 10 + own
            ));
        }
    }
    text.push_str("u0,all,1700000500,x\nu0,all,1700000500,x\n");
    shop.write("events.csv", &text);
    let printed = shop.done(&["ingest"]);
    assert!(printed.contains("1 rows have the id of an earlier row"), "{printed}");
    let printed = shop.done(&["train"]);
    assert!(
        printed.contains("left out: 30 of 41 events are of 30 items with fewer than 5 people (train.min_item_users)\n"),
        "{printed}"
    );
    assert!(
        printed.contains("hint: that is more than a third; train.min_item_users = 1 keeps"),
        "{printed}"
    );
    assert!(printed.contains("counted once: 1 events have the id"), "{printed}");
}

#[test]
fn a_file_is_forgotten_with_a_receipt() {
    let shop = Shop::new();
    shop.done(&["ingest"]);
    let printed = shop.done(&["forget", "data/events.csv", "--dry-run"]);
    assert!(printed.contains("nothing was removed (--dry-run)"), "{printed}");
    let printed = shop.done(&["forget", "events.csv"]);
    assert!(
        printed.contains("the receipts are in") && printed.contains("still there, so that"),
        "{printed}"
    );
    let error = shop.refused(2, &["forget", "events.csv"]);
    assert!(
        error.contains("no file in the lake matches") && error.contains("catalogue.csv"),
        "{error}"
    );
    shop.refused(3, &["train"]);
    let report = shop.json(&["ingest"]);
    assert!(
        report["files"]
            .as_array()
            .unwrap()
            .iter()
            .any(|file| file["status"] == "new"),
        "{report}"
    );
}
