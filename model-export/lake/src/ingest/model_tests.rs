//! Random changes of files, with kills between any two file operations, against a naive model of what the lake must hold.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use proptest::prelude::*;
use selvedge::event::EventKind;

use super::{IngestError, Progress, forget, ingest};
use crate::source::{
    CatalogueColumns, CatalogueSource, ColumnMap, EventColumns, EventSource, FileFormat, LakeConfig, RepeatedRows,
    Sources, UnknownTypes,
};
use crate::storage::atomic::kill::{self, Killed};
use crate::storage::{ALL_TIME, Lake};

const HOUR_MS: i64 = 3_600_000;
const NOW_MS: i64 = 1_767_312_000_000;
const NAMES: u8 = 3;
const CONTENTS: u8 = 4;

/// How the events are read: 0 plainly, 1 with another time zone, 2 with another column for the user.
type Reading = u8;

#[derive(Clone, Debug)]
enum Change {
    Write { name: u8, content: u8, gzip: bool },
    Compress { name: u8 },
    Rename { from: u8, to: u8 },
    Copy { from: u8, to: u8 },
    Swap { one: u8, other: u8 },
    Remove { name: u8 },
    Read { as_: Reading },
    SecondSource { on: bool },
    Item { name: u8, content: Option<u8> },
    Ingest { kill: Option<u32> },
    Forget { name: u8, kill: Option<u32> },
}

fn change() -> impl Strategy<Value = Change> {
    let name = || 0..NAMES;
    let kills = || prop_oneof![1 => Just(None), 2 => (0..45_u32).prop_map(Some)];
    prop_oneof![
        5 => (name(), 0..CONTENTS, any::<bool>()).prop_map(|(name, content, gzip)| Change::Write { name, content, gzip }),
        1 => name().prop_map(|name| Change::Compress { name }),
        2 => (name(), name()).prop_map(|(from, to)| Change::Rename { from, to }),
        2 => (name(), name()).prop_map(|(from, to)| Change::Copy { from, to }),
        1 => (name(), name()).prop_map(|(one, other)| Change::Swap { one, other }),
        1 => name().prop_map(|name| Change::Remove { name }),
        2 => (0..3_u8).prop_map(|as_| Change::Read { as_ }),
        1 => any::<bool>().prop_map(|on| Change::SecondSource { on }),
        2 => (name(), prop::option::of(0..CONTENTS)).prop_map(|(name, content)| Change::Item { name, content }),
        9 => kills().prop_map(|kill| Change::Ingest { kill }),
        1 => (name(), kills()).prop_map(|(name, kill)| Change::Forget { name, kill }),
    ]
}

/// One content that is in the lake, read in one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    content: u8,
    /// What reads it, and how.
    reader: Reader,
    /// The file that has it, or had it last.
    name: u8,
    declared: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reader {
    Items,
    Views(Reading),
    Purchases(Reading),
}

impl Reader {
    fn is_events(self) -> bool {
        self != Self::Items
    }
}

/// What is on the disk, and how it is read.
#[derive(Clone, Debug, Default)]
struct Files {
    /// Content and whether it is compressed.
    events: BTreeMap<u8, (u8, bool)>,
    items: BTreeMap<u8, u8>,
    reading: Reading,
    second: bool,
}

impl Files {
    /// What an ingest finds, in its order: each content once for each reader.
    fn found(&self) -> Vec<Held> {
        let mut found: Vec<Held> = Vec::new();
        let mut add = |content, reader, name, declared| {
            let held = Held {
                content,
                reader,
                name,
                declared,
            };
            if !found
                .iter()
                .any(|known| known.content == content && known.reader == reader)
            {
                found.push(held);
            }
        };
        for (name, content) in &self.items {
            add(*content, Reader::Items, *name, None);
        }
        for (name, (content, _)) in &self.events {
            add(*content, Reader::Views(self.reading), *name, Some("views"));
        }
        for (name, (content, _)) in self.events.iter().filter(|_| self.second) {
            add(*content, Reader::Purchases(self.reading), *name, Some("purchases"));
        }
        found
    }

    /// The states that the lake goes through in an ingest, the last one included. A content is in the lake until the file that had it last has
    /// another one for the same reader.
    fn ingest(&self, mut lake: Vec<Held>) -> Vec<Vec<Held>> {
        let found = self.found();
        let mut states = vec![lake.clone()];
        for place in 0..lake.len() {
            let same = found
                .iter()
                .find(|new| new.content == lake[place].content && new.reader == lake[place].reader);
            if let Some(now) = same {
                lake[place] = now.clone();
                states.push(lake.clone());
            }
        }
        let is_found = |held: &Held| {
            found
                .iter()
                .any(|new| new.content == held.content && new.reader == held.reader)
        };
        let declared = [Some("views"), self.second.then_some("purchases")];
        for new in &found {
            if lake
                .iter()
                .any(|held| held.content == new.content && held.reader == new.reader)
            {
                continue;
            }
            lake.retain(|held| {
                let same_source = held.declared == new.declared || !declared.contains(&held.declared);
                let same_file = held.name == new.name && held.reader.is_events() == new.reader.is_events();
                !(same_file && same_source && !is_found(held))
            });
            lake.push(new.clone());
            states.push(lake.clone());
        }
        states
    }
}

