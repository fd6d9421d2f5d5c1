//! Bytes as people bring them, and the rows that must come out: by `sample`, and by the reader of `ingest` with the columns that `sample` names.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::kind::Foreign;
use super::{Cell, IngestError, Sample, sample, sample_as, tables};
use crate::explain::Explain as _;
use crate::source::{FileFormat, TextFormat};

pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn text(cell: &Cell<'_>) -> String {
    match cell {
        Cell::List(cells) => cells.iter().map(text).collect::<Vec<_>>().join("+"),
        Cell::Local(ms) => format!("local {ms}"),
        Cell::Instant(ms) => format!("instant {ms}"),
        other => other.text().map_or("-".to_owned(), std::borrow::Cow::into_owned),
    }
}

pub fn shown(found: &Sample) -> String {
    let mut lines = vec![found.columns.join("|")];
    lines.extend(
        found
            .rows
            .iter()
            .map(|row| row.iter().map(text).collect::<Vec<_>>().join("|")),
    );
    lines.join(" / ")
}

/// The same rows by the reader of ingest, which knows the columns that it wants.
pub fn read(path: &Path, settings: &TextFormat, columns: &[String]) -> String {
    let mut lines = vec![columns.join("|")];
    let progress: super::Progress = Rc::new(|_| ());
    tables::read_rows(path, settings, columns, &progress, &mut |_, row| {
        if let Ok(row) = row {
            let cells = (0..columns.len()).map(|column| text(&row.cell(column)));
            lines.push(cells.collect::<Vec<_>>().join("|"));
        }
        Ok(())
    })
    .unwrap();
    lines.join(" / ")
}

