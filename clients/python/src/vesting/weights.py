"""A validator's weights, in and out: the result has the type, length and order of what was given.

NumPy arrays and PyTorch tensors are recognised by their methods; neither library is imported.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any, Callable, Dict, Generic, List, Mapping, Optional, Tuple, TypeVar, cast

from .errors import BadAnswer, InputError
from .ss58 import is_address

W = TypeVar("W")
T = TypeVar("T")


@dataclass(frozen=True)
class Given(Generic[W]):
    """Weights as the API takes them, and `like`, which turns other values into the type of `weights`."""

    weights: W
    values: List[float]
    uids: Optional[List[int]]
    hotkeys: Optional[List[str]]
    like: Callable[[List[float]], W]
    places: List[int]
    """The place of each value among the weights."""
    left: Dict[int, str]
    """The places of weights that are left alone, each with the reason."""
    groups: Optional[List[object]] = None
    """The uids of each group, or a label for each value."""

    def body(self) -> Dict[str, Any]:
        """The weights as members of a request's body."""
        named = {"uids": self.uids, "hotkeys": self.hotkeys, "weights": self.values, "groups": self.groups}
        return {name: value for name, value in named.items() if value is not None}

    def each(self, found: List[T], otherwise: Callable[[int], T]) -> List[T]:
        """What was found for each value, in the order of all weights, with something else for those left alone."""
        by_place = dict(zip(self.places, found))
        return [by_place[place] if place in by_place else otherwise(place) for place in range(len(self.places) + len(self.left))]


@dataclass(frozen=True)
class _Opened(Generic[W]):
    """Weights taken apart."""

    items: List[object]
    like: Callable[[List[object]], W]
    uids: Optional[List[int]] = None
    """The uids that a dict of weights names."""
    hotkeys: Optional[List[object]] = None
    """The hotkeys that a dict of weights names."""


def given(weights: W, uids: object, hotkeys: object, metagraph: object, strict: bool, groups: object = None) -> Given[W]:
    """Reads weights, the miners they belong to, and the groups that keep their sums.

    An invalid weight or hotkey leaves that weight alone, or raises an `InputError` if `strict`. Any exception from
    an object that only looks like a list becomes an `InputError` too.
    """
    try:
        return _given(weights, uids, hotkeys, metagraph, strict, groups)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"the weights cannot be read: {error!r}") from error


def _given(weights: W, uids: object, hotkeys: object, metagraph: object, strict: bool, groups: object) -> Given[W]:
    opened = _opened(weights)
    lists, labels = _groups(weights, groups)
    if labels is not None:
        _together("groups", labels, "weights", opened.items)
    numbers, names = _miners(opened, uids, hotkeys, metagraph)
    if numbers is None and names is None:
        raise InputError("the weights stand alone: give `metagraph`, or `hotkeys`, or `uids`, or both")
    if numbers is not None:
        _together("uids", numbers, "weights", opened.items)
    if names is not None:
        _together("hotkeys", names, "weights", opened.items)
    values: Dict[int, float] = {}
    left: Dict[int, str] = {}
    for place, item in enumerate(opened.items):
        try:
            value = _weight(place, item)
            if names is not None:
                _hotkey(names[place])
            values[place] = value
        except InputError as error:
            if strict:
                raise
            left[place] = str(error)
    if left and not values:
        raise InputError(next(iter(left.values())))
    try:
        math.fsum(values.values())
    except OverflowError:
        raise InputError("the weights add up to more than a number can hold: scale them down") from None
    places = list(values)

    def like(found: List[float]) -> W:
        whole: List[object] = list(opened.items)
        for place, value in zip(places, found):
            whole[place] = value
        return opened.like(whole)

    return Given(
        weights,
        list(values.values()),
        None if numbers is None else [numbers[place] for place in places],
        None if names is None else [str(names[place]) for place in places],
        like,
        places,
        left,
        lists if labels is None else [labels[place] for place in places],
    )


