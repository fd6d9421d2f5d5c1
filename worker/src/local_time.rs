//! The visitor's own clock, from the time zone that the network derives from the connection.

use std::cell::RefCell;

use js_sys::{Array, Date, Intl, Object, Reflect};
use wasm_bindgen::JsValue;
use web_sys::Request;

use crate::shortcuts;

const MS_PER_MINUTE: i64 = 60_000;
/// Zones change their offset at full quarters of an hour, so an offset holds that long.
const OFFSET_HOLDS_MS: u64 = 15 * 60 * 1000;

struct Known {
    zone: String,
    quarter: u64,
    offset_ms: i64,
}

thread_local! {
    // The last zone only: an isolate serves one place, and making a formatter costs more than ranking.
    static LAST: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// How far the visitor's clock is ahead of UTC, in milliseconds; 0 where the zone is unknown. What the runtime knows of a connection
/// it unpacks when it is first asked.
pub fn local_offset_ms(request: &Request, now_ms: u64) -> i64 {
    let Some(zone) = shortcuts::time_zone(request) else {
        return 0;
    };
    let quarter = now_ms / OFFSET_HOLDS_MS;
    let known = LAST.with_borrow(|last| {
        last.as_ref()
            .filter(|known| known.zone == zone && known.quarter == quarter)
            .map(|known| known.offset_ms)
    });
    known.unwrap_or_else(|| {
        let offset_ms = offset_ms(&zone, now_ms).unwrap_or(0);
        LAST.replace(Some(Known {
            zone,
            quarter,
            offset_ms,
        }));
        offset_ms
    })
}

/// The offset of a zone from UTC. Measured: 0.5 ms of CPU for each zone, and 25 ms for the first one of a whole process,
/// which then loads its tables of the world (a process of the network is past that; a local one is not). The runtime knows the zones; it tells an offset as text only, such as `GMT-05:30`.
fn offset_ms(zone: &str, now_ms: u64) -> Option<i64> {
    let options = Object::new();
    Reflect::set(&options, &"timeZone".into(), &zone.into()).ok()?;
    Reflect::set(&options, &"timeZoneName".into(), &"longOffset".into()).ok()?;
    // `Intl.DateTimeFormat` throws for a zone it does not know, and its binding would pass that on as a trap.
    let constructor = Reflect::get(
        &Reflect::get(&js_sys::global(), &"Intl".into()).ok()?,
        &"DateTimeFormat".into(),
    )
    .ok()?;
    let arguments = Array::of2(&"en-US".into(), &options);
    let formatter: Intl::DateTimeFormat = Reflect::construct(&constructor.into(), &arguments).ok()?.into();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    let date = Date::new(&JsValue::from_f64(now_ms as f64));
    let shown = formatter.format().call1(&JsValue::UNDEFINED, &date).ok()?.as_string()?;
    parse_offset_ms(&shown)
}

fn parse_offset_ms(shown: &str) -> Option<i64> {
    let (_, offset) = shown.split_once("GMT")?;
    if offset.is_empty() {
        return Some(0);
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    Some(sign * minutes * MS_PER_MINUTE)
}
