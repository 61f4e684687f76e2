"""Shared by the tests: a sidecar on a simulated chain, a misbehaving server, and both kinds of client."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Tuple, Type, Union

from vesting import blocking
from vesting import aio

#: The repository, if the tests lie in it.
ROOT = next((folder for folder in Path(__file__).resolve().parents if (folder / "Cargo.lock").exists()), Path("/nowhere"))

#: The subnet of `vesting demo`.
NETUID = 1

#: The blocks of a simulated chain lie in the past, so its record counts as out of date.
NEVER_STALE = ["--stale-after-seconds", "315360000"]

Either = Union[blocking.VestingSystem, aio.VestingSystem]


class Waiting:
    """Asks with the blocking client."""

    @staticmethod
    def system(url: str, **settings: Any) -> Either:
        return blocking.VestingSystem(url, **settings)

    @staticmethod
    def call(system: Either, name: str, *arguments: Any, **named: Any) -> Any:
        return getattr(system, name)(*arguments, **named)


class Awaiting:
    """Asks with the asyncio client."""

    @staticmethod
    def system(url: str, **settings: Any) -> Either:
        return aio.VestingSystem(url, **settings)

    @staticmethod
    def call(system: Either, name: str, *arguments: Any, **named: Any) -> Any:
        async def ask() -> Any:
            return await getattr(system, name)(*arguments, **named)

        return asyncio.run(ask())


BOTH = (Waiting, Awaiting)


def binary() -> str:
    """The program under test: `VESTING_BIN`, the newest build, or the one on the PATH."""
    named = os.environ.get("VESTING_BIN")
    if named:
        return str(Path(named).resolve(strict=True))
    built = [ROOT / "target" / profile / "vesting" for profile in ("debug", "release")]
    built = [path for path in built if path.exists()]
    if not built:
        installed = shutil.which("vesting")
        if installed:
            return installed
        raise unittest.SkipTest("there is no `vesting` to test against: build it, or name it as VESTING_BIN")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def environment(**more: str) -> Dict[str, str]:
    """The environment of this process without any setting of the program under test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VESTING_", "BT_"))}
    return {**kept, "VESTING_BIND": "127.0.0.1:0", "RUST_LOG": "info", **more}


class Node:
    """A simulated chain behind a JSON-RPC node."""

    def __init__(self, *arguments: str) -> None:
        command = [binary(), "simnode", "--json", "--scenario", "demo", "--listen", "127.0.0.1:0", *arguments]
        self._process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = str(json.loads(self._process.stdout.readline())["url"])

    def stop(self) -> None:
        _stop(self._process)


class Record:
    """A folder with a record of such a chain."""

    def __init__(self, days: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.database = f"sqlite://{self._folder.name}/vesting.db"
        node = Node("--days", str(days))
        try:
            arguments = ["catch-up", "--network", node.url, "--netuid", str(NETUID), "--from", "1", "--database-url", self.database]
            subprocess.run([binary(), *arguments], env=environment(), check=True, capture_output=True)
        finally:
            node.stop()

    def printed(self, *arguments: str, given: Optional[str] = None) -> List[Any]:
        """What a command prints about the record."""
        command = [binary(), *arguments, "--json", "--database-url", self.database]
        done = subprocess.run(command, env=environment(), input=given, check=True, capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def remove(self) -> None:
        self._folder.cleanup()


class Sidecar:
    """`vesting run`."""

    def __init__(self, *arguments: str, **more: str) -> None:
        command = [binary(), "run", *arguments]
        self._process = subprocess.Popen(command, env=environment(**more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        errors = self._process.stderr
        assert errors is not None
        said = []
        for line in errors:
            said.append(line)
            if "listens on http://" in line:
                break
        else:
            _stop(self._process)
            raise AssertionError(f"it does not listen: {said}")
        # The address stands alone, or in a line of JSON.
        self.url = said[-1].split("listens on ")[1].split('"')[0].strip()
        # A pipe that nobody reads would fill up and block the sidecar.
        self._reader = threading.Thread(target=lambda: [None for _ in errors], daemon=True)
        self._reader.start()

    def get(self, path: str) -> Any:
        """The API's answer at a path, fetched without the client."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def stop(self) -> None:
        _stop(self._process, self._reader)

    def __enter__(self) -> Sidecar:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], at: Optional[TracebackType]) -> None:
        self.stop()


def _stop(process: subprocess.Popen[str], reader: Optional[threading.Thread] = None) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if reader is not None:
        reader.join(10)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


class BadServer:
    """Accepts connections, reads their requests, and handles each as the test wants."""

    def __init__(self, behave: Callable[[socket.socket], None], wrap: Optional[Callable[[socket.socket], socket.socket]] = None, port: int = 0) -> None:
        self._behave = behave
        self._wrap = wrap
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        #: The requests so far.
        self.requests: List[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        # Most of these connections end when the client closes them.
        try:
            with (self._wrap(connection) if self._wrap else connection) as wrapped:
                self.requests.append(_request(wrapped))
                self._behave(wrapped)
        except OSError:
            pass

    def __enter__(self) -> BadServer:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], at: Optional[TracebackType]) -> None:
        self._listener.close()


def certified(folder: str) -> Tuple[str, Callable[[socket.socket], socket.socket]]:
    """A new certificate for `localhost`, as a file in a folder, and what makes a connection one with it."""
    key, certificate = str(Path(folder, "key.pem")), str(Path(folder, "certificate.pem"))
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    make += ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, lambda connection: context.wrap_socket(connection, server_side=True)


def _request(connection: socket.socket) -> bytes:
    raw = b""
    while True:
        head, end, body = raw.partition(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        if end and len(body) >= (int(lengths[0].split(b":")[1]) if lengths else 0):
            return raw
        data = connection.recv(65536)
        if not data:
            return raw
        raw += data


def answering(raw: bytes) -> Callable[[socket.socket], None]:
    """Answers with these bytes."""
    return lambda connection: connection.sendall(raw)


def http(body: Union[bytes, str, Any], status: str = "200 OK", *headers: str) -> bytes:
    """A well-formed answer."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def hanging(connection: socket.socket) -> None:
    """Sends no answer until the client closes the connection."""
    while connection.recv(4096):
        pass


class Timed:
    """How long something took, in seconds."""

    def __enter__(self) -> Timed:
        self._begun = time.monotonic()
        self.took = 0.0
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], at: Optional[TracebackType]) -> None:
        self.took = time.monotonic() - self._begun
