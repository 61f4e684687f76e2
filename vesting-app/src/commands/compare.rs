//! `vesting digest --compare`.

use anyhow::{Context, anyhow};
use serde::Serialize;
use serde_json::Value;
use vesting_core::digest::{Difference, Rows as Pair, StatePart, StateSummary, WindowState};
use vesting_core::policy::Policy;
use vesting_core::{BlockNumber, NetUid, StakeTracker};
use vesting_secret::SecretUrl;

use super::session::Session;
use crate::client::Client;
use crate::config::Token;
use crate::exit::SilentExit;
use crate::output::table;
use crate::view::digest::Digests;
use crate::view::row::{self, Row, Rows, Section};

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Equal,
    Different,
    NotComparable,
}

#[derive(Debug, Serialize)]
struct Comparison {
    netuid: u16,
    with: String,
    verdict: Verdict,
    /// The result in words.
    why: String,
    policies_equal: bool,
    ours: Side,
    theirs: Side,
    /// The first difference of the states.
    difference: Option<FirstDifference>,
}

#[derive(Debug, Serialize)]
struct Side {
    as_of: u64,
    state_digest: String,
    policy_digest: String,
    incomplete_since: Option<u64>,
}

impl From<&Digests> for Side {
    fn from(digests: &Digests) -> Self {
        Self {
            as_of: digests.as_of,
            state_digest: digests.state_digest.clone(),
            policy_digest: digests.policy_digest.clone(),
            incomplete_since: digests.incomplete_since,
        }
    }
}

/// A difference, with the rows as the API returns them; `null` if one side has none.
#[derive(Debug, Serialize)]
struct FirstDifference {
    part: &'static str,
    ours: Value,
    theirs: Value,
    text: String,
}

/// Compares the state here with another one, of which at first only the digests are known.
struct Comparer<'a> {
    client: &'a Client,
    ours: &'a WindowState,
    mine: &'a StateSummary,
    theirs: &'a StateSummary,
}

/// Compares the state here with that of the API at `url`.
pub async fn run(
    session: &mut Session,
    tracker: &StakeTracker,
    netuid: NetUid,
    as_of: Option<BlockNumber>,
    url: &SecretUrl,
    token: Option<Token>,
) -> anyhow::Result<()> {
    let client = Client::new(url, token, "--token")?;
    let policy = session.config.policy(netuid);
    let (_, mut ours) = tracker.state(netuid, policy, as_of).await?;
    let mut theirs = digests(&client, netuid, as_of).await?;
    if as_of.is_none() {
        let (here, there) = (ours.ledger.window.as_of.block.number, BlockNumber(theirs.as_of));
        if here > there {
            ours = tracker.state(netuid, policy, Some(there)).await?.1;
        } else if here < there {
            theirs = digests(&client, netuid, Some(here)).await?;
        }
    }
    let comparison = compare(&client, url, policy, as_of, &ours, &theirs).await?;
    if session.json {
        session.out.json(&comparison)?;
    } else {
        let mut rows = table(&["figure", "here", "there"]);
        let complete = |side: &Side| {
            side.incomplete_since.map_or_else(|| "yes".to_owned(), |block| format!("only from block {block}"))
        };
        let (a, b) = (&comparison.ours, &comparison.theirs);
        rows.add_row(["as of block".to_owned(), a.as_of.to_string(), b.as_of.to_string()]);
        rows.add_row(["state digest", &a.state_digest, &b.state_digest]);
        rows.add_row(["policy digest", &a.policy_digest, &b.policy_digest]);
        rows.add_row(["complete".to_owned(), complete(a), complete(b)]);
        session.out.line(rows.to_string())?;
        session.out.line(&comparison.why)?;
    }
    session.out.flush()?;
    if comparison.verdict == Verdict::Equal { Ok(()) } else { Err(SilentExit(1).into()) }
}

