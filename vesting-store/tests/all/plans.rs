//! No query of a store reads a whole table. The query plans of both databases show it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{PgConnection, SqliteConnection};
use vesting_core::ports::{End, ReadRecord, TranchePage, WholeRecord, WriteRecord};
use vesting_core::{BlockNumber, Coldkey, NetUid};
use vesting_store::{DatabaseStore, rewind_statements};
use vesting_testkit::contract::store::commits;
use vesting_testkit::postgres::Database;
use vesting_testkit::postgres_test;

use crate::{NETUID, folder, url};

/// The statements of this process with their values, as diesel shows them, by the URL of their database.
static ASKED: Mutex<BTreeMap<String, BTreeSet<String>>> = Mutex::new(BTreeMap::new());

/// Records the statements of all connections opened from now on.
fn listen() {
    fn instrument() -> Option<Box<dyn diesel::connection::Instrumentation>> {
        let mut place = String::new();
        Some(Box::new(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => url.clone_into(&mut place),
            InstrumentationEvent::StartQuery { query, .. } => {
                ASKED.lock().unwrap().entry(place.clone()).or_default().insert(query.to_string());
            }
            _ => {}
        }))
    }
    diesel::connection::set_default_instrumentation(instrument).unwrap();
}

/// Calls every reading method of the port.
async fn ask(store: &DatabaseStore) {
    let (from, to) = (BlockNumber(10), BlockNumber(20));
    store.genesis().await.unwrap();
    store.netuids().await.unwrap();
    store.watermark(NETUID).await.unwrap();
    store.ledger_state(NETUID).await.unwrap();
    store.entries(NETUID, from, to).await.unwrap();
    for first in [End::Newest, End::Oldest] {
        let page = TranchePage { from, to, first, least: 3 };
        store.open_tranches(NETUID, &[Coldkey([1; 32]), Coldkey([2; 32])].into(), &page).await.unwrap();
    }
    store.block_times(NETUID, from, to).await.unwrap();
    store.epochs(NETUID, from, to).await.unwrap();
    store.epoch_list(NETUID, from, to).await.unwrap();
    store.skipped_slots(NETUID, from, to).await.unwrap();
    store.successions(NETUID, to).await.unwrap();
    store.neurons(NETUID, to).await.unwrap();
    store.holders(NETUID).await.unwrap();
    store.positions_at(NETUID, to).await.unwrap();
    store.locks_at(NETUID, to).await.unwrap();
    store.tranches(NETUID, from, to, to).await.unwrap();
    store.record(NETUID).await.unwrap();
}

/// Fills a store with the records of several subnets.
async fn filled(url: &str) {
    let store = DatabaseStore::open(url).unwrap();
    for netuid in [NetUid(1), NETUID, NetUid(3)] {
        for commit in commits(netuid, 30, 5) {
            store.commit(&commit).await.unwrap();
        }
    }
}

/// The statements of all methods on a filled store, with the values written into them. `name` is a part of
/// the URL that no other database has.
async fn asked(url: &str, name: &str) -> Vec<String> {
    filled(url).await;
    listen();
    ask(&DatabaseStore::open_read_only(url).unwrap()).await;
    let asked = ASKED.lock().unwrap();
    let ours = asked.iter().filter(|(place, _)| place.contains(name)).flat_map(|(_, shown)| shown);
    let asks = |text: &&String| text.starts_with("SELECT") || text.starts_with("WITH");
    ours.filter(asks)
        .filter(|text| LARGE.iter().any(|table| text.contains(table)))
        .map(|text| written_out(text))
        .collect()
}

