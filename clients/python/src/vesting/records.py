"""What the API tells, as records: dicts whose members are attributes too. Amounts are integers in rao.

A list of records goes into `pandas.DataFrame` and into `json.dumps` as it is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Dict, List, Optional


class Record(Dict[str, Any]):
    """A dict whose members can be read as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no `{name}`") from None


class Stats(Record):
    """A subnet in figures. Amounts are texts in rao, as `vesting stats --json` prints them."""

    netuid: int
    as_of: Optional[int]
    """The block of the epoch that the figures are of; `None` before the record has one."""
    covered: bool
    """Whether the record covers the window. If not, weights are returned unchanged."""
    recorded_from: int
    """The first block of the record."""
    recorded_to: int
    """The last block of the record."""
    lag_blocks: Optional[int]
    """How many blocks the record has beyond that epoch."""
    incomplete_since: Optional[int]
    """The first block of the record, if that is inside the window."""
    num_miners: int
    num_holders: int
    epoch_count: int
    total_stake: str
    total_emission: str
    unattributed_total: str
    avg_holding_percentage: Optional[float]
    """The part of the rewards that is kept, from 0 to 1."""
    avg_holding_duration: Optional[float]
    """In days."""
    policy: Dict[str, Any]
    policy_digest: str
    sidecar: Dict[str, Any]
    """Of a sidecar of our own: whether it is `running`, its `pid`, its `restarts` and `last_exit`; whether it is
    `ready`, or the `reasons` why not; the finalized `head`, and how many blocks the record is behind it
    (`behind_blocks`)."""


class Miner(Record):
    """A neuron with its position, and its holder's multiplier."""

    netuid: int
    as_of: int
    """The block of the epoch."""
    uid: int
    hotkey: str
    coldkey: str
    stake: int
    """Its owner's stake on its hotkey."""
    opening_stake: int
    """The part of it that was there when the window began."""
    earned_stake: int
    """The part of it that was earned in the window and kept."""
    manual_stake: int
    """The rest of it: bought, moved in, received."""
    locked_stake: Optional[int]
    rewards: int
    """The rewards earned on its hotkey in the window."""
    rewards_kept: int
    """What is left of them."""
    sold: int
    """What left the position in the window."""
    holding_percentage: Optional[float]
    """The part of the holder's rewards that is kept, from 0 to 1; `None` where nothing was earned."""
    holding_duration: Optional[float]
    """For how many days on average the holder held what it held."""
    multiplier: Decimal
    limited_by: str
    reason: str
    incomplete_since: Optional[int]


class StakePoint(Record):
    """A miner's holder at one epoch: the sum of its positions in the subnet."""

    as_of: int
    time: str
    coldkey: str
    stake: Optional[int]
    earned: int
    """Since the epoch before."""
    sold: int
    """Since the epoch before."""
    multiplier: Decimal
    reason: str
    holding_percentage: Optional[float]
    holding_duration: Optional[float]
    """In days."""


class Transaction(Record):
    """One change of a holder's stake: an entry of the ledger."""

    block: int
    event_index: Optional[int]
    """Where in the block the event is that tells of it; `None` where none does."""
    kind: str
    """What it was, such as `incentive`, `stake_added` or `stake_removed`. docs/method.md lists them."""
    hotkey: str
    coldkey: str
    alpha: int
    """Below 0 where stake left."""


class TrueEmission(Record):
    """The emission that one epoch paid to one position of a holder."""

    block: int
    time: str
    uid: Optional[int]
    hotkey: str
    coldkey: str
    true_emission: int
    incentive: int


class Change(Record):
    """What the block of an epoch changed in one position."""

    uid: Optional[int]
    hotkey: str
    coldkey: str
    stake_before: int
    stake_after: int
    manual_add_stake: int
    manual_remove_stake: int
    neutral: int
    true_emission: int
    incentive: int
    rounding: int
    unattributed: int


class Epoch(Record):
    """An epoch with every position that its block changed."""

    netuid: int
    block: int
    time: str
    changes: List[Change]
