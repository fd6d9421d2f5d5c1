//! What an event type, a state of an order or a row's item stands for.

use selvedge::event::EventKind;

use super::names::words;
use super::words::events::{DONE, KINDS, NEGATIVE, PENDING};
use super::words::goods::{CODES, FILLING, WORDS};

/// What an event type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something a visitor did.
    Kind(EventKind),
    /// Nothing that counts: a step of checkout, a look at the basket.
    Nothing,
    /// It takes something back, or says that something did not happen.
    TakesBack,
    /// No word of it is known.
    Unknown,
}

/// What an event type stands for, by the longest words of it that are known. A word that takes back wins over all others.
pub fn of_event_type(name: &str) -> Meaning {
    let words = words(name);
    if is_negative(&words) {
        return Meaning::TakesBack;
    }
    let mut best: Option<(usize, Option<EventKind>)> = None;
    for (phrase, kind) in KINDS {
        let parts: Vec<&str> = phrase.split(' ').collect();
        if contains(&words, &parts) && best.is_none_or(|(length, _)| phrase.len() > length) {
            best = Some((phrase.len(), *kind));
        }
    }
    if best.is_none() {
        // Names without separators (`productview`) and compounds (`Produktansicht`): the known word must be what is left behind a thing's name,
        // or long enough not to lie in another by chance, as `view` does in `review`.
        for word in &words {
            let rest = THINGS.iter().find_map(|thing| word.strip_prefix(thing)).unwrap_or(word);
            for (phrase, kind) in KINDS {
                let plain: String = phrase.split(' ').collect();
                let fits = rest == plain || (plain.len() >= 7 && word.ends_with(&plain));
                if fits && best.is_none_or(|(length, _)| plain.len() > length) {
                    best = Some((plain.len(), *kind));
                }
            }
        }
    }
    match best {
        Some((_, Some(kind))) => Meaning::Kind(kind),
        Some((_, None)) => Meaning::Nothing,
        None => Meaning::Unknown,
    }
}

/// What stands before the verb in names without separators.
const THINGS: &[&str] = &[
    "product", "item", "page", "content", "article", "artikel", "produkt", "movie", "video", "detail", "list",
];

/// Whether the words of one phrase stand next to each other in a name.
fn contains(words: &[String], parts: &[&str]) -> bool {
    words.windows(parts.len()).any(|window| {
        window
            .iter()
            .zip(parts)
            .all(|(word, part)| word == part || word.strip_suffix('s') == Some(part))
    })
}

fn is_negative(words: &[String]) -> bool {
    let joined = words.join(" ");
    words.iter().any(|word| {
        let listed = NEGATIVE
            .iter()
            .any(|negative| word == negative || (negative.len() >= 5 && word.starts_with(negative)));
        let denied = ["un", "dis", "de"].iter().any(|prefix| {
            word.strip_prefix(prefix).is_some_and(|rest| {
                rest.len() >= 3 && KINDS.iter().any(|(phrase, kind)| kind.is_some() && *phrase == rest)
            })
        });
        listed || denied
    }) || NEGATIVE
        .iter()
        .any(|negative| negative.contains(' ') && joined.contains(negative))
}

/// Whether an event type that takes back is about an order or a purchase, and not about the basket.
pub fn is_about_orders(name: &str) -> bool {
    let words = words(name);
    let about = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let order = [
        "order",
        "purchase",
        "transaction",
        "refund",
        "refunded",
        "return",
        "returned",
        "bestellung",
        "kauf",
        "commande",
        "pedido",
        "compra",
        "ordine",
        "acquisto",
        "encomenda",
        "bestelling",
        "aankoop",
        "zamowienie",
        "zakup",
        "storno",
        "retoure",
        "chargeback",
        "void",
        "voided",
    ];
    let failed = ["fail", "failed", "failure", "abandoned", "abandon", "error", "declined"];
    about(&order) && !about(&failed)
}

/// What the state of an order says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It came about.
    Done,
    /// It was taken back, or failed, or is not one yet.
    No,
    /// No word of it is known.
    Unknown,
}

/// What a state stands for.
pub fn of_state(value: &str) -> State {
    let words: Vec<String> = words(value).into_iter().filter(|word| word != "wc").collect();
    let text = words.join(" ");
    let listed = |list: &[&str]| list.iter().any(|known| *known == text);
    if listed(DONE) {
        State::Done
    } else if is_negative(&words) || is_pending(&words) {
        State::No
    } else {
        State::Unknown
    }
}