fn check(path: &Path, expected: &str) -> Sample {
    let found = sample(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(shown(&found), expected, "{}", path.display());
    assert!(found.whole && found.in_order);
    let explode = TextFormat {
        explode: found.shape.explode.clone(),
        ..TextFormat::default()
    };
    assert_eq!(
        read(path, &explode, &found.columns),
        expected,
        "found again: {}",
        path.display()
    );
    assert_eq!(
        read(path, &found.shape.pinned(), &found.columns),
        expected,
        "pinned: {}",
        path.display()
    );
    found
}

#[test]
fn separated_text_of_any_shape_is_read_without_settings() {
    let folder = Folder::new();
    for (number, (bytes, expected)) in [
        // Separators.
        ("user,item\n1,a\n2,b\n", "user|item / 1|a / 2|b"),
        ("user;item\n1;a\n2;b\n", "user|item / 1|a / 2|b"),
        ("user\titem\n1\ta\n2\tb\n", "user|item / 1|a / 2|b"),
        ("user|item\n1|a\n2|b\n", "user|item / 1|a / 2|b"),
        ("user\u{1}item\n1\u{1}a\n2\u{1}b\n", "user|item / 1|a / 2|b"),
        (
            "1::1193::5::978300760\n1::661::3::978302109\n2::914::3::978301968\n",
            "1|2|3|4 / 1|1193|5|978300760 / 1|661|3|978302109 / 2|914|3|978301968",
        ),
        (
            "user||item||t\n1||a||2023-01-01\n2||b||2023-01-02\n",
            "user|item|t / 1|a|2023-01-01 / 2|b|2023-01-02",
        ),
        ("user|item|t\n1||7\n2||8\n", "user|item|t / 1|-|7 / 2|-|8"),
        (
            " customer_id  date number\n 00001 19970101  1\n 00002 19970112  15\n",
            "customer_id|date|number / 00001|19970101|1 / 00002|19970112|15",
        ),
        // Other separators inside values.
        (
            "id\ttitle\n1\tTea, black, loose\n2\tCoffee, whole\n3\tMilk\n",
            "id|title / 1|Tea, black, loose / 2|Coffee, whole / 3|Milk",
        ),
        (
            "id;price;name\n1;3,50;a\n2;2,10;b\n3;1,00;c\n",
            "id|price|name / 1|3,50|a / 2|2,10|b / 3|1,00|c",
        ),
        (
            "1;3,50;2,10\n2;2,10;7,00\n3;1,00;1,50\n",
            "1|2|3 / 1|3,50|2,10 / 2|2,10|7,00 / 3|1,00|1,50",
        ),
        (
            "id,title,tags\n1,a,x;y;z\n2,b,x;y\n3,c,x\n",
            "id|title|tags / 1|a|x;y;z / 2|b|x;y / 3|c|x",
        ),
        ("1,a,x;y;z\n2,b,x;y;z\n", "1|2|3 / 1|a|x;y;z / 2|b|x;y;z"),
        (
            "movie,genres\n1,A|B\n2,C|D\n3,E|F\n",
            "movie|genres / 1|A|B / 2|C|D / 3|E|F",
        ),
        (
            "id,text\n1,\"a;b;c\nd;e;f\"\n2,\"x;y;z\"\n",
            "id|text / 1|a;b;c\nd;e;f / 2|x;y;z",
        ),
        // Lines above the table.
        ("sep=;\nuser;item\n1;a\n", "user|item / 1|a"),
        ("\"sep=,\"\r\nuser,item\r\n1,a\r\n", "user|item / 1|a"),
        (
            "Orders of 2023\n\nCreated: 1 January\n\nuser;item;t\n1;a;5\n2;b;6\n3;c;7\n",
            "user|item|t / 1|a|5 / 2|b|6 / 3|c|7",
        ),
        (
            "Orders of 2023;;\n;;\nuser;item;t\n1;a;5\n2;b;6\n3;c;7\n",
            "user|item|t / 1|a|5 / 2|b|6 / 3|c|7",
        ),
        (
            "# made by a program\n# at noon, or so\nuser,item\n1,a\n2,b\n",
            "user|item / 1|a / 2|b",
        ),
        ("#user,item\n1,a\n2,b\n3,c\n", "#user|item / 1|a / 2|b / 3|c"),
        ("\n\nuser,item\n1,a\n", "user|item / 1|a"),
        // No header.
        (
            "1,a,2023-11-14\n2,b,2023-11-15\n3,c,2023-11-16\n",
            "1|2|3 / 1|a|2023-11-14 / 2|b|2023-11-15 / 3|c|2023-11-16",
        ),
        (
            "anna,tea\nben,coffee\nanna,milk\n",
            "1|2 / anna|tea / ben|coffee / anna|milk",
        ),
        (
            "name,drink\nanna,tea\nben,coffee\n",
            "name|drink / anna|tea / ben|coffee",
        ),
        ("user,2019,2020\n7,1,2\n8,3,4\n", "user|2019|2020 / 7|1|2 / 8|3|4"),
        // Line ends, marks, zero bytes.
        ("\u{feff}user,item\r\n1,a\r\n", "user|item / 1|a"),
        ("user,item\r1,a\r2,b\r", "user|item / 1|a / 2|b"),
        ("user,item\n1,a\n2,b", "user|item / 1|a / 2|b"),
        ("user,item\n1,a\u{0}b\n", "user|item / 1|a\u{0}b"),
        // Tables of R name their rows without a name above; others end rows with a separator.
        ("user,item,t\n1,u,a,5\n2,v,b,6\n", "|user|item|t / 1|u|a|5 / 2|v|b|6"),
        ("user,item,t\nu,a,5,\nv,b,6,\n", "user|item|t| / u|a|5|- / v|b|6|-"),
        // Names that occur twice.
        ("id,id,name\n1,2,x\n", "id|id_2|name / 1|2|x"),
        // One column.
        ("item\na\nb\n", "item / a / b"),
    ]
    .into_iter()
    .enumerate()
    {
        let found = check(&folder.write(&format!("{number}.csv"), bytes), expected);
        assert_eq!(found.shape.format, FileFormat::Csv);
        assert_eq!(found.shape.header, !expected.starts_with("1|2"), "{bytes}");
    }
}

#[test]
fn a_few_bad_rows_do_not_decide_and_are_left_out() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "user,item,t\n1,a,5\n2,b;c;d\n3,c,6\n4,d,7,8\n5,e,9\n");
    let found = sample(&path).unwrap();
    assert_eq!(shown(&found), "user|item|t / 1|a|5 / 3|c|6 / 5|e|9");
    assert_eq!(found.bad_rows, 2);
}

