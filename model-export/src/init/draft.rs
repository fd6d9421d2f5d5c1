//! The text of the configuration.

use std::collections::{HashMap, HashSet};

use selvedge::event::EventKind;
use selvedge_lake::source::USER_PLACEHOLDERS;

use super::guess::{CatalogueGuess, EventsGuess, Role, Taken};
use super::look::{Column, share};
use super::meaning::{self, Meaning};
use super::rows::Condition;
use super::{Source, nobody, rows, told};

pub const HEAD: &str = "\
# Selvedge: where the data is, what its columns mean, and how the model is made.
# Drafted by `selvedge init` from rows all over your files: every guess says so. Paths start at this file.
# docs/cli.md describes every section and key.

[lake]
dir = \".selvedge/lake\"
# A file with a larger share of bad rows is not read at all (a few bad rows of a small file are always allowed).
max_bad_share = 0.01
";

/// Everything behind the files. What the files say about it is filled in.
pub fn tail(sources: &[Source]) -> String {
    let (least, note) = least_people(sources);
    let exclude = if buys_again(sources) {
        "# People here buy the same again, so what they bought is not left out:\n# exclude = [\"conversion\"]"
    } else {
        "# What the visitor has bought is left out.\nexclude = [\"conversion\"]"
    };
    TAIL.replace("{least}", &least.to_string())
        .replace("{note}", &note)
        .replace("{exclude}", exclude)
}

/// `min_item_users`: 5, or the largest number below that leaves at least two thirds of the events.
fn least_people(sources: &[Source]) -> (usize, String) {
    let seen = |least: usize| {
        let (few, all) = super::events_below(sources, least);
        (share(few, all), all)
    };
    let whole = sources.iter().all(|source| source.sample.whole);
    let (left_out, all) = seen(5);
    if !whole || all == 0 || left_out <= 1.0 / 3.0 {
        return (5, String::new());
    }
    let least = (1..5).rev().find(|&least| seen(least).0 <= 1.0 / 3.0).unwrap_or(1);
    let note = format!(
        "# With 5, {:.0} % of the events that were looked at would be left out.\n",
        left_out * 100.0
    );
    (least, note)
}

/// Whether a fifth of the purchases are of something that the same person had bought on an earlier day.
fn buys_again(sources: &[Source]) -> bool {
    let (mut again, mut all) = (0, 0);
    for source in sources {
        let Some(guess) = source.events() else { continue };
        let (Some(user), Some(item), Some(time)) = (&guess.user, &guess.item, &guess.timestamp) else {
            continue;
        };
        if guess.event_type.is_none() && guess.kind != EventKind::Conversion {
            continue;
        }
        let bought: HashSet<&String> = guess
            .kinds
            .iter()
            .filter(|kind| kind.meaning == Meaning::Kind(EventKind::Conversion))
            .map(|kind| &kind.name)
            .collect();
        let mut days: HashMap<(String, String), HashSet<String>> = HashMap::new();
        for row in &source.sample.rows {
            let text = |column: usize| {
                row.get(column)
                    .and_then(|cell| cell.text())
                    .map(std::borrow::Cow::into_owned)
            };
            let counts = guess
                .event_type
                .is_none_or(|column| text(column).is_some_and(|name| bought.contains(&name)));
            if let (true, Some(user), Some(item), Some(time)) =
                (counts, text(user.column), text(item.column), text(time.column))
            {
                days.entry((user, item)).or_default().insert(time);
            }
        }
        again += days.values().map(|days| days.len() - 1).sum::<usize>();
        all += days.values().map(HashSet::len).sum::<usize>();
    }
    all > 0 && again * 5 >= all
}

const TAIL: &str = "
[model]
dir = \".selvedge/model\"

[train]
factors = 64
iterations = 15
# Items that fewer people touched are left out.
{note}min_item_users = {least}
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

# The places of a shop's pages. Lists that a segment shares come from the cache of a location, in a fraction of the time:
# audience = \"segment\"
# and are changed for one visitor behind it: exclude leaves out what the visitor is done with, rerank also puts them in the visitor's order.
# `selvedge simulate` says what each of them keeps.
# per_visitor = \"rerank\"
# Keep an answer for each class of device, and for each language of pack.locales:
# vary = [\"device\", \"locale\"]
[[slots]]
name = \"home\"
n = 12
{exclude}

[[slots]]
name = \"category\"
n = 12
{exclude}

[[slots]]
name = \"product\"
n = 8
{exclude}

