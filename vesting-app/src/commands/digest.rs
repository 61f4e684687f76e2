//! `vesting digest`.

use clap::Args;
use vesting_core::BlockNumber;
use vesting_secret::SecretUrl;

use super::args::AsOfArgs;
use super::compare;
use super::session::Session;
use crate::config::Token;
use crate::output::table;
use crate::view::digest::Digests;
use crate::wiring;

/// `digest`.
#[derive(Debug, Args)]
pub struct DigestArgs {
    #[command(flatten)]
    pub at: AsOfArgs,
    /// Compare with the validator whose API is at this URL; without --as-of, as of the newest epoch that both
    /// have.
    #[arg(long, value_name = "URL")]
    pub compare: Option<SecretUrl>,
    /// The token of that API.
    #[arg(long, requires = "compare", value_name = "TOKEN")]
    pub token: Option<Token>,
}

pub async fn run(session: &mut Session, args: &DigestArgs) -> anyhow::Result<()> {
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    if let Some(url) = &args.compare {
        let (tracker, as_of) = (wiring::tracker(&store), args.at.as_of.map(BlockNumber));
        return compare::run(session, &tracker, netuid, as_of, url, args.token.clone()).await;
    }
    let policy = session.config.policy(netuid);
    let (_, state) = wiring::tracker(&store).state(netuid, policy, args.at.as_of.map(BlockNumber)).await?;
    let line = Digests::of(&state.summary(), policy);
    if session.json {
        return session.out.json(&line);
    }
    let mut rows = table(&["figure", "value"]);
    rows.add_row(["subnet".to_owned(), line.netuid.to_string()]);
    rows.add_row(["as of block".to_owned(), line.as_of.to_string()]);
    rows.add_row(["hash".to_owned(), line.hash]);
    rows.add_row(["state digest".to_owned(), line.state_digest]);
    rows.add_row(["policy digest".to_owned(), line.policy_digest]);
    let since = |block| {
        format!(
            "no: the record begins at block {block}, inside the window, so the digest cannot match that of \
             others yet"
        )
    };
    rows.add_row(["complete".to_owned(), line.incomplete_since.map_or_else(|| "yes".to_owned(), since)]);
    for part in line.sections {
        rows.add_row([format!("{} ({})", part.section, part.rows), part.digest]);
    }
    session.out.line(rows.to_string())
}
