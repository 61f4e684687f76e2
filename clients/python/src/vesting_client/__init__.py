"""A validator's weights, adjusted by the vesting sidecar of its Bittensor subnet.

`VestingSystem` waits; `vesting_client.aio.VestingSystem` is awaited.
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
