//! Clock, random bytes, work behind answers, kept bytes and prepared answers of the host in memory.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::request::MemoryRequest;
use super::streams::{self, MemoryBody, MemorySink};
use super::{MemoryHost, Work, waiting};
use crate::headers::Headers;
use crate::host::{HostError, InstanceMemory, Renewal, Runtime, StoredBytes, Wake};

/// Bytes on the host's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryBytes(pub Rc<[u8]>);

impl StoredBytes for MemoryBytes {
    fn of(text: &str) -> Self {
        Self(text.as_bytes().into())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// A prepared answer.
pub struct MemoryPrepared {
    pub(super) headers: RefCell<Headers>,
    pub(super) body: MemoryBytes,
}

/// Ends a pause.
pub struct MemoryWake {
    host: MemoryHost,
    woken: Rc<Cell<bool>>,
}

impl Wake for MemoryWake {
    fn wake(self) {
        self.woken.set(true);
        self.host.happened();
    }
}

impl Runtime for MemoryHost {
    type Request = MemoryRequest;
    type Body = MemoryBody;
    type Sink = MemorySink;
    type Bytes = MemoryBytes;
    type Prepared = Rc<MemoryPrepared>;
    type Wake = MemoryWake;

    fn unix_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn monotonic_ms(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
        let ms = self.now_ms.get() as f64;
        ms
    }

    fn pause(&self, at_most_ms: u32) -> (MemoryWake, impl Future<Output = ()> + 'static) {
        let (until_ms, alive) = self.timer(at_most_ms);
        let woken = Rc::new(Cell::new(false));
        let wake = MemoryWake {
            host: self.clone(),
            woken: Rc::clone(&woken),
        };
        let host = self.clone();
        let pause = std::future::poll_fn(move |_| {
            let _ = &alive;
            waiting::ready(woken.get() || host.now_ms.get() >= until_ms)
        });
        (wake, pause)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), HostError> {
        self.random_health.get().check("random bytes")?;
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64 (Steele, Lea, Flood 2014).
            let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.random.set(state);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let drawn = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
        Ok(())
    }

    async fn sha256(&self, bytes: &[u8]) -> Result<[u8; 32], HostError> {
        Ok(Sha256::digest(bytes).into())
    }

    fn wait_until(&self, work: Work) {
        self.work.borrow_mut().push(work);
        self.happened();
    }

    fn log(&self, text: fmt::Arguments<'_>) {
        self.log.borrow_mut().push(text.to_string());
    }

    fn pipe(&self) -> Result<(MemorySink, MemoryBody), HostError> {
        Ok(streams::pipe(self))
    }

    fn prepare(&self, headers: &Headers, body: &MemoryBytes) -> Result<Rc<MemoryPrepared>, HostError> {
        self.prepare_health.get().check("prepared answers")?;
        Ok(Rc::new(MemoryPrepared {
            headers: RefCell::new(headers.clone()),
            body: body.clone(),
        }))
    }

    fn refresh(&self, prepared: &Rc<MemoryPrepared>, headers: &Headers) -> Result<(), HostError> {
        self.prepare_health.get().check("prepared answers")?;
        let mut kept = prepared.headers.borrow_mut();
        for (name, value) in headers.iter() {
            kept.set(name, value.to_owned());
        }
        Ok(())
    }

    fn memory(&self) -> Option<InstanceMemory> {
        self.memory.borrow().as_ref().map(|memory| memory())
    }

    async fn renew(&self, newest_ms: u64) -> Result<Renewal, HostError> {
        self.renewals.set(self.renewals.get() + 1);
        let renewal = self.renew.borrow().as_ref().map(|renew| renew(newest_ms));
        match renewal {
            Some(renewal) => renewal.await,
            None => Err(HostError::new("this host makes no new instance")),
        }
    }

    fn renewals(&self) -> u32 {
        self.renewals.get()
    }
}
