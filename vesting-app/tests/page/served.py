"""The binary, serving the page over the simulated subnet."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

BINARY = os.environ["VESTING_BIN"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Served:
    """A process that serves the page, until it is killed."""

    def __init__(self, *arguments: str, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database: str | None = None
        self._folder = tempfile.TemporaryDirectory()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VESTING_", "BT_"))}
        self._process = subprocess.Popen(
            [BINARY, *arguments, "--bind", f"127.0.0.1:{self.port}"],
            cwd=self._folder.name,
            env={**inherited, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        # Whoever does not read what it says would stop it.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"--database-url (\S+)", line):
                self.database = found[1]

    def _wait(self) -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"it ended with {self._process.returncode}")
            try:
                with urllib.request.urlopen(f"{self.url}/health/live", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError("it does not answer")

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._folder.cleanup()


def demo(port: int | None = None, **environment: str) -> Served:
    """The demo: a new epoch every four seconds or so."""
    return Served("demo", "--days", "6", port=port, **environment)
