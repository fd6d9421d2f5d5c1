//! How many cases came out right, were refused, or came out wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

/// How a case came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Right,
    /// Refused, or with a gap in the draft, as expected.
    ClearlyRefused,
    /// Refused, or with a gap in the draft, where it should be read; or refused with another message than expected.
    Refused,
    /// The right rows, but the screen or the draft does not say what it must.
    Untold,
    /// Other rows than expected, and exit code 0.
    Wrong,
}

impl Verdict {
    const ALL: [Self; 5] = [
        Self::Right,
        Self::ClearlyRefused,
        Self::Refused,
        Self::Untold,
        Self::Wrong,
    ];

    const fn is_right(self) -> bool {
        matches!(self, Self::Right | Self::ClearlyRefused)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::ClearlyRefused => "clearly refused",
            Self::Refused => "refused though readable",
            Self::Untold => "untold",
            Self::Wrong => "wrong",
        }
    }
}

/// A case and how it came out.
pub struct Outcome {
    pub theme: String,
    pub name: String,
    pub verdict: Verdict,
    /// What differs: what, expected, found.
    pub faults: Vec<(String, String, String)>,
}

/// All cases.
pub struct Tally(Vec<Outcome>);

impl Tally {
    pub const fn of(outcomes: Vec<Outcome>) -> Self {
        Self(outcomes)
    }

    pub fn is_right(&self) -> bool {
        self.0.iter().all(|outcome| outcome.verdict.is_right())
    }

    fn count(&self, theme: Option<&str>, verdict: Verdict) -> usize {
        let of = |outcome: &&Outcome| outcome.verdict == verdict && theme.is_none_or(|theme| outcome.theme == theme);
        self.0.iter().filter(of).count()
    }

    fn themes(&self) -> Vec<&str> {
        let mut themes: Vec<&str> = self.0.iter().map(|outcome| outcome.theme.as_str()).collect();
        themes.dedup();
        themes
    }

    fn faulty(&self) -> impl Iterator<Item = &Outcome> {
        self.0.iter().filter(|outcome| !outcome.verdict.is_right())
    }

    /// For people: every case that is not right, then the counts.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for outcome in self.faulty() {
            let _ = writeln!(text, "{}: {}: {}", outcome.verdict.name(), outcome.theme, outcome.name);
            for (what, expected, found) in &outcome.faults {
                let _ = writeln!(text, "    {what}: expected {expected}, found {}", indented(found));
            }
        }
        for theme in self.themes() {
            let _ = writeln!(text, "{theme}: {}", self.line(Some(theme)));
        }
        let _ = writeln!(text, "all {} cases: {}", self.0.len(), self.line(None));
        text
    }

    fn line(&self, theme: Option<&str>) -> String {
        let counts = Verdict::ALL.map(|verdict| format!("{} {}", self.count(theme, verdict), verdict.name()));
        counts.join(", ")
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let counts = |theme: Option<&str>| -> BTreeMap<&str, usize> {
            Verdict::ALL
                .iter()
                .map(|verdict| (verdict.name(), self.count(theme, *verdict)))
                .collect()
        };
        let themes = self.themes();
        let themes: Vec<Value> = themes
            .iter()
            .map(|theme| json!({ "theme": theme, "counts": counts(Some(theme)) }))
            .collect();
        let faulty: Vec<Value> = self
            .faulty()
            .map(|outcome| {
                let faults = outcome.faults.iter();
                let faults: Vec<Value> = faults.map(|(what, expected, found)| json!({ "what": what, "expected": expected, "found": found })).collect();
                json!({ "theme": outcome.theme, "name": outcome.name, "verdict": outcome.verdict.name(), "faults": faults })
            })
            .collect();
        json!({ "cases": self.0.len(), "counts": counts(None), "themes": themes, "faulty": faulty })
    }
}

/// Long texts below the line that they belong to. Of a draft, without its settings of the model, which no case asks for.
fn indented(text: &str) -> String {
    let text = text.split("\n[model]").next().unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let lines: Vec<String> = lines.take(40).map(|line| line.chars().take(300).collect()).collect();
    lines.join("\n        | ")
}
