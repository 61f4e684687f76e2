//! `vesting run --read-only`.

use std::sync::Arc;

use super::start::off_thread;
use crate::commands::session::Session;
use crate::signal::stop_signal;
use crate::state::{State, observe, watched};
use crate::task::Task;
use crate::{api, notify, wiring};

/// Serves the API over the existing record.
pub async fn read_only(session: &Session, until_input_ends: bool) -> anyhow::Result<()> {
    let config = &session.config;
    let stop = stop_signal(until_input_ends)?;
    let listener = api::bind(config).await?;
    let state = State::new(config, None);
    let store = watched(off_thread(config, wiring::open_record).await?, &state);
    let served = api::serve(listener, config, Arc::clone(&store), &state)?;
    state.reading_began();
    let background = [
        Task::spawn(observe(Arc::clone(&state), store, config.clone())),
        Task::spawn(notify::notify(Arc::clone(&state))),
    ];
    stop.await;
    drop(background);
    notify::stopping().await;
    served.stop().await;
    Ok(())
}
