//! `vesting stats`.

use serde_json::Value;
use vesting_core::{BlockNumber, VestingStats};

use super::args::AsOfArgs;
use super::session::Session;
use crate::output::table;
use crate::view::stats::figures;
use crate::wiring;

pub async fn run(session: &mut Session, args: &AsOfArgs) -> anyhow::Result<()> {
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    let policy = session.config.policy(netuid);
    let report = wiring::tracker(&store).report(netuid, policy, args.as_of.map(BlockNumber)).await?;
    let figures = figures(policy, &VestingStats::read(store.as_ref(), &report).await?, &report);
    if session.json {
        return session.out.json(&figures);
    }
    let mut rows = table(&["figure", ">value"]);
    for (name, value) in &figures {
        match value {
            Value::Object(inner) => {
                for (key, value) in inner {
                    rows.add_row([format!("{name}.{key}"), plain(value)]);
                }
            }
            other => {
                rows.add_row([name.clone(), plain(other)]);
            }
        }
    }
    session.out.line(rows.to_string())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}
