//! Findings about the database and its records.

use std::collections::BTreeMap;
use std::time::Duration;

use vesting_core::ports::{StakeStore, StoreError, Watermark};
use vesting_core::window::Window;
use vesting_core::{BlockHash, BlockNumber, Millis, NetUid};
use vesting_store::{Examined, Schema};

use super::duration::{apart, span};
use super::finding::Finding;
use crate::config::Config;
use crate::output::{days, time};

/// How many blocks between the record and the head are usual: ten minutes.
const USUAL_LAG: u64 = 50;

/// What is known of a subnet's record.
pub struct Recorded {
    pub watermark: Watermark,
    /// The window that ends at its last epoch, if it has one.
    pub window: Option<Window>,
    /// The process that writes it now.
    pub writer: Option<String>,
}

/// What is known of the database.
#[derive(Default)]
pub struct Database {
    pub genesis: Option<BlockHash>,
    pub records: BTreeMap<NetUid, Recorded>,
    findings: Vec<Finding>,
}

/// Examines the database. Its server may not answer.
pub async fn look(config: &Config, patience: Duration) -> Database {
    let url = config.database_url.clone();
    let subject = subject(config);
    let mut database = Database::default();
    let examining = tokio::task::spawn_blocking(move || vesting_store::examine(url.expose()));
    // SQLite waits up to 5 s for other processes, and connecting to a server takes time.
    match tokio::time::timeout(patience.max(Duration::from_secs(15)), examining).await {
        Ok(Ok(Ok(examined))) => {
            let current = examined.schema == Schema::Current;
            database.findings = of_database(&subject, examined);
            if current && let Err(error) = read(config, &mut database).await {
                database.findings.push(unusable(&subject, &error));
            }
        }
        Ok(Ok(Err(error))) => database.findings.push(unusable(&subject, &error)),
        Ok(Err(error)) => database.findings.push(Finding::problem("database_schema", &subject, error)),
        Err(_) => database.findings.push(
            Finding::problem("database_schema", &subject, "does not answer")
                .advise("see whether its server is up, and reachable from here"),
        ),
    }
    database
}

fn subject(config: &Config) -> String {
    format!("Database {}", config.database_url)
}

fn of_database(subject: &str, examined: Examined) -> Vec<Finding> {
    const CHECK: &str = "database_schema";
    let schema = match examined.schema {
        Schema::Current => Finding::ok(CHECK, subject, "is of this version").fact("schema", "current"),
        Schema::Outdated => Finding::problem(
            CHECK,
            subject,
            "is from an older version, and cannot be read before it is brought up to date",
        )
        .advise("run `vesting db migrate`, or `vesting run`, which migrates too; make a copy first")
        .fact("schema", "outdated"),
        Schema::None => {
            Finding::ok(CHECK, subject, "holds no record yet; it is made when it is first written to")
                .fact("schema", "none")
        }
    };
    let writable = match examined.writable {
        Ok(()) if examined.schema == Schema::None => Finding::ok("database_writable", subject, "can be made"),
        Ok(()) => Finding::ok("database_writable", subject, "can be written to"),
        Err(error @ StoreError::Busy(_)) => Finding::warning("database_writable", subject, error)
            .advise("another program has locked it for long: find out which, and try again"),
        Err(error) => not_writable(subject, &error),
    };
    vec![schema, writable]
}

fn not_writable(subject: &str, error: &StoreError) -> Finding {
    Finding::problem("database_writable", subject, error).advise(
        "let this user write there (`chown`, or another folder or server), or name another `--database-url`",
    )
}

fn unusable(subject: &str, error: &StoreError) -> Finding {
    // SQLite cannot even read a database if it may not create its log.
    if matches!(error, StoreError::Unusable(why) if why.contains("opened for writing")) {
        return not_writable(subject, error);
    }
    let finding = Finding::problem("database_schema", subject, error);
    match error {
        StoreError::Unreachable(_) => finding.advise(
            "see whether its server is up, and whether the address and the firewall let this machine in",
        ),
        StoreError::Corrupt(_) => finding.advise(
            "`vesting db check` says more; then restore a copy, or record anew with another `--database-url`",
        ),
        StoreError::Busy(_) => {
            finding.advise("another program has locked it for long: find out which, and try again")
        }
        StoreError::Unusable(why) if why.contains("newer version") => {
            finding.advise("install the version that made it, or name another `--database-url`")
        }
        _ => finding.advise("name another `--database-url`, such as sqlite:///var/lib/vesting/vesting.db"),
    }
}

async fn read(config: &Config, database: &mut Database) -> Result<(), StoreError> {
    let url = config.database_url.clone();
    let store = blocking(move || vesting_store::open_existing(url.expose())).await?;
    database.genesis = store.genesis().await?;
    let mut netuids = config.netuids.clone();
    if netuids.is_empty() {
        netuids = store.netuids().await?;
    }
    for netuid in netuids {
        let Some(watermark) = store.watermark(netuid).await? else { continue };
        let url = config.database_url.clone();
        let writer = blocking(move || vesting_store::writer(url.expose(), netuid)).await?;
        let window = window(store.as_ref(), config, netuid, &watermark).await?;
        database.records.insert(netuid, Recorded { watermark, window, writer });
    }
    Ok(())
}

