"""A sidecar that the vesting system starts and owns: it serves, it survives crashes, and it never outlives its owner."""

import asyncio
import gc
import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from vesting import SettingError, SidecarFailed, Stats, VestingSystem, blocking, origin

from .support import NETUID, BadServer, Node, answering, binary, environment, http

#: How long a sidecar may outlive its owner, and how long anything else may take, in seconds.
SOON = 10.0
PATIENCE = 60.0


class Subtensor:
    """The part of the SDK's object that says where its chain is. SDK 9 and 10 have it so."""

    def __init__(self, chain_endpoint: str) -> None:
        self.chain_endpoint = chain_endpoint
        self.network = "unknown"


class DatabaseManager:
    """As subnets have one: an object that knows the path of its file."""

    def __init__(self, path: str) -> None:
        self.db_path = path


def until(what: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What `what` returns once that is true."""
    end = time.monotonic() + patience
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it does not come to pass within {patience:g} s")
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """Whether a process runs. One that has ended may wait to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def snippet(subtensor: Any, path: str, ready: Callable[[Any], Any]) -> Tuple[Any, Any, Dict[str, Any]]:
    db_manager = DatabaseManager(path)

    # Create vesting system
    vesting_system = VestingSystem(
        subtensor=subtensor,
        subnet_id=1,  # Replace with your subnet ID
        db_manager=db_manager,
        minimum_stake=0.3,
        retention_window_days=30,
        retention_target=0.9,
        max_multiplier=1.5,
        use_background_thread=True,
        query_interval_seconds=300
    )

    # Initialize
    await vesting_system.initialize()

    # The background thread will automatically update stake metrics
    # No need to call update() manually
    original_weights, uids, hotkeys = await ready(vesting_system)

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
    return original_weights, adjusted_weights, stats


class Owned(unittest.TestCase):
    node: Node

    @classmethod
    def setUpClass(cls) -> None:
        cls.node = Node("--days", "2")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.stop()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.database = self.folder / "vesting.db"

    def system(self, **settings: Any) -> blocking.VestingSystem:
        given: Dict[str, Any] = {"subtensor": self.node.url, "netuid": NETUID, "db_manager": self.database, **settings}
        system = blocking.VestingSystem(**given)
        self.addCleanup(system.shutdown)
        return system

    def recorded(self, system: blocking.VestingSystem) -> Stats:
        """The figures once the record has reached the node's head."""

        def stats() -> Any:
            try:
                found = system.get_vesting_stats()
            except Exception:
                return None
            # The figures are read before the state of the sidecar, so those of the next answer are the last.
            return system.get_vesting_stats() if found["sidecar"]["behind_blocks"] == 0 else None

        found: Stats = until(stats)
        return found

    def check(self) -> None:
        """The record is whole."""
        command = [binary(), "db", "check", "--database-url", f"sqlite://{self.database}"]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True)
        self.assertTrue(done.returncode == 0 or "no record" in done.stderr, done.stderr)

    def printed(self) -> List[Dict[str, Any]]:
        command = [binary(), "miners", "--json", "--netuid", str(NETUID), "--database-url", f"sqlite://{self.database}"]
        done = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_the_usage_of_the_first_description_runs_unchanged(self) -> None:
        async def ready(system: VestingSystem) -> Tuple[List[float], List[int], List[str]]:
            # Until the window is covered, weights come back unchanged, and the statistics say how far it is.
            while True:
                stats = await system.get_vesting_stats()
                if stats["as_of"] and stats["sidecar"]["behind_blocks"] == 0:
                    break
                self.assertFalse(stats["sidecar"]["ready"])
                self.assertTrue(stats["sidecar"]["reasons"])
                await asyncio.sleep(0.05)
            miners = self.printed()
            return [1.0] * len(miners), [miner["uid"] for miner in miners], [miner["hotkey"] for miner in miners]

        weights, adjusted, stats = asyncio.run(snippet(Subtensor(self.node.url), str(self.database), ready))
        self.assertTrue(stats["covered"] and stats["sidecar"]["running"], stats)
        self.assertNotEqual(adjusted, weights)
        self.assertAlmostEqual(sum(adjusted), sum(weights))
        shares = [weight / float(miner["multiplier"]) for weight, miner in zip(adjusted, self.printed())]
        self.assertTrue(all(math.isclose(share, shares[0]) for share in shares), shares)
        self.assertFalse(lives(stats["sidecar"]["pid"]))
        self.check()

    def test_until_there_is_a_record_weights_come_back_with_the_reason(self) -> None:
        system = self.system(subtensor="ws://127.0.0.1:1")
        self.assertTrue(system.initialize())
        with self.assertLogs("vesting", "WARNING"):
            told = system.adjust([0.5, 0.5], uids=[0, 1])
        self.assertEqual((told.weights, bool(told.reason)), ([0.5, 0.5], True))
        stats = system.get_vesting_stats()
        self.assertEqual((stats["covered"], stats["as_of"], stats["netuid"]), (False, None, NETUID))

    def test_before_it_is_started_it_says_so(self) -> None:
        system = self.system()
        with self.assertLogs("vesting", "WARNING"):
            self.assertIn("initialize", str(system.adjust([1.0], uids=[0]).reason))

    def test_it_moves_on_request_only_if_told_so(self) -> None:
        system = self.system(use_background_thread=False)
        self.assertTrue(system.initialize())
        # What is there at the start may be caught up on; whatever is recorded, an update reaches the head.
        until(lambda: system.update())
        self.assertEqual(system.get_vesting_stats()["sidecar"]["behind_blocks"], 0)

    def test_what_it_tells_is_a_dict_with_members(self) -> None:
        system = self.system()
        system.initialize()
        stats = self.recorded(system)
        miners = system.miners()
        self.assertEqual([(m.uid, m.hotkey, m["stake"]) for m in miners], [(m["uid"], m["hotkey"], int(m["stake"])) for m in self.printed()])
        self.assertEqual(sum(m.stake for m in miners), int(stats["total_stake"]))
        history = system.history(miners[0].hotkey, epochs=3)
        self.assertEqual(json.loads(json.dumps(history, default=str))[-1]["as_of"], history[-1].as_of)
        self.assertEqual(len(history), 3)
        with self.assertRaises(AttributeError):
            miners[0].nothing

        # The parts by their names are views of the same.
        tracker, monitor = system.stake_tracker, system.blockchain_monitor
        self.assertEqual(tracker.miners(), miners)
        self.assertEqual((tracker.miner(miners[1].hotkey), tracker.miner(miners[1].coldkey)), (miners[1], None))
        self.assertEqual(tracker.coldkey(miners[1].coldkey).coldkey, miners[1].coldkey)
        self.assertEqual(monitor.stake_history(miners[0].hotkey, epochs=3), history)
        epochs = monitor.epochs()
        self.assertEqual(epochs[-1].block, stats.as_of)
        transactions = monitor.transactions(epochs[-1].block, epochs[-1].block)
        earned = sum(t.alpha for t in transactions if t.kind == "incentive")
        self.assertEqual(earned, sum(change.incentive for change in epochs[-1].changes))
        self.assertTrue(earned > 0 and all(t.block == stats.as_of for t in transactions))
        emissions = monitor.true_emissions(epochs[-1].block, epochs[-1].block)
        self.assertEqual([e.true_emission for e in emissions], [c.true_emission for c in epochs[-1].changes if c.true_emission])

    def test_one_that_crashes_is_started_again_and_nothing_is_lost(self) -> None:
        system = self.system()
        system.initialize()
        before = self.recorded(system)
        with self.assertLogs("vesting.sidecar", "ERROR") as logs:
            os.kill(before["sidecar"]["pid"], signal.SIGKILL)
            until(lambda: not lives(before["sidecar"]["pid"]))
            after = self.recorded(system)
        self.assertIn("starting it again", logs.output[0])
        self.assertEqual((after["sidecar"]["restarts"], after["as_of"], after["total_stake"]), (1, before["as_of"], before["total_stake"]))
        self.assertNotEqual(after["sidecar"]["pid"], before["sidecar"]["pid"])
        self.assertIsNotNone(after["sidecar"]["last_exit"])

    def test_who_takes_its_port_is_told_nothing(self) -> None:
        system = self.system()
        self.assertTrue(system.initialize())
        pid, sidecar = self.recorded(system)["sidecar"]["pid"], system._sidecar
        assert sidecar is not None
        port = sidecar.endpoint.port
        with self.assertLogs("vesting", "WARNING"):
            os.kill(pid, signal.SIGKILL)
            until(lambda: sidecar.last_exit)
            with BadServer(answering(http({"version": "of another program"})), port=port) as foreign:
                while sidecar.restarts == 0:
                    self.assertEqual(system.apply_vesting_multipliers([0.25, 0.75], [0, 1]), [0.25, 0.75])
                    self.assertIn("does not run", str(system.last_error))
                self.assertEqual(foreign.requests, [])
        self.assertEqual(self.recorded(system)["sidecar"]["restarts"], 1)

    @unittest.skipUnless(sys.platform == "linux" and os.geteuid() == 0, "only root can mount a file system")
    def test_a_disk_that_may_only_be_read_is_said(self) -> None:
        self.recorded_once()
        code = """
import logging, sys
logging.disable(logging.CRITICAL)
from vesting import blocking
for name in ("vesting.db", "another.db"):
    system = blocking.VestingSystem(subtensor=sys.argv[1], netuid=int(sys.argv[2]), db_manager=sys.argv[3] + "/" + name)
    print(system.initialize(), system.last_error, system.apply_vesting_multipliers([0.25, 0.75], [0, 1]))
    system.shutdown()
"""
        mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        command = ["unshare", "--mount", "sh", "-euc", mounted, str(self.folder), sys.executable, "-c", code, self.node.url, str(NETUID), str(self.folder)]
        before = self.database.read_bytes()
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True)
        if "mount:" in done.stderr or "unshare:" in done.stderr:
            self.skipTest(done.stderr)
        there, new = done.stdout.splitlines()
        for said, name, advice in ((there, "vesting.db", "write to the file and to its folder"), (new, "another.db", "let this user write there")):
            self.assertTrue(said.startswith("False ") and said.endswith(" [0.25, 0.75]"), said + done.stderr)
            self.assertIn(name, said)
            self.assertIn(advice, said)
        self.assertEqual(self.database.read_bytes(), before)

    def recorded_once(self) -> None:
        """A record that no sidecar has open."""
        system = self.system()
        self.assertTrue(system.initialize())
        self.recorded(system)
        system.shutdown()

    def test_it_ends_with_the_object(self) -> None:
        system = blocking.VestingSystem(subtensor=self.node.url, netuid=NETUID, db_manager=self.database)
        system.initialize()
        pid = system.get_vesting_stats()["sidecar"]["pid"]
        self.assertTrue(lives(pid))
        del system
        gc.collect()
        until(lambda: not lives(pid), SOON)
        self.check()

    def owner(self, ending: str) -> Tuple["subprocess.Popen[str]", int]:
        """Another Python that owns a sidecar, and ends in some way after it has read a line."""
        code = f"""
import os, sys, time
from vesting.blocking import VestingSystem
system = VestingSystem(subtensor={self.node.url!r}, netuid={NETUID}, db_manager={str(self.database)!r})
assert system.initialize()
print(system.get_vesting_stats()["sidecar"]["pid"], flush=True)
sys.stdin.readline()
{ending}
"""
        owner = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert owner.stdout is not None and owner.stdin is not None
        self.addCleanup(owner.stdout.close)
        self.addCleanup(owner.stdin.close)
        self.addCleanup(owner.kill)
        pid = int(owner.stdout.readline())
        self.assertTrue(lives(pid))
        return owner, pid

    def test_it_never_outlives_its_owner(self) -> None:
        for ending in ("pass", "sys.exit(3)", "raise RuntimeError", "os._exit(1)", "os.kill(os.getpid(), 9)"):
            with self.subTest(ending):
                owner, pid = self.owner(ending)
                assert owner.stdin is not None
                owner.stdin.write("\n")
                owner.stdin.flush()
                owner.wait(SOON + 5)
                until(lambda: not lives(pid), SOON)
                self.check()

    def test_it_never_outlives_an_owner_that_is_killed_in_the_middle(self) -> None:
        for after in (0.0, 0.05, 0.2, 0.5):
            owner, pid = self.owner("")
            time.sleep(after)
            owner.kill()
            owner.wait()
            until(lambda: not lives(pid), SOON)
            self.check()

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_fork_neither_ends_it_nor_keeps_it_alive(self) -> None:
        # The copy lives on when the owner is gone, and its own end does nothing to the sidecar of a living owner.
        ending = """
if os.fork() == 0:
    assert system.get_vesting_stats()["sidecar"]["pid"]
    system.shutdown()
    os._exit(0)
assert os.wait()[1] == 0
assert system.get_vesting_stats()["sidecar"]["running"]
copy = os.fork()
if copy == 0:
    time.sleep(60)
print(copy, flush=True)
os.kill(os.getpid(), 9)
"""
        owner, pid = self.owner(ending)
        assert owner.stdin is not None and owner.stdout is not None
        owner.stdin.write("\n")
        owner.stdin.flush()
        copy = int(owner.stdout.readline())
        self.addCleanup(os.kill, copy, signal.SIGKILL)
        owner.wait(SOON)
        until(lambda: not lives(pid), SOON)
        self.assertTrue(lives(copy))
        self.check()

    def test_two_systems_share_one_database(self) -> None:
        one, other = self.system(), self.system()
        self.assertTrue(one.initialize() and other.initialize())
        first = self.recorded(one)
        second = until(lambda: (lambda stats: stats if stats["as_of"] == first["as_of"] else None)(other.get_vesting_stats()))
        self.assertEqual(second["total_stake"], first["total_stake"])
        self.assertNotEqual(second["sidecar"]["pid"], first["sidecar"]["pid"])
        one.shutdown()
        with self.assertLogs("vesting", "WARNING"):
            told = other.adjust([1.0, 1.0], uids=[0, 1])
        self.assertEqual(len(told.multipliers), 2)

    def test_it_is_asked_from_any_loop(self) -> None:
        system = VestingSystem(subtensor=self.node.url, netuid=NETUID, db_manager=self.database)
        self.assertTrue(asyncio.run(system.initialize()))
        pid = asyncio.run(system.get_vesting_stats())["sidecar"]["pid"]
        asyncio.run(system.shutdown())
        self.assertFalse(lives(pid))
        with self.assertLogs("vesting", "WARNING"):
            self.assertFalse(asyncio.run(system.initialize()))
        self.assertIsInstance(system.last_error, SidecarFailed)

    def test_what_keeps_it_from_running_is_said(self) -> None:
        songs = self.folder / "songs.db"
        with sqlite3.connect(songs) as other:
            other.execute("CREATE TABLE songs (name TEXT)")
        other.close()
        for settings, word in (
            ({"db_manager": songs}, "songs.db"),
            ({"db_manager": self.folder / "nowhere" / "vesting.db"}, "nowhere"),
            # A file system on which nobody can make a file.
            ({"db_manager": "/proc/vesting.db"}, "/proc/vesting.db"),
            ({"settings": {"formulla": "tiered"}}, "formula"),
            ({"max_multiplier": 0.5}, "max_multiplier"),
        ):
            with self.subTest(word), self.assertLogs("vesting", "WARNING"):
                system = self.system(**settings)
                began = time.monotonic()
                self.assertFalse(system.initialize())
                self.assertLess(time.monotonic() - began, PATIENCE / 2)
                self.assertIsInstance(system.last_error, SidecarFailed)
                self.assertIn(word, str(system.last_error))
                system.shutdown()
        # A program of another version does not know what it is asked for.
        older = self.folder / "vesting"
        older.write_text("#!/bin/sh\necho \"error: unexpected argument '--until-input-ends' found\" >&2\necho >&2\necho Usage: >&2\nexit 2\n")
        older.chmod(0o755)
        with self.assertLogs("vesting", "WARNING"):
            system = self.system(program=str(older))
            self.assertFalse(system.initialize())
        self.assertIn("unexpected argument", str(system.last_error))
        system.shutdown()
        with self.assertRaisesRegex(SidecarFailed, "nonesuch"):
            self.system(program="/nonesuch/vesting")


