use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::{Encoding, MAX_SLOT_BYTES, MAX_TAG_BYTES, MAX_TEMPLATE_BYTES, Options, SlotCall, SlotProblem, Slots, Step};
use crate::engine::{Item, Reason};

const ESI: Options = Options {
    esi: true,
    encoding: Encoding::Utf8,
};

fn items() -> Vec<Item<'static>> {
    ["one", "two"]
        .map(|title| Item {
            id: title,
            title,
            categories: vec![],
            image: None,
            attributes: vec![],
            score: 0.0,
            reason: Reason::Popular,
        })
        .to_vec()
}

struct Run {
    html: String,
    calls: Vec<SlotCall>,
    problems: Vec<SlotProblem>,
}

/// Runs a page through the stream, in chunks with the lengths of `cuts` in turn. `answer`: whether to fill slots.
fn run_with(page: &[u8], cuts: &[usize], options: Options, answer: bool) -> Run {
    let mut slots = Slots::new(options);
    let (mut html, mut calls) = (Vec::new(), Vec::new());
    let (mut rest, mut turn) = (page, 0);
    while !rest.is_empty() {
        let length = cuts[turn % cuts.len()].clamp(1, rest.len());
        turn += 1;
        slots.push(&rest[..length]);
        rest = &rest[length..];
        loop {
            match slots.step() {
                Step::Input => break,
                Step::Slot(call) => {
                    calls.push(call);
                    if answer {
                        slots.fill("AQ.made", &items());
                    } else {
                        slots.leave();
                    }
                }
                Step::Include(include) => {
                    html.append(&mut slots.take());
                    html.extend_from_slice(format!("[{} {:?}]", include.src, include.alt).as_bytes());
                }
            }
        }
        html.append(&mut slots.take());
    }
    slots.end();
    html.append(&mut slots.take());
    Run {
        html: String::from_utf8(html).unwrap(),
        calls,
        problems: slots.problems(),
    }
}

fn run(page: &str) -> Run {
    run_with(page.as_bytes(), &[usize::MAX], Options::default(), true)
}

#[test]
fn a_slot_is_filled_from_its_own_template() {
    let page = r#"<p>a</p><section data-selvedge-slot="home" data-n=4 data-category="Tea &amp; more">
        <template><b>{{title}}</b></template><p>fallback</p></section><p>b</p>"#;
    let run = run(page);
    assert_eq!(
        run.html,
        r#"<p>a</p><section data-selvedge-slot="home" data-n=4 data-category="Tea &amp; more"><template><b>{{title}}</b></template><b>one</b><b>two</b></section><p>b</p>"#
    );
    assert_eq!(
        run.calls,
        [SlotCall {
            slot: "home".into(),
            n: Some(4),
            category: Some("Tea & more".into())
        }]
    );
    assert_eq!(run.problems, []);
}

#[test]
fn a_slot_is_filled_from_a_template_named_for_it_or_by_it() {
    let templates = "<template data-selvedge-template=home>{{id}}.</template><template data-selvedge-template=card>{{id}}!</template>";
    let page = format!(
        "{templates}<div data-selvedge-slot=home>x</div><DIV DATA-SELVEDGE-SLOT=home data-template=card>x</DIV>"
    );
    assert_eq!(
        run(&page).html,
        format!(
            "{templates}<div data-selvedge-slot=home>one.two.</div><DIV DATA-SELVEDGE-SLOT=home data-template=card>one!two!</DIV>"
        )
    );
}

#[test]
fn a_slot_that_is_left_keeps_its_content() {
    let page = "<div data-selvedge-slot=home><template>{{id}}</template><p>fallback</p></div>";
    let run = run_with(page.as_bytes(), &[usize::MAX], Options::default(), false);
    assert_eq!((run.html.as_str(), run.calls.len()), (page, 1));
}

#[test]
fn elements_of_the_same_name_within_a_slot_do_not_end_it() {
    let page = "<div data-selvedge-slot=home><template></div>{{id}}</template><div><div></div></div><!-- </div> --><script>'</div>'</script></div>b";
    assert_eq!(
        run(page).html,
        "<div data-selvedge-slot=home><template></div>{{id}}</template></div>one</div>two</div>b",
        "whatever the template holds, it is made out as it is written"
    );
}