/// What a reader of the lake sees.
fn seen(lake: &[Held]) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for Held { content, reader, .. } in lake {
        let event = |kind: EventKind, reading: Reading| {
            let user = if reading == 2 { "x" } else { "u" };
            let shift = if reading == 1 { HOUR_MS } else { 0 };
            (0..2).map(move |number| {
                let at_ms = 1_704_103_200_000 + i64::from(number) * 24 * HOUR_MS - shift;
                format!("{user}{content} i{number} {} {at_ms}", kind.as_str())
            })
        };
        match *reader {
            Reader::Items => rows.push(format!("item {content}")),
            Reader::Views(reading) => rows.extend(event(EventKind::View, reading)),
            Reader::Purchases(reading) => rows.extend(event(EventKind::Conversion, reading)),
        }
    }
    rows.sort();
    rows
}

struct Shop {
    dir: tempfile::TempDir,
    files: Files,
    /// What the lake may hold: after a kill one of several states.
    states: Vec<Vec<Held>>,
}

impl Shop {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            files: Files::default(),
            states: vec![Vec::new()],
        }
    }

    fn events(&self, name: u8) -> PathBuf {
        self.dir.path().join(format!("events-{name}"))
    }

    fn lake(&self) -> LakeConfig {
        LakeConfig {
            dir: self.dir.path().join("lake"),
            ..LakeConfig::default()
        }
    }

    fn put(&mut self, name: u8, content: u8, gzip: bool) {
        let text = format!(
            "user,other,item,time\nu{content},x{content},i0,2024-01-01 10:00:00\nu{content},x{content},i1,2024-01-02 10:00:00\n"
        );
        let bytes = if gzip {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        } else {
            text.into_bytes()
        };
        std::fs::write(self.events(name), bytes).unwrap();
        self.files.events.insert(name, (content, gzip));
    }

    fn take(&mut self, name: u8) -> Option<(u8, bool)> {
        let _ = std::fs::remove_file(self.events(name));
        self.files.events.remove(&name)
    }

    fn change(&mut self, change: &Change) {
        match *change {
            Change::Write { name, content, gzip } => self.put(name, content, gzip),
            Change::Compress { name } => {
                if let Some((content, gzip)) = self.files.events.get(&name).copied() {
                    self.put(name, content, !gzip);
                }
            }
            Change::Rename { from, to } => {
                if let Some((content, gzip)) = self.take(from) {
                    self.put(to, content, gzip);
                }
            }
            Change::Copy { from, to } => {
                if let Some((content, gzip)) = self.files.events.get(&from).copied() {
                    self.put(to, content, gzip);
                }
            }
            Change::Swap { one, other } => {
                let (first, second) = (self.take(one), self.take(other));
                for (name, file) in [(other, first), (one, second)] {
                    if let Some((content, gzip)) = file {
                        self.put(name, content, gzip);
                    }
                }
            }
            Change::Remove { name } => {
                self.take(name);
            }
            Change::Read { as_ } => self.files.reading = as_,
            Change::SecondSource { on } => self.files.second = on,
            Change::Item { name, content } => {
                let path = self.dir.path().join(format!("items-{name}"));
                match content {
                    Some(content) => {
                        std::fs::write(path, format!("id,title\n{content},T\n")).unwrap();
                        self.files.items.insert(name, content);
                    }
                    None => {
                        let _ = std::fs::remove_file(path);
                        self.files.items.remove(&name);
                    }
                }
            }
            Change::Ingest { kill } => self.ingest(kill),
            Change::Forget { name, kill } => self.forget(name, kill),
        }
    }

    fn ingest(&mut self, kill: Option<u32>) {
        let lake = self.lake();
        let (events, catalogue) = sources(self.dir.path(), &self.files);
        let sources = Sources {
            lake: &lake,
            events: &events,
            catalogue: &catalogue,
        };
        let done = killed(kill, || {
            let report = ingest(&sources, NOW_MS, |_| -> Progress { Rc::new(|_| ()) });
            report.unwrap();
        });
        let states = self.states.iter().flat_map(|state| {
            let mut states = self.files.ingest(state.clone());
            if done.is_some() {
                states.drain(..states.len() - 1);
            }
            states
        });
        self.states = states.collect();
        self.check();
    }

    fn forget(&mut self, name: u8, kill: Option<u32>) {
        let lake = self.lake();
        // The same names begin the files of events and of items.
        let file = self.events(name).file_name().unwrap().to_string_lossy().into_owned();
        let done = killed(kill, || match forget(&lake, &file, false) {
            Ok(_) | Err(IngestError::NoSource { .. } | IngestError::Lake(_)) => (),
            Err(error) => panic!("{error}"),
        });
        let mut states = Vec::new();
        for state in &self.states {
            let mut state = state.clone();
            if done.is_none() {
                states.push(state.clone());
            }
            while let Some(place) = state
                .iter()
                .position(|held| held.name == name && held.reader.is_events())
            {
                state.remove(place);
                if done.is_none() {
                    states.push(state.clone());
                }
            }
            states.push(state);
        }
        self.states = states;
        self.check();
    }

    /// The lake holds what one of the states has, and from then on only these count.
    fn check(&mut self) {
        let mut found: Vec<String> = Vec::new();
        if let Ok(lake) = Lake::open(&self.lake().dir) {
            let read = lake.read_interactions(ALL_TIME).unwrap();
            found.extend(read.rows.iter().map(|row| {
                let (user, item) = (&read.users[row.user as usize], &read.items[row.item as usize]);
                format!("{user} {item} {} {}", row.kind.as_str(), row.timestamp_ms)
            }));
            found.extend(lake.catalogue().unwrap().iter().map(|item| format!("item {}", item.id)));
        }
        found.sort();
        let expected: Vec<Vec<String>> = self.states.iter().map(|state| seen(state)).collect();
        self.states.retain(|state| seen(state) == found);
        self.states.sort();
        self.states.dedup();
        assert!(
            !self.states.is_empty(),
            "found {found:?}\nexpected one of {expected:#?}"
        );
    }
}

