//! The way from a request to its answer, and from the event queue to the bucket: what a host calls.

use std::rc::Rc;

use crate::app::App;
use crate::call::Call;
use crate::collector::{self, Delivery};
use crate::cross_origin;
use crate::fallback::Fallbacks;
use crate::host::{Host, Renewal};
use crate::incoming::Incoming;
use crate::loading;
use crate::operator::is_operator;
use crate::problem::Problem;
use crate::resource::{events, health, key, page, profile, rank, recommend, similar};
use crate::response::Response;
use crate::route::{self, NoRoute, Resource};
use crate::timing::Timing;

impl<H: Host> App<H> {
    /// Answers one request. Work that goes on behind the answer is handed to the host's `wait_until`.
    ///
    /// The future is ready at its first poll if nothing has to be waited for, as for every answer out of memory.
    pub fn respond(self: &Rc<Self>, host: H, request: H::Request) -> impl Future<Output = Response<H>> + use<H> {
        let app = Rc::clone(self);
        async move {
            let incoming = Rc::new(Incoming::new(request));
            let diagnostics =
                app.config.diagnostics || (incoming.asks_for_diagnostics() && is_operator(&app.config, &incoming));
            let mut call = Call {
                app: &app,
                host: &host,
                incoming: &incoming,
                now_ms: host.unix_ms(),
                fallbacks: Fallbacks::default(),
                timing: Timing::start(diagnostics, &host),
                diagnostics,
                permit: None,
            };
            let answer = match route::within_api(&app.config.api_prefix, incoming.path()) {
                Some(path) => answer(&mut call, path).await,
                None => match page::get(&mut call).await {
                    Ok(page) => return page,
                    Err(problem) => Err(problem),
                },
            };
            let mut answer = answer.unwrap_or_else(|problem| problem.answer(incoming.path()));
            cross_origin::open(&call, &mut answer);
            if let Some(names) = call.fallbacks.header() {
                answer.set("selvedge-fallback", names);
            }
            if let Some(marks) = call.timing.header(&host) {
                answer.set("server-timing", marks);
            }
            answer
        }
    }

    /// Loads the current model and waits until that has ended. A host that makes a new instance calls this before the instance's first
    /// request, so that it has a model then. `newest_ms`: when the newest release was packed that the instance before saw, Unix milliseconds.
    pub async fn load(&self, host: &H, newest_ms: u64) -> Renewal {
        self.store.borrow_mut().saw(newest_ms);
        loading::now(self, host).await
    }

    /// Writes a batch of the event queue's messages, each as JSON text, into the bucket as gzipped objects, one if it is not large.
    pub async fn deliver(&self, host: &H, messages: impl IntoIterator<Item = String>) -> Delivery {
        collector::deliver(self, host, messages).await
    }
}

async fn answer<H: Host>(call: &mut Call<'_, H>, path: &str) -> Result<Response<H>, Problem> {
    let incoming = call.incoming;
    if let Some(preflight) = cross_origin::preflight(call, path) {
        return preflight;
    }
    match route::find(incoming.method(), path) {
        Ok(Resource::Recommend(slot)) => recommend::get(call, slot).await,
        Ok(Resource::Key(slot)) => key::get(call, slot).await,
        Ok(Resource::Similar(item)) => similar::get(call, item).await,
        Ok(Resource::Rank) => rank::post(call).await,
        Ok(Resource::Events) => events::post(call).await,
        Ok(Resource::Profile) => profile::delete(call),
        Ok(Resource::Health) => Ok(health::health()),
        Ok(Resource::Ready) => Ok(health::readiness(call).await),
        Err(NoRoute::Path) => Err(Problem::no_such_path()),
        Err(NoRoute::Method(allow)) => Err(Problem::method(incoming.method(), allow)),
    }
}
