//! Where the next snapshot gets its memory from: a rule over the memory that the process really has, not over the bytes of its snapshots.
//!
//! Wasm memory only grows. A new snapshot is downloaded beside the one that answers, so two buffers are needed; they are used in turn.
//! Snapshots of up to half of the room (45 MiB of 108) can always be replaced:
//!
//! - Buffers come in five sizes: half of the room, and a half, a quarter, an eighth and a sixteenth of that. A freed buffer leaves a hole
//!   that a larger one does not fit into, so a memory in which snapshots grow comes to the sum of all buffers that it ever had. Sizes that
//!   double keep that sum below the last two buffers times two. (Buffers of an eighth more than the snapshot were tried: a pair for each
//!   eighth of growth sums up to 18 times the snapshot, which took 15 new instances from 1 to 45 MiB. Sizes that double take 2.)
//! - The memory may grow by a buffer only as long as a new instance with a buffer of half would still fit beside it, or if it has one such
//!   buffer already: it then grows to two of them and stays there.
//! - Where the memory must not grow, the host makes a new instance, which loads the snapshot into its own, fresh memory. The old one
//!   answers until that is done, and then ends with its last request.

use crate::host::InstanceMemory;

/// Bytes of the memory that are not for snapshots: the program, its stack and heap, requests under way.
const NOT_FOR_SNAPSHOTS: usize = 18 << 20;
/// How often half of the room is halved for the smallest size of buffers: 2.8 MiB of 45.
const HALVINGS: u32 = 4;
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
            return bytes;
        }
        // Beside a buffer of half there is room for another one, so that the two can take every snapshot in turn.
        let mut size = half;
        let mut halved = 0;
        while halved < HALVINGS && current < half && bytes <= size / 2 {
            size /= 2;
            halved += 1;
        }
        size
    }

    /// What a load of `bytes` is to do. `memory` is [`None`] if the host gets freed memory back, as a native one does. `may_wait`: whether
    /// waiting for requests that still use an old model, or for the memory of a replaced instance, was not tried long enough yet.
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
            // An instance that was replaced is still there. The host may never collect it, so this ends, too.
            (None, Some(_)) if may_wait => Plan::Wait,
            (None, _) => Plan::NoRoom,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
#[path = "room_tests.rs"]
mod tests;
