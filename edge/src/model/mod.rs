//! The models that one process holds: the current one, the one before it, and why there is none.
//!
//! Only state is here. `loading.rs`, above the application, reads the pointer and the snapshot from the host and changes this state.

mod buffers;
mod load_error;
mod room;
mod store;

use std::cell::RefCell;
use std::rc::Rc;

use selvedge::engine::{Available, Decision, DecisionContext, Engine};
use selvedge::profile::cookie::Keyring;

pub use buffers::Buffer;
pub use load_error::LoadError;
pub use room::{Plan, Room};
pub use store::Store;

/// Object key of the pointer, which names the current snapshot.
pub const POINTER_KEY: &str = "models/current.json";

/// A verified snapshot with its engine.
pub struct Model {
    /// The core over the snapshot.
    pub engine: Engine<Buffer>,
    /// When it became the current model, Unix milliseconds.
    pub loaded_at_ms: u64,
    /// The text of the pointer that named it.
    pointer: String,
    /// The bitmap of available items of the minute of the last decision.
    available: RefCell<Option<Rc<Available>>>,
}

impl Model {
    /// A model that has answered nothing yet. `pointer`: the text of the pointer that named its snapshot.
    pub fn new(engine: Engine<Buffer>, loaded_at_ms: u64, pointer: String) -> Self {
        Self {
            engine,
            loaded_at_ms,
            pointer,
            available: RefCell::default(),
        }
    }

    /// How many bytes the buffer of its snapshot has room for.
    pub fn capacity(&self) -> usize {
        self.engine.snapshot().owner().capacity()
    }

    /// Decides, and seals the decision's id if there is a keyring. Builds the bitmap of available items once per minute.
    pub fn decide<'m>(&'m self, context: &DecisionContext<'m>, keyring: Option<&Keyring>) -> Decision<'m> {
        let available = self.available(context.now_ms);
        let mut decision = self.engine.decide_among(&available, context);
        if let Some(keyring) = keyring {
            decision.seal(keyring);
        }
        decision
    }

    fn available(&self, now_ms: u64) -> Rc<Available> {
        let mut kept = self.available.borrow_mut();
        match kept.as_ref().filter(|kept| kept.is_of(now_ms)) {
            Some(kept) => Rc::clone(kept),
            None => Rc::clone(kept.insert(Rc::new(self.engine.available(now_ms)))),
        }
    }
}