fn sources(dir: &Path, files: &Files) -> (Vec<EventSource>, Vec<CatalogueSource>) {
    let source = |name: &str, kind: EventKind| EventSource {
        name: Some(name.to_owned()),
        path: dir.join("events-*").to_string_lossy().into_owned(),
        written_path: String::new(),
        optional: Some(true),
        preset: None,
        format: FileFormat::Auto,
        delimiter: None,
        header: Some(true),
        encoding: None,
        skip_lines: None,
        explode: None,
        member: None,
        columns: Some(EventColumns {
            user: Some(if files.reading == 2 { "other" } else { "user" }.to_owned()),
            item: "item".to_owned(),
            timestamp: "time".to_owned(),
            event_type: None,
            value: None,
            id: None,
            returning: None,
            context: ColumnMap::default(),
        }),
        event_type: Some(kind),
        event_types: BTreeMap::new(),
        timestamp_format: "auto".to_owned(),
        time_zone: if files.reading == 1 { "Europe/Berlin" } else { "UTC" }.to_owned(),
        anonymous: false,
        repeated_rows: RepeatedRows::Keep,
        filter: None,
        unknown_event_types: UnknownTypes::Quarantine,
        decimal: None,
        placeholders: None,
    };
    let mut events = vec![source("views", EventKind::View)];
    if files.second {
        events.push(source("purchases", EventKind::Conversion));
    }
    let catalogue = CatalogueSource {
        path: dir.join("items-*").to_string_lossy().into_owned(),
        optional: true,
        format: FileFormat::Auto,
        delimiter: None,
        header: Some(true),
        encoding: None,
        skip_lines: None,
        explode: None,
        member: None,
        columns: CatalogueColumns {
            id: "id".to_owned(),
            title: Some("title".to_owned()),
            categories: Vec::new(),
            attributes: ColumnMap::default(),
            image: None,
            available_from: None,
            available_until: None,
        },
        title_case: Vec::new(),
        category_separator: None,
        timestamp_format: "auto".to_owned(),
        time_zone: "UTC".to_owned(),
        filter: None,
        decimal: None,
    };
    (events, vec![catalogue])
}

/// Runs `work` up to a step; [`None`] if it was killed there. Nothing of it goes on behind that step, as behind a SIGKILL.
fn killed(step: Option<u32>, work: impl FnOnce()) -> Option<()> {
    static QUIET: std::sync::Once = std::sync::Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Killed>() {
                before(info);
            }
        }));
    });
    kill::after(step);
    let done = std::panic::catch_unwind(AssertUnwindSafe(work));
    kill::after(None);
    match done {
        Ok(()) => Some(()),
        Err(payload) if payload.is::<Killed>() => None,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

fn run(changes: &[Change]) {
    let mut shop = Shop::new();
    for change in changes {
        shop.change(change);
    }
    // Whatever died, the next whole run leaves one state, and the one after it changes nothing.
    shop.ingest(None);
    shop.ingest(None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_lake_holds_what_the_files_say_whatever_happens_to_them(changes in prop::collection::vec(change(), 1..28)) {
        run(&changes);
    }
}

#[test]
fn a_content_that_comes_back_counts_again_wherever_a_run_was_killed() {
    let write = |content| Change::Write {
        name: 0,
        content,
        gzip: false,
    };
    let whole = Change::Ingest { kill: None };
    for step in 0..60 {
        let killed = Change::Ingest { kill: Some(step) };
        run(&[
            write(0),
            whole.clone(),
            write(1),
            killed.clone(),
            write(0),
            whole.clone(),
        ]);
        run(&[
            write(0),
            whole.clone(),
            write(1),
            whole.clone(),
            write(0),
            killed.clone(),
        ]);
        let reading = |as_| Change::Read { as_ };
        run(&[
            write(0),
            whole.clone(),
            reading(1),
            killed.clone(),
            reading(0),
            whole.clone(),
        ]);
        run(&[
            write(0),
            whole.clone(),
            reading(2),
            whole.clone(),
            reading(0),
            killed.clone(),
        ]);
    }
}
