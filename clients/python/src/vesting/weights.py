"""A validator's weights, in and out: the result has the type, length and order of what was given.

NumPy arrays and PyTorch tensors are recognised by their methods; neither library is imported.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any, Callable, Dict, Generic, Iterable, List, Mapping, Optional, Tuple, TypeVar, cast

from .errors import BadAnswer, InputError

W = TypeVar("W")


@dataclass(frozen=True)
class Given(Generic[W]):
    """Weights as the API takes them, and `like`, which turns other values into the type of `weights`."""

    weights: W
    values: List[float]
    uids: Optional[List[int]]
    hotkeys: Optional[List[str]]
    like: Callable[[List[float]], W]

    def body(self) -> Dict[str, Any]:
        """The weights as members of a request's body."""
        named = {"uids": self.uids, "hotkeys": self.hotkeys, "weights": self.values}
        return {name: value for name, value in named.items() if value is not None}


def given(weights: W, uids: object, hotkeys: object, metagraph: object) -> Given[W]:
    """Reads weights and the miners they belong to.

    Any exception from an object that only looks like a list becomes an `InputError` too.
    """
    try:
        return _given(weights, uids, hotkeys, metagraph)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"the weights cannot be read: {error!r}") from error


def _given(weights: W, uids: object, hotkeys: object, metagraph: object) -> Given[W]:
    keys, items, like = _opened(weights)
    values = [_weight(place, item) for place, item in enumerate(items)]
    names = None if hotkeys is None else _hotkeys(hotkeys)
    numbers = None if uids is None else _uids(uids)
    if metagraph is not None:
        if names is not None:
            raise InputError("give either `hotkeys` or `metagraph`")
        all_uids, all_hotkeys = _neurons(metagraph)
        if keys is None and numbers is None and len(values) != len(all_uids):
            raise InputError(f"there are {len(values)} weights, but {len(all_uids)} neurons in the metagraph: give `uids`")
        own = keys if keys is not None else numbers if numbers is not None else all_uids
        if keys is not None and numbers is not None:
            raise InputError("a dict of weights names its uids itself: leave `uids` out")
        numbers, names = own, _looked_up(own, dict(zip(all_uids, all_hotkeys)), "metagraph")
    elif keys is not None:
        if names is None:
            if numbers is not None:
                raise InputError("a dict of weights names its uids itself: leave `uids` out, or give `hotkeys` with them")
            numbers = keys
        elif numbers is None:
            raise InputError("give the `uids` that the `hotkeys` belong to, or `metagraph`")
        else:
            _together("uids", numbers, "hotkeys", names)
            numbers, names = keys, _looked_up(keys, dict(zip(numbers, names)), "uids")
    if numbers is None and names is None:
        raise InputError("the weights stand alone: give `hotkeys`, or `uids`, or both, or `metagraph`")
    if numbers is not None:
        _together("uids", numbers, "weights", values)
    if names is not None:
        _together("hotkeys", names, "weights", values)
    try:
        math.fsum(values)
    except OverflowError:
        raise InputError("the weights add up to more than a number can hold: scale them down") from None
    return Given(weights, values, numbers, names, like)


def _opened(weights: W) -> Tuple[Optional[List[int]], Iterable[object], Callable[[List[float]], W]]:
    """The uids of a dict of weights, the weights, and a function from other values to the same type."""
    if isinstance(weights, Mapping):
        if type(weights) is not dict:
            raise InputError(f"weights as {type(weights).__name__} are not understood: give a dict")
        keys = [_uid(key) for key in weights]
        # The result has the very keys that were given, whatever their integer type.
        return keys, weights.values(), lambda values: cast(W, dict(zip(weights, values)))
    array = cast(Any, weights)
    if type(weights) is list:
        return None, array, lambda values: cast(W, values)
    if type(weights) is tuple:
        return None, array, lambda values: cast(W, tuple(values))
    if not (hasattr(array, "dtype") and hasattr(array, "tolist") and hasattr(array, "shape")) or hasattr(array, "iloc"):
        raise InputError(f"weights as {type(weights).__name__} are not understood: give an array, a list or a dict")
    if len(array.shape) != 1:
        raise InputError(f"the weights have {len(array.shape)} dimensions: give one, a weight for each neuron")
    if getattr(array.dtype, "kind", None) != "f" and getattr(array.dtype, "is_floating_point", False) is not True:
        raise InputError(f"the weights are of type {array.dtype}, which has no room for fractions: give floats")
    return None, array.tolist(), lambda values: cast(W, _array(array, values))


def _array(array: Any, values: List[float]) -> Any:
    """A copy of an array, of the same type and on the same device, with other values."""
    try:
        made = array.detach().clone() if hasattr(array, "detach") else array.copy()
        for place, value in enumerate(values):
            made[place] = value
        fits = all(math.isfinite(value) for value in made.tolist())
    except Exception as error:
        raise BadAnswer(f"the adjusted weights cannot be written into {type(array).__name__}: {error!r}") from error
    if not fits:
        raise BadAnswer(f"the adjusted weights do not fit into {array.dtype}: scale the weights down")
    return made


def _weight(place: int, item: object) -> float:
    if isinstance(item, (bool, str, bytes)):
        raise InputError(f"weight {place} is {item!r}: weights must be numbers")
    value = float(cast(Any, item))
    if not math.isfinite(value) or value < 0:
        raise InputError(f"weight {place} is {value}: weights must be finite and not negative")
    return value


def _uid(item: object) -> int:
    try:
        uid = -1 if isinstance(item, bool) else operator.index(cast(Any, item))
    except TypeError:
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


def _hotkeys(hotkeys: object) -> List[str]:
    if isinstance(hotkeys, str):
        raise InputError("`hotkeys` is one text: give a list of them")
    names = _list(hotkeys)
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"{name!r} is not a hotkey: give SS58 addresses")
    return [str(name) for name in names]


def _neurons(metagraph: object) -> Tuple[List[int], List[str]]:
    """The uids and hotkeys of a metagraph. One without `uids` has `neurons`, each with its uid and hotkey."""
    graph = cast(Any, metagraph)
    if hasattr(graph, "uids"):
        uids, hotkeys = _uids(graph.uids), _hotkeys(graph.hotkeys)
    else:
        uids, hotkeys = [_uid(neuron.uid) for neuron in graph.neurons], _hotkeys([neuron.hotkey for neuron in graph.neurons])
    _together("uids", uids, "hotkeys", hotkeys)
    return uids, hotkeys


def _looked_up(uids: List[int], hotkeys: Mapping[int, str], where: str) -> List[str]:
    for uid in uids:
        if uid not in hotkeys:
            raise InputError(f"uid {uid} has a weight, but is not in `{where}`")
    return [hotkeys[uid] for uid in uids]


def _together(what: str, some: List[Any], other: str, others: List[Any]) -> None:
    if len(some) != len(others):
        raise InputError(f"`{what}` has {len(some)} entries, but `{other}` has {len(others)}: they belong together one by one")
