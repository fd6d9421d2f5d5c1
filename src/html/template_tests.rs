use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Encoding, Entry, Template, TemplateError};
use crate::engine::{Item, Reason};

fn item() -> Item<'static> {
    Item {
        id: "a/1",
        title: "Tea & \"more\" <b>",
        categories: vec!["Food", "Tea"],
        image: Some("https://img.example/1.webp?a=1&b=2"),
        attributes: vec![("price", "3,50 €"), ("empty", "")],
        score: 1.0,
        reason: Reason::Because {
            item: "7",
            title: "Kettle",
            share: 0.426,
        },
    }
}

fn rendered(template: &str, item: &Item<'_>) -> String {
    let mut out = Vec::new();
    let compiled = Template::compile(template.as_bytes(), Encoding::Utf8);
    let compiled = compiled.unwrap_or_else(|error| panic!("{template}: {error}"));
    compiled.render(&mut out, &entry(item), false);
    String::from_utf8(out).unwrap()
}

fn entry<'v>(item: &'v Item<'v>) -> Entry<'v> {
    Entry {
        item,
        position: 3,
        decision: "AQMC.x",
    }
}

fn refused(template: &str) -> TemplateError {
    Template::compile(template.as_bytes(), Encoding::Utf8).expect_err(template)
}

#[test]
fn every_field_is_rendered() {
    let fields = "{{id}}|{{category}}|{{position}}|{{reason}}|{{reason.item}}|{{reason.title}}|{{reason.share}}|{{ attributes.price }}";
    assert_eq!(rendered(fields, &item()), "a/1|Tea|3|because|7|Kettle|43|3,50 €");
    let bare = Item {
        image: None,
        categories: vec![],
        attributes: vec![],
        reason: Reason::Popular,
        ..item()
    };
    assert_eq!(rendered(fields, &bare), "a/1||3|popular||||");
    assert_eq!(rendered("{{! said by the way }}{{reason}}", &bare), "popular");
}

#[test]
fn text_and_attributes_stay_text() {
    assert_eq!(
        rendered(
            r#"<b title="{{title}}" data-name='{{title}}'>{{title}}</b><title>{{title}}</title>"#,
            &item()
        ),
        "<b title=\"Tea &amp; &quot;more&quot; &lt;b&gt;\" data-name='Tea &amp; &quot;more&quot; &lt;b&gt;'>\
         Tea &amp; &quot;more&quot; &lt;b&gt;</b><title>Tea &amp; &quot;more&quot; &lt;b&gt;</title>"
    );
}

#[test]
fn in_a_page_of_unknown_encoding_everything_is_ascii() {
    let mut out = Vec::new();
    let template = Template::compile(b"{{attributes.price}}", Encoding::Utf8).unwrap();
    template.render(&mut out, &entry(&item()), true);
    assert_eq!(out, b"3,50 &#8364;");
}

#[test]
fn a_field_at_the_start_of_a_url_is_a_url_and_a_later_one_is_a_part() {
    assert_eq!(
        rendered(
            r#"<a href="/item/{{id}}?t={{title}}"><img src="{{image}}"></a>"#,
            &item()
        ),
        r#"<a href="/item/a%2F1?t=Tea%20%26%20%22more%22%20%3Cb%3E"><img src="https://img.example/1.webp?a=1&amp;b=2"></a>"#
    );
}