#[test]
fn text_that_only_looks_like_a_slot_is_not_one() {
    for page in [
        "<!-- <div data-selvedge-slot=home><template>{{id}}</template></div> -->",
        "<script>const a = '<div data-selvedge-slot=home><template>{{id}}</template></div>';</script>",
        "<script><!-- <script> </script> <div data-selvedge-slot=home><template>{{id}}</template></div> --></script>",
        "<style><div data-selvedge-slot=home><template>{{id}}</template></div></style>",
        "<textarea><div data-selvedge-slot=home><template>{{id}}</template></div></textarea>",
        "<noscript><div data-selvedge-slot=home><template>{{id}}</template></div></noscript>",
        "<p title='<div data-selvedge-slot=home><template>{{id}}</template></div>'>",
        "<svg><g data-selvedge-slot=home><template>{{id}}</template></g></svg>",
        "<svg><![CDATA[<div data-selvedge-slot=home><template>{{id}}</template></div>]]></svg>",
        "<plaintext><div data-selvedge-slot=home><template>{{id}}</template></div>",
        "<p data-selvedge-slots=home><template>{{id}}</template></p>",
    ] {
        let run = run(page);
        assert_eq!((run.html.as_str(), run.calls.len(), run.problems.len()), (page, 0, 0));
    }
}

#[test]
fn slots_after_foreign_content_are_filled() {
    for page in [
        "<svg><title>a</title><style>b</style></svg>",
        "<svg><foreignObject><div></div><style></svg></style></foreignObject></svg>",
        "<svg><p>",
        "<svg><font color=red>",
        "<svg/>",
        "<math><mi>a</mi></math>",
        "<svg><style><!-- </svg> --></style></svg>",
    ] {
        let page = format!("{page}<div data-selvedge-slot=home><template>{{{{id}}}}</template></div>");
        assert_eq!(run(&page).calls.len(), 1, "{page}");
    }
}

#[test]
fn a_slot_that_cannot_be_filled_stays_and_says_why() {
    let slot = || "home".to_string();
    let wide = "x".repeat(MAX_SLOT_BYTES);
    let pages: [(String, SlotProblem); 7] = [
        (
            "<div data-selvedge-slot=home>a</div>".into(),
            SlotProblem::NoTemplate {
                slot: slot(),
                template: slot(),
            },
        ),
        (
            "<li data-selvedge-slot=home><template>{{id}}</template></li>".into(),
            SlotProblem::Element {
                slot: slot(),
                element: "li".into(),
            },
        ),
        (
            "<div data-selvedge-slot=home data-n=many><template>{{id}}</template></div>".into(),
            SlotProblem::Attribute {
                slot: slot(),
                attribute: "data-n",
                expected: "a whole number",
                found: "many".into(),
            },
        ),
        (
            "<div data-selvedge-slot><template>{{id}}</template></div>".into(),
            SlotProblem::Attribute {
                slot: String::new(),
                attribute: "data-selvedge-slot",
                expected: "the name of a slot",
                found: String::new(),
            },
        ),
        (
            "<div data-selvedge-slot=home><template>{{id}}</template><div></div>".into(),
            SlotProblem::Unclosed {
                slot: slot(),
                element: "div".into(),
            },
        ),
        (
            format!("<div data-selvedge-slot=home><template>{{{{id}}}}</template>{wide}</div>"),
            SlotProblem::Length { slot: slot() },
        ),
        (
            "<div data-selvedge-slot=home><template>{{id</template></div>".into(),
            SlotProblem::Template {
                name: slot(),
                error: crate::html::TemplateError::Unclosed { at: 0 },
            },
        ),
    ];
    for (page, problem) in pages {
        let run = run(&page);
        assert_eq!(
            (run.html == page, run.problems),
            (true, vec![problem]),
            "{}",
            &page[..60.min(page.len())]
        );
    }
}

#[test]
fn tags_and_contents_that_are_too_long_pass_unchanged() {
    let tag = format!("<div data-selvedge-slot=home title='{}'>", "x".repeat(MAX_TAG_BYTES));
    let page = format!("{tag}<template>{{{{id}}}}</template></div>");
    assert_eq!(run(&page).html, page);
    let page = format!("<textarea></{}</textarea><p>", "a".repeat(MAX_TAG_BYTES + 10));
    assert_eq!(run(&page).html, page);
    let template = format!(
        "<template data-selvedge-template=home>{}</template>",
        "x".repeat(MAX_TEMPLATE_BYTES + 1)
    );
    let page = format!("{template}<div data-selvedge-slot=home></div>");
    let run = run(&page);
    assert_eq!((run.html == page, run.problems.len()), (true, 2));
}