#[test]
fn text_in_other_encodings_becomes_utf_8() {
    let folder = Folder::new();
    let rows = "user;item\n1;Müller – Größe\n2;Käse für 5 €\n";
    let expected = "user|item / 1|Müller – Größe / 2|Käse für 5 €";
    let utf16 = |little: bool, mark: &str| -> Vec<u8> {
        let units = format!("{mark}{rows}").encode_utf16().collect::<Vec<_>>();
        units
            .iter()
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    };
    for (name, bytes) in [
        ("UTF-16LE", utf16(true, "\u{feff}")),
        ("UTF-16LE", utf16(true, "")),
        ("UTF-16BE", utf16(false, "\u{feff}")),
        ("UTF-16BE", utf16(false, "")),
        ("windows-1252", encoding_rs::WINDOWS_1252.encode(rows).0.into_owned()),
    ] {
        let found = check(&folder.write("a", bytes), expected);
        assert_eq!(found.shape.encoding, Some(name));
    }
    let path = folder.write("b", encoding_rs::WINDOWS_1250.encode("id;name\n1;Żółć\n2;łódź\n").0);
    assert_eq!(
        check(&path, "id|name / 1|Żółć / 2|łódź").shape.encoding,
        Some("windows-1250")
    );
    // A setting decides.
    let settings = TextFormat {
        encoding: Some("shift_jis".to_owned()),
        ..TextFormat::default()
    };
    let path = folder.write("c", encoding_rs::SHIFT_JIS.encode("id,name\n1,緑茶\n").0);
    assert_eq!(shown(&sample_as(&path, &settings).unwrap()), "id|name / 1|緑茶");
    // The first letter beyond ASCII stands far behind the head.
    let mut late = "id;name\n".to_owned();
    (0..100_000).for_each(|row| late.push_str(&format!("{row};plain\n")));
    late.push_str(&"1;Müller\n".repeat(40_000));
    let path = folder.write("d", encoding_rs::WINDOWS_1252.encode(&late).0);
    assert_eq!(sample(&path).unwrap().shape.encoding, Some("windows-1252"));
}

