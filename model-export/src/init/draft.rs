//! The text of the configuration.

use super::guess::{CatalogueGuess, EventsGuess, Role};
use super::look::Column;

pub const HEAD: &str = "\
# Selvedge: where the data is, what its columns mean, and how the model is made.
# Drafted by `selvedge init` from the first rows of your files: every guess says so. Paths start at this file.
# docs/cli.md describes every section and key.

[lake]
dir = \".selvedge/lake\"
# A file with a larger share of bad rows is not read at all (a few bad rows of a small file are always allowed).
max_bad_share = 0.01
";

pub const TAIL: &str = "
[model]
dir = \".selvedge/model\"

[train]
factors = 64
iterations = 15
# Items that fewer people touched are left out.
min_item_users = 5
# After so many days an event counts half.
# half_life_days = 90.0
# With a catalogue, items that only events name are left out.
# uncatalogued_items = true

[segment]
count = 24
# A segment with fewer members does not exist: it could point at people.
min_members = 20

[evaluate]
# The last days are kept from training and predicted.
test_days = 7.0

[[slots]]
name = \"home\"
n = 12
# Lists that a segment shares come from the cache of a location, in a fraction of the time:
# audience = \"segment\"
# and are changed for one visitor behind it: exclude leaves out what the visitor is done with, rerank also puts them in the visitor's order.
# `selvedge simulate` says what each of them keeps.
# exclude = [\"conversion\"]
# per_visitor = \"rerank\"
# Keep an answer for each class of device, and for each language of pack.locales:
# vary = [\"device\", \"locale\"]

[pack]
# `selvedge keygen` makes one. Keep it out of your repository.
signing_key = \".selvedge/signing.key\"
# locales = [\"de\", \"en\"]
";

/// Adds a file.
pub fn source(text: &mut String, pattern: &str, columns: &[Column], role: &Role) {
    match role {
        Role::Events(guess) => events(text, pattern, columns, guess),
        Role::Catalogue(guess) => catalogue(text, pattern, columns, guess),
        Role::Unused => {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            text.push_str(&format!(
                "\n# Not used: {}\n# No columns of items with times or titles among: {}\n",
                comment(pattern),
                comment(&names.join(", "))
            ));
        }
    }
}

/// A TOML string. JSON's escapes are TOML's, except that TOML also wants DEL escaped.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Text on one line of a comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn line(text: &mut String, key: &str, column: &Column) {
    text.push_str(&format!(
        "{key} = {}  # {}\n",
        quoted(&column.name),
        comment(&column.examples())
    ));
}

fn list(columns: &[Column], indices: &[usize]) -> String {
    let names: Vec<String> = indices.iter().map(|&index| quoted(&columns[index].name)).collect();
    format!("[{}]", names.join(", "))
}

fn unused(text: &mut String, columns: &[Column], used: &[Option<usize>]) {
    let rest: Vec<&str> = (0..columns.len())
        .filter(|index| !used.contains(&Some(*index)))
        .map(|index| columns[index].name.as_str())
        .collect();
    if !rest.is_empty() {
        text.push_str(&format!("# Columns that are not used: {}\n", comment(&rest.join(", "))));
    }
}

