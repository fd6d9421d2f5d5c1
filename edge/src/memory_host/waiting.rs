//! Futures that wait in the host in memory. There are no wakers: the executor polls everything again until nothing happens any more.

use std::future::poll_fn;
use std::task::Poll;

use super::MemoryHost;

/// [`Poll::Ready`] if `is_so`.
pub fn ready(is_so: bool) -> Poll<()> {
    if is_so { Poll::Ready(()) } else { Poll::Pending }
}

/// Waits for one round of polling, so that other futures go on first, as with a call of a real runtime.
pub async fn turn(host: &MemoryHost) {
    let mut waited = false;
    poll_fn(|_| {
        host.happened();
        ready(std::mem::replace(&mut waited, true))
    })
    .await;
}
