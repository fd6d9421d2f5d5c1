//! The collector: accepted events go through a queue into compressed files, in the layout that `selvedge ingest` reads.
//!
//! The producer awaits the queue, because an event that was accepted must not vanish. Where the queue is missing or
//! refuses, the same lines go straight to the bucket.

use selvedge::engine::CollectedEvent;
use selvedge::time::civil_from_days;

use crate::call::Call;
use crate::fallback::{Fallback, Lent};
use crate::host::{Host, HostError};
use crate::visitor::random;

/// Hands events over; returns how many of them are safe. All or none, in one call.
pub async fn collect<H: Host>(call: &mut Call<'_, H>, events: &[CollectedEvent<'_>]) -> usize {
    if events.is_empty() {
        return 0;
    }
    // One JSON array for the whole batch: in workerd, one crossing into JavaScript. Nothing in an event can fail to serialize.
    let batch = serde_json::to_string(events).unwrap_or_default();
    match call.host.send(&batch).await {
        None => call.fell_back(Fallback::NoQueue),
        Some(Ok(())) => return events.len(),
        Some(Err(error)) => call.failed(Lent::Queue, &error, "; writing to the bucket instead"),
    }
    let lines = events.iter().filter_map(|event| serde_json::to_string(event).ok());
    match write(call.host, lines, call.now_ms).await {
        Ok(()) => events.len(),
        Err(error) => {
            call.failed(Lent::Bucket, &error, &format!("; {} events are lost", events.len()));
            0
        }
    }
}

/// What is to happen to a batch of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is written: the queue may forget it.
    Written,
    /// It is not: the queue shall deliver it again.
    Again,
}

/// Writes a batch of the queue into the bucket.
///
/// A message that is no event of ours becomes a line all the same: `ingest` puts it into quarantine with its reason, where
/// dropping it here would lose it silently.
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

/// One new object under the hour in which it is written.
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
    let name = uuid(host)?;
    let key = format!("events/date={year:04}-{month:02}-{day:02}/hour={hour:02}/{name}.ndjson.gz");
    // Without `content-encoding`: the file is named .gz, and a reader that was given it decompressed would not find gzip.
    host.put(&key, &host.gzip(&text).await?).await
}

/// A random (version 4) UUID, RFC 9562.
///
/// # Errors
/// The host has no random bytes.
pub fn uuid<H: Host>(host: &H) -> Result<String, HostError> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes: [u8; 16] = random(host)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    Ok(text)
}
