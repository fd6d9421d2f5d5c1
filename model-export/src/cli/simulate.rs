//! `selvedge simulate`.

use std::path::PathBuf;

use crate::context::Invocation;
use crate::report::Report;
use crate::report::{Table, count};
use crate::simulate::{self, Options, Recommended, Simulation};
use selvedge_lake::explain::Error;

/// Arguments of `selvedge simulate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Numbers of segments to try
    #[arg(long, value_delimiter = ',', default_value = "1,2,4,8,16,32,64,128", value_parser = clap::value_parser!(u32).range(1..=4096), value_name = "N,N,…")]
    pub segments: Vec<u32>,
    /// Times to live to try, seconds
    #[arg(long, value_delimiter = ',', default_value = "30,60,300", value_parser = clap::value_parser!(u32).range(1..), value_name = "S,S,…")]
    pub ttl: Vec<u32>,
    /// Mean requests per second over all locations; without it, as logged
    #[arg(long, allow_negative_numbers = true, value_parser = positive, value_name = "RATE")]
    pub requests_per_s: Option<f64>,
    /// Edge locations, each with a cache of its own; the i-th gets a share of 1/i
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "N")]
    pub locations: u32,
    /// Seconds after which a new snapshot comes and caches begin anew
    #[arg(long, default_value_t = 3600.0, value_parser = positive, value_name = "S")]
    pub refresh: f64,
    /// The hit ratio that the recommendation has to reach
    #[arg(long, default_value_t = 0.95, value_parser = share, value_name = "SHARE")]
    pub hit_ratio: f64,
    /// Also draw the frontier, at the first time to live
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Write the recommendation into the configuration file
    #[arg(long)]
    pub write: bool,
    /// Requests to replay at most, by leaving users out
    #[arg(long, default_value_t = 50_000, value_name = "N")]
    pub requests: usize,
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// Replays the last days and prints the frontier.
///
/// # Errors
/// Configuration, lake or training.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let config = context.config()?;
    let options = Options {
        segments: args.segments,
        ttl_s: args.ttl,
        requests_per_s: args.requests_per_s,
        locations: args.locations,
        refresh_s: args.refresh,
        hit_ratio: args.hit_ratio,
        requests: args.requests,
    };
    let spinner = context.progress("simulate", 0);
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    let simulation = simulate::run(&config, &options);
    spinner.finish_and_clear();
    let simulation = simulation?;
    if let Some(path) = &args.plot {
        let title = format!(
            "NDCG kept by hit ratio, times to live of {} s",
            options.ttl_s.first().unwrap_or(&0)
        );
        selvedge_lake::storage::atomic::write_bytes(path, simulate::plot(&simulation, &title)?.as_bytes())?;
    }
    if args.write && !simulation.is_worth_keeping() {
        context.note(&format!(
            "{}: nothing written, for lists for each visitor are not better than one list for all",
            context.config_path().display()
        ));
    } else if args.write
        && let Some(found) = &simulation.recommended
        && simulation.kept_by_everyone() > found.kept
    {
        context.note(&format!(
            "{}: nothing written, for one list for all keeps more than lists for segments",
            context.config_path().display()
        ));
    } else if args.write
        && let Some(found) = &simulation.recommended
    {
        simulate::write(context.config_path(), found)?;
        context.note(&format!(
            "{}: segment.count = {}, ttl_s = {}",
            context.config_path().display(),
            found.segments,
            found.ttl_s
        ));
    }
    context.print(&simulation)
}

impl Report for Simulation {
    const STAGE: &'static str = "simulate";

