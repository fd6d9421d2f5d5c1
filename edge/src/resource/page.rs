//! Every other path: the origin's page, whose slots are filled while its bytes stream through.

use std::rc::Rc;

use selvedge::engine::{Request, Visitor as RequestVisitor};
use selvedge::html::{
    DROPPED_HEADERS, Include, MAX_INCLUDE_DEPTH, MAX_INCLUDES, MAX_SLOTS, Options, SlotCall, Slots, Step,
    cache_control_of, is_html,
};

use crate::app::App;
use crate::budget::Permit;
use crate::call::{Call, RequestPlace};
use crate::conditions::{self, Target};
use crate::headers::HeaderChanges;
use crate::host::{ByteSink, ByteSource, Host, HostError, OriginAnswer, PIECE_BYTES};
use crate::loading;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::response::{Page, PageBody, Response};
use crate::visitor::Visitor;

/// Milliseconds that the first slot of a page waits for the first model of this process. After that, slots keep their own content.
const MODEL_WAIT_MS: u32 = 150;
/// What a page or an included part holds of the budget beside its slots: the buffer that the host reads into, and the piece in it.
const PART_BYTES: usize = 2 * PIECE_BYTES;
/// Milliseconds after which a page that has not come any further was stopped by the runtime, without dropping its future.
const STOPPED_MS: u64 = 120_000;

/// The origin's answer; a page of HTML with its slots filled.
///
/// # Errors
/// A 404 problem if there is no origin, a 502 problem if it cannot be reached.
pub async fn get<H: Host>(call: &mut Call<'_, H>) -> Result<Response<H>, Problem> {
    let Some(origin) = Origin::of(call.host, &call.app.config, call.incoming).map(Rc::new) else {
        return Err(Problem::no_such_path());
    };
    if !call.app.told_of_assets.replace(true) && !origin.is_assets() && call.host.has_assets() {
        call.host.log(format_args!(
            "SELVEDGE_ORIGIN: static assets are bound, too, and a path that one of them has never reaches this server; wrangler.proxy.toml has no assets"
        ));
    }
    if !origin.is_assets() {
        call.host.pass_through_on_exception();
    }
    let unreachable = |error: HostError| Problem::no_origin(&error.to_string());
    let target = Target::of(call.incoming);
    let answer = origin.answer(target).await.map_err(unreachable)?;
    let status = answer.status();
    // A site may have a page of its own for what is not there.
    if origin.is_assets() && status == 404 && !is_html(&answer.header("content-type").unwrap_or_default()) {
        return Err(Problem::no_such_path());
    }
    let mut page = rewritten(call, &origin, answer).map_err(unreachable)?;
    let conditions = || conditions::status(call.incoming, &page.answer).filter(|_| target.withholds());
    let is_untouched = matches!(page.body, PageBody::Untouched);
    let Some(conditional) = is_untouched.then(conditions).flatten() else {
        return Ok(Response::page(status, page));
    };
    if let Ok(Some(mut body)) = page.answer.take_body() {
        body.cancel(&HostError::new("the client has it already"));
    }
    page.body = PageBody::Nothing;
    page.changes.removed.extend(conditions::without_body().removed);
    Ok(Response::page(conditional, page))
}

/// The answer with its slots filled. It stays unchanged if it is no page of HTML that may be rewritten.
fn rewritten<H: Host>(call: &mut Call<'_, H>, origin: &Rc<Origin<H>>, answer: H::Answer) -> Result<Page<H>, HostError> {
    let method = call.incoming.method();
    let readable = matches!(method, "GET" | "HEAD") && answer.status() == 200;
    let options = options(&answer).filter(|_| readable);
    let mut changes = options.map_or_else(HeaderChanges::default, |_| personal(&answer));
    origin.hide_address(&answer, &mut changes);
    let Some(options) = options else {
        return Ok(Page {
            answer,
            changes,
            body: PageBody::Untouched,
        });
    };
    let Some(permit) = call.app.budget.page_permit(PART_BYTES, call.now_ms, STOPPED_MS) else {
        call.app
            .refuse_behind(call.host, call.now_ms, "the page is handed on with its slots unfilled");
        // A cache in front must not keep the unfilled page for everybody, long after there is room again. Its bytes stay, and what describes them.
        changes.removed.retain(|name| !name.starts_with("content-"));
        return Ok(Page {
            answer,
            changes,
            body: PageBody::Untouched,
        });
    };
    let body = if method == "GET" { answer.take_body()? } else { None };
    let Some(body) = body else {
        return Ok(Page {
            answer,
            changes,
            body: PageBody::Nothing,
        });
    };
    // Starts the load of the first model now, while the head of the page is still on its way, and not at its first slot.
    let model = loading::begin(call.app, call.host, call.now_ms);
    let writer = Writer {
        app: Rc::clone(call.app),
        host: call.host.clone(),
        path: call.incoming.path().to_owned(),
        origin: Rc::clone(origin),
        options,
        visitor: Visitor::of(call),
        place: RequestPlace::of(call),
        now_ms: call.now_ms,
        may_wait: matches!(model, Ok(None)),
        permit,
        is_refused: false,
        slots: 0,
        includes: 0,
    };
    let (sink, readable) = call.host.pipe()?;
    let parts = vec![Part::of(body, Some(options), call.incoming.url().to_owned())];
    call.host.wait_until(Box::pin(writer.write(parts, sink)));
    Ok(Page {
        answer,
        changes,
        body: PageBody::Rewritten(readable),
    })
}

