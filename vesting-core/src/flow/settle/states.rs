//! A block with the states around it.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::BlockFacts;
use crate::flow::classify::Flows;
use crate::flow::emission::EpochSetting;
use crate::units::{Coldkey, NetUid, PositionKey, Rao, RaoDelta};

/// A block with the states around it.
pub struct BlockStates<'a> {
    /// The subnet.
    pub netuid: NetUid,
    /// The block.
    pub facts: &'a BlockFacts,
    /// What its events say about the subnet.
    pub flows: &'a Flows,
    /// The coldkeys that are followed.
    pub holders: &'a BTreeSet<Coldkey>,
    /// The coldkeys whose positions were read. They include those that [`affected`](super::affected) names.
    pub coldkeys: &'a BTreeSet<Coldkey>,
    /// Their positions in the state of the parent.
    pub before: &'a BTreeMap<PositionKey, Rao>,
    /// Their positions in the state of the block; none where the block dissolved the subnet.
    pub after: &'a BTreeMap<PositionKey, Rao>,
    /// The ledger's balances at the parent. They differ from `before` only by the open interval's residual.
    pub balances: &'a BTreeMap<PositionKey, RaoDelta>,
    /// The neurons and the owner that the block pays, if it is an epoch.
    pub epoch: Option<&'a EpochSetting>,
    /// Whether another runtime made the parent.
    pub runtime_changed: bool,
}
