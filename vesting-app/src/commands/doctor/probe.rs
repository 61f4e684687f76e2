//! Asks one endpoint by itself. What it does not answer in time is left out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vesting_chain::surface::Unknown;
use vesting_chain::{Capabilities, ChainOptions, SecretUrl, SubxtChain};
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort, NeuronsAsk, OwnWord, SubnetAsk};
use vesting_core::{BlockHash, BlockNumber, BlockRef, Millis, NetUid, SubnetCounters};

/// The precision of the search for the oldest state: a sixteenth of what is kept.
const PRECISION: u64 = 16;

/// What is asked of each endpoint.
#[derive(Debug, Clone)]
pub struct Questions {
    pub netuids: Vec<NetUid>,
    /// The longest wait for one answer.
    pub patience: Duration,
    pub in_flight: usize,
    /// The block whose state each subnet needs; counted from the head if there is no record.
    pub needs: BTreeMap<NetUid, Need>,
}

/// The block whose state is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The block from which a record continues.
    Recorded(BlockNumber),
    /// A new record would begin this many blocks before the head.
    Before(u64),
}

impl Need {
    /// The block, given the head. No record begins before its subnet was registered, nor before the first
    /// block.
    fn at(self, head: BlockNumber, registered_at: BlockNumber) -> BlockNumber {
        match self {
            Self::Recorded(block) => block,
            Self::Before(blocks) => BlockNumber(head.0.saturating_sub(blocks).max(1)).max(registered_at),
        }
    }
}

/// A subnet, as of the head.
#[derive(Debug, Clone)]
pub struct Subnet {
    pub counters: SubnetCounters,
    pub neurons: usize,
}

/// How far back an endpoint has state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// At least to the oldest block that is needed.
    Enough(BlockNumber),
    /// Only to about this block.
    Since(BlockNumber),
}

/// The answers of an endpoint, in the order of the questions.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    pub url: String,
    pub genesis: Option<BlockHash>,
    pub head: Option<BlockRef>,
    /// How long one answer took.
    pub latency: Option<Duration>,
    pub runtime: Option<(u32, Capabilities)>,
    /// What may affect stake in its runtime and is not known in this form.
    pub unknown: Vec<Unknown>,
    /// Why its runtime cannot be read.
    pub unread: Option<String>,
    pub time: Option<Millis>,
    pub subnets: BTreeMap<NetUid, Option<Subnet>>,
    /// Where its runtime contradicts its storage; `None` if that was not compared.
    pub disagreements: Option<Vec<String>>,
    pub depth: Option<Depth>,
    /// The block whose state each subnet needs, and whether the endpoint has it.
    pub states: BTreeMap<NetUid, (BlockNumber, bool)>,
    /// Why it was not asked further.
    pub stopped: Option<String>,
}

impl Answers {
    /// Whether blocks can be read from it.
    pub fn is_usable(&self) -> bool {
        self.head.is_some() && self.time.is_some()
    }
}

/// Asks all questions.
pub async fn probe(url: SecretUrl, questions: Arc<Questions>) -> Answers {
    let mut answers = Answers { url: url.to_string(), ..Answers::default() };
    let options = ChainOptions {
        deadline: questions.patience,
        max_requests_in_flight: questions.in_flight,
        // The search for the oldest state also asks for blocks near the head.
        lag_patience: Duration::ZERO,
        ..ChainOptions::new(url)
    };
    if let Err(error) = ask(&SubxtChain::new(options), &questions, &mut answers).await {
        answers.stopped = Some(error.to_string());
    }
    answers
}

/// Waits for an answer that takes several requests.
async fn within<T>(
    patience: Duration,
    what: &str,
    asked: impl Future<Output = Result<T, ChainError>>,
) -> Result<T, ChainError> {
    let timed_out = |_| {
        ChainError::Unreachable(format!("it does not answer within {} s ({what})", patience.as_secs_f64()))
    };
    tokio::time::timeout(patience, asked).await.map_err(timed_out)?
}

