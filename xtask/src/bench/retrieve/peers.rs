//! Results of other libraries on the same vectors: chooses the setting to show for each, and plots all of them.

use serde_json::Value;

use crate::bench::plot::{Plot, Point};
use crate::bench::report::{number, text};

/// For each library, the fastest setting with enough recall, or else the one with the highest recall.
pub fn at_equal_recall<'a>(entries: &[&'a Value]) -> Vec<&'a Value> {
    const ENOUGH: f64 = 0.99;
    let at = |entry: &Value, path: &str| entry.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
    // Sorts settings with enough recall by time, and behind them the others by recall.
    let rank = |entry: &Value| {
        let recall = at(entry, "/recall_at_10");
        if recall >= ENOUGH {
            (0, at(entry, "/median_ms"))
        } else {
            (1, -recall)
        }
    };
    let mut chosen: Vec<&Value> = Vec::new();
    for entry in entries {
        match chosen
            .iter_mut()
            .find(|other| text(other, "/name") == text(entry, "/name"))
        {
            Some(other) if rank(entry) < rank(other) => *other = entry,
            Some(_) => {}
            None => chosen.push(entry),
        }
    }
    chosen
}

/// One library in one setting.
pub fn peer_row(title: &str, entry: &Value) -> Vec<String> {
    let name = format!("{} {}", text(entry, "/name"), text(entry, "/version"));
    let skipped = text(entry, "/skipped");
    if skipped != "–" {
        // Cut a panic's message before the paths of the machine that compiled the library.
        let reason: String = skipped.chars().take(80).collect();
        let mut row = vec![title.to_owned(), name, format!("skipped: {reason}")];
        row.resize(10, "–".to_owned());
        return row;
    }
    let scaled = |path: &str, unit: f64| {
        let bytes = entry.pointer(path).and_then(Value::as_f64);
        bytes.map_or_else(|| "–".to_owned(), |bytes| format!("{:.0}", bytes / unit))
    };
    let settings = entry.pointer("/settings").map_or_else(String::new, |settings| {
        let pairs = settings.as_object().into_iter().flatten();
        let shown: Vec<String> = pairs
            .map(|(key, value)| format!("{key} {}", value.to_string().trim_matches('"')))
            .collect();
        if shown.is_empty() {
            settings.to_string()
        } else {
            shown.join(", ")
        }
    });
    vec![
        title.to_owned(),
        name,
        text(entry, "/metric"),
        settings,
        number(entry, "/recall_at_10", 3),
        number(entry, "/median_ms", 4),
        number(entry, "/p99_ms", 4),
        number(entry, "/build_s", 1),
        scaled("/memory_bytes", 1e6),
        scaled("/shipped_bytes", 1e3),
    ]
}

/// The plot of the core and of all settings of the libraries: time over recall.
pub fn plot(title: &str, ours: &[(&str, Value)], entries: &[&Value]) -> Plot {
    let at = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_f64);
    let mut points: Vec<Point> = ours
        .iter()
        .filter(|(variant, _)| *variant == "int8")
        .flat_map(|(_, measured)| {
            [
                ("selvedge", "/search/none/median_ms"),
                ("selvedge, full scan", "/full_scan/median_ms"),
            ]
            .into_iter()
            .filter_map(|(name, path)| Some(Point::new(name, 1.0, at(measured, path)?)))
        })
        .collect();
    points.extend(entries.iter().filter_map(|entry| {
        Some(Point::new(
            &text(entry, "/name"),
            at(entry, "/recall_at_10")?,
            at(entry, "/median_ms")?,
        ))
    }));
    Plot {
        title: format!("{title}: time of a search by recall@10"),
        points,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::at_equal_recall;

    #[test]
    fn the_fastest_setting_with_enough_recall_is_chosen_else_the_one_that_finds_most() {
        let entry = |name: &str, recall: f64, ms: f64| json!({"name": name, "recall_at_10": recall, "median_ms": ms});
        let entries = [
            entry("a", 0.5, 0.1),
            entry("a", 0.995, 3.0),
            entry("a", 0.99, 2.0),
            entry("b", 0.7, 1.0),
            entry("b", 0.9, 5.0),
        ];
        let entries: Vec<_> = entries.iter().collect();
        assert_eq!(at_equal_recall(&entries), [entries[2], entries[4]]);
    }
}
