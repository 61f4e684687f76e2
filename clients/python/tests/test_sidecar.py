"""The client against `vesting run` on a simulated chain."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any, Dict, List, Tuple
from unittest import mock

from vesting import blocking
from vesting import BadAnswer, Epoch, Refused, Unreachable, aio

from .support import BOTH, NETUID, NEVER_STALE, BadServer, Node, Record, Sidecar, Timed, answering, binary, certified, environment, hanging


class OverARecord(unittest.TestCase):
    record: Record
    sidecar: Sidecar
    miners: List[Dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        # More epochs than fit one answer.
        cls.record = Record(days=7)
        cls.addClassCleanup(cls.record.remove)
        cls.sidecar = Sidecar("--read-only", "--database-url", cls.record.database, *NEVER_STALE)
        cls.addClassCleanup(cls.sidecar.stop)
        cls.miners = cls.record.printed("miners")

    def weights(self) -> Tuple[List[int], List[str], List[float]]:
        """Weights for all miners, each different."""
        uids = [miner["uid"] for miner in self.miners]
        return uids, [miner["hotkey"] for miner in self.miners], [1 / (3 + uid) for uid in uids]

    def test_weights_are_those_of_the_command(self) -> None:
        uids, hotkeys, weights = self.weights()
        given = json.dumps({"uids": uids, "hotkeys": hotkeys, "weights": weights})
        [told] = self.record.printed("apply", given=given)
        self.assertGreater(len(set(told["multipliers"])), 4)
        for way in BOTH:
            system = way.system(self.sidecar.url, subnet_id=NETUID, on_error="raise")
            adjustment = way.call(system, "adjust", weights, uids, hotkeys)
            self.assertEqual(adjustment.weights, told["weights"])
            self.assertEqual([str(m) for m in adjustment.multipliers], told["multipliers"])
            self.assertEqual((adjustment.reasons, adjustment.as_of), (told["reasons"], told["as_of"]))
            self.assertEqual((adjustment.policy_digest, adjustment.state_digest), (told["policy_digest"], told["state_digest"]))
            self.assertEqual((adjustment.reason, adjustment.error, adjustment.stale), (None, None, False))
            self.assertTrue(math.isclose(sum(adjustment.weights), sum(weights)))
            # Other names and another order give the same result.
            one = way.call(system, "apply_vesting_multipliers", dict(zip(uids[::-1], weights[::-1])))
            self.assertEqual(list(one), uids[::-1])
            for uid, weight in zip(uids, adjustment.weights):
                self.assertAlmostEqual(one[uid], weight, 14)
            self.assertEqual(way.call(system, "apply_vesting_multipliers", tuple(weights), hotkeys=hotkeys), tuple(told["weights"]))
            earlier = way.call(system, "adjust", weights, uids, hotkeys, as_of=told["as_of"] - 1)
            self.assertLess(earlier.as_of, told["as_of"])
            self.assertEqual(way.call(system, "adjust", [], []).weights, [])

    def test_a_uid_that_changed_hands_is_not_mistaken(self) -> None:
        uids, hotkeys, _ = self.weights()
        best = max(self.miners, key=lambda miner: float(miner["multiplier"]))
        other = next(uid for uid in uids if uid != best["uid"])
        for way in BOTH:
            system = way.system(self.sidecar.url, on_error="raise")
            with self.assertLogs("vesting", "WARNING") as logged:
                told = way.call(system, "adjust", [0.5], [other], [best["hotkey"]])
            self.assertEqual((str(told.multipliers[0]), told.reasons[0]), (best["multiplier"], best["reason"]))
            [warning] = told.warnings
            self.assertIn(f"hotkey {best['hotkey']} and uid {other}, but the hotkey has uid {best['uid']}", warning)
            self.assertIn(warning, logged.output[0])
            self.assertEqual(str(way.call(system, "adjust", [0.5], None, [best["hotkey"]]).multipliers[0]), best["multiplier"])

    def test_hotkeys_in_another_order_than_the_uids_have_their_own_multipliers(self) -> None:
        uids, hotkeys, weights = self.weights()
        for way in BOTH:
            system = way.system(self.sidecar.url, on_error="raise")
            right = way.call(system, "adjust", weights, uids, hotkeys)
            crossed = way.call(system, "adjust", weights[::-1], uids, hotkeys[::-1])
            self.assertEqual(crossed.multipliers, right.multipliers[::-1])
            self.assertEqual((right.warnings, len(crossed.warnings)), ([], 1))

    def test_groups_keep_their_sums(self) -> None:
        uids, hotkeys, weights = self.weights()
        half = len(uids) // 2
        for way in BOTH:
            system = way.system(self.sidecar.url, subnet_id=NETUID, on_error="raise")
            for groups in ([uids[:half]], [uid in uids[:half] for uid in uids], ["a"] * half + ["b"] * (len(uids) - half)):
                told = way.call(system, "apply_vesting_multipliers", weights, uids, hotkeys, groups=groups)
                self.assertAlmostEqual(math.fsum(told[:half]), math.fsum(weights[:half]), places=12)
                self.assertNotEqual(told, weights)

    def test_statistics_are_those_of_the_command(self) -> None:
        [told] = self.record.printed("stats")
        for way in BOTH:
            system = way.system(self.sidecar.url, subnet_id=NETUID, minimum_stake=0.3, retention_window_days=30, retention_target=0.9)
            self.assertTrue(way.call(system, "initialize"))
            self.assertEqual(way.call(system, "get_vesting_stats"), told)
            wrong = way.system(self.sidecar.url, max_multiplier=1.6)
            with self.assertLogs("vesting", "WARNING") as logs:
                self.assertFalse(way.call(wrong, "initialize"))
            self.assertIn("`max_multiplier` is 1.5 in the sidecar's policy, but 1.6 is expected", logs.output[0])

    def test_true_emissions_are_those_of_the_epochs(self) -> None:
        epochs = self.record.printed("epochs")
        self.assertGreater(len(epochs), 100)
        expected = [
            (epoch["block"], change["uid"], change["hotkey"], change["coldkey"], int(change["true_emission"]), int(change["incentive"]))
            for epoch in epochs
            for change in epoch["changes"]
            if change["true_emission"] != "0"
        ]
        blocks = [epoch["block"] for epoch in epochs]
        for way in BOTH:
            system = way.system(self.sidecar.url, deadline_seconds=20)
            for first, last, some in (
                (1, None, expected),
                (blocks[2], blocks[5], [row for row in expected if blocks[2] <= row[0] <= blocks[5]]),
                (blocks[1], blocks[-2], [row for row in expected if blocks[1] <= row[0] <= blocks[-2]]),
                (None, None, [row for row in expected if row[0] >= blocks[-100]]),
                (blocks[-1] + 1, None, []),
            ):
                told = way.call(system, "get_true_emissions", first, last)
                rows = [(e.block, e.uid, e.hotkey, e.coldkey, e.true_emission, e.incentive) for e in told]
                self.assertEqual(rows, some)

    def test_stake_history_is_that_of_the_command(self) -> None:
        hotkey = self.miners[3]["hotkey"]
        expected = self.record.printed("history", hotkey)
        for way in BOTH:
            system = way.system(self.sidecar.url)
            told = way.call(system, "get_stake_history", hotkey)
            self.assertEqual(len(told), 30)
            for point, line in zip(told, expected):
                for name in ("as_of", "time", "coldkey", "reason", "holding_percentage", "holding_duration"):
                    self.assertEqual(getattr(point, name), line[name])
                for name in ("stake", "earned", "sold", "multiplier"):
                    self.assertEqual(str(getattr(point, name)), line[name])
            some = way.call(system, "get_stake_history", hotkey, epochs=2, as_of=told[-1].as_of - 1)
            self.assertEqual(some, told[-3:-1])
            with self.assertRaises(Refused) as caught:
                way.call(system, "get_stake_history", "5F/..?x")
            self.assertEqual((caught.exception.problem, caught.exception.field), ("bad-input", "hotkey"))

    def test_what_it_refuses_is_said(self) -> None:
        for way in BOTH:
            with self.assertLogs("vesting", "WARNING"):
                told = way.call(way.system(self.sidecar.url, subnet_id=9), "adjust", [0.5], [0])
                self.assertEqual((told.error.problem, told.weights), ("unknown-netuid", [0.5]))
                told = way.call(way.system(self.sidecar.url), "adjust", [0.5, 0.5], [0, 0])
                self.assertEqual((told.error.field, told.weights), ("uids", [0.5, 0.5]))
                self.assertIn("twice", told.reason)

    def test_it_is_found_by_the_environment(self) -> None:
        with mock.patch.dict("os.environ", VESTING_URL=self.sidecar.url):
            self.assertTrue(blocking.VestingSystem().initialize())

    def test_the_token_is_told(self) -> None:
        with Sidecar("--read-only", "--database-url", self.record.database, VESTING_API_TOKEN="sesame") as sidecar:
            for way in BOTH:
                with self.assertLogs("vesting", "WARNING"):
                    told = way.call(way.system(sidecar.url), "adjust", [0.5], [0])
                    self.assertEqual((told.error.status, told.error.problem), (401, "unauthorized"))
                    self.assertFalse(way.call(way.system(sidecar.url, token="sesam"), "initialize"))
                self.assertTrue(way.call(way.system(sidecar.url, token="sesame"), "initialize"))
                with mock.patch.dict("os.environ", VESTING_API_TOKEN="sesame"):
                    self.assertTrue(way.call(way.system(sidecar.url), "initialize"))

    def test_a_record_that_is_old_is_said_to_be(self) -> None:
        uids, hotkeys, weights = self.weights()
        with Sidecar("--read-only", "--database-url", self.record.database, "--stale-after-seconds", "1") as sidecar:
            for way in BOTH:
                with self.assertLogs("vesting", "WARNING") as logs:
                    told = way.call(way.system(sidecar.url), "adjust", weights, uids, hotkeys)
                self.assertEqual((told.stale, told.reason, told.error), (True, None, None))
                self.assertIn("is old", logs.output[0])

    def test_weights_that_the_policy_leaves_alone_say_why(self) -> None:
        uids, hotkeys, weights = self.weights()
        with Sidecar("--read-only", "--database-url", self.record.database, "--shadow", *NEVER_STALE) as sidecar:
            for way in BOTH:
                with self.assertLogs("vesting", "WARNING") as logs:
                    told = way.call(way.system(sidecar.url, on_error="raise"), "adjust", weights, uids, hotkeys)
                self.assertIs(told.weights, weights)
                self.assertEqual((told.reason, told.error), ("shadow: computed, not applied", None))
                self.assertIn("shadow", logs.output[0])
                self.assertGreater(len(set(told.multipliers)), 4)

    def test_what_is_burned_needs_its_place_among_the_weights(self) -> None:
        burn = ["--redistribution", "burn", "--burn-uid", "0"]
        with Sidecar("--read-only", "--database-url", self.record.database, *burn, *NEVER_STALE) as sidecar:
            for way in BOTH:
                system = way.system(sidecar.url)
                with self.assertLogs("vesting", "WARNING"):
                    told = way.call(system, "adjust", {3: 0.5, 4: 0.5})
                self.assertEqual((type(told.error), told.weights), (BadAnswer, {3: 0.5, 4: 0.5}))
                self.assertIn("uid 0", told.reason)
                made = way.call(system, "apply_vesting_multipliers", {3: 0.5, 4: 0.5, 0: 0.0})
                self.assertEqual(list(made), [3, 4, 0])
                self.assertGreater(made[0], 0.1)

    @unittest.skipUnless(shutil.which("openssl"), "there is no openssl to make a certificate with")
    def test_a_record_is_taken_over_https_from_who_has_a_trusted_certificate(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "subnet-1.vesting.zst")
            subprocess.run([binary(), "db", "export", str(file), "--database-url", self.record.database], env=environment(), check=True, capture_output=True)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {file.stat().st_size}\r\n\r\n".encode()
            certificate, wrap = certified(folder)
            with BadServer(answering(head + file.read_bytes()), wrap) as server:

                def take(host: str, **more: str) -> str:
                    command = [binary(), "db", "import", f"https://{host}:{server.port}/record", "--database-url", f"sqlite://{folder}/taken.db"]
                    done = subprocess.run(command, env=environment(**more), capture_output=True, text=True)
                    return done.stdout if done.returncode == 0 else done.stderr

                self.assertIn("certificate", take("localhost"))
                self.assertIn("certificate", take("127.0.0.1", SSL_CERT_FILE=certificate))
                self.assertEqual(server.requests, [])
                self.assertIn("The record of subnet 1 was taken in", take("localhost", SSL_CERT_FILE=certificate))
            command = [binary(), "miners", "--json", "--database-url", f"sqlite://{folder}/taken.db"]
            taken = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True)
            self.assertEqual([json.loads(line) for line in taken.stdout.splitlines()], self.miners)


class WhileItFollows(unittest.TestCase):
    def test_every_epoch_is_told_once_and_in_order(self) -> None:
        node = Node("--days", "2", "--advance-ms", "8", "--start-at", "600")
        self.addCleanup(node.stop)
        with tempfile.TemporaryDirectory() as folder:
            database = f"sqlite://{folder}/vesting.db"
            with Sidecar("--network", node.url, "--netuid", str(NETUID), "--database-url", database) as sidecar:
                self.follow(sidecar)

    def follow(self, sidecar: Sidecar) -> None:
        heard: List[Epoch] = []
        threads: List[str] = []

        def hear(epoch: Epoch) -> None:
            heard.append(epoch)
            threads.append(threading.current_thread().name)
            if len(heard) == 1:
                raise RuntimeError("handlers may fail")

        with self.assertLogs("vesting", "ERROR") as logs:
            with blocking.VestingSystem(sidecar.url, query_interval_seconds=0.1, deadline_seconds=10) as system:
                system.on_epoch_boundary(hear)
                awaited = asyncio.run(self.awaited(sidecar.url))
                wait = time.monotonic() + 30
                while len(heard) < 3 and time.monotonic() < wait:
                    time.sleep(0.05)
        self.assertEqual((len(logs.output), set(threads)), (1, {"vesting-epochs"}))
        counted = len(heard)
        time.sleep(0.5)
        for told in (heard, awaited):
            blocks = [epoch.block for epoch in told]
            self.assertGreaterEqual(len(blocks), 3)
            recorded = sidecar.get(f"/v1/epochs?from={blocks[0]}&to={blocks[-1]}")
            self.assertEqual(blocks, [epoch["block"] for epoch in recorded])
            self.assertEqual([len(epoch.changes) for epoch in told], [len(epoch["changes"]) for epoch in recorded])
        self.assertEqual(len(heard), counted, "nothing is told after the end")

    async def awaited(self, url: str) -> List[Epoch]:
        heard: List[Epoch] = []
        enough = asyncio.Event()

        async def hear(epoch: Epoch) -> None:
            await asyncio.sleep(0)
            heard.append(epoch)
            if len(heard) == 3:
                enough.set()

        async with aio.VestingSystem(url, query_interval_seconds=0.1, deadline_seconds=10) as system:
            system.on_epoch_boundary(hear)
            await asyncio.wait_for(enough.wait(), 30)
        self.assertEqual([task for task in asyncio.all_tasks() if task is not asyncio.current_task()], [])
        return heard


class WhenItGoes(unittest.TestCase):
    def test_it_is_asked_again_once_it_is_back(self) -> None:
        record = Record(days=2)
        self.addCleanup(record.remove)
        arguments = ["--read-only", "--database-url", record.database, *NEVER_STALE]
        with Sidecar(*arguments) as sidecar:
            systems = [(way, way.system(sidecar.url)) for way in BOTH]
            adjusted = [way.call(system, "apply_vesting_multipliers", [0.5, 0.5], [3, 4]) for way, system in systems]
            self.assertNotEqual(adjusted[0], [0.5, 0.5])
        for way, system in systems:
            with self.assertLogs("vesting", "WARNING"):
                self.assertEqual(way.call(system, "apply_vesting_multipliers", [0.5, 0.5], [3, 4]), [0.5, 0.5])
            self.assertIsInstance(system.last_error, Unreachable)
        with Sidecar(*arguments, VESTING_BIND=sidecar.url[len("http://") :]):
            for (way, system), expected in zip(systems, adjusted):
                self.assertEqual(way.call(system, "apply_vesting_multipliers", [0.5, 0.5], [3, 4]), expected)
                self.assertIsNone(system.last_error)

    def test_an_end_does_not_wait_for_who_does_not_answer(self) -> None:
        async def awaited(url: str) -> None:
            system = aio.VestingSystem(url)
            system.on_epoch_boundary(print)
            await asyncio.sleep(0.1)
            with Timed() as timed:
                await system.shutdown()
                await system.shutdown()
            self.assertLess(timed.took, 1)

        with BadServer(hanging) as server:
            asyncio.run(awaited(server.url))
            waiting = blocking.VestingSystem(server.url)
            waiting.on_epoch_boundary(print)
            time.sleep(0.1)
            with Timed() as timed:
                waiting.shutdown()
                waiting.shutdown()
            self.assertLess(timed.took, 1)


class WhenTold(unittest.TestCase):
    """With a sidecar that does not follow the chain by itself."""

    def test_it_goes_on_to_the_head_when_told(self) -> None:
        for way in BOTH:
            with tempfile.TemporaryDirectory() as folder:
                node = Node("--days", "2")
                self.addCleanup(node.stop)
                arguments = ["--network", node.url, "--netuid", str(NETUID), "--retention-window-days", "1"]
                database = f"sqlite://{folder}/told.db"
                with Sidecar("--use-background-thread", "false", "--database-url", database, *arguments, *NEVER_STALE) as sidecar:
                    system = way.system(sidecar.url, subnet_id=NETUID, on_error="raise")
                    self.assertRaises(Refused, lambda: way.call(system, "get_vesting_stats"))
                    self.assertTrue(way.call(system, "update"))
                    recorded = way.call(system, "get_vesting_stats")["recorded_to"]
                    self.assertEqual(sidecar.get("/v1/subnets")[0]["block"], recorded)
                    self.assertGreater(recorded, 7200)
                # The sidecar is gone: the error is logged, or raised.
                self.assertRaises(Unreachable, lambda: way.call(system, "update"))
                calm = way.system(sidecar.url)
                self.assertFalse(way.call(calm, "update"))
                self.assertIsInstance(calm.last_error, Unreachable)
