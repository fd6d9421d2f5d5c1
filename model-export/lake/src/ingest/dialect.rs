//! How separated text is written: its separator, the lines above the table, and whether a line names the columns. Found by how evenly a
//! separator divides many lines, and not by the first line alone: a title with commas or a decimal comma must not decide.

use super::named::{is_named, names_of};
use super::split::{Quote, Record, Separator, Splitter, scan};
use crate::source::TextFormat;

/// Bytes of the beginning that are looked at.
pub const HEAD_BYTES: usize = 1 << 18;
/// Records of it that are looked at.
const MAX_RECORDS: usize = 400;
/// Lines above a table; more are no preamble.
const MAX_PREAMBLE: usize = 60;
/// Lines of one record, as in the reader.
const MAX_RECORD_LINES: usize = 256;

/// How separated text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between values.
    pub separator: Separator,
    /// Lines above the header, or above the first row where there is none.
    pub skip_lines: u64,
    /// Lines above the first row.
    pub first_row: u64,
    /// Whether a line names the columns.
    pub header: bool,
    /// The columns; without a header, their numbers from 1.
    pub names: Vec<String>,
}

/// A record of the beginning, split.
struct Split {
    /// Its first line, from 0.
    line: usize,
    /// The first line behind it.
    end: usize,
    values: Vec<String>,
}

impl Split {
    fn filled(&self) -> usize {
        self.values.iter().filter(|value| !value.trim().is_empty()).count()
    }

    fn is_comment(&self) -> bool {
        self.values
            .first()
            .is_some_and(|value| value.trim_start().starts_with('#'))
    }
}

/// Finds out how text is written. `head` is its beginning in UTF-8; `whole` says that nothing follows. `wanted` are the columns of a mapping:
/// the line that holds all of them is the header.
#[must_use]
pub fn find(head: &[u8], whole: bool, text: &TextFormat, wanted: &[String]) -> Dialect {
    let lines = lines(head, whole);
    let mut first = 0;
    let mut told = text.delimiter.as_deref().map(Separator::of_setting);
    if text.skip_lines.is_none()
        && let Some((line, separator)) = separator_line(&lines)
    {
        first = line + 1;
        told = told.or(Some(separator));
    }
    if let Some(skip) = text.skip_lines {
        first = usize::try_from(skip).unwrap_or(usize::MAX).min(lines.len());
    }
    let fixed = text.skip_lines.is_some();
    let table = match told {
        Some(separator) => Table::of(separator, &lines, first, fixed),
        None => mapped(&lines, first, fixed, wanted).unwrap_or_else(|| best(&lines, first, fixed)),
    };
    table.dialect(text, wanted)
}

/// How a table of cells is laid out; `rows` are its first ones with their numbers from 0, equally wide.
#[must_use]
pub fn of_cells(rows: Vec<(u64, Vec<String>)>, text: &TextFormat, wanted: &[String]) -> Dialect {
    let skip = text.skip_lines.unwrap_or(0);
    let records = rows
        .into_iter()
        .filter(|(number, _)| *number >= skip)
        .map(|(number, values)| {
            let line = usize::try_from(number).unwrap_or(usize::MAX);
            Split {
                line,
                end: line.saturating_add(1),
                values,
            }
        });
    Table::of_records(Separator::Byte(b','), records.collect(), text.skip_lines.is_some()).dialect(text, wanted)
}

/// Lines without their ends; the last one only where it is whole, or the only one.
fn lines(head: &[u8], whole: bool) -> Vec<&[u8]> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut lines: Vec<&[u8]> = head
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let open = lines.last().is_some_and(|last| last.is_empty() || !whole);
    if open && lines.len() > 1 {
        lines.pop();
    }
    lines
}

/// The line `sep=;` that Excel writes and reads.
fn separator_line(lines: &[&[u8]]) -> Option<(usize, Separator)> {
    let line = lines.iter().position(|line| !line.is_empty())?;
    let text = std::str::from_utf8(lines[line]).ok()?;
    let text = text.trim_matches('"');
    let separator = text
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="))
        .map(|_| &text[4..])?;
    let separator = if separator == "\\t" { "\t" } else { separator };
    (1..=TextFormat::MAX_DELIMITER)
        .contains(&separator.chars().count())
        .then(|| (line, Separator::of_setting(separator)))
}

