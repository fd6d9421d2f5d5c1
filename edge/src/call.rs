//! What every resource is given: the application, the host, the request, and notes that become headers of the answer.

use std::borrow::Cow;
use std::rc::Rc;

use selvedge::place::{Device, Lazy, Locale, Place};

use crate::app::App;
use crate::budget::Permit;
use crate::fallback::{Fallback, Fallbacks, Lent};
use crate::host::{Host, HostError, Request};
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::response::Response;
use crate::timing::Timing;

/// One request while it is answered.
pub struct Call<'c, H: Host> {
    /// The application.
    pub app: &'c Rc<App<H>>,
    /// The host's handle for this request.
    pub host: &'c H,
    /// The request.
    pub incoming: &'c Rc<Incoming<H>>,
    /// The time of the request, Unix milliseconds. Everything in this call uses it, so that no two parts see different times.
    pub now_ms: u64,
    /// The fall-backs of this answer.
    pub fallbacks: Fallbacks,
    /// Durations for `Server-Timing`.
    pub timing: Timing,
    /// Whether the answer says how it was made, in `Cache-Status` and `Server-Timing`.
    pub diagnostics: bool,
    /// What this request holds of the budget, from its body on until it ends.
    pub permit: Option<Permit>,
}

/// Milliseconds after which a request that has not come any further was stopped by the runtime, without dropping its future.
const STOPPED_MS: u64 = 60_000;

impl<H: Host> Call<'_, H> {
    /// Adds `Cache-Status` (RFC 9211) to the answer if diagnostics are on.
    pub fn with_cache_status<S: Into<Cow<'static, str>>>(
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

    /// Holds so many bytes of the budget from now on, until the request ends. Returns false if there is no room for them.
    pub fn hold(&mut self, bytes: usize) -> bool {
        let now_ms = self.host.unix_ms();
        let stopped_ms = STOPPED_MS.saturating_add(self.app.config.body_ms.into());
        match &self.permit {
            Some(permit) => permit.renew(bytes, now_ms),
            None => {
                self.permit = self.app.budget.permit(bytes, now_ms, stopped_ms);
                self.permit.is_some()
            }
        }
    }

    /// Ends the stage of `Server-Timing` that began at the last mark.
    pub fn mark(&mut self, stage: &str) {
        self.timing.mark(stage, self.host);
    }

    /// Notes and counts a fall-back of this answer.
    pub fn fell_back(&mut self, fallback: Fallback) {
        self.fallbacks.add(fallback, &self.app.counters);
    }

    /// Logs that the host failed, and notes and counts the fall-back that takes its place. `instead` ends the log's line: what is done now.
    pub fn failed(&mut self, at: Lent, error: &HostError, instead: &str) {
        self.host.log(format_args!("{}: {error}{instead}", at.name()));
        if let Some(fallback) = at.fallback() {
            self.fell_back(fallback);
        }
    }
}

/// The place of a request: local time, language and device class, each read from the request only when the core asks for it.
pub struct RequestPlace<H: Host> {
    incoming: Rc<Incoming<H>>,
    now_ms: u64,
}

impl<H: Host> RequestPlace<H> {
    /// The place of this request.
    pub fn of(call: &Call<'_, H>) -> Self {
        Self {
            incoming: Rc::clone(call.incoming),
            now_ms: call.now_ms,
        }
    }

    /// Calls `to` with the place as the core takes it: three values that are read on demand.
    pub fn with<T>(&self, to: impl FnOnce(Place<'_>) -> T) -> T {
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
        to(Place {
            local_ms: Lazy::new(&local_ms),
            locale: Lazy::new(&locale),
            device: Lazy::new(&device),
        })
    }
}

/// What a request's query asks of a list.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// How many items. The core checks it against the slot's limit.
    pub n: Option<usize>,
    /// Limits the list to items of this category, by its name.
    pub category: Option<String>,
    /// Ids of items to leave out.
    pub exclude: Vec<String>,
}

impl ListQuery {
    /// Reads the query. Other parameters are ignored, because pages add their own.
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
