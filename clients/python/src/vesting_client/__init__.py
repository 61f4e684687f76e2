"""The former name of `vesting`. Its `VestingSystem` is `vesting.blocking.VestingSystem`."""

import warnings

from vesting import (
    Adjustment,
    BadAnswer,
    Change,
    DeadlineExceeded,
    Epoch,
    InputError,
    PolicyDiffers,
    Refused,
    StakePoint,
    TrueEmission,
    Unreachable,
    VestingError,
)
from vesting.blocking import VestingSystem

__all__ = [
    "Adjustment",
    "BadAnswer",
    "Change",
    "DeadlineExceeded",
    "Epoch",
    "InputError",
    "PolicyDiffers",
    "Refused",
    "StakePoint",
    "TrueEmission",
    "Unreachable",
    "VestingError",
    "VestingSystem",
]

warnings.warn("`vesting_client` is now `vesting`: import `vesting.blocking`, or `vesting` with asyncio", DeprecationWarning, stacklevel=2)