#[test]
fn a_url_of_the_catalogue_cannot_run() {
    for (url, expected) in [
        ("javascript:alert(1)", "#"),
        (" \u{1}JaVa\tScRiPt\n:alert(1)", "#"),
        ("data:text/html,x", "#"),
        ("vbscript:x", "#"),
        ("/a/b.webp", "/a/b.webp"),
        ("a:b", "#"),
        ("a/b.webp", "./a/b.webp"),
        ("javascript", "./javascript"),
        ("//cdn.example/a", "//cdn.example/a"),
        ("HTTPS://cdn.example/a", "HTTPS://cdn.example/a"),
        ("?q=a:b", "?q=a:b"),
        ("", ""),
    ] {
        let item = Item {
            image: Some(url),
            ..item()
        };
        assert_eq!(
            rendered(r#"<a HREF=" {{image}}">"#, &item),
            alloc::format!("<a HREF=\" {expected}\">"),
            "{url:?}"
        );
    }
    let item = Item {
        id: "javascript",
        title: ":alert(1)//",
        ..item()
    };
    assert_eq!(
        rendered(r#"<a href="{{id}}{{title}}">"#, &item),
        r#"<a href="./javascript%3Aalert%281%29%2F%2F">"#
    );
}

#[test]
fn sections_show_what_is_there_and_what_is_not() {
    let template = r#"{{#image}}<img src="{{image}}">{{/image}}{{^image}}no picture{{/image}}{{#attributes.empty}}!{{/attributes.empty}}"#;
    assert_eq!(
        rendered(template, &item()),
        r#"<img src="https://img.example/1.webp?a=1&amp;b=2">"#
    );
    let bare = Item { image: None, ..item() };
    assert_eq!(rendered(template, &bare), "no picture");
    assert_eq!(
        rendered(
            "{{#category}}{{^image}}a{{/image}}{{#image}}b{{/image}}{{/category}}c",
            &bare
        ),
        "ac"
    );
    assert_eq!(
        rendered(r#"<b class="x{{#image}} with{{/image}}">"#, &item()),
        r#"<b class="x with">"#
    );
}

#[test]
fn a_template_is_refused_if_no_escaping_makes_a_value_safe() {
    for template in [
        "<script>let a = '{{id}}'</script>",
        "<style>{{id}}</style>",
        "<a onclick=\"{{id}}\">",
        "<a ONCLICK='{{id}}'>",
        "<a style=\"{{id}}\">",
        "<img srcset=\"{{image}}\">",
        "<iframe src=\"{{image}}\"></iframe>",
        "<iframe srcdoc=\"{{image}}\"></iframe>",
        "<script src=\"{{image}}\"></script>",
        "<base href=\"{{image}}\">",
        "<a href={{image}}>",
        "<a href=/{{image}}>",
        "<a {{id}}>",
        "<a {{id}}=\"1\">",
        "<{{id}}>",
        "</{{id}}>",
        "<a{{id}}>",
        "<!-- {{id}} -->",
        "<a href=\"javascript:{{id}}\">",
        "<a href=\" JAVA\nSCRIPT:x{{id}}\">",
        "<svg><text>{{id}}</text></svg>",
        "<noscript>{{id}}</noscript>",
        "<plaintext>{{id}}",
        "{{#id}}<script>{{/id}}",
        "<a href=\"javascript&colon;{{id}}\">",
        "<a @click=\"{{title}}\">",
        "<a :style=\"{{title}}\">",
        "<a v-html=\"{{title}}\">",
        "<a x-data='{{title}}'>",
        "<a href=\"&#106;avascript:{{id}}\">",
        // What frameworks in the browser read as code.
        "<a data-ng-init=\"{{title}}\">",
        "<a data-hx-vals='{{title}}'>",
        "<a data-bind=\"{{title}}\">",
        "<a data-x-data=\"{{title}}\">",
        "<a data-v-html=\"{{title}}\">",
        "<a data-action=\"{{title}}\">",
        "<a data-html=\"{{title}}\">",
        "<a (click)=\"{{title}}\">",
        "<a [title]=\"{{title}}\">",
        "<a [(ngmodel)]=\"{{title}}\">",
        "<a *ngIf=\"{{title}}\">",
        "<a #ref=\"{{title}}\">",
        "<a bind-title=\"{{title}}\">",
        "<a on-click=\"{{title}}\">",
        "<a title.bind=\"{{title}}\">",
        "<a hx-vals=\"{{title}}\">",
        "<a up-target=\"{{title}}\">",
        "<a ng-init=\"{{title}}\">",
        "<a is=\"{{title}}\">",
        "<a target=\"{{title}}\">",
        "<a name=\"{{title}}\">",
        "<a id=\"{{title}}\">",
        "<a \u{fc}title=\"{{title}}\">",
        "<a data-selvedge-slot=\"{{id}}\">",
        "<a data-selvedge-template=\"{{id}}\">",
        "<include-fragment src=\"{{image}}\">",
        "<my-link href=\"{{image}}\">",
        "<form data=\"{{image}}\">",
        // Within an expression of the author's own.
        "${ {{title}} }",
        "[[ '{{title}}' ]]",
        "<% {{title}} %>",
        "{% {{title}} %}",
        "<b title=\"${ {{title}} }\">",
        "${ {{#image}}}{{/image}} {{title}}",
    ] {
        assert!(
            matches!(refused(template), TemplateError::Unsafe { .. }),
            "{template}: {}",
            refused(template)
        );
    }
}

#[test]
fn malformed_templates_are_refused_with_the_offset() {
    assert_eq!(refused("ab{{id"), TemplateError::Unclosed { at: 2 });
    for (template, found) in [
        ("a{{score}}", "score"),
        ("a{{{id}}}", "{id"),
        ("a{{&id}}", "&id"),
        ("a{{attributes.}}", "attributes."),
    ] {
        assert_eq!(
            refused(template),
            TemplateError::Field {
                at: 1,
                found: found.into()
            }
        );
    }
    for template in [
        "{{#id}}",
        "{{/id}}",
        "{{#id}}{{#title}}{{/id}}{{/title}}",
        "<b class=\"{{#id}}\">{{/id}}",
        "<b class=\"{{#id}}\" title=\"{{/id}}\">",
        "<b title=\"{{#id}}\" title='{{/id}}'>",
        "{{#id}}<textarea>{{/id}}",
        "{{#id}}<title>{{/id}}</title>",
        "<i title=\"{{#id}}\"><b title=\"{{/id}}\">",
    ] {
        assert!(
            matches!(refused(template), TemplateError::Section { .. }),
            "{template}: {}",
            refused(template)
        );
    }
}

#[test]
fn a_template_ends_in_text() {
    for template in [
        "<b",
        "<b title=\"",
        "<!-- ",
        "<script>",
        "<title>",
        "<svg>",
        "a<",
        "<plaintext>",
    ] {
        assert!(
            matches!(refused(template), TemplateError::Incomplete { at, .. } if at == template.len()),
            "{template}: {}",
            refused(template)
        );
    }
}

#[test]
fn a_url_that_sections_put_together_is_an_address_or_nothing() {
    let with = item();
    let without = Item { image: None, ..item() };
    for (template, shown, hidden) in [
        // Exclusive branches: each one is a URL from its start.
        (
            r#"<img src="{{#image}}{{image}}{{/image}}{{^image}}{{reason.title}}{{/image}}">"#,
            r#"<img src="https://img.example/1.webp?a=1&amp;b=2">"#,
            r#"<img src="./Kettle">"#,
        ),
        (
            r#"<a href="{{#image}}/{{/image}}javascript:{{id}}">"#,
            r#"<a href="/javascript:a%2F1">"#,
            r##"<a href="#">"##,
        ),
        (
            r#"<a href="{{#image}}x/{{/image}}{{id}}">"#,
            r#"<a href="x/a%2F1">"#,
            r#"<a href="./a/1">"#,
        ),
    ] {
        assert_eq!(rendered(template, &with), shown);
        assert_eq!(rendered(template, &without), hidden);
    }
    for (id, expected) in [("script", "#"), ("", "#"), ("/", "java%2F:x")] {
        let item = Item { id, ..item() };
        let expected = alloc::format!("<a href=\"{expected}\">");
        assert_eq!(rendered(r#"<a href="java{{id}}:x">"#, &item), expected, "{id:?}");
    }
    // The author's own scheme, without a field.
    assert_eq!(
        rendered(r#"<a href="javascript:x">{{id}}"#, &with),
        r#"<a href="javascript:x">a/1"#
    );
}

#[test]
fn control_characters_are_replaced() {
    let item = Item {
        title: "a\u{1b}$B\0\t\u{7f}\u{c}",
        ..item()
    };
    assert_eq!(rendered("{{title}}", &item), "a\u{fffd}$B\u{fffd}\t\u{fffd}\u{fffd}");
}

#[test]
fn no_value_begins_an_expression_of_a_framework_in_the_browser() {
    for (title, template, expected) in [
        ("{{constructor}}", "{{title}}", "{ {constructor}}"),
        ("{{{{x}}", "<b title=\"{{title}}\">", "<b title=\"{ { { {x}}\">"),
        ("${x}", "{{title}}", "$ {x}"),
        ("[[x]]", "{{title}}", "[ [x]]"),
        ("{%x%}", "{{title}}", "{ %x%}"),
        ("<%x%>", "{{title}}", "&lt; %x%&gt;"),
        ("#{x}", "{{title}}", "# {x}"),
        ("{x}", "${{title}}", "$ {x}"),
        ("[x]]", "[{{title}}", "[ [x]]"),
        ("%x%>", "&lt;{{title}}", "&lt; %x%&gt;"),
        ("x$", "{{title}}{a}", "x$ {a}"),
        ("x[", "{{title}}[a]", "x[ [a]"),
        ("{", "{{title}}{{title}}", "{ {"),
        ("{", "{{title}}{{^image}}a{{/image}}{{title}}", "{ {"),
        ("a {b} [c] 5 % {d}", "{{title}}", "a {b} [c] 5 % {d}"),
        ("/a{{x}}", "<a href=\"{{title}}\">", "<a href=\"/a%7B%7Bx%7D%7D\">"),
        ("/a[[x]]", "<a href=\"{{title}}\">", "<a href=\"/a[%5Bx]]\">"),
        ("/a${x}", "<a href=\"{{title}}\">", "<a href=\"/a$%7Bx%7D\">"),
        ("{{x}}", "<a href=\"/{{title}}\">", "<a href=\"/%7B%7Bx%7D%7D\">"),
        ("{{x}}", "<b class=\"{{title}}\">", "<b class=\"-x\">"),
    ] {
        let item = Item { title, ..item() };
        assert_eq!(rendered(template, &item), expected, "{title} in {template}");
    }
}

#[test]
fn a_value_is_one_part_of_a_name() {
    let item = Item {
        title: "Fresh Fruit, 2\u{20ac} ng-init:x",
        ..item()
    };
    assert_eq!(
        rendered(r#"<i class="card {{title}}-x" id="item-{{id}}">"#, &item),
        r#"<i class="card Fresh-Fruit-2-ng-init-x-x" id="item-a-1">"#
    );
}
