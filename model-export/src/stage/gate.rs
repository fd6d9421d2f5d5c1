//! Verdicts of gates, and who asks for them.
//!
//! A gate is a stage that judges a model and writes a verdict file beside it. Packing and publishing go on only with a
//! passing verdict of every gate, and only if it names the very model, lake and settings that are packed: a verdict on
//! anything else is worth nothing. `--without-gate` goes on without, and says so in the snapshot and in the pointer.

use std::path::Path;

use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::{Lake, LakeError};
use serde::{Deserialize, Serialize};

use super::digest::{DigestError, digest_files, digest_sections};
use crate::config::Config;
use crate::model::{ModelDir, ModelError};

/// Raised when the fields of a verdict change their meaning.
const SCHEMA: u32 = 1;

/// A verdict file, `verdict-<gate>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Version of these fields.
    pub schema: u32,
    /// The gate.
    pub gate: String,
    /// Whether the model may be packed.
    pub passed: bool,
    /// Whether anything was asked for: a gate that is not configured passes everything, and says so.
    pub configured: bool,
    /// What was looked at.
    pub reasons: Vec<Reason>,
    /// What was judged.
    pub inputs: VerdictInputs,
}

/// One thing that a gate looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What was asked for.
    pub expected: String,
    /// Whether the one is as the other asks for.
    pub holds: bool,
}

/// Digests of what a gate judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictInputs {
    /// The files of the model that are packed.
    pub model: String,
    /// The lake's fingerprint.
    pub lake: String,
    /// The gate's section of the configuration.
    pub settings: String,
}

impl VerdictInputs {
    /// What there is to judge now: a unit's files, a lake, and a gate's sections of the configuration.
    ///
    /// # Errors
    /// A file of the model is missing, or the lake cannot be read.
    pub fn now(model: &ModelDir, files: &[&str], config: &Config, sections: &[&str]) -> Result<Self, DigestError> {
        let paths: Vec<_> = files.iter().map(|file| model.path().join(file)).collect();
        Ok(Self {
            model: digest_files(&paths)?,
            lake: Lake::open(&config.lake.dir)?.fingerprint()?,
            settings: digest_sections(config, sections)?,
        })
    }
}

impl Verdict {
    /// A verdict of what was looked at: passed if everything holds.
    #[must_use]
    pub fn new(gate: &str, configured: bool, reasons: Vec<Reason>, inputs: VerdictInputs) -> Self {
        Self {
            schema: SCHEMA,
            gate: gate.to_owned(),
            passed: reasons.iter().all(|reason| reason.holds),
            configured,
            reasons,
            inputs,
        }
    }
}

/// The name of a gate's verdict file.
#[must_use]
pub fn verdict_file(gate: &str) -> String {
    format!("verdict-{gate}.json")
}

/// That a stage is a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The gate's name in verdicts and in `models/current.json`.
    pub name: &'static str,
    /// The stage whose result it judges; after that stage's own verb, the gate judges as well.
    pub judges: &'static str,
}

/// A gate as those ask for it that must not go on without.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The gate.
    pub gate: Gate,
    /// The stage that is the gate.
    pub stage: &'static str,
    /// Its sections of the configuration.
    pub sections: &'static [&'static str],
}

/// All gates, and the files of a unit that their verdicts have to name.
#[derive(Clone, Copy, Debug)]
pub struct Gates<'g> {
    /// The gates.
    pub asked: &'g [Asked],
    /// The files of a model that are packed.
    pub files: &'g [&'static str],
}

