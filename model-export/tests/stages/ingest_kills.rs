//! An ingest that is killed anywhere leaves a lake that holds the old rows or the new ones of each file, and the next run completes it.

use std::path::Path;
use std::process::Stdio;

use selvedge_lake::storage::{ALL_TIME, Lake};

use crate::shop::Shop;

const CONFIG: &str = r#"
[[events]]
path = "events-*"
event_type = "view"
[events.columns]
user = "user"
item = "item"
timestamp = "time"
"#;

const FILES: usize = 3;

/// A content of one file: users of this content only, in so many days that many parts are written.
fn put(shop: &Shop, file: usize, content: usize) {
    let mut text = "user,item,time\n".to_owned();
    for day in 0..8 {
        text.push_str(&format!("f{file}c{content},i,{}\n", 1_700_000_000 + day * 86_400));
    }
    shop.write(&format!("events-{file}"), &text);
}

/// Rows of each content in the lake.
fn held(dir: &Path) -> Vec<(String, usize)> {
    let Ok(lake) = Lake::open(dir) else { return Vec::new() };
    // Files are removed while nobody reads: here no run is under way.
    let read = lake.read_interactions(ALL_TIME).unwrap();
    let mut held: Vec<(String, usize)> = read.users.iter().map(|user| (user.clone(), 0)).collect();
    for row in &read.rows {
        held[row.user as usize].1 += 1;
    }
    held.sort();
    held
}

/// Names of everything in the lake: it changes with every file operation.
fn names(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn contents_that_change_and_come_back_survive_kills() {
    let shop = Shop::empty();
    shop.write("selvedge.toml", CONFIG);
    let lake = shop.path().join(".selvedge/lake");
    let mut contents = [0; FILES];
    for (file, content) in contents.iter().enumerate() {
        put(&shop, file, *content);
    }
    shop.done(&["ingest"]);
    let mut kills = 0;
    for round in 0..40 {
        // Each file changes between two contents, so that every content comes back.
        let before = contents;
        for (file, content) in contents.iter_mut().enumerate() {
            if (round + file) % 2 == 0 {
                *content = 1 - *content;
                put(&shop, file, *content);
            }
        }
        let mut child = shop
            .command(&["ingest"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut seen = names(&lake);
        let mut changes = 0;
        while changes <= round % 7 && child.try_wait().unwrap().is_none() {
            let now = names(&lake);
            if now != seen {
                changes += 1;
                seen = now;
            }
        }
        child.kill().unwrap();
        kills += usize::from(!child.wait().unwrap().success());
        let found = held(&lake);
        assert_eq!(found.len(), FILES, "round {round}: {found:?}");
        for (file, (user, rows)) in found.iter().enumerate() {
            let either = [before[file], contents[file]].map(|content| format!("f{file}c{content}"));
            assert!(
                either.contains(user) && *rows == 8,
                "round {round}: {user} {rows}, expected one of {either:?}"
            );
        }
        if round % 3 == 0 {
            shop.done(&["ingest"]);
            let whole: Vec<(String, usize)> = contents
                .iter()
                .enumerate()
                .map(|(file, content)| (format!("f{file}c{content}"), 8))
                .collect();
            assert_eq!(held(&lake), whole, "round {round}");
        } else {
            // The next change meets what the killed run left; what was not read yet stays as it was.
            for (file, (user, _)) in found.iter().enumerate() {
                contents[file] = usize::from(user.ends_with("c1"));
                put(&shop, file, contents[file]);
            }
        }
    }
    assert!(kills >= 20, "killed {kills} times");
}
