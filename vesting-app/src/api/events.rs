//! `GET /v1/events`: new epochs, and how far the records go, as they come (server-sent events).

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::Instant;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use vesting_core::{BlockNumber, Epoch, NetUid, TrackerError};

use super::listeners::{RecordEnds, has_listeners};
use super::parameters::{Netuid, in_header, pattern};
use super::problem::Problem;
use super::query::Query;
use super::responses::RecordProblems;
use super::state::ApiState;
use crate::output::time;
use crate::view::subnet::Subnet;

/// The pause between two looks at the record, while somebody listens.
const POLL: Duration = Duration::from_secs(1);

/// The longest time without an event.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The most missed epochs of a subnet that a listener is told of when it comes back: the newest.
const MOST: usize = 1_000;

/// Looks at the record while somebody listens, until it is told to stop. Then every stream ends.
pub async fn watch_record(
    api: Arc<ApiState>,
    ends: watch::Sender<RecordEnds>,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        if has_listeners(&ends) {
            let now = read_ends(&api).await;
            ends.send_if_modified(|before| {
                let differs = *before != now;
                *before = now;
                differs
            });
        }
        tokio::select! {
            _ = &mut stopped => return,
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn read_ends(api: &ApiState) -> RecordEnds {
    let netuids = api.netuids().await.ok()?;
    api.record_ends(&netuids).await.ok().map(Arc::new)
}

#[derive(Serialize)]
struct NewEpoch {
    netuid: u16,
    block: u64,
    epoch_index: Option<u64>,
    time: String,
}

/// A client that listens.
struct Listener {
    api: Arc<ApiState>,
    /// The only subnet it is told of; `None` for all.
    only: Option<NetUid>,
    ends: watch::Receiver<RecordEnds>,
    /// The last epoch of each subnet that it was told of.
    last_epochs: BTreeMap<u16, u64>,
    /// The ends of the records that it was told of last; `None` where it is to be told again.
    last_ends: RecordEnds,
    /// When it was sent the last event.
    last_event: Instant,
    /// Events that are not sent yet.
    queue: VecDeque<Event>,
    /// Its place among the listeners, until it is dropped.
    _place: OwnedSemaphorePermit,
}

/// The last epoch of each subnet that a listener was told of before it came back.
pub struct LastEventId(BTreeMap<u16, u64>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(id) = parts.headers.get("last-event-id") else { return Ok(Self(BTreeMap::new())) };
        let wrong = || {
            Problem::bad_input(
                "Last-Event-ID",
                "it is no `id` of an event of this path: leave it out to begin with the next epoch",
            )
        };
        id.to_str().ok().and_then(read_id).map(Self).ok_or_else(wrong)
    }
}

impl IntoParams for LastEventId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = "The `id` of the last event heard: what came after it is told first, of each subnet the \
            newest 1,000 epochs at most.";
        let ids = pattern("^([0-9]{1,5}:[0-9]+(,[0-9]{1,5}:[0-9]+)*)?$");
        vec![in_header("Last-Event-ID", text, ids)]
    }
}