/// Text as one separator divides it.
struct Table {
    separator: Separator,
    records: Vec<Split>,
    /// Index of the first record that belongs to the table.
    start: usize,
    /// Values that most records have.
    width: usize,
    /// How many of the records have so many.
    even: f64,
    /// Lines in front of the table that hold other text.
    preamble: usize,
}

impl Table {
    fn of(separator: Separator, lines: &[&[u8]], first: usize, fixed: bool) -> Self {
        let records = records(&separator, lines, first);
        Self::of_records(separator, records, fixed)
    }

    fn of_records(separator: Separator, records: Vec<Split>, fixed: bool) -> Self {
        let width = common_width(&records);
        let (start, preamble) = if fixed { (0, 0) } else { start(&records, width) };
        let body: Vec<&Split> = records
            .iter()
            .skip(start)
            .filter(|record| !record.is_comment())
            .collect();
        let same = body.iter().filter(|record| record.values.len() == width).count();
        Self {
            even: share(same, body.len()),
            separator,
            start,
            width,
            preamble,
            records,
        }
    }

    /// Three steps of evenness: a few bad rows must not decide between separators.
    fn tier(&self) -> u8 {
        match self.even {
            _ if self.width < 2 => 0,
            even if even >= 0.95 => 3,
            even if even >= 0.8 => 2,
            even if even >= 0.5 => 1,
            _ => 0,
        }
    }

    fn dialect(self, text: &TextFormat, wanted: &[String]) -> Dialect {
        let Self {
            separator,
            records,
            mut start,
            width,
            ..
        } = self;
        let has_all = |record: &Split| {
            wanted
                .iter()
                .all(|name| record.values.iter().any(|value| value.trim() == name))
        };
        let numbered = wanted
            .iter()
            .all(|name| name.parse::<usize>().is_ok_and(|number| number > 0));
        let header = match text.header {
            Some(header) => header,
            // Whoever asks for columns by number has a file without a header, unless its header is just these numbers.
            None if !wanted.is_empty() && numbered => records.get(start).is_some_and(|first| {
                first
                    .values
                    .iter()
                    .zip(1usize..)
                    .all(|(value, number)| value.trim() == number.to_string())
            }),
            None if !wanted.is_empty() => {
                // The mapping knows better than any guess which line is the header.
                let near = records.iter().take(MAX_PREAMBLE).position(has_all);
                match near {
                    Some(near) if text.skip_lines.is_none() || near == start => {
                        start = near;
                        true
                    }
                    _ => content_header(&records, start),
                }
            }
            None => content_header(&records, start),
        };
        let first = records.get(start);
        let mut names: Vec<String> = match first {
            None => Vec::new(),
            Some(first) if header => names_of(&first.values),
            Some(first) => {
                let count = if self.even >= 0.5 { width } else { first.values.len() };
                (1..=count).map(|number| number.to_string()).collect()
            }
        };
        if header && names.len() + 1 == width && self.even >= 0.5 && width > 2 {
            // Tables of R have row numbers without a name above them; other programs end each row with a separator. Any other value that has no name
            // is a mistake, and which one it is nobody knows.
            let rows = records.iter().skip(start + 1);
            let ends = |row: &Split| {
                row.values.len() < width || row.values.last().is_some_and(|value| value.trim().is_empty())
            };
            let numbers = rows
                .clone()
                .filter(|row| row.values.len() == width)
                .map(|row| row.values.first()?.trim().parse::<u64>().ok());
            let numbers: Vec<Option<u64>> = numbers.collect();
            let counted = numbers
                .windows(2)
                .all(|pair| matches!(pair, [Some(a), Some(b)] if *b == *a + 1));
            if rows.clone().all(ends) {
                names.push(String::new());
            } else if numbers.len() > 1 && counted {
                names.insert(0, String::new());
            }
        }
        let above = first.map_or(0, |first| first.line as u64);
        Dialect {
            separator,
            skip_lines: above,
            first_row: first.map_or(0, |first| if header { first.end as u64 } else { above }),
            header,
            names,
        }
    }
}

fn content_header(records: &[Split], start: usize) -> bool {
    let rows: Vec<&[String]> = records
        .iter()
        .skip(start)
        .map(|record| record.values.as_slice())
        .collect();
    match rows.split_first() {
        Some((first, rest)) => is_named(first, rest),
        None => true,
    }
}

