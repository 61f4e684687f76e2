"""The settings of a vesting system, checked: which sidecar it asks, and how."""

from __future__ import annotations

import math
import operator
import os
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Dict, Mapping, Optional, cast

from . import origin, program
from .errors import SettingError
from .questions import Address, Questions
from .sidecar import Plan, Sidecar
from .wire import Endpoint

#: Where `vesting run` listens by default.
_USUAL = "http://127.0.0.1:9180"

#: The pause between two looks for new epochs, in seconds, where nothing else is said.
_INTERVAL = 12.0


@dataclass(frozen=True)
class Setup:
    """A vesting system, set up."""

    questions: Questions
    sidecar: Optional[Sidecar]
    """The sidecar of our own, if there is one."""
    deadline_seconds: float
    interval_seconds: float
    """The pause between two looks for new epochs."""


def setup(
    *,
    subtensor: object,
    subnet_id: Optional[int],
    netuid: Optional[int],
    db_manager: object,
    use_background_thread: bool,
    query_interval_seconds: Optional[float],
    url: Optional[str],
    token: Optional[str],
    deadline_seconds: float,
    on_error: str,
    strict: bool,
    settings: Optional[Mapping[str, object]],
    program_path: Optional[str],
    policy: Dict[str, Optional[float]],
) -> Setup:
    """Checks the settings. Raises `SettingError`, which names the one that is wrong.

    With a `subtensor` and no `url`, the system has a sidecar of its own. It is not started here.
    """
    subnet = _subnet(subnet_id, netuid)
    if on_error not in ("unchanged", "raise"):
        raise SettingError(f"`on_error` is {on_error!r}, but it must be 'unchanged' or 'raise'")
    deadline = _seconds("deadline_seconds", deadline_seconds)
    interval = None if query_interval_seconds is None else _seconds("query_interval_seconds", query_interval_seconds)
    expected = {name: _decimal(name, value) for name, value in policy.items() if value is not None}
    raises = on_error == "raise"
    if subtensor is None or url is not None:
        address = Address(_endpoint(url), _token(token))
        return Setup(Questions(address, subnet, raises, strict, expected), None, deadline, interval or _INTERVAL)
    if token is not None:
        raise SettingError("`token` is for a sidecar that is there, so give `url` with it: a sidecar of our own has its own token")
    if subnet is None:
        raise SettingError("`subnet_id` is missing: a sidecar of our own must know which subnet to follow")
    chain = origin.chain(subtensor)
    told = {
        **_settings(settings),
        **{name: f"{value:f}" for name, value in expected.items()},
        "network": chain.network,
        "netuids": str(subnet),
        "database_url": origin.database_url(db_manager, chain, subnet),
        "use_background_thread": str(bool(use_background_thread)).lower(),
    }
    if interval is not None:
        # The sidecar asks at whole seconds.
        told["query_interval_seconds"] = str(math.ceil(interval))
    sidecar = Sidecar(Plan(program.find(program_path), told, origin.data_folder()))
    questions = Questions(sidecar, subnet, raises, strict, expected)
    return Setup(questions, sidecar, deadline, min(interval or _INTERVAL, _INTERVAL))


def _subnet(subnet_id: Optional[int], netuid: Optional[int]) -> Optional[int]:
    found = [_whole(name, value) for name, value in (("subnet_id", subnet_id), ("netuid", netuid)) if value is not None]
    if len(set(found)) > 1:
        raise SettingError(f"`subnet_id` is {found[0]} and `netuid` is {found[1]}: give one of them")
    return found[0] if found else None


def _whole(name: str, value: object) -> int:
    try:
        number = int(value) if isinstance(value, str) else operator.index(cast(Any, value))
    except (TypeError, ValueError):
        number = -1
    if isinstance(value, bool) or not 0 <= number <= 65535:
        raise SettingError(f"`{name}` is {value!r}, but it must be a whole number from 0 to 65535")
    return number


def _seconds(name: str, value: object) -> float:
    try:
        seconds = float(cast(Any, value))
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise SettingError(f"`{name}` is {value!r}, but it must be a number of seconds above 0")
    return seconds


def _decimal(name: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise SettingError(f"`{name}` is {value!r}, but it must be a number that is not negative")
    return number


def _endpoint(url: Optional[str]) -> Endpoint:
    given = url if url is not None else os.environ.get("VESTING_URL") or _USUAL
    if not isinstance(given, str):
        raise SettingError(f"`url` is {given!r}, but it must be a text such as {_USUAL}")
    try:
        return Endpoint.of(given if "://" in given else f"http://{given}")
    except ValueError as error:
        raise SettingError(str(error)) from None


def _token(token: Optional[str]) -> Optional[str]:
    given = token if token is not None else os.environ.get("VESTING_API_TOKEN") or None
    if given is not None and not (isinstance(given, str) and given.isascii() and given.isprintable() and given.strip()):
        raise SettingError("`token` must be printable ASCII")
    return given


def _settings(settings: Optional[Mapping[str, object]]) -> Dict[str, str]:
    """Other settings of the sidecar as texts. The sidecar knows which there are, and refuses others."""

    def text(value: object) -> str:
        items = value if isinstance(value, (list, tuple)) else [value]
        return ",".join(str(item).lower() if isinstance(item, bool) else str(item) for item in items)

    return {str(name): text(value) for name, value in (settings or {}).items()}
