//! Fills a page's one slot with eight items, in pieces of 32 KiB as a server sends them, either with the core or with lol_html, the
//! engine of Cloudflare's HTMLRewriter.

use wasm_bindgen::prelude::wasm_bindgen;

const PIECE_BYTES: usize = 32 * 1024;
const ITEMS: usize = 8;

/// The page with its slot filled; empty where that failed.
#[cfg(feature = "selvedge")]
#[wasm_bindgen]
#[must_use]
pub fn fill(page: &[u8]) -> Vec<u8> {
    use selvedge::engine::{Item, Reason};
    use selvedge::html::{Options, Slots, Step};

    let titles: Vec<String> = (0..ITEMS).map(|place| format!("Item number {place}")).collect();
    let items: Vec<Item<'_>> = titles
        .iter()
        .map(|title| Item {
            id: title,
            title,
            categories: Vec::new(),
            image: None,
            attributes: Vec::new(),
            score: 1.0,
            reason: Reason::Popular,
        })
        .collect();
    let mut slots = Slots::new(Options::default());
    let mut out = Vec::with_capacity(page.len());
    for piece in page.chunks(PIECE_BYTES) {
        slots.push(piece);
        while let Step::Slot(_) = slots.step() {
            slots.fill("", &items);
        }
        out.extend(slots.take());
    }
    slots.end();
    out.extend(slots.take());
    out
}

/// The page with its slot filled; empty where that failed.
#[cfg(feature = "lol_html")]
#[wasm_bindgen]
#[must_use]
pub fn fill(page: &[u8]) -> Vec<u8> {
    use std::cell::RefCell;

    use lol_html::html_content::ContentType;
    use lol_html::{HtmlRewriter, Settings, element};

    let out = RefCell::new(Vec::with_capacity(page.len()));
    let items: String = (0..ITEMS)
        .map(|place| format!("<a href=\"/item/Item%20number%20{place}\">Item number {place}</a>"))
        .collect();
    let settings = Settings::new().append_element_content_handler(element!("[data-selvedge-slot]", |element| {
        element.set_inner_content(&items, ContentType::Html);
        Ok(())
    }));
    let mut rewriter = HtmlRewriter::new(settings, |bytes: &[u8]| out.borrow_mut().extend_from_slice(bytes));
    let written = page.chunks(PIECE_BYTES).all(|piece| rewriter.write(piece).is_ok());
    if !written || rewriter.end().is_err() {
        return Vec::new();
    }
    out.into_inner()
}
