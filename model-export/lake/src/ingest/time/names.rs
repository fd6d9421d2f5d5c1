//! Names of months and weekdays, and the words around them, in English, German, French, Spanish, Italian, Portuguese, Dutch and Polish.

/// The longest word that is looked up; a longer one is none of these.
const LONGEST: usize = 24;

/// Long and short names by month, without accents and in lower case.
const MONTHS: [&[&str]; 12] = [
    &[
        "january", "jan", "januar", "janner", "janvier", "janv", "enero", "ene", "gennaio", "gen", "janeiro",
        "januari", "styczen", "stycznia", "sty",
    ],
    &[
        "february",
        "feb",
        "februar",
        "fevrier",
        "fevr",
        "fev",
        "febrero",
        "febbraio",
        "febb",
        "fevereiro",
        "februari",
        "luty",
        "lutego",
        "lut",
    ],
    &[
        "march", "mar", "marz", "maerz", "mrz", "mars", "marzo", "marco", "maart", "mrt", "marzec", "marca",
    ],
    &[
        "april", "apr", "avril", "avr", "abril", "abr", "aprile", "kwiecien", "kwietnia", "kwi",
    ],
    &["may", "mai", "mayo", "maggio", "mag", "maio", "mei", "maj", "maja"],
    &[
        "june", "jun", "juni", "juin", "junio", "giugno", "giu", "junho", "czerwiec", "czerwca", "cze",
    ],
    &[
        "july", "jul", "juli", "juillet", "juil", "julio", "luglio", "lug", "julho", "lipiec", "lipca", "lip",
    ],
    &[
        "august", "aug", "aout", "agosto", "ago", "augustus", "sierpien", "sierpnia", "sie",
    ],
    &[
        "september",
        "sep",
        "sept",
        "septembre",
        "septiembre",
        "setiembre",
        "settembre",
        "set",
        "setembro",
        "wrzesien",
        "wrzesnia",
        "wrz",
    ],
    &[
        "october",
        "oct",
        "oktober",
        "okt",
        "octobre",
        "octubre",
        "ottobre",
        "ott",
        "outubro",
        "out",
        "pazdziernik",
        "pazdziernika",
        "paz",
    ],
    &[
        "november",
        "nov",
        "novembre",
        "noviembre",
        "novembro",
        "listopad",
        "listopada",
        "lis",
    ],
    &[
        "december",
        "dec",
        "dezember",
        "dez",
        "decembre",
        "diciembre",
        "dic",
        "dicembre",
        "dezembro",
        "grudzien",
        "grudnia",
        "gru",
    ],
];

/// Names of weekdays. They say nothing that the date does not say.
const WEEKDAYS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonnabend",
    "sonntag",
    "mo",
    "di",
    "mi",
    "do",
    "fr",
    "sa",
    "so",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "lun",
    "mer",
    "jeu",
    "ven",
    "sam",
    "dim",
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "viernes",
    "sabado",
    "domingo",
    "mie",
    "jue",
    "vie",
    "sab",
    "dom",
    "lunedi",
    "martedi",
    "mercoledi",
    "giovedi",
    "venerdi",
    "sabato",
    "domenica",
    "gio",
    "segunda",
    "terca",
    "quarta",
    "quinta",
    "sexta",
    "feira",
    "seg",
    "ter",
    "qua",
    "qui",
    "sex",
    "maandag",
    "dinsdag",
    "woensdag",
    "donderdag",
    "vrijdag",
    "zaterdag",
    "zondag",
    "ma",
    "wo",
    "vr",
    "za",
    "zo",
    "poniedzialek",
    "wtorek",
    "sroda",
    "czwartek",
    "piatek",
    "sobota",
    "niedziela",
    "pon",
    "wt",
    "sr",
    "czw",
    "pt",
    "sob",
    "niedz",
];

/// Words that stand between the parts of a date.
const FILLERS: &[&str] = &[
    "de", "del", "of", "the", "at", "on", "um", "uhr", "den", "der", "le", "el", "il", "alle", "ore", "as", "a", "om",
    "o", "godz", "r", "h", "heures",
];

/// What a word of a time says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// A month, from 1.
    Month(i8),
    /// A weekday or a word without meaning.
    Filler,
    /// Before noon.
    Am,
    /// After noon.
    Pm,
    /// A zone, as seconds east of Greenwich.
    Zone(i32),
}

/// The meaning of a word.
pub fn word(text: &str) -> Option<Word> {
    if text.len() > LONGEST {
        return None;
    }
    let plain = fold(text);
    let plain = plain.as_str();
    let month = MONTHS.iter().zip(1..).find(|(names, _)| names.contains(&plain));
    if let Some((_, month)) = month {
        return Some(Word::Month(month));
    }
    match plain {
        "am" => return Some(Word::Am),
        "pm" => return Some(Word::Pm),
        _ => {}
    }
    if let Some(seconds) = zone(plain) {
        return Some(Word::Zone(seconds));
    }
    (WEEKDAYS.contains(&plain) || FILLERS.contains(&plain)).then_some(Word::Filler)
}

/// Short names of zones that mean one thing everywhere. `IST`, `BST` and `AST` mean several, so a time with them is not read.
fn zone(plain: &str) -> Option<i32> {
    let hours = match plain {
        "z" | "utc" | "gmt" | "ut" | "wet" => 0,
        "cet" | "mez" | "west" => 1,
        "cest" | "mesz" | "eet" => 2,
        "eest" | "msk" => 3,
        "jst" | "kst" => 9,
        "aest" => 10,
        "aedt" => 11,
        "edt" => -4,
        "est" | "cdt" => -5,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" => -8,
        _ => return None,
    };
    Some(hours * 3600)
}

/// Lower case, without accents and without dots (`févr.` → `fevr`, `a.m.` → `am`).
fn fold(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        plain.push(match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'ą' => 'a',
            'ç' | 'ć' => 'c',
            'è' | 'é' | 'ê' | 'ë' | 'ę' => 'e',
            'ì' | 'í' | 'î' => 'i',
            'ł' => 'l',
            'ñ' | 'ń' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
            'ś' => 's',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ź' | 'ż' => 'z',
            '.' => continue,
            // Combining accents: the same letter in two characters.
            '\u{300}'..='\u{36f}' => continue,
            c => c,
        });
    }
    plain
}

/// Whether a word that names a month names a weekday, too: `mar.` is March, and Tuesday in French, Spanish and Italian.
pub fn is_weekday_too(month: i8) -> bool {
    month == 3
}
