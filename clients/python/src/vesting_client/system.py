"""`VestingSystem`, for programs that wait."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Type, TypeVar

from . import link
from .answers import Adjustment, Epoch, StakePoint, TrueEmission, decoded
from .errors import VestingError
from .questions import Question, Questions, log
from .weights import W

T = TypeVar("T")

#: How long the background waits for an answer: nobody waits for it.
PATIENCE = 30.0


class VestingSystem:
    """One subnet's vesting system, which a sidecar (`vesting run`) works out.

    `url` is the address of its API, by default `VESTING_URL`, else http://127.0.0.1:9180; `token` what it asks
    for, by default `VESTING_API_TOKEN`. `subnet_id` may be left out where it follows one subnet.

    A call is done after `deadline_seconds`, whatever happens. When there is no answer that can be used, weights
    come back as they were and a warning is logged; with `on_error="raise"` a `VestingError` is raised.

    The policy is the sidecar's. What is given here of `minimum_stake` (in alpha), `retention_window_days`,
    `retention_target` and `max_multiplier` is compared with it, and weights are not adjusted under another one.

    `query_interval_seconds` is how often `on_epoch_boundary` looks for an epoch.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        token: Optional[str] = None,
        subnet_id: Optional[int] = None,
        deadline_seconds: float = 2.0,
        on_error: str = "unchanged",
        minimum_stake: Optional[float] = None,
        retention_window_days: Optional[float] = None,
        retention_target: Optional[float] = None,
        max_multiplier: Optional[float] = None,
        query_interval_seconds: float = 12.0,
    ) -> None:
        policy = {
            "minimum_stake": minimum_stake,
            "retention_window_days": retention_window_days,
            "retention_target": retention_target,
            "max_multiplier": max_multiplier,
        }
        self._questions = Questions(url, token, subnet_id, deadline_seconds, on_error, query_interval_seconds, policy)
        self._tls = link.tls(self._questions.endpoint)
        self._seconds = deadline_seconds
        self._interval = query_interval_seconds
        self._lock = threading.Lock()
        self._handlers: List[Callable[[Epoch], object]] = []
        self._background: Optional[_Background] = None
        self.last_error: Optional[VestingError] = None
        """What went wrong in the last call; nothing if it went well."""

    def initialize(self) -> bool:
        """Says whether the sidecar answers, under the policy that is expected.

        Where it does not, nothing is lost: every later call tries anew.
        """
        return self._goes_well(self._questions.initialize(), self._seconds)

    def update(self) -> bool:
        """Lets the sidecar go on to the finalized head, and waits for that, half a minute at most; says whether it is
        there. Needed where its `use_background_thread` is false, and harmless elsewhere."""
        return self._goes_well(self._questions.update(), PATIENCE)

    def apply_vesting_multipliers(self, weights: W, uids: object = None, hotkeys: object = None, metagraph: object = None) -> W:
        """Weights multiplied by their miners' multipliers; `adjust` tells more."""
        return self.adjust(weights, uids, hotkeys, metagraph).weights

    def adjust(
        self, weights: W, uids: object = None, hotkeys: object = None, metagraph: object = None, as_of: Optional[int] = None
    ) -> Adjustment[W]:
        """Weights multiplied by their miners' multipliers, and what is to be said about it.

        `weights` is a one-dimensional NumPy array, something like it, a list or a tuple, or a dict by uid; what
        comes back is the same. `uids` and `hotkeys` are lists in the same order, either of which may be left
        out; `metagraph` is in place of both, or of `hotkeys`. A miner is found by its hotkey where that is
        given, so that a uid that changed hands is not mistaken.
        """
        try:
            return self._ask(self._questions.adjust(weights, uids, hotkeys, metagraph, as_of))
        except VestingError as error:
            return self._questions.failed(weights, error)

    def get_vesting_stats(self) -> Dict[str, Any]:
        """The subnet in figures, as `vesting stats --json` tells them; amounts are text, in rao.

        Raises a `VestingError` where there are none.
        """
        return self._ask(self._questions.stats())

    def get_true_emissions(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> List[TrueEmission]:
        """What every epoch with `from_block` ≤ block ≤ `to_block` really brought to each position of a holder,
        in order; without `from_block`, of the newest 100 epochs.

        Raises a `VestingError` where that is not told.
        """
        return self._ask(self._questions.true_emissions(from_block, to_block))

    def get_stake_history(self, hotkey: str, epochs: Optional[int] = None, as_of: Optional[int] = None) -> List[StakePoint]:
        """The holder of a hotkey as of each of the last `epochs` (30) epochs, oldest first.

        Raises a `VestingError` where that is not told.
        """
        return self._ask(self._questions.stake_history(hotkey, epochs, as_of))

    def on_epoch_boundary(self, handler: Callable[[Epoch], object]) -> None:
        """Calls `handler` with every epoch that is recorded from now on, in order and once, in a thread of its
        own, until `shutdown`. While the sidecar does not answer it is asked again; no epoch is left out."""
        with self._lock:
            self._handlers.append(handler)
            if self._background is None:
                self._background = _Background(self)
                self._background.start()

    def shutdown(self) -> None:
        """Ends what `on_epoch_boundary` began. The sidecar goes on."""
        with self._lock:
            background, self._background = self._background, None
            self._handlers.clear()
        if background is not None:
            background.end()

    def __enter__(self) -> VestingSystem:
        self.initialize()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], at: Optional[TracebackType]) -> None:
        self.shutdown()

    def _goes_well(self, question: Question[None], seconds: float) -> bool:
        try:
            self._ask(question, seconds)
        except VestingError as error:
            self._questions.note(error)
            return False
        return True

    def _ask(self, question: Question[T], seconds: Optional[float] = None) -> T:
        try:
            answer = self._answered(question, self._seconds if seconds is None else seconds)
        except VestingError as error:
            self.last_error = error
            raise
        self.last_error = None
        return answer

    def _answered(self, question: Question[T], seconds: float) -> T:
        deadline = link.Deadline(seconds)
        try:
            request = next(question)
            while True:
                try:
                    sent = self._questions.bytes_of(request)
                    response = link.ask(self._questions.endpoint, self._tls, sent, request.largest, deadline)
                    answer = decoded(response)
                except VestingError as error:
                    request = question.throw(error)
                else:
                    request = question.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result


class _Background(threading.Thread):
    """Looks for epochs, and tells of them."""

    def __init__(self, system: VestingSystem) -> None:
        super().__init__(name="vesting-epochs", daemon=True)
        self._system = system
        self._ended = threading.Event()
        self._telling = threading.Lock()

    def end(self) -> None:
        """Ends it, and waits for a handler under way, but for no answer; a handler may end it itself."""
        self._ended.set()
        if threading.current_thread() is not self:
            with self._telling:
                pass

    def run(self) -> None:
        """Until it is ended."""
        told: Optional[int] = None
        failing = False
        while not self._ended.is_set():
            try:
                told = self._look(told)
                failing = False
            except VestingError as error:
                log.log(10 if failing else 30, "epochs are not told: %s", error)
                failing = True
            self._ended.wait(self._system._interval)

    def _look(self, told: Optional[int]) -> int:
        system = self._system
        if told is None:
            return system._answered(system._questions.recorded_to(), PATIENCE)
        for epoch in system._answered(system._questions.epochs(told + 1, None), PATIENCE):
            with self._telling:
                if self._ended.is_set():
                    return told
                for handler in list(system._handlers):
                    try:
                        handler(epoch)
                    except Exception:
                        log.exception("a handler of epochs failed")
            told = epoch.block
        return told
