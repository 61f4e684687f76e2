//! A block as the changes of storage that it makes.

use std::sync::PoisonError;

use codec::{Compact, Encode};

use super::accounts::accounts;
use super::change::{Change, pallet};
use super::locks::locks;
use super::migration::rename;
use super::stakes::stakes;
use super::subnets::{neurons, schedules};
use crate::history::BlockData;
use crate::history::storage_key::{identity, storage_key};
use crate::sim::chain::block::Sealed;
use crate::sim::chain::changes::Changed;
use crate::sim::chain::history_writer::HistoryWriter;
use crate::sim::chain::state::{CONVERSION, SimChain};
use crate::sim::runtime::version::{SPEC_NAME, runtime};

impl HistoryWriter {
    pub(crate) fn write(
        &mut self,
        chain: &SimChain,
        number: u64,
        sealed: &Sealed,
        header: Vec<u8>,
        changed: &Changed,
    ) {
        let short = u32::try_from(number).unwrap_or(u32::MAX);
        let mut changes: Vec<Change> = vec![
            (self.events.clone(), Some(sealed.generation.encode(&sealed.events))),
            (self.number.clone(), Some(short.encode())),
            (self.parent.clone(), Some(sealed.parent_hash.0.to_vec())),
        ];
        if number == 0 || chain.dirty.migrated.is_some() {
            let marker = (Compact(sealed.generation.spec_version()), SPEC_NAME).encode();
            changes.push((storage_key("System", "LastRuntimeUpgrade", &[]), Some(marker)));
        }
        if number > 0 {
            changes.push((self.now.clone(), Some(sealed.time.0.encode())));
        }
        if self.code != chain.code {
            // The new code is in the state of this block already, though an older runtime made the block
            // (docs/chain.md#the-runtime-that-made-a-block).
            self.code = chain.code;
            self.history
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .add_runtime(short, runtime(chain.code));
        }
        if let Some(before) = chain.dirty.migrated {
            rename(chain, before, &mut changes);
        }
        for (netuid, counters) in &sealed.counters {
            changes.push((
                pallet("BlocksSinceLastStep", &[identity(netuid.0)]),
                Some(counters.blocks_since_last_step.encode()),
            ));
        }
        for (netuid, count) in sealed
            .registrations
            .iter()
            .flatten()
            .filter(|(netuid, _)| chain.dirty.schedules.contains(*netuid))
        {
            changes.push((pallet("RegisteredSubnetCounter", &[identity(netuid.0)]), Some(count.encode())));
        }
        schedules(chain, &mut changes);
        neurons(chain, &mut changes);
        locks(chain, &mut changes);
        stakes(chain, number, &changed.touched, &mut changes);
        accounts(&changed.accounts, &mut changes);
        if chain.converting_since.is_some_and(|since| number == since + CONVERSION) {
            changes.push((
                pallet("HasMigrationRun", &["migrate_alpha_v2_and_unstake_dust_v1".encode()]),
                Some(vec![1]),
            ));
        }
        let block = BlockData {
            number: short,
            hash: sealed.hash.0,
            parent_hash: sealed.parent_hash.0,
            header,
            extrinsics: Vec::new(),
            changes,
        };
        self.push(block);
    }
}
