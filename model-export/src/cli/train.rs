//! `selvedge train`.

use super::Context;
use crate::report::Report;
use crate::report::{Table, count};
use crate::train::{self, Summary};
use selvedge_lake::explain::Error;

/// `selvedge train` takes everything from the configuration.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Trains and says how it went.
///
/// # Errors
/// Configuration, lake or training.
pub fn run(_: Args, context: &Context) -> Result<(), Error> {
    let config = context.config()?;
    let spinner = context.progress("train", 0);
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    let summary = train::run(&config);
    spinner.finish_and_clear();
    context.print(&summary?)
}

impl Report for Summary {
    const STAGE: &'static str = "train";

    fn render(&self) -> String {
        let description = &self.description;
        let mut table = Table::new(&["train", ""]);
        table.row(["events", &count(self.events as u64)]);
        table.row(["users", &count(description.users as u64)]);
        table.row(["items", &count(description.items as u64)]);
        table.row(["user-item pairs", &count(description.interactions as u64)]);
        table.row(["factors", &description.dims.to_string()]);
        table.row(["iterations", &description.iterations.to_string()]);
        table.row(["seconds", &format!("{:.1}", self.train_s)]);
        let mut text = table.render();
        match &description.validation {
            Some(curve) => {
                let values: Vec<String> = curve.values.iter().map(|value| format!("{value:.4}")).collect();
                text.push_str(&format!(
                    "\n{} on the last days, {} users, after each iteration:\n  {}\n",
                    curve.metric,
                    count(curve.users as u64),
                    values.join(" ")
                ));
            }
            None => {
                text.push_str("\nNo validation: too few users in train.validation_days, all iterations were done.\n")
            }
        }
        text
    }
}
