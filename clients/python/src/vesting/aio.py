"""`VestingSystem` for asyncio: the same methods as coroutines."""

from __future__ import annotations

import asyncio
import inspect
from types import TracebackType
from typing import Callable, List, Optional, Type, TypeVar

from . import link
from .answers import Adjustment, decoded
from .errors import VestingError
from .questions import Question, log
from .records import Epoch, Miner, Record, StakePoint, Stats, Transaction, TrueEmission
from .system import PATIENCE, STARTING, System
from .weights import W

T = TypeVar("T")

__all__ = ["VestingSystem"]


class VestingSystem(System):
    """Like `vesting.blocking.VestingSystem`, but it never blocks the event loop.

    A cancelled call closes its connection.
    """

    _background: Optional[asyncio.Task[None]] = None

    async def initialize(self) -> bool:
        """Same as `vesting.blocking.VestingSystem.initialize`."""
        if self._sidecar is None:
            return await self._goes_well(self._questions.initialize(), self._seconds)
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._sidecar.start, STARTING)
        except VestingError as error:
            self.last_error = error
            self._questions.note(error)
            return False
        self.last_error = None
        return True

    async def update(self) -> bool:
        """Same as `vesting.blocking.VestingSystem.update`."""
        return await self._goes_well(self._questions.update(), PATIENCE)

    async def apply_vesting_multipliers(self, weights: W, uids: object = None, hotkeys: object = None, metagraph: object = None, groups: object = None) -> W:
        """Returns the weights multiplied by their miners' multipliers. `adjust` also returns the details."""
        return (await self.adjust(weights, uids, hotkeys, metagraph, groups=groups)).weights

    async def adjust(
        self,
        weights: W,
        uids: object = None,
        hotkeys: object = None,
        metagraph: object = None,
        as_of: Optional[int] = None,
        groups: object = None,
    ) -> Adjustment[W]:
        """Same as `vesting.blocking.VestingSystem.adjust`."""
        try:
            return await self._ask(self._questions.adjust(weights, uids, hotkeys, metagraph, as_of, groups))
        except VestingError as error:
            return self._questions.failed(weights, error)

    async def get_vesting_stats(self) -> Stats:
        """Same as `vesting.blocking.VestingSystem.get_vesting_stats`."""
        return await self._ask(self._questions.stats())

    async def miners(self, as_of: Optional[int] = None) -> List[Miner]:
        """Same as `vesting.blocking.VestingSystem.miners`."""
        return await self._ask(self._questions.miners(as_of))

    async def miner(self, hotkey: str, as_of: Optional[int] = None) -> Optional[Miner]:
        """Same as `vesting.blocking.VestingSystem.miner`."""
        return await self._ask(self._questions.miner(hotkey, as_of))

    async def coldkey(self, coldkey: str, as_of: Optional[int] = None) -> Record:
        """Same as `vesting.blocking.VestingSystem.coldkey`."""
        return await self._ask(self._questions.coldkey(coldkey, as_of))

    async def transactions(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> List[Transaction]:
        """Same as `vesting.blocking.VestingSystem.transactions`."""
        return await self._ask(self._questions.transactions(from_block, to_block))

    async def epochs(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> List[Epoch]:
        """Same as `vesting.blocking.VestingSystem.epochs`."""
        return await self._ask(self._questions.epochs(from_block, to_block))

    async def history(self, hotkey: str, epochs: Optional[int] = None, as_of: Optional[int] = None) -> List[StakePoint]:
        """Same as `vesting.blocking.VestingSystem.get_stake_history`."""
        return await self.get_stake_history(hotkey, epochs, as_of)

    async def get_true_emissions(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> List[TrueEmission]:
        """Same as `vesting.blocking.VestingSystem.get_true_emissions`."""
        return await self._ask(self._questions.true_emissions(from_block, to_block))

    async def get_stake_history(self, hotkey: str, epochs: Optional[int] = None, as_of: Optional[int] = None) -> List[StakePoint]:
        """Same as `vesting.blocking.VestingSystem.get_stake_history`."""
        return await self._ask(self._questions.stake_history(hotkey, epochs, as_of))

    def on_epoch_boundary(self, handler: Callable[[Epoch], object]) -> None:
        """Calls `handler` once with every epoch recorded from now on, in order, until `shutdown`.

        `handler` is a function or a coroutine function. It runs in a task of the running loop. If the sidecar
        does not answer, it is asked again later, so no epoch is left out.
        """
        self._handlers.append(handler)
        if self._background is None:
            self._background = asyncio.get_running_loop().create_task(self._follow())

    async def shutdown(self) -> None:
        """Stops the task that `on_epoch_boundary` started, and the sidecar if it is our own."""
        background, self._background = self._background, None
        self._handlers.clear()
        # A handler may call `shutdown`, and its own task cannot wait for itself: it ends at its next `await`.
        if background is not None and background.cancel() and background is not asyncio.current_task():
            await asyncio.wait([background])
        if self._end is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._end)

    async def __aenter__(self) -> VestingSystem:
        await self.initialize()
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], at: Optional[TracebackType]) -> None:
        await self.shutdown()

    async def _goes_well(self, question: Question[None], seconds: float) -> bool:
        try:
            await self._ask(question, seconds)
        except VestingError as error:
            self._questions.note(error)
            return False
        return True

    async def _ask(self, question: Question[T], seconds: Optional[float] = None) -> T:
        try:
            answer = await self._answered(question, self._seconds if seconds is None else seconds)
        except VestingError as error:
            self.last_error = error
            raise
        self.last_error = None
        return answer

    async def _answered(self, question: Question[T], seconds: float) -> T:
        try:
            return await asyncio.wait_for(self._drive(question), seconds)
        except asyncio.TimeoutError:
            raise link.exceeded(seconds) from None

    async def _drive(self, question: Question[T]) -> T:
        try:
            request = next(question)
            while True:
                try:
                    sent = self._questions.bytes_of(request)
                    response = await link.ask_async(self._questions.endpoint, self._tls, sent, request.largest)
                    answer = decoded(response, request.statuses)
                except VestingError as error:
                    request = question.throw(error)
                else:
                    request = question.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _follow(self) -> None:
        told: Optional[int] = None
        failing = False
        while True:
            try:
                if told is None:
                    told = await self._answered(self._questions.recorded_to(), PATIENCE)
                else:
                    for epoch in await self._answered(self._questions.epochs(told + 1, None), PATIENCE):
                        await self._tell(epoch)
                        told = epoch.block
                failing = False
            except VestingError as error:
                log.log(10 if failing else 30, "epochs are not told: %s", error)
                failing = True
            await asyncio.sleep(self._interval)

    async def _tell(self, epoch: Epoch) -> None:
        for handler in list(self._handlers):
            try:
                done = handler(epoch)
                if inspect.isawaitable(done):
                    await done
            except Exception:
                log.exception("a handler of epochs failed")