async fn window(
    store: &dyn StakeStore,
    config: &Config,
    netuid: NetUid,
    mark: &Watermark,
) -> Result<Option<Window>, StoreError> {
    let epochs = store.epoch_list(netuid, BlockNumber(0), mark.block.number).await?;
    let length = config.policy(netuid).retention_window;
    Ok(Window::ending_at(&epochs, mark.block.number, length, (mark.first_block, mark.first_time)))
}

async fn blocking<T: Send + 'static>(
    task: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(task)
        .await
        .unwrap_or_else(|error| Err(StoreError::Unusable(error.to_string())))
}

/// The findings about the database, then about each subnet's record. `head` is that of the best endpoint.
pub fn findings(
    config: &Config,
    database: &Database,
    head: Option<BlockNumber>,
    now: Millis,
) -> Vec<Finding> {
    let mut findings = database.findings.clone();
    if let Some(genesis) = database.genesis {
        let found = format!("holds the chain with genesis {genesis}");
        findings
            .push(Finding::ok("database_chain", subject(config), found).fact("genesis", genesis.to_string()));
    }
    for (netuid, record) in &database.records {
        let subject = format!("Record of subnet {netuid}");
        findings.push(writer(&subject, record));
        findings.push(extent(&subject, record, head, now));
        findings.push(coverage(&subject, config, *netuid, record));
    }
    findings
}

fn writer(subject: &str, record: &Recorded) -> Finding {
    let found = record
        .writer
        .as_ref()
        .map_or_else(|| "no process writes it now".to_owned(), |by| format!("is being written by {by}"));
    Finding::ok("record_writer", subject, found).fact("writer", record.writer.clone())
}

fn extent(subject: &str, record: &Recorded, head: Option<BlockNumber>, now: Millis) -> Finding {
    const CHECK: &str = "record_end";
    let mark = &record.watermark;
    let (first, last) = (mark.first_block, mark.block.number);
    let behind = head.map(|head| head.0.saturating_sub(last.0));
    let found = format!("blocks {first} to {last}, the last of {}", time(mark.time));
    let finding = match (head, behind) {
        (Some(head), _) if head < last => Finding::warning(
            CHECK,
            subject,
            format!("{found}: beyond the finalized block {head} of every endpoint"),
        )
        .advise("name an endpoint that is not behind"),
        (_, Some(behind)) if behind > USUAL_LAG => {
            let done = if record.writer.is_some() {
                "it is being caught up on"
            } else {
                "`vesting run` goes on with it"
            };
            Finding::warning(CHECK, subject, format!("{found}: {behind} blocks behind the chain"))
                .advise(done)
        }
        (None, _) => Finding::warning(
            CHECK,
            subject,
            format!("{found}, {} ago; no endpoint tells how far behind that is", span(apart(now, mark.time))),
        ),
        _ => Finding::ok(CHECK, subject, found),
    };
    finding.fact("first_block", first.0).fact("last_block", last.0).fact("behind_blocks", behind)
}

fn coverage(subject: &str, config: &Config, netuid: NetUid, record: &Recorded) -> Finding {
    const CHECK: &str = "record_window";
    let length = config.policy(netuid).retention_window;
    let Some(window) = &record.window else {
        return Finding::problem(CHECK, subject, "holds no epoch yet, so there are no multipliers")
            .advise("`vesting run` goes on with it; an epoch comes every tempo, 72 minutes on most subnets");
    };
    let (start, as_of) = (window.start, window.as_of.block.number);
    let finding = match window.incomplete_since {
        None => {
            let found = format!(
                "covers its window of {:.2} days, from block {start} to {as_of}, {} epochs",
                days(length.0),
                window.epochs.len()
            );
            Finding::ok(CHECK, subject, found)
        }
        Some(since) => {
            let mark = &record.watermark;
            let from = Millis(mark.first_time.0.saturating_add(length.0));
            let found = format!(
                "begins at block {since} ({}), inside the window of {:.2} days: multipliers are 1 and \
                 weights come back unchanged",
                time(mark.first_time),
                days(length.0)
            );
            Finding::problem(CHECK, subject, found)
                .advise(format!("wait: if it goes on, it covers the window from {}", time(from)))
                .advise(
                    "or record anew from an archive node: `vesting catch-up --network archive \
                     --database-url sqlite://other.db`",
                )
                .advise(
                    "or take another validator's: `vesting db import FILE --database-url sqlite://other.db`",
                )
        }
    };
    finding
        .fact("window_start", start.0)
        .fact("as_of", as_of.0)
        .fact("epochs", window.epochs.len())
        .fact("incomplete_since", window.incomplete_since.map(|since| since.0))
}
