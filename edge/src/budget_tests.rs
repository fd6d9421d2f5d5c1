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
fn a_permit_that_cannot_grow_stays_as_it_was() {
    let budget = budget(100);
    let one = budget.permit(50, 0, 1000).expect("there is room");
    let other = budget.permit(20, 0, 1000).expect("there is room");
    assert!(!one.renew(81, 0));
    assert_eq!(budget.held(), 70);
    assert!(one.renew(80, 0) && one.renew(10, 0));
    assert_eq!(budget.held(), 30);
    drop((one, other));
}

#[test]
fn the_permit_of_a_future_that_is_never_polled_again_ends_by_itself_and_may_come_back() {
    let budget = budget(100);
    let stopped = budget.permit(100, 0, 1000).expect("there is room");
    assert!(budget.permit(1, 999, 1000).is_none());
    let next = budget.permit(70, 1000, 1000).expect("the first one's time is over");
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
