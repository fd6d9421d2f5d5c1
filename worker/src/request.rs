//! What every resource is given: the request, its surroundings, and the notes that end up in the answer's headers.

use std::rc::Rc;

use selvedge::context::{Device, LocalTime};

use crate::config::Config;
use crate::counters::Fallbacks;
use crate::incoming::Incoming;
use crate::local_time;
use crate::problem::Problem;
use crate::runtime::bindings::{Context, Env};
use crate::timing::Timing;

/// One call of the API.
pub struct Call<'c> {
    /// The request.
    pub incoming: &'c Incoming,
    /// The bindings.
    pub env: &'c Env,
    /// The event that work behind the answer is bound to.
    pub context: &'c Context,
    /// The isolate's configuration.
    pub config: Rc<Config>,
    /// The one time that everything in this call goes by, Unix milliseconds.
    pub now_ms: u64,
    /// What fell back.
    pub fallbacks: Fallbacks,
    /// Where the time went.
    pub timing: Timing,
}

/// What a request tells without a profile, owned.
pub struct Surroundings {
    clock: Box<dyn Fn() -> u64>,
    locale: String,
    device: Device,
}

impl Surroundings {
    /// Local time, language and class of device.
    pub fn of(incoming: &Incoming, now_ms: u64) -> Self {
        let languages = incoming.header("accept-language").unwrap_or_default();
        let first = languages.split([',', ';']).next().unwrap_or("").trim();
        Self {
            clock: local_time::clock(incoming, now_ms),
            locale: first.to_owned(),
            device: Device::detect(
                incoming.header("sec-ch-ua-mobile").as_deref(),
                &incoming.header("user-agent").unwrap_or_default(),
            ),
        }
    }

    /// As the core takes it.
    pub fn context(&self) -> selvedge::context::Context<'_> {
        selvedge::context::Context {
            local_time: LocalTime::asked(&self.clock),
            locale: &self.locale,
            device: self.device,
        }
    }
}

/// The query of a list of items.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// How many items; the core knows how many are allowed.
    pub n: Option<usize>,
    /// Only items of this category.
    pub category: Option<String>,
    /// None of these items.
    pub exclude: Vec<String>,
}

impl ListQuery {
    /// Reads the query. Parameters that are not ours are left alone: pages add their own.
    ///
    /// # Errors
    /// A 400 problem for an `n` that is no number.
    pub fn of(incoming: &Incoming) -> Result<Self, Problem> {
        let mut query = Self::default();
        for (name, value) in incoming.query() {
            match name.as_str() {
                "n" => {
                    let n = value
                        .parse()
                        .map_err(|_| Problem::parameter("n", "a whole number from 1", &value))?;
                    query.n = Some(n);
                }
                "category" => query.category = (!value.is_empty()).then_some(value),
                "exclude" => {
                    let ids = value.split(',').map(str::trim).filter(|id| !id.is_empty());
                    query.exclude.extend(ids.map(str::to_owned));
                }
                _ => {}
            }
        }
        Ok(query)
    }
}
