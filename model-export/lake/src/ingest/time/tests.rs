#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

fn read(format: &str, zone: &str, cell: Cell<'_>) -> Option<i64> {
    TimeReader::new(format, zone).unwrap().read("t", &cell).ok()
}

fn text(text: &str) -> Cell<'_> {
    Cell::Text(text.into())
}

#[test]
fn texts_with_and_without_a_zone() {
    assert_eq!(
        read("auto", "UTC", text("2024-06-19T15:22:45.5Z")),
        Some(1_718_810_565_500)
    );
    assert_eq!(
        read("auto", "UTC", text("2024-06-19 15:22:45+02:00")),
        Some(1_718_803_365_000)
    );
    assert_eq!(
        read("auto", "UTC", text(" 2024-06-19 15:22:45 ")),
        Some(1_718_810_565_000)
    );
    assert_eq!(
        read("auto", "Europe/Berlin", text("2024-06-19 15:22:45")),
        Some(1_718_803_365_000)
    );
    assert_eq!(read("rfc3339", "UTC", text("2024-06-19")), Some(1_718_755_200_000));
    // Where a clock is put forward, 02:30 does not exist and 03:30 is meant.
    assert_eq!(
        read("auto", "Europe/Berlin", text("2024-03-31 02:30:00")),
        read("auto", "UTC", text("2024-03-31T01:30:00Z"))
    );
}

#[test]
fn counters_in_every_unit() {
    for (format, cell) in [
        ("auto", Cell::Int(1_593_536_687)),
        ("auto", Cell::Int(1_593_536_687_000)),
        ("auto", Cell::Int(1_593_536_687_000_000)),
        ("auto", Cell::Int(1_593_536_687_000_000_000)),
        ("auto", text("1593536687.0")),
        ("unix_s", text("1593536687")),
        ("unix_s", Cell::Float(1_593_536_687.0)),
        ("unix_ms", Cell::Int(1_593_536_687_000)),
        ("unix_us", Cell::Int(1_593_536_687_000_000)),
    ] {
        assert_eq!(
            read(format, "UTC", cell.clone()),
            Some(1_593_536_687_000),
            "{format} {cell:?}"
        );
    }
    assert_eq!(
        read("unix_ms", "UTC", Cell::Int(1_700_000_000_123)),
        Some(1_700_000_000_123)
    );
}

#[test]
fn patterns() {
    assert_eq!(read("%Y%m%d", "UTC", text("19970101")), Some(852_076_800_000));
    assert_eq!(read("%Y%m%d", "UTC", Cell::Int(19_970_101)), Some(852_076_800_000));
    assert_eq!(
        read("%d/%m/%Y %H:%M", "Europe/Berlin", text("19/06/2024 17:22")),
        Some(1_718_810_520_000)
    );
    assert_eq!(
        read("%Y-%m-%d %H:%M %z", "UTC", text("2024-06-19 17:22 +0200")),
        Some(1_718_810_520_000)
    );
}

#[test]
fn what_is_no_time_is_none() {
    for cell in [
        Cell::Null,
        text(""),
        text("yesterday"),
        text("2024-13-01"),
        text("19971301"),
        text("03/04/2024"),
        text("1.2.3"),
        text("10.0.0.1"),
        text("12:30"),
        text("Jun 2024"),
        text("2024-06-19 25:00"),
        text("2024-06-19 15:22 IST"),
        text("2024-06-19 13:22 PM"),
        Cell::Int(0),
        Cell::Int(-1),
        Cell::Float(f64::NAN),
        Cell::Float(f64::INFINITY),
        Cell::Bool(true),
        Cell::NotText,
    ] {
        assert_eq!(read("auto", "UTC", cell.clone()), None, "{cell:?}");
    }
    assert_eq!(read("unix_s", "UTC", Cell::Float(f64::INFINITY)), None);
    assert_eq!(read("unix_s", "UTC", Cell::Int(i64::MAX)), None);
    assert!(TimeReader::new("auto", "Europe/Berlim").is_err());
    assert!(TimeReader::new("unix", "UTC").is_err());
}

