//! Parquet and spreadsheets as other programs write them, and the rows that must come out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeBinaryBuilder, Int64Builder, ListBuilder, MapBuilder, StringBuilder, StructBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray, StructArray, Time64MicrosecondArray,
};
use arrow_schema::{DataType, Field, Fields};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression};
use parquet::data_type::{FixedLenByteArray, FixedLenByteArrayType, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::shape_tests::{Folder, read, shown, zipped};
use super::{IngestError, sample, sample_as};
use crate::source::{FileFormat, TextFormat};

fn write(folder: &Folder, name: &str, columns: Vec<(&str, ArrayRef)>, compression: Compression) -> PathBuf {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    folder.write(name, writer.into_inner().unwrap())
}

#[test]
fn parquet_of_every_codec_with_structs_lists_maps_and_dictionaries() {
    let folder = Folder::new();
    let user = StructArray::from(vec![
        (
            Arc::new(Field::new("id", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![Some(7), None])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("name", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["anna", "ben"])) as ArrayRef,
        ),
    ]);
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("a"), Some("b")]);
    tags.append_value([] as [Option<&str>; 0]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("x");
    map.values().append_value(5);
    map.append(true).unwrap();
    map.append(true).unwrap();
    let kind: DictionaryArray<Int32Type> = vec!["view", "click"].into_iter().collect();
    let time = Time64MicrosecondArray::from(vec![3_600_000_000, 60_000_000]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(user)),
        ("tags", Arc::new(tags.finish())),
        ("map", Arc::new(map.finish())),
        ("kind", Arc::new(kind)),
        ("time", Arc::new(time)),
    ];
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::BROTLI(BrotliLevel::default()),
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
        Compression::GZIP(parquet::basic::GzipLevel::default()),
    ] {
        let path = write(&folder, "a", columns.clone(), compression);
        let found = sample(&path).unwrap();
        assert_eq!(
            shown(&found),
            "user.id|user.name|tags|map|kind|time / 7|anna|a+b|-|view|01:00:00 / -|ben||-|click|00:01:00"
        );
        assert_eq!(
            (found.shape.format, found.whole, found.rows_estimate),
            (FileFormat::Parquet, true, 2)
        );
    }
    let path = write(&folder, "a", columns, Compression::SNAPPY);
    let wanted: Vec<String> = ["user.id", "map.x", "tags.1"].map(str::to_owned).into();
    assert_eq!(
        read(&path, &TextFormat::default(), &wanted),
        "user.id|map.x|tags.1 / 7|5|b / -|-|-"
    );
}