#[test]
fn includes_are_requested_in_their_place_and_removed_parts_are_dropped() {
    let page = "a<esi:include src=\"/x?a=1&amp;b=2\" alt='/y' onerror=\"continue\"/>b<esi:remove><p>gone</p></esi:remove>c\
                <esi:comment text='x'/>d<!--esi <p>shown</p> --->e<!-- kept -->f<!--esix-->g";
    let run = run_with(page.as_bytes(), &[usize::MAX], ESI, true);
    assert_eq!(
        run.html,
        "a[/x?a=1&b=2 Some(\"/y\")]bcd<p>shown</p> -e<!-- kept -->f<!--esix-->g"
    );
    let untouched = run_with(page.as_bytes(), &[usize::MAX], Options::default(), true);
    assert_eq!(untouched.html, page, "only where the page asks for it");
}

#[test]
fn the_result_does_not_depend_on_where_the_page_is_cut() {
    let page = "<!DOCTYPE html><!--esi <b>x</b> - -- ---><template data-selvedge-template=card><i>{{title}}</i></template>\
        <script>if (a</b/.test(c)) '<!--<script></script>-->'</script><p title='>'>a<br/><esi:include src='/i'/>\
        <div data-selvedge-slot=home data-n='2'><template><b title=\"{{title}}\">{{id}}</b></template><div></div></div>\
        <ul data-selvedge-slot=home data-template=card><li>x</ul><svg><style></style></svg></esi:remove><a href=x>&amp;<";
    for options in [Options::default(), ESI] {
        let whole = run_with(page.as_bytes(), &[usize::MAX], options, true);
        assert_eq!(whole.calls.len(), 2);
        for cut in 1..page.len() {
            let parts = run_with(page.as_bytes(), &[cut, usize::MAX], options, true);
            assert_eq!(parts.html, whole.html, "cut at {cut}");
        }
        assert_eq!(run_with(page.as_bytes(), &[1], options, true).html, whole.html);
    }
}

#[test]
fn a_slot_with_a_tag_that_is_too_long_keeps_its_content() {
    let long = "x".repeat(MAX_TAG_BYTES);
    let page = alloc::format!(
        "<div data-selvedge-slot=\"home\"><template>{{{{id}}}}</template><div title=\"{long}\">a</div><p>b</p></div><i>c</i>"
    );
    let mut slots = Slots::new(Options::default());
    slots.push(page.as_bytes());
    assert_eq!(slots.step(), Step::Input, "nothing is asked for");
    slots.end();
    assert_eq!(String::from_utf8(slots.take()).unwrap(), page);
    let problems = slots.problems();
    assert!(
        matches!(problems.as_slice(), [SlotProblem::Length { .. }]),
        "{problems:?}"
    );
}

fn run_in(page: &[u8], encoding: Encoding, size: usize) -> (Vec<u8>, usize, Vec<SlotProblem>) {
    let mut slots = Slots::new(Options { esi: true, encoding });
    let (mut out, mut filled) = (Vec::new(), 0);
    for piece in page.chunks(size) {
        slots.push(piece);
        while slots.step() != Step::Input {
            filled += 1;
            slots.fill("", &items()[..1]);
        }
        out.append(&mut slots.take());
    }
    slots.end();
    out.append(&mut slots.take());
    (out, filled, slots.problems())
}

fn slot_with(template: &[u8]) -> Vec<u8> {
    [
        b"<div data-selvedge-slot=home><template>",
        template,
        b"</template></div>",
    ]
    .concat()
}

