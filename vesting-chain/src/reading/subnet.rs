//! Reading what is asked of one subnet: neurons, traces, positions and locks.

use std::collections::BTreeSet;

use vesting_core::NetUid;
use vesting_core::ports::{ChainError, NeuronsAsk, OwnWord, SubnetAsk, SubnetState};

use crate::agreement::trust::Source;
use crate::reading::chain::Chain;
use crate::stake::{positions, traces};
use crate::state::neurons;
use crate::state::reader::Reader;

impl Chain {
    /// Reads what is asked of one subnet.
    pub(super) async fn subnet(
        &self,
        reader: &mut Reader<'_>,
        netuid: NetUid,
        ask: &SubnetAsk,
    ) -> Result<SubnetState, ChainError> {
        let mut state = SubnetState::default();
        if ask.neurons != NeuronsAsk::No {
            (state.neurons, state.owner) = neurons::read(reader, netuid).await?;
        }
        let mut coldkeys = ask.coldkeys.clone();
        if ask.neurons == NeuronsAsk::WithPositions {
            coldkeys.extend(state.neurons.iter().map(|neuron| neuron.coldkey));
        }
        state.traces = traces::read(reader, netuid, &ask.traces, &self.proxies).await?;
        let mut pairs = BTreeSet::new();
        if !coldkeys.is_empty() {
            pairs = positions::possible(
                reader,
                netuid,
                &coldkeys,
                &ask.expected.positions,
                &self.proxies,
                &mut state,
            )
            .await?;
        }
        let spec_version = reader.runtime.spec_version();
        let mut source = match ask.own_word {
            OwnWord::Instead => Source::Runtime,
            _ if !reader.runtime.capabilities().shares() => Source::Runtime,
            // Without positions nothing can be wrong.
            _ if pairs.is_empty() => Source::Storage,
            _ => self.trust.source(spec_version, netuid)?,
        };
        if source != Source::Runtime {
            positions::by_storage(reader, netuid, &pairs, !ask.skip_pointers, &mut state).await?;
        }
        if source != Source::Storage {
            let storage = state.clone();
            state.positions.clear();
            let all = pairs.union(&ask.traces.positions).copied().collect();
            positions::by_runtime(reader, netuid, &all, !ask.skip_pointers, &mut state).await?;
            state.positions.retain(|key, _| pairs.contains(key));
            if source == Source::Both {
                let since = match ask.own_word {
                    OwnWord::ComparedSince(since) => Some(since),
                    _ => None,
                };
                let agree =
                    self.trust.compare_both(reader, netuid, since, &storage.positions, &state.positions);
                if !agree.await? {
                    state = storage;
                    source = Source::Storage;
                }
            }
        }
        let totals = self.compare(reader, (netuid, ask), (source, &coldkeys, &pairs), &state).await?;
        if ask.recorded {
            let doubtful = match totals.as_ref().filter(|_| source == Source::Storage) {
                Some(totals) => totals.contradicting(&coldkeys, &state.positions),
                None => coldkeys,
            };
            self.read_again(reader, netuid, source, (&doubtful, &pairs), &state).await?;
        }
        state.locks = totals.filter(|_| ask.locks).map(|totals| totals.locked());
        Ok(state)
    }
}