#[test]
fn json_of_any_layout_is_read_and_lists_become_rows() {
    let folder = Folder::new();
    for (bytes, expected) in [
        ("{\"u\":1,\"i\":\"a\"}\n{\"u\":2,\"i\":\"b\"}\n", "u|i / 1|a / 2|b"),
        ("[{\"u\":1,\"i\":\"a\"},\n{\"u\":2,\"i\":\"b\"}]", "u|i / 1|a / 2|b"),
        (
            "{\n  \"u\": 1,\n  \"i\": \"a\"\n}\n{\n  \"u\": 2,\n  \"i\": \"b\"\n}\n",
            "u|i / 1|a / 2|b",
        ),
        (
            "{\"count\":2,\"data\":[{\"u\":1,\"i\":\"a\"},{\"u\":2,\"i\":\"b\"}]}",
            "u|i / 1|a / 2|b",
        ),
        (
            "{\"u\":{\"id\":{\"n\":1}},\"i\":[\"a\",\"b\"]}\n{\"u\":{},\"i\":[]}\n",
            "i|u.id.n|u / a+b|1|- / |-|-",
        ),
        (
            "{\"o\":1,\"items\":[{\"sku\":\"a\",\"q\":2},{\"sku\":\"b\",\"q\":1}]}\n{\"o\":2,\"items\":[{\"sku\":\"c\",\"q\":1}]}\n{\"o\":3,\"items\":[]}\n",
            "items.q|items.sku|o / 2|a|1 / 1|b|1 / 1|c|2",
        ),
        (
            "{\"e\":\"view\",\"event_params\":[{\"key\":\"page\",\"value\":{\"string_value\":\"/p\"}},{\"key\":\"n\",\"value\":{\"int_value\":\"7\"}}]}\n{\"e\":\"x\",\"event_params\":[]}\n",
            "e|event_params.page|event_params.n / view|/p|7 / x|-|-",
        ),
        (
            "{\"orders\":[{\"id\":1,\"customer\":{\"id\":9},\"line_items\":[{\"sku\":\"a\"},{\"sku\":\"b\"}]},{\"id\":2,\"customer\":{\"id\":8},\"line_items\":[{\"sku\":\"c\"}]}]}",
            "customer.id|id|line_items.sku / 9|1|a / 9|1|b / 8|2|c",
        ),
    ] {
        let found = sample(&folder.write("a", bytes)).unwrap();
        let sorted = |text: &str| -> Vec<Vec<String>> {
            let rows: Vec<Vec<&str>> = text.split(" / ").map(|row| row.split('|').collect()).collect();
            let mut columns: Vec<Vec<String>> = (0..rows[0].len())
                .map(|column| rows.iter().map(|row| row[column].to_owned()).collect())
                .collect();
            columns.sort();
            columns
        };
        // The order of keys inside an object does not matter.
        assert_eq!(sorted(&shown(&found)), sorted(expected), "{bytes}");
        let explode = TextFormat {
            explode: found.shape.explode.clone(),
            ..TextFormat::default()
        };
        assert_eq!(
            read(&folder.write("a", bytes), &explode, &found.columns),
            shown(&found),
            "{bytes}"
        );
    }
}

