//! Where events go: the queue `EVENT_QUEUE` and the R2 bucket `EVENTS`.

use js_sys::{Array, JSON};
use selvedge_edge::host::{EventSink, HostError};
use wasm_bindgen::JsValue;
use worker::{Bucket, MessageBatch, Queue, QueueContentType, RawMessageBuilder, SendMessage};

use crate::host::{Buffer, Cloudflare};
use crate::runtime::failed;
use crate::streams;

impl EventSink for Cloudflare {
    async fn send(&self, events: &str) -> Option<Result<(), HostError>> {
        Some(match self.binding::<Queue>("EVENT_QUEUE").transpose()? {
            Ok(queue) => send_each(&queue, events).await.map_err(failed),
            Err(error) => Err(error),
        })
    }

    async fn put(&self, key: &str, bytes: &Buffer) -> Result<(), HostError> {
        let bucket = self.binding::<Bucket>("EVENTS")?;
        let bucket = bucket.ok_or_else(|| HostError::new("EVENTS: not bound"))?;
        bucket.put(key, bytes.0.to_vec()).execute().await.map_err(failed)?;
        Ok(())
    }

    async fn gzip(&self, text: &str) -> Result<Buffer, HostError> {
        streams::gzip(text).await.map(Buffer).map_err(failed)
    }
}

/// Sends each element of a JSON array as a message. They are parsed by the runtime: `Queue::send_batch` would build each object by
/// a call for each of its members.
async fn send_each(queue: &Queue, json: &str) -> worker::Result<()> {
    let message = |body| RawMessageBuilder::new(body).build_with_content_type(QueueContentType::Json);
    let messages: Vec<SendMessage<JsValue>> = Array::from(&JSON::parse(json)?).iter().map(message).collect();
    queue.send_raw_batch(messages).await
}

/// The messages of a batch, each as JSON text. What has none is left out: no sender of JSON can bring it.
pub fn messages(batch: &MessageBatch<JsValue>) -> impl Iterator<Item = String> {
    batch
        .raw_iter()
        .filter_map(|message| JSON::stringify(&message.body()).ok()?.as_string())
}