/// What the same instant looks like in files: 2024-06-19T15:22:45Z.
#[test]
fn the_forms_of_a_date_and_a_time() {
    const AT: i64 = 1_718_810_565_000;
    const MINUTE: i64 = 1_718_810_520_000;
    const DAY: i64 = 1_718_755_200_000;
    for (text, ms) in [
        ("2024-06-19T15:22:45Z", AT),
        ("2024-06-19 15:22:45 UTC", AT),
        ("2024-06-19 15:22:45 GMT", AT),
        ("2024-06-19 15:22:45.123456789 UTC", AT + 123),
        ("2024-06-19 20:22:45 +0500", AT),
        ("2024-06-19 20:22:45+05:00", AT),
        ("2024-06-19T20:22:45+05", AT),
        ("2024-06-19T10:22:45-0500", AT),
        ("2024-06-19 10:22:45 -05:00", AT),
        ("2024-06-19 17:22:45 [Europe/Berlin]", AT),
        ("2024-06-19T17:22:45[Europe/Berlin]", AT),
        ("2024-06-19T17:22:45+02:00[Europe/Berlin]", AT),
        ("2024-06-19 17:22:45 Europe/Berlin", AT),
        ("2024-06-19 17:22:45 CEST", AT),
        ("2024/06/19 15:22:45", AT),
        ("2024.06.19 15:22:45", AT),
        ("2024/6/19 15:22", MINUTE),
        ("2024-06-19 03:22:45 PM", AT),
        ("2024-06-19 3:22:45pm", AT),
        ("2024-06-19 3:22:45 p. m.", AT),
        ("2024-06-19 3:22:45\u{202f}PM", AT),
        ("19 Jun 2024 15:22:45", AT),
        ("19-Jun-2024 15:22:45", AT),
        ("19-Jun-24 15:22:45", AT),
        ("19-JUN-24 03.22.45.000000 PM", AT),
        ("Jun 19, 2024 15:22:45", AT),
        ("Jun 19, 2024, 3:22:45 PM", AT),
        ("June 19th, 2024 at 3:22 pm", MINUTE),
        ("Wed, 19 Jun 2024 15:22:45 +0000", AT),
        ("Wed, 19 Jun 2024 15:22:45 GMT", AT),
        ("Wednesday, June 19, 2024 3:22:45 PM", AT),
        ("Wed Jun 19 15:22:45 2024", AT),
        ("Wed Jun 19 15:22:45 UTC 2024", AT),
        ("Wed Jun 19 11:22:45 -0400 2024", AT),
        ("Wed Jun 19 2024 17:22:45 GMT+0200 (Central European Summer Time)", AT),
        ("19/Jun/2024:15:22:45 +0000", AT),
        ("[19/Jun/2024:17:22:45 +0200]", AT),
        ("19. Juni 2024, 15:22 Uhr", MINUTE),
        ("Mittwoch, 19. Juni 2024 15:22:45", AT),
        ("19 juin 2024 \u{e0} 15:22", MINUTE),
        ("mer. 19 juin 2024 15h22", MINUTE),
        ("mar. 18 juin 2024", DAY - 86_400_000),
        ("19 de junio de 2024 15:22:45", AT),
        ("19 giugno 2024 ore 15:22", MINUTE),
        ("19 de junho de 2024", DAY),
        ("19 juni 2024 om 15:22", MINUTE),
        ("19 czerwca 2024 r.", DAY),
        ("1 stycznia 2024", 1_704_067_200_000),
        ("3 pa\u{17a}dziernika 2024", 1_727_913_600_000),
        ("1er f\u{e9}vr. 2024", 1_706_745_600_000),
        ("3. M\u{e4}rz 2024", 1_709_424_000_000),
        ("15 ao\u{fb}t 2024", 1_723_680_000_000),
        ("20240619", DAY),
        ("20240619152245", AT),
        ("202406191522", MINUTE),
        ("20240619152245123", AT + 123),
        ("20240619T152245Z", AT),
        ("20240619 152245", AT),
        ("20240619-15:22:45", AT),
        ("2024-06-19 24:00", DAY + 86_400_000),
        ("2024-06-19 15", DAY + 15 * 3_600_000),
        ("15:22:45 19 Jun 2024", AT),
        ("1718810565", AT),
        ("1718810565.5", AT + 500),
        ("1718810565000", AT),
        ("1718810565000000", AT),
    ] {
        assert_eq!(read("auto", "UTC", self::text(text)), Some(ms), "{text}");
    }
    for (cell, ms) in [
        (Cell::Int(20_240_619), DAY),
        (Cell::Float(20_240_619.0), DAY),
        (Cell::Int(20_240_619_152_245), AT),
        (Cell::Local(AT), AT),
        (Cell::Instant(AT), AT),
    ] {
        assert_eq!(read("auto", "UTC", cell.clone()), Some(ms), "{cell:?}");
    }
}