/// A value as a literal of SQLite or PostgreSQL.
fn literal(value: &serde_json::Value, sqlite: bool) -> String {
    match value {
        serde_json::Value::String(text) => format!("'{text}'"),
        serde_json::Value::Array(items) if items.iter().all(serde_json::Value::is_u64) => {
            let hex: String = items.iter().map(|byte| format!("{:02x}", byte.as_u64().unwrap())).collect();
            if sqlite { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") }
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| literal(item, sqlite)).collect();
            format!("ARRAY[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// `… $1 … -- binds: [2]` or `… ? … -- binds: [2]` with the values written into it.
fn written_out(shown: &str) -> String {
    let Some((statement, binds)) = shown.rsplit_once(" -- binds: ") else { return shown.to_owned() };
    let binds: Vec<serde_json::Value> =
        serde_json::from_str(binds).unwrap_or_else(|error| panic!("{error}: {binds}"));
    let literal = |value: &serde_json::Value| literal(value, statement.contains('?'));
    let mut text = statement.to_owned();
    for (index, value) in binds.iter().enumerate().rev() {
        text = text.replace(&format!("${}", index + 1), &literal(value));
    }
    for value in &binds {
        text = text.replacen('?', &literal(value), 1);
    }
    text
}

#[derive(QueryableByName)]
struct Detail {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The tables that grow. For the others, a scan is the best plan.
const LARGE: [&str; 8] = [
    "stake_transactions",
    "stake_changes",
    "stake_balance_changes",
    "stake_snapshots",
    "stake_tranches",
    "tranche_exits",
    "block_times",
    "epoch_boundaries",
];

fn sqlite_plans(path: &Path, statements: &[String]) -> Vec<Vec<String>> {
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let plan = |text: &String| {
        let rows: Vec<Detail> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(&mut conn).unwrap();
        rows.into_iter().map(|row| row.detail).collect()
    };
    statements.iter().map(plan).collect()
}

fn postgres_plans(url: &str, statements: &[String]) -> Vec<Vec<String>> {
    let mut conn = PgConnection::establish(url).unwrap();
    // A scan is cheapest on small tables. With scans disabled, the plan shows whether there is an index to
    // use.
    conn.batch_execute("ANALYZE; SET enable_seqscan = off").unwrap();
    let mut plans = Vec::new();
    for text in statements {
        #[derive(QueryableByName)]
        struct Plan {
            #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
            line: String,
        }
        let rows: Vec<Plan> = diesel::sql_query(format!("EXPLAIN (COSTS OFF) {text}"))
            .load(&mut conn)
            .unwrap_or_else(|error| panic!("{error}: {text}"));
        plans.push(rows.into_iter().map(|row| row.line).collect());
    }
    plans
}

fn show(statements: &[String], plans: &[Vec<String>]) {
    for (text, plan) in statements.iter().zip(plans) {
        println!("{text}");
        plan.iter().for_each(|line| println!("    {line}"));
    }
}

#[tokio::test]
async fn sqlite_searches_and_does_not_scan() {
    let (_folder, path) = folder();
    let statements = asked(&url(&path), path.to_str().unwrap()).await;
    assert!(statements.len() > 15, "{statements:?}");
    let plans = sqlite_plans(&path, &statements);
    show(&statements, &plans);
    for (text, plan) in statements.iter().zip(&plans) {
        // Only a query for all rows of a subnet, or for any one row, may search by the subnet alone.
        let part = text.contains("block") && !text.starts_with("WITH") && text.contains(" BETWEEN 10 AND 20");
        assert!(!part || plan.iter().all(|line| !line.ends_with("(netuid=?)")), "{text}: {plan:?}");
    }
    for line in plans.iter().flatten() {
        assert!(!scans(line), "{line}");
        // A comparison of rows searches by its first column only.
        assert!(!line.contains(")>("), "{line}");
    }
}

/// Whether a line of SQLite's plan reads the whole of a large table.
fn scans(line: &str) -> bool {
    let scanned = line.strip_prefix("SCAN ").map(|rest| rest.split(' ').next().unwrap_or(rest));
    scanned.is_some_and(|table| LARGE.contains(&table))
}

#[tokio::test]
async fn sqlite_takes_a_record_back_without_a_scan() {
    let (_folder, path) = folder();
    filled(&url(&path)).await;
    let statements = rewind_statements(NETUID, 20);
    let plans = sqlite_plans(&path, &statements);
    show(&statements, &plans);
    assert!(plans.iter().flatten().all(|line| !scans(line)));
}

postgres_test! {
    async fn postgres_searches_and_does_not_scan() {
        let database = Database::new();
        let statements = asked(&database.url, database.schema()).await;
        assert!(statements.len() > 15, "{statements:?}");
        let plans = postgres_plans(&database.url, &statements);
        show(&statements, &plans);
        for line in plans.iter().flatten() {
            assert!(!LARGE.iter().any(|table| line.contains(&format!("Seq Scan on {table}"))), "{line}");
        }
    }
}

postgres_test! {
    async fn postgres_takes_a_record_back_without_a_scan() {
        let database = Database::new();
        filled(&database.url).await;
        let statements = rewind_statements(NETUID, 20);
        let plans = postgres_plans(&database.url, &statements);
        show(&statements, &plans);
        for line in plans.iter().flatten() {
            assert!(!LARGE.iter().any(|table| line.contains(&format!("Seq Scan on {table}"))), "{line}");
        }
    }
}