fn options(answer: &impl OriginAnswer) -> Option<Options> {
    let names = ["content-type", "content-encoding", "cache-control", "surrogate-control"];
    let read = names.map(|name| (name, answer.header(name).unwrap_or_default()));
    Options::of(|name| {
        read.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    })
}

/// The changes to a page's headers that keep caches from sharing it between visitors.
fn personal(answer: &impl OriginAnswer) -> HeaderChanges {
    let cache_control = answer.header("cache-control").unwrap_or_default();
    HeaderChanges {
        removed: DROPPED_HEADERS.into_iter().map(Into::into).collect(),
        set: vec![("cache-control", cache_control_of(&cache_control).into())],
        ..HeaderChanges::default()
    }
}

fn log<H: Host>(host: &H, path: &str, slots: &mut Slots) {
    for problem in slots.problems() {
        host.log(format_args!("page {path}: {problem}"));
    }
}

/// A page or an included part of it.
struct Part<B> {
    /// [`None`] for an included part that is passed through without a look at its slots.
    slots: Option<Slots>,
    body: B,
    /// The part's own URL, which the URLs of its includes are relative to.
    url: String,
}

impl<B: ByteSource> Part<B> {
    fn of(body: B, options: Option<Options>, url: String) -> Self {
        Self {
            slots: options.map(Slots::new),
            body,
            url,
        }
    }

    /// Waits for the next bytes and gives them to the slots, or to `out` where there are none. Returns false at the end.
    async fn read<H: Host>(&mut self, host: &H, path: &str, out: &mut Vec<u8>) -> Result<bool, HostError> {
        let next = self.body.next().await;
        match (&mut self.slots, &next) {
            (Some(slots), Ok(Some(bytes))) => slots.push(bytes),
            (None, Ok(Some(bytes))) => out.extend_from_slice(bytes),
            (Some(slots), _) => {
                // Also if the stream broke: what was received before is still written.
                slots.end();
                out.extend(slots.take());
                log(host, path, slots);
            }
            (None, _) => {}
        }
        next.map(|bytes| bytes.is_some())
    }
}

/// What a page with these parts holds of the budget.
fn held_by<B>(parts: &[Part<B>]) -> usize {
    let slots = |part: &Part<B>| part.slots.as_ref().map_or(0, Slots::held_bytes);
    parts.iter().map(|part| PART_BYTES + slots(part)).sum()
}

/// Writes a page, with all that its slots are filled from.
struct Writer<H: Host> {
    app: Rc<App<H>>,
    host: H,
    path: String,
    origin: Rc<Origin<H>>,
    /// How the page itself is rewritten.
    options: Options,
    visitor: Visitor,
    place: RequestPlace<H>,
    now_ms: u64,
    /// Whether the first model of this process is being loaded, and no slot of this page has waited for it yet.
    may_wait: bool,
    /// What this page holds of the budget.
    permit: Permit,
    /// Whether the budget had no room for some of this page's slots or parts.
    is_refused: bool,
    slots: usize,
    includes: usize,
}

