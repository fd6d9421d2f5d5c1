//! What every resource is given: the request, its surroundings, and the notes that end up in the answer's headers.

use std::borrow::Cow;
use std::rc::Rc;

use selvedge::context::{Context, Device, Locale, Told};

use crate::app::App;
use crate::fallback::{Fallback, Fallbacks, Lent};
use crate::host::{Host, HostError, Request};
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::response::Response;
use crate::timing::Timing;

/// One call of the API.
pub struct Call<'c, H: Host> {
    /// The application.
    pub app: &'c Rc<App<H>>,
    /// What the host lends this call.
    pub host: &'c H,
    /// The request.
    pub incoming: &'c Rc<Incoming<H>>,
    /// The one time that everything in this call goes by, Unix milliseconds.
    pub now_ms: u64,
    /// What fell back.
    pub fallbacks: Fallbacks,
    /// Where the time went.
    pub timing: Timing,
    /// Whether the answer tells how it came about, in `Cache-Status` and `Server-Timing`.
    pub diagnostics: bool,
}

impl<H: Host> Call<'_, H> {
    /// The answer with its `Cache-Status` (RFC 9211), where it is to tell how it came about.
    pub fn tell_cache_status<S: Into<Cow<'static, str>>>(
        &self,
        answer: Response<H>,
        status: impl FnOnce() -> S,
    ) -> Response<H> {
        if self.diagnostics {
            answer.with("cache-status", status())
        } else {
            answer
        }
    }

    /// Ends a stage of `Server-Timing`.
    pub fn mark(&mut self, stage: &str) {
        self.timing.mark(stage, self.host);
    }

    /// Notes and counts a fall-back of this answer.
    pub fn fell_back(&mut self, fallback: Fallback) {
        self.fallbacks.add(fallback, &self.app.counters);
    }

    /// Notes, counts and logs that the host failed at something; `instead` says what is done about it.
    pub fn failed(&mut self, at: Lent, error: &HostError, instead: &str) {
        self.host.log(format_args!("{}: {error}{instead}", at.name()));
        if let Some(fallback) = at.fallback() {
            self.fell_back(fallback);
        }
    }
}

/// What a request tells without a profile. Nothing of it is read before the core asks.
pub struct Surroundings<H: Host> {
    incoming: Rc<Incoming<H>>,
    now_ms: u64,
}

impl<H: Host> Surroundings<H> {
    /// Local time, language and class of device.
    pub fn of(call: &Call<'_, H>) -> Self {
        Self {
            incoming: Rc::clone(call.incoming),
            now_ms: call.now_ms,
        }
    }

    /// As the core takes it.
    pub fn tell<T>(&self, to: impl FnOnce(Context<'_>) -> T) -> T {
        let header = |name| self.incoming.header(name).unwrap_or_default();
        let local_ms = || {
            let offset_ms = self.incoming.request().local_offset_ms(self.now_ms);
            self.now_ms.saturating_add_signed(offset_ms)
        };
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
    pub fn of<H: Host>(incoming: &Incoming<H>) -> Result<Self, Problem> {
        let mut query = Self::default();
        for (name, value) in incoming.query() {
            match &*name {
                "n" => {
                    let n = value
                        .parse()
                        .map_err(|_| Problem::parameter("n", "a whole number from 1", &value))?;
                    query.n = Some(n);
                }
                "category" => query.category = (!value.is_empty()).then(|| value.into_owned()),
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
