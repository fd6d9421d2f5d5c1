//! The HTML tokenizer against the html5lib tests, and the slot stream against pages cut at random.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod pages;

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use selvedge::html::{Attributes, Content, Encoding, Event, Options, Scanner, Slots, Step};
use serde_json::Value;

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/conformance/html5lib");
const FILES: [&str; 9] = [
    "contentModelFlags",
    "domjs",
    "entities",
    "escapeFlag",
    "test1",
    "test2",
    "test3",
    "test4",
    "unicodeChars",
];

/// Reads the tests of all files. If they are not installed, prints a line and returns none.
fn cases() -> Vec<Value> {
    let mut cases = Vec::new();
    for file in FILES {
        let Ok(text) = fs::read_to_string(format!("{TESTS}/{file}.test")) else {
            println!("skipped: {TESTS}/{file}.test is not there");
            continue;
        };
        let parsed: Value = serde_json::from_str(&text).unwrap();
        cases.extend(parsed["tests"].as_array().into_iter().flatten().cloned());
    }
    cases
}

/// Decodes the `\uXXXX` of doubly escaped tests; [`None`] for surrogates, which UTF-8 cannot express.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        out.push_str(&rest[..at]);
        out.push(char::from_u32(u32::from_str_radix(&rest[at + 2..at + 6], 16).unwrap())?);
        rest = &rest[at + 6..];
    }
    out.push_str(rest);
    Some(out)
}

#[derive(Debug, PartialEq)]
enum Token {
    Start(String, BTreeMap<String, String>, bool),
    End(String),
}

/// Returns how a tokenizer reads NUL and carriage returns.
fn read_as(text: &str) -> String {
    text.replace('\0', "\u{fffd}").replace("\r\n", "\n").replace('\r', "\n")
}

/// Returns the tags that the scanner finds. After a start tag it changes to the content that the tag announces, which a
/// bare tokenizer does not. Only the tokens up to the first such tag are comparable, so this also returns whether the
/// input ended before one.
fn tags(mut scanner: Scanner, input: &str) -> (Vec<Token>, bool) {
    let (mut tokens, mut held) = (Vec::new(), Vec::new());
    for byte in input.bytes() {
        match scanner.read(byte) {
            Event::MayBegin | Event::NoTag { begins: true } => held = vec![byte],
            Event::Tag(tag) => {
                held.push(byte);
                let name = read_as(&String::from_utf8_lossy(scanner.name()));
                if tag.is_end {
                    tokens.push(Token::End(name));
                } else {
                    let attributes = Attributes::of(&held);
                    let attributes = attributes.all().iter();
                    let attributes = attributes
                        .map(|(name, value)| (read_as(name), read_as(value)))
                        .collect();
                    tokens.push(Token::Start(name, attributes, tag.self_closing));
                    if !scanner.in_html() || !scanner.in_markup() {
                        return (tokens, false);
                    }
                }
            }
            _ => held.push(byte),
        }
    }
    (tokens, true)
}

fn expected(output: &Value, escaped: bool) -> Vec<Token> {
    let text = |value: &Value| {
        let text = value.as_str().unwrap();
        if escaped {
            unescaped(text).unwrap()
        } else {
            text.to_owned()
        }
    };
    let mut tokens = Vec::new();
    for token in output.as_array().unwrap() {
        match token[0].as_str() {
            Some("StartTag") => {
                let attributes = token[2].as_object().unwrap().iter();
                let attributes = attributes.map(|(name, value)| (name.clone(), text(value))).collect();
                tokens.push(Token::Start(text(&token[1]), attributes, token[3] == true));
            }
            Some("EndTag") => tokens.push(Token::End(text(&token[1]))),
            _ => {}
        }
    }
    tokens
}

fn scanner(state: &str, element: &str) -> Scanner {
    match state {
        "Data state" => Scanner::new(),
        "PLAINTEXT state" => Scanner::within(Content::Plaintext, element.as_bytes()),
        "RCDATA state" => Scanner::within(Content::Rcdata, element.as_bytes()),
        "RAWTEXT state" => Scanner::within(Content::Rawtext, element.as_bytes()),
        "Script data state" => Scanner::within(Content::Script, element.as_bytes()),
        "CDATA section state" => Scanner::in_cdata(),
        other => panic!("{other}: no such state"),
    }
}

#[test]
fn tags_and_attributes_match_the_html5lib_tests() {
    let mut compared = 0;
    let cases = cases();
    for case in &cases {
        let escaped = case["doubleEscaped"] == true;
        let input = case["input"].as_str().unwrap();
        let Some(input) = (if escaped {
            unescaped(input)
        } else {
            Some(input.to_owned())
        }) else {
            continue;
        };
        let data = vec![Value::from("Data state")];
        for state in case["initialStates"].as_array().unwrap_or(&data) {
            let element = case["lastStartTag"].as_str().unwrap_or_default();
            let (mut found, whole) = tags(scanner(state.as_str().unwrap(), element), &input);
            let mut expected = expected(&case["output"], escaped);
            if !whole {
                expected.truncate(found.len());
            }
            // Named references other than those of XML are not decoded, since names of slots do not use them. Tags are
            // still compared.
            if input.contains('&') {
                for token in found.iter_mut().chain(&mut expected) {
                    if let Token::Start(_, attributes, _) = token {
                        attributes.clear();
                    }
                }
            }
            assert_eq!(found, expected, "{} ({state}): {input:?}", case["description"]);
            compared += 1;
        }
    }
    println!("{compared} cases compared");
    assert!(
        cases.is_empty() || compared > 900,
        "{compared} of {} cases",
        cases.len()
    );
}

