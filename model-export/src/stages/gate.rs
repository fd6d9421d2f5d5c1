//! The stage `gate`: whether the model that was trained may be packed.
//!
//! The gate is `evaluate.must_beat`: the model as served must not fall behind a ranking that needs no model; and
//! `evaluate.min_judged`: a comparison over a handful of visitors is no verdict. The verdict names the files of the model, the
//! lake and the section `[evaluate]`, so that it is a verdict on these and on nothing else. Whoever wants neither declares it
//! (`must_beat = "none"`, `min_judged = 0`); then the verdict says that nothing was asked for, and passes.

use selvedge_lake::explain::Error;
use serde::Serialize;

use crate::config::{Config, ToBeat};
use crate::model::{Description, JudgedEvaluation};
use crate::report::Report;
use crate::stage::{Gate, GateError, Input, Reason, Stage, Verdict, VerdictInputs, Work, verdict_file};

/// The stage.
pub struct EvaluationGate;

const GATE: Gate = Gate {
    name: "evaluation",
    judges: "evaluate",
};

const SECTIONS: &[&str] = &["evaluate"];

impl Stage for EvaluationGate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn about(&self) -> &'static str {
        "Decide whether the model may be packed"
    }

    fn inputs(&self) -> &'static [Input] {
        &[
            Input::Lake,
            Input::Stage("train"),
            Input::Stage("segment"),
            Input::Stage("evaluate"),
        ]
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["verdict-evaluation.json"]
    }

    fn sections(&self) -> &'static [&'static str] {
        SECTIONS
    }

    fn gate(&self) -> Option<Gate> {
        Some(GATE)
    }

    fn run(&self, work: &Work<'_>) -> Result<(), Error> {
        let description = work.model.read_description()?;
        let evaluation = work.model.read_evaluation()?;
        let inputs = VerdictInputs::now(work.model, work.gates.files, work.config, SECTIONS)?;
        let reasons = reasons(&evaluation, &description, &inputs.lake, work.config);
        let verdict = Verdict::new(GATE.name, is_configured(work.config), reasons, inputs);
        work.model.write_json_file(&verdict_file(GATE.name), &verdict)?;
        work.context.print(&Told { verdict: &verdict })?;
        if verdict.passed {
            return Ok(());
        }
        Err(GateError::NotPassed {
            gate: verdict.gate,
            reasons: verdict.reasons,
        }
        .into())
    }
}

/// What there is to look at. The evaluation has to be one of a model that was made as this one was: a baseline that was
/// beaten on other data, or with other settings, says nothing.
fn reasons(evaluation: &JudgedEvaluation, description: &Description, lake: &str, config: &Config) -> Vec<Reason> {
    if !is_configured(config) {
        return vec![Reason {
            what: "no gate configured".to_owned(),
            found: "evaluate.must_beat = \"none\" and evaluate.min_judged = 0".to_owned(),
            expected: "nothing".to_owned(),
            holds: true,
        }];
    }
    let same = |what: &str, found: &str, expected: &str| Reason {
        what: what.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
        holds: found == expected,
    };
    let evaluation_of = &evaluation.origin;
    let judged = &evaluation.evaluation;
    let (question, simple) = config.evaluate.must_beat.asks();
    let mut reasons = vec![
        same("lake that evaluation.json is of", &evaluation_of.lake, lake),
        same("lake that the model was trained on", &description.origin.lake, lake),
        same(
            "settings of training that evaluation.json is of",
            &evaluation_of.training,
            &description.origin.training,
        ),
    ];
    let protocol = judged.protocols.iter().find(|protocol| protocol.name == question);
    let users = protocol.map_or(0, |protocol| protocol.users);
    let wanted = usize::try_from(config.evaluate.min_judged).unwrap_or(usize::MAX);
    let items = if question == "new" {
        "items new to the user"
    } else {
        "all items"
    };
    reasons.push(Reason {
        what: format!("users judged on {items}"),
        found: users.to_string(),
        expected: format!("at least {wanted} (evaluate.min_judged)"),
        holds: users >= wanted,
    });
    let rankings = || protocol.into_iter().flat_map(|protocol| &protocol.rankings);
    let best = rankings()
        .filter(|ranking| simple.contains(&ranking.name.as_str()))
        .max_by(|a, b| a.ndcg.value.total_cmp(&b.ndcg.value));
    if !simple.is_empty() {
        let served = rankings().find(|ranking| ranking.is_as_served());
        let name = served.map_or("the model as served", |ranking| ranking.name.as_str());
        let value = served.map_or(0.0, |ranking| ranking.ndcg.value);
        reasons.push(Reason {
            what: format!("NDCG@{} of {name} on {items}", judged.k),
            found: format!("{value:.4}"),
            expected: best.map_or_else(
                || format!("at least that of {}, which was not judged", simple.join(" or ")),
                |best| format!("at least the {:.4} of {}", best.ndcg.value, best.name),
            ),
            // On nobody nothing is ahead of anything.
            holds: users > 0 && best.is_some_and(|best| value >= best.ndcg.value),
        });
    }
    reasons
}

/// Whether anything is asked for.
fn is_configured(config: &Config) -> bool {
    config.evaluate.must_beat != ToBeat::None || config.evaluate.min_judged > 0
}

#[derive(Serialize)]
struct Told<'v> {
    verdict: &'v Verdict,
}

