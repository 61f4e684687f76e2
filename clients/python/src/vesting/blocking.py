"""`VestingSystem` for programs without asyncio: its methods block."""

from __future__ import annotations

import threading
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


class VestingSystem(System):
    """The vesting system of one subnet. A sidecar (`vesting run`) computes it.

    **With a sidecar of its own.** `subtensor` is the SDK's object, the name of a network, or the URL of a node. The
    system then starts and owns a sidecar. `initialize` returns once it serves, and it ends with `shutdown`, with
    this object, or with the program. `subnet_id` (or `netuid`) is the subnet. `db_manager` is a path, a URL, or an
    object with one; without it the record is a file in the platform's data folder. `minimum_stake` (in alpha),
    `retention_window_days`, `retention_target` and `max_multiplier` are the policy. `settings` has other settings by
    their names in `vesting.toml`. With `use_background_thread=False` the record moves with `update` only.
    `query_interval_seconds` is the time without notice of a new block after which the chain is asked for one.

    **With a sidecar that is there.** `url` is the address of its API. The default is `VESTING_URL`, or else
    http://127.0.0.1:9180. `token` is the API's token, by default `VESTING_API_TOKEN`. `subnet_id` may be omitted
    if the sidecar follows one subnet. The sidecar decides the policy: if a policy is given and differs, weights are
    not adjusted. `query_interval_seconds` is the pause between two looks for new epochs.

    Every call ends within `deadline_seconds`. Without a usable answer, the weights are returned unchanged and
    a warning is logged. With `on_error="raise"` a `VestingError` is raised instead. With `strict=True` one invalid
    weight or hotkey leaves all weights unchanged; otherwise it leaves that one unchanged.
    """

    _background: Optional[_Background] = None

    def initialize(self) -> bool:
        """Starts the sidecar if it is our own. Returns whether it answers and has the expected policy.

        If it does not, later calls still work once it does: each of them tries again.
        """
        if self._sidecar is None:
            return self._goes_well(self._questions.initialize(), self._seconds)
        try:
            self._sidecar.start(STARTING)
        except VestingError as error:
            self.last_error = error
            self._questions.note(error)
            return False
        self.last_error = None
        return True

    def update(self) -> bool:
        """Makes the sidecar record up to the finalized head, and returns whether it got there.

        Waits for half a minute at most. Needed only if the sidecar's `use_background_thread` is false, and
        harmless otherwise.
        """
        return self._goes_well(self._questions.update(), PATIENCE)

    def apply_vesting_multipliers(self, weights: W, uids: object = None, hotkeys: object = None, metagraph: object = None, groups: object = None) -> W:
        """Returns the weights multiplied by their miners' multipliers. `adjust` also returns the details."""
        return self.adjust(weights, uids, hotkeys, metagraph, groups=groups).weights

    def adjust(
        self,
        weights: W,
        uids: object = None,
        hotkeys: object = None,
        metagraph: object = None,
        as_of: Optional[int] = None,
        groups: object = None,
    ) -> Adjustment[W]:
        """Returns the weights multiplied by their miners' multipliers, with the details.

        `weights` is a one-dimensional array (NumPy or PyTorch), a list, a tuple, or a dict by uid. The result is
        of the same type. `uids` and `hotkeys` are lists in the order of the weights; one of them may be omitted.
        `metagraph` replaces both, or only `hotkeys`. A miner is found by its hotkey if it is given, so that the
        new miner of a uid is not mistaken for the old one.

        With `groups`, weight moves inside each group only, so that each keeps its sum: a list with the uids of each
        group, or a label for each weight (a list in their order, or a dict by the keys of a dict of weights).
        """
        try:
            return self._ask(self._questions.adjust(weights, uids, hotkeys, metagraph, as_of, groups))
        except VestingError as error:
            return self._questions.failed(weights, error)

    def get_vesting_stats(self) -> Stats:
        """Returns the subnet's figures as `vesting stats --json` prints them. Amounts are texts in rao.

        With a sidecar of our own, `sidecar` says how it does, and there is an answer even before the first epoch.

        Raises a `VestingError` if there are none.
        """
        return self._ask(self._questions.stats())

    def miners(self, as_of: Optional[int] = None) -> List[Miner]:
        """Returns the miners by uid, as of the last epoch at or before the block `as_of`.

        The list goes into `pandas.DataFrame` as it is. Raises a `VestingError` if there is no answer.
        """
        return self._ask(self._questions.miners(as_of))

    def miner(self, hotkey: str, as_of: Optional[int] = None) -> Optional[Miner]:
        """Returns one miner, or `None` if no neuron has this hotkey as of `as_of`."""
        return self._ask(self._questions.miner(hotkey, as_of))

    def coldkey(self, coldkey: str, as_of: Optional[int] = None) -> Record:
        """Returns a coldkey with its holding, its multiplier and its neurons, as the API tells it."""
        return self._ask(self._questions.coldkey(coldkey, as_of))

    def transactions(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> List[Transaction]:
        """Returns every change of stake in these blocks of the window, by default in all of them, in order."""
        return self._ask(self._questions.transactions(from_block, to_block))

    def epochs(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> List[Epoch]:
        """Returns the epochs with `from_block` ≤ block ≤ `to_block`, in order; without `from_block` the newest 100."""
        return self._ask(self._questions.epochs(from_block, to_block))

    def history(self, hotkey: str, epochs: Optional[int] = None, as_of: Optional[int] = None) -> List[StakePoint]:
        """Same as `get_stake_history`."""
        return self.get_stake_history(hotkey, epochs, as_of)

    def get_true_emissions(self, from_block: Optional[int] = None, to_block: Optional[int] = None) -> List[TrueEmission]:
        """Returns the true emission of each position in every epoch with `from_block` ≤ block ≤ `to_block`.

        The order is that of the epochs. Without `from_block`, it returns those of the newest 100 epochs. Raises a
        `VestingError` if there is no answer.
        """
        return self._ask(self._questions.true_emissions(from_block, to_block))

    def get_stake_history(self, hotkey: str, epochs: Optional[int] = None, as_of: Optional[int] = None) -> List[StakePoint]:
        """Returns the state of a hotkey's holder at the last `epochs` epochs (30 by default), oldest first.

        Raises a `VestingError` if there is no answer.
        """
        return self._ask(self._questions.stake_history(hotkey, epochs, as_of))

    def on_epoch_boundary(self, handler: Callable[[Epoch], object]) -> None:
        """Calls `handler` once with every epoch recorded from now on, in order, until `shutdown`.

        `handler` runs in a background thread. If the sidecar does not answer, it is asked again later, so no
        epoch is left out.
        """
        with self._lock:
            self._handlers.append(handler)
            if self._background is None:
                self._background = _Background(self)
                self._background.start()

    def shutdown(self) -> None:
        """Stops the thread that `on_epoch_boundary` started, and the sidecar if it is our own."""
        with self._lock:
            background, self._background = self._background, None
            self._handlers.clear()
        if background is not None:
            background.end()
        if self._end is not None:
            self._end()

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
                    answer = decoded(response, request.statuses)
                except VestingError as error:
                    request = question.throw(error)
                else:
                    request = question.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result


class _Background(threading.Thread):
    """The thread that looks for new epochs and calls the handlers."""

    def __init__(self, system: VestingSystem) -> None:
        super().__init__(name="vesting-epochs", daemon=True)
        self._system = system
        self._ended = threading.Event()
        self._telling = threading.Lock()

    def end(self) -> None:
        """Stops the thread. Waits for a running handler, but not for an answer. A handler may call it too."""
        self._ended.set()
        if threading.current_thread() is not self:
            with self._telling:
                pass

    def run(self) -> None:
        """Looks for new epochs until `end` is called."""
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
