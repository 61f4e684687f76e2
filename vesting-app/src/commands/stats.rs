//! `vesting stats`.

use serde_json::Value;
use vesting_core::BlockNumber;

use super::Session;
use crate::cli::AsOfArgs;
use crate::output::table;
use crate::view::stats::figures;
use crate::wiring;

pub async fn run(session: &mut Session, args: &AsOfArgs) -> anyhow::Result<()> {
    let store = session.record()?;
    let netuid = wiring::shown(&session.config, store.as_ref()).await?;
    let report = wiring::tracker(&store).report(netuid, session.config.policy(netuid), args.as_of.map(BlockNumber)).await?;
    let figures = figures(&session.config, store.as_ref(), netuid, &report).await?;
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