#[test]
fn day_and_month_are_read_as_the_format_says() {
    const DAY: i64 = 1_709_510_400_000; // 2024-03-04
    const MONTH: i64 = 1_712_102_400_000; // 2024-04-03
    for (text, clock) in [
        ("04/03/2024", 0),
        ("4.3.2024", 0),
        ("04-03-24", 0),
        ("4/3/24 09:12", 33_120_000),
        ("4/3/2024 9:12 AM", 33_120_000),
        ("04.03.2024 09:12:33", 33_153_000),
        ("04.03.2024, 21:12:33 +00:00", 76_353_000),
        ("4. 3. 2024", 0),
        ("09:12 04/03/2024", 33_120_000),
    ] {
        assert_eq!(read("day_first", "UTC", self::text(text)), Some(DAY + clock), "{text}");
        assert_eq!(
            read("month_first", "UTC", self::text(text)),
            Some(MONTH + clock),
            "{text}"
        );
        assert_eq!(read("auto", "UTC", self::text(text)), None, "{text}");
    }
    assert_eq!(read("day_first", "UTC", text("2024-03-04")), Some(DAY));
    assert_eq!(read("month_first", "UTC", text("4 Mar 2024")), Some(DAY));
    assert_eq!(read("year_first", "UTC", text("24-03-04")), Some(DAY));
    assert_eq!(read("day_first", "UTC", text("04/13/2024")), None);
    assert_eq!(read("day_first", "UTC", text("04/03-2024")), None);
    assert_eq!(read("day_first", "UTC", text("04/03/99")), Some(920_505_600_000));
}

#[test]
fn the_end_of_the_year_9999_is_read_as_far_away() {
    for cell in [
        text("9999-12-31"),
        text("9999-12-31 23:59:59"),
        text("31 Dec 9999"),
        Cell::Local(253_402_214_400_000),
        Cell::Instant(253_402_214_400_000),
    ] {
        assert!(
            read("auto", "America/New_York", cell.clone()).unwrap() > 253_402_000_000_000,
            "{cell:?}"
        );
    }
}

#[test]
fn days_of_a_spreadsheet() {
    assert_eq!(
        read("spreadsheet_days", "UTC", Cell::Float(45_462.5)),
        Some(1_718_798_400_000)
    );
    assert_eq!(
        read("spreadsheet_days", "UTC", text("45462,5")),
        Some(1_718_798_400_000)
    );
    assert_eq!(
        read("spreadsheet_days", "UTC", text("45462 0.5")),
        Some(1_718_798_400_000)
    );
    assert_eq!(read("spreadsheet_days", "UTC", text("Monday")), None);
    assert_eq!(read("auto", "UTC", Cell::Float(45_462.5)), None);
}

#[test]
fn a_pattern_with_day_and_month_as_numbers_has_another_order() {
    for (pattern, other) in [
        ("%d/%m/%Y %H:%M", Some("%m/%d/%Y %H:%M")),
        ("%-m/%-d/%y", Some("%-d/%-m/%y")),
        ("%Y-%m-%d", None),
        ("%d %b %Y", None),
        ("%Y%%m%d", None),
    ] {
        assert_eq!(swapped(pattern).as_deref(), other, "{pattern}");
    }
}

fn column(values: impl IntoIterator<Item = String>) -> Vec<Cell<'static>> {
    values.into_iter().map(|text| Cell::Text(text.into())).collect()
}

