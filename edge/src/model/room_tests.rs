use proptest::prelude::*;

use super::*;

const MIB: usize = 1 << 20;
const LIMIT: usize = 108 * MIB;
/// What a new instance has, and what it has when requests took their share.
const FRESH: usize = 3 * MIB;

fn memory(own: usize, others: usize) -> Option<InstanceMemory> {
    Some(InstanceMemory {
        own,
        fresh: FRESH,
        others,
    })
}

fn held(current: usize, spare: usize, in_use: usize) -> Held {
    Held {
        current: (current > 0).then_some(current),
        spare,
        in_use,
    }
}

#[test]
fn what_a_load_does() {
    let plan = |held: Held, memory, mib: usize| Room::new(LIMIT).plan(&held, memory, mib * MIB, true);
    let land = |mib: usize| Plan::Land(mib * MIB);
    let quarter = Plan::Land(45 * MIB / 4);
    let (fresh, half) = (memory(FRESH, 0), 45 * MIB);
    for (name, held, memory, mib, expected) in [
        ("the first one gets the next size", held(0, 0, 0), fresh, 10, quarter),
        ("a large one gets half", held(0, 0, 0), fresh, 23, land(45)),
        ("the largest gets what it needs", held(0, 0, 0), fresh, 99, land(99)),
        ("what can never fit", held(0, 0, 0), fresh, 106, Plan::NoRoom),
        (
            "the first of a new instance beside the old one",
            held(0, 0, 0),
            memory(FRESH, 62 * MIB),
            40,
            land(40),
        ),
        (
            "a spare buffer is used",
            held(half, half, 0),
            memory(100 * MIB, 0),
            44,
            land(44),
        ),
        (
            "beside half there is room for half",
            held(half, 0, 0),
            memory(60 * MIB, 0),
            3,
            land(45),
        ),
        (
            "small ones grow the memory a little",
            held(45 * MIB / 8, 45 * MIB / 8, 0),
            memory(15 * MIB, 0),
            11,
            quarter,
        ),
        (
            "but not so far that half would have no room any more",
            held(20 * MIB, 19 * MIB, 0),
            memory(45 * MIB, 0),
            20,
            Plan::Renew,
        ),
        (
            "a large one after small ones",
            held(20 * MIB, 20 * MIB, 0),
            memory(45 * MIB, 0),
            45,
            Plan::Renew,
        ),
        (
            "the old instance's memory was not collected yet",
            held(half, 0, 0),
            memory(50 * MIB, 45 * MIB),
            45,
            Plan::Wait,
        ),
        (
            "requests still use the buffer that it needs",
            held(half, 0, half),
            memory(95 * MIB, 0),
            45,
            Plan::Wait,
        ),
        (
            "beside one of more than half a smaller one moves to a new instance",
            held(60 * MIB, 0, 0),
            memory(64 * MIB, 0),
            30,
            Plan::Renew,
        ),
        (
            "two of more than half",
            held(60 * MIB, 0, 0),
            memory(64 * MIB, 0),
            50,
            Plan::NoRoom,
        ),
    ] {
        assert_eq!(plan(held, memory, mib), expected, "{name}");
    }
}

#[test]
fn waiting_for_an_instance_that_is_never_collected_ends() {
    let plan = |may_wait| Room::new(LIMIT).plan(&held(45 * MIB, 0, 0), memory(50 * MIB, 45 * MIB), 45 * MIB, may_wait);
    assert_eq!((plan(true), plan(false)), (Plan::Wait, Plan::NoRoom));
}

#[test]
fn a_host_that_gets_freed_memory_back_only_has_to_fit_both_snapshots() {
    let plan = |current, mib: usize| Room::new(LIMIT).plan(&held(current, 0, 0), None, mib * MIB, true);
    assert_eq!(plan(40 * MIB, 50), Plan::Land(50 * MIB));
    assert_eq!(plan(60 * MIB, 50), Plan::NoRoom);
}

#[test]
fn nothing_overflows() {
    for limit in [0, 1, 17 * MIB, usize::MAX] {
        for bytes in [0, 1, MIB, usize::MAX / 2, usize::MAX] {
            for part in [0, MIB, usize::MAX] {
                let held = held(part, 0, part);
                let _ = Room::new(limit).plan(&held, memory(part, part), bytes, true);
                let _ = Room::new(limit).plan(&held, None, bytes, false);
            }
        }
    }
}

