//! `vesting simnode`.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::recording;

use super::Session;
use super::run::stop_signal;
use crate::UsageError;
use crate::cli::SimnodeArgs;

#[derive(Serialize)]
struct Listening {
    url: String,
    head: u32,
    last: u32,
}

pub async fn run(session: &mut Session, args: &SimnodeArgs) -> anyhow::Result<()> {
    let history = match (&args.recording, args.scenario.as_deref()) {
        (Some(folder), _) => recording::load(folder).with_context(|| format!("cannot serve the recording {}", folder.display()))?,
        (None, Some(other)) => return Err(UsageError(format!("there is no scenario `{other}`; there is: demo")).into()),
        (None, None) => return Err(UsageError("what to serve? `--recording DIR` or `--scenario demo`".into()).into()),
    };
    let last = history.last();
    let options = NodeOptions {
        listen: args.listen,
        latency: Duration::from_millis(args.latency_ms),
        advance: args.advance_ms.map(Duration::from_millis),
        start_at: args.start_at,
    };
    let node = serve(Arc::new(RwLock::new(history)), options).await?;
    let listening = Listening { url: node.url(), head: node.head(), last };
    if session.json {
        session.out.json(&listening)?;
    } else {
        session.out.line(format!("Serving blocks 0 to {last} at {}, the head at block {}. Ctrl-C ends.", listening.url, listening.head))?;
    }
    session.out.flush()?;
    stop_signal().await?;
    Ok(())
}
