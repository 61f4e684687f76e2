"""The API's answers, checked and as Python objects. Amounts are integers in rao."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Dict, Generic, List, NoReturn, Optional, Tuple, Type, TypeVar

from .errors import BadAnswer, Refused, VestingError
from .records import Change, Epoch, Miner, Record, StakePoint, Stats, Transaction, TrueEmission
from .weights import Given, W
from .wire import Response

T = TypeVar("T")


@dataclass(frozen=True)
class Adjustment(Generic[W]):
    """Weights, adjusted or unchanged, with the details."""

    weights: W
    """Of the type, length and order of the weights given. If unchanged, the very object that was given."""
    reason: Optional[str] = None
    """Why the weights are unchanged, or `None` if they are adjusted."""
    error: Optional[VestingError] = None
    """The error, if the weights are unchanged because of one."""
    stale: bool = False
    """Whether the sidecar's record is out of date: newer sales are missing from it."""
    as_of: Optional[int] = None
    """The block of the epoch that the multipliers are of."""
    multipliers: List[Decimal] = field(default_factory=list)
    """The exact multiplier of each weight. Empty without an answer."""
    reasons: List[str] = field(default_factory=list)
    """The reason for each multiplier."""
    policy_digest: Optional[str] = None
    state_digest: Optional[str] = None
    warnings: List[str] = field(default_factory=list)
    """What to check although the weights were adjusted, such as a hotkey given with another hotkey's uid."""


def decoded(response: Response, statuses: Tuple[int, ...]) -> Any:
    """The JSON of an answer. Raises `Refused` for any status but these."""
    if response.status not in statuses:
        raise _refused(response)
    try:
        return _json(response.body)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"the answer is not JSON: {error}") from None


