//! Golden cases: reads, runs and (natively, on request) writes them.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use selvedge::engine::{Decision, Engine, Recorded, Request, Visitor};
use selvedge::place::Place;
use selvedge::profile::{Consent, Profile, VisitorId};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust, VerifyingKey, parse_public_key};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Golden {
    pub public_key: String,
    pub model: String,
    pub now_ms: u64,
    pub cases: Vec<Case>,
}

#[derive(Serialize, Deserialize)]
pub struct Case {
    pub name: String,
    /// Oldest first.
    pub history: Vec<Event>,
    pub consent: bool,
    pub ask: Ask,
    #[serde(default)]
    pub expect: Expect,
}

#[derive(Serialize, Deserialize)]
pub struct Event {
    pub r#type: String,
    pub item: String,
    /// Age at `now_ms`; at most 24 hours, so that the event can be sent to an edge.
    pub age_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    Recommend {
        slot: String,
        n: usize,
        category: Option<String>,
        exclude: Vec<String>,
    },
    Similar {
        item: String,
        n: usize,
    },
    Rank {
        candidates: Vec<String>,
        n: usize,
    },
}

#[derive(Serialize, Deserialize, Default, PartialEq, Debug)]
pub struct Expect {
    pub scope: String,
    pub segment: Option<u16>,
    pub context: Option<String>,
    pub items: Vec<String>,
    /// Bits of the 32-bit scores: every platform must give exactly the same.
    pub score_bits: Vec<u32>,
    pub because: Vec<Option<String>>,
    pub unknown: Vec<String>,
}

impl Expect {
    fn of(decision: &Decision<'_>) -> Self {
        let because = |item: &selvedge::engine::Item<'_>| match item.reason {
            selvedge::engine::Reason::Because { item, .. } => Some(item.to_owned()),
            _ => None,
        };
        Self {
            scope: decision.scope.as_str().to_owned(),
            segment: decision.segment,
            context: decision.context.map(str::to_owned),
            items: decision.items.iter().map(|item| item.id.to_owned()).collect(),
            score_bits: decision.items.iter().map(|item| item.score.to_bits()).collect(),
            because: decision.items.iter().map(because).collect(),
            unknown: decision.unknown.iter().map(|id| (*id).to_owned()).collect(),
        }
    }
}