class Origins(unittest.TestCase):
    def test_a_chain_is_known_by_object_name_or_url(self) -> None:
        class Eleven:
            """SDK 11: other members ask the chain when they are read."""

            network = "finney"
            endpoint = "wss://entrypoint-finney.opentensor.ai:443"

            @property
            def block(self) -> int:
                raise AssertionError("the chain was asked")

        named = Subtensor("wss://entrypoint-finney.opentensor.ai:443")
        named.network = "finney"
        elsewhere = Subtensor("wss://mine.example:443")
        elsewhere.network = "finney"
        for subtensor, network in (
            (Eleven(), "finney"),
            (named, "finney"),
            (elsewhere, "wss://mine.example:443"),
            (Subtensor("ws://10.0.0.5:9944"), "ws://10.0.0.5:9944"),
            ("Finney", "finney"),
            ("test", "test"),
            ("ws://127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("node.example:443", "wss://node.example:443"),
        ):
            self.assertEqual(origin.chain(subtensor).network, network)
        for bad in ("finey", "", 7, object(), "a b"):
            with self.assertRaises(SettingError):
                origin.chain(bad)

    def test_a_database_is_a_path_a_url_an_object_or_nothing(self) -> None:
        class Address:
            def render_as_string(self, hide_password: bool) -> str:
                return "postgresql+psycopg2://me:***@host/db" if hide_password else "postgresql+psycopg2://me:secret@host/db"

        class Engine:
            """As SQLAlchemy has it."""

            url = Address()

        chain = origin.chain("ws://me:secret@127.0.0.1:9944/x")
        for manager, url in (
            ("/data/v.db", "sqlite:///data/v.db"),
            (Path("/data/v.db"), "sqlite:///data/v.db"),
            ("v.db", f"sqlite://{Path.cwd() / 'v.db'}"),
            ("sqlite:///data/v.db", "sqlite:///data/v.db"),
            ("postgres://host/db", "postgres://host/db"),
            (DatabaseManager("/data/v.db"), "sqlite:///data/v.db"),
            (Engine(), "postgresql://me:secret@host/db"),
        ):
            self.assertEqual(origin.database_url(manager, chain, 2), url)
        own = origin.database_url(None, chain, 2)
        self.assertTrue(own.startswith("sqlite:///") and own.endswith("/vesting/127.0.0.1-9944-2.db") and "secret" not in own, own)
        with self.assertRaises(SettingError):
            origin.database_url(object(), chain, 2)
