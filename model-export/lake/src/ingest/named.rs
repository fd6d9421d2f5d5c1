//! Whether the first row of a table names its columns, or is a row like those below it.

use std::collections::HashMap;

/// What a value looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Empty,
    Number,
    Time,
    Code,
    Link,
    Text,
}

fn class(value: &str) -> Class {
    let value = value.trim();
    let bytes = value.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let all = |allowed: &[u8]| bytes.iter().all(|byte| byte.is_ascii_digit() || allowed.contains(byte));
    if value.is_empty()
        || matches!(value, "-" | "\\N")
        || ["null", "nan", "none", "n/a", "na"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
    {
        Class::Empty
    } else if digits > 0
        && value
            .trim_matches(['€', '$', '£', '%', ' '])
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.,eE' ".contains(&byte))
        && !value.contains(": ")
    {
        if digits >= 6 && bytes.iter().filter(|byte| **byte == b'-' || **byte == b'.').count() == 2 {
            Class::Time
        } else {
            Class::Number
        }
    } else if digits >= 3
        && (all(b"-/.: TZ+,") || (bytes.first().is_some_and(u8::is_ascii_digit) && bytes.contains(&b':')))
    {
        Class::Time
    } else if value.contains('@') || value.starts_with("http://") || value.starts_with("https://") {
        Class::Link
    } else if digits > 0
        && bytes.len() >= 8
        && digits * 4 >= bytes.len()
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    {
        Class::Code
    } else {
        Class::Text
    }
}

/// Whether `first` names the columns of the rows below it: by what stands in a column, and what would stand out as a value of it. Without
/// evidence it does, as in most files.
#[must_use]
pub fn is_named(first: &[String], rest: &[&[String]]) -> bool {
    let (mut names, mut values, mut repeated) = (0usize, 0usize, 0usize);
    for (column, head) in first.iter().enumerate() {
        let cells: Vec<&str> = rest
            .iter()
            .filter_map(|row| row.get(column))
            .map(String::as_str)
            .collect();
        let mut counts = [0usize; 6];
        cells.iter().for_each(|cell| counts[class(cell) as usize] += 1);
        let filled = cells.len() - counts[Class::Empty as usize];
        let found = class(head);
        if filled == 0 || found == Class::Empty {
            continue;
        }
        let typed = [Class::Number, Class::Time, Class::Code, Class::Link]
            .into_iter()
            .find(|class| counts[*class as usize] * 10 >= filled * 9);
        match typed {
            Some(_) if found == Class::Text => names += 1,
            Some(class) if found == class => values += 1,
            // Numbers above times, or times above numbers: a wide table, perhaps.
            Some(_) => {}
            // A value of its own column below, and no value is missing: a row.
            None if cells.iter().any(|cell| cell.trim() == head.trim()) => repeated += 1,
            None => values += usize::from(matches!(found, Class::Number | Class::Time | Class::Code | Class::Link)),
        }
    }
    if names > 0 {
        return names * 2 >= values;
    }
    values == 0 && repeated == 0
}

/// The names in a header; of those that occur twice, the later ones are numbered.
#[must_use]
pub fn names_of(values: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(values.len());
    let mut times: HashMap<String, usize> = HashMap::new();
    for value in values {
        let name = value.trim().trim_start_matches('\u{feff}').to_owned();
        let seen = times.entry(name.clone()).or_insert(0);
        *seen += 1;
        names.push(if *seen > 1 && !name.is_empty() {
            format!("{name}_{seen}")
        } else {
            name
        });
    }
    names
}