def _groups(weights: object, groups: object) -> Tuple[Optional[List[object]], Optional[List[object]]]:
    """The uids of each group, or a label for each weight."""
    if groups is None:
        return None, None
    if isinstance(groups, Mapping):
        if not isinstance(weights, Mapping):
            raise InputError("`groups` is a dict, but the weights are none: give a label for each weight, in a list")
        missing = [key for key in weights if key not in groups]
        if missing:
            raise InputError(f"{missing[0]!r} has a weight, but no label in `groups`")
        return None, [_label(groups[key]) for key in weights]
    if isinstance(groups, str):
        raise InputError("`groups` is one text: give a list of the uids of each group, or a label for each weight")
    items = _list(groups)
    if all(not isinstance(item, str) and (hasattr(item, "__iter__") or hasattr(item, "tolist")) for item in items):
        try:
            return [_uids(item) for item in items], None
        except TypeError:
            # A scalar of an array library has `tolist` too.
            pass
    return None, [_label(item) for item in items]


def _label(item: object) -> object:
    if isinstance(item, str):
        return item
    try:
        return operator.index(cast(Any, item))
    except TypeError:
        raise InputError(f"{item!r} is no label of a group: give texts or whole numbers, or the uids of each group as a list") from None


def _miners(opened: _Opened[W], uids: object, hotkeys: object, metagraph: object) -> Tuple[Optional[List[int]], Optional[List[object]]]:
    """The uids and hotkeys of the weights, each in their order."""
    numbers = None if uids is None else _uids(uids)
    names = None if hotkeys is None else _hotkeys(hotkeys)
    named = opened.uids is not None or opened.hotkeys is not None
    if named and numbers is not None and names is None:
        raise InputError("a dict of weights names its miners itself: leave `uids` out")
    if metagraph is not None:
        if names is not None:
            raise InputError("give either `hotkeys` or `metagraph`")
        all_uids, all_hotkeys = _neurons(metagraph)
        if opened.hotkeys is not None:
            return None, opened.hotkeys
        own = opened.uids if opened.uids is not None else numbers
        if own is None:
            if len(opened.items) != len(all_uids):
                raise InputError(f"there are {len(opened.items)} weights, but {len(all_uids)} neurons in the metagraph: give `uids`")
            own = all_uids
        return own, _looked_up(own, dict(zip(all_uids, all_hotkeys)), "metagraph")
    if opened.hotkeys is not None:
        if names is not None:
            raise InputError("a dict of weights by hotkey names its miners itself: leave `hotkeys` out")
        return None, opened.hotkeys
    if opened.uids is None:
        return numbers, names
    if names is None or numbers is None:
        # Hotkeys beside a dict are in its order.
        return opened.uids, names
    _together("uids", numbers, "hotkeys", names)
    return opened.uids, _looked_up(opened.uids, dict(zip(numbers, names)), "uids")


def _opened(weights: W) -> _Opened[W]:
    """Takes weights apart."""
    if isinstance(weights, Mapping):
        if type(weights) is not dict:
            raise InputError(f"weights as {type(weights).__name__} are not understood: give a dict")
        # The result has the very keys that were given, whatever their integer type.
        keys, items = list(weights), list(weights.values())

        def like(values: List[object]) -> W:
            return cast(W, dict(zip(keys, values)))

        if keys and all(isinstance(key, str) and not _is_number(key) for key in keys):
            return _Opened(items, like, hotkeys=cast(List[object], keys))
        return _Opened(items, like, uids=_different([_uid(key) for key in keys]))
    array = cast(Any, weights)
    if type(weights) is list:
        return _Opened(list(array), lambda values: cast(W, values))
    if type(weights) is tuple:
        return _Opened(list(array), lambda values: cast(W, tuple(values)))
    if not (hasattr(array, "dtype") and hasattr(array, "tolist") and hasattr(array, "shape")) or hasattr(array, "iloc"):
        raise InputError(f"weights as {type(weights).__name__} are not understood: give an array, a list or a dict")
    if len(array.shape) != 1:
        raise InputError(f"the weights have {len(array.shape)} dimensions: give one, a weight for each neuron")
    if getattr(array.dtype, "kind", None) != "f" and getattr(array.dtype, "is_floating_point", False) is not True:
        raise InputError(f"the weights are of type {array.dtype}, which has no room for fractions: give floats")
    given_items = array.tolist()
    return _Opened(given_items, lambda values: cast(W, _array(array, given_items, values)))


