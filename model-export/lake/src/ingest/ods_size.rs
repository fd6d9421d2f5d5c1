//! How many cells an OpenDocument spreadsheet would take in memory, before it is read: a cell or a row can say how often it is repeated.

use std::io::Read as _;
use std::path::Path;

use super::IngestError;
use super::archive::member_named;

/// Cells with content, repetitions counted.
pub fn cells(path: &Path, limit: u64) -> Result<u64, IngestError> {
    let Some(member) = member_named(path, "content.xml")? else {
        return Ok(0);
    };
    let failed = |source| IngestError::Read {
        path: path.to_owned(),
        source,
    };
    let mut xml = Vec::new();
    let reader = member.open(path, |_| ()).map_err(failed)?;
    reader.take(limit).read_to_end(&mut xml).map_err(failed)?;
    Ok(count(&xml))
}

fn count(xml: &[u8]) -> u64 {
    let (mut all, mut in_row, mut rows) = (0u64, 0u64, 1u64);
    // Empty cells count only where a cell with content follows in the row.
    let mut empty = 0u64;
    for tag in xml.split(|&byte| byte == b'<') {
        let end = tag.iter().position(|&byte| byte == b'>').unwrap_or(tag.len());
        let tag = &tag[..end];
        if tag.starts_with(b"table:table-row") {
            rows = repeated(tag, b"number-rows-repeated=");
            (in_row, empty) = (0, 0);
        } else if tag.starts_with(b"table:table-cell") || tag.starts_with(b"table:covered-table-cell") {
            let times = repeated(tag, b"number-columns-repeated=");
            if tag.ends_with(b"/") && !contains(tag, b"office:value") {
                empty = empty.saturating_add(times);
            } else {
                in_row = in_row.saturating_add(empty).saturating_add(times);
                empty = 0;
            }
        } else if tag.starts_with(b"/table:table-row") {
            all = all.saturating_add(in_row.saturating_mul(rows));
            (in_row, empty) = (0, 0);
        }
    }
    all
}

fn contains(tag: &[u8], text: &[u8]) -> bool {
    tag.windows(text.len()).any(|window| window == text)
}

fn repeated(tag: &[u8], attribute: &[u8]) -> u64 {
    let Some(at) = tag.windows(attribute.len()).position(|window| window == attribute) else {
        return 1;
    };
    let digits = tag[at + attribute.len()..]
        .iter()
        .skip(1)
        .take_while(|byte| byte.is_ascii_digit());
    digits
        .fold(0u64, |number, digit| {
            number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        })
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_counted_where_they_hold_something() {
        let row = |row: &str, cells: &str| format!("<table:table-row {row}>{cells}</table:table-row>");
        let full = "<table:table-cell office:value-type=\"string\"><text:p>a</text:p></table:table-cell>";
        let empty = "<table:table-cell table:number-columns-repeated=\"16384\"/>";
        assert_eq!(count(row("", &format!("{full}{full}{empty}")).as_bytes()), 2);
        assert_eq!(
            count(row("table:number-rows-repeated=\"1048576\"", empty).as_bytes()),
            0
        );
        let bomb = "<table:table-cell table:number-columns-repeated=\"16384\"><text:p>a</text:p></table:table-cell>";
        assert_eq!(
            count(row("table:number-rows-repeated=\"1048576\"", bomb).as_bytes()),
            16_384 * 1_048_576
        );
    }
}