[[slots]]
name = \"basket\"
n = 6
exclude = [\"conversion\", \"add_to_cart\"]

[[slots]]
# For buying again: nothing is left out.
name = \"again\"
n = 12

[pack]
# `selvedge keygen` makes one. Keep it out of your repository.
signing_key = \".selvedge/signing.key\"
# locales = [\"de\", \"en\"]
";

/// Adds a file.
pub fn source(text: &mut String, source: &Source) {
    match &source.role {
        Role::Events(guess) => events(text, source, guess),
        Role::Catalogue(guess) => catalogue(text, source, guess),
        Role::Unused(why) => {
            let names: Vec<&str> = source.columns.iter().map(|column| column.name.as_str()).collect();
            text.push_str(&format!(
                "\n# Not used: {}\n# {}. Its columns: {}\n",
                comment(&source.pattern),
                comment(why),
                comment(&names.join(", "))
            ));
        }
    }
    if let Some(guess) = &source.catalogue {
        text.push_str("\n# The items are taken from the same rows: titles stand beside the ids.");
        catalogue(text, source, guess);
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

/// How the file is written, where that is no comma separated UTF-8 text with a header.
fn shape(text: &mut String, source: &Source) {
    let found = source.sample.shape.pinned();
    if let Some(delimiter) = found.delimiter.as_deref().filter(|delimiter| *delimiter != ",") {
        text.push_str(&format!("delimiter = {}\n", quoted(delimiter)));
    }
    if let Some(encoding) = &found.encoding {
        text.push_str(&format!("encoding = {}\n", quoted(encoding)));
    }
    if let Some(lines) = found.skip_lines {
        text.push_str(&format!("# Lines above the header:\nskip_lines = {lines}\n"));
    }
    if found.header == Some(false) {
        text.push_str("# No line names the columns; they are called 1, 2, ….\nheader = false\n");
    }
    if let Some(explode) = &found.explode {
        text.push_str(&format!(
            "# Each element of this list is a row.\nexplode = {}\n",
            quoted(explode)
        ));
    }
    if let Some(member) = &found.member {
        text.push_str(&format!("member = {}\n", quoted(member)));
    }
}

/// A text as TOML writes it without escapes, where that is possible.
fn literal(text: &str) -> String {
    if text.contains("'''") || text.chars().any(char::is_control) {
        quoted(text)
    } else {
        format!("'''{text}'''")
    }
}

fn events(text: &mut String, source: &Source, guess: &EventsGuess) {
    section(text, source, guess, (guess.kind, &source.conditions));
    if let Some((column, kind)) = guess.answered {
        let mut clicked = source.conditions.clone();
        clicked.push(rows::set(&source.columns[column]));
        text.push_str("\n# The same rows once more: what was answered among what was shown.");
        section(text, source, guess, (kind, &clicked));
    }
}

fn section(text: &mut String, source: &Source, guess: &EventsGuess, (kind, conditions): (EventKind, &[Condition])) {
    let columns = &source.columns;
    text.push_str(&format!("\n[[events]]\npath = {}\n", quoted(&source.pattern)));
    for line in &source.told {
        text.push_str(&format!("# {}\n", comment(line)));
    }
    shape(text, source);
    if guess.event_type.is_none() {
        text.push_str(&format!(
            "# No column tells the event type, so all rows are taken for this one: impression, view, click,\n\
             # add_to_cart or conversion.\nevent_type = {}\n",
            quoted(kind.as_str())
        ));
    }
    if !conditions.is_empty() {
        text.push_str("# Rows that this does not hold for are left out and counted:\n");
        for condition in conditions {
            text.push_str(&format!("# - {}\n", comment(&condition.why)));
        }
        text.push_str(&format!("where = {}\n", literal(&rows::joined(conditions))));
    }
    let time = guess.timestamp.as_ref().map(|time| &columns[time.column]);
    if let Some(times) = time
        .and_then(|time| time.time.as_ref())
        .filter(|times| times.format != "auto")
    {
        text.push_str("# auto, rfc3339, unix_s, unix_ms, unix_us, day_first, month_first, or a strftime pattern");
        if let Some(weak) = &times.weak {
            text.push_str(&format!("; please check: {}", comment(weak)));
        }
        text.push_str(&format!("\ntimestamp_format = {}\n", quoted(&times.format)));
    }
    text.push_str("# Of times that tell none:\ntime_zone = \"UTC\"\n");
    let missing = guess.user.as_ref().is_none_or(|user| {
        let column = &columns[user.column];
        column.filled < column.rows || nobody::of(column, guess.zero_is_somebody).next().is_some()
    });
    if missing {
        text.push_str("# Some rows have no user; they are kept as anonymous.\nanonymous = true\n");
    }
    if source.repeated > 0 {
        text.push_str("# Rows that are equal in every column are one event.\nrepeated_rows = \"once\"\n");
    }
    if let Some(decimal) = guess.value.and_then(|value| columns[value].decimal) {
        text.push_str(&format!("# The decimal mark of numbers:\ndecimal = \"{decimal}\"\n"));
    }
    if guess.zero_is_somebody {
        let words: Vec<String> = USER_PLACEHOLDERS
            .iter()
            .filter(|word| **word != "0")
            .map(|word| quoted(word))
            .collect();
        text.push_str(&format!(
            "# User ids that are nobody. The ids count from 0, so 0 is not among them.\nplaceholders = [{}]\n",
            words.join(", ")
        ));
    }
    if guess.event_type.is_some() {
        text.push_str(
            "# Types that are not listed below are left out and counted.\nunknown_event_types = \"ignore\"\n",
        );
    }
    text.push_str("\n[events.columns]\n");
    for (key, taken) in [("user", &guess.user), ("item", &guess.item)] {
        match taken {
            Some(taken) => {
                weakness(text, taken);
                line(text, key, &columns[taken.column]);
            }
            None => gap(text, source, key),
        }
    }
    match (&guess.timestamp, guess.clock) {
        (Some(time), Some(clock)) => {
            weakness(text, time);
            let (date, clock) = (&columns[time.column], &columns[clock]);
            let both = format!("{{{}}} {{{}}}", date.name, clock.name);
            text.push_str(&format!(
                "timestamp = {}  # {}\n",
                quoted(&both),
                comment(&date.examples())
            ));
        }
        (Some(time), None) => {
            weakness(text, time);
            line(text, "timestamp", &columns[time.column]);
        }
        (None, _) => gap(text, source, "timestamp"),
    }
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
    let taken = [&guess.user, &guess.item, &guess.timestamp];
    let mut used: Vec<Option<usize>> = taken
        .into_iter()
        .map(|taken| taken.as_ref().map(|taken| taken.column))
        .collect();
    used.extend([guess.clock, guess.event_type, guess.value, guess.id]);
    used.extend(guess.context.iter().map(|&index| Some(index)));
    unused(text, columns, &used);
    if !guess.kinds.is_empty() {
        text.push_str(
            "\n# What your event types stand for: impression, view, click, add_to_cart, conversion, or ignore.\n\
             [events.event_types]\n",
        );
        for kind in &guess.kinds {
            let (word, note) = match kind.meaning {
                Meaning::Kind(kind) => (kind.as_str(), ""),
                Meaning::TakesBack if told::takes_back_orders(guess) && meaning::is_about_orders(&kind.name) => {
                    text.push_str(&format!("{} = {{ takes_back = \"conversion\" }}\n", quoted(&kind.name)));
                    continue;
                }
                Meaning::TakesBack => ("ignore", "  # it takes back or denies"),
                Meaning::Nothing => ("ignore", "  # about no single item"),
                Meaning::Unknown => ("ignore", "  # no word of it is known: please check"),
            };
            text.push_str(&format!("{} = {}{note}\n", quoted(&kind.name), quoted(word)));
        }
    }
}

fn weakness(text: &mut String, taken: &Taken) {
    if let Some(why) = &taken.weak {
        text.push_str(&format!("# Please check: {}\n", comment(why)));
    }
}

/// A line that a person has to write.
fn gap(text: &mut String, source: &Source, role: &str) {
    let candidates = source
        .gaps
        .iter()
        .find(|gap| gap.role == role)
        .map(|gap| gap.candidates.join(", "))
        .unwrap_or_default();
    let why = match role {
        "user" => "no column says who; without one, all rows are anonymous and lists are the same for everybody",
        "item" => "no column says which item",
        _ => "no column says when",
    };
    text.push_str(&format!(
        "# GAP: {why}. Candidates: {}\n# {role} = \"\"\n",
        comment(&candidates)
    ));
}

fn catalogue(text: &mut String, source: &Source, guess: &CatalogueGuess) {
    let columns = &source.columns;
    text.push_str(&format!("\n[[catalogue]]\npath = {}\n", quoted(&source.pattern)));
    let of_item: Vec<Condition> = source
        .conditions
        .iter()
        .filter(|condition| condition.of_item)
        .cloned()
        .collect();
    if !of_item.is_empty() {
        text.push_str(&format!("where = {}\n", literal(&rows::joined(&of_item))));
    }
    if matches!(source.role, Role::Catalogue(_)) {
        for line in &source.told {
            text.push_str(&format!("# {}\n", comment(line)));
        }
    }
    shape(text, source);
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
        .and_then(|index| columns[index].time.as_ref());
    if let Some(format) = time.map(|time| &time.format).filter(|format| *format != "auto") {
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