impl<H: Host> Writer<H> {
    /// Writes the page. All bytes that are ready are written before it waits for anything.
    async fn write(mut self, mut parts: Vec<Part<H::Body>>, mut sink: H::Sink) {
        let mut out = Vec::new();
        while !parts.is_empty() {
            let has_room = self.hold(held_by(&parts));
            let Some(part) = parts.last_mut() else { break };
            if !has_room && let Some(mut slots) = part.slots.take() {
                // The rest of this part passes as it is, which takes no more memory than it has.
                slots.end();
                out.extend(slots.take());
                self.refused("the rest of it passes with its slots unfilled");
            }
            let mut step = Step::Input;
            if let Some(slots) = &mut part.slots {
                step = slots.step();
                out.extend(slots.take());
                log(&self.host, &self.path, slots);
            }
            if (step == Step::Input || self.may_wait || out.len() > PIECE_BYTES)
                && let Err(error) = sink.write(&std::mem::take(&mut out)).await
            {
                // The visitor has gone, so nothing more needs to be read.
                for part in &mut parts {
                    part.body.cancel(&error);
                }
                return;
            }
            match (step, &mut part.slots) {
                (Step::Slot(slot), Some(slots)) => self.fill(slots, &slot).await,
                (Step::Include(include), _) => {
                    let base = part.url.clone();
                    if parts.len() <= MAX_INCLUDE_DEPTH && self.includes < MAX_INCLUDES {
                        self.includes += 1;
                        if !self.hold(held_by(&parts) + PART_BYTES) {
                            self.refused("an included part is left out");
                        } else if sink.write(&std::mem::take(&mut out)).await.is_ok() {
                            parts.extend(self.included(&include, &base).await);
                        }
                    }
                }
                _ => match part.read(&self.host, &self.path, &mut out).await {
                    Ok(true) => {}
                    Ok(false) => drop(parts.pop()),
                    Err(error) if parts.len() > 1 => {
                        self.failed("an included part broke off", &error);
                        parts.pop();
                    }
                    Err(error) => {
                        // The page is incomplete, and the visitor's browser must see that.
                        let _ = sink.write(&out).await;
                        return sink.abort(&error);
                    }
                },
            }
        }
        // Both fail only if the visitor has gone, and then the end does not matter.
        let _ = sink.write(&out).await;
        let _ = sink.close().await;
    }

    /// Holds so many bytes of the budget from now on.
    fn hold(&self, bytes: usize) -> bool {
        self.permit.renew(bytes, self.host.unix_ms())
    }

    /// Counts and logs, once for each page, that the budget has no room for all of it.
    fn refused(&mut self, instead: &str) {
        if !std::mem::replace(&mut self.is_refused, true) {
            let instead = ["page ", &self.path, ": ", instead].concat();
            self.app.refuse_behind(&self.host, self.host.unix_ms(), &instead);
        }
    }

    /// Fills one slot, or leaves its own content if there is no model or the core refuses the request.
    async fn fill(&mut self, slots: &mut Slots, call: &SlotCall) {
        self.slots += 1;
        if self.slots > MAX_SLOTS {
            return slots.leave();
        }
        let wait_ms = if std::mem::take(&mut self.may_wait) {
            MODEL_WAIT_MS
        } else {
            0
        };
        // Fetched anew for each slot: a page may take long, and holding an old model would leave no room for a newer one.
        let model = match loading::first(&self.app, &self.host, wait_ms).await {
            Ok(model) => model,
            Err(fallback) => {
                self.app.counters.count(fallback);
                return slots.leave();
            }
        };
        self.place.with(|place| {
            let request = Request {
                slot: &call.slot,
                n: call.n,
                category: call.category.as_deref(),
                exclude: &[],
                visitor: RequestVisitor {
                    profile: self.visitor.profile.as_deref().map(|kept| &kept.profile),
                    consent: self.visitor.consent,
                    place,
                    now_ms: self.now_ms,
                },
            };
            match model.engine.assign(&request) {
                Ok(context) => {
                    let decision = model.decide(&context, self.app.config.keyring.as_ref());
                    slots.fill(&decision.id, &decision.items);
                }
                Err(error) => {
                    self.host.log(format_args!("page {}: {error}", self.path));
                    slots.leave();
                }
            }
        });
    }

    /// The part that an include names, or its alternative if that fails.
    async fn included(&self, include: &Include, base: &str) -> Option<Part<H::Body>> {
        for src in std::iter::once(&include.src).chain(&include.alt) {
            let part = match self.origin.part(src, base).await {
                Ok((url, answer)) => match answer.take_body() {
                    Ok(body) => Ok(body.map(|body| {
                        let options = options(&answer).map(|options| options.within(self.options));
                        Part::of(body, options, url)
                    })),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match part {
                Ok(part) => return part,
                Err(error) => self.failed(src, &error),
            }
        }
        None
    }

    fn failed(&self, what: &str, error: &HostError) {
        self.host.log(format_args!("page {}: {what}: {error}", self.path));
    }
}
