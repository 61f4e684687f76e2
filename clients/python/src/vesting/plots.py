"""Pictures of the records, with matplotlib where that is installed.

Each function takes records, draws on `axes` or on a new figure, and returns the axes:

    from vesting import plots
    plots.history(await vesting.history(hotkey))
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Sequence

from .errors import InputError, VestingError
from .records import Miner, StakePoint

RAO = 10**9
"""Rao in one alpha."""


def history(points: Sequence[StakePoint], axes: Any = None) -> Any:
    """A holder's stake and sales in alpha, and its multiplier, epoch by epoch."""
    if not points:
        raise InputError("there is nothing to draw: no epoch is recorded of this miner")
    axes = axes or _axes()
    times = [datetime.fromisoformat(point.time.replace("Z", "+00:00")) for point in points]
    stake = [None if point.stake is None else point.stake / RAO for point in points]
    axes.plot(times, [float("nan") if one is None else one for one in stake], label="stake")
    width = min((later - time for time, later in zip(times, times[1:])), default=None)
    sold = [point.sold / RAO for point in points]
    if width is not None and any(sold):
        axes.bar(times, sold, width=width * 0.8, color="tab:red", alpha=0.6, label="sold")
    axes.set_ylabel("alpha")
    axes.set_ylim(bottom=0)
    beside = axes.twinx()
    beside.plot(times, [float(point.multiplier) for point in points], color="tab:green", label="multiplier")
    beside.set_ylabel("multiplier")
    lines = [line for one in (axes, beside) for line in one.get_legend_handles_labels()[0]]
    axes.legend(handles=lines, loc="best")
    axes.figure.autofmt_xdate()
    return axes


def multipliers(miners: Sequence[Miner], axes: Any = None) -> Any:
    """Each neuron's multiplier beside the part of its rewards that was kept, named by its uid."""
    if not miners:
        raise InputError("there is nothing to draw: no miner is recorded")
    axes = axes or _axes()
    kept = [
        (miner.uid, 100 * miner.holding_percentage, float(miner.multiplier))
        for miner in miners
        if miner.holding_percentage is not None
    ]
    axes.scatter([part for _, part, _ in kept], [multiplier for _, _, multiplier in kept])
    for uid, *place in kept:
        axes.annotate(str(uid), place, xytext=(4, 4), textcoords="offset points", fontsize="small")
    axes.set_xlabel("% of the rewards kept")
    axes.set_ylabel("multiplier")
    axes.set_xlim(-3, 103)
    return axes


def _axes() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise VestingError("pictures need matplotlib: pip install matplotlib") from error
    return pyplot.subplots(figsize=(8, 4), layout="constrained")[1]
