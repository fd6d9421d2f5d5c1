//! Compressed files and archives, as other programs write them.

use std::io::Write as _;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive of deflated files.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        let deflated = encoder.finish().unwrap();
        let mut crc = Crc::new();
        crc.update(bytes);
        // What a local header and an entry of the directory have in common: version 2.0, no flags, deflate, a day in 2024.
        let mut common = Vec::new();
        for field in [20u16, 0, 8, 0, 0x5821] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc.sum(), length(&deflated), length(bytes)] {
            common.extend(field.to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend(0u16.to_le_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        // No comment, first disk, no attributes, where the file begins.
        directory.extend([0; 10]);
        directory.extend(length(&archive).to_le_bytes());
        directory.extend(name.as_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(name.as_bytes());
        archive.extend(&deflated);
    }
    let begins = length(&archive);
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        archive.extend(u16::try_from(files.len()).unwrap().to_le_bytes());
    }
    archive.extend(length(&directory).to_le_bytes());
    archive.extend(begins.to_le_bytes());
    archive.extend(0u16.to_le_bytes());
    archive
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// A workbook with one sheet, as spreadsheet programs write it: shared texts, numbers, days with a format of days.
pub fn xlsx(text: &str) -> Vec<u8> {
    let (mut rows, mut texts) = (String::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        rows.push_str(&format!("<row r=\"{}\">", number + 1));
        for (column, cell) in line.split(',').enumerate() {
            let place = format!("{}{}", char::from(b'A' + u8::try_from(column).unwrap()), number + 1);
            if cell.is_empty() {
                continue;
            }
            if let Some(day) = spreadsheet_day(cell) {
                rows.push_str(&format!("<c r=\"{place}\" s=\"1\"><v>{day}</v></c>"));
            } else if cell.parse::<f64>().is_ok() {
                rows.push_str(&format!("<c r=\"{place}\"><v>{cell}</v></c>"));
            } else {
                rows.push_str(&format!("<c r=\"{place}\" t=\"s\"><v>{}</v></c>", texts.len()));
                texts.push(format!(
                    "<si><t>{}</t></si>",
                    cell.replace('&', "&amp;").replace('<', "&lt;")
                ));
            }
        }
        rows.push_str("</row>");
    }
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    let files = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{package}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
             <Override PartName=\"/xl/workbook.xml\" ContentType=\"{kind}.sheet.main+xml\"/>\
             <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{kind}.worksheet+xml\"/>\
             <Override PartName=\"/xl/styles.xml\" ContentType=\"{kind}.styles+xml\"/>\
             <Override PartName=\"/xl/sharedStrings.xml\" ContentType=\"{kind}.sharedStrings+xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
             <Relationship Id=\"rId2\" Type=\"{office}/styles\" Target=\"styles.xml\"/>\
             <Relationship Id=\"rId3\" Type=\"{office}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{main}\"><fonts count=\"1\"><font/></fonts><fills count=\"1\"><fill/></fills><borders count=\"1\"><border/></borders>\
             <cellStyleXfs count=\"1\"><xf/></cellStyleXfs><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/sharedStrings.xml",
            format!(
                "<sst xmlns=\"{main}\" count=\"{0}\" uniqueCount=\"{0}\">{1}</sst>",
                texts.len(),
                texts.concat()
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ];
    let files: Vec<(&str, Vec<u8>)> = files
        .into_iter()
        .map(|(name, text)| (name, [head, &text].concat().into_bytes()))
        .collect();
    let parts: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    zip(&parts)
}

/// Days since 1899-12-30 of `2024-03-01` or `2024-03-01 10:30`.
fn spreadsheet_day(cell: &str) -> Option<f64> {
    let time: jiff::civil::DateTime = match cell.len() {
        10 => cell
            .parse::<jiff::civil::Date>()
            .ok()?
            .to_datetime(jiff::civil::Time::midnight()),
        16 => format!("{cell}:00").replace(' ', "T").parse().ok()?,
        _ => return None,
    };
    let since = time.duration_since(jiff::civil::date(1899, 12, 30).to_datetime(jiff::civil::Time::midnight()));
    Some(since.as_secs_f64() / 86_400.0)
}
