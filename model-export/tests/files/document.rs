//! The five exports of `docs/your-data.md`: the page's own blocks are the files, the commands, and what must come out.
//!
//! A block whose info string has two words is a file (``` ```csv orders.csv ```). `sh` is the command. Each line of `toml` must be in the draft and each line of
//! `text` on the screen; `…` stands for anything. The sentence "The lake then holds: …" has the counts.

use std::collections::BTreeMap;

use crate::case::{Build, Case, Content};
use crate::run;
use crate::tally::Tally;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/your-data.md");

/// A block of the page: its info string and its lines.
struct Block<'p> {
    info: &'p str,
    lines: Vec<&'p str>,
}

#[test]
fn the_five_exports_of_the_page_come_out_as_it_says() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let cases: Vec<Case> = page.split("\n## ").skip(1).map(case).collect();
    assert_eq!(cases.len(), 5);
    let tally = Tally::of(cases.iter().map(|case| run::one("your-data", case)).collect());
    assert!(tally.is_right(), "{}", tally.text());
}

fn case(section: &str) -> Case {
    let mut case = Case {
        name: section.lines().next().unwrap().to_owned(),
        ..Case::default()
    };
    for block in blocks(section) {
        let text = || block.lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        match block.info.split_once(' ') {
            Some(("parquet", name)) => {
                let text = text();
                let (parquet, rows) = text.split_once("\n\n").unwrap();
                let build = Build {
                    parquet: parquet.to_owned(),
                    text: rows.to_owned(),
                    ..Build::default()
                };
                case.files.insert(name.to_owned(), Content::Built(Box::new(build)));
            }
            Some((_, name)) => {
                case.files.insert(name.to_owned(), Content::Text(text()));
            }
            None if block.info == "sh" => {
                let words = block.lines[0].strip_prefix("selvedge init ").unwrap();
                case.give = words.split(' ').map(str::to_owned).collect();
            }
            None => {
                let pieces = block.lines.iter().flat_map(|line| line.split('…'));
                let pieces = pieces
                    .map(|piece| piece.trim().to_owned())
                    .filter(|piece| !piece.is_empty());
                match block.info {
                    "toml" => case.expect.draft.extend(pieces),
                    "text" => case.expect.told.extend(pieces),
                    other => panic!("a block of {other:?}"),
                }
            }
        }
    }
    counts(section, &mut case);
    assert!(
        !case.files.is_empty()
            && !case.give.is_empty()
            && !case.expect.draft.is_empty()
            && !case.expect.told.is_empty()
    );
    case
}

fn blocks(section: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in section.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                open = Some(Block {
                    info,
                    lines: Vec::new(),
                })
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.lines.push(line),
            (None, None) => {}
        }
    }
    blocks
}

fn counts(section: &str, case: &mut Case) {
    let (_, sentence) = section.split_once("The lake then holds: ").unwrap();
    let (sentence, _) = sentence.split_once(".\n").unwrap();
    let mut events = BTreeMap::new();
    for part in sentence.split([',', ';']) {
        let (number, what) = part.trim().split_once(' ').unwrap();
        let number: u64 = number.parse().unwrap();
        match what {
            "users" => case.expect.users = Some(number),
            "items" => case.expect.items = Some(number),
            "anonymous" => case.expect.anonymous = Some(number),
            "events" => case.expect.total = Some(number),
            kind => {
                events.insert(kind.to_owned(), number);
            }
        }
    }
    case.expect.events = (!events.is_empty()).then_some(events);
}
