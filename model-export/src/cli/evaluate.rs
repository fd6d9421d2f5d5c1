//! `selvedge evaluate`.

use std::path::PathBuf;

use super::Context;
use super::pack::frontier;
use crate::evaluate;
use crate::report::Report;
use crate::report::{Table, count};
use selvedge_lake::explain::Error;
use selvedge_models::evaluation::{Evaluation, Split};
use selvedge_models::interval::Estimate;

/// Arguments of `selvedge evaluate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Judge on a folder with its own split (train.txt and the part, lines of `user item item …`) instead of the lake
    #[arg(long, value_name = "DIR")]
    pub given: Option<PathBuf>,
    /// The part of --given that is predicted
    #[arg(long, default_value = "test", requires = "given", value_name = "NAME")]
    pub part: String,
}

/// Judges the model and prints what it is worth.
///
/// # Errors
/// Configuration, lake or training.
pub fn run(args: Args, context: &Context) -> Result<(), Error> {
    let config = context.config()?;
    let spinner = context.progress("evaluate", 0);
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    let evaluation = match &args.given {
        Some(dir) => evaluate::run_given(&config, dir, &args.part),
        None => evaluate::run(&config),
    };
    spinner.finish_and_clear();
    let evaluation = evaluation?;
    context.print(&evaluation)?;
    // A split of its own has nothing to do with what is packed.
    if args.given.is_none() {
        evaluate::gate(&evaluation, &config)?;
    }
    Ok(())
}

impl Report for Evaluation {
    const STAGE: &'static str = "evaluate";

    fn render(&self) -> String {
        let k = self.k;
        let split = match &self.split {
            Split::Time { at_ms, until_ms } => {
                format!("trained before {}, tested until {}", time(*at_ms), time(*until_ms))
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
        for protocol in &self.protocols {
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
