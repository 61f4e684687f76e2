//! Reading one block: its facts, and what is asked of each subnet.

use std::collections::BTreeMap;

use vesting_core::BlockNumber;
use vesting_core::ports::{
    Ask, BlockState, ChainError, ColdkeyTrace, NeuronsAsk, SubnetAsk, SubnetState, Traces,
};

use crate::endpoints::pauses;
use crate::reading::chain::Chain;
use crate::runtimes::runtime::Runtime;
use crate::stake::{positions, traces};
use crate::state::block_facts::block_facts;
use crate::state::{counters, neurons};

/// A block is read again at most so many times if an answer is wrong.
const MISREADINGS: u32 = 6;

impl Chain {
    /// Reads a block. If an answer cannot be understood, or contradicts another one, all of it is read again:
    /// one of an endpoint's nodes may be broken for a moment.
    pub(crate) async fn read_block(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        for times in 0..MISREADINGS {
            match self.read_once(number, ask).await {
                Err(ChainError::Malformed(why)) => {
                    self.rpc.wrong_answer(&why);
                    self.hashes.forget(number).await;
                    if let Some(longer) = times.checked_sub(1) {
                        // Its hash or its runtime may be wrong too.
                        self.hashes.forget_run(number).await;
                        self.eras.lock().await.forget();
                        tokio::time::sleep(pauses::for_lag(longer)).await;
                    }
                }
                Err(ChainError::NoSuchBlock(_) | ChainError::Pruned { .. })
                    if self.hashes.is_mistaken(&self.rpc, number).await =>
                {
                    tracing::warn!(
                        "no block {number} is found by the hash that was told for it; asking for its hash \
                        again"
                    );
                }
                read => return read,
            }
        }
        self.read_once(number, ask).await
    }

    async fn read_once(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        let mut reader = self.state(number, |runtime| self.keys(runtime, number, ask)).await?;
        let (facts, unread) = block_facts(&mut reader, ask).await?;
        self.hashes.check_parent(&facts).await?;
        let mut subnets = BTreeMap::new();
        for (netuid, ask) in ask.subnets.iter().filter(|(netuid, _)| !unread.contains_key(netuid)) {
            let state = match facts.subnets.contains_key(netuid) {
                true => self.subnet(&mut reader, *netuid, ask).await?,
                false if ask.recorded && counters::exists(reader.afresh(), *netuid).await? => {
                    return Err(reader.differs(format_args!("subnet {netuid}")));
                }
                false => absent(ask),
            };
            subnets.insert(*netuid, state);
        }
        Ok(BlockState { facts, subnets, unread })
    }

    /// The keys of everything that is asked for, as far as they are known before reading.
    fn keys(&self, runtime: &Runtime, number: BlockNumber, ask: &Ask) -> Result<Vec<Vec<u8>>, ChainError> {
        let plain = runtime.plain();
        let mut keys = vec![plain.parent_hash.clone(), plain.now.clone()];
        if ask.events {
            keys.push(plain.events.clone());
        }
        for (netuid, ask) in &ask.subnets {
            keys.extend(counters::keys(runtime, *netuid)?.into_values());
            let mut coldkeys = ask.coldkeys.clone();
            if ask.neurons != NeuronsAsk::No {
                keys.extend(neurons::expected_keys(runtime, *netuid, &ask.expected.neurons)?);
            }
            if ask.neurons == NeuronsAsk::WithPositions {
                coldkeys.extend(ask.expected.neurons.iter().map(|neuron| neuron.coldkey));
            }
            keys.extend(positions::expected_keys(
                runtime,
                number,
                *netuid,
                &coldkeys,
                &ask.expected.positions,
                !ask.skip_pointers,
            )?);
            keys.extend(traces::keys(runtime, number, *netuid, &ask.traces)?);
            coldkeys.extend(&ask.traces.coldkeys);
            keys.extend(self.proxies.expected_keys(runtime, &coldkeys)?);
        }
        Ok(keys)
    }
}

/// The state of a subnet that does not exist: nobody has anything there.
fn absent(ask: &SubnetAsk) -> SubnetState {
    let coldkeys = ask.coldkeys.iter().chain(&ask.traces.coldkeys);
    let traces = Traces {
        coldkeys: coldkeys.map(|coldkey| (*coldkey, ColdkeyTrace::default())).collect(),
        ..Traces::default()
    };
    SubnetState { traces, ..SubnetState::default() }
}
