//! One budget for the memory of requests under way: their bodies, the pages that stream through, batches of the event queue.
//!
//! Whoever needs memory asks for a permit first, and is refused if all permits together would exceed the budget. A permit is given back
//! when it is dropped, so also if the request fails or its future is dropped. A runtime may also stop a request without dropping its
//! future; so each permit ends by itself when it was not renewed for a time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The bytes that all permits may hold together, and the permits.
pub struct Budget {
    limit: usize,
    leases: RefCell<Vec<Lease>>,
    next_id: Cell<u32>,
    most: Cell<usize>,
}

#[derive(Clone, Copy)]
struct Lease {
    id: u32,
    bytes: usize,
    until_ms: u64,
}

impl Budget {
    /// A budget of so many bytes.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            leases: RefCell::new(Vec::new()),
            next_id: Cell::new(0),
            most: Cell::new(0),
        }
    }

    /// The bytes that permits may hold together.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes that permits hold.
    pub fn held(&self) -> usize {
        self.leases.borrow().iter().map(|lease| lease.bytes).sum()
    }

    /// The most bytes that permits ever held.
    pub const fn most(&self) -> usize {
        self.most.get()
    }

    /// A permit to hold `bytes` for `for_ms` milliseconds; each renewal begins that time anew. [`None`] if the budget is used up.
    pub fn permit(self: &Rc<Self>, bytes: usize, now_ms: u64, for_ms: u64) -> Option<Permit> {
        let id = self.next_id.get();
        self.next_id.set(id.wrapping_add(1));
        let permit = Permit {
            budget: Rc::clone(self),
            id,
            for_ms,
        };
        permit.renew(bytes, now_ms).then_some(permit)
    }

    /// Sets what a lease holds, if that fits; a lease that has ended begins again.
    fn set(&self, lease: Lease, now_ms: u64) -> bool {
        let mut leases = self.leases.borrow_mut();
        let others = |leases: &[Lease]| -> usize {
            let others = leases.iter().filter(|other| other.id != lease.id);
            others.map(|other| other.bytes).sum()
        };
        let mut held = others(&leases);
        if lease.bytes > self.limit.saturating_sub(held) {
            leases.retain(|other| other.id == lease.id || now_ms < other.until_ms);
            held = others(&leases);
        }
        if lease.bytes > self.limit.saturating_sub(held) {
            return false;
        }
        match leases.iter_mut().find(|other| other.id == lease.id) {
            Some(known) => *known = lease,
            None => leases.push(lease),
        }
        self.most.set(self.most.get().max(held + lease.bytes));
        true
    }
}

/// A part of the budget, given back when it is dropped.
pub struct Permit {
    budget: Rc<Budget>,
    id: u32,
    for_ms: u64,
}

impl Permit {
    /// Holds `bytes` from now on, and begins the permit's time anew. Returns false if the budget has no room for that; then the permit
    /// stays as it was.
    pub fn renew(&self, bytes: usize, now_ms: u64) -> bool {
        let lease = Lease {
            id: self.id,
            bytes,
            until_ms: now_ms.saturating_add(self.for_ms),
        };
        self.budget.set(lease, now_ms)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.leases.borrow_mut().retain(|lease| lease.id != self.id);
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
