//! The bindings of `wrangler.toml`: R2 bucket, static assets, queue; and the context that every event comes with.

use std::pin::Pin;

use js_sys::futures::{JsFuture, future_to_promise};
use js_sys::{Array, JSON, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, Request, Response};

#[wasm_bindgen]
extern "C" {
    /// What is bound, variables and secrets among it.
    #[derive(Clone)]
    pub type Env;

    /// What an event's work is bound to.
    #[derive(Clone)]
    pub type Context;
    #[wasm_bindgen(method, js_name = waitUntil, catch)]
    fn wait_until_settled(this: &Context, work: &Promise) -> Result<(), JsValue>;

    /// An R2 bucket.
    pub type Bucket;
    #[wasm_bindgen(method, js_name = get, catch)]
    fn fetch_object(this: &Bucket, key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, js_name = put, catch)]
    fn put_object(this: &Bucket, key: &str, value: &Uint8Array) -> Result<Promise, JsValue>;

    type BucketObject;
    #[wasm_bindgen(method, getter)]
    fn body(this: &BucketObject) -> Option<ReadableStream>;

    /// The static assets.
    pub type Assets;
    #[wasm_bindgen(method, js_name = fetch, catch)]
    fn fetch_url(this: &Assets, url: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, js_name = fetch, catch)]
    fn fetch_request(this: &Assets, request: &Request) -> Result<Promise, JsValue>;

    /// A queue's batch, as its consumer gets it.
    pub type Batch;
    #[wasm_bindgen(method, getter)]
    fn messages(this: &Batch) -> Array;
    /// Says that every message was taken.
    #[wasm_bindgen(method, js_name = ackAll)]
    pub fn ack_all(this: &Batch);
    /// Has every message delivered again.
    #[wasm_bindgen(method, js_name = retryAll)]
    pub fn retry_all(this: &Batch);

    /// A queue's producer.
    pub type Queue;
    #[wasm_bindgen(method, js_name = sendBatch, catch)]
    fn send_messages(this: &Queue, messages: &Array) -> Result<Promise, JsValue>;
}

/// A binding by its name; nothing where `wrangler.toml` binds none.
fn named<T: JsCast>(env: &Env, name: &str) -> Option<T> {
    let binding = Reflect::get(env.as_ref(), &JsValue::from_str(name)).ok()?;
    binding.is_object().then(|| binding.unchecked_into())
}

impl Context {
    /// Does work that goes on behind the answer; the runtime waits for it before it ends the event.
    pub fn wait_until(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        let promise = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        // It throws where the event is over. The work is done all the same, for as long as the runtime lets it.
        let _ = self.wait_until_settled(&promise);
    }
}

impl Bucket {
    /// The bucket bound under `name`.
    pub fn named(env: &Env, name: &str) -> Option<Self> {
        named(env, name)
    }

    /// An object's bytes; nothing where the bucket has no such key.
    ///
    /// # Errors
    /// What the runtime throws.
    pub async fn get(&self, key: &str) -> Result<Option<ReadableStream>, JsValue> {
        let object = JsFuture::from(self.fetch_object(key)?).await?;
        Ok(object
            .is_object()
            .then(|| object.unchecked_into::<BucketObject>())
            .and_then(|object| object.body()))
    }

    /// Stores an object.
    ///
    /// # Errors
    /// What the runtime throws.
    pub async fn put(&self, key: &str, bytes: &Uint8Array) -> Result<(), JsValue> {
        JsFuture::from(self.put_object(key, bytes)?).await?;
        Ok(())
    }
}

impl Assets {
    /// The assets bound under `name`.
    pub fn named(env: &Env, name: &str) -> Option<Self> {
        named(env, name)
    }

    /// The answer to a request.
    ///
    /// # Errors
    /// What the runtime throws.
    pub async fn answer(&self, request: &Request) -> Result<Response, JsValue> {
        Ok(JsFuture::from(self.fetch_request(request)?).await?.unchecked_into())
    }

    /// A file's bytes; nothing where there is no such file.
    ///
    /// # Errors
    /// What the runtime throws.
    pub async fn get(&self, path: &str) -> Result<Option<ReadableStream>, JsValue> {
        // The host is not looked at; the binding serves by path.
        let promise = self.fetch_url(&["https://assets.invalid/", path].concat())?;
        let response: Response = JsFuture::from(promise).await?.unchecked_into();
        Ok(response.body().filter(|_| response.status() == 200))
    }
}

impl Batch {
    /// What was sent, message by message.
    pub fn bodies(&self) -> impl Iterator<Item = JsValue> {
        let body = |message: JsValue| Reflect::get(&message, &"body".into()).unwrap_or_default();
        self.messages().iter().map(body).collect::<Vec<_>>().into_iter()
    }
}

impl Queue {
    /// The queue bound under `name`.
    pub fn named(env: &Env, name: &str) -> Option<Self> {
        named(env, name)
    }

    /// Sends each element of a JSON array as a message.
    ///
    /// # Errors
    /// What the runtime throws, and text that is no JSON array.
    pub async fn send_each(&self, json: &str) -> Result<(), JsValue> {
        let messages = Array::new();
        for body in Array::from(&JSON::parse(json)?).iter() {
            let message = Object::new();
            Reflect::set(&message, &"body".into(), &body)?;
            Reflect::set(&message, &"contentType".into(), &"json".into())?;
            messages.push(&message);
        }
        JsFuture::from(self.send_messages(&messages)?).await?;
        Ok(())
    }
}