/// New epochs, and how far the records go, as they come.
///
/// Server-sent events. `epoch`: netuid, block, epoch_index, time. `state`: as a line of /v1/subnets; at once,
/// whenever it changes, and every 15 s. `unreadable`: the record cannot be read just now. Every event has an
/// `id`.
#[utoipa::path(
    get,
    path = "/v1/events",
    params(Query<Netuid>, LastEventId),
    responses(
        (
            status = 200,
            description = "New epochs, and how far the records go, as they come.",
            body = String,
            content_type = "text/event-stream"
        ),
        RecordProblems
    ),
)]
pub async fn events(
    State(api): State<Arc<ApiState>>,
    Query(Netuid(netuid)): Query<Netuid>,
    LastEventId(last_epochs): LastEventId,
) -> Result<Response, Problem> {
    let only = netuid.map(NetUid);
    if let Some(netuid) = only
        && !api.netuids().await?.contains(&netuid)
    {
        return Err(TrackerError::NotRecorded(netuid).into());
    }
    let (place, ends) = api.listeners.admit()?;
    let now = read_ends(&api).await;
    let mut listener = Listener {
        api,
        only,
        ends,
        last_epochs,
        last_ends: None,
        last_event: Instant::now(),
        queue: VecDeque::new(),
        _place: place,
    };
    listener.queue_news(now).await;
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let mut response =
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here")).into_response();
    // A proxy that buffers answers would hold events back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

impl Listener {
    /// The next event; `None` once the server ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            let heartbeat = self.last_event.checked_add(HEARTBEAT).unwrap_or(self.last_event);
            tokio::select! {
                changed = self.ends.changed() => changed.ok()?,
                () = tokio::time::sleep_until(heartbeat) => self.last_ends = None,
            }
            let now = self.ends.borrow_and_update().clone();
            self.queue_news(now).await;
        }
    }

    /// Queues events of what is new.
    async fn queue_news(&mut self, now: RecordEnds) {
        let Some(ends) = now else {
            let detail = json!({ "detail": "the record cannot be read just now" });
            self.queue_event("unreadable", &detail);
            self.last_ends = None;
            return;
        };
        let is_wanted = |end: &&Subnet| self.only.is_none_or(|only| only.0 == end.netuid);
        let ends: Vec<Subnet> = ends.iter().filter(is_wanted).cloned().collect();
        for end in &ends {
            self.queue_epochs(end).await;
        }
        let before = self.last_ends.take();
        for end in &ends {
            if before.as_ref().is_none_or(|before| !before.contains(end)) {
                self.queue_event("state", end);
            }
        }
        self.last_ends = Some(Arc::new(ends));
    }

    /// Queues the epochs since the last one it was told of. A listener that was told of none hears from the
    /// next epoch on.
    async fn queue_epochs(&mut self, end: &Subnet) {
        let newest = end.as_of.unwrap_or_default();
        // A listener that was told of a later epoch was told of another record.
        let last = self.last_epochs.entry(end.netuid).and_modify(|last| *last = newest.min(*last));
        let last = *last.or_insert(newest);
        if last >= newest {
            return;
        }
        let (netuid, from, to) = (NetUid(end.netuid), BlockNumber(last).child(), BlockNumber(newest));
        // Epochs that cannot be read now are told with the next news.
        let Ok(epochs) = self.api.store.epoch_list(netuid, from, to).await else { return };
        for Epoch { block, index, time: at, .. } in epochs.iter().skip(epochs.len().saturating_sub(MOST)) {
            self.last_epochs.insert(end.netuid, block.number.0);
            let epoch =
                NewEpoch { netuid: end.netuid, block: block.number.0, epoch_index: *index, time: time(*at) };
            self.queue_event("epoch", &epoch);
        }
    }

    fn queue_event(&mut self, name: &str, data: &impl Serialize) {
        self.last_event = Instant::now();
        let mut event = Event::default().event(name);
        if !self.last_epochs.is_empty() {
            event = event.id(write_id(&self.last_epochs));
        }
        // Numbers and text: this cannot fail.
        self.queue.push_back(event.data(serde_json::to_string(data).unwrap_or_default()));
    }
}

/// The last epoch of each subnet as the `id` of an event: `2:1200,3:1187`.
fn write_id(last_epochs: &BTreeMap<u16, u64>) -> String {
    last_epochs.iter().map(|(netuid, block)| format!("{netuid}:{block}")).collect::<Vec<_>>().join(",")
}

fn read_id(id: &str) -> Option<BTreeMap<u16, u64>> {
    if id.is_empty() {
        return Some(BTreeMap::new());
    }
    id.split(',')
        .map(|one| {
            one.split_once(':')
                .and_then(|(netuid, block)| Some((netuid.trim().parse().ok()?, block.trim().parse().ok()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_the_last_epoch_of_every_subnet() {
        let last_epochs = BTreeMap::from([(2, 1200), (300, 7)]);
        assert_eq!(
            (write_id(&last_epochs).as_str(), read_id("2:1200,300:7")),
            ("2:1200,300:7", Some(last_epochs))
        );
        assert_eq!(read_id(""), Some(BTreeMap::new()));
        for wrong in ["2", "2:", ":3", "2:x", "2:1,", "70000:1", "2:1;3:4"] {
            assert_eq!(read_id(wrong), None, "{wrong}");
        }
    }
}