pub fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let mut deflated = Vec::new();
        let mut encoder = flate2::write::DeflateEncoder::new(&mut deflated, flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let start = u32::try_from(bytes.len()).unwrap();
        let sizes = [
            crc.sum(),
            u32::try_from(deflated.len()).unwrap(),
            u32::try_from(content.len()).unwrap(),
        ];
        let common = |out: &mut Vec<u8>| {
            out.extend([20, 0, 0, 0, 8, 0, 0, 0, 33, 0]);
            sizes.iter().for_each(|size| out.extend(size.to_le_bytes()));
            out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            out.extend([0, 0]);
        };
        bytes.extend(b"PK\x03\x04");
        common(&mut bytes);
        bytes.extend(name.as_bytes());
        bytes.extend(&deflated);
        directory.extend(b"PK\x01\x02\x14\0");
        common(&mut directory);
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(files.len()).unwrap();
    let [start, size] = [bytes.len(), directory.len()].map(|length| u32::try_from(length).unwrap());
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    [count, count]
        .iter()
        .for_each(|count| bytes.extend(count.to_le_bytes()));
    [size, start].iter().for_each(|size| bytes.extend(size.to_le_bytes()));
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn compressions_and_archives_are_opened_by_their_content() {
    let folder = Folder::new();
    let rows = b"user,item\n1,a\n2,b\n";
    let expected = "user|item / 1|a / 2|b";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(rows).unwrap();
    let mut bzip = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip.write_all(rows).unwrap();
    // `printf 'user,item\n1,a\n2,b\n' | xz -9`
    let xz = base16ct::mixed::decode_vec(XZ).unwrap();
    for (name, bytes) in [
        ("gzip", gzip.finish().unwrap()),
        ("bzip2", bzip.finish().unwrap()),
        ("xz", xz),
        ("zstd", zstd::encode_all(&rows[..], 1).unwrap()),
        ("zip", zipped(&[("orders.csv", rows)])),
        (
            "zip",
            zipped(&[
                ("a/README.md", b"# read me"),
                ("__MACOSX/x", b"\0\0"),
                ("a/logo.png", b"\x89PNG\r\n\x1a\n"),
                ("a/orders.csv", rows),
            ]),
        ),
    ] {
        let found = check(&folder.write("orders.csv", bytes), expected);
        assert_eq!(found.shape.compression, Some(name));
    }
    // Several files of one kind are one table.
    let two = folder.write("two", zipped(&[("b.csv", b"user,item\n3,c\n"), ("a.csv", rows)]));
    let found = sample(&two).unwrap();
    assert_eq!(shown(&found), "user|item / 1|a / 2|b / 3|c");
    assert_eq!(found.shape.members, ["a.csv", "b.csv"]);
    // Of several tables one must be chosen.
    let other = folder.write("other", zipped(&[("a.csv", rows), ("b.csv", b"user,title\n1,t\n")]));
    assert!(matches!(sample(&other), Err(IngestError::DifferentMembers { .. })));
    assert_eq!(super::members(&other).unwrap(), ["a.csv", "b.csv"]);
    let settings = TextFormat {
        member: Some("b.csv".to_owned()),
        ..TextFormat::default()
    };
    assert_eq!(shown(&sample_as(&other, &settings).unwrap()), "user|title / 1|t");
    // A changed byte is no row.
    let mut damaged = zipped(&[("a.csv", rows)]);
    let at = damaged.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    damaged[at + 16] ^= 1;
    assert!(matches!(
        sample(&folder.write("damaged", damaged)),
        Err(IngestError::Read { .. })
    ));
}

const XZ: &str = "fd377a585a000004e6d6b446020021011c00000010cf58cc010011757365722c6974656d0a312c610a322c620a0000009394d03ac92fee0100012a124b0854bc1fb6f37d010000000004595a";

#[test]
fn what_has_no_rows_is_named_for_what_it_is() {
    let folder = Folder::new();
    let encrypted = {
        let mut bytes = zipped(&[("a.csv", b"user,item\n1,a\n")]);
        let at = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        bytes[at + 8] |= 1;
        bytes[6] |= 1;
        bytes
    };
    let nested = zipped(&[("a.zip", &zipped(&[("a.csv", b"user,item\n1,a\n")]))]);
    let tar = [vec![b'a'; 257], b"ustar\0".to_vec(), vec![0; 249]].concat();
    let mut tar_gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    tar_gz.write_all(&tar).unwrap();
    for (bytes, message, hint) in [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".to_vec(),
            "Git LFS pointer",
            "git lfs pull",
        ),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "picture (PNG)", "CSV"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(), "picture (JPEG)", "CSV"),
        (b"%PDF-1.7\n".to_vec(), "PDF", "CSV"),
        (
            b"<!DOCTYPE html>\n<html><title>Sign in</title>".to_vec(),
            "web page",
            "sign in",
        ),
        (b"<?xml version=\"1.0\"?><rss></rss>".to_vec(), "XML", "CSV"),
        (b"SQLite format 3\0\x10\0".to_vec(), "database (SQLite)", "sqlite3"),
        (b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), "archive (7z)", "unpack"),
        (b"Rar!\x1a\x07\x01\0".to_vec(), "archive (rar)", "unpack"),
        (tar, "archive (tar)", "unpack"),
        (tar_gz.finish().unwrap(), "archive (tar)", "unpack"),
        (encrypted, "encrypted zip", "password"),
        (nested, "archive inside an archive", "unpack"),
        (b"\x80\x04\x95\x01\0\0\0".to_vec(), "Python pickle", "to_parquet"),
        (b"\x93NUMPY\x01\0v\0".to_vec(), "NumPy", "column names"),
        (b"ARROW1\0\0".to_vec(), "Arrow IPC", "Parquet"),
        (b"Obj\x01\x04\x14".to_vec(), "Avro", "Parquet"),
        (b"ORC\n\x0b\x02\0".to_vec(), "ORC", "Parquet"),
        (zipped(&[("word/document.xml", b"<w/>")]), "Word", "csv"),
        (zipped(&[("xl/workbook.bin", b"")]), "xlsb", "xlsx"),
        (
            b"\0\0\x02\x03\0\0\x06\x07\0\x05\x06\x07\0\x05\x06\x07\x08".to_vec(),
            "no text",
            "CSV",
        ),
        (
            b"a,b\n\xb2\xe8\xd2\xb6,\xbf\xa7\xb7\xc8,\xc5\xa3\xc4\xcc\xa1\xa3\xb5\xa5\n".to_vec(),
            "other bytes",
            "gbk",
        ),
        (Vec::new(), "empty file", "finished"),
        (b"\n\n".to_vec(), "empty file", "finished"),
        (b"user,item\n".to_vec(), "only the header: user, item", "finished"),
    ] {
        let error = sample(&folder.write("orders.csv", &bytes)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(message), "{text} has no {message}");
        let found = error.hint().unwrap();
        assert!(found.contains(hint), "{found} has no {hint}");
        assert_eq!(error.exit().code(), 3, "{text}");
    }
    let error = sample(&folder.write("a", b"%PDF-1.7\n")).unwrap_err();
    assert!(matches!(
        error,
        IngestError::Unreadable {
            found: Foreign::Pdf,
            ..
        }
    ));
}

