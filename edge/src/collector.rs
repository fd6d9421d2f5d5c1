//! The collector: sends accepted events to the event queue, and writes batches of the queue into the bucket as gzipped JSON lines, in the
//! layout that `selvedge ingest` reads.
//!
//! A request waits for the queue's acknowledgement before it is answered, so that an event counted as collected is not lost. If the
//! host has no queue, or the queue refuses the events, the request writes them into the bucket itself.

use selvedge::engine::CollectedEvent;
use selvedge::time::civil_from_days;

use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::fallback::{Fallback, Lent};
use crate::host::{Host, HostError};
use crate::problem::Problem;
use crate::random;

/// Most bytes of one call to the queue. Cloudflare's queues take 256 KB in one call, and count some overhead for each message.
const MAX_SENT_BYTES: usize = 200_000;

/// Bytes of text from which on an object of the bucket is full: its text, the runtime's copy of it and the compressed bytes lie in memory
/// at the same time.
const FULL_BYTES: usize = 512 * 1024;
/// What an object holds of the budget, for each byte of its text.
const HELD: usize = 3;
/// The longest message of Cloudflare's queues, in bytes. The last one of an object may begin just before the object is full.
const MAX_MESSAGE_BYTES: usize = 128_000;
/// Milliseconds after which a delivery that has not come any further was stopped by the runtime, without dropping its future.
const STOPPED_MS: u64 = 60_000;

/// Sends events to the queue, in as few calls as its limit allows, and writes into the bucket what the queue did not take. Returns how many
/// are stored. An event that names a decision of many items is far longer than it was sent, so 100 of them can exceed one call's limit;
/// therefore each call's text is made when it is its turn.
///
/// # Errors
/// A 503 problem if the requests under way leave no room for the first call's text.
pub async fn collect<H: Host>(call: &mut Call<'_, H>, events: &[CollectedEvent<'_>]) -> Result<usize, Problem> {
    // Nothing in an event can fail to serialize.
    let mut lines = events
        .iter()
        .filter_map(|event| serde_json::to_string(event).ok())
        .peekable();
    let mut stored = 0;
    while lines.peek().is_some() {
        // One JSON array for each call: in workerd, one crossing into JavaScript.
        let (batch, count) = joined(&mut lines, ",", MAX_SENT_BYTES);
        if !call.hold(batch.len().saturating_mul(HELD)) {
            let problem = body::busy(call);
            return if stored == 0 { Err(problem) } else { Ok(stored) };
        }
        match call.host.send(&["[", &batch, "]"].concat()).await {
            Some(Ok(())) => {
                stored += count;
                continue;
            }
            None => call.fell_back(Fallback::NoQueue),
            Some(Err(error)) => call.failed(Lent::Queue, &error, "; writing to the bucket instead"),
        }
        break;
    }
    // From the first one on that the queue did not take.
    let mut lines = events
        .iter()
        .skip(stored)
        .filter_map(|event| serde_json::to_string(event).ok())
        .peekable();
    while lines.peek().is_some() {
        let (text, count) = joined(&mut lines, "\n", FULL_BYTES);
        let written = write(call.host, text, call.now_ms).await;
        if let Err(error) = written {
            let left = events.len() - stored;
            call.failed(Lent::Bucket, &error, &format!("; {left} events are lost"));
            break;
        }
        stored += count;
    }
    Ok(stored)
}

/// Joins lines until the next one would make them longer than `most_bytes`, and returns how many it took: at least one.
fn joined(
    lines: &mut std::iter::Peekable<impl Iterator<Item = String>>,
    separator: &str,
    most_bytes: usize,
) -> (String, usize) {
    let mut text = String::new();
    let mut count = 0;
    while let Some(line) = lines.next_if(|line| count == 0 || text.len() + line.len() < most_bytes) {
        if count > 0 {
            text.push_str(separator);
        }
        text.push_str(&line);
        count += 1;
    }
    (text, count)
}

/// What the event queue is to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The batch is written: acknowledge it.
    Written,
    /// The batch could not be written: deliver it again.
    Again,
}

/// Writes a batch of the queue's messages into the bucket, as objects that are full at [`FULL_BYTES`]. If one cannot be written, the whole
/// batch is delivered again; `ingest` keeps one row of each visitor and event id, so what was written before does no harm.
///
/// A message that is not a collected event is written as well: `ingest` puts it into quarantine with the reason, while dropping it here
/// would lose it without a trace.
pub async fn deliver<H: Host>(app: &App<H>, host: &H, messages: impl IntoIterator<Item = String>) -> Delivery {
    let now_ms = host.unix_ms();
    let held_bytes = (FULL_BYTES + MAX_MESSAGE_BYTES) * HELD;
    let Some(permit) = app.budget.permit(held_bytes, now_ms, STOPPED_MS) else {
        app.refuse_behind(host, now_ms, "the event queue delivers its batch again");
        return Delivery::Again;
    };
    let mut lines = messages.into_iter().peekable();
    while lines.peek().is_some() {
        let (text, _) = joined(&mut lines, "\n", FULL_BYTES);
        permit.renew(held_bytes, host.unix_ms());
        if let Err(error) = write(host, text, now_ms).await {
            let name = Lent::Bucket.name();
            host.log(format_args!("{name}: {error}; the batch will be delivered again"));
            return Delivery::Again;
        }
    }
    Delivery::Written
}

/// Writes lines as one new gzipped object, whose object key says the day and hour (UTC) of `now_ms`.
async fn write<H: Host>(host: &H, mut lines: String, now_ms: u64) -> Result<(), HostError> {
    const MS_PER_DAY: u64 = 86_400_000;
    const MS_PER_HOUR: u64 = 3_600_000;
    lines.push('\n');
    let (year, month, day) = civil_from_days((now_ms / MS_PER_DAY).cast_signed());
    let hour = now_ms % MS_PER_DAY / MS_PER_HOUR;
    let name = random::uuid(host)?;
    let key = format!("events/date={year:04}-{month:02}-{day:02}/hour={hour:02}/{name}.ndjson.gz");
    // Without `content-encoding`: clients would decompress the file while they read it, and its name would still say .gz.
    host.put(&key, &host.gzip(&lines).await?).await
}