fn is_pending(words: &[String]) -> bool {
    PENDING.iter().any(|known| {
        let parts: Vec<&str> = known.split(' ').collect();
        contains(words, &parts)
    })
}

/// Whether a document is one that takes goods back: a credit note, a return.
pub fn takes_back(value: &str) -> bool {
    let words = words(value);
    let credit = contains(&words, &["credit", "note"])
        || contains(&words, &["credit", "memo"])
        || contains(&words, &["nota", "credito"]);
    credit || is_negative(&words)
}

/// Whether an id is one that shop systems give to postage, fees and the like. Ids of one or two letters are only such where most ids are longer.
pub fn is_no_goods_code(id: &str, short_ids: bool) -> bool {
    let plain = words(id).join(" ");
    CODES
        .iter()
        .any(|code| *code == plain && (code.len() > 2 || !short_ids))
}

/// Whether a title names postage, a fee, a discount or the like: all of its words do.
pub fn is_no_goods_title(title: &str) -> bool {
    let words: Vec<String> = words(title)
        .into_iter()
        .filter(|word| !word.chars().all(|c| c.is_ascii_digit()))
        .collect();
    let telling = |word: &String| WORDS.contains(&word.as_str());
    !words.is_empty()
        && words.iter().any(telling)
        && words
            .iter()
            .all(|word| telling(word) || FILLING.contains(&word.as_str()) || word.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_of_many_systems() {
        use EventKind::{AddToCart, Click, Conversion, Impression, View};
        for (name, expected) in [
            ("VIEW", Meaning::Kind(View)),
            ("page_view", Meaning::Kind(View)),
            ("view_item", Meaning::Kind(View)),
            ("view_item_list", Meaning::Kind(Impression)),
            ("select_item", Meaning::Kind(Click)),
            ("Product Added", Meaning::Kind(AddToCart)),
            ("addToCart", Meaning::Kind(AddToCart)),
            ("in den Warenkorb", Meaning::Kind(AddToCart)),
            ("Produktansicht", Meaning::Kind(View)),
            ("ajout au panier", Meaning::Kind(AddToCart)),
            ("dodanie do koszyka", Meaning::Kind(AddToCart)),
            ("Order Completed", Meaning::Kind(Conversion)),
            ("compra", Meaning::Kind(Conversion)),
            ("transaction", Meaning::Kind(Conversion)),
            ("view_cart", Meaning::Nothing),
            ("remove_from_cart", Meaning::TakesBack),
            ("Product Removed", Meaning::TakesBack),
            ("order_cancelled", Meaning::TakesBack),
            ("Order Refunded", Meaning::TakesBack),
            ("cart_abandoned", Meaning::TakesBack),
            ("payment_failed", Meaning::TakesBack),
            ("unlike", Meaning::TakesBack),
            ("unbookmark", Meaning::TakesBack),
            ("not_interested", Meaning::TakesBack),
            ("Stornierung", Meaning::TakesBack),
            ("remboursement", Meaning::TakesBack),
            ("heartbeat", Meaning::Unknown),
        ] {
            assert_eq!(of_event_type(name), expected, "{name}");
        }
    }

    #[test]
    fn states_of_orders() {
        for (value, expected) in [
            ("paid", State::Done),
            ("partially_refunded", State::Done),
            ("wc-completed", State::Done),
            ("Abgeschlossen", State::Done),
            ("refunded", State::No),
            ("wc-on-hold", State::No),
            ("voided", State::No),
            ("pending", State::No),
            ("Zahlung offen", State::No),
            ("storniert", State::No),
            ("annulée", State::No),
            ("gelb", State::Unknown),
        ] {
            assert_eq!(of_state(value), expected, "{value}");
        }
    }

    #[test]
    fn postage_is_no_goods_and_a_postcard_is() {
        for title in [
            "POSTAGE",
            "DOTCOM POSTAGE",
            "Versandkosten",
            "Frais de port",
            "Gift voucher 20",
            "Discount",
        ] {
            assert!(is_no_goods_title(title), "{title}");
        }
        for title in [
            "Postcard set",
            "Delivery van toy",
            "Discount book of chess",
            "Pfandflasche Cola",
            "",
        ] {
            assert!(!is_no_goods_title(title), "{title}");
        }
        assert!(is_no_goods_code("POST", true));
        assert!(is_no_goods_code("M", false));
        assert!(!is_no_goods_code("M", true));
    }
}
