//! The stage `evaluate`: what a model is worth on events that it has not seen.
//!
//! `docs/evaluation.md` has the protocol, and every metric as a formula with its source.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _};
use selvedge_lake::explain::{Error, Exit, Explain};
use selvedge_models::evaluation::{
    Evaluation, EvaluationError, GivenSplit, SegmentPlan, Split, SplitBy, TimeSplit, evaluate,
};
use selvedge_models::interval::Estimate;

use super::train::SECTIONS;
use crate::codings::frontier;
use crate::config::Config;
use crate::context::ArgumentError;
use crate::events::{EventsError, read_log};
use crate::model::{JudgedEvaluation, ModelDir, ModelError};
use crate::recommender::{ImportError, recommender};
use crate::report::{Report, Table, count};
use crate::stage::{DigestError, Input, Stage, Work, origin};

/// The stage.
pub struct Evaluate;

/// Options of `selvedge evaluate`.
#[derive(Debug, clap::Args)]
#[group(id = "evaluate")]
struct Options {
    /// Judge on a folder with its own split (train.txt and the part, lines of `user item item …`) instead of the lake
    #[arg(long, value_name = "DIR")]
    given: Option<PathBuf>,
    /// The part of --given that is predicted
    #[arg(long, default_value = "test", requires = "given", value_name = "NAME")]
    part: String,
}

