//! A conservation law that does not hold.

use crate::units::{BlockNumber, Coldkey, NetUid, PositionKey, Rao, RaoDelta};

/// A conservation law that does not hold: a bug or a damaged database. Reaction: stop and say so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConservationError {
    /// Σ entries of a position is not its alpha on the chain.
    #[error(
        "conservation broken on subnet {netuid} at block {block}: the ledger says {ledger} rao for hotkey \
        {} of coldkey {}, the chain says {chain} rao; nothing was written. Please report this with the \
        database",
        key.hotkey, key.coldkey
    )]
    Position {
        /// The subnet.
        netuid: NetUid,
        /// The block in whose state they differ.
        block: BlockNumber,
        /// The position.
        key: PositionKey,
        /// Σ entries.
        ledger: RaoDelta,
        /// The chain's alpha.
        chain: Rao,
    },
    /// Σ tranches of a holder is not Σ its positions.
    #[error(
        "conservation broken on subnet {netuid} at block {block}: the tranches of coldkey {holder} hold \
        {tranches} rao, its positions {positions} rao; nothing was written. Please report this with the \
        database"
    )]
    Tranches {
        /// The subnet.
        netuid: NetUid,
        /// The block at whose end they differ.
        block: BlockNumber,
        /// The holder.
        holder: Coldkey,
        /// Σ of what its tranches hold, less the deficit.
        tranches: RaoDelta,
        /// Σ of its positions.
        positions: RaoDelta,
    },
}

impl ConservationError {
    /// The subnet.
    #[must_use]
    pub const fn netuid(&self) -> NetUid {
        match self {
            Self::Position { netuid, .. } | Self::Tranches { netuid, .. } => *netuid,
        }
    }
}
