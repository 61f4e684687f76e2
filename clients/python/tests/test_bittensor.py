"""Metagraphs and weights of the `bittensor` SDK, if it is installed."""

import dataclasses
import tempfile
import time
import unittest
from typing import Any, Dict, List

from vesting import origin
from vesting.blocking import VestingSystem

from .support import NETUID, NEVER_STALE, Node, Record, Sidecar

try:
    import bittensor
except Exception as error:
    bittensor, missing = None, f"the bittensor SDK is not there: {error!r}"
else:
    missing = ""


def metagraph(miners: List[Dict[str, Any]]) -> Any:
    """A metagraph of the SDK with these neurons."""
    if hasattr(bittensor, "MetagraphNeuron"):
        # Since version 11.
        nothing = {field.name: None for field in dataclasses.fields(bittensor.MetagraphNeuron)}
        neurons = [bittensor.MetagraphNeuron(**{**nothing, "uid": m["uid"], "hotkey": m["hotkey"], "coldkey": m["coldkey"]}) for m in miners]
        nothing = {field.name: None for field in dataclasses.fields(bittensor.Metagraph)}
        return bittensor.Metagraph(**{**nothing, "netuid": NETUID, "neurons": neurons})
    import numpy
    from bittensor.core.metagraph import Metagraph

    graph = Metagraph(netuid=NETUID, sync=False)
    graph.uids = numpy.array([m["uid"] for m in miners], dtype=numpy.int64)
    graph.axons = [bittensor.AxonInfo(0, "0.0.0.0", 0, 4, m["hotkey"], m["coldkey"]) for m in miners]
    return graph


def subtensor(endpoint: str) -> Any:
    """A subtensor of the SDK that connects only when it is asked something."""
    return getattr(bittensor, "AsyncSubtensor", bittensor.Subtensor)(endpoint)


def sent(uids: Any, weights: Any) -> List[int]:
    """Weights as the SDK converts them for the chain."""
    if hasattr(bittensor, "MetagraphNeuron"):
        from bittensor.intents.weights import normalize

        return list(normalize(uids, weights)[1])
    import numpy
    from bittensor.utils.weight_utils import convert_weights_and_uids_for_emit

    return list(convert_weights_and_uids_for_emit(numpy.asarray(uids), numpy.asarray(weights))[1])


@unittest.skipIf(bittensor is None, missing)
class WithTheSdk(unittest.TestCase):
    def test_its_metagraph_and_its_weights_go_in_and_out(self) -> None:
        record = Record(days=2)
        self.addCleanup(record.remove)
        miners = record.printed("miners")
        graph = metagraph(miners)
        with Sidecar("--read-only", "--database-url", record.database, *NEVER_STALE) as sidecar:
            system = VestingSystem(sidecar.url, subnet_id=NETUID, on_error="raise")
            by_uid = system.adjust({uid: 1.0 for uid in range(len(miners))}, metagraph=graph)
            self.assertEqual([str(m) for m in by_uid.multipliers], [m["multiplier"] for m in miners])
            self.assertEqual(system.apply_vesting_multipliers([1.0] * len(miners), metagraph=graph), list(by_uid.weights.values()))
            expected = sent(list(by_uid.weights), list(by_uid.weights.values()))
            self.assertEqual((len(expected), max(expected)), (len(miners), 65535))
            if hasattr(graph, "uids"):
                import numpy

                weights = numpy.ones(len(miners), dtype=numpy.float32)
                adjusted = system.apply_vesting_multipliers(weights, uids=graph.uids, hotkeys=graph.hotkeys)
                self.assertEqual(adjusted.dtype, numpy.float32)
                # A float32 may round to the other side of a half.
                self.assertTrue(all(abs(a - b) <= 1 for a, b in zip(sent(graph.uids, adjusted), expected)))

    def test_its_subtensor_says_where_its_chain_is(self) -> None:
        for endpoint in ("wss://entrypoint-finney.opentensor.ai:443", "ws://127.0.0.1:1"):
            expected = "finney" if "finney" in endpoint else endpoint
            self.assertEqual(origin.chain(subtensor(endpoint)).network, expected)
        if hasattr(bittensor, "MetagraphNeuron"):
            self.assertEqual(origin.chain(bittensor.Subtensor("finney")).network, "finney")

    def test_its_objects_are_all_that_is_needed(self) -> None:
        node = Node("--days", "2")
        self.addCleanup(node.stop)
        with tempfile.TemporaryDirectory() as folder:
            settings: Dict[str, Any] = {"retention_window_days": 1, "db_manager": f"{folder}/vesting.db"}
            with VestingSystem(subtensor=subtensor(node.url), subnet_id=NETUID, **settings) as system:
                end = time.monotonic() + 60
                while not system.get_vesting_stats().covered:
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.1)
                miners = [dict(miner) for miner in system.miners()]
                weights = [1.0] * len(miners)
                adjusted = system.apply_vesting_multipliers(weights, metagraph=metagraph(miners))
                self.assertNotEqual(adjusted, weights)
                self.assertAlmostEqual(sum(adjusted), sum(weights))
