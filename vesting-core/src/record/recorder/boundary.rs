//! A block that ends an interval: an epoch, or the end of the subnet.

use super::Recorder;
use crate::block::{Detection, Epoch, EpochRecord, SubnetCounters};
use crate::flow::emission::EpochSetting;
use crate::flow::settle::{BlockStates, affected, settle};
use crate::ports::{ChainError, NeuronsAsk, ReadChain, SubnetAsk, SubnetState};
use crate::record::agreed::two_answers;
use crate::record::doubt::Misfit;
use crate::record::error::MonitorError;
use crate::record::plan::BlockPlan;
use crate::record::recorded::Recorded;
use crate::record::states_around::{StatesAround, of_coldkeys};
use crate::units::{BlockNumber, BlockRef, Millis};

impl Recorder<'_> {
    /// Records a block B that ends an interval: an epoch, or the block that dissolves the subnet. Closes the
    /// interval at B−1, opens new holders there, and settles what B did.
    pub(super) async fn record_boundary(
        &mut self,
        plan: &BlockPlan<'_>,
        epoch: Option<SubnetCounters>,
        mut around: StatesAround,
    ) -> Result<Recorded, MonitorError> {
        let (netuid, facts, flows) = (self.netuid(), plan.facts, plan.flows);
        let (number, pre) = (facts.block.number, facts.block.number.parent());
        // A coldkey that owns a neuron in the parent's state is a holder from there on.
        let mut followed = plan.holders.clone();
        if epoch.is_some() {
            followed.extend(around.before.neurons.iter().map(|n| n.coldkey));
        }
        // A coldkey that owns a neuron now may have got it by a swap.
        let mut coldkeys = affected(flows, &followed, self.ledger.balances());
        coldkeys.extend(&followed);
        self.read_missing_positions(number, &mut around, &coldkeys).await?;
        if epoch.is_some() {
            self.agree_on_neurons(number, &around).await?;
        }
        let StatesAround { before: pre_state, after: post_state, parent } = around;
        self.check_parent(parent)?;
        let before = of_coldkeys(&pre_state.positions, &coldkeys);
        let after = of_coldkeys(&post_state.positions, &coldkeys);

        let mut written = self.close_interval(pre, &before, &pre_state.traces.pools).await?;
        if epoch.is_some() {
            let time = self.time_of(pre).await?;
            for neuron in &pre_state.neurons {
                self.ledger.open_holder(neuron.coldkey, pre, time, &before);
            }
            self.ledger.observe_neurons(pre, &pre_state.neurons);
        }
        let rows = self.ledger.observe(pre, &followed, &before);
        self.ledger.keep_snapshots(rows);

        let setting = epoch.map(|_| {
            let (before, after) =
                ((&*pre_state.neurons, pre_state.owner), (&*post_state.neurons, post_state.owner));
            EpochSetting::new(before, after, flows.new_owner)
        });
        let settled = settle(&BlockStates {
            netuid,
            facts,
            flows,
            holders: &followed,
            coldkeys: &coldkeys,
            before: &before,
            after: &after,
            balances: self.ledger.balances(),
            epoch: setting.as_ref(),
            runtime_changed: plan.runtime_changed,
        });
        self.open_successors(&settled, pre, &before).await?;
        written = written.saturating_add(settled.entries.len());
        let changes = settled.rows.clone();
        self.write(settled, facts.time).await?;
        self.ledger.check(number, &after)?;
        self.ledger.observe_neurons(number, &post_state.neurons);
        if let Some(locks) = post_state.locks.filter(|_| epoch.is_some()) {
            self.ledger.observe_locks(number, &locks);
        }
        let rows = self.ledger.observe(number, &self.ledger.holders(), &after);
        self.ledger.keep_snapshots(rows);
        let epoch = epoch.map(|counters| Epoch {
            block: facts.block,
            pre_block: BlockRef { number: pre, hash: facts.parent_hash },
            time: facts.time,
            index: counters.epoch_index,
            tempo: counters.tempo,
            registered_at: counters.registered_at,
        });
        let detected = if facts.counters_asked && self.detected == Detection::Storage {
            Detection::RuntimeApi
        } else {
            self.detected
        };
        let record = epoch.map(|epoch| EpochRecord { epoch, detected, changes });
        let epochs = u64::from(record.is_some());
        self.ledger.begin_interval(number, record, post_state.traces.pools);
        Ok(Recorded { epochs, ..Recorded::entries(written) })
    }

    /// Checks that the recorded parent is the one that its state says.
    pub(super) fn check_parent(&mut self, parent: Option<(BlockRef, Millis)>) -> Result<(), MonitorError> {
        let (Some((block, time)), Some(watermark)) = (parent, self.ledger.watermark()) else { return Ok(()) };
        if (watermark.block, watermark.time) == (block, time) || watermark.block.number != block.number {
            return Ok(());
        }
        let from = self.ledger.interval().from.unwrap_or(watermark.first_block.parent());
        self.doubt(from, Misfit::Time { block: block.number, recorded: watermark.time, said: time })
    }

    /// Checks neurons and owner around an epoch's block. They are mostly the same before and after, so one
    /// answer confirms the other. Where they differ, each is read again.
    pub(super) async fn agree_on_neurons(
        &self,
        number: BlockNumber,
        around: &StatesAround,
    ) -> Result<(), ChainError> {
        let of = |state: &SubnetState| (state.neurons.clone(), state.owner);
        if of(&around.before) == of(&around.after) {
            return Ok(());
        }
        for (block, state) in [(number.parent(), &around.before), (number, &around.after)] {
            let ask =
                SubnetAsk { neurons: NeuronsAsk::Yes, expected: state.roster(), ..SubnetAsk::default() };
            let again = self.chain.subnet(block, self.netuid(), ask).await?;
            if of(&again) != of(state) {
                return Err(two_answers(format_args!(
                    "the neurons of subnet {} at block {block}",
                    self.netuid()
                )));
            }
        }
        Ok(())
    }
}
