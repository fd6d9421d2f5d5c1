//! Loads of models: in time, one at a time, within the memory, and by a new instance where this one has no room.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use selvedge_edge::App;
use selvedge_edge::host::{HostError, InstanceMemory, Renewal};
use selvedge_edge::memory_host::{MemoryBody, MemoryHost};

use crate::site::{PLANTED, Site, app};

const MIB: usize = 1 << 20;
const FAST: [(&str, &str); 2] = [("SELVEDGE_REFRESH_S", "60"), ("SELVEDGE_LOAD_S", "20")];

fn model(site: &Site) -> String {
    site.get("/v1/recommend/home").json()["model"].to_string()
}

/// Lets the next model's download begin and not end; returns what would feed it.
fn stuck(site: &Site, key: &str) -> selvedge_edge::memory_host::Feeder {
    let (feeder, body) = MemoryBody::fed(&site.host);
    site.host.publish(key, &PLANTED.next);
    site.host.models_fed.borrow_mut().insert(key.to_owned(), body);
    feeder
}

fn reads_of(site: &Site, key: &str) -> usize {
    site.host
        .models_read
        .borrow()
        .iter()
        .filter(|read| *read == key)
        .count()
}

#[test]
fn a_load_that_does_not_end_is_given_up_in_time_and_never_runs_beside_another() {
    let site = Site::serving_with(&FAST);
    let before = model(&site);
    let feeder = stuck(&site, "models/2.selvedge");
    site.host.advance(60_000);
    assert_eq!(model(&site), before);
    feeder.feed(&PLANTED.next[..1000]);
    for second in 0..19 {
        site.host.advance(1000);
        assert_eq!(model(&site), before, "{second}");
        assert!(!feeder.reader_gone(), "{second}");
    }
    assert_eq!(reads_of(&site, "models/2.selvedge"), 1);
    site.host.advance(1000);
    site.host.work();
    assert!(feeder.reader_gone(), "it is cancelled");
    let log = site.host.take_log().join("\n");
    assert!(
        log.contains("the load did not end within 20000 ms (SELVEDGE_LOAD_S) and was given up"),
        "{log}"
    );
    assert_eq!(site.counted("counters", "no-snapshot"), 1);
    // The next one, a minute after that one began, finds the whole file.
    site.host.advance(60_000);
    site.get("/readyz");
    assert_eq!(reads_of(&site, "models/2.selvedge"), 2);
    assert_ne!(site.get("/readyz").json()["model"].to_string(), before);
}

#[test]
fn a_first_load_that_does_not_end_is_tried_again() {
    let site = Site::new(&FAST);
    let _feeder = stuck(&site, "models/2.selvedge");
    assert_eq!(site.get("/v1/recommend/home").fallbacks(), ["no-snapshot"]);
    site.host.advance(20_000);
    site.host.work();
    site.host.advance(5_000);
    // The request that finds the next load due does not wait for it.
    assert_eq!(site.get("/v1/recommend/home").fallbacks(), ["no-snapshot"]);
    assert_eq!(site.get("/v1/recommend/home").fallbacks(), [""; 0]);
}

#[test]
fn a_load_that_the_runtime_stopped_is_taken_over_and_its_end_does_not_count() {
    let site = Site::serving_with(&FAST);
    let before = model(&site);
    let feeder = stuck(&site, "models/2.selvedge");
    site.host.advance(60_000);
    assert_eq!(model(&site), before);
    feeder.feed(&PLANTED.next[..1000]);
    site.host.work();
    // Neither polled nor dropped, as long as this lives.
    let stopped = site.host.stopped();
    site.host.advance(59_000);
    assert_eq!(model(&site), before);
    assert_eq!(reads_of(&site, "models/2.selvedge"), 1, "it may still go on");
    site.host.advance(1_000);
    site.get("/readyz");
    assert_eq!(reads_of(&site, "models/2.selvedge"), 2);
    assert_ne!(site.get("/readyz").json()["model"].to_string(), before);
    drop(stopped);
    assert!(feeder.reader_gone());
}

/// A host whose memory only grows: what the test says.
fn with_memory(site: &Site, own: usize) -> Rc<Cell<InstanceMemory>> {
    let memory = Rc::new(Cell::new(InstanceMemory {
        own,
        fresh: 2 * MIB,
        others: 0,
    }));
    let seen = Rc::clone(&memory);
    site.host.set_memory(move || seen.get());
    memory
}