async fn ask(chain: &SubxtChain, questions: &Questions, answers: &mut Answers) -> Result<(), ChainError> {
    let patience = questions.patience;
    answers.genesis = Some(within(patience, "which chain it serves", chain.genesis()).await?);
    let (begun, before) = (Instant::now(), chain.requests().0);
    let head = within(patience, "its finalized head", chain.finalized_head()).await?;
    let requests = u32::try_from(chain.requests().0.saturating_sub(before)).unwrap_or(1).max(1);
    answers.latency = Some(begun.elapsed() / requests);
    answers.head = Some(head);
    match read(chain, questions, head.number, answers).await {
        Ok(()) => {}
        // The endpoint answers, but its answers cannot be read.
        Err(
            error @ (ChainError::Unreadable { .. } | ChainError::Unsupported(_) | ChainError::Malformed(_)),
        ) => {
            answers.unread = Some(error.to_string());
        }
        Err(error) => return Err(error),
    }
    within(patience * 6, "how old its oldest state is", search(chain, questions, head.number, answers)).await
}

/// Reads the runtime of the head, and the subnets with it.
async fn read(
    chain: &SubxtChain,
    questions: &Questions,
    head: BlockNumber,
    answers: &mut Answers,
) -> Result<(), ChainError> {
    // The metadata is half a megabyte.
    let patience = questions.patience * 3;
    let runtime = within(patience, "its runtime", chain.runtime(head)).await?;
    answers.runtime = Some((runtime.spec_version(), runtime.capabilities()));
    answers.unknown = runtime.unknown().to_vec();
    let ask =
        SubnetAsk { neurons: NeuronsAsk::WithPositions, own_word: OwnWord::Sampled, ..SubnetAsk::default() };
    // Events are read too: their shape may have changed.
    let ask = Ask {
        events: true,
        subnets: questions.netuids.iter().map(|netuid| (*netuid, ask.clone())).collect(),
        apart: false,
    };
    let state = within(patience, "the subnet's state", self::state(chain, head, &ask)).await?;
    answers.time = Some(state.facts.time);
    let compared =
        state.subnets.values().any(|subnet| !subnet.positions.is_empty()) && runtime.capabilities().stake_api;
    for (netuid, subnet) in state.subnets {
        let counters = state.facts.subnets.get(&netuid).copied();
        answers
            .subnets
            .insert(netuid, counters.map(|counters| Subnet { counters, neurons: subnet.neurons.len() }));
    }
    if compared {
        answers.disagreements = Some(chain.disagreements().iter().map(ToString::to_string).collect());
    }
    Ok(())
}

/// Reads a state. If the runtime contradicts its storage, the runtime's own answer is used: there is no
/// record that would have to be taken back.
async fn state(chain: &SubxtChain, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
    for _ in &ask.subnets {
        match chain.read(number, ask).await {
            Err(ChainError::Contradicted { netuid, spec_version, .. }) => {
                chain.taken_back(netuid, spec_version).await
            }
            read => return read,
        }
    }
    chain.read(number, ask).await
}

/// Finds how far back the endpoint has state: as far as it is needed, or about where it ends.
async fn search(
    chain: &SubxtChain,
    questions: &Questions,
    head: BlockNumber,
    answers: &mut Answers,
) -> Result<(), ChainError> {
    let mut needed = Vec::new();
    for (netuid, need) in &questions.needs {
        let registered_at =
            answers.subnets.get(netuid).and_then(Option::as_ref).map(|subnet| subnet.counters.registered_at);
        let block = need.at(head, registered_at.unwrap_or_default());
        // An endpoint that lags may not have the block yet.
        if block <= head {
            needed.push((block, *netuid));
        }
    }
    needed.sort_unstable();
    let (mut lacking, mut found) = (None, false);
    for (block, netuid) in &needed {
        // If an older state exists, newer ones exist too.
        found = found || chain.has_state(*block).await?;
        answers.states.insert(*netuid, (*block, found));
        if !found {
            lacking = Some(*block);
        }
    }
    let (Some(mut low), mut high) = (lacking, head) else {
        answers.depth = needed.first().map(|(oldest, _)| Depth::Enough(*oldest));
        return Ok(());
    };
    // Most nodes keep 256 blocks; asking there first saves requests.
    let usual = BlockNumber(head.0.saturating_sub(256));
    if usual > low {
        if chain.has_state(usual).await? { high = usual } else { low = usual }
    }
    while high.0 - low.0 > ((head.0 - low.0) / PRECISION).max(1) {
        let middle = BlockNumber(low.0.midpoint(high.0));
        if chain.has_state(middle).await? { high = middle } else { low = middle }
    }
    answers.depth = Some(Depth::Since(high));
    Ok(())
}