impl Report for Told<'_> {
    const STAGE: &'static str = "gate";

    fn render(&self) -> String {
        let verdict = self.verdict;
        if !verdict.configured {
            return "no gate configured: evaluate.must_beat is \"none\"\n".to_owned();
        }
        let mut text = format!(
            "{}: {}\n",
            verdict.gate,
            if verdict.passed { "passed" } else { "not passed" }
        );
        for reason in &verdict.reasons {
            let sign = if reason.holds { "✓" } else { "✗" };
            text.push_str(&format!(
                "{sign} {}: {}, expected {}\n",
                reason.what,
                short(&reason.found),
                short(&reason.expected)
            ));
        }
        text
    }
}

/// Digests by their first digits.
fn short(text: &str) -> &str {
    let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { &text[..12] } else { text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeMap;

    use selvedge_models::evaluation::{Evaluation, Protocol, Ranking, Split, SplitBy};
    use selvedge_models::interval::Estimate;

    use super::*;
    use crate::model::Origin;

    fn origin(lake: &str) -> Origin {
        Origin {
            lake: lake.to_owned(),
            training: "t".to_owned(),
        }
    }

    fn ranking(name: &str, ndcg: f64) -> Ranking {
        let estimate = Estimate::mean(&[ndcg]);
        Ranking {
            name: name.to_owned(),
            recall: estimate,
            ndcg: estimate,
            mrr: estimate,
            hit_rate: estimate,
            coverage: estimate,
            novelty: estimate,
        }
    }

    fn evaluation(served: f64) -> JudgedEvaluation {
        JudgedEvaluation {
            evaluation: Evaluation {
                split: Split::Time {
                    at_ms: 1,
                    until_ms: 2,
                    by: SplitBy::TestDays,
                    strays: 0,
                },
                k: 20,
                iterations: 1,
                users: 1,
                items: 1,
                interactions: 1,
                users_without_history: 0,
                test_users: 40,
                protocols: vec![Protocol {
                    name: "all".to_owned(),
                    users: 40,
                    held_out_per_user: 1.0,
                    rankings: vec![ranking("most-popular", 0.1), ranking("als-served", served)],
                }],
                codings: Vec::new(),
            },
            origin: origin("lake"),
        }
    }

    fn description(lake: &str) -> Description {
        Description {
            dims: 1,
            unobserved_weight: 0.1,
            regularisation: 0.1,
            regularisation_exponent: 1.0,
            iterations: 1,
            seed: 1,
            trained_until_ms: 2,
            weights: BTreeMap::new(),
            half_life_days: None,
            time_zone: "UTC".to_owned(),
            users: 1,
            items: 1,
            interactions: 1,
            validation: None,
            origin: origin(lake),
        }
    }

    fn holds(served: f64, lake: &str, config: &Config) -> Vec<bool> {
        let reasons = reasons(&evaluation(served), &description(lake), "lake", config);
        reasons.iter().map(|reason| reason.holds).collect()
    }

    #[test]
    fn a_model_that_falls_behind_its_baseline_does_not_pass() {
        let mut config = Config::default();
        config.evaluate.must_beat = ToBeat::MostPopular;
        assert_eq!(holds(0.2, "lake", &config), [true; 5]);
        assert_eq!(holds(0.01, "lake", &config), [true, true, true, true, false]);
        let refused = reasons(&evaluation(0.01), &description("lake"), "lake", &config);
        assert_eq!(refused[4].what, "NDCG@20 of als-served on all items");
        assert_eq!(refused[4].expected, "at least the 0.1000 of most-popular");
        config.evaluate.must_beat = ToBeat::None;
        assert_eq!(holds(0.01, "lake", &config), [true; 4], "nothing is to be beaten");
        config.evaluate.min_judged = 0;
        assert_eq!(holds(0.01, "lake", &config), [true], "nothing is asked for");
    }

    #[test]
    fn by_default_the_best_simple_ranking_on_new_items_is_to_be_beaten() {
        let config = Config::default();
        let mut evaluation = evaluation(0.2);
        let told = |evaluation: &JudgedEvaluation| {
            let reasons = reasons(evaluation, &description("lake"), "lake", &config);
            reasons.iter().map(|reason| reason.holds).collect::<Vec<_>>()
        };
        let mut new = evaluation.evaluation.protocols[0].clone();
        new.name = "new".to_owned();
        new.rankings.push(ranking("recently-popular", 0.3));
        evaluation.evaluation.protocols.push(new);
        assert_eq!(
            told(&evaluation),
            [true, true, true, true, false],
            "behind recently-popular"
        );
        evaluation.evaluation.protocols[1].rankings[1].ndcg.value = 0.4;
        assert_eq!(told(&evaluation), [true; 5]);
        evaluation.evaluation.protocols[1].users = 29;
        assert_eq!(
            told(&evaluation),
            [true, true, true, false, true],
            "too few are no verdict"
        );
        evaluation.evaluation.protocols[1].users = 0;
        assert_eq!(told(&evaluation), [true, true, true, false, false], "nobody was judged");
    }

    #[test]
    fn an_evaluation_on_other_data_than_the_models_does_not_count() {
        let mut config = Config::default();
        config.evaluate.must_beat = ToBeat::MostPopular;
        assert_eq!(holds(0.2, "older lake", &config), [true, false, true, true, true]);
    }
}
