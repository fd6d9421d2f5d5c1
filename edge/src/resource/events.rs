//! `POST /v1/events`: checks each event, adds it to the visitor's profile, and hands it to the collector.

use std::borrow::Cow;

use selvedge::engine::{CollectedEvent, EVENT_SCHEMA_VERSION, Empty, NamedDecision, Recorded};
use selvedge::event::validate_name;
use serde::Serialize;

use crate::body;
use crate::call::Call;
use crate::collector;
use crate::cross_origin;
use crate::host::Host;
use crate::limit;
use crate::loading;
use crate::problem::Problem;
use crate::random;
use crate::response::Response;
use crate::sent_event::{self, Batch, SentEvent};
use crate::visitor::Visitor;

const MAX_BODY_BYTES: usize = 64 * 1024;
const MAX_EVENTS: usize = 100;
const EXPECTED: &str = "{\"events\": [{\"type\": \"click\", \"item\": \"…\"}, …]} with 1 to 100 events";

#[derive(Serialize)]
struct Rejection {
    index: usize,
    reason: String,
}

#[derive(Serialize)]
struct Receipt {
    accepted: usize,
    collected: usize,
    rejected: Vec<Rejection>,
    segment: Option<u16>,
    /// Fields that nobody reads, such as `events[3].timestamp`. A field that was meant is then not lost without a word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<String>,
}

/// Takes a batch of events. The answer is a receipt: how many were accepted and collected, and why the others were rejected.
///
/// # Errors
/// A problem if the body is not a batch of 1 to 100 events, if a page of another site sent it, or if the client has sent too many requests.
pub async fn post<H: Host>(call: &mut Call<'_, H>) -> Result<Response<H>, Problem> {
    call.incoming
        .refuse_cross_site(cross_origin::is_allowed(&call.app.config, call.incoming))?;
    limit::check(call).await?;
    let Batch { events, unread: beside } = body::json(call, MAX_BODY_BYTES, EXPECTED).await?;
    if events.is_empty() || events.len() > MAX_EVENTS {
        return Err(Problem::body(EXPECTED, &format_args!("{} events", events.len())));
    }
    call.mark("body");

    let mut accepted = Vec::with_capacity(events.len());
    let mut rejected = Vec::new();
    let mut unread = Vec::new();
    sent_event::note(&mut unread, "", &beside);
    for (index, event) in events.into_iter().enumerate() {
        let read = SentEvent::read(event.get()).and_then(|event| {
            if !event.unread.is_empty() {
                sent_event::note(&mut unread, &format!("events[{index}]."), &event.unread);
            }
            check(event, call)
        });
        match read {
            Ok(event) => accepted.push(event),
            Err(reason) => rejected.push(Rejection { index, reason }),
        }
    }

    let visitor = Visitor::of(call);
    // Only the edge can have sealed the profile, so this visitor was here before. Whoever sends no cookie is a new visitor each time.
    let returning = visitor.profile.is_some();
    let mut update = visitor.into_update(call);
    let model = match loading::model(call.app, call.host, call.now_ms).await {
        Ok(model) => Some(model),
        Err(fallback) => {
            call.fell_back(fallback);
            None
        }
    };
    let mut segment = None;
    if let Some(update) = &mut update {
        let profile = &mut update.kept.profile;
        for event in &accepted {
            event.recorded.remember(profile, &event.item);
        }
        // Without a model, the history is kept all the same, and a later batch of events assigns the segment.
        segment = model
            .as_ref()
            .and_then(|model| model.engine.settle(profile, call.now_ms));
    }
    call.mark("record");

    let user = update.as_ref().map(|update| update.kept.profile.visitor.to_hex());
    let collected: Vec<CollectedEvent<'_>> = accepted
        .iter()
        .map(|event| {
            let decision = event.decision.as_ref();
            let shown_in = decision.map(|decision| decision.record().slot.as_str());
            let shown_at = decision.and_then(|decision| decision.position_of(&event.item));
            CollectedEvent {
                schema_version: EVENT_SCHEMA_VERSION,
                id: Cow::from(&event.id),
                user: user.as_deref(),
                returning,
                item: &event.item,
                r#type: event.recorded.kind,
                timestamp_ms: event.recorded.at_ms,
                value: event.value,
                slot: event.slot.as_deref().or(shown_in),
                position: event.position.or(shown_at),
                segment,
                model: model.as_ref().map(|model| model.engine.version()),
                decision: decision.map(|decision| decision.collected(model.as_ref().map(|model| &model.engine))),
                context: Empty {},
            }
        })
        .collect();
    let collected = collector::collect(call, &collected).await?;
    call.mark("collect");

    let receipt = Receipt {
        accepted: accepted.len(),
        collected,
        rejected,
        segment,
        unread,
    };
    let mut answer = Response::json(202, &receipt).with("cache-control", "no-store");
    if receipt.accepted > 0
        && let Some(update) = update
    {
        update.store(call, &mut answer);
    }
    Ok(answer)
}

struct AcceptedEvent {
    id: String,
    recorded: Recorded,
    item: String,
    value: Option<f64>,
    slot: Option<String>,
    position: Option<u32>,
    decision: Option<NamedDecision>,
}

/// Checks one event by the core's schema. The error is the reason for the receipt.
fn check<H: Host>(event: SentEvent, call: &Call<'_, H>) -> Result<AcceptedEvent, String> {
    let recorded = Recorded::check(&event.kind, &event.item, event.timestamp_ms, event.value, call.now_ms)
        .map_err(|error| error.to_string())?;
    for (field, name) in [("slot", &event.slot), ("id", &event.id)] {
        if let Some(name) = name {
            validate_name(field, name).map_err(|error| error.to_string())?;
        }
    }
    let named = |id: &str| NamedDecision::read(id, call.app.config.keyring.as_ref()).map_err(|error| error.to_string());
    let decision = event.decision.as_deref().map(named).transpose()?;
    let id = match event.id {
        Some(id) => id,
        None => random::uuid(call.host).map_err(|error| error.to_string())?,
    };
    Ok(AcceptedEvent {
        id,
        recorded,
        item: event.item,
        value: event.value,
        slot: event.slot,
        position: event.position,
        decision,
    })
}
