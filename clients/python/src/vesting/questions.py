"""The questions to the sidecar, without any input or output.

A question is a generator: it yields requests, receives their answers, and returns the result. So the same
question works over sockets and over asyncio.
"""

from __future__ import annotations

import json
import logging
import operator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Dict, Generator, List, Optional, Tuple, TypeVar, Union
from urllib.parse import quote, urlencode

from . import answers
from .answers import Adjustment
from .errors import InputError, PolicyDiffers, Refused, VestingError
from .records import Epoch, Miner, Record, StakePoint, Stats, Transaction, TrueEmission
from .sidecar import Sidecar
from .weights import W, given
from .wire import Endpoint

T = TypeVar("T")

log = logging.getLogger("vesting")

#: The largest answers accepted, in bytes: to a request for one subnet's weights, and to any other.
_LARGEST_WEIGHTS = 4 * 1024 * 1024
_LARGEST = 64 * 1024 * 1024

#: The problems of a record that has no epoch yet.
_NO_EPOCH = ("unknown-netuid", "no-epoch")

_RAO = 10**9


@dataclass(frozen=True)
class Request:
    """One request to the API, and the largest answer accepted, in bytes."""

    method: str
    target: str
    body: Optional[bytes]
    largest: int
    statuses: Tuple[int, ...] = (200,)
    """The statuses of an answer that is read."""


@dataclass(frozen=True)
class Address:
    """A sidecar that is there."""

    endpoint: Endpoint
    token: Optional[str]


#: A question that returns `T`.
Question = Generator[Request, Any, T]


