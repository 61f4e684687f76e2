//! The subnets that a command about the database is for.

use vesting_core::NetUid;

use crate::commands::session::Session;
use crate::exit::UsageError;

/// Those of the subnets `there` that are asked for; all of them if none is named.
pub fn chosen(session: &Session, there: &[NetUid], place: &str) -> anyhow::Result<Vec<NetUid>> {
    let asked = &session.config.netuids;
    if let Some(missing) = asked.iter().find(|netuid| !there.contains(netuid)) {
        return Err(
            UsageError(format!("{place} holds no record of subnet {missing}: check `--netuid`")).into()
        );
    }
    let chosen: Vec<NetUid> =
        there.iter().filter(|netuid| asked.is_empty() || asked.contains(netuid)).copied().collect();
    anyhow::ensure!(!chosen.is_empty(), "{place} holds no record");
    Ok(chosen)
}
