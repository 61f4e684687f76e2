//! Checking positions that were read: a second reading, and a comparison with the runtime's own answer.

use std::collections::BTreeSet;

use vesting_core::ports::{ChainError, OwnWord, SubnetAsk, SubnetState};
use vesting_core::{Coldkey, NetUid, PositionKey};

use crate::agreement::comparison::Comparison;
use crate::agreement::due;
use crate::agreement::trust::Source;
use crate::reading::chain::Chain;
use crate::stake::locks::ColdkeyTotals;
use crate::stake::positions;
use crate::state::reader::Reader;

impl Chain {
    /// Reads the positions of some coldkeys a second time. Both readings must agree.
    pub(super) async fn read_again(
        &self,
        reader: &Reader<'_>,
        netuid: NetUid,
        source: Source,
        (coldkeys, pairs): (&BTreeSet<Coldkey>, &BTreeSet<PositionKey>),
        first: &SubnetState,
    ) -> Result<(), ChainError> {
        if coldkeys.is_empty() {
            return Ok(());
        }
        let mut again = reader.afresh();
        let pairs: BTreeSet<PositionKey> =
            pairs.iter().filter(|key| coldkeys.contains(&key.coldkey)).copied().collect();
        let mut keys =
            positions::expected_keys(&again.runtime, again.number, netuid, coldkeys, &pairs, false)?;
        keys.extend(self.proxies.expected_keys(&again.runtime, coldkeys)?);
        again.ensure(keys).await?;
        let mut second = SubnetState::default();
        let pairs =
            positions::possible(&mut again, netuid, coldkeys, &pairs, &self.proxies, &mut second).await?;
        if source == Source::Runtime {
            positions::by_runtime(&mut again, netuid, &pairs, false, &mut second).await?;
        } else {
            positions::by_storage(&mut again, netuid, &pairs, false, &mut second).await?;
        }
        let first = first.positions.iter().filter(|(key, _)| coldkeys.contains(&key.coldkey));
        if first.eq(second.positions.iter()) {
            Ok(())
        } else {
            Err(again.differs(format_args!("positions on subnet {netuid}")))
        }
    }

    /// Compares positions with the runtime's own answer, as far as that is asked for and due. Returns the
    /// coldkeys' totals by the runtime, if it was asked for them.
    pub(super) async fn compare(
        &self,
        reader: &Reader<'_>,
        (netuid, ask): (NetUid, &SubnetAsk),
        (source, coldkeys, pairs): (Source, &BTreeSet<Coldkey>, &BTreeSet<PositionKey>),
        state: &SubnetState,
    ) -> Result<Option<ColdkeyTotals>, ChainError> {
        let (api, spec_version) = (reader.runtime_api(), reader.runtime.spec_version());
        let comparable = source == Source::Storage && reader.runtime.capabilities().stake_api;
        let (since, all_at_first) = match ask.own_word {
            OwnWord::ComparedSince(since) if comparable => (since, true),
            OwnWord::Sampled if comparable => (due::some_since(reader.number), false),
            _ if ask.locks || ask.recorded => {
                return self.locks.read(&api, netuid, coldkeys, &state.positions).await;
            }
            _ => return Ok(None),
        };
        let mut meeting = None;
        if all_at_first && !self.trust.is_met(spec_version, netuid) && !state.positions.is_empty() {
            meeting = Some(self.trust.meet(spec_version, netuid).await)
                .filter(|_| !self.trust.is_met(spec_version, netuid));
        }
        if all_at_first && meeting.is_none() && !ask.locks && !ask.recorded {
            return Ok(None);
        }
        let totals = self.locks.read(&api, netuid, coldkeys, &state.positions).await?;
        // Due positions are compared once an epoch.
        if all_at_first && meeting.is_none() && !ask.locks {
            return Ok(totals);
        }
        let comparison =
            Comparison { reader, netuid, since, coldkeys, pairs, state, totals: totals.as_ref() };
        self.trust.compare(&comparison, meeting.is_some()).await?;
        Ok(totals)
    }
}
