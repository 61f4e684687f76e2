//! `GET /v1/digest` and `GET /v1/digest/rows`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::answer::json;
use super::problem::Problem;
use super::query::Query;
use super::state::ApiState;
use crate::view::digest::Digests;
use crate::view::row::{self, Rows, Section};

/// The most rows of one answer: some 25 MB.
const MOST_ROWS: usize = 100_000;

/// The digests, part by part.
pub async fn summary(State(api): State<Arc<ApiState>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["netuid", "as_of"])?;
    let (netuid, as_of) = (query.netuid()?, query.block("as_of")?);
    let netuid = api.netuid(netuid).await?;
    // Of the record as it is now, as the rows are: whoever compares would see it altered.
    let read = async move |api: Arc<ApiState>| {
        let policy = api.config.policy(netuid);
        let (_, state) = api.tracker().state(netuid, policy, as_of).await?;
        Ok(json(&Digests::of(&state.summary(), policy)))
    };
    let answer = Arc::clone(&api).work(read).await?;
    api.with_state(netuid, as_of, answer).await
}

/// The rows behind a section.
pub async fn rows(State(api): State<Arc<ApiState>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["netuid", "as_of", "section", "from", "to"])?;
    let (netuid, as_of) = (query.netuid()?, query.block("as_of")?);
    let names = || format!("one of {}", Section::ALL.map(Section::name).join(", "));
    let section: Section = query
        .get("section", &names())?
        .ok_or_else(|| Problem::bad_input("section", format!("give {}", names())))?;
    let (from, to) = (query.block("from")?, query.block("to")?);
    if section != Section::Entries && (from.is_some() || to.is_some()) {
        let field = if from.is_some() { "from" } else { "to" };
        return Err(Problem::bad_input(field, "only the section `entries` is told by blocks: leave it out"));
    }
    api.work(async move |api| {
        let netuid = api.netuid(netuid).await?;
        let (_, state) = api.tracker().state(netuid, api.config.policy(netuid), as_of).await?;
        let window = &state.ledger.window;
        let blocks = (from.unwrap_or(window.start.child()), to.unwrap_or(window.as_of.block.number));
        if section == Section::Entries {
            let count = row::entries(&state, blocks.0, blocks.1).len();
            if count > MOST_ROWS {
                let why =
                    format!("there are {count} entries in these blocks: ask for fewer blocks, {MOST_ROWS} entries at a time are told");
                return Err(Problem::bad_input("to", why));
            }
        }
        let told = (section == Section::Entries).then_some(blocks);
        Ok(json(&Rows {
            version: row::VERSION,
            netuid: netuid.0,
            as_of: window.as_of.block.number.0,
            state_digest: state.summary().digest().to_string(),
            section,
            from: told.map(|(from, _)| from.0),
            to: told.map(|(_, to)| to.0),
            rows: row::rows(&state, section, blocks),
        }))
    })
    .await
}
