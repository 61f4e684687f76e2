//! `vesting doctor`: tries everything that following needs, and says what is wrong and what to do.

mod address;
mod capture;
mod clock;
mod endpoints;
mod finding;
mod probe;
mod record;
mod subnets;
mod words;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use super::Session;
use crate::Ended;
use crate::cli::DoctorArgs;
use vesting_chain::SecretUrl;

use probe::{Answers, Questions, probe};

pub async fn run(session: &mut Session, args: &DoctorArgs) -> anyhow::Result<()> {
    if let Some(blocks) = args.capture {
        return capture::run(session, blocks, args.output.as_deref()).await;
    }
    let config = &session.config;
    let patience = Duration::from_secs(args.timeout);
    // First, since it says how far back the endpoints must remember.
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
    findings.push(clock::judge(
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
    if well { Ok(()) } else { Err(Ended(1).into()) }
}

/// Asks all endpoints at once; the answers are in their order.
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
