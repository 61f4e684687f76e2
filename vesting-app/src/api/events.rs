//! `GET /v1/events`: new epochs, and how far the records go, as they come (server-sent events).

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::Instant;
use vesting_core::{BlockNumber, Epoch, NetUid, TrackerError};

use super::problem::Problem;
use super::query::Query;
use super::server::Api;
use crate::output::time;
use crate::view::state;

/// How often the record is looked at, while somebody listens.
const POLL: Duration = Duration::from_secs(1);

/// The longest time without a word of how far the records go.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The most epochs of a subnet that a listener who comes back is told of: the newest.
const MOST: usize = 1_000;

/// The most listeners at once.
pub const LISTENERS: usize = 64;

/// How far the records go, or that they cannot be read just now.
pub type Seen = Option<Arc<Vec<state::State>>>;

/// Looks at the record while somebody listens, until told to stop; then every stream ends.
pub async fn watch_record(api: Arc<Api>, seen: watch::Sender<Seen>, mut stopped: oneshot::Receiver<()>) {
    loop {
        // One of them is the one that listeners get theirs from.
        if seen.receiver_count() > 1 {
            let now = look(&api).await;
            seen.send_if_modified(|before| {
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

async fn look(api: &Api) -> Seen {
    let netuids = api.netuids().await.ok()?;
    api.states(&netuids).await.ok().map(Arc::new)
}

#[derive(Serialize)]
struct NewEpoch {
    netuid: u16,
    block: u64,
    epoch_index: Option<u64>,
    time: String,
}

/// One who listens.
struct Listener {
    api: Arc<Api>,
    /// The subnet that is listened for; all where there is none.
    only: Option<NetUid>,
    seen: watch::Receiver<Seen>,
    /// The last epoch told of each subnet.
    told: BTreeMap<u16, u64>,
    /// What was last said of how far they go.
    said: Seen,
    said_at: Instant,
    ready: VecDeque<Event>,
    _place: OwnedSemaphorePermit,
}

pub async fn events(State(api): State<Arc<Api>>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let only = Query::of(&uri, &["netuid"])?.netuid()?.map(NetUid);
    if let Some(netuid) = only
        && !api.netuids().await?.contains(&netuid)
    {
        return Err(TrackerError::NotRecorded(netuid).into());
    }
    let told = match headers.get("last-event-id") {
        Some(id) => id.to_str().ok().and_then(read_id).ok_or_else(|| {
            Problem::bad_input(
                "Last-Event-ID",
                "it is no `id` of an event of this path: leave it out to begin with the next epoch",
            )
        })?,
        None => BTreeMap::new(),
    };
    let too_many = |_| Problem::busy(format!("{LISTENERS} listen already: try again later"));
    let place = Arc::clone(&api.listeners).try_acquire_owned().map_err(too_many)?;
    let seen = api.seen.clone();
    let now = look(&api).await;
    let mut listener = Listener {
        api,
        only,
        seen,
        told,
        said: None,
        said_at: Instant::now(),
        ready: VecDeque::new(),
        _place: place,
    };
    listener.hear(now).await;
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let mut response =
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here")).into_response();
    // A proxy that gathers answers would hold events back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

impl Listener {
    /// The next event; `None` once the server ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let heartbeat = self.said_at.checked_add(HEARTBEAT).unwrap_or(self.said_at);
            tokio::select! {
                changed = self.seen.changed() => changed.ok()?,
                () = tokio::time::sleep_until(heartbeat) => self.said = None,
            }
            let now = self.seen.borrow_and_update().clone();
            self.hear(now).await;
        }
    }

    /// Tells what is new.
    async fn hear(&mut self, now: Seen) {
        let Some(states) = now else {
            self.say_at(
                Event::default().event("unreadable"),
                &json!({ "detail": "the record cannot be read just now" }),
            );
            self.said = None;
            return;
        };
        let concerns = |state: &&state::State| self.only.is_none_or(|only| only.0 == state.netuid);
        let states: Vec<state::State> = states.iter().filter(concerns).cloned().collect();
        for state in &states {
            self.tell_epochs(state).await;
        }
        let before = self.said.take();
        for state in &states {
            if before.as_ref().is_none_or(|before| !before.contains(state)) {
                self.say_at(Event::default().event("state"), state);
            }
        }
        self.said = Some(Arc::new(states));
    }

    /// Tells of the epochs since the last one told; where none was, from the next one on.
    async fn tell_epochs(&mut self, state: &state::State) {
        let last = state.as_of.unwrap_or_default();
        // One who heard of a later epoch heard of another record.
        let told = *self.told.entry(state.netuid).and_modify(|told| *told = last.min(*told)).or_insert(last);
        if told >= last {
            return;
        }
        let netuid = NetUid(state.netuid);
        // What cannot be read now is told with what comes next.
        let Ok(epochs) =
            self.api.store.epoch_list(netuid, BlockNumber(told).child(), BlockNumber(last)).await
        else {
            return;
        };
        for Epoch { block, index, time: at, .. } in epochs.iter().skip(epochs.len().saturating_sub(MOST)) {
            self.told.insert(state.netuid, block.number.0);
            let told = NewEpoch {
                netuid: state.netuid,
                block: block.number.0,
                epoch_index: *index,
                time: time(*at),
            };
            self.say_at(Event::default().event("epoch"), &told);
        }
    }

    fn say_at(&mut self, event: Event, data: &impl Serialize) {
        self.said_at = Instant::now();
        let event = if self.told.is_empty() { event } else { event.id(write_id(&self.told)) };
        // Numbers and text: this cannot fail.
        self.ready.push_back(event.data(serde_json::to_string(data).unwrap_or_default()));
    }
}

/// The last epoch told of each subnet, as the `id` of an event: `2:1200,3:1187`.
fn write_id(told: &BTreeMap<u16, u64>) -> String {
    told.iter().map(|(netuid, block)| format!("{netuid}:{block}")).collect::<Vec<_>>().join(",")
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
        let told = BTreeMap::from([(2, 1200), (300, 7)]);
        assert_eq!((write_id(&told).as_str(), read_id("2:1200,300:7")), ("2:1200,300:7", Some(told)));
        assert_eq!(read_id(""), Some(BTreeMap::new()));
        for wrong in ["2", "2:", ":3", "2:x", "2:1,", "70000:1", "2:1;3:4"] {
            assert_eq!(read_id(wrong), None, "{wrong}");
        }
    }
}
