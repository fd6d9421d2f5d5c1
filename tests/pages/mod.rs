//! What holds for every page, template and value, whatever bytes they are: shared by the property tests and the fuzz targets. Every function panics
//! where it does not hold.

use selvedge::engine::{Item, Reason};
use selvedge::html::{Encoding, Entry, Event, Include, Options, Scanner, Slots, Step, SyntaxContext, Template};

/// All encodings that a response can name.
pub const ENCODINGS: [Encoding; 7] = [
    Encoding::Utf8,
    Encoding::Single,
    Encoding::ShiftJis,
    Encoding::Gbk,
    Encoding::Big5,
    Encoding::EucKr,
    Encoding::Unknown,
];

/// Texts that try to become markup, a URL that runs, or an expression of a framework in the browser.
pub const HOSTILE: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)} #{x} @{x} %{x} *{x}",
    "[[x]] {%x%} <%x%> {#x#} [{x}] {[x]} <?x?>",
    "javascript:alert(1)",
    " \u{1}java\tscript:alert(1)",
    "data:text/html,<script>",
    "{",
    "$",
    "[",
    "\u{1b}$B\0\u{83}",
    "&lt;b&gt; & ünïcödé \u{2028}",
    "",
];

/// An item whose every text is hostile.
pub fn item(text: &'static str, other: &'static str) -> Item<'static> {
    Item {
        id: text,
        title: other,
        categories: vec![other, text],
        image: Some(text),
        attributes: vec![("a", other), ("brand", text)],
        score: 1.0,
        reason: Reason::Because {
            item: text,
            title: other,
            share: 0.5,
        },
    }
}

/// A page's output, and how many slots were asked for.
pub struct Ran {
    /// The bytes that came out. An include is written as its URL in brackets.
    pub out: Vec<u8>,
    /// How many slots could have been filled.
    pub slots: usize,
}

/// Runs a page through the stream in pieces of these lengths in turn. `items` fill its slots; without any, they keep their content.
pub fn run(page: &[u8], lengths: &[usize], options: Options, items: &[Item<'_>]) -> Ran {
    let mut slots = Slots::new(options);
    let mut ran = Ran {
        out: Vec::new(),
        slots: 0,
    };
    let (mut rest, mut turn) = (page, 0);
    while !rest.is_empty() {
        let length = lengths.get(turn % lengths.len().max(1)).copied().unwrap_or(usize::MAX);
        let (piece, behind) = rest.split_at(length.clamp(1, rest.len()));
        (rest, turn) = (behind, turn + 1);
        slots.push(piece);
        loop {
            match slots.step() {
                Step::Input => break,
                Step::Slot(_) => {
                    ran.slots += 1;
                    slots.fill("AQ.id", items);
                }
                Step::Include(Include { src, .. }) => {
                    ran.out.append(&mut slots.take());
                    ran.out.extend_from_slice(format!("[{src}]").as_bytes());
                }
            }
        }
        ran.out.append(&mut slots.take());
    }
    slots.end();
    ran.out.append(&mut slots.take());
    ran
}

/// A page comes out the same however it is cut, and unchanged if its slots keep their content.
pub fn check_page(page: &[u8], lengths: &[usize], options: Options) {
    let items = [item(HOSTILE[0], HOSTILE[2])];
    for fill in [&[][..], &items[..]] {
        let whole = run(page, &[usize::MAX], options, fill);
        let cut = run(page, lengths, options, fill);
        assert_eq!(whole.out, cut.out, "{lengths:?}");
        assert_eq!(whole.slots, cut.slots, "{lengths:?}");
        if !options.esi && (fill.is_empty() || whole.slots == 0) {
            assert_eq!(whole.out, page, "{options:?}");
        }
    }
}

/// The names of all tags, and of the attributes in them, in their order.
pub fn structure(html: &[u8]) -> Vec<String> {
    let mut scanner = Scanner::new();
    let (mut found, mut attribute) = (Vec::new(), Vec::new());
    for byte in html {
        let before = scanner.attribute().to_vec();
        let event = scanner.read(*byte);
        if scanner.attribute().is_empty() && !before.is_empty() {
            attribute = before;
        }
        if !attribute.is_empty() {
            found.push(format!("@{}", String::from_utf8_lossy(&attribute)));
            attribute.clear();
        }
        if let Event::Tag(tag) = event {
            let name = String::from_utf8_lossy(scanner.name()).into_owned();
            found.push(if tag.is_end { format!("/{name}") } else { name });
        }
    }
    found
}

/// Whatever an item says, a template makes the same tags and attributes of it, ends in text, and shows no expression that was not in the
/// template. Sections are the author's own choice between two structures, so templates with sections are only rendered.
pub fn check_template(template: &[u8], encoding: Encoding) {
    let Ok(compiled) = Template::compile(template, encoding) else {
        return;
    };
    let render = |item: &Item<'_>| {
        let mut out = Vec::new();
        let entry = Entry {
            item,
            position: 1,
            decision: "AQ.id",
        };
        compiled.render(&mut out, &entry, encoding != Encoding::Utf8);
        out
    };
    let plain = structure(&render(&item("a", "b")));
    // White space may stand between the braces and the sign, so a sign anywhere in an expression counts.
    let has_sections = (0..template.len()).any(|at| {
        let expression = template[at..].strip_prefix(b"{{").unwrap_or_default();
        let inner = expression.split(|byte| *byte == b'}').next().unwrap_or_default();
        inner.iter().any(|byte| matches!(byte, b'#' | b'^'))
    });
    let openings = |html: &[u8]| {
        EXPRESSIONS
            .iter()
            .map(|open| count(html, open, encoding))
            .sum::<usize>()
    };
    let own = openings(&render(&item("a", "b")));
    // An address that is refused takes the template's own text beside it along, so templates with openings of their own show now more, now fewer.
    let has_openings = openings(&without_expressions(template)) > 0;
    for (at, text) in HOSTILE.into_iter().enumerate() {
        let other = HOSTILE[(at * 5 + 3) % HOSTILE.len()];
        let html = render(&item(text, other));
        if !has_sections {
            assert_eq!(structure(&html), plain, "{text:?}: {}", html.escape_ascii());
            if !has_openings {
                assert!(openings(&html) <= own, "{text:?}: {}", html.escape_ascii());
            }
        }
        assert!(ends_in_text(&html), "{text:?}: {}", html.escape_ascii());
    }
}