class Questions:
    """The questions of one client: to which sidecar, our own or one that is there, about which subnet, under which policy."""

    def __init__(
        self,
        sidecar: Union[Sidecar, Address],
        netuid: Optional[int],
        raises: bool,
        strict: bool,
        expected: Dict[str, Decimal],
    ) -> None:
        self._sidecar = sidecar
        self._netuid = netuid
        self._raises = raises
        self._strict = strict
        self._expected = expected
        #: The digest of the sidecar's policy, once that was found to be the expected one.
        self._agreed: Optional[str] = None

    @property
    def endpoint(self) -> Endpoint:
        """Where the sidecar is. Raises `Unreachable` if our own has not served yet."""
        return self._sidecar.endpoint

    def bytes_of(self, request: Request) -> bytes:
        """A request as bytes."""
        return self.endpoint.request(request.method, request.target, self._sidecar.token, request.body)

    def failed(self, weights: W, error: VestingError) -> Adjustment[W]:
        """The weights unchanged, with the error. Raises the error if `on_error` is `"raise"`."""
        self.note(error)
        return Adjustment(weights, str(error), error)

    def note(self, error: VestingError) -> None:
        """Logs an error, or raises it if `on_error` is `"raise"`."""
        if self._raises:
            raise error
        log.warning("%s: %s", error.kind, error)

    # Questions.

    def initialize(self) -> Question[None]:
        """Checks that the sidecar answers and has the expected policy."""
        self._agree(answers.stats((yield self._get("/v1/stats"))))

    def update(self) -> Question[None]:
        """Makes the sidecar record up to the finalized head."""
        query = urlencode(self._named())
        yield Request("POST", f"/v1/update?{query}" if query else "/v1/update", b"", _LARGEST)

    def stats(self) -> Question[Stats]:
        """The subnet's figures. With a sidecar of our own also how it does, even before its record has an epoch."""
        if not isinstance(self._sidecar, Sidecar):
            return answers.stats((yield self._get("/v1/stats")))
        try:
            found = answers.stats((yield self._get("/v1/stats")))
        except Refused as refused:
            if refused.problem not in _NO_EPOCH:
                raise
            found = Stats(netuid=self._netuid, as_of=None, covered=False, lag_blocks=None, reason=refused.detail)
        ready = answers.readiness((yield Request("GET", "/health/ready", None, _LARGEST, (200, 503))))
        return Stats(found, sidecar={**self._sidecar.state(), **ready})

    def miners(self, as_of: Optional[int]) -> Question[List[Miner]]:
        """The miners, by uid."""
        return answers.miners((yield self._get("/v1/miners", as_of=as_of)))

    def adjust(self, weights: W, uids: object, hotkeys: object, metagraph: object, as_of: Optional[int], groups: object = None) -> Question[Adjustment[W]]:
        """The weights multiplied by their miners' multipliers."""
        input = given(weights, uids, hotkeys, metagraph, self._strict, groups)
        body = {**input.body(), **self._named(as_of=as_of)}
        text = json.dumps(body, allow_nan=False).encode("ascii")
        answer = yield Request("POST", "/v1/weights/apply", text, _LARGEST_WEIGHTS)
        adjustment = answers.adjusted(answer, input, self._netuid)
        if self._expected and adjustment.policy_digest != self._agreed:
            self._agree(answers.stats((yield self._get("/v1/stats"))))
            if adjustment.policy_digest != self._agreed:
                raise PolicyDiffers("the sidecar's policy changed meanwhile")
        if adjustment.reason is not None:
            log.warning("the weights are unchanged: %s", adjustment.reason)
        for warning in adjustment.warnings:
            log.warning("%s", warning)
        if adjustment.stale:
            log.warning("the sidecar's record is old: newer sales than of block %s are not known", adjustment.as_of)
        return adjustment

    def miner(self, hotkey: str, as_of: Optional[int]) -> Question[Optional[Miner]]:
        """One miner, if a neuron has this hotkey."""
        return answers.miner((yield self._get(f"/v1/miners/{quote(hotkey, safe='')}", as_of=as_of)))

    def coldkey(self, coldkey: str, as_of: Optional[int]) -> Question[Record]:
        """A coldkey with its neurons."""
        return answers.record((yield self._get(f"/v1/coldkeys/{quote(coldkey, safe='')}", as_of=as_of)))

    def transactions(self, from_block: Optional[int], to_block: Optional[int]) -> Question[List[Transaction]]:
        """The changes of stake in these blocks of the window."""
        query = urlencode({**self._named(**{"from": from_block}, to=to_block), "section": "entries"})
        return answers.transactions((yield Request("GET", f"/v1/digest/rows?{query}", None, _LARGEST)))

    def true_emissions(self, from_block: Optional[int], to_block: Optional[int]) -> Question[List[TrueEmission]]:
        """The true emissions of the epochs in these blocks."""
        epochs = yield from self.epochs(from_block, to_block)
        return [emission for epoch in epochs for emission in answers.emissions(epoch)]

    def stake_history(self, hotkey: str, epochs: Optional[int], as_of: Optional[int]) -> Question[List[StakePoint]]:
        """A miner's holder at each of its last epochs."""
        path = f"/v1/miners/{quote(hotkey, safe='')}/history"
        return answers.stake_history((yield self._get(path, epochs=epochs, as_of=as_of)))

    def epochs(self, from_block: Optional[int], to_block: Optional[int]) -> Question[List[Epoch]]:
        """The epochs in these blocks, in order. Without `from_block`: the newest that fit one answer."""
        try:
            return answers.epochs((yield self._get("/v1/epochs", **{"from": from_block}, to=to_block)))
        except Refused as refused:
            # They do not fit one answer: ask page by page, the newest first.
            if refused.field != "from" or from_block is None:
                raise
        found: List[Epoch] = []
        while True:
            page = answers.epochs((yield self._get("/v1/epochs", to=to_block)))
            found[:0] = [epoch for epoch in page if epoch.block >= from_block]
            if not page or page[0].block <= from_block:
                return found
            to_block = page[0].block - 1

    def recorded_to(self) -> Question[int]:
        """The last block of the record, or 0 if it has no epoch yet."""
        try:
            stats = answers.stats((yield self._get("/v1/stats")))
        except Refused as refused:
            if refused.problem in _NO_EPOCH:
                return 0
            raise
        recorded = stats.get("recorded_to")
        return recorded if isinstance(recorded, int) else int(stats["as_of"])

    # Parts of questions.

    def _named(self, **members: Optional[int]) -> Dict[str, int]:
        members["netuid"] = self._netuid
        try:
            # NumPy's integers too, which JSON would refuse.
            return {name: operator.index(value) for name, value in members.items() if value is not None}
        except TypeError as error:
            raise InputError(f"blocks, epochs and subnets are whole numbers: {error}") from None

    def _get(self, path: str, **parameters: Optional[int]) -> Request:
        query = urlencode(self._named(**parameters))
        return Request("GET", f"{path}?{query}" if query else path, None, _LARGEST)

    def _agree(self, stats: Dict[str, Any]) -> None:
        """Checks that the sidecar's policy is the expected one."""
        for name, expected in self._expected.items():
            told = stats["policy"].get(name)
            try:
                found = Decimal(str(told)) / (_RAO if name == "minimum_stake" else 1)
            except ArithmeticError:
                found = Decimal("NaN")
            if found != expected:
                raise PolicyDiffers(f"`{name}` is {found.normalize():f} in the sidecar's policy, but {expected} is expected")
        self._agreed = stats["policy_digest"]
