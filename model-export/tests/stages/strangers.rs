//! Events from strangers, from the collected file to the snapshot: they make no items, and no flood makes an item popular.

use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use serde_json::json;

use crate::shop::Shop;

/// Within the days of the generated events.
fn line(time_ms: u64, number: usize, user: usize, item: &str, returning: bool) -> String {
    let event = json!({
        "schema_version": 1, "id": format!("made-up-{number}"), "user": format!("{user:032x}"), "returning": returning, "item": item,
        "type": "conversion", "timestamp_ms": time_ms, "value": null, "slot": null, "position": null, "segment": null, "model": null,
        "decision": null, "context": {},
    });
    format!("{event}\n")
}

fn collect(shop: &Shop, lines: &[String]) {
    let config = std::fs::read_to_string(shop.path().join("selvedge.toml")).unwrap();
    let source = "\n[[events]]\npreset = \"selvedge-collector\"\npath = \"r2/*.ndjson\"\n";
    shop.write("selvedge.toml", &(config + source));
    std::fs::create_dir_all(shop.path().join("r2")).unwrap();
    shop.write("r2/1.ndjson", &lines.concat());
}

fn packed(shop: &Shop) -> Vec<u8> {
    shop.done(&["run", "--without-gate"]);
    std::fs::read(shop.model("snapshot.selvedge")).unwrap()
}

/// The time of the last generated event.
fn last_ms(shop: &Shop) -> u64 {
    shop.done(&["ingest"]);
    let report = shop.json(&["ingest"]);
    let last = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|file| file["last_ms"].as_u64())
        .max();
    last.unwrap()
}

#[test]
fn ids_that_strangers_make_up_become_no_items_and_do_not_grow_the_snapshot() {
    let shop = Shop::new();
    let last_ms = last_ms(&shop);
    let before = packed(&shop);
    let items = |bytes: &[u8]| {
        Snapshot::open(AlignedBytes::copy_of(bytes), Trust::Unverified)
            .unwrap()
            .rows()
    };
    let mut lines = Vec::new();
    // 350 requests put a text onto everybody's page, and 150 name 3,000 ids, all by visitors who came back.
    for user in 0..350 {
        lines.push(line(last_ms - 1000, lines.len(), user, "BUY AT EVIL.EXAMPLE", true));
    }
    for user in 0..150 {
        for number in 0..20 {
            let item = format!("made-up-item-{}", user % 15 * 200 + number * 10 + user / 15);
            lines.push(line(last_ms - 500, lines.len(), user, &item, true));
        }
    }
    collect(&shop, &lines);
    let after = packed(&shop);
    assert_eq!(items(&after), items(&before));
    assert!(
        after.len() <= before.len() + 64,
        "{} and {} bytes",
        before.len(),
        after.len()
    );
    let text = String::from_utf8_lossy(&after);
    assert!(!text.contains("EVIL") && !text.contains("made-up"));
    let trained = shop.json(&["train"]);
    assert_eq!(trained["left_out"]["uncatalogued_events"], 3350);

    // Who declares it, gets them.
    shop.done(&["--set", "train.uncatalogued_items=true", "run", "--without-gate"]);
    let declared = std::fs::read(shop.model("snapshot.selvedge")).unwrap();
    assert!(String::from_utf8_lossy(&declared).contains("EVIL"));
}

#[test]
fn visitors_who_never_come_back_and_floods_make_no_item_popular() {
    let shop = Shop::new();
    let last_ms = last_ms(&shop);
    packed(&shop);
    let popular = |shop: &Shop| {
        let bytes = std::fs::read(shop.model("snapshot.selvedge")).unwrap();
        let snapshot = Snapshot::open(AlignedBytes::copy_of(&bytes), Trust::Unverified).unwrap();
        let order: Vec<String> = (0..snapshot.rows())
            .map_while(|place| snapshot.by_popularity(place))
            .map(|item| snapshot.name(item).id.to_owned())
            .collect();
        order
    };
    let before = popular(&shop);
    let last = before.last().unwrap().clone();
    let once: Vec<String> = (0..3000)
        .map(|user| line(last_ms - 1000, user, user, &last, false))
        .collect();
    collect(&shop, &once);
    packed(&shop);
    assert_eq!(popular(&shop), before, "none of them came back");
    let report = shop.json(&["ingest"]);
    assert_eq!(report["visitors"], json!({ "seen": 3000, "one_batch": 3000 }));

    // All of them came back, within an hour.
    let returned: Vec<String> = (0..3000)
        .map(|user| line(last_ms - 1000, user, user, &last, true))
        .collect();
    shop.write("r2/1.ndjson", &returned.concat());
    packed(&shop);
    assert_ne!(popular(&shop)[0], last);
    let trained = shop.json(&["train"]);
    let counted = 3000 - trained["left_out"]["visitors"]["over_hour_share"].as_u64().unwrap();
    assert!(counted <= 60, "{counted} of one hour");
    shop.done(&["--set", "train.visitors.max_hour_share=1.0", "run", "--without-gate"]);
    assert_eq!(popular(&shop)[0], last, "without the share, the flood wins");
}

#[test]
fn one_row_of_a_supplier_does_not_block_the_shop() {
    let shop = Shop::new();
    let path = shop.path().join("data/catalogue.csv");
    let catalogue = std::fs::read_to_string(&path).unwrap();
    let columns = catalogue.lines().next().unwrap().split(',').count();
    let row = |id: &str, title: &str| format!("{id},\"{title}\"{}\n", ",".repeat(columns - 2));
    let rows = [
        row("bad-1", "two\nlines\0"),
        row("\"a\u{1}b\"", "t"),
        row("bad-2", &"x".repeat(100_000)),
        row("", "nameless"),
    ];
    std::fs::write(&path, catalogue + &rows.concat()).unwrap();
    shop.done(&["run", "--without-gate"]);
}