    fn render(&self) -> String {
        let (k, costs) = (self.k, &self.costs);
        if !self.is_worth_keeping() {
            return format!(
                "{} requests of {} visitors\nNDCG@{k} for each visitor {:.4} ±{:.4}, one list for all {:.4}\n\
                 nothing to keep: lists for each visitor are not better than one list for all\n\nfor selvedge.toml:\n\n[[slots]]\naudience = \"everyone\"\n",
                count(self.requests as u64),
                count(self.users as u64),
                self.personal.value,
                self.personal.high - self.personal.value,
                self.everyone.value,
            );
        }
        let mut text = format!(
            "{} requests of {} visitors, {:.3} a second over {} locations, a new snapshot every {} s, stale answers for {} s\n\
             NDCG@{k} for each visitor {:.4} ±{:.4}, one list for all {:.4} ({:.1} %)\n\
             the core's calls on this machine, µs: plan {:.1}, shared answer {:.1}, own answer {:.1}, exclude {:.1}, rerank {:.1}\n\n",
            count(self.requests as u64),
            count(self.users as u64),
            self.requests_per_s,
            self.locations,
            self.refresh_s,
            self.stale_while_revalidate_s,
            self.personal.value,
            self.personal.high - self.personal.value,
            self.everyone.value,
            100.0 * self.kept_by_everyone(),
            costs.plan_us,
            costs.shared_us,
            costs.personal_us,
            costs.exclude_us,
            costs.rerank_us,
        );
        let mut header = vec![
            "segments",
            "k-means",
            "tree",
            "voted",
            "exclude",
            "still shared",
            "rerank",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
        let ttls = self.levels.first().map_or(&[][..], |level| &level.caches);
        for cache in ttls {
            header.push(format!("hits, {} s", cache.ttl_s));
            header.push("CPU ms/1,000".to_owned());
        }
        let names: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = Table::new(&names);
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        for level in &self.levels {
            let kept = [
                level.kept_k_means,
                level.kept_tree,
                level.kept_voted,
                level.kept_exclude,
                level.still_shared,
                level.kept_rerank,
            ]
            .map(percent);
            let caches = level
                .caches
                .iter()
                .flat_map(|cache| [percent(cache.hit_ratio), format!("{:.1}", cache.cpu_ms_per_1000)]);
            table.row([level.segments.to_string()].into_iter().chain(kept).chain(caches));
        }
        let none = || "–".to_owned();
        let everyone = &self.everyone;
        let kept = [
            everyone.kept,
            everyone.kept_exclude,
            everyone.still_shared,
            everyone.kept_rerank,
        ]
        .map(percent);
        let row = ["everyone".to_owned(), none(), none()].into_iter().chain(kept);
        table.row(row.chain(ttls.iter().flat_map(|_| [none(), none()])));
        text.push_str(
            "share of per-visitor NDCG that is kept, by how segments and their lists are made, and by per_visitor; still shared: of requests \
             with per_visitor = \"exclude\"; hit ratios of the tree\n\n",
        );
        text.push_str(&table.render());
        text.push('\n');
        let shown = |found: &Recommended| {
            format!(
                "{} of full personalization at a hit ratio of {} ({} segments, {} s)",
                percent(found.kept),
                percent(found.hit_ratio),
                found.segments,
                found.ttl_s
            )
        };
        match &self.recommended {
            Some(found) => {
                text.push_str(&format!(
                    "kept: {}\n\
                     with per_visitor = \"exclude\" {}, and {} of requests still shared; with per_visitor = \"rerank\" {}, for {:.0} µs where an own answer takes {:.0}\n",
                    shown(found),
                    percent(found.kept_exclude),
                    percent(found.still_shared),
                    percent(found.kept_rerank),
                    costs.rerank_us,
                    costs.personal_us,
                ));
                if let Some(before) = &self.before {
                    text.push_str(&format!("k-means and centroids alone: {}\n", shown(before)));
                }
                let everyone = self.kept_by_everyone() > found.kept;
                if everyone {
                    text.push_str(&format!(
                        "one list for all keeps more: {}, with per_visitor = \"exclude\" {}, \"rerank\" {}\n",
                        percent(self.kept_by_everyone()),
                        percent(self.everyone.kept_exclude),
                        percent(self.everyone.kept_rerank)
                    ));
                    text.push_str("\nfor selvedge.toml:\n\n[[slots]]\naudience = \"everyone\"\n");
                } else {
                    text.push_str(&format!(
                        "\nfor selvedge.toml:\n\n[segment]\ncount = {}\n\n[[slots]]\n",
                        found.segments
                    ));
                }
                text.push_str(&format!("ttl_s = {}\n", found.ttl_s));
                let kept = match everyone {
                    true => [
                        self.everyone.kept,
                        self.everyone.kept_exclude,
                        self.everyone.kept_rerank,
                    ],
                    false => [found.kept, found.kept_exclude, found.kept_rerank],
                };
                if let Some((option, kept)) = worthwhile(kept) {
                    text.push_str(&format!(
                        "# per_visitor = \"{option}\"   # keeps {}; who is known gets an answer of its own\n",
                        percent(kept)
                    ));
                }
            }
            None => text.push_str(&format!(
                "nothing reaches a hit ratio of {}: more traffic, longer times to live or fewer locations would\n",
                percent(self.hit_ratio)
            )),
        }
        text
    }
}

/// What of a shared list is worth making for one visitor, and what that keeps; nothing where it hardly keeps more. Leaving
/// items out is preferred, as it shares more.
fn worthwhile([shared, exclude, rerank]: [f64; 3]) -> Option<(&'static str, f64)> {
    const HARDLY: f64 = 0.02;
    if rerank > exclude + HARDLY {
        return Some(("rerank", rerank));
    }
    (exclude > shared + HARDLY).then_some(("exclude", exclude))
}
