"""The former name of `vesting.aio`."""

from vesting.aio import VestingSystem

__all__ = ["VestingSystem"]
