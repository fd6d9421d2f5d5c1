//! Work that must end within a time.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::host::Runtime;

/// The result of `work`; [`None`] if it takes longer than `at_most_ms`. The work is dropped then, and with it whatever it holds.
pub async fn within<R: Runtime, T>(host: &R, at_most_ms: u32, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    // Work that is ready at once needs no timer.
    let at_once = poll_fn(|context| {
        Poll::Ready(match work.as_mut().poll(context) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        })
    });
    if let Some(result) = at_once.await {
        return Some(result);
    }
    let (_wake, pause) = host.pause(at_most_ms);
    let mut pause = pin!(pause);
    poll_fn(|context| {
        if let Poll::Ready(result) = work.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        pause.as_mut().poll(context).map(|()| None)
    })
    .await
}