fn run(engine: &Engine<AlignedBytes>, case: &Case, now_ms: u64) -> Expect {
    let mut profile = Profile::new(VisitorId([0; 16]));
    for event in &case.history {
        let at_ms = Some(now_ms - event.age_ms);
        let recorded = Recorded::check(&event.r#type, &event.item, at_ms, None, now_ms).unwrap();
        recorded.remember(&mut profile, &event.item);
    }
    engine.settle(&mut profile, now_ms);
    let visitor = Visitor {
        profile: Some(&profile),
        consent: if case.consent {
            Consent::Granted
        } else {
            Consent::Denied
        },
        place: Place {
            local_ms: now_ms.into(),
            ..Place::default()
        },
        now_ms,
    };
    match &case.ask {
        Ask::Recommend {
            slot,
            n,
            category,
            exclude,
        } => {
            let exclude: Vec<&str> = exclude.iter().map(String::as_str).collect();
            let request = Request {
                slot,
                n: Some(*n),
                category: category.as_deref(),
                exclude: &exclude,
                visitor,
            };
            let context = engine.assign(&request).unwrap();
            Expect::of(&engine.decide(&context))
        }
        Ask::Similar { item, n } => Expect::of(&engine.similar(item, *n, now_ms).unwrap()),
        Ask::Rank { candidates, n } => {
            let ids: Vec<&str> = candidates.iter().map(String::as_str).collect();
            Expect::of(&engine.rank(&visitor, &ids, *n).unwrap())
        }
    }
}

/// Runs all cases and returns their number; panics at the first difference.
pub fn check(bytes: AlignedBytes, golden: &Golden) -> usize {
    let key: VerifyingKey = parse_public_key(&golden.public_key).unwrap();
    let engine = Engine::new(Snapshot::open(bytes, Trust::Keys(&[key])).unwrap()).unwrap();
    assert_eq!(engine.version(), golden.model);
    for case in &golden.cases {
        assert_eq!(run(&engine, case, golden.now_ms), case.expect, "{}", case.name);
    }
    golden.cases.len()
}

#[cfg(not(target_arch = "wasm32"))]
pub fn write(bytes: AlignedBytes, key: &selvedge::snapshot::writer::SigningKey, now_ms: u64) -> String {
    let verifying = key.verifying_key();
    let engine = Engine::new(Snapshot::open(bytes, Trust::Keys(&[verifying])).unwrap()).unwrap();
    let mut golden = Golden {
        public_key: base16ct::lower::encode_string(verifying.as_bytes()),
        model: engine.version().to_owned(),
        now_ms,
        cases: cases()
            .into_iter()
            .chain(cases_per_visitor())
            .filter(|case| match &case.ask {
                Ask::Recommend { slot, .. } => engine.snapshot().policy().slot(slot).is_some(),
                _ => true,
            })
            .collect(),
    };
    for case in &mut golden.cases {
        case.expect = run(&engine, case, now_ms);
    }
    serde_json::to_string_pretty(&golden).unwrap() + "\n"
}

fn event(kind: &str, item: u32, age_min: u64) -> Event {
    Event {
        r#type: kind.into(),
        item: format!("item-{item:03}"),
        age_ms: age_min * 60_000,
    }
}

fn recommend(slot: &str, n: usize, category: Option<&str>) -> Ask {
    Ask::Recommend {
        slot: slot.into(),
        n,
        category: category.map(str::to_owned),
        exclude: vec![],
    }
}

fn case(name: &str, history: Vec<Event>, ask: Ask) -> Case {
    Case {
        name: name.into(),
        history,
        consent: true,
        ask,
        expect: Expect::default(),
    }
}

fn mixed() -> Vec<Event> {
    vec![
        event("view", 3, 600),
        event("click", 9, 300),
        event("add_to_cart", 16, 120),
        event("conversion", 22, 60),
        event("click", 4, 5),
        event("click", 10, 0),
    ]
}

/// Cases for slots whose shared lists are changed for one visitor.
fn cases_per_visitor() -> Vec<Case> {
    vec![
        case("nothing known, excludes", vec![], recommend("excludes", 8, None)),
        case(
            "nothing bought, excludes",
            vec![event("click", 4, 0)],
            recommend("excludes", 8, None),
        ),
        case("something bought, excludes", mixed(), recommend("excludes", 24, None)),
        case("nothing known, reranks", vec![], recommend("reranks", 8, None)),
        case(
            "one click, reranks",
            vec![event("click", 4, 0)],
            recommend("reranks", 24, None),
        ),
        case("a mixed history, reranks", mixed(), recommend("reranks", 24, None)),
        case(
            "a mixed history, reranks one category",
            mixed(),
            recommend("reranks", 8, Some("Group 2")),
        ),
        Case {
            consent: false,
            ..case(
                "a mixed history without consent, reranks",
                mixed(),
                recommend("reranks", 8, None),
            )
        },
    ]
}

fn cases() -> Vec<Case> {
    let candidates = || {
        (0..40)
            .map(|i| format!("item-{:03}", i * 5))
            .chain(["nobody".into()])
            .collect()
    };
    let mut list = vec![
        case("nothing known, visitor slot", vec![], recommend("home", 8, None)),
        case("nothing known, segment slot", vec![], recommend("segment", 24, None)),
        case("one click", vec![event("click", 4, 0)], recommend("home", 24, None)),
        case(
            "one view, segment slot",
            vec![event("view", 5, 0)],
            recommend("segment", 12, None),
        ),
        case("a mixed history", mixed(), recommend("home", 24, None)),
        case("a mixed history, diverse", mixed(), recommend("diverse", 12, None)),
        case("a mixed history, segment slot", mixed(), recommend("segment", 8, None)),
        case(
            "a mixed history, one category",
            mixed(),
            recommend("home", 8, Some("Group 2")),
        ),
        case(
            "an unknown item only",
            vec![event("click", 999, 0)],
            recommend("home", 8, None),
        ),
        case(
            "near an item",
            vec![],
            Ask::Similar {
                item: "item-017".into(),
                n: 15,
            },
        ),
        case(
            "candidates of a stranger",
            vec![],
            Ask::Rank {
                candidates: candidates(),
                n: 40,
            },
        ),
        case(
            "candidates of a visitor",
            mixed(),
            Ask::Rank {
                candidates: candidates(),
                n: 10,
            },
        ),
    ];
    list.push(Case {
        consent: false,
        ..case("a mixed history without consent", mixed(), recommend("home", 8, None))
    });
    list.push(case(
        "a mixed history with exclusions",
        mixed(),
        Ask::Recommend {
            slot: "home".into(),
            n: 8,
            category: None,
            exclude: vec!["item-004".into(), "item-010".into()],
        },
    ));
    list
}