/// The digests of the API that a client asks, as of the last epoch at or before a block.
pub async fn digests(client: &Client, netuid: NetUid, as_of: Option<BlockNumber>) -> anyhow::Result<Digests> {
    let as_of = as_of.map_or_else(String::new, |block| format!("&as_of={block}"));
    client.get(&format!("/v1/digest?netuid={netuid}{as_of}")).await
}

async fn compare(
    client: &Client,
    url: &SecretUrl,
    policy: &Policy,
    as_of: Option<BlockNumber>,
    ours: &WindowState,
    theirs: &Digests,
) -> anyhow::Result<Comparison> {
    let summary =
        theirs.summary().map_err(|why| anyhow!("the digests of {url} are not understood: {why}"))?;
    let mine = ours.summary();
    let here = Digests::of(&mine, policy);
    let policies_equal = here.policy_digest == theirs.policy_digest;
    let mut words = Vec::new();
    if !policies_equal {
        words.push(format!(
            "The policies differ: their digests are {} here and {} there; `vesting stats` shows a policy.",
            here.policy_digest, theirs.policy_digest
        ));
    }
    let part = mine.difference(&summary);
    let elsewhere = matches!(part, Some(StatePart::Chain | StatePart::Subnet));
    let mut difference = None;
    let verdict = if let Some(why) = incomparable(as_of, &mine, &summary).filter(|_| !elsewhere) {
        words.push(why);
        Verdict::NotComparable
    } else if let Some(part) = part {
        let comparer = Comparer { client, ours, mine: &mine, theirs: &summary };
        let found = comparer
            .first(part)
            .await
            .with_context(|| format!("{part} differ, but the first difference could not be found"))?;
        let place = Section::behind(part).map_or_else(|| "is".to_owned(), |_| format!("is in {part}"));
        words.push(format!(
            "As of block {}, the first difference {place}: {}.",
            mine.as_of.number, found.text
        ));
        difference = Some(found);
        Verdict::Different
    } else {
        words.push(format!("As of block {}, the states are the same.", mine.as_of.number));
        if policies_equal { Verdict::Equal } else { Verdict::Different }
    };
    Ok(Comparison {
        netuid: here.netuid,
        with: url.to_string(),
        verdict,
        why: words.join("\n"),
        policies_equal,
        ours: Side::from(&here),
        theirs: Side::from(theirs),
        difference,
    })
}

/// Why two states cannot be compared, if they cannot.
fn incomparable(as_of: Option<BlockNumber>, ours: &StateSummary, theirs: &StateSummary) -> Option<String> {
    let (here, there) = (ours.as_of.number, theirs.as_of.number);
    if let Some(asked) = as_of.filter(|_| here != there) {
        return Some(format!(
            "Not comparable: the last epoch recorded at or before block {asked} is block {here} here and \
             block {there} there; one of the two has to catch up."
        ));
    }
    let incomplete = |who: &str, since: BlockNumber| {
        format!(
            "Not comparable: the record {who} begins at block {since}, inside the window, so its digest \
             cannot match that of others yet."
        )
    };
    let here = ours.incomplete_since.map(|since| incomplete("here", since));
    here.or_else(|| theirs.incomplete_since.map(|since| incomplete("there", since)))
}