fn judged(cells: &[Cell<'_>]) -> (String, bool) {
    let guess = judge_times(cells).unwrap();
    (guess.format, guess.evidence.is_weak())
}

#[test]
fn values_above_twelve_decide_and_one_bad_cell_changes_nothing() {
    let mut cells = column((1..=31).cycle().take(2000).map(|day| format!("{day:02}/01/2024")));
    cells[7] = text("01/31/2024");
    cells[8] = text("NULL");
    let guess = judge_times(&cells).unwrap();
    assert_eq!(guess.format, "day_first");
    assert!(!guess.evidence.is_weak(), "{guess:?}");
    assert_eq!(
        (guess.read, guess.of, guess.other.as_deref()),
        (1998, 1999, Some("month_first"))
    );
    assert!(judge_times(&column((0..100).map(|n| format!("item {n}")))).is_none());
    let mut half = column((0..50).map(|_| "2024-01-01".to_owned()));
    half.extend(column((0..50).map(|n| format!("x{n}"))));
    assert!(judge_times(&half).is_none());
}

#[test]
fn the_order_of_rows_decides_where_no_value_is_above_twelve() {
    // A year of days 1 to 12, written in order.
    let days = || (1..=12).flat_map(|month| (1..=12).map(move |day| (month, day)));
    let american = column(days().map(|(month, day)| format!("{month}/{day}/2024 10:00")));
    assert_eq!(judged(&american), ("month_first".to_owned(), false));
    let european = column(days().map(|(month, day)| format!("{day}/{month}/2024")));
    assert_eq!(judged(&european), ("day_first".to_owned(), false));
    let newest_first: Vec<_> = european.into_iter().rev().collect();
    assert_eq!(judged(&newest_first), ("day_first".to_owned(), false));
}

#[test]
fn twelve_days_are_not_twelve_months() {
    let twelve_days = column((1..=12).flat_map(|day| (0..20).map(move |_| format!("01/{day:02}/2024"))));
    let guess = judge_times(&twelve_days).unwrap();
    assert_eq!((guess.format.as_str(), guess.evidence.is_weak()), ("month_first", true));
    assert_eq!(
        guess.evidence.sentence(),
        "no first or second number is above 12; the dates are 12 different days within 12 days if the month comes first, \
         and within 336 if the day does"
    );
    let one_day = column((0..50).map(|_| "03/04/2024".to_owned()));
    assert_eq!(judged(&one_day), ("day_first".to_owned(), true));
}

#[test]
fn counters_dates_and_spreadsheets_are_told_apart() {
    for (cells, format, weak) in [
        (
            column((0..100).map(|n| format!("2024-06-{:02} 10:00", n % 28 + 1))),
            "auto",
            false,
        ),
        (
            column((0..100).map(|n| format!("{} June 2024", n % 28 + 1))),
            "auto",
            false,
        ),
        (
            column((0..100).map(|n| (1_718_810_565 + n * 977).to_string())),
            "auto",
            true,
        ),
        (
            column((0..100i64).map(|n| (1_718_810_565_000 + n * 977).to_string())),
            "auto",
            false,
        ),
        (
            column((0..100).map(|n| (20_240_601 + n % 28).to_string())),
            "auto",
            false,
        ),
        (
            column((0..100).map(|n| format!("{}.64", 45_462 + n))),
            "spreadsheet_days",
            false,
        ),
        (
            column((0..100).map(|n| format!("{},64", 45_462 + n))),
            "spreadsheet_days",
            false,
        ),
        (
            column((0..100).map(|n| (45_462 + n).to_string())),
            "spreadsheet_days",
            true,
        ),
        (
            column((0..100).map(|n| format!("24-{:02}-{:02}", n % 12 + 1, n % 28 + 1))),
            "year_first",
            false,
        ),
        (vec![Cell::Local(1_718_810_565_000); 5], "auto", false),
    ] {
        assert_eq!(judged(&cells), (format.to_owned(), weak), "{:?}", cells[0]);
    }
    for cells in [
        column((0..100).map(|n| n.to_string())),
        column((0..100).map(|n| (10_000_000 + n * 37).to_string())),
        column((0..100i64).map(|n| (1_000_000_000 + n * 89_000_000).to_string())),
        column((0..100).map(|n| format!("{}.99", n))),
        Vec::new(),
    ] {
        assert_eq!(judge_times(&cells), None, "{:?}", cells.first());
    }
}

/// Seconds from 1990 to 2060, the same at every run.
fn instants() -> impl Iterator<Item = i64> {
    let mut state = 7u64;
    (0..500).map(move |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        631_152_000 + i64::try_from((state >> 33) % 2_208_988_800).unwrap()
    })
}

