//! Where the next snapshot gets its memory from: a rule over the memory that the process really has, not over the bytes of its snapshots.
//!
//! Wasm memory only grows. A new snapshot is downloaded beside the one that answers, so two buffers are needed; they are used in turn.
//! Snapshots of up to half of the room (45 MiB of 108) can always be replaced:
//!
//! - A snapshot of more than a quarter gets a buffer of exactly half, whatever its size, so that the next one fits into it too. The memory
//!   then grows to two such buffers and stays there.
//! - Smaller snapshots get buffers of their size and some room. The memory may grow by them only as long as a new instance with a buffer
//!   of half would still fit beside it.
//! - Where the memory must not grow, the host makes a new instance, which loads the snapshot into its own, fresh memory. The old one
//!   answers until that is done, and then ends with its last request.

use crate::host::InstanceMemory;

/// Bytes of the memory that are not for snapshots: the program, its stack and heap, requests under way.
const NOT_FOR_SNAPSHOTS: usize = 18 << 20;
/// Buffers of small snapshots are a multiple of this.
const STEP: usize = 1 << 20;
/// What requests may come to hold between two loads, beyond what they hold at the first.
const SLACK: usize = 4 << 20;

/// What the process holds when a load begins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Bytes that the buffer of the current snapshot has room for; [`None`] without a model.
    pub current: Option<usize>,
    /// The same of the spare buffer, 0 if there is none.
    pub spare: usize,
    /// The same of all other buffers: their snapshots were replaced, but requests still use them.
    pub in_use: usize,
}

/// What a load is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Download into a buffer with room for so many bytes.
    Land(usize),
    /// Let the host make a new instance, which loads the snapshot.
    Renew,
    /// Try again soon: what is still in use by requests will then be free.
    Wait,
    /// The snapshot does not fit beside the one that answers.
    NoRoom,
}

/// The rule for a limit of so many bytes.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    limit: usize,
}

impl Room {
    /// For this limit on the memory of all instances together.
    pub const fn new(limit: usize) -> Self {
        Self { limit }
    }

    /// The largest snapshot that can be loaded at all, in bytes.
    pub const fn largest(self) -> usize {
        self.limit.saturating_sub(NOT_FOR_SNAPSHOTS / 2)
    }

    /// The largest snapshot that can always be replaced by another one, in bytes.
    pub const fn half(self) -> usize {
        self.limit.saturating_sub(NOT_FOR_SNAPSHOTS) / 2
    }

    /// The room that a snapshot's buffer gets if there is memory for it.
    const fn buffer(self, bytes: usize, current: usize) -> usize {
        let half = self.half();
        if bytes > half {
            bytes
        } else if bytes > half / 2 || current >= half {
            half
        } else {
            let some_more = bytes.saturating_add(bytes / 8).next_multiple_of(STEP);
            if some_more < half { some_more } else { half }
        }
    }

    /// What a load of `bytes` is to do. `memory` is [`None`] if the host gets freed memory back, as a native one does. `may_wait`: whether
    /// waiting for requests that still use an old model was not tried long enough yet.
    pub fn plan(self, held: &Held, memory: Option<InstanceMemory>, bytes: usize, may_wait: bool) -> Plan {
        let current = held.current.unwrap_or(0);
        let buffer = self.buffer(bytes, current);
        if held.spare >= bytes {
            return Plan::Land(bytes);
        }
        let Some(memory) = memory else {
            return if current.saturating_add(bytes) <= self.largest() {
                Plan::Land(bytes)
            } else {
                Plan::NoRoom
            };
        };
        let fits = |parts: &[usize]| parts.iter().fold(0, |sum: usize, part| sum.saturating_add(*part)) <= self.limit;
        let (own, fresh, others) = (memory.own, memory.fresh, memory.others);
        if held.current.is_none() {
            // Visitors get empty lists until it is there, so nothing is waited for, and other instances only decide how much room it gets.
            return match fits(&[own, bytes]) {
                true if fits(&[own, others, buffer]) => Plan::Land(buffer),
                true => Plan::Land(bytes),
                false => Plan::NoRoom,
            };
        }
        if may_wait && held.in_use >= bytes {
            return Plan::Wait;
        }
        let plan = |others: usize| {
            let half = self.half();
            let leaves_room = fits(&[own, buffer, fresh, half, SLACK]) || (current >= half && buffer >= half);
            if leaves_room && fits(&[own, others, buffer]) {
                Some(Plan::Land(buffer))
            } else if fits(&[own, others, fresh, bytes]) {
                Some(Plan::Renew)
            } else if fits(&[own, others, bytes]) {
                Some(Plan::Land(bytes))
            } else {
                None
            }
        };
        match (plan(others), plan(0)) {
            (Some(plan), _) => plan,
            // An instance that was replaced is still there.
            (None, Some(_)) => Plan::Wait,
            (None, None) => Plan::NoRoom,
        }
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
