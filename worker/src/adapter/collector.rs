//! The collector: accepted events go through a queue into compressed files, in the layout that `selvedge ingest` reads.
//!
//! The producer awaits the queue, because an event that was accepted must not vanish. Where the queue is missing or
//! refuses, the same lines go straight to the bucket.

use js_sys::JSON;
use selvedge::time::civil_from_days;
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::counters::{Fallback, Fallbacks};
use crate::runtime::bindings::{Batch, Bucket, Env, Queue};
use crate::runtime::{self, console_error, streams, thrown};

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
    match Queue::named(env, QUEUE) {
        None => fallbacks.add(Fallback::NoQueue),
        // One crossing into JS for the whole batch. Nothing in an event can fail to serialize.
        Some(queue) => match queue
            .send_each(&serde_json::to_string(events).unwrap_or_default())
            .await
        {
            Ok(()) => return events.len(),
            Err(error) => {
                console_error!(
                    "queue {QUEUE}: {}; writing to the bucket {BUCKET} instead",
                    thrown(&error)
                );
                fallbacks.add(Fallback::QueueFailed);
            }
        },
    }
    let mut lines = String::new();
    for line in events.iter().filter_map(|event| serde_json::to_string(event).ok()) {
        lines.push_str(&line);
        lines.push('\n');
    }
    match write(env, &lines, now_ms).await {
        Ok(()) => events.len(),
        Err(error) => {
            console_error!("bucket {BUCKET}: {}; {} events are lost", thrown(&error), events.len());
            0
        }
    }
}

/// Writes a batch of the queue into the bucket, then acknowledges it; a failure leaves it to the queue's next delivery.
pub async fn store_batch(batch: &Batch, env: &Env, now_ms: u64) {
    let mut lines = String::new();
    for body in batch.bodies() {
        // A message that is no event of ours becomes a line all the same: `ingest` puts it into quarantine with its
        // reason, where dropping it here would lose it silently.
        if let Some(line) = JSON::stringify(&body).ok().and_then(|text| text.as_string()) {
            lines.push_str(&line);
            lines.push('\n');
        }
    }
    match write(env, &lines, now_ms).await {
        Ok(()) => batch.ack_all(),
        Err(error) => {
            console_error!("bucket {BUCKET}: {}; the batch will be delivered again", thrown(&error));
            batch.retry_all();
        }
    }
}

/// One new object under the hour in which it is written.
async fn write(env: &Env, lines: &str, now_ms: u64) -> Result<(), JsValue> {
    const MS_PER_DAY: u64 = 86_400_000;
    const MS_PER_HOUR: u64 = 3_600_000;
    let bucket = Bucket::named(env, BUCKET).ok_or_else(|| JsValue::from_str("not bound"))?;
    let (year, month, day) = civil_from_days((now_ms / MS_PER_DAY).cast_signed());
    let hour = now_ms % MS_PER_DAY / MS_PER_HOUR;
    let name = runtime::uuid()?;
    let key = format!("events/date={year:04}-{month:02}-{day:02}/hour={hour:02}/{name}.ndjson.gz");
    // Without `content-encoding`: the file is named .gz, and a reader that was given it decompressed would not find gzip.
    bucket.put(&key, &streams::gzip(lines).await?).await
}
