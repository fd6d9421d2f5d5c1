//! Where events go: the queue `EVENT_QUEUE` and the R2 bucket `EVENTS`.

use js_sys::JSON;
use selvedge_edge::host::{EventSink, HostError};
use wasm_bindgen::JsValue;

use crate::host::{Buffer, Cloudflare, failed};
use crate::runtime::bindings::{Batch, Bucket, Queue};
use crate::runtime::streams;

impl EventSink for Cloudflare {
    async fn send(&self, events: &str) -> Option<Result<(), HostError>> {
        let queue = Queue::named(&self.env, "EVENT_QUEUE")?;
        Some(queue.send_each(events).await.map_err(failed))
    }

    async fn put(&self, key: &str, bytes: &Buffer) -> Result<(), HostError> {
        let bucket = Bucket::named(&self.env, "EVENTS").ok_or_else(|| HostError::new("EVENTS: not bound"))?;
        bucket.put(key, &bytes.0).await.map_err(failed)
    }

    async fn gzip(&self, text: &str) -> Result<Buffer, HostError> {
        streams::gzip(text).await.map(Buffer).map_err(failed)
    }
}

/// The messages of a batch, each as JSON text. What has none is left out: no sender of JSON can bring it.
pub fn messages(batch: &Batch) -> impl Iterator<Item = String> {
    let text = |body: JsValue| JSON::stringify(&body).ok().and_then(|text| text.as_string());
    batch.bodies().filter_map(text)
}
