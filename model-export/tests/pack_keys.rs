//! From a configuration to the keys of answers: what `[[slots]] vary` says is in the packed file, and in the key.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use selvedge::engine::{Engine, Request, Visitor};
use selvedge::place::{Device, Locale, Place};
use selvedge::profile::Consent;
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust, parse_public_key};
use selvedge_export::config::Config;
use selvedge_export::model::{
    ContextFactors, Description, ItemFactors, ModelDir, Origin, Segments, UserFactors, UserSegments,
};
use selvedge_export::pack::{generate, pack, read_snapshot};
use selvedge_export::stage::Cleared;
use selvedge_lake::storage::Lake;
use selvedge_models::als::Factors;

const NOW_MS: i64 = 1_767_312_000_000;
const DIMS: usize = 2;

const CONFIG: &str = "
[pack]
locales = [\"de\", \"en\"]
[[slots]]
name = \"both\"
audience = \"segment\"
vary = [\"device\", \"locale\"]
[[slots]]
name = \"device\"
audience = \"segment\"
vary = [\"device\"]
[[slots]]
name = \"neither\"
audience = \"segment\"
";

/// A model of four items in a folder, as training and segmentation leave it.
fn write_model(config: &Config) {
    let factors = |rows: &[[f32; DIMS]]| Factors::new(DIMS, rows.concat());
    let model = ModelDir::new(&config.model.dir);
    let items = ItemFactors {
        ids: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
        popularity: vec![4.0, 3.0, 2.0, 1.0],
        events: vec![4, 3, 2, 1],
        factors: factors(&[[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.7, 0.1]]),
    };
    model.write_items(&items).unwrap();
    let segments = Segments {
        members: vec![30],
        centroids: factors(&[[1.0, 0.0]]),
    };
    model.write_segments(&segments).unwrap();
    let user = || vec!["u".to_owned()];
    model
        .write_users(&UserFactors {
            ids: user(),
            events: vec![2],
            factors: factors(&[[0.9, 0.1]]),
        })
        .unwrap();
    model
        .write_user_segments(&UserSegments {
            ids: user(),
            segments: vec![0],
        })
        .unwrap();
    let contexts = ContextFactors {
        names: Vec::new(),
        factors: factors(&[]),
    };
    model.write_contexts(&contexts).unwrap();
    let description = Description {
        dims: DIMS,
        unobserved_weight: 0.1,
        regularisation: 0.01,
        regularisation_exponent: 1.0,
        iterations: 1,
        seed: 1,
        trained_until_ms: NOW_MS,
        weights: Description::weights_of(&config.train),
        half_life_days: None,
        time_zone: "UTC".to_owned(),
        users: 30,
        items: 4,
        interactions: 40,
        validation: None,
        origin: Origin {
            lake: String::new(),
            training: String::new(),
        },
    };
    model.write_description(&description).unwrap();
    Lake::open_or_create(&config.lake.dir).unwrap();
}

fn packed(text: &str) -> Engine<AlignedBytes> {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(text, Path::new("selvedge.toml"), folder.path(), &[]).unwrap();
    write_model(&config);
    generate(&config.pack.signing_key).unwrap();
    let model = ModelDir::new(&config.model.dir);
    // Nothing was evaluated: only the keys are looked at.
    let packed = pack(&config, &model, &Cleared::without_gate(), NOW_MS).unwrap();
    let key = parse_public_key(&packed.public_key).unwrap();
    let snapshot = Snapshot::open(read_snapshot(&packed.path).unwrap(), Trust::Keys(&[key])).unwrap();
    Engine::new(snapshot).unwrap()
}

/// The parts of the key for locale and device.
fn parts(engine: &Engine<AlignedBytes>, slot: &str, language: &str, device: Device) -> (String, String) {
    let request = Request {
        slot,
        n: None,
        category: None,
        exclude: &[],
        visitor: Visitor {
            profile: None,
            consent: Consent::Granted,
            place: Place {
                local_ms: 0.into(),
                locale: Locale::first_of(language).into(),
                device: device.into(),
            },
            now_ms: NOW_MS.unsigned_abs(),
        },
    };
    let context = engine.assign(&request).unwrap();
    let key = context.cache_key().unwrap();
    let mut parts = key.as_str().rsplit('/').skip(1);
    let device = parts.next().unwrap().to_owned();
    (parts.next().unwrap().to_owned(), device)
}

#[test]
fn a_key_differs_by_device_and_by_declared_locale_where_the_slot_says_so_and_only_there() {
    let engine = packed(CONFIG);
    for (slot, language, device, locale_part, device_part) in [
        ("both", "de-AT,de;q=0.9", Device::Mobile, "de", "m"),
        ("both", "en", Device::Desktop, "en", "d"),
        // Not declared: no client can make up keys of its own.
        ("both", "fr", Device::Tablet, "-", "t"),
        ("both", "", Device::Tablet, "-", "t"),
        ("device", "de", Device::Mobile, "-", "m"),
        ("neither", "de", Device::Mobile, "-", "-"),
    ] {
        let expected = (locale_part.to_owned(), device_part.to_owned());
        assert_eq!(parts(&engine, slot, language, device), expected, "{slot} {language:?}");
    }
}

#[test]
fn a_slot_that_varies_by_locale_needs_a_list_of_languages() {
    let parse = |text: &str| Config::parse(text, Path::new("selvedge.toml"), Path::new("."), &[]);
    let refusal = |text: &str| parse(text).unwrap_err().to_string();
    let without = refusal("[[slots]]\nname = \"home\"\nvary = [\"locale\"]\n");
    assert!(
        without.contains("pack.locales") && without.contains("home"),
        "{without}"
    );
    for locales in ["\"fr-CA\"", "\"DE\"", "\"\"", "\"de\", \"de\""] {
        let refused = refusal(&format!("[pack]\nlocales = [{locales}]\n"));
        assert!(refused.contains("primary languages"), "{refused}");
    }
    let unknown = parse("[[slots]]\nvary = [\"moon\"]\n").unwrap_err();
    let source = std::error::Error::source(&unknown).unwrap().to_string();
    assert!(source.contains("`device` or `locale`"), "{source}");
}
