//! Which snapshots may become the current model: those of this shop and channel, and no older one than was seen before, unless the step back
//! is declared.
//!
//! A good signature says who packed a file, and not that it belongs here and now. What is compared is in the signed header and in the signed
//! section `release`. The newest release seen is known to this process and, where the deployment says which shop or channel it is for, to
//! the location's cache, so that a process that just began knows it as well. (Without a shop and a channel releases have no common order: the
//! snapshots of several shops may be tried in turn, as on a developer's machine.)

use selvedge::snapshot::{Rollback, Snapshot};
use serde::Deserialize;

use crate::app::App;
use crate::config::Config;
use crate::fallback::{Fallback, Lent};
use crate::host::{CachedAnswer, Host, StoredBytes};
use crate::model::{Buffer, LoadError};

/// Seconds for which the location's cache keeps the time of the newest release; the cache may drop it earlier.
const SEEN_S: u32 = 30 * 24 * 60 * 60;

/// The declaration of a step back, as the pointer holds it.
#[derive(Deserialize)]
pub struct Declared {
    from_ms: u64,
    signature: String,
}

/// When the newest release was packed that was seen here, Unix milliseconds; 0 for none.
pub async fn newest_ms<H: Host>(app: &App<H>, host: &H) -> u64 {
    let own_ms = app.store.borrow().newest_ms();
    let Some(key) = cache_key(&app.config) else {
        return own_ms;
    };
    match host.find(&key).await {
        Ok(found) => own_ms.max(found.map_or(0, |found| found.stored_at_ms)),
        Err(error) => {
            app.failed_behind(host, Lent::LocationCache, &error);
            own_ms
        }
    }
}

/// Checks whether a snapshot may become the current model. `newest_ms`: when the newest release seen was packed.
///
/// # Errors
/// It is of another shop or channel, or an older release, and no declaration allows the step.
pub fn check<H: Host>(
    app: &App<H>,
    host: &H,
    snapshot: &Snapshot<Buffer>,
    declared: Option<&Declared>,
    newest_ms: u64,
) -> Result<(), LoadError> {
    let release = snapshot.release();
    for (what, setting, expected, found) in [
        ("shop", "SELVEDGE_SHOP", &app.config.shop, release.shop),
        ("channel", "SELVEDGE_CHANNEL", &app.config.channel, release.channel),
    ] {
        match expected {
            Some(expected) if expected != found => {
                return Err(LoadError::Foreign {
                    what,
                    setting,
                    expected: expected.clone(),
                    found: found.to_owned(),
                });
            }
            Some(_) => {}
            None => host.log(format_args!(
                "{setting}: not set, so a snapshot of any {what} is loaded; this one says {found:?}"
            )),
        }
    }
    let created_ms = snapshot.created_ms();
    if created_ms >= newest_ms {
        return Ok(());
    }
    let allowed = declared
        .and_then(|declared| Rollback::parse(declared.from_ms, &declared.signature))
        .is_some_and(|rollback| rollback.allows(newest_ms, snapshot.fingerprint(), &app.config.public_keys));
    if !allowed {
        return Err(LoadError::StepBack {
            version: snapshot.version(),
            created_ms,
            newest_ms,
        });
    }
    host.log(format_args!(
        "declared step back to {}, from a release packed {} s later",
        snapshot.version(),
        (newest_ms - created_ms) / 1000
    ));
    app.counters.count(Fallback::DeclaredStepBack);
    Ok(())
}

/// Notes that a release became the current model. It never lowers what was noted: after a declared step back, the release that was taken back
/// stays the newest one.
pub async fn note<H: Host>(app: &App<H>, host: &H, created_ms: u64, newest_ms: u64) {
    app.store.borrow_mut().saw(created_ms.max(newest_ms));
    if created_ms <= newest_ms {
        return;
    }
    let Some(key) = cache_key(&app.config) else { return };
    let entry = CachedAnswer {
        json: H::Bytes::of("{}"),
        etag: "\"newest\"".to_owned(),
        stored_at_ms: created_ms,
    };
    if let Err(error) = host.keep(&key, entry, SEEN_S).await {
        app.failed_behind(host, Lent::LocationCache, &error);
    }
}

/// The key of the newest release in the location's cache; [`None`] where the deployment does not say what it is for.
fn cache_key(config: &Config) -> Option<String> {
    let (shop, channel) = (config.shop.as_deref(), config.channel.as_deref());
    shop.or(channel)?;
    Some(["newest/", shop.unwrap_or("-"), "/", channel.unwrap_or("-")].concat())
}
