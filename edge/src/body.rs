//! The body of a request: of bounded length, within its time, and under the budget of all requests.

use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::fallback::Fallback;
use crate::host::{ByteSource, Host, HostError, PIECE_BYTES, Request};
use crate::incoming::is_identity;
use crate::problem::Problem;
use crate::time_limit::within;

/// The least that a body holds while nothing of it has come: the buffer into which the host reads its first bytes.
const FIRST_BYTES: usize = 4096;
/// How much a request holds for each byte of its body once the JSON is parsed: the text, the values of it, and what is made of them.
const PARSED: usize = 3;

/// The body, read as JSON of at most `limit_bytes`. `expected` describes the JSON in the problem's detail. The call holds the memory of it
/// until it ends.
///
/// # Errors
/// A 415 problem for a compressed body, a 413 problem for a longer one, a 400 problem for one that is no such JSON, a 408 problem if it does not come in time, a 503 problem if
/// the requests under way leave no room for it.
pub async fn json<H: Host, T: DeserializeOwned>(
    call: &mut Call<'_, H>,
    limit_bytes: usize,
    expected: &str,
) -> Result<T, Problem> {
    if let Some(coding) = call
        .incoming
        .header("content-encoding")
        .filter(|coding| !is_identity(coding))
    {
        return Err(Problem::compressed(&coding));
    }
    let announced = call.incoming.header("content-length");
    let announced = announced.and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > limit_bytes) {
        return Err(Problem::too_long(limit_bytes));
    }
    let broken = |error: HostError| Problem::body(expected, &error);
    let Some(stream) = call.incoming.request().take_body().map_err(broken)? else {
        return Err(Problem::body(expected, &"nothing"));
    };
    let mut bytes = Vec::new();
    let (host, within_ms) = (call.host, call.app.config.body_ms);
    let read = within(host, within_ms, read(call, stream, limit_bytes, &mut bytes)).await;
    match read {
        Some(Ok(())) => {}
        Some(Err(Unread::TooLong)) => return Err(Problem::too_long(limit_bytes)),
        Some(Err(Unread::Busy)) => return Err(busy(call)),
        Some(Err(Unread::Broken(error))) => return Err(broken(error)),
        None => return Err(Problem::too_slow(within_ms, bytes.len())),
    }
    if !call.hold(bytes.len().saturating_mul(PARSED)) {
        return Err(busy(call));
    }
    // Some clients begin UTF-8 text with a byte-order mark, which RFC 8259 allows a parser to ignore.
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(json).map_err(|error| Problem::body(expected, &error))
}

/// Counts and logs that a request is refused because the budget is used up, and returns the problem.
pub fn busy<H: Host>(call: &mut Call<'_, H>) -> Problem {
    call.app
        .log_refusal(call.host, call.now_ms, "the request is answered by 503");
    call.fell_back(Fallback::Busy);
    Problem::busy()
}

/// Why a body was not read.
enum Unread {
    TooLong,
    Busy,
    Broken(HostError),
}

/// Reads a body. The memory grows with what has come, not with what was announced.
async fn read<H: Host>(
    call: &mut Call<'_, H>,
    mut stream: H::Body,
    limit_bytes: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), Unread> {
    loop {
        let ahead = bytes.len().clamp(FIRST_BYTES, PIECE_BYTES);
        // The vector doubles when it is full, so this is the most that it can become by the next piece.
        let most = bytes.capacity().max(2 * bytes.len()).max(bytes.len() + ahead);
        if !call.hold(most + ahead) {
            stream.cancel(&HostError::new("busy"));
            return Err(Unread::Busy);
        }
        match stream.next_of(1, ahead).await {
            Ok(Some(piece)) => bytes.extend_from_slice(&piece),
            Ok(None) => return Ok(()),
            Err(error) => return Err(Unread::Broken(error)),
        }
        if bytes.len() > limit_bytes {
            stream.cancel(&HostError::new("too long"));
            return Err(Unread::TooLong);
        }
    }
}
