#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn small() -> Options {
    Options {
        users: 200,
        items: 120,
        days: 60,
        visits: 6,
        ..Options::default()
    }
}

#[test]
fn the_same_seed_gives_the_same_data_and_another_seed_other_data() {
    let data = generate(&small()).unwrap();
    assert_eq!(data, generate(&small()).unwrap());
    assert_ne!(data.events, generate(&Options { seed: 1, ..small() }).unwrap().events);
}

#[test]
fn visitors_follow_the_taste_of_their_group() {
    let data = generate(&small()).unwrap();
    let loved = data.events.iter().filter(|event| {
        let taste = &data.favourites[data.groups[event.user as usize] as usize];
        taste.contains(&data.items[event.item as usize].category)
    });
    // By chance it would be 3 of 24.
    let (loved, all) = (loved.count(), data.events.len());
    assert!(loved * 10 > all * 7, "{loved} of {all}");
    assert!(loved * 10 < all * 9, "{loved} of {all}");
}

#[test]
fn events_are_in_order_and_within_the_days() {
    let data = generate(&small()).unwrap();
    assert!(data.events.is_sorted_by_key(|event| event.timestamp_ms));
    let first = UNTIL_MS - 60 * selvedge_lake::storage::schema::DAY_MS;
    assert!(
        data.events
            .iter()
            .all(|event| (first..UNTIL_MS + 1_000_000).contains(&event.timestamp_ms))
    );
}

#[test]
fn options_out_of_range_are_refused() {
    for options in [
        Options { users: 0, ..small() },
        Options { items: 3, ..small() },
        Options { groups: 0, ..small() },
        Options { days: 0, ..small() },
        Options { visits: 0, ..small() },
    ] {
        assert!(
            matches!(generate(&options), Err(SyntheticError::Option { .. })),
            "{options:?}"
        );
    }
}
