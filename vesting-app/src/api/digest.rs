//! `GET /v1/digest` and `GET /v1/digest/rows`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use utoipa::openapi::path::Parameter;

use super::answer::json;
use super::parameters::{AsOf, Blocks, Netuid, one_of, required};
use super::problem::Problem;
use super::query::{Pairs, Parameters, Query};
use super::responses::{RecordProblems, Stale};
use super::state::ApiState;
use crate::view::digest::Digests;
use crate::view::row::{self, Rows, Section};

/// The most rows of one answer: some 25 MB.
const MOST_ROWS: usize = 100_000;

impl Parameters for Section {
    fn described() -> Vec<Parameter> {
        vec![required("section", "The section.", one_of(Self::ALL.map(Self::name)))]
    }

    fn read(pairs: &Pairs) -> Result<Self, Problem> {
        let names = format!("one of {}", Self::ALL.map(Self::name).join(", "));
        let found = pairs.get("section", &names)?;
        found.ok_or_else(|| Problem::bad_input("section", format!("give {names}")))
    }
}

/// One number over all that the multipliers follow from.
#[utoipa::path(
    get,
    path = "/v1/digest",
    params(Query<(Netuid, AsOf)>),
    responses(
        (
            status = 200,
            description = "One number over all that the multipliers follow from.",
            body = Digests,
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn digest(
    State(api): State<Arc<ApiState>>,
    Query((Netuid(netuid), AsOf(as_of))): Query<(Netuid, AsOf)>,
) -> Result<Response, Problem> {
    let netuid = api.netuid(netuid).await?;
    // The record is read each time, as for the rows: a comparison is to see whether the record was altered.
    let read = async move |api: Arc<ApiState>| {
        let policy = api.config.policy(netuid);
        let (_, state) = api.tracker().state(netuid, policy, as_of).await?;
        Ok(json(&Digests::of(&state.summary(), policy)))
    };
    let answer = Arc::clone(&api).work(read).await?;
    api.with_state(netuid, as_of, answer).await
}

/// The rows behind a section of the digest.
#[utoipa::path(
    get,
    path = "/v1/digest/rows",
    operation_id = "digestRows",
    params(Query<(Netuid, AsOf, Section, Blocks)>),
    responses(
        (status = 200, description = "The rows behind a section of the digest.", body = Rows),
        RecordProblems
    ),
)]
pub async fn rows(
    State(api): State<Arc<ApiState>>,
    Query((Netuid(netuid), AsOf(as_of), section, Blocks { from, to })): Query<(
        Netuid,
        AsOf,
        Section,
        Blocks,
    )>,
) -> Result<Response, Problem> {
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
                let why = format!(
                    "there are {count} entries in these blocks: ask for fewer blocks, {MOST_ROWS} \
                        entries at a time are told"
                );
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
