//! The bytes of a case's file.

use jiff::{SignedDuration, Timestamp};

use crate::case::{Build, Content};
use crate::{container, parquet_file};

/// The file's bytes.
pub fn bytes(name: &str, content: &Content) -> Vec<u8> {
    match content {
        Content::Text(text) => text.clone().into_bytes(),
        Content::Built(build) => built(name, build),
    }
}

fn built(name: &str, build: &Build) -> Vec<u8> {
    let text = text(build);
    let bytes = if !build.hex.is_empty() {
        let digits: String = build.hex.split_whitespace().collect();
        base16ct::mixed::decode_vec(digits).unwrap()
    } else if !build.parquet.is_empty() {
        parquet_file::write(&build.parquet, &build.codec, &text)
    } else if build.xlsx {
        container::xlsx(&text)
    } else {
        encoded(&build.encode, &text)
    };
    match build.compress.as_str() {
        "" => bytes,
        "gzip" => container::gzip(&bytes),
        "zstd" => zstd::encode_all(bytes.as_slice(), 3).unwrap(),
        "zip" => {
            let inner = name.rsplit('/').next().unwrap().trim_end_matches(".zip");
            container::zip(&[(inner, &bytes)])
        }
        other => panic!("compress = {other:?}"),
    }
}

fn text(build: &Build) -> String {
    let mut text = build.text.clone();
    let start: Timestamp = build
        .start
        .as_deref()
        .unwrap_or("2024-01-01T00:00:00Z")
        .parse()
        .unwrap();
    for i in 0..build.repeat {
        match build.at.get(&i.to_string()) {
            Some(line) => text.push_str(line),
            None => {
                let seconds = build.every_s * i64::try_from(i).unwrap();
                let time = start.checked_add(SignedDuration::from_secs(seconds)).unwrap();
                text.push_str(&filled(&build.line, i, time));
            }
        }
        text.push('\n');
    }
    text.push_str(&build.tail);
    text
}

/// A line with its `<…>` filled in.
fn filled(line: &str, i: u64, time: Timestamp) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (hole, after) = after.split_once('>').unwrap();
        rest = after;
        if let Some(format) = hole.strip_prefix("t:") {
            text.push_str(&time.strftime(format).to_string());
        } else if let Some((number, words)) = hole.split_once('?') {
            let words: Vec<&str> = words.split('|').collect();
            text.push_str(words[usize::try_from(calculated(number, i)).unwrap() % words.len()]);
        } else {
            let (number, width) = hole.split_once(':').unwrap_or((hole, "1"));
            let width: usize = width.parse().unwrap();
            text.push_str(&format!("{:0width$}", calculated(number, i)));
        }
    }
    text.push_str(rest);
    text
}

/// `i*7%53`, from left to right.
fn calculated(expression: &str, i: u64) -> u64 {
    let mut value = i;
    let mut rest = expression.strip_prefix('i').unwrap_or_else(|| panic!("<{expression}>"));
    while let Some(operator) = rest.chars().next() {
        let end = rest[1..]
            .find(['+', '-', '*', '/', '%'])
            .map_or(rest.len(), |end| end + 1);
        let operand: u64 = rest[1..end].parse().unwrap_or_else(|_| panic!("<{expression}>"));
        value = match operator {
            '+' => value + operand,
            '-' => value - operand,
            '*' => value * operand,
            '/' => value / operand,
            '%' => value % operand,
            _ => panic!("<{expression}>"),
        };
        rest = &rest[end..];
    }
    value
}

fn encoded(encoding: &str, text: &str) -> Vec<u8> {
    match encoding {
        "" => text.as_bytes().to_vec(),
        "utf-8-bom" => ["\u{feff}", text].concat().into_bytes(),
        "utf-16le" => ["\u{feff}", text]
            .concat()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
        "utf-16be" => ["\u{feff}", text]
            .concat()
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect(),
        "windows-1252" => text
            .chars()
            .map(|c| match c {
                '€' => 0x80,
                '–' => 0x96,
                '’' => 0x92,
                other => u8::try_from(u32::from(other)).unwrap(),
            })
            .collect(),
        other => panic!("encode = {other:?}"),
    }
}

#[test]
fn holes_are_filled() {
    let time: Timestamp = "2024-05-06T07:08:09Z".parse().unwrap();
    let line = "u<i%4>,p<i*7%5:03>,<i/2?a|b|c>,<t:%d.%m.%Y %H:%M>,<i+1000>";
    assert_eq!(filled(line, 6, time), "u2,p002,a,06.05.2024 07:08,1006");
}
