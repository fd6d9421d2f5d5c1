//! Publishing forward and, declared, back.

use crate::shop::Shop;

const NO_GATE: &str = "--without-gate";

fn trained() -> Shop {
    let shop = Shop::new();
    for verb in ["ingest", "train", "segment"] {
        shop.done(&[verb]);
    }
    shop
}

fn pointer(shop: &Shop) -> serde_json::Value {
    shop.read_json("out/models/current.json".as_ref())
}

#[test]
fn a_step_back_is_refused_unless_it_is_declared_and_the_declaration_is_signed() {
    let shop = trained();
    let pack = || {
        let packed = shop.json(&["pack", "--publish", "out", NO_GATE]);
        packed["version"].as_str().unwrap().to_owned()
    };
    let first = pack();
    assert!(
        shop.refused(2, &["publish", &first, "--rollback"])
            .contains("nothing to take back")
    );
    let second = pack();
    assert_ne!(first, second);
    assert_eq!(pointer(&shop)["version"], second.as_str());
    let before = pointer(&shop);

    let error = shop.refused(2, &["publish", &first]);
    assert!(error.contains(&second) && error.contains("--rollback"), "{error}");
    assert_eq!(pointer(&shop), before);

    let published = shop.json(&["publish", &first, "--rollback"]);
    assert_eq!(published["rolled_back_from"], second.as_str());
    let back = pointer(&shop);
    assert_eq!(back["version"], first.as_str());
    assert_eq!(back["rollback"]["from_ms"], before["created_ms"]);
    assert_eq!(back["rollback"]["signature"].as_str().map(str::len), Some(128));

    // Forward again, to the release that was taken back, and to a new one.
    shop.done(&["publish", &second]);
    assert_eq!(pointer(&shop)["rollback"], serde_json::Value::Null);
    assert_ne!(pack(), second);
}

fn pack_with<'a>(settings: &[&'a str]) -> Vec<&'a str> {
    [&["pack", "--publish", "out", NO_GATE], settings].concat()
}

#[test]
fn a_snapshot_of_another_shop_or_channel_does_not_follow_the_published_one() {
    let shop = trained();
    let ours = ["--set", "pack.shop=coffee", "--set", "pack.channel=production"];
    shop.done(&pack_with(&ours));
    let inspected = shop.json(&["inspect"]);
    assert_eq!(
        (&inspected["shop"], &inspected["channel"]),
        (&"coffee".into(), &"production".into())
    );
    let before = pointer(&shop);
    for other in [
        &["--set", "pack.shop=tea", "--set", "pack.channel=production"][..],
        &["--set", "pack.shop=coffee", "--set", "pack.channel=staging"],
        &["--set", "pack.shop=coffee"],
        &[],
    ] {
        let error = shop.refused(2, &pack_with(other));
        assert!(error.contains("of which the published snapshot is"), "{error}");
        assert_eq!(pointer(&shop), before);
    }
    let error = shop.refused(2, &pack_with(&["--set", "pack.shop=Coffee & Tea"]));
    assert!(error.contains("pack.shop"), "{error}");
}
