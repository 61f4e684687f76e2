//! `vesting db migrate`.

use anyhow::Context;
use serde_json::json;

use crate::commands::session::Session;

pub fn run(session: &mut Session) -> anyhow::Result<()> {
    let url = &session.config.database_url;
    let migrated =
        vesting_store::migrate(url.expose()).with_context(|| format!("cannot migrate the database {url}"))?;
    if session.json {
        return session.out.json(&json!({ "migrated": migrated }));
    }
    session.out.line(if migrated {
        "The database was brought up to date."
    } else {
        "The database is up to date."
    })
}
