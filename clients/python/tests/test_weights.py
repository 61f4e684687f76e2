"""Weights of every kind, in and out."""

import math
import unittest
import warnings
from typing import Any, List

from vesting import BadAnswer, InputError
from vesting.weights import Given, given

try:
    import numpy
except ImportError:
    numpy = None  # type: ignore[assignment]

A, B = "5DgBgxFkw71efa2FyeRQEPReQeNejMwZTHHbQZKcPs8wx3P5", "5EcZxKaNshY7hUZFuwFJwkguZDombbKGxYp1MWmhS1nYkecL"


def whole(weights: Any, uids: Any, hotkeys: Any, metagraph: Any) -> "Given[Any]":
    """Reads weights, all or none."""
    return given(weights, uids, hotkeys, metagraph, strict=True)


class FakeType:
    """Like `torch.float32`."""

    is_floating_point = True


class Tensor:
    """The part of a tensor that matters here: it is detached from the graph and then cloned, not copied."""

    def __init__(self, values: List[float], tracked: bool = True) -> None:
        self.values, self.tracked = values, tracked
        self.dtype, self.shape = FakeType(), (len(values),)

    def tolist(self) -> List[float]:
        return list(self.values)

    def detach(self) -> "Tensor":
        return Tensor(self.values, False)

    def clone(self) -> "Tensor":
        return Tensor(list(self.values), self.tracked)

    def __setitem__(self, place: int, value: float) -> None:
        if self.tracked:
            raise RuntimeError("a leaf that requires grad is changed in place")
        self.values[place] = value


class Graph:
    """Like a metagraph of the SDK up to version 10."""

    def __init__(self, uids: Any, hotkeys: Any) -> None:
        self.uids, self.hotkeys = uids, hotkeys


