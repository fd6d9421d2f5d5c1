//! Character encodings of pages, as far as reading a page byte by byte depends on them.
//!
//! In the legacy encodings of East Asia, the second byte of a character can be a byte of ASCII: in Shift_JIS, `\x83\x7b` is one character, and
//! its `\x7b` is no `{`. No second byte is one of `<`, `>`, `=`, `/`, quotes or white space, so tags are found without this module; Mustache
//! tags are not.

use alloc::string::String;

/// The encoding of a page (WHATWG, Encoding).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8: values are inserted as they are. In all other encodings they are inserted in ASCII, with character references.
    #[default]
    Utf8,
    /// Every byte of ASCII is a character of its own: single-byte encodings and EUC-JP.
    Single,
    /// Shift_JIS.
    ShiftJis,
    /// GBK and gb18030.
    Gbk,
    /// Big5.
    Big5,
    /// EUC-KR as browsers read it, with Microsoft's extension.
    EucKr,
    /// Neither the response nor the page names a known one. Browsers guess, so only what reads alike in all of them is filled.
    Unknown,
    /// Bytes of ASCII do not mean ASCII (UTF-16, ISO-2022-JP), or the browser shows nothing of the page (HZ, ISO-2022-KR). The page is not filled.
    Opaque,
}

impl Encoding {
    /// Returns the encoding of a label, in any case, as in `charset=…`.
    #[must_use]
    pub fn of_label(label: &str) -> Self {
        let is_quoting = |character: char| character.is_ascii_whitespace() || matches!(character, '"' | '\'');
        let label = label.trim_matches(is_quoting).to_ascii_lowercase();
        match label.as_str() {
            "utf-8" | "utf8" | "unicode-1-1-utf-8" | "unicode11utf8" | "unicode20utf8" | "x-unicode20utf8" => {
                Self::Utf8
            }
            "shift_jis" | "shift-jis" | "sjis" | "x-sjis" | "ms_kanji" | "ms932" | "windows-31j" | "csshiftjis" => {
                Self::ShiftJis
            }
            "gbk" | "x-gbk" | "gb18030" | "gb2312" | "gb_2312" | "gb_2312-80" | "chinese" | "csgb2312"
            | "iso-ir-58" | "csiso58gb231280" => Self::Gbk,
            "big5" | "big5-hkscs" | "cn-big5" | "csbig5" | "x-x-big5" => Self::Big5,
            "euc-kr" | "cseuckr" | "korean" | "windows-949" | "ksc5601" | "ksc_5601" | "ks_c_5601-1987"
            | "ks_c_5601-1989" | "csksc56011987" | "iso-ir-149" => Self::EucKr,
            "utf-16" | "utf-16le" | "utf-16be" | "unicode" | "csunicode" | "unicodefeff" | "unicodefffe" | "ucs-2"
            | "iso-10646-ucs-2" | "iso-2022-jp" | "csiso2022jp" | "iso-2022-kr" | "csiso2022kr" | "iso-2022-cn"
            | "iso-2022-cn-ext" | "hz-gb-2312" | "replacement" => Self::Opaque,
            // The label is no key of any table: a single-byte encoding that is missing here is only read with more care.
            other if is_single(other) => Self::Single,
            _ => Self::Unknown,
        }
    }

    /// Returns the encoding that the value of a `Content-Type` names; [`None`] if it names none.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let lower = content_type.to_ascii_lowercase();
        let mut parameters = lower.split(';').skip(1).map(str::trim);
        let charset = parameters.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            (name.trim() == "charset").then(|| String::from(value))
        })?;
        Some(Self::of_label(&charset))
    }

    /// Returns the encoding that these first bytes of a page declare before everything else, and whether more bytes could change that.
    pub(super) fn of_mark(first: &[u8]) -> (Option<Self>, bool) {
        const MARKS: [(&[u8], Encoding); 3] = [
            (b"\xef\xbb\xbf", Encoding::Utf8),
            (b"\xfe\xff", Encoding::Opaque),
            (b"\xff\xfe", Encoding::Opaque),
        ];
        let found = MARKS.iter().find(|(mark, _)| first.starts_with(mark));
        let may_come = MARKS
            .iter()
            .any(|(mark, _)| mark.len() > first.len() && mark.starts_with(first));
        (found.map(|(_, encoding)| *encoding), may_come)
    }

    /// Returns how many of these bytes are the first character; at least 1 unless there are none. Only a character that could contain a byte of
    /// ASCII is longer than 1.
    pub(super) fn first_character(self, bytes: &[u8]) -> usize {
        let Some((&lead, rest)) = bytes.split_first() else {
            return 0;
        };
        let second = rest.first().copied().unwrap_or(0);
        let pair = match self {
            Self::ShiftJis => matches!(lead, 0x81..=0x9f | 0xe0..=0xfc) && matches!(second, 0x40..=0x7e | 0x80..=0xfc),
            Self::Gbk => {
                let four = matches!(lead, 0x81..=0xfe) && matches!(rest, [0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, ..]);
                if four {
                    return 4;
                }
                matches!(lead, 0x81..=0xfe) && matches!(second, 0x40..=0x7e | 0x80..=0xfe)
            }
            Self::Big5 => matches!(lead, 0x81..=0xfe) && matches!(second, 0x40..=0x7e | 0xa1..=0xfe),
            Self::EucKr => matches!(lead, 0x81..=0xfe) && matches!(second, 0x41..=0xfe),
            Self::Utf8 | Self::Single | Self::Unknown | Self::Opaque => false,
        };
        if pair { 2 } else { 1 }
    }
}

