//! Legs whose kind is not final yet, and the announcements that decide it.

use crate::block::Phase;
use crate::flow::classify::flows::Leg;
use crate::ledger::{Flow, Kind, Source};
use crate::units::{Coldkey, Hotkey, NetUid, PositionKey, RaoDelta};

/// A leg before an announcement may give it another kind.
pub(super) struct Draft {
    pub(super) leg: Leg,
    pub(super) netuid: NetUid,
    /// Whether an announcement gave it its kind already.
    pub(super) claimed: bool,
    /// What a move debited beyond what it credited, or the other way round.
    pub(super) surplus: Option<(Kind, RaoDelta)>,
}

impl Draft {
    pub(super) fn new(
        source: Source,
        netuid: NetUid,
        hotkey: Hotkey,
        coldkey: Coldkey,
        kind: Kind,
        alpha: Option<RaoDelta>,
    ) -> Self {
        let leg = Leg {
            source,
            key: PositionKey { hotkey, coldkey },
            kind,
            incoming: kind.flow() == Flow::Inflow,
            alpha,
            fee: RaoDelta::ZERO,
        };
        Self { leg, netuid, claimed: false, surplus: None }
    }

    pub(super) fn is_open(&self, kind: Kind, phase: Phase) -> bool {
        !self.claimed && self.leg.kind == kind && self.leg.source.phase == phase
    }
}

/// Gives two legs of the same phase the kind that an announcement means: the last unclaimed removal at
/// `from`, and the last unclaimed addition at `to`.
pub(super) fn claim(
    legs: &mut [Draft],
    phase: Phase,
    from: (NetUid, PositionKey),
    to: (NetUid, PositionKey),
) {
    let (out, into) = if from.1.coldkey != to.1.coldkey {
        (Kind::TransferredOut, Kind::TransferredIn)
    } else if from.0 != to.0 {
        (Kind::SwappedOut, Kind::SwappedIn)
    } else {
        (Kind::Moved, Kind::Moved)
    };
    let [taken, brought] = [(from, Kind::StakeRemoved, out), (to, Kind::StakeAdded, into)].map(
        |((netuid, key), was, becomes)| {
            let place = legs.iter().rposition(|draft| {
                draft.is_open(was, phase) && draft.netuid == netuid && draft.leg.key == key
            })?;
            legs[place].leg.kind = becomes;
            legs[place].claimed = true;
            Some(place)
        },
    );
    if let (Kind::Moved, Some(taken), Some(brought)) = (out, taken, brought) {
        part_surplus(legs, taken, brought);
    }
}

/// A move within a subnet credits as much as it debits. On the runtimes where it costs a fee, a larger debit
/// includes the fee (docs/chain.md#a-move-that-costs). A larger credit would be a purchase.
fn part_surplus(legs: &mut [Draft], taken: usize, brought: usize) {
    let (Some(out), Some(into)) = (legs[taken].leg.alpha, legs[brought].leg.alpha) else { return };
    let off = out + into;
    if off.0 < 0 {
        legs[taken].leg.alpha = Some(-into);
        legs[taken].surplus = Some((Kind::Fee, off));
    } else if off.0 > 0 {
        legs[brought].leg.alpha = Some(-out);
        legs[brought].surplus = Some((Kind::StakeAdded, off));
    }
}

/// Gives the last unclaimed removal and addition of a lease's dividends their kinds. The contributor earned
/// them and bought nothing (docs/chain.md#leases).
pub(super) fn pay_out(legs: &mut [Draft], phase: Phase, contributor: Coldkey, alpha: RaoDelta) {
    let fits = |draft: &Draft, kind, alpha| draft.is_open(kind, phase) && draft.leg.alpha == Some(alpha);
    let added = |draft: &Draft| fits(draft, Kind::StakeAdded, alpha) && draft.leg.key.coldkey == contributor;
    let Some(place) = legs.iter().rposition(added) else { return };
    let to = &mut legs[place];
    to.leg.kind = Kind::DividendOrOther;
    to.claimed = true;
    let (hotkey, netuid) = (to.leg.key.hotkey, to.netuid);
    let removed = |draft: &Draft| {
        fits(draft, Kind::StakeRemoved, -alpha) && (draft.leg.key.hotkey, draft.netuid) == (hotkey, netuid)
    };
    if let Some(place) = legs.iter().rposition(removed) {
        let from = &mut legs[place];
        from.leg.kind = Kind::TransferredOut;
        from.claimed = true;
    }
}