def _json(body: bytes) -> Any:
    def no_number(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number")

    return json.loads(body.decode("utf-8"), parse_constant=no_number)


def _refused(response: Response) -> Refused:
    moved = response.headers.get("location", "")
    if 300 <= response.status < 400 and moved:
        return Refused(response.status, None, None, f"the API has moved to {moved[:200]}: name that address")
    try:
        told = _json(response.body)
    except (ValueError, RecursionError):
        told = None
    told = told if isinstance(told, dict) else {}

    def text(name: str) -> Optional[str]:
        value = told.get(name)
        return value if isinstance(value, str) else None

    problem = (text("type") or "").rpartition("urn:vesting:problem:")[2] or None
    return Refused(response.status, problem, text("field"), text("detail") or "the answer does not say why")


def adjusted(answer: Any, given: Given[W], netuid: Optional[int]) -> Adjustment[W]:
    """The weights from the answer to `POST /v1/weights/apply`.

    Raises `BadAnswer` unless it is a complete answer to exactly these weights.
    """
    told = _object(answer)
    if netuid is not None and _of(told, "netuid", int) != netuid:
        raise BadAnswer("the answer is about another subnet")
    values = [_weight(value) for value in _of(told, "weights", list)]
    multipliers = [_decimal(value) for value in _of(told, "multipliers", list)]
    reasons = [_is(value, str, "reasons") for value in _of(told, "reasons", list)]
    uids, hotkeys = _of(told, "uids", list), _of(told, "hotkeys", list)
    count = len(given.values)
    if len(values) == count + 1 and len(uids) == count + 1:
        raise BadAnswer(f"what is burned goes to uid {uids[-1]}, which is not among the weights: give it with a weight of 0")
    for name, found in (("weights", values), ("multipliers", multipliers), ("reasons", reasons), ("uids", uids), ("hotkeys", hotkeys)):
        if len(found) != count:
            raise BadAnswer(f"there are {count} weights, but {len(found)} `{name}` in the answer")
    if (given.uids or uids) != uids or (given.hotkeys or hotkeys) != hotkeys:
        raise BadAnswer("the answer is about other weights")
    before, after = math.fsum(given.values), _sum(values)
    if not math.isclose(before, after, rel_tol=1e-6, abs_tol=0.0):
        raise BadAnswer(f"the answer's weights add up to {after}, those given to {before}")
    unchanged = None if told.get("unchanged") is None else _of(told, "unchanged", str)
    stale = _of(told, "stale", bool)
    as_of, policy, state = _of(told, "as_of", int), _of(told, "policy_digest", str), _of(told, "state_digest", str)
    warnings = [_is(value, str, "warnings") for value in _of(told, "warnings", list)]
    weights = given.like(values) if unchanged is None else given.weights
    multipliers = given.each(multipliers, lambda _: Decimal(1))
    reasons = given.each(reasons, lambda place: given.left[place])
    warnings = [f"a weight is left alone: {why}" for why in given.left.values()] + warnings
    return Adjustment(weights, unchanged, None, stale, as_of, multipliers, reasons, policy, state, warnings)


def _sum(values: List[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        raise BadAnswer("the answer's weights add up to more than a number can hold") from None


def stats(answer: Any) -> Stats:
    """The figures of a subnet, as the API returned them."""
    told = _object(answer)
    _of(told, "netuid", int), _of(told, "as_of", int), _of(told, "policy_digest", str)
    _object(told.get("policy"))
    return Stats(told)


def miner(answer: Any) -> Optional[Miner]:
    """The miner of an answer about one hotkey, if a neuron has it."""
    told = _object(answer).get("miner")
    return None if told is None else _miner(_object(told))


def record(answer: Any) -> Record:
    """An answer as it is."""
    return Record(_object(answer))


def transactions(answer: Any) -> List[Transaction]:
    """The changes of stake of an answer, in the order of the ledger."""
    return [_transaction(_object(item)) for item in _of(_object(answer), "rows", list)]


def _transaction(told: Dict[str, Any]) -> Transaction:
    return Transaction(
        block=_of(told, "block", int),
        event_index=_maybe(told, "event_index", int),
        kind=_of(told, "kind", str),
        hotkey=_of(told, "hotkey", str),
        coldkey=_of(told, "coldkey", str),
        alpha=_rao(told, "alpha_rao"),
    )


def readiness(answer: Any) -> Dict[str, Any]:
    """Whether the sidecar may be relied on for its one subnet, and how far behind the chain it is."""
    told = _object(answer)
    of = _is(told.get("subnets"), list, "subnets")
    subnet = _object(of[0]) if of else {}
    return {
        "ready": _of(told, "ready", bool),
        "reasons": [_is(reason, str, "reasons") for reason in _of(told, "reasons", list)],
        "role": _maybe(subnet, "role", str),
        "head": _maybe(told, "head", int),
        "behind_blocks": _maybe(subnet, "lag_blocks", int),
    }


def miners(answer: Any) -> List[Miner]:
    """The miners of an answer, by uid."""
    return [_miner(_object(item)) for item in _is(answer, list, "the answer")]


def epochs(answer: Any) -> List[Epoch]:
    """The epochs of an answer."""
    return [_epoch(_object(item)) for item in _is(answer, list, "the answer")]


def emissions(epoch: Epoch) -> List[TrueEmission]:
    """The emissions of an epoch, without those of 0."""
    return [
        TrueEmission(
            block=epoch.block,
            time=epoch.time,
            uid=c.uid,
            hotkey=c.hotkey,
            coldkey=c.coldkey,
            true_emission=c.true_emission,
            incentive=c.incentive,
        )
        for c in epoch.changes
        if c.true_emission != 0
    ]


def stake_history(answer: Any) -> List[StakePoint]:
    """A miner's history."""
    return [_point(_object(item)) for item in _is(answer, list, "the answer")]


def _epoch(told: Dict[str, Any]) -> Epoch:
    changes = [_change(_object(item)) for item in _of(told, "changes", list)]
    return Epoch(netuid=_of(told, "netuid", int), block=_of(told, "block", int), time=_of(told, "time", str), changes=changes)


def _change(told: Dict[str, Any]) -> Change:
    return Change(
        uid=_maybe(told, "uid", int),
        hotkey=_of(told, "hotkey", str),
        coldkey=_of(told, "coldkey", str),
        stake_before=_rao(told, "stake_before"),
        stake_after=_rao(told, "stake_after"),
        manual_add_stake=_rao(told, "manual_add_stake"),
        manual_remove_stake=_rao(told, "manual_remove_stake"),
        neutral=_rao(told, "neutral"),
        true_emission=_rao(told, "true_emission"),
        incentive=_rao(told, "incentive"),
        rounding=_rao(told, "rounding"),
        unattributed=_rao(told, "unattributed"),
    )


def _miner(told: Dict[str, Any]) -> Miner:
    return Miner(
        netuid=_of(told, "netuid", int),
        as_of=_of(told, "as_of", int),
        uid=_of(told, "uid", int),
        hotkey=_of(told, "hotkey", str),
        coldkey=_of(told, "coldkey", str),
        stake=_rao(told, "stake"),
        opening_stake=_rao(told, "opening_stake"),
        earned_stake=_rao(told, "earned_stake"),
        manual_stake=_rao(told, "manual_stake"),
        locked_stake=_maybe_rao(told, "locked_stake"),
        rewards=_rao(told, "rewards"),
        rewards_kept=_rao(told, "rewards_kept"),
        sold=_rao(told, "sold"),
        holding_percentage=_number(told, "holding_percentage"),
        holding_duration=_number(told, "holding_duration"),
        multiplier=_decimal(told.get("multiplier")),
        limited_by=_of(told, "limited_by", str),
        reason=_of(told, "reason", str),
        incomplete_since=_maybe(told, "incomplete_since", int),
    )


def _point(told: Dict[str, Any]) -> StakePoint:
    return StakePoint(
        as_of=_of(told, "as_of", int),
        time=_of(told, "time", str),
        coldkey=_of(told, "coldkey", str),
        stake=_maybe_rao(told, "stake"),
        earned=_rao(told, "earned"),
        sold=_rao(told, "sold"),
        multiplier=_decimal(told.get("multiplier")),
        reason=_of(told, "reason", str),
        holding_percentage=_number(told, "holding_percentage"),
        holding_duration=_number(told, "holding_duration"),
    )


def _object(value: Any) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise BadAnswer("the answer is not what the API's is: an object is missing")
    return value


def _is(value: Any, kind: Type[T], name: str) -> T:
    # In Python a bool is an int; in an answer it is not.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadAnswer(f"the answer is not what the API's is: `{name}` is no {kind.__name__}")
    return value


def _of(told: Dict[str, Any], name: str, kind: Type[T]) -> T:
    return _is(told.get(name), kind, name)


def _maybe(told: Dict[str, Any], name: str, kind: Type[T]) -> Optional[T]:
    return None if told.get(name) is None else _of(told, name, kind)


def _rao(told: Dict[str, Any], name: str) -> int:
    text = _of(told, name, str)
    digits = text[1:] if text.startswith("-") else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 40):
        raise BadAnswer(f"the answer is not what the API's is: `{name}` is no amount")
    return int(text)


def _maybe_rao(told: Dict[str, Any], name: str) -> Optional[int]:
    return None if told.get(name) is None else _rao(told, name)


def _number(told: Dict[str, Any], name: str) -> Optional[float]:
    value = told.get(name)
    return None if value is None else _finite(value, name)


def _weight(value: Any) -> float:
    weight = _finite(value, "weights")
    if weight < 0:
        raise BadAnswer("the answer has a negative weight")
    return weight


def _finite(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadAnswer(f"the answer is not what the API's is: `{name}` is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadAnswer(f"the answer is not what the API's is: `{name}` is no finite number")
    return number


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(_is(value, str, "multiplier"))
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise BadAnswer("the answer is not what the API's is: a multiplier is no number")
    return number
