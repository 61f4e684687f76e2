"""Whatever the server does, the weights are returned unchanged, in time, and with the reason."""

import asyncio
import inspect
import json
import os
import shutil
import socket
import tempfile
import time
import unittest
from typing import Any, Callable, Dict, List, Tuple, Type
from unittest import mock

from vesting import blocking
from vesting import BadAnswer, DeadlineExceeded, InputError, PolicyDiffers, Refused, SettingError, Unreachable, VestingError, aio

from .support import BOTH, BadServer, Timed, answering, certified, hanging, http

DEADLINE = 0.4

#: How many seconds longer a machine with two busy cores may take.
SLACK = 1.0

UIDS = [3, 4]
HOTKEYS = ["5DgBgxFkw71efa2FyeRQEPReQeNejMwZTHHbQZKcPs8wx3P5", "5EcZxKaNshY7hUZFuwFJwkguZDombbKGxYp1MWmhS1nYkecL"]


def answer(**other: Any) -> Dict[str, Any]:
    """A good answer to the weights 0.5 and 0.5, except for the members given."""
    good = {
        "netuid": 1,
        "uids": UIDS,
        "hotkeys": HOTKEYS,
        "weights": [0.6, 0.4],
        "weights_u16": [65535, 43690],
        "multipliers": ["1.500000000", "1.000000000"],
        "reasons": ["a", "b"],
        "unchanged": None,
        "warnings": [],
        "as_of": 1200,
        "policy_digest": "0x01",
        "state_digest": "0x02",
        "stale": False,
    }
    return {**good, **other}


def raw(text: str) -> bytes:
    """A good answer with other weights, written as they are."""
    return http(json.dumps(answer()).replace("[0.6, 0.4]", text))