impl Comparer<'_> {
    /// The first difference, given the part of the state in which it is.
    async fn first(&self, part: StatePart) -> anyhow::Result<FirstDifference> {
        let mut state = self.ours.clone();
        let Some(section) = Section::behind(part) else {
            state.genesis = self.theirs.genesis;
            state.ledger.netuid = self.theirs.netuid;
            state.ledger.window.as_of.block = self.theirs.as_of;
            state.ledger.window.as_of.registered_at = self.theirs.registered_at;
            state.ledger.window.start = self.theirs.start;
            return self.difference_in(part, &state);
        };
        let window = &state.ledger.window;
        let blocks = match part {
            StatePart::Entries { from, to } => (from, to),
            _ => (window.start.child(), window.as_of.block.number),
        };
        let only = if section == Section::Entries {
            format!("&from={}&to={}", blocks.0, blocks.1)
        } else {
            String::new()
        };
        let (netuid, as_of) = (self.theirs.netuid, self.theirs.as_of.number);
        let path = format!("/v1/digest/rows?netuid={netuid}&as_of={as_of}&section={}{only}", section.name());
        let theirs: Rows = self.client.get(&path).await?;
        if theirs.version != row::VERSION || theirs.state_digest != self.theirs.digest().to_string() {
            anyhow::bail!(
                "its rows are of another state or version: its record changed meanwhile, or it is another \
                 version of vesting"
            );
        }
        row::replace(&mut state, section, blocks, &theirs.rows)
            .map_err(|why| anyhow!("its rows are not understood: {why}"))?;
        // If the epochs are the same, the rows must give the digest that was answered before.
        let same_epochs = match part {
            StatePart::Entries { from, to } => {
                let has = |summary: &StateSummary| {
                    summary.ranges.iter().any(|range| (range.from, range.to) == (from, to))
                };
                has(self.mine) && has(self.theirs)
            }
            _ => true,
        };
        if same_epochs && state.summary().difference(self.theirs) == Some(part) {
            anyhow::bail!("its rows do not give the digest that it answered");
        }
        self.difference_in(part, &state)
    }

    fn difference_in(&self, part: StatePart, theirs: &WindowState) -> anyhow::Result<FirstDifference> {
        let Some(difference) = self.ours.difference(theirs) else {
            let StatePart::Entries { from, to } = part else {
                anyhow::bail!("its rows equal ours, although the digests differ")
            };
            let text = format!(
                "the entries of blocks {from} to {to} are the same, but there are other epochs among these \
                 blocks"
            );
            return Ok(FirstDifference { part: "epochs", ours: Value::Null, theirs: Value::Null, text });
        };
        let text = difference.to_string();
        Ok(match difference {
            Difference::Chain(pair) => {
                first_difference("chain", &pair, |hash| Ok(hash.to_string().into()), text)
            }
            Difference::Subnet(pair) => first_difference("subnet", &pair, |netuid| Ok(netuid.0.into()), text),
            Difference::AsOf(pair) => {
                first_difference("as_of", &pair, |block| Ok(block.to_string().into()), text)
            }
            Difference::Registration(pair) => {
                first_difference("registered_at", &pair, |block| Ok(block.0.into()), text)
            }
            Difference::Start(pair) => {
                first_difference("window_start", &pair, |block| Ok(block.0.into()), text)
            }
            Difference::Neuron(pair) => {
                first_difference("neurons", &pair, |neuron| serde_json::to_value(Row::from(neuron)), text)
            }
            Difference::Holder(pair) => first_difference(
                "holders",
                &pair,
                |(coldkey, start)| serde_json::to_value(Row::from((coldkey, start))),
                text,
            ),
            Difference::Succession(pair) => first_difference(
                "successions",
                &pair,
                |succession| serde_json::to_value(Row::from(succession)),
                text,
            ),
            Difference::Opening(pair) => {
                first_difference("openings", &pair, |opening| serde_json::to_value(Row::from(opening)), text)
            }
            Difference::Entry(pair) => {
                first_difference("entries", &pair, |entry| serde_json::to_value(Row::from(entry)), text)
            }
            Difference::Multiplier(pair) => first_difference(
                "multipliers",
                &pair,
                |(coldkey, multiplier)| serde_json::to_value(Row::from((coldkey, multiplier))),
                text,
            ),
        }?)
    }
}

fn first_difference<T>(
    part: &'static str,
    pair: &Pair<T>,
    value: impl Fn(&T) -> serde_json::Result<Value>,
    text: String,
) -> serde_json::Result<FirstDifference> {
    let side = |row: &Option<T>| row.as_ref().map_or(Ok(Value::Null), &value);
    Ok(FirstDifference { part, ours: side(&pair.ours)?, theirs: side(&pair.theirs)?, text })
}
