//! Takes the address, serves the API at it, and stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vesting_core::ports::StakeStore;

use super::connections::{ConnectionLimits, Connections};
use super::events::watch_record;
use super::listen::{Timeouts, listen};
use super::listeners::Listeners;
use super::router::router;
use super::state::ApiState;
use crate::config::Config;
use crate::exit::UsageError;
use crate::state::State as DaemonState;

/// How long the end waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(1);

/// Takes the address that is configured. This is done first of all, since it fails where another `vesting
/// run` has it.
pub async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.bind;
    config.is_safe_to_serve().map_err(UsageError::from)?;
    let why = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!(
                "the API cannot listen on `bind = {address}`: another program does, perhaps another \
                `vesting run`; set `bind` to another port"
            )
        }
        _ => format!("the API cannot listen on `bind = {address}`"),
    };
    TcpListener::bind(address).await.map_err(|error| {
        let why = why(&error);
        anyhow::Error::new(error).context(why)
    })
}

/// The API, being served.
pub struct Served {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Serves the API until it is told to stop.
pub fn serve(
    listener: TcpListener,
    config: &Config,
    store: Arc<dyn StakeStore>,
    daemon: &Arc<DaemonState>,
) -> anyhow::Result<Served> {
    let address: SocketAddr = listener.local_addr().context("the API has no address")?;
    let (record_ends, listeners) = Listeners::new();
    let api = Arc::new(ApiState::new(store, config.clone(), Arc::clone(daemon), listeners));
    let (stop, stopped) = oneshot::channel();
    let (stop_watching, watching_stopped) = oneshot::channel();
    tokio::spawn(watch_record(Arc::clone(&api), record_ends, watching_stopped));
    let working_ahead = tokio::spawn(Arc::clone(&api).work_ahead());
    let stopped = async move {
        // An error means that nothing is left that could tell it to stop. It stops then too.
        let _ = stopped.await;
        // Streams of events do not end by themselves. An error means that the task has ended already.
        let _ = stop_watching.send(());
        working_ahead.abort();
    };
    let router = router(Arc::clone(&api)).context("the API cannot be described")?;
    let connections = Connections::new(ConnectionLimits::USUAL);
    let serving = listen(listener, router, connections, Timeouts::USUAL, stopped);
    tracing::info!("the API listens on http://{address}");
    Ok(Served { address, stop, task: tokio::spawn(serving) })
}

impl Served {
    /// Takes no more requests, and waits a little for those that are being answered.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        match tokio::time::timeout(GRACE, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the API ended"),
            Err(_) => tracing::warn!("some requests to the API were not done in time"),
        }
    }
}
