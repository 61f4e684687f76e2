"""What both kinds of `VestingSystem` are made of: their settings, their sidecar, and the views of them."""

from __future__ import annotations

import threading
import weakref
from typing import Callable, List, Mapping, Optional

from . import link
from .errors import VestingError
from .parts import BlockchainMonitor, StakeTracker
from .records import Epoch
from .setup import setup

#: How long, in seconds, the background thread and `update` wait for an answer. No weights wait for either.
PATIENCE = 30.0

#: How long, in seconds, a sidecar of our own may take until it serves.
STARTING = 60.0


class System:
    """A vesting system, as it is set up. How it waits is for its subclass."""

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        subtensor: object = None,
        subnet_id: Optional[int] = None,
        netuid: Optional[int] = None,
        db_manager: object = None,
        minimum_stake: Optional[float] = None,
        retention_window_days: Optional[float] = None,
        retention_target: Optional[float] = None,
        max_multiplier: Optional[float] = None,
        settings: Optional[Mapping[str, object]] = None,
        use_background_thread: bool = True,
        query_interval_seconds: Optional[float] = None,
        token: Optional[str] = None,
        deadline_seconds: float = 2.0,
        on_error: str = "unchanged",
        strict: bool = False,
        program: Optional[str] = None,
    ) -> None:
        policy = {
            "minimum_stake": minimum_stake,
            "retention_window_days": retention_window_days,
            "retention_target": retention_target,
            "max_multiplier": max_multiplier,
        }
        made = setup(
            subtensor=subtensor,
            subnet_id=subnet_id,
            netuid=netuid,
            db_manager=db_manager,
            use_background_thread=use_background_thread,
            query_interval_seconds=query_interval_seconds,
            url=url,
            token=token,
            deadline_seconds=deadline_seconds,
            on_error=on_error,
            strict=strict,
            settings=settings,
            program_path=program,
            policy=policy,
        )
        self._questions = made.questions
        self._sidecar = made.sidecar
        # Our own sidecar ends with this object, and with the program.
        self._end = weakref.finalize(self, made.sidecar.stop) if made.sidecar is not None else None
        self._tls = link.tls(made.questions.endpoint) if made.sidecar is None else None
        self._seconds = made.deadline_seconds
        self._interval = made.interval_seconds
        #: For threads that share a blocking system.
        self._lock = threading.Lock()
        self._handlers: List[Callable[[Epoch], object]] = []
        self.last_error: Optional[VestingError] = None
        """The error of the last call, or `None` if it succeeded."""

    @property
    def blockchain_monitor(self) -> BlockchainMonitor:
        """A view of this system: what happened on the chain."""
        return BlockchainMonitor(self)

    @property
    def stake_tracker(self) -> StakeTracker:
        """A view of this system: what each miner holds."""
        return StakeTracker(self)