impl Stage for Evaluate {
    fn name(&self) -> &'static str {
        "evaluate"
    }

    fn about(&self) -> &'static str {
        "Measure the model on events that it has not seen"
    }

    fn inputs(&self) -> &'static [Input] {
        &[
            Input::Lake,
            Input::File("imported item vectors", |config| config.train.import.clone()),
        ]
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["evaluation.json"]
    }

    fn sections(&self) -> &'static [&'static str] {
        &["train", "events.time_zone", "segment", "evaluate"]
    }

    fn options(&self, command: Command) -> Command {
        Options::augment_args(command)
    }

    fn options_in_run(&self) -> bool {
        false
    }

    fn only_shows(&self, options: &ArgMatches) -> bool {
        options.contains_id("given")
    }

    fn run(&self, work: &Work<'_>) -> Result<(), Error> {
        let options = Options::from_arg_matches(work.options).map_err(ArgumentError)?;
        let evaluation = work.busy(|| match &options.given {
            Some(dir) => judge_given(work.config, dir, &options.part),
            None => judge(work.config, work.model),
        })?;
        work.context.print(&evaluation)
    }
}

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// There is nothing to judge, or no model.
    #[error(transparent)]
    Judge(#[from] EvaluationError),
    /// A data set with its own split cannot be read.
    #[error("cannot read {}", path.display())]
    ReadGiven {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The events cannot be read.
    #[error(transparent)]
    Read(#[from] EventsError),
    /// Lake or configuration cannot be digested.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// The table of imported vectors cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The result cannot be written.
    #[error(transparent)]
    Write(#[from] ModelError),
}

impl Explain for EvaluateError {
    fn exit(&self) -> Exit {
        match self {
            Self::Judge(EvaluationError::EmptyPart { .. } | EvaluationError::Given(_)) => Exit::Data,
            Self::ReadGiven { .. } => Exit::Environment,
            Self::Judge(_) => Exit::Usage,
            Self::Read(error) => error.exit(),
            Self::Digest(error) => error.exit(),
            Self::Import(error) => error.exit(),
            Self::Write(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Judge(EvaluationError::EmptyPart { .. }) => {
                "all events that count are of one time: more days of events are needed"
            }
            Self::Judge(EvaluationError::Serve(_)) => "lower train.factors, or raise train.regularisation",
            Self::Judge(EvaluationError::Given(_)) | Self::ReadGiven { .. } => {
                "give a folder with train.txt and the part, lines of `user item item …`, numbers from 0"
            }
            Self::Judge(_) => "correct the value in [train]",
            Self::Read(error) => return error.hint(),
            Self::Digest(error) => return error.hint(),
            Self::Import(error) => return error.hint(),
            Self::Write(error) => return error.hint(),
        };
        Some(text.to_owned())
    }
}

/// Judges on the last days of the lake and writes `evaluation.json`.
///
/// # Errors
/// [`EvaluateError`].
pub fn judge(config: &Config, model: &ModelDir) -> Result<Evaluation, EvaluateError> {
    let split = TimeSplit {
        k: list_length(config),
        test_days: config.evaluate.test_days,
        min_judged: usize::try_from(config.evaluate.min_judged).unwrap_or(usize::MAX),
        fit: config.train.fit_plan(),
        segments: SegmentPlan {
            search: config.segment.search(config.train.seed),
            lists: config.segment.lists,
            length: config.pack.list_length(),
        },
    };
    let start = Instant::now();
    let clock_us = || start.elapsed().as_secs_f64() * 1e6;
    let judged = JudgedEvaluation {
        origin: origin(config, SECTIONS)?,
        evaluation: evaluate(&read_log(config)?, recommender(config)?.as_ref(), &split, &clock_us)?,
    };
    model.write_evaluation(&judged)?;
    Ok(judged.evaluation)
}

/// Judges the configured training on a data set that comes with its own split; writes nothing.
///
/// # Errors
/// [`EvaluateError`].
pub fn judge_given(config: &Config, dir: &Path, part: &str) -> Result<Evaluation, EvaluateError> {
    Ok(read_given(dir, part)?.evaluate(recommender(config)?.as_ref(), list_length(config))?)
}

/// The parts whose largest numbers make the shape of the matrix, whichever of them is predicted.
const PARTS: [&str; 3] = ["train", "valid", "test"];

/// Reads `<dir>/train.txt` and `<dir>/<part>.txt`.
///
/// # Errors
/// A file cannot be read, or has a line that is no list of numbers.
pub fn read_given(dir: &Path, part: &str) -> Result<GivenSplit, EvaluateError> {
    let mut texts = Vec::new();
    for name in PARTS.into_iter().chain([part]) {
        let path = dir.join(name).with_extension("txt");
        let wanted = name == "train" || name == part;
        if texts.iter().any(|(known, _)| *known == name) || !(wanted || path.is_file()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|source| EvaluateError::ReadGiven { path, source })?;
        texts.push((name, text));
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let set = dir.file_name().unwrap_or_default().to_string_lossy();
    Ok(GivenSplit::parse(&set, part, &texts)?)
}

fn list_length(config: &Config) -> usize {
    usize::try_from(config.evaluate.k).unwrap_or(usize::MAX)
}

impl Report for Evaluation {
    const STAGE: &'static str = "evaluate";

    fn render(&self) -> String {
        let k = self.k;
        let split = match &self.split {
            Split::Time {
                at_ms,
                until_ms,
                by,
                strays,
            } => {
                let mut text = format!("trained before {}, tested until {}", time(*at_ms), time(*until_ms));
                text.push_str(match by {
                    SplitBy::TestDays => "",
                    SplitBy::LastTenthOfTime => {
                        ": the last tenth of the time, for evaluate.test_days would judge too few"
                    }
                    SplitBy::LastTenthOfEvents => {
                        ": the last tenth of the events, for evaluate.test_days would judge too few"
                    }
                });
                if *strays > 0 {
                    text.push_str(&format!(
                        "\n{} events behind it are left out: their dates are too far behind all others to be meant",
                        count(*strays as u64)
                    ));
                }
                text
            }
            Split::Given { set, part } => format!("{set}: trained on train, tested on {part}"),
        };
        let mut text = format!(
            "{split}\n{} users, {} items, {} pairs, {} iterations\n",
            count(self.users as u64),
            count(self.items as u64),
            count(self.interactions as u64),
            self.iterations
        );
        if self.test_users > 0 {
            let judged = self.protocols.first().map_or(0, |protocol| protocol.users);
            text.push_str(&format!(
                "judged: {} of {} users of the test part ({:.0} %); {} were not known before\n",
                count(judged as u64),
                count(self.test_users as u64),
                100.0 * self.judged_share(),
                count(self.users_without_history as u64)
            ));
        }
        for protocol in &self.protocols {
            if protocol.users == 0 {
                text.push_str(&format!(
                    "\nnobody could be judged on {} items: there is no verdict\n",
                    protocol.name
                ));
                continue;
            }
            let what = match protocol.name.as_str() {
                "new" => "items new to the user; items seen before are left out of the lists",
                _ => "all items, repeats included; nothing is left out of the lists",
            };
            text.push_str(&format!(
                "\n{what}\n{} users, {:.1} held-out items each; ± is the 95 % interval\n\n",
                count(protocol.users as u64),
                protocol.held_out_per_user
            ));
            let (recall, ndcg, mrr, hit) = (
                format!("recall@{k}"),
                format!("NDCG@{k}"),
                format!("MRR@{k}"),
                format!("hit rate@{k}"),
            );
            let mut table = Table::new(&["ranking", &recall, &ndcg, &mrr, &hit, "coverage", "novelty, bits"]);
            for ranking in &protocol.rankings {
                let cell = |estimate: &Estimate, digits: usize| {
                    format!(
                        "{:.digits$} ±{:.digits$}",
                        estimate.value,
                        estimate.high - estimate.value
                    )
                };
                table.row([
                    ranking.name.clone(),
                    cell(&ranking.recall, 4),
                    cell(&ranking.ndcg, 4),
                    cell(&ranking.mrr, 4),
                    cell(&ranking.hit_rate, 3),
                    cell(&ranking.coverage, 4),
                    cell(&ranking.novelty, 2),
                ]);
            }
            text.push_str(&table.render());
        }
        if !self.codings.is_empty() {
            text.push_str(
                "\nsmaller codes, judged on the first question; an exact search on one core, without the encoding\n\n",
            );
            text.push_str(&frontier(&self.codings));
        }
        text
    }
}

fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| format!("{at_ms} ms"), |at| format!("{at:.0}"))
}
