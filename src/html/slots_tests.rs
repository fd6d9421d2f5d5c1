use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::{MAX_SLOT_BYTES, MAX_TAG_BYTES, MAX_TEMPLATE_BYTES, Options, SlotCall, SlotProblem, Slots, Step};
use crate::engine::{Item, Reason};

const ESI: Options = Options {
    esi: true,
    ascii: false,
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
                        slots.fill(&items());
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
