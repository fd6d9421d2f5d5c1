//! Every other path: the page of the server behind, its slots filled while its bytes flow.

use selvedge::engine::{Request, Visitor as Asker};
use selvedge::html::{
    DROPPED_HEADERS, Include, MAX_INCLUDE_DEPTH, MAX_INCLUDES, MAX_SLOTS, Options, SlotCall, Slots, Step,
    cache_control_of,
};
use wasm_bindgen::JsValue;
use web_sys::{Headers, ReadableStream, Response, ResponseInit};

use crate::adapter::origin::Origin;
use crate::adapter::store;
use crate::adapter::visitor::Visitor;
use crate::counters::count;
use crate::problem::Problem;
use crate::request::{Call, Surroundings};
use crate::runtime::streams::{Pieces, Pipe};
use crate::runtime::{self, console_error};

/// How long the first slot of a page waits for the model of an isolate that has none yet. Then its own content is shown.
const MODEL_WAIT_MS: i32 = 150;

/// The page.
///
/// # Errors
/// A 404 problem where there is no server behind, a 502 problem where it cannot be reached.
pub async fn get(call: &mut Call<'_>) -> Result<Response, Problem> {
    let unreachable = |error: JsValue| Problem::no_origin(&runtime::thrown(&error));
    let origin = Origin::of(call.env, &call.config, call.incoming).map_err(unreachable)?;
    let Some(origin) = origin else {
        return Err(Problem::no_such_path());
    };
    let response = origin.answer(call.incoming).await.map_err(unreachable)?;
    if origin.is_assets() && response.status() == 404 {
        return Err(Problem::no_such_path());
    }
    rewritten(call, origin, response).map_err(unreachable)
}

/// The answer with its slots filled, or as it came where it is none of those that are looked at.
fn rewritten(call: &mut Call<'_>, origin: Origin, response: Response) -> Result<Response, JsValue> {
    let headers = response.headers();
    let has_body = call.incoming.method() == "GET";
    let readable = matches!(call.incoming.method(), "GET" | "HEAD") && response.status() == 200;
    let Some(options) = options(&headers).filter(|_| readable) else {
        return Ok(response);
    };
    let init = ResponseInit::new();
    init.set_status(response.status());
    let personal = personal(&headers)?;
    init.set_headers(&personal);
    let Some(body) = response.body().filter(|_| has_body) else {
        return Response::new_with_opt_str_and_init(None, &init);
    };
    // So that a first load begins with the page, and not with its first slot.
    let model = store::begin(call.env, call.context, &call.config, call.now_ms);
    let page = Page {
        path: call.incoming.path().to_owned(),
        origin,
        visitor: Visitor::of(call),
        surroundings: Surroundings::of(call),
        now_ms: call.now_ms,
        may_wait: matches!(model, Ok(None)),
        slots: 0,
        includes: 0,
    };
    let (pipe, readable) = Pipe::new()?;
    let parts = vec![Part::of(&body, Some(options), call.incoming.url().to_owned())?];
    call.context.wait_until(page.write(parts, pipe));
    Response::new_with_opt_readable_stream_and_init(Some(&readable), &init)
}

fn options(headers: &Headers) -> Option<Options> {
    let value = |name: &str| headers.get(name).ok().flatten().unwrap_or_default();
    let names = ["content-type", "content-encoding", "cache-control", "surrogate-control"];
    let read = names.map(|name| (name, value(name)));
    Options::of(|name| {
        read.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    })
}

/// The headers of a page that is one visitor's.
fn personal(headers: &Headers) -> Result<Headers, JsValue> {
    let headers = Headers::new_with_headers(headers)?;
    let cache_control = headers.get("cache-control")?.unwrap_or_default();
    for name in DROPPED_HEADERS {
        headers.delete(name)?;
    }
    headers.set("cache-control", cache_control_of(&cache_control))?;
    Ok(headers)
}

fn log(path: &str, slots: &mut Slots) {
    for problem in slots.problems() {
        console_error!("page {path}: {problem}");
    }
}

/// A page or an included part of it.
struct Part {
    /// Nothing for what is put in as it is.
    slots: Option<Slots>,
    pieces: Pieces,
    /// What its includes are relative to.
    url: String,
}

impl Part {
    fn of(body: &ReadableStream, options: Option<Options>, url: String) -> Result<Self, JsValue> {
        Ok(Self {
            slots: options.map(Slots::new),
            pieces: Pieces::of(body)?,
            url,
        })
    }

