//! Where pages come from: the server that `SELVEDGE_ORIGIN` names, or the static assets.

use std::rc::Rc;

use js_sys::futures::JsFuture;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, Request, Response};

use crate::adapter::visitor;
use crate::config::Config;
use crate::incoming::Incoming;
use crate::runtime;
use crate::runtime::bindings::{Assets, Env};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch_with(url: &str, init: &Object) -> Result<Promise, JsValue>;

    type AbortController;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<AbortController, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = abort)]
    fn abort_function(this: &AbortController) -> Function;

    #[wasm_bindgen(js_name = URL)]
    type Url;
    #[wasm_bindgen(constructor, js_class = "URL", catch)]
    fn new(url: &str, base: &str) -> Result<Url, JsValue>;
    #[wasm_bindgen(method, getter, js_class = "URL")]
    fn origin(this: &Url) -> String;
    #[wasm_bindgen(method, getter, js_class = "URL")]
    fn pathname(this: &Url) -> String;
    #[wasm_bindgen(method, getter, js_class = "URL")]
    fn search(this: &Url) -> String;
    #[wasm_bindgen(method, getter, js_class = "URL")]
    fn href(this: &Url) -> String;
}

/// How long an included part may take to begin, in milliseconds.
const INCLUDE_MS: i32 = 2_000;

/// Headers by which a client, or a server in front that adds to what a client sent, says which site or page was asked for.
const CLAIMS: [&str; 18] = [
    "forwarded",
    "front-end-https",
    "x-forwarded-path",
    "x-forwarded-protocol",
    "x-forwarded-uri",
    "x-http-host-override",
    "x-http-method",
    "x-method-override",
    "x-original-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-host",
    "x-http-method-override",
    "x-original-url",
    "x-rewrite-url",
];
/// Headers of the page's request that are about the page itself, and not about its parts.
const OF_THE_PAGE: [&str; 10] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
];

/// The server behind, as one request sees it.
#[derive(Clone)]
pub struct Origin {
    place: Place,
    /// Scheme, host and port that the visitor asked for.
    site: String,
    /// What is told about the visitor when a part of the page is asked for.
    headers: Rc<Headers>,
}

#[derive(Clone)]
enum Place {
    Server(String),
    Assets(Rc<Assets>),
}

impl Origin {
    /// The origin; nothing where neither a server nor assets are configured.
    ///
    /// # Errors
    /// What the runtime throws.
    pub fn of(env: &Env, config: &Config, incoming: &Incoming) -> Result<Option<Self>, JsValue> {
        let server = config.origin.clone().map(Place::Server);
        let assets = || Assets::named(env, "ASSETS").map(|assets| Place::Assets(Rc::new(assets)));
        let Some(place) = server.or_else(assets) else {
            return Ok(None);
        };
        Ok(Some(Self {
            place,
            site: incoming.origin().to_owned(),
            headers: Rc::new(passed_on(incoming)?),
        }))
    }

    /// Whether pages are files among the static assets.
    pub fn is_assets(&self) -> bool {
        matches!(self.place, Place::Assets(_))
    }

    /// The answer to the visitor's own request.
    ///
    /// # Errors
    /// What the runtime throws, for instance when the server cannot be reached.
    pub async fn answer(&self, incoming: &Incoming) -> Result<Response, JsValue> {
        let server = match &self.place {
            Place::Assets(assets) => return assets.answer(incoming.request()).await,
            Place::Server(server) => server,
        };
        let init = init(&self.headers)?;
        set(&init, "method", incoming.method())?;
        if let Some(body) = incoming.request().body() {
            Reflect::set(&init, &"body".into(), &body)?;
        }
        let url = [server, incoming.path_and_query()].concat();
        Ok(JsFuture::from(fetch_with(&url, &init)?).await?.unchecked_into())
    }

    /// A part of a page, by the URL that the page gives it, with that URL made absolute. Only of the same site: what a page of
    /// another one says is not for this one to vouch for.
    ///
    /// # Errors
    /// What the runtime throws; a URL of another site; an answer other than 200; more time than [`INCLUDE_MS`].
    pub async fn part(&self, src: &str, base: &str) -> Result<(String, Response), JsValue> {
        let url = Url::new(src, base)?;
        if url.origin() != self.site {
            return Err(JsValue::from_str("expected a URL of the same site"));
        }
        let path = [url.pathname(), url.search()].concat();
        let response: Response = match &self.place {
            Place::Assets(assets) => {
                let request = Request::new_with_str(&[self.site.as_str(), &path].concat())?;
                assets.answer(&request).await?
            }
            Place::Server(server) => {
                let headers = Headers::new_with_headers(&self.headers)?;
                delete(&headers, &OF_THE_PAGE)?;
                let init = init(&headers)?;
                let controller = AbortController::new()?;
                Reflect::set(&init, &"signal".into(), &controller.signal())?;
                let timer = runtime::after(INCLUDE_MS, &controller.abort_function().bind0(&controller));
                let answer = JsFuture::from(fetch_with(&[server.as_str(), &path].concat(), &init)?).await;
                runtime::clear_timeout(&timer);
                answer?.unchecked_into()
            }
        };
        if response.status() == 200 {
            Ok((url.href(), response))
        } else {
            Err(JsValue::from_str(&format!("status {}", response.status())))
        }
    }
}

fn init(headers: &Headers) -> Result<Object, JsValue> {
    let init = Object::new();
    Reflect::set(&init, &"headers".into(), headers)?;
    // A redirect is the browser's to follow.
    set(&init, "redirect", "manual")?;
    Ok(init)
}

fn delete(headers: &Headers, names: &[&str]) -> Result<(), JsValue> {
    names.iter().try_for_each(|name| headers.delete(name))
}

fn set(init: &Object, name: &str, value: &str) -> Result<(), JsValue> {
    Reflect::set(init, &JsValue::from_str(name), &JsValue::from_str(value))?;
    Ok(())
}

/// The request's headers without our own cookies, and with what the server cannot see: which site was asked for. Whatever a
/// client says about that itself is replaced, for a page made by it would be shown under our name.
fn passed_on(incoming: &Incoming) -> Result<Headers, JsValue> {
    let headers = Headers::new_with_headers(&incoming.request().headers())?;
    if let Some(cookies) = headers.get("cookie")? {
        let others = visitor::without_ours(&cookies);
        if others.is_empty() {
            headers.delete("cookie")?;
        } else {
            headers.set("cookie", &others)?;
        }
    }
    let (scheme, host) = incoming.origin().split_once("://").unwrap_or(("https", ""));
    headers.set("x-forwarded-host", host)?;
    headers.set("x-forwarded-proto", scheme)?;
    delete(&headers, &CLAIMS)?;
    // What the runtime can undo; of any other encoding the page could not be read.
    headers.set("accept-encoding", "gzip, br")?;
    Ok(headers)
}
