//! Messages to the service manager (sd_notify(3)), if there is one: that the program is ready, its status,
//! that it is alive, and that it stops.
//!
//! Takes from `state`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::state::{LastError, Role, State};

/// How much more time each message asks for while the program starts.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// One message.
#[derive(Debug, Default)]
struct Message {
    ready: bool,
    alive: bool,
    stopping: bool,
    /// How much more time the start needs, from now on.
    starts_within: Option<Duration>,
    status: Option<String>,
}

/// Sends every change of the status, for ever.
pub async fn notify(state: Arc<State>) {
    let (mut news, mut ready, mut last) = (state.news(), false, String::new());
    let pause = watchdog().map(|longest| longest / 2).filter(|pause| !pause.is_zero());
    let mut ticks = tokio::time::interval(pause.unwrap_or(Duration::from_secs(3_600)));
    loop {
        let status = status(&state);
        if (state.is_begun() && !ready) || status != last {
            let first = state.is_begun() && !ready;
            ready = state.is_begun();
            send(Message { ready: first, status: Some(status.clone()), ..Message::default() }).await;
            last = status;
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() {
                return;
            },
            _ = ticks.tick() => {
                // If a follower hangs, no message is sent, and the manager restarts the service.
                if pause.is_some() && state.is_alive(Instant::now()) {
                    send(Message { alive: true, ..Message::default() }).await;
                }
            }
        }
    }
}

/// Reports that the program is starting, for ever. A database that is not up yet or a slow chain is no reason
/// to be killed: whatever the start waits for has a deadline, or is retried and logged.
pub async fn starting(state: &State) -> Infallible {
    loop {
        let mut status = "starting: asking the chain and opening the database".to_owned();
        if let Some(reason) = retry_reason(state.start_error()) {
            status = format!("{status}; {reason}");
        }
        send(Message { starts_within: Some(STARTS_WITHIN), status: Some(status), ..Message::default() })
            .await;
        tokio::time::sleep(STARTS_WITHIN / 3).await;
    }
}

/// Reports that the program is stopping.
pub async fn stopping() {
    send(Message { stopping: true, ..Message::default() }).await;
}

/// The status of every record.
fn status(state: &State) -> String {
    let head = state.head();
    let mut parts: Vec<String> = Vec::new();
    for (netuid, subnet) in state.subnets() {
        let reason = retry_reason(subnet.last_error).map_or_else(String::new, |reason| format!(", {reason}"));
        let Some(record) = subnet.watermark else {
            parts.push(format!("subnet {netuid}: nothing recorded yet{reason}"));
            continue;
        };
        let block = record.block.number;
        let lag = head.map_or_else(String::new, |head| format!(", lag {}", head.0.saturating_sub(block.0)));
        let role = match &subnet.role {
            Role::Leader => String::new(),
            Role::Standby { by } => format!(", standing by for {by}"),
            Role::Reader => ", read only".to_owned(),
        };
        parts.push(format!("subnet {netuid}: block {block}{lag}{role}{reason}"));
    }
    parts.join("; ")
}

/// The error because of which something is being retried.
fn retry_reason(error: Option<LastError>) -> Option<String> {
    error
        .filter(|error| error.holds)
        .map(|error| format!("trying again: {}", error.message.replace('\n', " ")))
}

#[cfg(unix)]
fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

#[cfg(not(unix))]
const fn watchdog() -> Option<Duration> {
    None
}

/// A manager that does not read its socket must not delay anything else.
#[cfg(unix)]
async fn send(message: Message) {
    use sd_notify::NotifyState;

    let task = move || {
        let mut states = Vec::new();
        states.extend(message.ready.then_some(NotifyState::Ready));
        states.extend(message.alive.then_some(NotifyState::Watchdog));
        states.extend(message.stopping.then_some(NotifyState::Stopping));
        let longer = message.starts_within.and_then(|longer| u32::try_from(longer.as_micros()).ok());
        states.extend(longer.map(NotifyState::ExtendTimeoutUsec));
        states.extend(message.status.as_deref().map(NotifyState::Status));
        sd_notify::notify(&states)
    };
    match tokio::time::timeout(Duration::from_secs(1), tokio::task::spawn_blocking(task)).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => tracing::debug!(%error, "the service manager cannot be notified"),
        Ok(Err(error)) => tracing::debug!(%error, "the service manager cannot be notified"),
        Err(_) => tracing::debug!("the service manager does not listen"),
    }
}

#[cfg(not(unix))]
async fn send(_: Message) {}