/// Why a model is not packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The gate has not judged this unit.
    #[error("no verdict of the gate {gate} in {}", dir.display())]
    NoVerdict {
        /// The gate.
        gate: &'static str,
        /// The stage that judges.
        stage: &'static str,
        /// The unit.
        dir: std::path::PathBuf,
    },
    /// The verdict is on something else.
    #[error("the verdict of the gate {gate} is on another {what}: expected {expected}, found {found}")]
    Other {
        /// The gate.
        gate: &'static str,
        /// The stage that judges.
        stage: &'static str,
        /// Model, lake or settings.
        what: &'static str,
        /// The digest of what is packed.
        expected: String,
        /// The digest in the verdict.
        found: String,
    },
    /// The model did not pass.
    #[error("the gate {gate} was not passed: {}", told(reasons))]
    NotPassed {
        /// The gate.
        gate: String,
        /// What did not hold.
        reasons: Vec<Reason>,
    },
    /// The verdict cannot be read.
    #[error(transparent)]
    Read(#[from] ModelError),
    /// What is packed cannot be digested.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

fn told(reasons: &[Reason]) -> String {
    let failed = reasons.iter().filter(|reason| !reason.holds);
    let told: Vec<String> = failed
        .map(|reason| format!("{}: found {}, expected {}", reason.what, reason.found, reason.expected))
        .collect();
    told.join("; ")
}

impl Explain for GateError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoVerdict { .. } | Self::Other { .. } | Self::NotPassed { .. } => Exit::Gate,
            Self::Read(error) => error.exit(),
            Self::Digest(error) => error.exit(),
            Self::Lake(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoVerdict { .. } => Some(
                "run `selvedge evaluate`, which asks the gate; or pass --without-gate, which the snapshot will say"
                    .to_owned(),
            ),
            Self::Other { what: "settings", stage, .. } => Some(format!(
                "the gate's settings have changed: run `selvedge {stage}`, or pass --without-gate, which the snapshot will say"
            )),
            Self::Other { .. } => Some(
                "run `selvedge run`, or the stages that are behind; or pass --without-gate, which the snapshot will say"
                    .to_owned(),
            ),
            Self::NotPassed { reasons, .. } if reasons.iter().any(|reason| !reason.holds && reason.what.starts_with("users judged")) => Some(
                "nothing was packed: so few visitors say nothing. More days of events, or a larger evaluate.test_days, give more; \
                 evaluate.min_judged = 0 and must_beat = \"none\" pack it without a verdict"
                    .to_owned(),
            ),
            Self::NotPassed { .. } => Some(
                "nothing was packed, and what is published stays; look at the model and at the new data, or declare what it has to beat: evaluate.must_beat (docs/evaluation.md, \"The gate\")"
                    .to_owned(),
            ),
            Self::Read(error) => error.hint(),
            Self::Digest(error) => error.hint(),
            Self::Lake(error) => error.hint(),
        }
    }
}

/// That a model may be packed. Only [`Gates::clear`] and [`Cleared::without_gate`] make one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "serde_json::Value")]
pub struct Cleared(Option<Vec<&'static str>>);

impl Cleared {
    /// By declaration, without any gate.
    #[must_use]
    pub const fn without_gate() -> Self {
        Self(None)
    }

    /// The names of the gates for people and for the snapshot: `none (--without-gate)`, or the gates that were passed.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.0 {
            None => "none (--without-gate)".to_owned(),
            Some(passed) if passed.is_empty() => "nothing asked for".to_owned(),
            Some(passed) => format!("passed {}", passed.join(", ")),
        }
    }
}

impl From<Cleared> for serde_json::Value {
    /// `"none"` without gates, else the list of those that ask for something and were passed.
    fn from(cleared: Cleared) -> Self {
        cleared.0.map_or_else(|| "none".into(), Into::into)
    }
}

impl Gates<'_> {
    /// Whether every gate has passed this unit, with this lake and these settings.
    ///
    /// # Errors
    /// [`GateError`] for the first that has not.
    pub fn clear(&self, model: &ModelDir, config: &Config) -> Result<Cleared, GateError> {
        let mut passed = Vec::new();
        for Asked { gate, stage, sections } in self.asked {
            let name = gate.name;
            let absent = |dir: &Path| GateError::NoVerdict {
                gate: name,
                stage,
                dir: dir.to_owned(),
            };
            let verdict: Option<Verdict> = model.find_json_file(&verdict_file(name))?;
            let verdict = verdict
                .filter(|verdict| verdict.schema == SCHEMA && verdict.gate == name)
                .ok_or_else(|| absent(model.path()))?;
            let now = VerdictInputs::now(model, self.files, config, sections)?;
            let same = [
                ("model", &now.model, &verdict.inputs.model),
                ("lake", &now.lake, &verdict.inputs.lake),
                ("settings", &now.settings, &verdict.inputs.settings),
            ];
            for (what, expected, found) in same {
                if expected != found {
                    return Err(GateError::Other {
                        gate: name,
                        stage,
                        what,
                        expected: expected.clone(),
                        found: found.clone(),
                    });
                }
            }
            if !verdict.passed {
                return Err(GateError::NotPassed {
                    gate: verdict.gate,
                    reasons: verdict.reasons,
                });
            }
            if verdict.configured {
                passed.push(name);
            }
        }
        Ok(Cleared(Some(passed)))
    }
}