fn events(text: &mut String, pattern: &str, columns: &[Column], guess: &EventsGuess) {
    text.push_str(&format!("\n[[events]]\npath = {}\n", quoted(pattern)));
    if guess.event_type.is_none() {
        text.push_str(&format!(
            "# No column tells the event type, so all rows are taken for this one: impression, view, click,\n\
             # add_to_cart or conversion.\nevent_type = {}\n",
            quoted(guess.kind.as_str())
        ));
    }
    let time = &columns[guess.timestamp];
    if let Some(format) = time.time.as_deref().filter(|format| *format != "auto") {
        text.push_str("# auto, rfc3339, unix_s, unix_ms, unix_us, or a strftime pattern");
        if format.starts_with("%d/%m") {
            text.push_str("; check whether days or months come first");
        }
        text.push_str(&format!("\ntimestamp_format = {}\n", quoted(format)));
    }
    text.push_str("# Of times that tell none:\ntime_zone = \"UTC\"\n");
    let missing = guess
        .user
        .is_some_and(|user| columns[user].filled < columns[guess.item].filled);
    if missing {
        text.push_str("# Some rows have no user; they are kept as anonymous.\nanonymous = true\n");
    }
    text.push_str("\n[events.columns]\n");
    if let Some(user) = guess.user {
        if columns[user].plain.contains("session") {
            text.push_str("# No column of users was found; visits stand in for them.\n");
        }
        line(text, "user", &columns[user]);
    }
    line(text, "item", &columns[guess.item]);
    line(text, "timestamp", time);
    for (key, column) in [
        ("event_type", guess.event_type),
        ("value", guess.value),
        ("id", guess.id),
    ] {
        if let Some(column) = column {
            line(text, key, &columns[column]);
        }
    }
    if !guess.context.is_empty() {
        text.push_str(&format!("context = {}\n", list(columns, &guess.context)));
    }
    let mut used = vec![
        guess.user,
        Some(guess.item),
        Some(guess.timestamp),
        guess.event_type,
        guess.value,
        guess.id,
    ];
    used.extend(guess.context.iter().map(|&index| Some(index)));
    unused(text, columns, &used);
    if !guess.kinds.is_empty() {
        text.push_str(
            "\n# What your event types stand for: impression, view, click, add_to_cart, conversion, or ignore.\n\
             # Types that are not listed here go to quarantine.\n[events.event_types]\n",
        );
        for (name, kind, sure) in &guess.kinds {
            let note = if *sure { "" } else { "  # a guess: please check" };
            text.push_str(&format!("{} = {}{note}\n", quoted(name), quoted(kind.as_str())));
        }
    }
}

fn catalogue(text: &mut String, pattern: &str, columns: &[Column], guess: &CatalogueGuess) {
    text.push_str(&format!("\n[[catalogue]]\npath = {}\n", quoted(pattern)));
    let mut titled: Vec<usize> = guess
        .title
        .into_iter()
        .chain(guess.categories.iter().copied())
        .collect();
    titled.retain(|&index| columns[index].capitals);
    // The title may be one of the categories.
    titled.sort_unstable();
    titled.dedup();
    if !titled.is_empty() {
        text.push_str(&format!(
            "# Columns in capitals: `ICE - CRUSHED` is shown as `Ice – Crushed`.\ntitle_case = {}\n",
            list(columns, &titled)
        ));
    }
    if let Some(separator) = guess.categories.iter().find_map(|&index| columns[index].separator) {
        text.push_str(&format!("category_separator = {}\n", quoted(separator)));
    }
    let time = guess
        .available_from
        .or(guess.available_until)
        .and_then(|index| columns[index].time.as_deref());
    if let Some(format) = time.filter(|format| *format != "auto") {
        text.push_str(&format!("timestamp_format = {}\n", quoted(format)));
    }
    text.push_str("\n[catalogue.columns]\n");
    line(text, "id", &columns[guess.id]);
    match guess.title {
        Some(title) => {
            text.push_str("# A column, or text with columns in it: \"{brand} {name}\"\n");
            line(text, "title", &columns[title]);
        }
        None => text.push_str("# No column of titles was found; items are shown under their category.\n"),
    }
    if !guess.categories.is_empty() {
        text.push_str(&format!(
            "# From the root to the deepest.\ncategories = {}\n",
            list(columns, &guess.categories)
        ));
    }
    if !guess.attributes.is_empty() {
        text.push_str(&format!("attributes = {}\n", list(columns, &guess.attributes)));
    }
    for (key, column) in [
        ("image", guess.image),
        ("available_from", guess.available_from),
        ("available_until", guess.available_until),
    ] {
        if let Some(column) = column {
            line(text, key, &columns[column]);
        }
    }
    let mut used = vec![
        Some(guess.id),
        guess.title,
        guess.image,
        guess.available_from,
        guess.available_until,
    ];
    used.extend(
        guess
            .categories
            .iter()
            .chain(&guess.attributes)
            .map(|&index| Some(index)),
    );
    unused(text, columns, &used);
}
