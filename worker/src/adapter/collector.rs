//! The collector: accepted events go through a queue into compressed files, in the layout that `selvedge ingest` reads.
//!
//! The producer awaits the queue, because an event that was accepted must not vanish. Where the queue is missing or
//! refuses, the same lines go straight to the bucket.

use selvedge::context::civil_from_days;
use serde::Serialize;
use worker::js_sys::{Array, JSON};
use worker::wasm_bindgen::JsValue;
use worker::{
    BatchMessageBuilder, Bucket, Env, HttpMetadata, MessageBatch, QueueContentType, RawMessageBuilder, console_error,
};

use crate::counters::{Fallback, Fallbacks};
use crate::runtime;

const QUEUE: &str = "EVENT_QUEUE";
const BUCKET: &str = "EVENTS";

/// One accepted event, as it lies in the lake's inbox: a line of JSON.
#[derive(Serialize)]
pub struct CollectedEvent<'a> {
    /// Names the event, so that a second delivery changes nothing.
    pub id: String,
    /// The visitor's random id in hexadecimal; null without consent.
    pub user: Option<&'a str>,
    /// The item's id.
    pub item: &'a str,
    /// The event's type.
    pub r#type: &'static str,
    /// When it happened, Unix milliseconds.
    pub timestamp_ms: u64,
    /// Its value, in the site's currency.
    pub value: Option<f64>,
    /// The slot in which the item was shown.
    pub slot: Option<&'a str>,
    /// The item's place in the slot, from 0.
    pub position: Option<u32>,
    /// The visitor's segment at that time.
    pub segment: Option<u16>,
    /// The model that answered.
    pub model: Option<&'a str>,
    /// Reserved for what sites add.
    pub context: Empty,
}

/// An empty JSON object.
#[derive(Serialize)]
pub struct Empty {}

/// Hands events over; returns how many of them are safe. All or none, in one call.
pub async fn collect(env: &Env, events: &[CollectedEvent<'_>], now_ms: u64, fallbacks: &mut Fallbacks) -> usize {
    if events.is_empty() {
        return 0;
    }
    match env.queue(QUEUE) {
        Err(_) => fallbacks.add(Fallback::NoQueue),
        Ok(queue) => match send(&queue, events).await {
            Ok(()) => return events.len(),
            Err(error) => {
                console_error!("queue {QUEUE}: {error}; writing to the bucket {BUCKET} instead");
                fallbacks.add(Fallback::QueueFailed);
            }
        },
    }
    let lines: String = events
        .iter()
        .filter_map(|event| serde_json::to_string(event).ok())
        .flat_map(|line| [line, "\n".to_owned()])
        .collect();
    match env.bucket(BUCKET) {
        Err(_) => {
            console_error!("bucket {BUCKET}: not bound; {} events are not collected", events.len());
            0
        }
        Ok(bucket) => match write(&bucket, &lines, now_ms).await {
            Ok(()) => events.len(),
            Err(error) => {
                console_error!("bucket {BUCKET}: {error}; {} events are lost", events.len());
                0
            }
        },
    }
}

async fn send(queue: &worker::Queue, events: &[CollectedEvent<'_>]) -> worker::Result<()> {
    // One crossing into JS for the whole batch. `JSON.parse` makes plain objects, which the queue's JSON content type needs.
    let array = Array::from(&JSON::parse(&serde_json::to_string(events)?)?);
    let messages = runtime::values(&array)
        .map(|message| RawMessageBuilder::new(message).build_with_content_type(QueueContentType::Json));
    queue
        .send_raw_batch(BatchMessageBuilder::new().messages(messages).build())
        .await
}

/// Writes a batch of the queue into the bucket, then acknowledges it; a failure leaves it to the queue's next delivery.
pub async fn store_batch(batch: &MessageBatch<JsValue>, env: &Env, now_ms: u64) {
    let mut lines = String::new();
    for message in batch.raw_iter() {
        // A message that is no event of ours becomes a line all the same: `ingest` puts it into quarantine with its
        // reason, where dropping it here would lose it silently.
        if let Some(line) = JSON::stringify(&message.body()).ok().and_then(|text| text.as_string()) {
            lines.push_str(&line);
            lines.push('\n');
        }
    }
    let written = match env.bucket(BUCKET) {
        Ok(bucket) => write(&bucket, &lines, now_ms).await,
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => batch.ack_all(),
        Err(error) => {
            console_error!("queue {QUEUE}: bucket {BUCKET}: {error}; the batch will be delivered again");
            batch.retry_all();
        }
    }
}

/// One new object under the hour in which it is written.
async fn write(bucket: &Bucket, lines: &str, now_ms: u64) -> worker::Result<()> {
    const MS_PER_DAY: u64 = 86_400_000;
    const MS_PER_HOUR: u64 = 3_600_000;
    let (year, month, day) = civil_from_days(now_ms / MS_PER_DAY);
    let hour = now_ms % MS_PER_DAY / MS_PER_HOUR;
    let name = runtime::uuid()?;
    let key = format!("events/date={year:04}-{month:02}-{day:02}/hour={hour:02}/{name}.ndjson.gz");
    bucket
        .put(key, runtime::gzip(lines).await?)
        .http_metadata(HttpMetadata {
            content_type: Some("application/x-ndjson".to_owned()),
            // No `content-encoding`: the file is named .gz, and a reader that decompressed on the way would not find gzip.
            ..HttpMetadata::default()
        })
        .execute()
        .await?;
    Ok(())
}
