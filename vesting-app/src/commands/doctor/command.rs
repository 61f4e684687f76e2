//! `vesting doctor`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use vesting_chain::SecretUrl;

use super::probe::{Answers, Questions, probe};
use super::{address, capture, clock, endpoints, finding, record, subnets};
use crate::commands::session::Session;
use crate::exit::SilentExit;

pub const EXAMPLES: &str = "Examples:
  vesting doctor --netuid 2
  vesting doctor --endpoints ws://127.0.0.1:9944,wss://archive.chain.opentensor.ai:443
  vesting doctor --json | grep '\"problem\"'
  vesting doctor --capture 20 --output capture --network archive --netuid 2";

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Write this many blocks around the newest epoch as a recording, instead of checking.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub capture: Option<u32>,
    /// With --capture: the folder, which must be empty or must not exist yet [default: capture-FIRST-LAST].
    #[arg(long, value_name = "DIR", requires = "capture")]
    pub output: Option<PathBuf>,
    /// The longest wait for one answer of an endpoint, in seconds.
    #[arg(
        long, value_name = "SECONDS", default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    pub timeout: u64,
}

pub async fn run(session: &mut Session, args: &DoctorArgs) -> anyhow::Result<()> {
    if let Some(blocks) = args.capture {
        return capture::run(session, blocks, args.output.as_deref()).await;
    }
    let config = &session.config;
    let patience = Duration::from_secs(args.timeout);
    // The database comes first: it decides how far back the endpoints must have state.
    let database = record::look(config, patience).await;
    let needs = subnets::needs(config, &database);
    let questions = Questions {
        netuids: config.netuids.clone(),
        patience,
        in_flight: config.max_requests_in_flight,
        needs: needs.clone(),
    };
    let (answers, address) = tokio::join!(ask_all(&config.endpoints, questions), address::findings(config));
    let now = clock::now();
    let usable = endpoints::usable(&answers, endpoints::expected_genesis(database.genesis, &answers));
    let head = usable.iter().filter_map(|answers| answers.head).map(|head| head.number).max();
    let newest = usable.iter().filter_map(|answers| answers.time).max();
    let mut findings = endpoints::findings(&answers, database.genesis, now);
    findings.push(clock::finding(
        now,
        newest,
        u64::try_from(config.stale_after.as_millis()).unwrap_or(u64::MAX),
    ));
    findings.extend(subnets::findings(config, &database, &needs, &usable));
    findings.extend(record::findings(config, &database, head, now));
    findings.extend(address);
    let coloured =
        std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let well = finding::print(&mut session.out, &findings, session.json, coloured)?;
    session.out.flush()?;
    if well { Ok(()) } else { Err(SilentExit(1).into()) }
}

/// Asks all endpoints at once. The answers are in the order of the endpoints.
async fn ask_all(urls: &[SecretUrl], questions: Questions) -> Vec<Answers> {
    let questions = Arc::new(questions);
    let tasks: Vec<_> =
        urls.iter().map(|url| (url, tokio::spawn(probe(url.clone(), Arc::clone(&questions))))).collect();
    let mut all = Vec::with_capacity(tasks.len());
    for (url, task) in tasks {
        let broken = |error: tokio::task::JoinError| Answers {
            url: url.to_string(),
            stopped: Some(error.to_string()),
            ..Answers::default()
        };
        all.push(task.await.unwrap_or_else(broken));
    }
    all
}
