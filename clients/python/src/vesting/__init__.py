"""A validator's weights, adjusted by the vesting sidecar of its Bittensor subnet.

`VestingSystem` blocks until it has an answer. `vesting_client.aio.VestingSystem` is the same for asyncio.
"""

from .answers import Adjustment, Change, Epoch, StakePoint, TrueEmission
from .errors import BadAnswer, DeadlineExceeded, InputError, PolicyDiffers, Refused, Unreachable, VestingError
from .system import VestingSystem

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