    /// Waits for the next bytes; false at the end.
    async fn read(&mut self, path: &str, out: &mut Vec<u8>) -> Result<bool, JsValue> {
        let next = self.pieces.next().await;
        match (&mut self.slots, &next) {
            (Some(slots), Ok(Some(bytes))) => slots.push(bytes),
            (None, Ok(Some(bytes))) => out.extend_from_slice(bytes),
            (Some(slots), _) => {
                // What came before is not lost, however it ended.
                slots.end();
                out.extend(slots.take());
                log(path, slots);
            }
            (None, _) => {}
        }
        next.map(|bytes| bytes.is_some())
    }
}

/// What a page is filled by.
struct Page {
    path: String,
    origin: Origin,
    visitor: Visitor,
    surroundings: Surroundings,
    now_ms: u64,
    /// Whether the model of this isolate is still to come, and no slot has waited for it yet.
    may_wait: bool,
    slots: usize,
    includes: usize,
}

impl Page {
    /// Writes the page. What is there is written before anything is waited for.
    async fn write(mut self, mut parts: Vec<Part>, pipe: Pipe) {
        let mut out = Vec::new();
        while let Some(part) = parts.last_mut() {
            let mut step = Step::Input;
            if let Some(slots) = &mut part.slots {
                step = slots.step();
                out.extend(slots.take());
                log(&self.path, slots);
            }
            if (step == Step::Input || self.may_wait || out.len() > Pieces::BYTES as usize)
                && let Err(error) = pipe.write(&std::mem::take(&mut out)).await
            {
                // The visitor has gone: nothing more is read.
                for part in &parts {
                    part.pieces.cancel(&error);
                }
                return;
            }
            match (step, &mut part.slots) {
                (Step::Slot(asked), Some(slots)) => self.fill(slots, &asked).await,
                (Step::Include(include), _) => {
                    let base = part.url.clone();
                    if parts.len() <= MAX_INCLUDE_DEPTH && self.includes < MAX_INCLUDES {
                        self.includes += 1;
                        if pipe.write(&std::mem::take(&mut out)).await.is_ok() {
                            parts.extend(self.included(&include, &base).await);
                        }
                    }
                }
                _ => match part.read(&self.path, &mut out).await {
                    Ok(true) => {}
                    Ok(false) => drop(parts.pop()),
                    Err(error) if parts.len() > 1 => {
                        self.failed("an included part broke off", &error);
                        parts.pop();
                    }
                    Err(error) => {
                        // The page is not whole, and nobody shall take it for that.
                        let _ = pipe.write(&out).await;
                        return pipe.abort(&error);
                    }
                },
            }
        }
        // Both fail where the visitor has gone, and then nobody waits for the end.
        let _ = pipe.write(&out).await;
        let _ = pipe.close().await;
    }

    async fn fill(&mut self, slots: &mut Slots, asked: &SlotCall) {
        self.slots += 1;
        if self.slots > MAX_SLOTS {
            return slots.leave();
        }
        let wait_ms = if std::mem::take(&mut self.may_wait) {
            MODEL_WAIT_MS
        } else {
            0
        };
        // Not held from slot to slot: a page may take long, and a newer model needs the room.
        let model = match store::first(wait_ms).await {
            Ok(model) => model,
            Err(fallback) => {
                count(fallback);
                return slots.leave();
            }
        };
        self.surroundings.tell(|context| {
            let request = Request {
                slot: &asked.slot,
                n: asked.n,
                category: asked.category.as_deref(),
                exclude: &[],
                visitor: Asker {
                    profile: self.visitor.profile.as_deref(),
                    consent: self.visitor.consent,
                    context,
                    now_ms: self.now_ms,
                },
            };
            match model.engine.plan(&request) {
                Ok(plan) => slots.fill(&model.decide(&request, &plan).items),
                Err(error) => {
                    console_error!("page {}: {error}", self.path);
                    slots.leave();
                }
            }
        });
    }

    async fn included(&self, include: &Include, base: &str) -> Option<Part> {
        for src in std::iter::once(&include.src).chain(&include.alt) {
            let part = match self.origin.part(src, base).await {
                Ok((url, response)) => response
                    .body()
                    .map(|body| Part::of(&body, options(&response.headers()), url)),
                Err(error) => Some(Err(error)),
            };
            match part {
                Some(Ok(part)) => return Some(part),
                None => return None,
                Some(Err(error)) => self.failed(src, &error),
            }
        }
        None
    }

    fn failed(&self, what: &str, error: &JsValue) {
        console_error!("page {}: {what}: {}", self.path, runtime::thrown(error));
    }
}
