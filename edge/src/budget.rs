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
        self.permit_within(self.limit, bytes, now_ms, for_ms)
    }

    /// The same for a page. Pages leave a quarter of the budget to what visitors send: slow readers of many pages would otherwise keep every
    /// write out, and a page can do without its permit where an event cannot.
    pub fn page_permit(self: &Rc<Self>, bytes: usize, now_ms: u64, for_ms: u64) -> Option<Permit> {
        self.permit_within(self.limit - self.limit / 4, bytes, now_ms, for_ms)
    }

    fn permit_within(self: &Rc<Self>, within: usize, bytes: usize, now_ms: u64, for_ms: u64) -> Option<Permit> {
        let id = self.next_id.get();
        self.next_id.set(id.wrapping_add(1));
        let permit = Permit {
            budget: Rc::clone(self),
            id,
            for_ms,
            within,
        };
        permit.renew(bytes, now_ms).then_some(permit)
    }

    /// Sets what a lease holds, if all leases fit into `within` then; a lease that has ended begins again.
    fn set(&self, lease: Lease, within: usize, now_ms: u64) -> bool {
        let mut leases = self.leases.borrow_mut();
        let others = |leases: &[Lease]| -> usize {
            let others = leases.iter().filter(|other| other.id != lease.id);
            others.map(|other| other.bytes).sum()
        };
        let mut held = others(&leases);
        if lease.bytes > within.saturating_sub(held) {
            leases.retain(|other| other.id == lease.id || now_ms < other.until_ms);
            held = others(&leases);
        }
        if lease.bytes > within.saturating_sub(held) {
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
    /// What all permits together may hold for this one to be given or renewed.
    within: usize,
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
        self.budget.set(lease, self.within, now_ms)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.leases.borrow_mut().retain(|lease| lease.id != self.id);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn budget(limit: usize) -> Rc<Budget> {
        Rc::new(Budget::new(limit))
    }

    #[test]
    fn a_permit_is_refused_beyond_the_budget_and_given_back_on_drop() {
        let budget = budget(100);
        let first = budget.permit(60, 0, 1000);
        assert!(first.is_some());
        assert!(budget.permit(41, 0, 1000).is_none());
        let second = budget.permit(40, 0, 1000);
        assert_eq!((second.is_some(), budget.held()), (true, 100));
        drop(first);
        assert_eq!(budget.held(), 40);
        drop(second);
        assert_eq!((budget.held(), budget.most()), (0, 100));
    }

    #[test]
    fn pages_leave_a_quarter_to_writes_and_writes_may_take_all() {
        let budget = budget(100);
        let pages: Vec<_> = (0..20).filter_map(|_| budget.page_permit(10, 0, 1000)).collect();
        assert_eq!(pages.len(), 7);
        let write = budget.permit(30, 0, 1000);
        assert!(write.is_some());
        assert!(!pages[0].renew(11, 0), "no page may take what writes left");
        drop(pages);
        assert!(budget.permit(70, 0, 1000).is_some());
        drop(write);
    }

    #[test]
    fn a_permit_that_cannot_grow_stays_as_it_was() {
        let budget = budget(100);
        let one = budget.permit(50, 0, 1000).unwrap();
        let other = budget.permit(20, 0, 1000).unwrap();
        assert!(!one.renew(81, 0));
        assert_eq!(budget.held(), 70);
        assert!(one.renew(80, 0) && one.renew(10, 0));
        assert_eq!(budget.held(), 30);
        drop((one, other));
    }

    #[test]
    fn the_permit_of_a_future_that_is_never_polled_again_ends_by_itself_and_may_come_back() {
        let budget = budget(100);
        let stopped = budget.permit(100, 0, 1000).unwrap();
        assert!(budget.permit(1, 999, 1000).is_none());
        let next = budget.permit(70, 1000, 1000).unwrap();
        assert_eq!(budget.held(), 70);
        assert!(!stopped.renew(100, 1001), "it begins again only if there is room");
        assert!(stopped.renew(30, 1001));
        assert_eq!(budget.held(), 100);
        drop((stopped, next));
        assert_eq!(budget.held(), 0);
    }

    #[derive(Clone, Debug)]
    enum Act {
        Permit(usize),
        Renew(usize, usize),
        Drop(usize),
        Forget(usize),
        Pass(u64),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            (0usize..400).prop_map(Act::Permit),
            (any::<usize>(), prop_oneof![0usize..400, Just(usize::MAX)]).prop_map(|(at, bytes)| Act::Renew(at, bytes)),
            any::<usize>().prop_map(Act::Drop),
            any::<usize>().prop_map(Act::Forget),
            (0u64..800).prop_map(Act::Pass),
        ];
        proptest::collection::vec(act, 0..200)
    }

    proptest! {
        #[test]
        fn the_sum_never_exceeds_the_budget_and_comes_back_to_zero(acts in acts()) {
            let budget = budget(1000);
            let mut now_ms = 0;
            let mut permits: Vec<Permit> = Vec::new();
            // What a runtime stopped: neither polled nor dropped.
            let mut stopped = Vec::new();
            for act in acts {
                match act {
                    Act::Permit(bytes) => permits.extend(budget.permit(bytes, now_ms, 500)),
                    Act::Renew(at, bytes) if !permits.is_empty() => {
                        let _ = permits[at % permits.len()].renew(bytes, now_ms);
                    }
                    Act::Drop(at) if !permits.is_empty() => drop(permits.remove(at % permits.len())),
                    Act::Forget(at) if !permits.is_empty() => stopped.push(permits.remove(at % permits.len())),
                    Act::Pass(ms) => now_ms += ms,
                    _ => {}
                }
                prop_assert!(budget.held() <= budget.limit());
                prop_assert!(budget.most() <= budget.limit());
            }
            drop(permits);
            let whole = budget.permit(1000, now_ms + 500, 500);
            prop_assert!(whole.is_some(), "everything that was stopped has ended");
            drop(whole);
            prop_assert_eq!(budget.held(), 0);
            drop(stopped);
            prop_assert_eq!(budget.held(), 0);
        }
    }
}