fn is_single(label: &str) -> bool {
    const EXACT: [&str; 8] = [
        "ascii",
        "us-ascii",
        "ansi_x3.4-1968",
        "macintosh",
        "x-mac-roman",
        "tis-620",
        "euc-jp",
        "x-euc-jp",
    ];
    const FAMILIES: [&str; 11] = [
        "iso-8859-",
        "iso8859-",
        "iso_8859-",
        "windows-125",
        "windows-874",
        "cp125",
        "x-cp125",
        "latin",
        "l1",
        "koi8",
        "ibm866",
    ];
    EXACT.contains(&label) || FAMILIES.iter().any(|family| label.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_as_browsers_read_it() {
        for (label, expected) in [
            ("UTF-8", Encoding::Utf8),
            (" \"utf8\" ", Encoding::Utf8),
            ("Shift_JIS", Encoding::ShiftJis),
            ("windows-31j", Encoding::ShiftJis),
            ("GB2312", Encoding::Gbk),
            ("gb18030", Encoding::Gbk),
            ("big5-hkscs", Encoding::Big5),
            ("ks_c_5601-1987", Encoding::EucKr),
            ("euc-jp", Encoding::Single),
            ("ISO-8859-15", Encoding::Single),
            ("windows-1252", Encoding::Single),
            ("utf-16", Encoding::Opaque),
            ("UTF-16BE", Encoding::Opaque),
            ("iso-2022-jp", Encoding::Opaque),
            ("hz-gb-2312", Encoding::Opaque),
            ("utf-7", Encoding::Unknown),
            ("utf-32", Encoding::Unknown),
            ("", Encoding::Unknown),
        ] {
            assert_eq!(Encoding::of_label(label), expected, "{label}");
        }
        assert_eq!(Encoding::of_content_type("text/html"), None);
        assert_eq!(
            Encoding::of_content_type("text/html;x=1; Charset = \"Big5\""),
            Some(Encoding::Big5)
        );
    }

    #[test]
    fn a_second_byte_belongs_to_its_character() {
        for (encoding, bytes, expected) in [
            (Encoding::ShiftJis, &b"\x83\x7b{"[..], 2),
            (Encoding::ShiftJis, b"\xb1{", 1),
            (Encoding::ShiftJis, b"\x83", 1),
            (Encoding::ShiftJis, b"\x83<", 1),
            (Encoding::Gbk, b"\x81{", 2),
            (Encoding::Gbk, b"\x81\x30\x81\x30", 4),
            (Encoding::Gbk, b"\x81\x30{", 1),
            (Encoding::Big5, b"\xa4{", 2),
            (Encoding::Big5, b"\xa4\x80", 1),
            (Encoding::EucKr, b"\xb0{", 2),
            (Encoding::Single, b"\x83{", 1),
            (Encoding::Utf8, b"\xe3\x83\x9c", 1),
        ] {
            assert_eq!(encoding.first_character(bytes), expected, "{encoding:?} {bytes:02x?}");
        }
    }

    #[test]
    fn no_second_byte_is_one_that_tags_are_made_of() {
        for encoding in [Encoding::ShiftJis, Encoding::Gbk, Encoding::Big5, Encoding::EucKr] {
            for lead in 0..=255 {
                for byte in *b"<>=/\"' \t\r\n&-!" {
                    assert_eq!(
                        encoding.first_character(&[lead, byte]),
                        1,
                        "{encoding:?} {lead:02x} {byte:02x}"
                    );
                }
            }
        }
    }
}
