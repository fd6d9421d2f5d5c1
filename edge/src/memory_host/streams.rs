//! Byte streams between two futures of one thread.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::{MemoryHost, waiting};
use crate::host::{ByteSink, ByteSource, HostError, PIECE_BYTES};

#[derive(Clone, Debug, Default)]
enum End {
    #[default]
    Open,
    Whole,
    Broken(HostError),
}

#[derive(Default)]
struct Stream {
    pieces: RefCell<VecDeque<Vec<u8>>>,
    end: RefCell<End>,
    reader_gone: Cell<bool>,
}

/// The reading end.
pub struct MemoryBody {
    stream: Rc<Stream>,
    host: Option<MemoryHost>,
}

impl MemoryBody {
    /// A stream of these pieces, all of which can be read at once.
    pub fn of(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let stream = Stream::default();
        for piece in pieces {
            stream
                .pieces
                .borrow_mut()
                .extend(piece.chunks(PIECE_BYTES).map(<[u8]>::to_vec));
        }
        stream.end.replace(End::Whole);
        Self {
            stream: Rc::new(stream),
            host: None,
        }
    }

    /// A stream of these pieces that breaks after the last one.
    pub fn broken(pieces: impl IntoIterator<Item = Vec<u8>>, reason: &str) -> Self {
        let body = Self::of(pieces);
        body.stream.end.replace(End::Broken(HostError::new(reason)));
        body
    }

    /// A stream whose pieces the test feeds.
    #[must_use]
    pub fn fed(host: &MemoryHost) -> (Feeder, Self) {
        let (sink, body) = pipe(host);
        (Feeder(sink), body)
    }

    /// Takes the bytes that can be read now, without waiting for more.
    #[must_use]
    pub fn there(&self) -> Vec<u8> {
        if let Some(host) = &self.host {
            host.happened();
        }
        self.stream.pieces.take().into_iter().flatten().collect()
    }

    /// [`None`] while the stream is open; how it ended after that.
    #[must_use]
    pub fn ended(&self) -> Option<Result<(), HostError>> {
        match &*self.stream.end.borrow() {
            End::Open => None,
            End::Whole => Some(Ok(())),
            End::Broken(reason) => Some(Err(reason.clone())),
        }
    }
}

impl fmt::Debug for MemoryBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryBody")
    }
}

impl Drop for MemoryBody {
    fn drop(&mut self) {
        self.stream.reader_gone.set(true);
        if let Some(host) = &self.host {
            host.happened();
        }
    }
}

impl ByteSource for MemoryBody {
    async fn next_of(&mut self, _: usize, at_most: usize) -> Result<Option<Vec<u8>>, HostError> {
        poll_fn(|_| {
            let mut pieces = self.stream.pieces.borrow_mut();
            if let Some(mut piece) = pieces.pop_front() {
                if piece.len() > at_most {
                    pieces.push_front(piece.split_off(at_most));
                }
                if let Some(host) = &self.host {
                    host.happened();
                }
                return Poll::Ready(Ok(Some(piece)));
            }
            match &*self.stream.end.borrow() {
                End::Open => Poll::Pending,
                End::Whole => Poll::Ready(Ok(None)),
                End::Broken(reason) => Poll::Ready(Err(reason.clone())),
            }
        })
        .await
    }

    fn cancel(&mut self, _: &HostError) {
        self.stream.reader_gone.set(true);
    }
}

/// The writing end.
pub struct MemorySink {
    stream: Rc<Stream>,
    host: MemoryHost,
}

/// The two ends of a new stream.
pub(super) fn pipe(host: &MemoryHost) -> (MemorySink, MemoryBody) {
    let stream = Rc::new(Stream::default());
    let sink = MemorySink {
        stream: Rc::clone(&stream),
        host: host.clone(),
    };
    let body = MemoryBody {
        stream,
        host: Some(host.clone()),
    };
    (sink, body)
}

impl MemorySink {
    fn push(&self, bytes: &[u8]) {
        self.stream.pieces.borrow_mut().push_back(bytes.to_vec());
        self.host.happened();
    }

    fn end(&self, end: End) {
        self.stream.end.replace(end);
        self.host.happened();
    }
}

impl ByteSink for MemorySink {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        if bytes.is_empty() {
            return Ok(());
        }
        if !self.stream.reader_gone.get() {
            self.push(bytes);
            let taken = || self.stream.reader_gone.get() || self.stream.pieces.borrow().is_empty();
            poll_fn(|_| waiting::ready(taken())).await;
        }
        if self.stream.reader_gone.get() {
            return Err(HostError::new("the reader has gone"));
        }
        Ok(())
    }

    async fn close(self) -> Result<(), HostError> {
        self.end(End::Whole);
        Ok(())
    }

    fn abort(self, reason: &HostError) {
        self.end(End::Broken(reason.clone()));
    }
}

/// The writing end of a stream that a test feeds.
pub struct Feeder(MemorySink);

impl Feeder {
    /// Writes bytes, without waiting for the reader.
    pub fn feed(&self, bytes: impl AsRef<[u8]>) {
        self.0.push(bytes.as_ref());
    }

    /// Ends the stream.
    pub fn end(self) {
        self.0.end(End::Whole);
    }

    /// Breaks the stream off.
    pub fn breaks(self, reason: &str) {
        self.0.end(End::Broken(HostError::new(reason)));
    }

    /// Whether the reading end was dropped or cancelled.
    #[must_use]
    pub fn reader_gone(&self) -> bool {
        self.0.stream.reader_gone.get()
    }
}