fn records(separator: &Separator, lines: &[&[u8]], first: usize) -> Vec<Split> {
    let mut splitter = Splitter::new(separator);
    let mut records = Vec::new();
    let mut at = first;
    while at < lines.len() && records.len() < MAX_RECORDS {
        let mut bytes = lines[at].to_vec();
        let mut end = at + 1;
        if bytes.is_empty() {
            at = end;
            continue;
        }
        let mut state = scan(Quote::Start, &bytes, separator);
        while state == Quote::Inside && end < lines.len() && end - at < MAX_RECORD_LINES {
            state = scan(scan(state, b"\n", separator), lines[end], separator);
            bytes.push(b'\n');
            bytes.extend_from_slice(lines[end]);
            end += 1;
        }
        if state == Quote::Inside || (end > at + 1 && state == Quote::Stray) {
            // A quote that is never closed: the line alone.
            end = at + 1;
            bytes = lines[at].to_vec();
        }
        bytes.push(b'\n');
        let record: &Record = splitter.split(&bytes);
        let values = (0..record.count).map(|index| String::from_utf8_lossy(record.value(index)).into_owned());
        records.push(Split {
            line: at,
            end,
            values: values.collect(),
        });
        at = end;
    }
    records
}

/// The number of values that most records have; of equally many, the larger.
fn common_width(records: &[Split]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for record in records.iter().filter(|record| !record.is_comment()) {
        *counts.entry(record.values.len()).or_insert(0usize) += 1;
    }
    // With two lines, the first is the header that tells the width.
    if let [first, _] = records {
        return first.values.len();
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map_or(0, |(width, _)| width)
}

/// Where the table begins, and how many records of other text stand above it.
fn start(records: &[Split], width: usize) -> (usize, usize) {
    let mut preamble = 0;
    let behind = |index: usize| {
        records
            .iter()
            .skip(index)
            .filter(|record| record.values.len() == width)
            .count()
    };
    for (index, record) in records.iter().enumerate().take(MAX_PREAMBLE) {
        let above = if record.is_comment() {
            // A comment, unless it is the header, as some programs write it.
            record.values.len() != width || width < 2 || !is_header_comment(records, index)
        } else {
            width >= 2 && record.filled() <= (width / 3).max(1) && record.filled() < width && behind(index + 1) >= 2
        };
        if !above {
            return (index, preamble);
        }
        preamble += usize::from(!record.is_comment());
    }
    (0, 0)
}

fn is_header_comment(records: &[Split], index: usize) -> bool {
    let Some(next) = records.get(index + 1) else {
        return false;
    };
    if next.is_comment() || next.values.len() != records[index].values.len() {
        return false;
    }
    let rest: Vec<&[String]> = records
        .iter()
        .skip(index + 2)
        .map(|record| record.values.as_slice())
        .collect();
    // The next line is a row itself, so that this one is what names its columns.
    !rest.is_empty() && !is_named(&next.values, &rest)
}

const COMMON: [&str; 7] = [",", ";", "\t", "|", "::", "||", "\u{1}"];

/// The separator that divides some line into all columns of a mapping: a few bad rows below it must not decide.
fn mapped(lines: &[&[u8]], first: usize, fixed: bool, wanted: &[String]) -> Option<Table> {
    if wanted.len() < 2 {
        return None;
    }
    let names = |record: &Split| {
        wanted
            .iter()
            .all(|name| record.values.iter().any(|value| value.trim() == name))
    };
    COMMON
        .iter()
        .map(|separator| Table::of(Separator::of_setting(separator), lines, first, fixed))
        .find(|table| table.records.iter().take(MAX_PREAMBLE).any(names))
}

/// The separator that divides the lines most evenly.
fn best(lines: &[&[u8]], first: usize, fixed: bool) -> Table {
    let tables: Vec<Table> = COMMON
        .iter()
        .map(|separator| Table::of(Separator::of_setting(separator), lines, first, fixed))
        .collect();
    let decimal = decimal_commas(lines);
    let firsts = |separator: &Separator| first_in_line(lines, separator);
    let doubled = |table: &Table| match &table.separator {
        // `a||b` has an empty column between bars, in every row, only because the separator is two bars.
        Separator::Byte(b'|') => table.records.iter().skip(table.start).all(|record| {
            record.values.len() % 2 == 1 && record.values.iter().skip(1).step_by(2).all(String::is_empty)
        }),
        _ => false,
    };
    let key = |table: &Table| {
        (
            table.tier(),
            std::cmp::Reverse(table.preamble),
            !(table.separator == Separator::Byte(b',') && decimal),
            !doubled(table),
            firsts(&table.separator),
            table.width,
        )
    };
    let mut found: Option<&Table> = None;
    for table in &tables {
        // Of equals the first counts.
        if table.tier() > 0 && found.is_none_or(|best| key(table) > key(best)) {
            found = Some(table);
        }
    }
    let separator = match found {
        Some(table) => table.separator.clone(),
        None => rare(lines, first, fixed),
    };
    Table::of(separator, lines, first, fixed)
}

/// Separators that are letters of other text more often: they must divide every line, and into numbers.
fn rare(lines: &[&[u8]], first: usize, fixed: bool) -> Separator {
    for setting in ["~", "^", super::split::SPACES] {
        let table = Table::of(Separator::of_setting(setting), lines, first, fixed);
        let rows = &table.records[table.start.min(table.records.len())..];
        let numeric = |column: usize| {
            let body = rows.iter().skip(1);
            let is_number = |record: &Split| {
                record.values.get(column).is_some_and(|value| {
                    value.bytes().any(|byte| byte.is_ascii_digit())
                        && value
                            .bytes()
                            .all(|byte| byte.is_ascii_digit() || b".,-+:/".contains(&byte))
                })
            };
            rows.len() > 1 && body.clone().filter(|record| is_number(record)).count() * 10 >= (rows.len() - 1) * 9
        };
        if table.width >= 2 && table.even >= 0.95 && rows.len() > 1 && (0..table.width).any(numeric) {
            return table.separator;
        }
    }
    Separator::Byte(fallback(lines, first))
}

/// The separator that the first line uses most outside quotes; a comma when there is none.
fn fallback(lines: &[&[u8]], first: usize) -> u8 {
    let line = lines
        .iter()
        .skip(first)
        .find(|line| !line.is_empty())
        .copied()
        .unwrap_or_default();
    let mut counts = [0usize; 256];
    let mut quoted = false;
    for &byte in line {
        if byte == b'"' {
            quoted = !quoted;
        } else if !quoted {
            counts[usize::from(byte)] += 1;
        }
    }
    // The comma comes last because `max_by_key` keeps the last of equals.
    let best = [b'|', b';', b'\t', b',']
        .into_iter()
        .max_by_key(|&byte| counts[usize::from(byte)]);
    best.unwrap_or(b',')
}

/// Whether commas stand between digits nearly everywhere, and another separator stands there: `1;3,50;2,10`.
fn decimal_commas(lines: &[&[u8]]) -> bool {
    let (mut all, mut between) = (0usize, 0usize);
    let mut others = 0usize;
    for line in lines.iter().take(MAX_RECORDS) {
        others += usize::from(line.iter().any(|byte| matches!(byte, b';' | b'\t' | b'|')));
        for (index, byte) in line.iter().enumerate() {
            if *byte == b',' {
                all += 1;
                let digit =
                    |index: Option<usize>| index.and_then(|index| line.get(index)).is_some_and(u8::is_ascii_digit);
                between += usize::from(digit(index.checked_sub(1)) && digit(Some(index + 1)));
            }
        }
    }
    all > 0 && between * 10 >= all * 9 && others * 10 >= lines.len().min(MAX_RECORDS) * 9
}

/// Lines in which a separator is the first of all: one that stands only inside values comes later.
fn first_in_line(lines: &[&[u8]], separator: &Separator) -> usize {
    let first = |line: &[u8]| {
        let mut quoted = false;
        line.iter().enumerate().find_map(|(index, &byte)| {
            quoted ^= byte == b'"';
            let rest = &line[index..];
            if quoted {
                return None;
            }
            match byte {
                b':' if rest.starts_with(b"::") => Some(Separator::Text("::".to_owned())),
                b',' | b';' | b'\t' | b'|' | 1 => Some(Separator::Byte(byte)),
                _ => None,
            }
        })
    };
    let same = |found: &Separator| match (found, separator) {
        (Separator::Byte(b'|'), Separator::Text(text)) => text == "||",
        (found, separator) => found == separator,
    };
    lines
        .iter()
        .take(MAX_RECORDS)
        .filter(|line| first(line).is_some_and(|found| same(&found)))
        .count()
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred records")]
fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}