def drip(begun: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    """Begins an answer and sends a piece now and then, for ever."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(begun)
        while True:
            time.sleep(0.02)
            connection.sendall(piece)

    return behave


def flood(begun: bytes) -> Callable[[socket.socket], None]:
    """Begins an answer and sends pieces as fast as it can, for ever."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(begun)
        while True:
            connection.sendall(b" " * 65536)

    return behave


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PROBLEM = {"type": "urn:vesting:problem:unknown-netuid", "title": "x", "status": 404, "detail": "nothing is recorded of 9", "field": "netuid"}

BEHAVIOURS: List[Tuple[str, Callable[[socket.socket], None], Type[VestingError], str]] = [
    ("hangs", hanging, DeadlineExceeded, "within 0.4 s"),
    ("closes", lambda connection: None, Unreachable, "without an answer"),
    ("drips a head", drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"), DeadlineExceeded, "within"),
    ("drips a body", drip(OK + b"Content-Length: 100000\r\n\r\n", b" "), DeadlineExceeded, "within"),
    ("drips chunks", drip(CHUNKED, b"1\r\n \r\n"), DeadlineExceeded, "within"),
    ("drips without an end", drip(OK + b"\r\n", b" "), DeadlineExceeded, "within"),
    ("says it is huge", flood(OK + b"Content-Length: 99999999999\r\n\r\n"), BadAnswer, "too large"),
    ("is huge", flood(OK + b"\r\n"), BadAnswer, "too large"),
    ("has a huge chunk", flood(CHUNKED + b"ffffffffff\r\n"), BadAnswer, "too large"),
    ("is garbage", answering(b"\x00\xff\xfe garbage"), BadAnswer, "not HTTP"),
    ("is another program", answering(b"SSH-2.0-OpenSSH_9.2p1\r\n"), BadAnswer, "not HTTP"),
    ("breaks off", answering(http(answer())[:-20]), BadAnswer, "broke off"),
    ("is no JSON", answering(http("<html>")), BadAnswer, "not JSON"),
    ("is no text", answering(http(b"\xff\xfe")), BadAnswer, "not JSON"),
    ("is empty", answering(http("")), BadAnswer, "not JSON"),
    ("is half of it", answering(http(json.dumps(answer())[:-10])), BadAnswer, "not JSON"),
    ("is deep", answering(http("[" * 100_000)), BadAnswer, "not JSON"),
    ("is a list", answering(http([])), BadAnswer, "object"),
    ("is nothing", answering(http("null")), BadAnswer, "object"),
    ("refuses", answering(http(PROBLEM, "404 Not Found")), Refused, "404: nothing is recorded of 9"),
    ("asks for a token", answering(http({"detail": "give the token"}, "401 Unauthorized")), Refused, "401: give the token"),
    ("is a proxy without it", answering(http("<html>", "502 Bad Gateway")), Refused, "502: the answer does not say why"),
    ("is broken", answering(http("[]", "500 Internal Server Error")), Refused, "500"),
    ("has moved", answering(http("", "307 Temporary Redirect", "Location: http://elsewhere/")), Refused, "http://elsewhere/"),
    ("says nothing", answering(b"HTTP/1.1 204 No Content\r\n\r\n"), Refused, "204"),
    ("has no number", answering(raw("[NaN, 0.4]")), BadAnswer, "NaN"),
    ("adds up to too much", answering(raw("[1e308, 1e308]")), BadAnswer, "add up to more"),
    ("warns in numbers", answering(http(answer(warnings=[1]))), BadAnswer, "warnings"),
    ("is infinite", answering(raw("[Infinity, 0.4]")), BadAnswer, "Infinity"),
    ("overflows", answering(raw("[1e999, 0.4]")), BadAnswer, "finite"),
    ("overflows as an integer", answering(raw("[1" + "0" * 400 + ", 0.4]")), BadAnswer, "finite"),
    ("is negative", answering(raw("[1.1, -0.1]")), BadAnswer, "negative"),
    ("is true", answering(raw("[true, 0.0]")), BadAnswer, "no number"),
    ("is text", answering(raw('["0.6", 0.4]')), BadAnswer, "no number"),
    ("is too short", answering(http(answer(weights=[1.0]))), BadAnswer, "2 weights, but 1"),
    ("is too long", answering(http(answer(weights=[0.5, 0.3, 0.1, 0.1]))), BadAnswer, "2 weights, but 4"),
    (
        "burns to another",
        answering(http(answer(weights=[0.5, 0.3, 0.2], uids=[3, 4, 0], hotkeys=[*HOTKEYS, "x"], multipliers=["1"] * 3, reasons=["a"] * 3))),
        BadAnswer,
        "uid 0, which is not among",
    ),
    ("lacks multipliers", answering(http(answer(multipliers=["1.5"]))), BadAnswer, "multipliers"),
    ("has a multiplier that is none", answering(http(answer(multipliers=["1.5", "much"]))), BadAnswer, "multiplier"),
    ("is of other uids", answering(http(answer(uids=[4, 3]))), BadAnswer, "other weights"),
    ("is of other hotkeys", answering(http(answer(hotkeys=HOTKEYS[::-1]))), BadAnswer, "other weights"),
    ("is of another subnet", answering(http(answer(netuid=2))), BadAnswer, "another subnet"),
    ("adds up to less", answering(http(answer(weights=[0.5, 0.4]))), BadAnswer, "add up"),
    ("is all zero", answering(http(answer(weights=[0.0, 0.0]))), BadAnswer, "add up"),
    ("does not say whether it is stale", answering(http(answer(stale=None))), BadAnswer, "stale"),
    ("does not say as of when", answering(http(answer(as_of="1200"))), BadAnswer, "as_of"),
]


class Failures(unittest.TestCase):
    def test_a_good_answer_is_one(self) -> None:
        for way in BOTH:
            with BadServer(answering(http(answer()))) as server:
                system = way.system(server.url, subnet_id=1)
                self.assertEqual(way.call(system, "apply_vesting_multipliers", [0.5, 0.5], UIDS, HOTKEYS), [0.6, 0.4])
                self.assertIsNone(system.last_error)

    def test_weights_come_back_as_they_were_in_time(self) -> None:
        for way in BOTH:
            for name, behave, kind, word in BEHAVIOURS:
                with self.subTest(way=way.__name__, server=name), BadServer(behave) as server:
                    system = way.system(server.url, subnet_id=1, deadline_seconds=DEADLINE)
                    weights = [0.5, 0.5]
                    with self.assertLogs("vesting", "WARNING") as logs, Timed() as time:
                        told = way.call(system, "adjust", weights, UIDS, HOTKEYS)
                    self.assertLess(time.took, DEADLINE + SLACK)
                    self.assertIs(told.weights, weights)
                    self.assertEqual(weights, [0.5, 0.5])
                    self.assertIs(type(told.error), kind, told.reason)
                    self.assertIn(word, told.reason)
                    self.assertIs(system.last_error, told.error)
                    self.assertEqual((told.multipliers, told.as_of), ([], None))
                    self.assertEqual((len(logs.output), kind.kind in logs.output[0]), (1, True))

    def test_it_is_raised_where_that_is_asked_for(self) -> None:
        for way in BOTH:
            with BadServer(answering(http(PROBLEM, "404 Not Found"))) as server:
                system = way.system(server.url, on_error="raise")
                for name, arguments in (("apply_vesting_multipliers", ([0.5], [3])), ("adjust", ([0.5], [3])), ("initialize", ())):
                    with self.assertRaises(Refused) as caught:
                        way.call(system, name, *arguments)
                    refused = caught.exception
                    self.assertEqual((refused.status, refused.problem, refused.field), (404, "unknown-netuid", "netuid"))
                    self.assertIs(system.last_error, refused)

    def test_what_has_nothing_to_give_back_raises(self) -> None:
        for way in BOTH:
            for behave, kind in ((answering(http(PROBLEM, "404 Not Found")), Refused), (answering(http({"a": 1})), BadAnswer)):
                with BadServer(behave) as server:
                    system = way.system(server.url)
                    for name, arguments in (("get_vesting_stats", ()), ("get_true_emissions", (1, 2)), ("get_stake_history", ("5F",))):
                        with self.assertRaises(kind):
                            way.call(system, name, *arguments)

    def test_weights_that_are_none_are_not_sent(self) -> None:
        for way in BOTH:
            with BadServer(answering(http(answer()))) as server:
                system = way.system(server.url)
                weights = [0.5, float("nan")]
                strict = way.system(server.url, strict=True)
                with self.assertLogs("vesting", "WARNING"):
                    told = way.call(strict, "adjust", weights, UIDS)
                    self.assertIs(told.weights, weights)
                    self.assertIs(type(told.error), InputError)
                    told = way.call(system, "adjust", [0.5], UIDS[:1], as_of=1.5)
                self.assertIs(type(told.error), InputError)
                self.assertEqual(server.requests, [])

    def test_nobody_listens(self) -> None:
        for way in BOTH:
            with BadServer(hanging) as server:
                url = server.url
            for url in (url, "http://name.invalid:9180", f"http://{'x' * 70}.invalid"):
                with self.assertLogs("vesting", "WARNING"):
                    system = way.system(url)
                    told = way.call(system, "adjust", [0.5], [3])
                    self.assertIn(type(told.error), (Unreachable, DeadlineExceeded), told.reason)
                    self.assertFalse(way.call(system, "initialize"))

    def test_the_usual_deadline_is_two_seconds_over_the_whole_call(self) -> None:
        with BadServer(drip(OK, b"X: y\r\n")) as server:
            with self.assertLogs("vesting", "WARNING"), Timed() as time:
                blocking.VestingSystem(server.url).adjust([0.5], [3])
            self.assertGreater(time.took, 1.9)
            self.assertLess(time.took, 2 + SLACK)
        self.assertEqual(inspect.signature(aio.VestingSystem).parameters["deadline_seconds"].default, 2.0)

    def test_a_call_of_several_requests_has_one_deadline(self) -> None:
        def slowly(connection: socket.socket) -> None:
            time.sleep(0.25)
            if len(server.requests) == 1:
                connection.sendall(http({**PROBLEM, "field": "from"}, "400 Bad Request"))
            else:
                connection.sendall(http([{"netuid": 1, "block": 500 - len(server.requests), "time": "", "changes": []}]))

        for way in BOTH:
            with BadServer(slowly) as server:
                system = way.system(server.url, deadline_seconds=DEADLINE)
                with Timed() as timed, self.assertRaises(DeadlineExceeded):
                    way.call(system, "get_true_emissions", 1)
                self.assertLess(timed.took, DEADLINE + SLACK)
                self.assertGreater(len(server.requests), 1)

    def test_a_name_that_is_looked_up_for_long_is_not_waited_for(self) -> None:
        def look_up(*arguments: Any, **named: Any) -> Any:
            time.sleep(2)
            raise socket.gaierror("too late")

        async def ask() -> float:
            with Timed() as timed:
                await aio.VestingSystem("http://sidecar.test", deadline_seconds=DEADLINE).adjust([0.5], [3])
            return timed.took

        with mock.patch("socket.getaddrinfo", look_up), self.assertLogs("vesting", "WARNING") as logs:
            with Timed() as timed:
                blocking.VestingSystem("http://sidecar.test", deadline_seconds=DEADLINE).adjust([0.5], [3])
            for took in (timed.took, asyncio.run(ask())):
                self.assertLess(took, DEADLINE + SLACK)
        self.assertTrue(all("deadline" in line for line in logs.output), logs.output)

    def test_constructors_refuse_what_cannot_be(self) -> None:
        url: Any
        for way in BOTH:
            for url, settings in (
                ("ftp://localhost:9180", {}),
                (9180, {}),
                ("http://x", {"subnet_id": "two"}),
                ("http://x", {"subnet_id": 1, "netuid": 2}),
                ("http://x", {"minimum_stake": float("nan")}),
                ("http://x", {"max_multiplier": "much"}),
                ("http://x", {"token": "a\r\nX: y"}),
                ("http://x", {"token": " "}),
                ("http://x", {"subnet_id": 65536}),
                ("http://x", {"deadline_seconds": 0}),
                ("http://x", {"deadline_seconds": float("inf")}),
                ("http://x", {"query_interval_seconds": -1}),
                ("http://x", {"on_error": "ignore"}),
            ):
                with self.assertRaises(SettingError) as refused:
                    way.system(url, **settings)
                self.assertIsInstance(refused.exception, ValueError)
            # What is understood without every letter of it.
            way.system("localhost:9180", netuid=numpy_like(3), subnet_id="3")


def numpy_like(number: int) -> Any:
    """An integer of another type than `int`."""

    class Number:
        def __index__(self) -> int:
            return number

    return Number()


class Policies(unittest.TestCase):
    POLICY = {"minimum_stake": "300000000", "retention_window_days": 30.0, "retention_target": "0.900000000", "max_multiplier": "1.500000000"}

    def serve(self, *digests: str) -> BadServer:
        """Answers with the policy, with each of these digests in turn; the last one is repeated."""

        def behave(connection: socket.socket) -> None:
            place = min(len(server.requests), len(digests)) - 1
            stats = {"netuid": 1, "as_of": 1200, "policy_digest": digests[place], "policy": self.POLICY}
            weights = answer(policy_digest=digests[place])
            connection.sendall(http(weights if server.requests[-1].startswith(b"POST") else stats))

        server = BadServer(behave)
        return server

    def test_weights_are_adjusted_under_the_expected_policy_only(self) -> None:
        expected = {"minimum_stake": 0.3, "retention_window_days": 30, "retention_target": 0.9, "max_multiplier": 1.5}
        for way in BOTH:
            with self.serve("0x01") as server:
                system = way.system(server.url, **expected)
                for _ in range(3):
                    self.assertEqual(way.call(system, "apply_vesting_multipliers", [0.5, 0.5], UIDS), [0.6, 0.4])
                # The policy is compared once while its digest stays the same.
                self.assertEqual(len(server.requests), 4)
            for name, other in (("minimum_stake", 0.31), ("retention_window_days", 29.5), ("retention_target", 0.8), ("max_multiplier", 2)):
                with self.serve("0x01") as server, self.assertLogs("vesting", "WARNING"):
                    system = way.system(server.url, **{**expected, name: other})
                    self.assertFalse(way.call(system, "initialize"))
                    told = way.call(system, "adjust", [0.5, 0.5], UIDS)
                    self.assertEqual((type(told.error), told.weights), (PolicyDiffers, [0.5, 0.5]))
                    self.assertIn(name, told.reason)

    def test_a_policy_that_changes_meanwhile_is_not_the_expected_one(self) -> None:
        for way in BOTH:
            with self.serve("0x01", "0x02") as server, self.assertLogs("vesting", "WARNING"):
                told = way.call(way.system(server.url, max_multiplier=1.5), "adjust", [0.5, 0.5], UIDS)
                self.assertEqual((type(told.error), told.weights), (PolicyDiffers, [0.5, 0.5]))


class Asynchronous(unittest.TestCase):
    def test_a_call_that_is_cancelled_closes_its_connection(self) -> None:
        gone: List[float] = []

        def behave(connection: socket.socket) -> None:
            try:
                hanging(connection)
            finally:
                gone.append(time.monotonic())

        async def cancel(url: str) -> float:
            asking = asyncio.ensure_future(aio.VestingSystem(url, deadline_seconds=30).adjust([0.5], [3]))
            while not server.requests:
                await asyncio.sleep(0.01)
            asking.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await asking
            cancelled = time.monotonic()
            # The end of the loop would close the connection too.
            while not gone and time.monotonic() < cancelled + 5:
                await asyncio.sleep(0.01)
            return cancelled

        with BadServer(behave) as server:
            cancelled = asyncio.run(cancel(server.url))
        self.assertLess(gone[0], cancelled + SLACK)

    def test_the_loop_goes_on_and_calls_go_side_by_side(self) -> None:
        async def ask(url: str) -> int:
            system = aio.VestingSystem(url, deadline_seconds=DEADLINE)
            calls = asyncio.gather(*(system.adjust([0.5], [3]) for _ in range(10)))
            ticks = 0
            while not calls.done():
                await asyncio.sleep(0.01)
                ticks += 1
            return ticks

        with BadServer(hanging) as server, self.assertLogs("vesting", "WARNING"), Timed() as timed:
            self.assertGreater(asyncio.run(ask(server.url)), 10)
        self.assertLess(timed.took, DEADLINE + SLACK)


class Encrypted(unittest.TestCase):
    def test_the_handshake_has_the_same_deadline(self) -> None:
        def silent(connection: socket.socket) -> socket.socket:
            time.sleep(3)
            return connection

        for way in BOTH:
            with BadServer(hanging, silent) as server, self.assertLogs("vesting", "WARNING"), Timed() as timed:
                told = way.call(way.system(f"https://127.0.0.1:{server.port}", deadline_seconds=DEADLINE), "adjust", [0.5], [3])
            self.assertIs(type(told.error), DeadlineExceeded)
            self.assertLess(timed.took, DEADLINE + SLACK)

    @unittest.skipUnless(shutil.which("openssl"), "there is no openssl to make a certificate with")
    def test_only_who_has_a_trusted_certificate_is_asked(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            certificate, wrap = certified(folder)
            for way in BOTH:
                with BadServer(answering(http(answer())), wrap) as server:
                    url = f"https://localhost:{server.port}"
                    with self.assertLogs("vesting", "WARNING"):
                        told = way.call(way.system(url), "adjust", [0.5, 0.5], UIDS)
                    self.assertIs(type(told.error), Unreachable)
                    self.assertIn("certificate", told.reason)
                    self.assertEqual(server.requests, [])
                    with mock.patch.dict(os.environ, SSL_CERT_FILE=certificate):
                        system = way.system(url)
                    self.assertEqual(way.call(system, "apply_vesting_multipliers", [0.5, 0.5], UIDS), [0.6, 0.4])