class Kinds(unittest.TestCase):
    def test_what_comes_back_is_what_was_given(self) -> None:
        mine: Any
        for mine, back in (
            ([0.4, 1], [0.5, 0.25]),
            ((0.4, 0.6), (0.5, 0.25)),
            ({7: 0.4, 0: 0.6}, {7: 0.5, 0: 0.25}),
        ):
            read = whole(mine, None if isinstance(mine, dict) else [7, 0], None, None)
            made = read.like([0.5, 0.25])
            self.assertEqual((made, type(made), list(made)), (back, type(mine), list(back)))
            self.assertEqual((read.uids, read.hotkeys), ([7, 0], None))
            self.assertIs(read.weights, mine)

    def test_a_tensor_is_cloned_off_its_graph(self) -> None:
        mine = Tensor([0.4, 0.6])
        made = whole(mine, [0, 1], None, None).like([0.5, 0.25])
        self.assertEqual((made.values, mine.values, made.tracked), ([0.5, 0.25], [0.4, 0.6], False))

    def test_an_array_that_cannot_be_written_is_no_reason_to_fail_otherwise(self) -> None:
        class Frozen(Tensor):
            def detach(self) -> "Tensor":
                raise NotImplementedError

        with self.assertRaises(BadAnswer):
            whole(Frozen([1.0]), [0], None, None).like([1.0])

    def test_each_weight_goes_with_its_hotkey(self) -> None:
        graph = Graph([0, 5], [A, B])
        weights: Any
        for weights, named, expected in (
            ([0.1, 0.9], {"uids": [5, 0], "hotkeys": [B, A]}, ([5, 0], [B, A])),
            ([0.1, 0.9], {"hotkeys": (B, A)}, (None, [B, A])),
            ([0.1, 0.9], {"metagraph": graph}, ([0, 5], [A, B])),
            ([0.9], {"metagraph": graph, "uids": [5]}, ([5], [B])),
            ({5: 0.9, 0: 0.1}, {"metagraph": graph}, ([5, 0], [B, A])),
            ({5: 0.9}, {"uids": [0, 5], "hotkeys": [A, B]}, ([5], [B])),
            ({5: 0.9}, {}, ([5], None)),
            ({5: 0.9, 0: 0.1}, {"hotkeys": [B, A]}, ([5, 0], [B, A])),
            ({B: 0.9, A: 0.1}, {}, (None, [B, A])),
            ({B: 0.9, A: 0.1}, {"metagraph": graph}, (None, [B, A])),
            ({"5": 0.9}, {"metagraph": graph}, ([5], [B])),
            ([0.9, 0.1], {"uids": [5.0, "0"]}, ([5, 0], None)),
        ):
            read = whole(weights, named.get("uids"), named.get("hotkeys"), named.get("metagraph"))
            self.assertEqual((read.uids, read.hotkeys), expected)

    def test_groups_are_lists_of_uids_or_labels(self) -> None:
        weights: Any
        groups: Any
        for weights, groups, expected in (
            ([0.1, 0.9], None, None),
            ([0.1, 0.9], [[5, 7], ("0",)], [[5, 7], [0]]),
            ([0.1, 0.9], [], []),
            ([0.1, 0.9], ["a", "b"], ["a", "b"]),
            ([0.1, 0.9], (1, 1), [1, 1]),
            ({5: 0.9, 0: 0.1}, {0: "a", 5: "b", 9: "c"}, ["b", "a"]),
        ):
            with self.subTest(groups=groups):
                uids = None if isinstance(weights, dict) else [5, 0]
                read = given(weights, uids, None, None, True, groups)
                self.assertEqual((read.groups, read.body().get("groups")), (expected, expected))
        # One that is left alone has no label either.
        self.assertEqual(given([math.nan, 0.9], [5, 0], None, None, False, ["a", "b"]).groups, ["b"])
        if numpy is not None:
            self.assertEqual(given([0.1, 0.9], [5, 0], None, None, True, numpy.array([[5], [0]])).groups, [[5], [0]])
            self.assertEqual(given([0.1, 0.9], [5, 0], None, None, True, numpy.array([1, 2])).groups, [1, 2])
        for groups, word in (
            (["a"], "has 1 entries"),
            ("ab", "one text"),
            ([1.5, 2], "no label"),
            ([[5], [70000]], "not a uid"),
            ({5: "a"}, "weights are none"),
            (7, "cannot be read"),
        ):
            with self.subTest(groups=groups), self.assertRaisesRegex(InputError, word):
                given([0.1, 0.9], [5, 0], None, None, True, groups)
        with self.assertRaisesRegex(InputError, "no label in `groups`"):
            given({5: 0.9, 0: 0.1}, None, None, None, True, {5: "a"})

    def test_weights_that_are_none_are_refused(self) -> None:
        nan, graph = float("nan"), Graph([0, 5], [A, B])
        bad: List[Any] = [
            ([1.0], None, None, None, "stand alone"),
            ([1.0, 2.0], [0], None, None, "belong together"),
            ([1.0], [0], [A, B], None, "belong together"),
            ([nan], [0], None, None, "finite"),
            ([-1.0], [0], None, None, "not negative"),
            (["0.5"], [0], None, None, "must be numbers"),
            ([True], [0], None, None, "must be numbers"),
            ([None], [0], None, None, "must be numbers"),
            ([10**400], [0], None, None, "must be numbers"),
            ([1.0], [70000], None, None, "65535"),
            ([1.0], [0.5], None, None, "not a uid"),
            ([1.0], ["x"], None, None, "not a uid"),
            ([1.0], [float("inf")], None, None, "not a uid"),
            ({3: 0.5, "3": 0.5}, None, None, None, "twice"),
            ({A: 1.0}, None, [A], None, "leave `hotkeys` out"),
            ({A[:-1] + "9": 1.0}, None, None, None, "not a hotkey"),
            ([1.0], [True], None, None, "not a uid"),
            ([1.0], None, A, None, "one text"),
            ([1.0], None, [7], None, "not a hotkey"),
            ([1.0], None, [A], graph, "either"),
            ([1.0], None, None, graph, "give `uids`"),
            ([1.0], [3], None, graph, "uid 3"),
            ([1.0], None, None, object(), "cannot be read"),
            ({0: 1.0}, [0], None, None, "leave `uids` out"),
            ({0: 1.0}, [0], None, graph, "leave `uids` out"),
            ({0: 1.0}, None, [A, B], None, "belong together"),
            ({A: 1.0, 3: 1.0}, None, None, None, "not a uid"),
            ("1.0", [0], None, None, "not understood"),
            (1.0, [0], None, None, "not understood"),
            (None, [0], None, None, "not understood"),
        ]
        for weights, uids, hotkeys, metagraph, word in bad:
            with self.assertRaisesRegex(InputError, word, msg=(weights, uids, hotkeys)):
                whole(weights, uids, hotkeys, metagraph)

    def test_one_that_is_invalid_is_left_alone_and_named(self) -> None:
        nan = float("nan")
        weights: List[Any] = [0.5, nan, 0.25, None, 0.125]
        read = given(weights, [0, 1, 2, 3, 4], [A, A, "5Dg", B, B], None, strict=False)
        self.assertEqual((read.values, read.uids, read.hotkeys), ([0.5, 0.125], [0, 4], [A, B]))
        back: Any = read.like([0.25, 0.375])
        self.assertEqual((back[0], back[2:], math.isnan(back[1])), (0.25, [0.25, None, 0.375], True))
        self.assertEqual(list(read.left), [1, 2, 3])
        self.assertTrue("finite" in read.left[1] and "5Dg" in read.left[2] and "None" in read.left[3])
        self.assertEqual(read.each(["a", "b"], str), ["a", "1", "2", "3", "b"])
        mapped: Any = given({7: nan, 8: 1.0}, None, None, None, strict=False).like([0.5])
        self.assertEqual((list(mapped), mapped[8]), ([7, 8], 0.5))
        tensor = given(Tensor([nan, 1.0]), [0, 1], None, None, strict=False).like([0.5])
        self.assertEqual((tensor.values[1], math.isnan(tensor.values[0])), (0.5, True))
        with self.assertRaisesRegex(InputError, "finite"):
            given([nan], [0], None, None, strict=False)