#[test]
fn a_byte_of_a_character_is_no_brace() {
    // In each of these encodings, the last byte before the field is the second half of a character.
    for (encoding, template, expected) in [
        (Encoding::ShiftJis, &b"<b>\x83\x7b{{title}}"[..], &b"<b>\x83\x7bone"[..]),
        (Encoding::Gbk, b"<b>\x81\x7b{{title}}", b"<b>\x81\x7bone"),
        (Encoding::Big5, b"<b>\xa4\x7b{{title}}", b"<b>\xa4\x7bone"),
        (Encoding::EucKr, b"<b>\xb0\x7b{{title}}", b"<b>\xb0\x7bone"),
        (Encoding::ShiftJis, b"{{! \x83\x7d}}{{title}}", b"one"),
        (
            Encoding::ShiftJis,
            b"\x83\x7b\x83\x7b a \x81\x5b\x81\x5b {{title}}",
            b"\x83\x7b\x83\x7b a \x81\x5b\x81\x5b one",
        ),
        (Encoding::Single, b"caf\xe9{{title}}", b"caf\xe9one"),
        (
            Encoding::Utf8,
            "caf\u{e9}{{title}}".as_bytes(),
            "caf\u{e9}one".as_bytes(),
        ),
        (
            Encoding::Unknown,
            "caf\u{e9}{{title}}".as_bytes(),
            "caf\u{e9}one".as_bytes(),
        ),
    ] {
        let page = slot_with(template);
        for size in [1, 2, 3, usize::MAX] {
            let (out, filled, problems) = run_in(&page, encoding, size.min(page.len()));
            assert_eq!((filled, problems), (1, vec![]), "{encoding:?}");
            let behind = [b"</template>", expected, b"</div>"].concat();
            assert!(out.ends_with(&behind), "{encoding:?}: {}", out.escape_ascii());
        }
    }
    let page = slot_with(b"<b>\x83\x7b{{title}}");
    let (out, filled, problems) = run_in(&page, Encoding::Unknown, page.len());
    assert_eq!((out == page, filled), (true, 0), "nobody knows what it says");
    assert!(problems[0].to_string().contains("name its encoding"), "{problems:?}");
}

#[test]
fn a_page_names_its_encoding_by_its_first_bytes_or_a_meta_where_its_response_does_not() {
    let slot = slot_with(b"<b>\x83\x7b{{title}}");
    for (front, filled) in [
        (&b"<meta charset=Shift_JIS>"[..], 1),
        (b"<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset=x-sjis'>", 1),
        (b"<meta name=a content='text/html; charset=x-sjis'>", 0),
        (b"<meta charset=iso-2022-jp>", 0),
        (b"<meta charset=utf-16>", 0),
        (b"\xff\xfe", 0),
        (b"\xfe\xff<meta charset=Shift_JIS>", 0),
        (b"\x1b$B<meta charset=Shift_JIS>", 0),
    ] {
        let page = [front, &slot].concat();
        for size in [1, 2, 3, page.len()] {
            let (out, found, _) = run_in(&page, Encoding::Unknown, size);
            assert_eq!(found, filled, "{}", front.escape_ascii());
            assert_eq!(out == page, filled == 0, "{}", front.escape_ascii());
        }
    }
    // A byte order mark outweighs what the response says.
    let page = [b"\xff\xfe", &slot_with(b"{{title}}")[..]].concat();
    assert_eq!(run_in(&page, Encoding::ShiftJis, 1).1, 0);
    let page = [b"\xef\xbb\xbf", &slot_with(b"{{title}}")[..]].concat();
    assert_eq!(run_in(&page, Encoding::ShiftJis, 1).1, 1);
    for short in [&b"\xef"[..], b"\xef\xbb", b"\xfe", b"\xff", b""] {
        assert_eq!(
            run_in(short, Encoding::Unknown, 1).0,
            short,
            "held bytes come out at the end"
        );
    }
}

#[test]
fn an_escape_sequence_ends_filling_where_nobody_names_the_encoding() {
    let slot = slot_with(b"{{title}}");
    let page = [&slot[..], b"<!--esi <i>", b"\x1b$B<esi:include src=/x /> -->", &slot].concat();
    for size in [1, 5, page.len()] {
        let (out, filled, _) = run_in(&page, Encoding::Unknown, size);
        assert_eq!(filled, 1, "only the slot in front of it");
        assert!(
            out.ends_with(&[b"<i>\x1b$B<esi:include src=/x /> -->", &slot[..]].concat()),
            "{}",
            out.escape_ascii()
        );
    }
    let cut = [&slot[..slot.len() - 6], b"\x1b(B</div>"].concat();
    let (out, filled, problems) = run_in(&cut, Encoding::Unknown, 1);
    assert_eq!((out == cut, filled, problems.len()), (true, 0, 1));
}

#[test]
fn a_slot_names_the_decision_of_its_list() {
    let page = "<ul data-selvedge-slot=home><template>{{#first}}<input type=hidden name=list value=\"{{decision}}\">{{/first}}\
                <a href=\"/i/{{id}}?d={{decision}}\" data-decision=\"{{decision}}\">{{title}}</a></template></ul>";
    let filled = run(page).html;
    let behind = filled.split_once("</template>").unwrap().1;
    assert_eq!(
        behind,
        "<input type=hidden name=list value=\"AQ.made\"><a href=\"/i/one?d=AQ.made\" data-decision=\"AQ.made\">one</a>\
         <a href=\"/i/two?d=AQ.made\" data-decision=\"AQ.made\">two</a></ul>"
    );
}
