//! The memory that snapshots lie in.
//!
//! Wasm memory never shrinks, and what is freed in it is seldom of use for a snapshot of another size. So the buffer of a snapshot that
//! is not used any more is kept, and the next snapshot is downloaded straight into it. The buffer comes back when the last request that
//! uses the old model drops it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use selvedge::snapshot::AlignedBytes;

/// Lends buffers to snapshots and takes them back.
#[derive(Clone, Default)]
pub struct Buffers(Rc<Kept>);

#[derive(Default)]
struct Kept {
    /// The largest buffer that came back.
    spare: RefCell<Option<AlignedBytes>>,
    /// The download under way. It belongs to the process and not to the load's future: if the runtime stops that without dropping it, the
    /// next load takes the buffer over.
    landing: RefCell<Option<Landing>>,
    /// How many bytes all lent buffers have room for.
    lent: Cell<usize>,
}

struct Landing {
    ticket: u32,
    bytes: AlignedBytes,
}

impl Buffers {
    /// How many bytes the spare buffer has room for, be it kept or part of a download that another load began.
    pub fn spare(&self) -> usize {
        self.0.recover();
        self.0.spare.borrow().as_ref().map_or(0, AlignedBytes::capacity)
    }

    /// How many bytes all buffers have room for that snapshots are in.
    pub fn lent(&self) -> usize {
        self.0.lent.get()
    }

    /// Begins a download for the load with this ticket, into the spare buffer if it has room for `capacity` bytes, else into a new one;
    /// the spare one is freed first then. Returns false if there is no memory.
    pub fn begin(&self, ticket: u32, capacity: usize) -> bool {
        self.0.recover();
        let mut spare = self.0.spare.take().filter(|spare| spare.capacity() >= capacity);
        if let Some(spare) = &mut spare {
            spare.clear();
        }
        let bytes = spare.or_else(|| AlignedBytes::try_with_capacity(capacity));
        let landing = bytes.map(|bytes| Landing { ticket, bytes });
        let is_there = landing.is_some();
        self.0.landing.replace(landing);
        is_there
    }

    /// Appends a piece to the download. Returns false if there is no room for it, or if another load has taken the buffer over.
    pub fn land(&self, ticket: u32, piece: &[u8]) -> bool {
        match &mut *self.0.landing.borrow_mut() {
            Some(landing) if landing.ticket == ticket => landing.bytes.append(piece),
            _ => false,
        }
    }

    /// Ends the download, and lends the buffer to the snapshot in it. [`None`] if another load has taken the buffer over.
    pub fn landed(&self, ticket: u32) -> Option<Buffer> {
        let mut landing = self.0.landing.borrow_mut();
        let landing = landing.take_if(|landing| landing.ticket == ticket)?;
        let lent = self.0.lent.get().saturating_add(landing.bytes.capacity());
        self.0.lent.set(lent);
        Some(Buffer {
            bytes: landing.bytes,
            home: Rc::clone(&self.0),
        })
    }
}

impl Kept {
    /// Makes the buffer of a download the spare one.
    fn recover(&self) {
        if let Some(landing) = self.landing.take() {
            self.keep(landing.bytes);
        }
    }

    /// Keeps the larger of the spare buffer and this one, and frees the other.
    fn keep(&self, bytes: AlignedBytes) {
        let mut spare = self.spare.borrow_mut();
        if spare.as_ref().is_none_or(|spare| spare.capacity() < bytes.capacity()) {
            *spare = Some(bytes);
        }
    }
}

/// A buffer that a snapshot lies in. It goes back when it is dropped.
pub struct Buffer {
    bytes: AlignedBytes,
    home: Rc<Kept>,
}

impl Buffer {
    /// How many bytes it has room for.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let lent = self.home.lent.get().saturating_sub(bytes.capacity());
        self.home.lent.set(lent);
        self.home.keep(bytes);
    }
}
