"""Pictures: drawn where matplotlib is installed, and said to need it where it is not."""

import sys
import unittest
from decimal import Decimal
from unittest import mock

from vesting import InputError, VestingError, plots
from vesting.records import Miner, StakePoint

POINTS = [
    StakePoint(
        as_of=360 * number, time=f"2026-10-0{number + 1}T00:00:00Z", coldkey="5x", reason="adjusted",
        stake=None if number == 0 else number * 10**9, earned=10**9, sold=number % 2 * 5 * 10**8,
        multiplier=Decimal(1) + Decimal(number) / 10, holding_percentage=1.0, holding_duration=1.0)
    for number in range(5)
]
MINERS = [
    Miner(uid=uid, multiplier=Decimal("1.25"), holding_percentage=None if uid == 2 else 0.5)
    for uid in range(3)
]


class Plots(unittest.TestCase):
    def test_what_is_drawn_is_what_is_recorded(self) -> None:
        try:
            import matplotlib
        except ImportError:
            self.skipTest("matplotlib is not installed")
        matplotlib.use("Agg")
        axes = plots.history(POINTS)
        [stake] = axes.get_lines()
        self.assertEqual(list(stake.get_ydata())[1:], [1.0, 2.0, 3.0, 4.0])
        self.assertEqual([bar.get_height() for bar in axes.patches], [0.0, 0.5, 0.0, 0.5, 0.0])
        beside = next(one for one in axes.figure.axes if one is not axes)
        self.assertEqual(list(beside.get_lines()[0].get_ydata()), [1.0, 1.1, 1.2, 1.3, 1.4])
        drawn = plots.multipliers(MINERS)
        self.assertEqual(drawn.collections[0].get_offsets().tolist(), [[50.0, 1.25], [50.0, 1.25]])
        # On axes that are there, beside others.
        self.assertIs(plots.multipliers(MINERS, axes=drawn), drawn)

    def test_without_matplotlib_it_is_named(self) -> None:
        with mock.patch.dict(sys.modules, {"matplotlib": None}):
            with self.assertRaisesRegex(VestingError, "pip install matplotlib"):
                plots.history(POINTS)

    def test_nothing_cannot_be_drawn(self) -> None:
        for draw in (plots.history, plots.multipliers):
            with self.assertRaisesRegex(InputError, "nothing to draw"):
                draw([])