/// Makes new instances of the application as the Worker's shim does; the last of them is the one that answers.
fn with_instances(site: &Site) -> Rc<RefCell<Vec<Rc<App<MemoryHost>>>>> {
    let made = Rc::new(RefCell::new(Vec::new()));
    let (host, kept) = (site.host.clone(), Rc::clone(&made));
    site.host.set_renew(move |newest_ms| {
        let (host, kept) = (host.clone(), Rc::clone(&kept));
        async move {
            let next = app(&host, &FAST);
            let renewal = next.load(&host, newest_ms).await;
            if renewal == Renewal::Done {
                kept.borrow_mut().push(next);
            }
            Ok(renewal)
        }
    });
    made
}

#[test]
fn a_model_without_room_is_loaded_by_a_new_instance_while_this_one_answers() {
    let site = Site::serving_with(&FAST);
    let before = model(&site);
    let made = with_instances(&site);
    // Memory that has grown so far that another buffer would leave no room for a new instance later.
    with_memory(&site, 80 * MIB);
    // The buffer of a tiny model is never too small for another, so this one is in the way.
    site.host.publish("models/2.selvedge", &padded(2 * MIB));
    site.host.models_delay_ms.set(1_000);
    site.host.advance(60_000);
    assert_eq!(model(&site), before);
    site.host.advance(1_000);
    assert_eq!(model(&site), before, "while the new instance loads");
    for _ in 0..10 {
        site.host.advance(1_000);
        site.host.work();
    }
    let next = made.borrow().first().cloned().expect("a new instance");
    assert_eq!(site.host.renewals.get(), 1);
    let answer = site
        .host
        .fetch(&next, selvedge_edge::memory_host::MemoryRequest::get("/readyz"));
    assert_eq!(answer.status, 200);
    assert_ne!(answer.json()["model"].to_string(), before);
    assert_eq!(answer.json()["memory"]["renewals"], 1);
    let log = site.host.take_log().join("\n");
    assert!(
        log.contains("a new instance loads it while this one goes on answering"),
        "{log}"
    );
    // What it still answers, it answers from its own model, and it loads nothing any more.
    site.host.publish("models/3.selvedge", &PLANTED.next);
    site.host.advance(600_000);
    assert_eq!(model(&site), before);
    assert_eq!(reads_of(&site, "models/3.selvedge"), 0);
    assert_eq!(site.counted("counters", "bad-snapshot"), 0);
}

#[test]
fn a_new_instance_knows_the_newest_release_that_the_one_before_saw() {
    let site = Site::serving_with(&FAST);
    let made = with_instances(&site);
    let refresh = || {
        site.host.advance(60_000);
        for _ in 0..10 {
            site.get("/readyz");
            site.host.advance(1_000);
            site.host.work();
        }
        version(&site)
    };
    let first = version(&site);
    site.host.publish("models/2.selvedge", &packed(2, 0));
    let newest = refresh();
    assert_ne!(newest, first);
    let _ = site.host.take_log();
    // A day older, and without room in this instance.
    with_memory(&site, 80 * MIB);
    site.host.publish("models/1.selvedge", &padded(2 * MIB));
    assert_eq!(refresh(), newest);
    assert_eq!(site.host.renewals.get(), 1);
    assert!(made.borrow().is_empty(), "the new instance refused the step back");
    let log = site.host.take_log().join("\n");
    assert!(log.contains("--rollback"), "{log}");
}

#[test]
fn a_new_instance_that_fails_or_refuses_leaves_the_last_good_model_and_the_log_says_so() {
    for (renewal, tries) in [
        (Ok(Renewal::Failed), 3),
        (Ok(Renewal::Refused), 1),
        (Err(HostError::new("no memory")), 3),
    ] {
        let site = Site::serving_with(&FAST);
        let before = model(&site);
        with_memory(&site, 80 * MIB);
        let came = renewal.clone();
        site.host.set_renew(move |_| std::future::ready(came.clone()));
        site.host.publish("models/2.selvedge", &padded(2 * MIB));
        for _ in 0..3 {
            site.host.advance(60_000);
            assert_eq!(model(&site), before);
        }
        assert_eq!(site.host.renewals.get(), tries, "{renewal:?}");
        assert!(site.counted("counters", "bad-snapshot") >= 1);
        let log = site.host.take_log().join("\n");
        assert!(log.contains("model store: a new instance"), "{log}");
    }
}