/// Runs pieces through the stream, leaving every slot unfilled.
fn left(pieces: &[&[u8]], options: Options) -> Vec<u8> {
    let mut slots = Slots::new(options);
    let mut out = Vec::new();
    for piece in pieces {
        slots.push(piece);
        while slots.step() != Step::Input {
            slots.leave();
        }
        out.append(&mut slots.take());
    }
    slots.end();
    out.append(&mut slots.take());
    out
}

#[test]
fn every_html5lib_input_passes_unchanged_however_it_is_cut() {
    for case in cases() {
        let input = case["input"].as_str().unwrap().as_bytes();
        for size in [1, 2, 3, 7, usize::MAX] {
            let pieces: Vec<&[u8]> = input.chunks(size.min(input.len().max(1))).collect();
            assert_eq!(left(&pieces, Options::default()), input);
        }
    }
}

/// Random pieces of pages; some open elements that others close.
fn page() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "<div data-selvedge-slot=a>",
        "<div data-selvedge-slot=a><template><b title='{{title}}'>{{title}}</b></template></div>",
        "<meta charset=shift_jis>",
        "<meta charset=iso-2022-jp>",
        "\u{feff}",
        "\u{1b}",
        "<div data-selvedge-slot='a' data-n=2>",
        "</div>",
        "<div>",
        "<template>",
        "</template>",
        "{{id}}",
        "<template data-selvedge-template=a>",
        "<b title=\"{{title}}\">",
        "</b>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "<!--esi ",
        "<svg>",
        "</svg>",
        "<![CDATA[",
        "]]>",
        "<style>",
        "</style>",
        "<esi:remove>",
        "</esi:remove>",
        "<esi:include src=/x />",
        "<",
        ">",
        "-",
        "text",
        "é",
        "\0",
        "'",
        "\"",
        "=",
        "/",
        " ",
        "&",
        "!",
    ];
    let known = prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec());
    let piece = prop_oneof![8 => known, 1 => prop::collection::vec(any::<u8>(), 0..6)];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Random pieces of templates.
fn template() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "<b>",
        "</b>",
        "<a href=\"",
        "<img src=\"",
        "<b title=\"",
        "<b title='",
        "<i class=\"",
        "<i id=\"x",
        "<b data-name=\"",
        "<b data-hx-vals=\"",
        "<b (click)=\"",
        "\">",
        "'>",
        "{{id}}",
        "{{title}}",
        "{{image}}",
        "{{category}}",
        "{{attributes.brand}}",
        "{{decision}}",
        "{{! }}",
        "{",
        "$",
        "[",
        "${",
        "}",
        "]]",
        "&lt;",
        "/",
        "x",
        " ",
        "<!--",
        "-->",
        "<title>",
        "</title>",
    ];
    let known = prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec());
    const PAIRS: &[&[u8]] = &[b"\x83\x7b", b"\x81\x5b", b"\xe9", b"\x83"];
    let pair = prop::sample::select(PAIRS).prop_map(<[u8]>::to_vec);
    prop::collection::vec(prop_oneof![12 => known, 1 => pair], 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_value_opens_an_element_an_attribute_or_an_expression(template in template(), encoding in 0usize..7) {
        pages::check_template(&template, pages::ENCODINGS[encoding]);
    }

    #[test]
    fn in_every_encoding_the_result_does_not_depend_on_the_pieces(page in page(), size in 1usize..9, encoding in 0usize..7, esi: bool) {
        let options = Options { esi, encoding: pages::ENCODINGS[encoding] };
        pages::check_page(&page, &[size, 1, 5], options);
    }

    #[test]
    fn text_that_is_passed_over_reads_as_byte_by_byte(page in page()) {
        pages::check_scanner(&page);
    }

    #[test]
    fn any_bytes_pass_unchanged_if_slots_are_left_unfilled(page in page(), size in 1usize..9) {
        let pieces: Vec<&[u8]> = page.chunks(size).collect();
        prop_assert_eq!(left(&pieces, Options::default()), page);
    }

    #[test]
    fn with_includes_the_result_does_not_depend_on_the_pieces_either(page in page(), size in 1usize..9) {
        let options = Options { esi: true, encoding: Encoding::Utf8 };
        let pieces: Vec<&[u8]> = page.chunks(size).collect();
        prop_assert_eq!(left(&pieces, options), left(&[&page], options));
    }
}