@unittest.skipIf(numpy is None, "NumPy is not installed")
class Arrays(unittest.TestCase):
    def test_numpy_keeps_its_type(self) -> None:
        for kind in (numpy.float16, numpy.float32, numpy.float64, numpy.longdouble):
            mine = numpy.array([0.4, 0.6], dtype=kind)
            mine.flags.writeable = False
            read = whole(mine, numpy.array([7, 0]), numpy.array([A, B]), None)
            made = read.like([0.5, 0.1])
            self.assertEqual((made.dtype, made.shape, made[0], made[1]), (mine.dtype, (2,), 0.5, kind(0.1)))
            self.assertEqual((read.uids, read.hotkeys, mine[0]), ([7, 0], [A, B], kind(0.4)))
        whole({numpy.int64(3): numpy.float32(1)}, None, None, None)
        whole([numpy.float32(0.5)], [numpy.uint16(3)], None, None)
        empty = whole(numpy.array([]), [], None, None)
        self.assertEqual(empty.like([]).shape, (0,))

    def test_a_view_is_read_as_it_looks(self) -> None:
        mine = numpy.array([0.1, 0.2, 0.3, 0.4])[::-2]
        read = whole(mine, [0, 1], None, None)
        self.assertEqual((read.values, read.like([1.0, 2.0]).tolist()), ([0.4, 0.2], [1.0, 2.0]))

    def test_what_has_no_room_is_refused(self) -> None:
        for array, word in (
            (numpy.array([1, 2]), "int64"),
            (numpy.array([[0.5], [0.5]]), "2 dimensions"),
            (numpy.float64(0.5), "0 dimensions"),
            (numpy.array(["a", "b"]), "no room"),
            (numpy.array([numpy.nan, 1.0]), "finite"),
        ):
            with self.assertRaisesRegex(InputError, word):
                whole(array, [0, 1], None, None)
        with self.assertRaisesRegex(BadAnswer, "float16"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole(numpy.array([60000, 60000], dtype=numpy.float16), [0, 1], None, None).like([50000.0, 70000.0])