#[test]
fn folders_of_a_path_are_columns() {
    let folder = Folder::new();
    let path = folder.write("dt=2024-01-01/region=S%C3%BCd/part.csv", "user,item\n1,a\n");
    let found = check(&path, "user|item|dt|region / 1|a|2024-01-01|Süd");
    assert_eq!(found.shape.path_keys, ["dt", "region"]);
    let path = folder.write("dt=2024-01-02/part.jsonl", "{\"user\":1,\"dt\":\"x\"}\n{\"user\":2}\n");
    assert_eq!(
        read(&path, &TextFormat::default(), &["user".to_owned(), "dt".to_owned()]),
        "user|dt / 1|2024-01-02 / 2|2024-01-02"
    );
}

#[test]
fn a_large_file_is_looked_at_from_its_beginning_to_its_end() {
    let folder = Folder::new();
    let line = |row: u32| format!("{row},item-{},2023-11-14 22:13:20\n", row % 977);
    let text: String = std::iter::once("user,item,time\n".to_owned())
        .chain((0..500_000).map(line))
        .collect();
    let json: String = (0..300_000)
        .map(|row| format!("{{\"user\":{row},\"item\":\"i\",\"time\":1700000000}}\n"))
        .collect();
    for (name, bytes) in [("a", text.as_bytes()), ("b", json.as_bytes())] {
        let found = sample(&folder.write(name, bytes)).unwrap();
        assert!(!found.whole && found.in_order && found.bad_rows == 0, "{name}");
        assert!((10_000..=20_000).contains(&found.rows.len()), "{}", found.rows.len());
        let column = found.columns.iter().position(|column| column == "user").unwrap();
        let users: Vec<u64> = found.rows.iter().map(|row| text_number(&row[column])).collect();
        assert!(users.is_sorted());
        let all = if name == "a" { 500_000 } else { 300_000 };
        assert!(users[0] == 0 && users[users.len() - 1] * 100 >= all * 99);
        assert!(
            found.rows_estimate.abs_diff(all) * 5 < all,
            "{} of {all}",
            found.rows_estimate
        );
    }
    // Compressed, it is read through.
    let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let found = sample(&folder.write("c", packed)).unwrap();
    assert!(!found.whole && found.rows_estimate == 500_000);
    assert!(text_number(&found.rows[found.rows.len() - 1][0]) * 10 >= 500_000 * 9);
}

fn text_number(cell: &Cell<'_>) -> u64 {
    text(cell).parse().unwrap()
}
