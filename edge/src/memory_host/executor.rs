//! The executor: polls every future again and again until none makes progress.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::MemoryHost;
use super::reply::Reply;
use super::request::MemoryRequest;
use super::waiting::ready;
use crate::app::App;
use crate::response::Response;

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

impl MemoryHost {
    /// Polls a future to its end, together with the work behind answers. When everything waits, the clock moves to the next end of a pause.
    ///
    /// # Panics
    /// If everything waits and there is no pause.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            let before = self.happened.get();
            if let Poll::Ready(output) = poll(future.as_mut()) {
                return output;
            }
            self.poll_work();
            #[expect(clippy::panic, reason = "the test waits for something that cannot come")]
            if self.happened.get() == before && !self.to_next_timer() {
                panic!("expected something to go on, found every future waiting and no pause");
            }
        }
    }

    /// Polls work behind answers until all of it is done or waits for a pause, a reader or the origin.
    pub fn work(&self) {
        loop {
            let before = self.happened.get();
            self.poll_work();
            if self.happened.get() == before {
                return;
            }
        }
    }

    /// Takes the work behind answers that is left. It is neither polled nor dropped any more while the result lives, as when a runtime stops
    /// a request.
    #[must_use]
    pub fn stopped(&self) -> impl Sized + use<> {
        self.work.take()
    }

    /// Whether work behind answers is left.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.work.borrow().is_empty()
    }

    fn poll_work(&self) {
        let mut waiting = Vec::new();
        for mut work in self.work.take() {
            match poll(work.as_mut()) {
                Poll::Ready(()) => self.happened(),
                Poll::Pending => waiting.push(work),
            }
        }
        // Work that began during this round is polled after the rest.
        let begun = self.work.replace(waiting);
        self.work.borrow_mut().extend(begun);
    }

    fn to_next_timer(&self) -> bool {
        let mut timers = self.timers.borrow_mut();
        let now_ms = self.now_ms.get();
        timers.retain(|(until_ms, alive)| *until_ms > now_ms && alive.strong_count() > 0);
        let Some(next_ms) = timers.iter().map(|(until_ms, _)| *until_ms).min() else {
            return false;
        };
        self.now_ms.set(next_ms);
        true
    }

    /// The application's answer to a request, with its whole body. Then polls the work behind it ([`MemoryHost::work`]).
    pub fn fetch(&self, app: &Rc<App<Self>>, request: MemoryRequest) -> Reply {
        let is_head = request.method == "HEAD";
        let reply = self.run(async {
            let answer = app.respond(self.clone(), request).await;
            Reply::whole(answer, is_head).await
        });
        self.work();
        reply
    }

    /// The answers to requests that arrive at the same time, in the requests' order.
    pub fn fetch_all(&self, app: &Rc<App<Self>>, requests: Vec<MemoryRequest>) -> Vec<Reply> {
        let calls = requests.into_iter().map(|request| {
            let is_head = request.method == "HEAD";
            let answer = app.respond(self.clone(), request);
            Box::pin(async move { Reply::whole(answer.await, is_head).await })
        });
        let mut calls: Vec<_> = calls.collect();
        let replies: RefCell<Vec<Option<Reply>>> = RefCell::new(calls.iter().map(|_| None).collect());
        self.run(poll_fn(|_| {
            let mut replies = replies.borrow_mut();
            for (call, reply) in calls.iter_mut().zip(replies.iter_mut()) {
                if reply.is_none()
                    && let Poll::Ready(come) = poll(call.as_mut())
                {
                    *reply = Some(come);
                    self.happened();
                }
            }
            ready(replies.iter().all(Option::is_some))
        }));
        self.work();
        replies.into_inner().into_iter().flatten().collect()
    }

    /// The answer if it is ready at the first poll, as a host asks that sends such answers at once; [`None`] if it waits for something.
    pub fn at_once(&self, app: &Rc<App<Self>>, request: MemoryRequest) -> Option<Response<Self>> {
        match poll(pin!(app.respond(self.clone(), request))) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    }
}
