"""A validator's weights, adjusted by how much of its rewards each miner of a Bittensor subnet kept.

`VestingSystem` is for asyncio. `vesting.blocking.VestingSystem` has the same methods for programs without it.
"""

from .aio import VestingSystem
from .answers import Adjustment
from .errors import (
    BadAnswer,
    DeadlineExceeded,
    InputError,
    PolicyDiffers,
    Refused,
    SettingError,
    SidecarFailed,
    Unreachable,
    VestingError,
)
from .records import Change, Epoch, Miner, Record, StakePoint, Stats, Transaction, TrueEmission

__all__ = [
    "Adjustment",
    "BadAnswer",
    "Change",
    "DeadlineExceeded",
    "Epoch",
    "InputError",
    "Miner",
    "PolicyDiffers",
    "Record",
    "Refused",
    "SettingError",
    "SidecarFailed",
    "StakePoint",
    "Stats",
    "Transaction",
    "TrueEmission",
    "Unreachable",
    "VestingError",
    "VestingSystem",
]