/// A Wasm memory: allocations at the first place where they fit, and at the end it grows. It never shrinks.
#[derive(Clone, Debug)]
struct Instance {
    bytes: usize,
    /// Begin and length of what is allocated, by begin.
    allocated: Vec<(usize, usize)>,
    current: Option<usize>,
    spare: Option<usize>,
}

impl Instance {
    fn new() -> Self {
        Self {
            bytes: FRESH,
            allocated: vec![(0, FRESH)],
            current: None,
            spare: None,
        }
    }

    fn allocate(&mut self, bytes: usize) -> usize {
        let mut begin = 0;
        let mut place = 0;
        for (at, length) in &self.allocated {
            if at - begin >= bytes {
                break;
            }
            begin = at + length;
            place += 1;
        }
        self.allocated.insert(place, (begin, bytes));
        self.bytes = self.bytes.max(begin + bytes);
        begin
    }

    fn free(&mut self, begin: usize) {
        self.allocated.retain(|(at, _)| *at != begin);
    }

    fn capacity(&self, begin: Option<usize>) -> usize {
        let found = self.allocated.iter().find(|(at, _)| Some(*at) == begin);
        found.map_or(0, |(_, bytes)| *bytes)
    }

    fn held(&self) -> Held {
        held(self.capacity(self.current), self.capacity(self.spare), 0)
    }

    /// Downloads a snapshot, as `Buffers` does, and makes it the current one.
    fn land(&mut self, capacity: usize) {
        let fits = self.capacity(self.spare) >= capacity;
        let buffer = match self.spare.take() {
            Some(spare) if fits => spare,
            small => {
                small.into_iter().for_each(|small| self.free(small));
                // The engine of each model and the answers made of it leave small allocations behind, so that holes never join.
                self.allocate(1000);
                self.allocate(capacity)
            }
        };
        self.spare = self.current.replace(buffer);
    }
}

/// Publishes snapshots one after the other and returns the largest memory of all instances together, and how many were made anew. A
/// replaced instance is collected before the next snapshot is published.
fn publish(sizes: &[usize], under_way: usize) -> Result<(usize, usize), String> {
    let room = Room::new(LIMIT);
    let mut instance = Instance::new();
    let (mut most, mut renewals) = (0, 0);
    for (turn, bytes) in sizes.iter().enumerate() {
        let plan = room.plan(&instance.held(), memory(instance.bytes + under_way, 0), *bytes, true);
        match plan {
            Plan::Land(capacity) => {
                instance.land(capacity);
                most = most.max(instance.bytes + under_way);
            }
            Plan::Renew => {
                let mut next = Instance::new();
                let first = room.plan(&next.held(), memory(FRESH, instance.bytes + under_way), *bytes, true);
                let Plan::Land(capacity) = first else {
                    return Err(format!("turn {turn}: {bytes} bytes: a new instance: {first:?}"));
                };
                next.land(capacity);
                most = most.max(instance.bytes + under_way + next.bytes);
                renewals += 1;
                instance = next;
            }
            Plan::Wait | Plan::NoRoom => return Err(format!("turn {turn}: {bytes} bytes: {plan:?} in {instance:?}")),
        }
    }
    Ok((most, renewals))
}

#[test]
fn four_snapshots_that_grew_the_memory_without_end_take_two_buffers() {
    let sizes = [385, 389, 416, 420].map(|tenths| tenths * MIB / 10);
    let (most, renewals) = publish(&sizes, 0).unwrap();
    assert!(most <= 94 * MIB, "{most}");
    assert_eq!(renewals, 0);
}

#[test]
fn a_shop_that_grows_by_a_little_each_hour_needs_few_new_instances() {
    let sizes: Vec<usize> = (0..1000).map(|hour| MIB + hour * 44 * MIB / 1000).collect();
    let (most, renewals) = publish(&sizes, 4 * MIB).unwrap();
    assert!(most <= LIMIT, "{most}");
    assert!(renewals <= 3, "{renewals}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn every_snapshot_of_up_to_half_replaces_every_other_within_the_limit(
        sizes in proptest::collection::vec(prop_oneof![1..45 * MIB + 1, 20 * MIB..25 * MIB, 44 * MIB..45 * MIB + 1, 1..MIB], 1..60),
        under_way in 0..8 * MIB,
    ) {
        let (most, _) = publish(&sizes, under_way).map_err(TestCaseError::fail)?;
        prop_assert!(most <= LIMIT, "{}", most);
    }
}
