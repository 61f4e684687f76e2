"""The parts of a vesting system by their names, as views of it.

Their methods return what the same method of the system returns: with asyncio a coroutine, and otherwise the result.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from .records import Epoch


class _Part:
    """A view of a system. It holds nothing of its own."""

    def __init__(self, system: Any) -> None:
        self._system = system


class BlockchainMonitor(_Part):
    """What happened on the chain, as recorded: stake, transactions, epochs and true emissions."""

    def update(self) -> Any:
        """Makes the sidecar record up to the finalized head."""
        return self._system.update()

    def stake_history(self, hotkey: str, epochs: Optional[int] = None, as_of: Optional[int] = None) -> Any:
        """The state of a hotkey's holder at each of the last epochs, oldest first."""
        return self._system.get_stake_history(hotkey, epochs, as_of)

    def transactions(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> Any:
        """Every change of stake in these blocks of the window, in order."""
        return self._system.transactions(from_block, to_block)

    def epochs(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> Any:
        """The epochs in these blocks, in order, each with what its block changed."""
        return self._system.epochs(from_block, to_block)

    def true_emissions(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> Any:
        """The true emission of each position in every epoch of these blocks, in rao."""
        return self._system.get_true_emissions(from_block, to_block)

    def on_epoch_boundary(self, handler: Callable[[Epoch], object]) -> Any:
        """Calls `handler` with every epoch recorded from now on."""
        return self._system.on_epoch_boundary(handler)


class StakeTracker(_Part):
    """What each miner holds: its stake, manual and earned, and how much of its rewards it held for how long."""

    def miners(self, as_of: Optional[int] = None) -> Any:
        """Every miner: `stake`, `manual_stake`, `earned_stake`, `holding_percentage`, `holding_duration`, …"""
        return self._system.miners(as_of)

    def miner(self, hotkey: str, as_of: Optional[int] = None) -> Any:
        """One miner, or `None` if no neuron has this hotkey then."""
        return self._system.miner(hotkey, as_of)

    def coldkey(self, coldkey: str, as_of: Optional[int] = None) -> Any:
        """A coldkey: its holding, its multiplier, and all its hotkeys."""
        return self._system.coldkey(coldkey, as_of)
