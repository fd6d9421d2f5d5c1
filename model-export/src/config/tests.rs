#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use super::*;
use selvedge_lake::explain::Explain as _;

fn parse(text: &str, overrides: &[&str]) -> Result<Config, ConfigError> {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    Config::parse(text, Path::new("shop/selvedge.toml"), Path::new("shop"), &overrides)
}

#[test]
fn an_empty_file_means_the_defaults() {
    let config = parse("", &[]).unwrap();
    assert_eq!(config.train, TrainConfig::default());
    assert_eq!(config.lake.dir, Path::new("shop/.selvedge/lake"));
    assert_eq!(config.slots()[0].name, "home");
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_what_is_near() {
    let error = parse("[train]\nfactor = 3\n", &[]).unwrap_err();
    let ConfigError::Syntax { near, source, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(near.as_deref(), Some("factors"));
    assert!(source.to_string().contains("line 2"), "{source}");
    assert_eq!(error.hint().unwrap(), "did you mean `factors`?");
    assert_eq!(error.exit().code(), 2);
}

#[test]
fn the_keys_of_the_removed_two_stage_search_are_refused_by_name() {
    for key in ["search = \"bounds\"", "deviations = 4"] {
        let error = parse(&format!("[pack]\n{key}\n"), &[]).unwrap_err();
        let ConfigError::Syntax { source, .. } = &error else {
            panic!("{error:?}")
        };
        let name = key.split(' ').next().unwrap();
        assert!(
            source.to_string().contains(&format!("unknown field `{name}`")),
            "{source}"
        );
    }
}

#[test]
fn an_unknown_event_type_is_refused_with_what_is_near() {
    let text = "[[events]]\npath = \"x\"\n[events.columns]\nitem = \"i\"\ntimestamp = \"t\"\nevent_type = \"e\"\n\
                [events.event_types]\nBUY = \"conversoin\"\n";
    assert_eq!(
        parse(text, &[]).unwrap_err().hint().unwrap(),
        "did you mean `conversion`?"
    );
}

#[test]
fn overrides_reach_into_sections_and_need_no_quotes() {
    let config = parse(
        "[train]\nfactors = 8\n",
        &["train.factors=16", "lake.dir=/tmp/lake", "lake.max_bad_share=0.5"],
    )
    .unwrap();
    assert_eq!(config.train.factors, 16);
    assert_eq!(config.lake.dir, Path::new("/tmp/lake"));
    assert_eq!(config.lake.max_bad_share, 0.5);
}

#[test]
fn an_override_is_checked_like_the_file() {
    assert!(matches!(
        parse("", &["train.factors"]),
        Err(ConfigError::Override { .. })
    ));
    assert!(matches!(
        parse("", &["train.factor=1"]),
        Err(ConfigError::Syntax { .. })
    ));
    assert!(matches!(
        parse("", &["train.factors=0"]),
        Err(ConfigError::Value { .. })
    ));
    assert!(matches!(
        parse("[train]\nfactors = 8\n", &["train.factors.x=1"]),
        Err(ConfigError::OverridePath { .. })
    ));
}

#[test]
fn variables_fill_paths_and_relative_paths_start_at_the_file() {
    let text = "[vars]\ndata = \"../cache\"\n[[events]]\npath = \"{data}/e*.csv\"\nevent_type = \"view\"\n\
                [events.columns]\nuser = \"u\"\nitem = \"i\"\ntimestamp = \"t\"\n";
    assert_eq!(parse(text, &[]).unwrap().events[0].path, "shop/../cache/e*.csv");
    assert_eq!(parse(text, &["vars.data=/d"]).unwrap().events[0].path, "/d/e*.csv");
    let error = parse("[vars]\ndata = \"x\"\n[lake]\ndir = \"{dat}/lake\"\n", &[]).unwrap_err();
    assert_eq!(error.hint().unwrap(), "did you mean {data}?");
}

#[test]
fn values_out_of_range_are_refused() {
    for text in [
        "[lake]\nmax_bad_share = 1.5\n",
        "[lake]\nmax_bad_share = nan\n",
        "[train]\nfactors = 300\n",
        "[train]\nhalf_life_days = 0.0\n",
        "[train.weights]\nview = -1.0\n",
        "[train.visitors]\nmax_hour_share = 1.5\n",
        "[train.visitors]\nmax_weight = -1.0\n",
        "[segment]\nmin_members = 0\n",
        "[segment]\nmin_members = 1\n",
        "[evaluate]\nk = 0\n",
        "[[slots]]\nname = \"a b\"\n",
        "[[slots]]\nname = \"a\"\nn = 50\nn_max = 10\n",
        "[[slots]]\nname = \"a\"\n[[slots]]\nname = \"a\"\n",
    ] {
        assert!(matches!(parse(text, &[]), Err(ConfigError::Value { .. })), "{text}");
    }
}

#[test]
fn a_source_says_its_event_type_exactly_once() {
    let columns = "[events.columns]\nuser = \"u\"\nitem = \"i\"\ntimestamp = \"t\"\n";
    let both = format!("[[events]]\npath = \"x\"\nevent_type = \"view\"\n{columns}event_type = \"e\"\n");
    let neither = format!("[[events]]\npath = \"x\"\n{columns}");
    let preset = format!("[[events]]\npath = \"x\"\npreset = \"selvedge-collector\"\n{columns}");
    for text in [both, neither, preset, "[[events]]\npath = \"x\"\n".to_owned()] {
        assert!(matches!(parse(&text, &[]), Err(ConfigError::Value { .. })), "{text}");
    }
}

#[test]
fn the_documented_configuration_is_one_and_its_numbers_are_the_defaults() {
    let page = include_str!("../../../docs/cli.md");
    let text = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = parse(text, &[]).unwrap();
    assert_eq!(config.events.len(), 2);
    assert_eq!(config.train, TrainConfig::default());
    assert_eq!(config.segment, SegmentConfig::default());
    assert_eq!(config.evaluate, EvaluateConfig::default());
    assert_eq!(config.lake.max_bad_share, LakeConfig::default().max_bad_share);
    assert_eq!(config.pack.slate_length, PackConfig::default().slate_length);
    assert_eq!(config.pack.hysteresis, PackConfig::default().hysteresis);
    assert_eq!(config.pack.min_history, PackConfig::default().min_history);
    let slot = SlotConfig {
        exclude: vec![selvedge::event::EventKind::Conversion],
        ..SlotConfig::default()
    };
    assert_eq!(config.slots, [slot]);
}
