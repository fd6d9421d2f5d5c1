//! The collector: sends accepted events to the event queue, and writes batches of the queue into the bucket as gzipped JSON lines, in the
//! layout that `selvedge ingest` reads.
//!
//! A request waits for the queue's acknowledgement before it is answered, so that an event counted as collected is not lost. If the
//! host has no queue, or the queue refuses the events, the request writes them into the bucket itself.

use selvedge::engine::CollectedEvent;
use selvedge::time::civil_from_days;

use crate::call::Call;
use crate::fallback::{Fallback, Lent};
use crate::host::{Host, HostError};
use crate::random;

/// Most bytes of one call to the queue. Cloudflare's queues take 256 KB in one call, and count some overhead for each message.
const MAX_SENT_BYTES: usize = 200_000;

/// Sends events to the queue, in as few calls as its limit allows, and writes into the bucket what the queue did not take. Returns how many
/// are stored. An event that names a decision of many items is far longer than it was sent, so 100 of them can exceed one call's limit.
pub async fn collect<H: Host>(call: &mut Call<'_, H>, events: &[CollectedEvent<'_>]) -> usize {
    // Nothing in an event can fail to serialize.
    let lines: Vec<String> = events
        .iter()
        .filter_map(|event| serde_json::to_string(event).ok())
        .collect();
    let mut sent = 0;
    while sent < lines.len() {
        let count = fitting(&lines[sent..]);
        // One JSON array for each call: in workerd, one crossing into JavaScript.
        let batch = ["[", &lines[sent..sent + count].join(","), "]"].concat();
        match call.host.send(&batch).await {
            Some(Ok(())) => sent += count,
            None => {
                call.fell_back(Fallback::NoQueue);
                break;
            }
            Some(Err(error)) => {
                call.failed(Lent::Queue, &error, "; writing to the bucket instead");
                break;
            }
        }
    }
    let left = lines.len() - sent;
    if left == 0 {
        return sent;
    }
    match write(call.host, lines.into_iter().skip(sent), call.now_ms).await {
        Ok(()) => sent + left,
        Err(error) => {
            call.failed(Lent::Bucket, &error, &format!("; {left} events are lost"));
            sent
        }
    }
}

/// How many of these lines, at least one, fit into one call.
fn fitting(lines: &[String]) -> usize {
    let mut bytes = 0;
    let fits = |line: &&String| {
        bytes += line.len() + 1;
        bytes <= MAX_SENT_BYTES
    };
    lines.iter().take_while(fits).count().max(1)
}

/// What the event queue is to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The batch is written: acknowledge it.
    Written,
    /// The batch could not be written: deliver it again.
    Again,
}

/// Writes a batch of the queue's messages into the bucket.
///
/// A message that is not a collected event is written as well: `ingest` puts it into quarantine with the reason, while dropping it here
/// would lose it without a trace.
pub async fn deliver<H: Host>(host: &H, messages: impl IntoIterator<Item = String>) -> Delivery {
    match write(host, messages.into_iter(), host.unix_ms()).await {
        Ok(()) => Delivery::Written,
        Err(error) => {
            let name = Lent::Bucket.name();
            host.log(format_args!("{name}: {error}; the batch will be delivered again"));
            Delivery::Again
        }
    }
}

/// Writes lines as one new gzipped object, whose object key says the day and hour (UTC) of `now_ms`.
async fn write<H: Host>(host: &H, lines: impl Iterator<Item = String>, now_ms: u64) -> Result<(), HostError> {
    const MS_PER_DAY: u64 = 86_400_000;
    const MS_PER_HOUR: u64 = 3_600_000;
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    let (year, month, day) = civil_from_days((now_ms / MS_PER_DAY).cast_signed());
    let hour = now_ms % MS_PER_DAY / MS_PER_HOUR;
    let name = random::uuid(host)?;
    let key = format!("events/date={year:04}-{month:02}-{day:02}/hour={hour:02}/{name}.ndjson.gz");
    // Without `content-encoding`: clients would decompress the file while they read it, and its name would still say .gz.
    host.put(&key, &host.gzip(&text).await?).await
}