#[test]
fn a_list_of_structs_becomes_rows_and_a_list_of_names_and_values_columns() {
    let folder = Folder::new();
    let item = Fields::from(vec![
        Field::new("sku", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
    ]);
    let mut items = ListBuilder::new(StructBuilder::from_fields(item, 0));
    let mut add = |skus: &[&str]| {
        for sku in skus {
            items
                .values()
                .field_builder::<StringBuilder>(0)
                .unwrap()
                .append_value(sku);
            items.values().field_builder::<Int64Builder>(1).unwrap().append_value(1);
            items.values().append(true);
        }
        items.append(true);
    };
    add(&["a", "b"]);
    add(&[]);
    add(&["c"]);
    let value = Fields::from(vec![
        Field::new("string_value", DataType::Utf8, true),
        Field::new("int_value", DataType::Int64, true),
    ]);
    let entry = Fields::from(vec![
        Field::new("key", DataType::Utf8, true),
        Field::new("value", DataType::Struct(value), true),
    ]);
    let mut params = ListBuilder::new(StructBuilder::from_fields(entry, 0));
    for row in 0..3 {
        let entries = params.values();
        entries.field_builder::<StringBuilder>(0).unwrap().append_value("page");
        let value = entries.field_builder::<StructBuilder>(1).unwrap();
        value.field_builder::<StringBuilder>(0).unwrap().append_null();
        value.field_builder::<Int64Builder>(1).unwrap().append_value(row);
        value.append(true);
        entries.append(true);
        params.append(true);
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("order", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("items", Arc::new(items.finish())),
        ("event_params", Arc::new(params.finish())),
    ];
    let path = write(&folder, "a", columns, Compression::SNAPPY);
    let found = sample(&path).unwrap();
    let expected = "order|items.sku|items.n|event_params.page / 1|a|1|0 / 1|b|1|0 / 3|c|1|2";
    assert_eq!(shown(&found), expected);
    assert_eq!(found.shape.explode.as_deref(), Some("items"));
    assert_eq!(read(&path, &found.shape.pinned(), &found.columns), expected);
    let wanted = ["order".to_owned(), "event_params.page".to_owned()];
    assert_eq!(
        read(&path, &TextFormat::default(), &wanted),
        "order|event_params.page / 1|0 / 2|1 / 3|2"
    );
}

#[test]
fn a_uuid_is_text_with_hyphens_and_old_times_keep_their_year() {
    let folder = Folder::new();
    let schema = "message m { required fixed_len_byte_array(16) id (UUID); required int96 until; }";
    let mut writer = SerializedFileWriter::new(
        Vec::new(),
        Arc::new(parse_message_type(schema).unwrap()),
        Arc::default(),
    )
    .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let id = FixedLenByteArray::from((0..16u8).collect::<Vec<u8>>());
    column
        .typed::<FixedLenByteArrayType>()
        .write_batch(&[id.clone(), id], None, None)
        .unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    // Julian days of 9999-12-31 and 2023-11-14.
    let time = |day: u32, nanos: u64| {
        let mut value = Int96::new();
        value.set_data(
            u32::try_from(nanos & 0xffff_ffff).unwrap(),
            u32::try_from(nanos >> 32).unwrap(),
            day,
        );
        value
    };
    column
        .typed::<Int96Type>()
        .write_batch(&[time(5_373_484, 0), time(2_460_263, 3_600_000_000_000)], None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let path = folder.write("a", writer.into_inner().unwrap());
    assert_eq!(
        shown(&sample(&path).unwrap()),
        "id|until / 00010203-0405-0607-0809-0a0b0c0d0e0f|local 253402214400000 / 00010203-0405-0607-0809-0a0b0c0d0e0f|local 1699923600000"
    );
    // Without the logical type, bytes are what they were.
    let mut bytes = FixedSizeBinaryBuilder::new(16);
    bytes.append_value(b"0123456789abcdef").unwrap();
    let path = write(
        &folder,
        "b",
        vec![("id", Arc::new(bytes.finish()) as ArrayRef)],
        Compression::SNAPPY,
    );
    assert_eq!(shown(&sample(&path).unwrap()), "id / 0123456789abcdef");
}

#[test]
fn a_large_parquet_file_is_looked_at_from_its_beginning_to_its_end() {
    let folder = Folder::new();
    let rows = Int64Array::from_iter_values(0..200_000);
    let path = write(
        &folder,
        "a",
        vec![("n", Arc::new(rows.slice(0, rows.len())) as ArrayRef)],
        Compression::SNAPPY,
    );
    let found = sample(&path).unwrap();
    let numbers: Vec<i64> = found
        .rows
        .iter()
        .map(|row| row[0].text().unwrap().parse().unwrap())
        .collect();
    assert!(!found.whole && numbers.is_sorted() && (15_000..=20_000).contains(&numbers.len()));
    assert!(numbers[numbers.len() - 1] > 180_000 && found.rows_estimate == 200_000);
}

/// A workbook of Excel with one sheet, as short as it may be.
pub fn workbook(rows: &str) -> Vec<u8> {
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    zipped(&[
        ("[Content_Types].xml", b"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        (
            "_rels/.rels",
            format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>").as_bytes(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>").as_bytes(),
        ),
        (
            "xl/workbook.xml",
            format!("<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"Orders\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>").as_bytes(),
        ),
        (
            "xl/styles.xml",
            format!("<styleSheet xmlns=\"{main}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>").as_bytes(),
        ),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>").as_bytes()),
    ])
}

#[test]
fn a_workbook_gives_its_table_with_dates_as_times() {
    let text = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let rows = [
        format!("<row r=\"1\">{}</row>", text("A1", "Orders of 2025")),
        format!(
            "<row r=\"3\">{}{}{}</row>",
            text("A3", "user"),
            text("B3", "item"),
            text("C3", "ordered at")
        ),
        format!(
            "<row r=\"4\"><c r=\"A4\"><v>17</v></c>{}<c r=\"C4\" s=\"1\"><v>45943.5</v></c></row>",
            text("B4", "tea")
        ),
        format!(
            "<row r=\"5\"><c r=\"A5\"><v>18</v></c>{}<c r=\"C5\" s=\"1\"><v>45944</v></c></row>",
            text("B5", "milk")
        ),
        format!("<row r=\"7\"><c r=\"A7\"><v>19</v></c>{}</row>", text("B7", "rice")),
    ]
    .concat();
    let folder = Folder::new();
    let path = folder.write("orders.csv", workbook(&rows));
    let found = sample(&path).unwrap();
    let expected = "user|item|ordered at / 17|tea|local 1760356800000 / 18|milk|local 1760400000000 / 19|rice|-";
    assert_eq!(shown(&found), expected);
    assert_eq!(
        (
            found.shape.format,
            found.shape.skip_lines,
            found.shape.members.as_slice()
        ),
        (FileFormat::Spreadsheet, 2, ["Orders".to_owned()].as_slice())
    );
    assert_eq!(read(&path, &TextFormat::default(), &found.columns), expected);
    assert_eq!(read(&path, &found.shape.pinned(), &found.columns), expected);
    let settings = TextFormat {
        member: Some("Returns".to_owned()),
        ..TextFormat::default()
    };
    assert!(matches!(sample_as(&path, &settings), Err(IngestError::NoMember { .. })));
}

#[test]
fn a_spreadsheet_that_repeats_a_cell_a_billion_times_is_refused() {
    let row = "<table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"string\"><text:p>a</text:p></table:table-cell></table:table-row>";
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"T\">{row}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    let files: [(&str, &[u8]); 3] = [
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest/>"),
        ("content.xml", content.as_bytes()),
    ];
    let folder = Folder::new();
    assert!(matches!(
        sample(&folder.write("a", zipped(&files))),
        Err(IngestError::TooLarge { .. })
    ));
}