def _array(array: Any, before: List[Any], values: List[Any]) -> Any:
    """A copy of an array, of the same type and on the same device, with other values."""
    try:
        made = array.detach().clone() if hasattr(array, "detach") else array.copy()
        changed = [place for place, value in enumerate(values) if value is not before[place]]
        for place in changed:
            made[place] = values[place]
        kept = made.tolist()
        fits = all(math.isfinite(kept[place]) for place in changed)
    except Exception as error:
        raise BadAnswer(f"the adjusted weights cannot be written into {type(array).__name__}: {error!r}") from error
    if not fits:
        raise BadAnswer(f"the adjusted weights do not fit into {array.dtype}: scale the weights down")
    return made


def _weight(place: int, item: object) -> float:
    if isinstance(item, (bool, str, bytes)):
        raise InputError(f"weight {place} is {item!r}: weights must be numbers")
    try:
        value = float(cast(Any, item))
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"weight {place} is {item!r}: weights must be numbers") from None
    if not math.isfinite(value) or value < 0:
        raise InputError(f"weight {place} is {value}: weights must be finite and not negative")
    return value


def _is_number(text: str) -> bool:
    return text.isascii() and text.strip().isdigit()


def _uid(item: object) -> int:
    """A uid: an integer, a float that is whole, or an integer as a text."""
    value = cast(Any, item)
    try:
        if isinstance(item, bool):
            uid = -1
        elif isinstance(item, str):
            uid = int(item) if _is_number(item) else -1
        elif hasattr(value, "is_integer") and not hasattr(value, "__index__"):
            uid = int(value) if value.is_integer() else -1
        else:
            uid = operator.index(value)
    except (TypeError, ValueError, OverflowError):
        uid = -1
    if not 0 <= uid <= 65535:
        raise InputError(f"{item!r} is not a uid: give whole numbers from 0 to 65535")
    return uid


def _list(items: object) -> List[object]:
    """The items of an array or of any iterable."""
    array = cast(Any, items)
    return list(array.tolist() if hasattr(array, "tolist") else array)


def _uids(uids: object) -> List[int]:
    return [_uid(item) for item in _list(uids)]


def _different(uids: List[int]) -> List[int]:
    if len(set(uids)) != len(uids):
        raise InputError("a dict of weights names a uid twice, as a number and as a text")
    return uids


def _hotkeys(hotkeys: object) -> List[object]:
    if isinstance(hotkeys, str):
        raise InputError("`hotkeys` is one text: give a list of them")
    return _list(hotkeys)


def _hotkey(name: object) -> None:
    if not isinstance(name, str) or not is_address(name):
        raise InputError(f"{name!r} is not a hotkey: give SS58 addresses")


def _neurons(metagraph: object) -> Tuple[List[int], List[object]]:
    """The uids and hotkeys of a metagraph. One without `uids` has `neurons`, each with its uid and hotkey."""
    graph = cast(Any, metagraph)
    if hasattr(graph, "uids"):
        uids, hotkeys = _uids(graph.uids), _hotkeys(graph.hotkeys)
    else:
        uids, hotkeys = [_uid(neuron.uid) for neuron in graph.neurons], _hotkeys([neuron.hotkey for neuron in graph.neurons])
    _together("uids", uids, "hotkeys", hotkeys)
    return uids, hotkeys


def _looked_up(uids: List[int], hotkeys: Mapping[int, object], where: str) -> List[object]:
    for uid in uids:
        if uid not in hotkeys:
            raise InputError(f"uid {uid} has a weight, but is not in `{where}`")
    return [hotkeys[uid] for uid in uids]


def _together(what: str, some: List[Any], other: str, others: List[Any]) -> None:
    if len(some) != len(others):
        raise InputError(f"`{what}` has {len(some)} entries, but `{other}` has {len(others)}: they belong together one by one")
