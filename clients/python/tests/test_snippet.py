"""The usage that the original description of the vesting system shows, with nothing but its constructor changed."""

import asyncio
import math
import unittest
from typing import Any, Dict, List, Tuple

from vesting.aio import VestingSystem

from .support import NETUID, NEVER_STALE, Record, Sidecar


async def snippet(url: str, original_weights: List[float], uids: List[int], hotkeys: List[str]) -> Tuple[List[float], Dict[str, Any]]:
    # Create vesting system
    vesting_system = VestingSystem(
        url,
        subnet_id=NETUID,
        minimum_stake=0.3,
        retention_window_days=30,
        retention_target=0.9,
        max_multiplier=1.5,
        query_interval_seconds=300,
        on_error="raise",
    )

    # Initialize
    await vesting_system.initialize()

    # The background thread will automatically update stake metrics
    # No need to call update() manually

    # Apply multipliers to weights
    adjusted_weights = await vesting_system.apply_vesting_multipliers(
        weights=original_weights,
        uids=uids,
        hotkeys=hotkeys
    )

    # Get vesting statistics
    stats = await vesting_system.get_vesting_stats()

    # Shutdown when done
    await vesting_system.shutdown()
    return adjusted_weights, stats


class Snippet(unittest.TestCase):
    def test_it_runs(self) -> None:
        record = Record(days=2)
        self.addCleanup(record.remove)
        miners = record.printed("miners")
        weights = [1.0] * len(miners)
        with Sidecar("--read-only", "--database-url", record.database, *NEVER_STALE) as sidecar:
            uids, hotkeys = [miner["uid"] for miner in miners], [miner["hotkey"] for miner in miners]
            adjusted, stats = asyncio.run(snippet(sidecar.url, weights, uids, hotkeys))
        self.assertTrue(math.isclose(sum(adjusted), sum(weights)))
        by_multiplier = sorted(zip((float(miner["multiplier"]) for miner in miners), adjusted))
        self.assertEqual(adjusted.index(max(adjusted)), [m["multiplier"] for m in miners].index(max(m["multiplier"] for m in miners)))
        self.assertEqual([weight for _, weight in by_multiplier], sorted(adjusted))
        self.assertEqual(stats["num_miners"], len(miners))