/// A model is published that has no room beside a replaced instance.
fn beside_an_old_instance(site: &Site) -> Rc<Cell<InstanceMemory>> {
    let memory = with_memory(site, 40 * MIB);
    memory.set(InstanceMemory {
        others: 100 * MIB,
        ..memory.get()
    });
    site.host.publish("models/2.selvedge", &padded(2 * MIB));
    site.host.advance(60_000);
    memory
}

#[test]
fn where_an_old_instance_is_still_there_a_load_waits_a_few_seconds_and_says_so_once() {
    let site = Site::serving_with(&FAST);
    let before = model(&site);
    let memory = beside_an_old_instance(&site);
    for _ in 0..4 {
        assert_eq!(model(&site), before);
        site.host.advance(5_000);
    }
    let log = site.host.take_log();
    let said = log.iter().filter(|line| line.contains("no room for")).count();
    assert_eq!(said, 1, "{log:?}");
    memory.set(InstanceMemory {
        others: 0,
        ..memory.get()
    });
    site.get("/readyz");
    assert_ne!(site.get("/readyz").json()["model"].to_string(), before);
}

#[test]
fn an_old_instance_that_is_never_collected_is_waited_for_only_so_long_and_looked_at_again_later() {
    let site = Site::serving_with(&FAST);
    let before = model(&site);
    let memory = beside_an_old_instance(&site);
    // Twelve tries, five seconds apart; from then on one look at each refresh, of which 200 seconds have two.
    for _ in 0..40 {
        site.get("/readyz");
        site.host.advance(5_000);
    }
    let log = site.host.take_log();
    let said = |what: &str| log.iter().filter(|line| line.contains(what)).count();
    assert_eq!(said("bytes yet"), 1, "{log:?}");
    assert_eq!(said("was not collected in time"), 2, "{log:?}");
    assert_eq!(site.counted("counters", "bad-snapshot"), 2);
    assert_eq!(model(&site), before);
    memory.set(InstanceMemory {
        others: 0,
        ..memory.get()
    });
    site.host.advance(60_000);
    site.get("/readyz");
    assert_ne!(site.get("/readyz").json()["model"].to_string(), before);
}

#[test]
fn a_model_that_cannot_fit_is_named_in_the_log_with_what_would() {
    let site = Site::serving_with(&FAST);
    let before = model(&site);
    with_memory(&site, 107 * MIB);
    site.host.publish("models/2.selvedge", &padded(2 * MIB));
    for _ in 0..3 {
        site.host.advance(60_000);
        assert_eq!(model(&site), before);
    }
    let log = site.host.take_log().join("\n");
    assert!(
        log.contains("snapshots of up to 47185920 bytes can always be replaced"),
        "{log}"
    );
    assert_eq!(site.counted("counters", "bad-snapshot"), 1);
    assert_eq!(reads_of(&site, "models/2.selvedge"), 0);
}

#[test]
fn the_buffer_of_the_model_before_is_filled_again() {
    let site = Site::serving_with(&FAST);
    with_memory(&site, 10 * MIB);
    site.host.publish("models/2.selvedge", &PLANTED.next);
    site.host.advance(60_000);
    site.get("/readyz");
    // From here on the memory may not grow by a byte, nor is there a new instance.
    with_memory(&site, 108 * MIB);
    for turn in 3..30 {
        site.host.publish(&format!("models/{turn}.selvedge"), &packed(turn, 0));
        site.host.advance(60_000);
        let before = version(&site);
        assert_ne!(version(&site), before, "{turn}");
    }
    assert_eq!(site.host.renewals.get(), 0);
}

/// The current model, also where a list of the one before is still kept.
fn version(site: &Site) -> String {
    site.get("/readyz").json()["model"].to_string()
}

/// The planted model, packed a day later, with so many bytes of a text that nobody reads.
fn padded(bytes: usize) -> Vec<u8> {
    packed(1, bytes)
}

/// The planted model, packed so many days later, with so many bytes of a text that nobody reads.
fn packed(days: u64, bytes: usize) -> Vec<u8> {
    use selvedge::snapshot::writer::{SigningKey, build};

    let mut model = crate::planted::model(crate::planted::CREATED_MS + days * crate::planted::DAY_MS, "");
    model.provenance = "x".repeat(bytes);
    let key = SigningKey::from_bytes(&crate::planted::SIGNING_KEY);
    build(&model, Some(&key)).unwrap().as_ref().to_vec()
}
