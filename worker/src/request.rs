//! What every resource is given: the request, its surroundings, and the notes that end up in the answer's headers.

use std::borrow::Cow;
use std::rc::Rc;

use selvedge::context::{Context, Device, Locale, Told};

use crate::answer::Answer;
use crate::config::Config;
use crate::counters::Fallbacks;
use crate::incoming::Incoming;
use crate::local_time;
use crate::problem::Problem;
use crate::runtime::bindings::{self, Env};
use crate::timing::Timing;

/// One call of the API.
pub struct Call<'c> {
    /// The request.
    pub incoming: &'c Rc<Incoming>,
    /// The bindings.
    pub env: &'c Env,
    /// The event that work behind the answer is bound to.
    pub context: &'c bindings::Context,
    /// The isolate's configuration.
    pub config: Rc<Config>,
    /// The one time that everything in this call goes by, Unix milliseconds.
    pub now_ms: u64,
    /// What fell back.
    pub fallbacks: Fallbacks,
    /// Where the time went.
    pub timing: Timing,
    /// Whether the answer tells how it came about, in `Cache-Status` and `Server-Timing`.
    pub diagnostics: bool,
}

impl Call<'_> {
    /// The answer with its `Cache-Status` (RFC 9211), where it is to tell how it came about.
    pub fn tell_cache_status<S: Into<Cow<'static, str>>>(&self, answer: Answer, status: impl FnOnce() -> S) -> Answer {
        if self.diagnostics {
            answer.with("cache-status", status())
        } else {
            answer
        }
    }
}

/// What a request tells without a profile. Nothing of it is read before the core asks.
pub struct Surroundings {
    incoming: Rc<Incoming>,
    now_ms: u64,
}

impl Surroundings {
    /// Local time, language and class of device.
    pub fn of(call: &Call<'_>) -> Self {
        Self {
            incoming: Rc::clone(call.incoming),
            now_ms: call.now_ms,
        }
    }

    /// As the core takes it.
    pub fn tell<T>(&self, to: impl FnOnce(Context<'_>) -> T) -> T {
        let header = |name| self.incoming.header(name).unwrap_or_default();
        let local_ms = || local_time::local_ms(self.incoming.request(), self.now_ms);
        let locale = || Locale::first_of(&header("accept-language"));
        let device = || {
            let mobile_hint = self.incoming.header("sec-ch-ua-mobile");
            Device::detect(mobile_hint.as_deref(), &header("user-agent"))
        };
        to(Context {
            local_ms: Told::asked(&local_ms),
            locale: Told::asked(&locale),
            device: Told::asked(&device),
        })
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