#[test]
fn every_instant_reads_back_from_every_form() {
    let zone = TimeZone::get("America/New_York").unwrap();
    for seconds in instants() {
        let utc = jiff::Timestamp::from_second(seconds)
            .unwrap()
            .to_zoned_datetime(TimeZone::UTC);
        let there = utc.with_time_zone(zone.clone());
        for (format, pattern) in [
            ("auto", "%Y-%m-%dT%H:%M:%S"),
            ("auto", "%Y-%m-%d %H:%M:%S UTC"),
            ("auto", "%Y/%m/%d %I:%M:%S %p"),
            ("auto", "%Y.%m.%d %H:%M:%S.000"),
            ("auto", "%Y%m%d%H%M%S"),
            ("auto", "%Y%m%d %H%M%S"),
            ("auto", "%d %b %Y %H:%M:%S"),
            ("auto", "%-d. %B %Y, %H:%M:%S"),
            ("auto", "%b %d, %Y %-I:%M:%S%p"),
            ("auto", "%d-%b-%y %H:%M:%S"),
            ("auto", "%a %b %e %H:%M:%S %Y"),
            ("auto", "%H:%M:%S %A, %d %B %Y"),
            ("auto", "%s"),
            ("auto", "%s000"),
            ("day_first", "%d/%m/%Y %H:%M:%S"),
            ("day_first", "%-d.%-m.%y %H:%M:%S"),
            ("month_first", "%m/%d/%Y %I:%M:%S %p"),
            ("month_first", "%-m-%-d-%y %H:%M:%S"),
            ("year_first", "%y-%m-%d %H:%M:%S"),
        ] {
            let written = utc.strftime(pattern).to_string();
            assert_eq!(
                read(format, "UTC", text(&written)),
                Some(seconds * 1000),
                "{format} {written}"
            );
        }
        for pattern in [
            "%Y-%m-%dT%H:%M:%S%z",
            "%Y-%m-%d %H:%M:%S %:z",
            "%Y-%m-%d %H:%M:%S%:z[America/New_York]",
            "%a, %d %b %Y %H:%M:%S %z",
            "[%d/%b/%Y:%H:%M:%S %z]",
            "%a %b %d %Y %H:%M:%S GMT%z (some time)",
            "%a %b %d %H:%M:%S %z %Y",
        ] {
            let written = there.strftime(pattern).to_string();
            assert_eq!(read("auto", "UTC", text(&written)), Some(seconds * 1000), "{written}");
        }
    }
}

#[test]
fn no_text_makes_the_reader_fail() {
    let pieces = [
        "1",
        "12",
        "2024",
        "20240619",
        "/",
        ".",
        "-",
        ":",
        " ",
        "T",
        "Z",
        "Jun",
        "mar.",
        "AM",
        "+",
        "(",
        ")",
        "[",
        "]",
        "\u{e4}",
        "\u{2212}",
        ",",
        "Europe/Berlin",
        "GMT",
        "st",
        "h",
        "\u{301}",
    ];
    let mut state = 1usize;
    for _ in 0..200_000 {
        let mut written = String::new();
        for _ in 0..8 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            written.push_str(pieces[(state >> 33) % pieces.len()]);
        }
        for order in [None, Some(Order::Day), Some(Order::Year)] {
            let _ = Written::find(&written).and_then(|written| written.local(order));
        }
    }
}

#[test]
fn a_watch_refuses_what_only_the_other_order_reads() {
    let watched = |format: &str, values: &[&str]| {
        let reader = TimeReader::new(format, "UTC").unwrap();
        let mut watch = OrderWatch::new(&reader);
        for value in values {
            let _ = reader.read_watched("t", &text(value), &mut watch);
        }
        watch.verdict()
    };
    let american = ["01/02/2024", "01/13/2024", "01/31/2024", "garbage"];
    for format in ["day_first", "%d/%m/%Y"] {
        let Some(OtherOrder::Reads {
            rows, example, other, ..
        }) = watched(format, &american)
        else {
            panic!("{format}");
        };
        assert_eq!((rows, example.as_str()), (2, "\"01/13/2024\""));
        assert_eq!(
            other,
            if format == "day_first" {
                "month_first"
            } else {
                "%m/%d/%Y"
            }
        );
    }
    assert_eq!(watched("month_first", &american), None);
    assert_eq!(watched("day_first", &["13/01/2024", "14/01/2024", "01/15/2024"]), None);
    assert_eq!(watched("auto", &["2024-01-02"]), None);
}

#[test]
fn a_watch_tells_rows_that_are_in_order_the_other_way_only() {
    let reader = TimeReader::new("day_first", "UTC").unwrap();
    let mut watch = OrderWatch::new(&reader);
    for (month, day) in (1..=12).flat_map(|month| (1..=12).map(move |day| (month, day))) {
        let cell = Cell::Text(format!("{month}/{day}/2024").into());
        reader.read_watched("t", &cell, &mut watch).unwrap();
    }
    assert!(matches!(
        watch.verdict(),
        Some(OtherOrder::Sorts { other_percent: 100, .. })
    ));
}
