//! A disagreement between a runtime's storage and its own answer.

use vesting_core::{BlockNumber, NetUid, PositionKey, Rao};

/// A disagreement about a position between a runtime's storage, as it is read here, and its own answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The runtime.
    pub spec_version: u32,
    /// The block in whose state it was found.
    pub block: BlockNumber,
    /// The subnet.
    pub netuid: NetUid,
    /// The position.
    pub key: PositionKey,
    /// The alpha by its storage.
    pub storage: Rao,
    /// The alpha by its own answer.
    pub runtime: Rao,
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "spec {} says that hotkey {} of coldkey {} has {} rao on subnet {} at block {}, its storage was \
            taken to say {}; from here on the runtime is asked for every position, which is slower",
            self.spec_version,
            self.key.hotkey,
            self.key.coldkey,
            self.runtime,
            self.netuid,
            self.block,
            self.storage
        )
    }
}