/// A template with a letter for each expression.
fn without_expressions(template: &[u8]) -> Vec<u8> {
    let (mut text, mut rest) = (Vec::new(), template);
    while let Some(at) = rest.windows(2).position(|two| two == b"{{") {
        text.extend_from_slice(&rest[..at]);
        text.push(b'a');
        let end = rest[at..].windows(2).position(|two| two == b"}}");
        rest = end.map_or(&[], |end| &rest[at + end + 2..]);
    }
    text.extend_from_slice(rest);
    text
}

/// What an expression of a template language in the browser begins with.
const EXPRESSIONS: [&[u8]; 9] = [b"{{", b"${", b"#{", b"[[", b"{%", b"{#", b"@{", b"[{", b"{["];

/// How often a part stands in a page. In an encoding of several bytes, a brace behind a byte beyond ASCII may be the second byte of a character: the
/// author's `\x85{` before an address that begins with `%` is no `{%` to a browser.
fn count(html: &[u8], part: &[u8], encoding: Encoding) -> usize {
    let is_second = |at: usize| encoding != Encoding::Utf8 && at > 0 && !html[at - 1].is_ascii();
    let stands = |(at, window): &(usize, &[u8])| *window == part && !is_second(*at);
    html.windows(part.len()).enumerate().filter(stands).count()
}

fn ends_in_text(html: &[u8]) -> bool {
    let mut scanner = Scanner::new();
    for byte in html {
        scanner.read(*byte);
    }
    scanner.syntax_context() == SyntaxContext::Text
}

/// The tokenizer reads any bytes, cut anywhere, as the same tags, and the text that it passes over at once as it would byte by byte.
pub fn check_scanner(html: &[u8]) {
    let (mut one, mut skipping) = (Scanner::new(), Scanner::new());
    let mut at = 0;
    while at < html.len() {
        let rest = &html[at..];
        let plain = skipping.plain_text(rest);
        for byte in &rest[..plain] {
            assert_eq!(one.read(*byte), Event::Within, "text that was passed over");
        }
        assert!(one.stands_like(&skipping));
        at += plain;
        if let Some(byte) = html.get(at) {
            assert_eq!(one.read(*byte), skipping.read(*byte));
            at += 1;
        }
    }
}
