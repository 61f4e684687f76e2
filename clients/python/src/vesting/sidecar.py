"""A sidecar that this program starts and owns: it runs as long as its owner, and is restarted when it crashes."""

from __future__ import annotations

import json
import logging
import os
import secrets
import subprocess
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Deque, Dict, Optional

from .errors import SidecarFailed, Unreachable
from .wire import Endpoint

log = logging.getLogger("vesting.sidecar")

#: The pauses before a crashed sidecar is started again, in seconds. The last one is repeated.
_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)

#: A sidecar that ran for so many seconds has not crashed at its start.
_STEADY = 60.0

#: How long a sidecar may take to end by itself, in seconds. It ends at the next block at the latest.
_GRACE = 10.0

#: How long it may take from its first answer until it follows or says what it waits for, in seconds.
_SETTLING = 5.0

#: How many of its last lines are kept, to say why it ended.
_KEPT = 20

#: Variables that are for this package. The sidecar would refuse them.
_OURS = ("VESTING_URL", "VESTING_BIN")

_LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 10, "WARN": 30, "ERROR": 40}


@dataclass(frozen=True)
class Plan:
    """How to start a sidecar."""

    program: str
    settings: Dict[str, str]
    """By the names that they have in the sidecar's configuration."""
    folder: Path
    """Its working directory, where it finds no configuration of anybody else."""


class Sidecar:
    """A sidecar on a free port of this machine, with a token that nobody else knows."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._process: Optional[subprocess.Popen[str]] = None
        self._owner = os.getpid()
        self._ended = threading.Event()
        #: It follows, or has said what it waits for: what would keep it from running has been tried.
        self._settled = threading.Event()
        self._watcher: Optional[threading.Thread] = None
        self._failure: Optional[str] = None
        self.token = secrets.token_urlsafe(24)
        #: Where its API is, as long as it serves. A restarted sidecar may have another port.
        self._endpoint: Optional[Endpoint] = None
        self.restarts = 0
        self.last_exit: Optional[str] = None
        """Why it ended, the last time it did without being told to."""
        _all.add(self)

    @property
    def endpoint(self) -> Endpoint:
        """Where its API is. Raises `Unreachable` if it has not served yet."""
        endpoint, why = self._endpoint, self.last_exit
        if endpoint is None:
            raise Unreachable(f"the sidecar does not run: {why}" if why else "the sidecar has not been started: call `initialize`")
        return endpoint

    def start(self, patience: float) -> None:
        """Starts it, unless it runs, and waits until it serves. Raises `SidecarFailed` if it does not."""
        with self._lock:
            if self._ended.is_set() or os.getpid() != self._owner:
                raise SidecarFailed("the vesting system was shut down, or belongs to the process that this one was forked from")
            if self._watcher is None:
                self._failure = None
                self._watcher = threading.Thread(target=self._watch, name="vesting-sidecar", daemon=True)
                self._watcher.start()
        end = time.monotonic() + patience
        settled = end
        while not self._settled.wait(0.02):
            now = time.monotonic()
            with self._lock:
                failure = self._failure
            if failure is not None:
                raise SidecarFailed(f"the sidecar does not run: {failure}")
            if self._endpoint is None:
                settled = now + _SETTLING
                if now > end:
                    raise SidecarFailed(f"the sidecar does not serve after {patience:g} s")
            elif now > settled:
                return

    def stop(self) -> None:
        """Ends it. The record is whole, and the next sidecar goes on from there."""
        if os.getpid() != self._owner:
            return
        self._ended.set()
        with self._lock:
            process, watcher = self._process, self._watcher
        if process is not None:
            _end(process)
        if watcher is not None and watcher is not threading.current_thread():
            watcher.join(1.0)

    def state(self) -> Dict[str, Any]:
        """Whether it runs, and how often it was restarted."""
        # Not under the lock, which a fork may have copied in the middle of something.
        process = self._process
        pid = process.pid if process is not None and self._lives(process) else None
        return {"running": pid is not None, "pid": pid, "restarts": self.restarts, "last_exit": self.last_exit}

    def _lives(self, process: subprocess.Popen[str]) -> bool:
        if os.getpid() == self._owner:
            return process.poll() is None
        # Only a parent can wait for its child; a fork of it can see whether it is there.
        try:
            os.kill(process.pid, 0)
        except OSError:
            return False
        return True

    def let_go(self) -> None:
        """After a fork, in the new process: the sidecar is the parent's, and this copy of its input must not keep it alive."""
        process = self._process
        if process is not None:
            _close(process.stdin)

    def _watch(self) -> None:
        """Starts it, and starts it again whenever it crashes, until it is told to end."""
        crashes = 0
        while not self._ended.is_set():
            begun = time.monotonic()
            served = False
            try:
                words = self._run()
                served = self._settled.is_set()
            except OSError as error:
                words = f"`{self._plan.program}` cannot be started: {error}"
            self._settled.clear()
            # Another program may take its port, and must not be told the token.
            self._endpoint = None
            if self._ended.is_set():
                return
            crashes = 1 if time.monotonic() - begun > _STEADY else crashes + 1
            pause = _PAUSES[min(crashes, len(_PAUSES)) - 1]
            with self._lock:
                self.last_exit = words
                # Whoever waits for its start is told at once.
                if not served:
                    self._failure = words
            log.error("the sidecar ended: %s; starting it again in %g s", words, pause)
            if self._ended.wait(pause):
                return
            with self._lock:
                self.restarts += 1
                self._failure = None

    def _run(self) -> str:
        """Runs it once, and returns why it ended."""
        # Anybody on the machine may read arguments, but nobody else reads variables: a URL may hold a password.
        environment = {name: value for name, value in os.environ.items() if name not in _OURS}
        settings = {**self._plan.settings, "api_token": self.token, "bind": "127.0.0.1:0", "log_format": "json"}
        environment.update({f"VESTING_{name.upper()}": value for name, value in settings.items()})
        command = [self._plan.program, "run", "--until-input-ends"]
        self._plan.folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            if self._ended.is_set():
                return "it was told to end"
            self._process = process = subprocess.Popen(
                command,
                env=environment,
                cwd=str(self._plan.folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                # Ctrl-C in a terminal is for the owner, which then ends the sidecar in order.
                start_new_session=True,
            )
        said: Deque[str] = deque(maxlen=_KEPT)
        assert process.stderr is not None
        try:
            self._hear(process.stderr, said)
        finally:
            status = process.wait()
            process.stderr.close()
            _close(process.stdin)
        # What ends it is printed as an error, and hints may follow. Otherwise the last line is the best there is.
        fatal = [line.partition("error: ")[2] for line in said if line.startswith("error: ")]
        return (fatal or [line for line in said if line][-1:] or [f"it ended with status {status}"])[0]

    def _hear(self, lines: IO[str], said: Deque[str]) -> None:
        for line in lines:
            level, message = _parsed(line)
            if message.startswith("the API listens on "):
                self._endpoint = Endpoint.of(message.rpartition(" ")[2])
            elif message.startswith("following;") or level == logging.WARNING:
                self._settled.set()
            if level >= logging.WARNING:
                said.append(message)
            log.log(level, "%s", message)


#: Every sidecar of this process, for a fork.
_all: "weakref.WeakSet[Sidecar]" = weakref.WeakSet()


def _after_fork() -> None:
    for sidecar in list(_all):
        sidecar.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _parsed(line: str) -> "tuple[int, str]":
    """The level and the message of a line of the sidecar's log, or of an error that it printed."""
    line = line.strip()
    try:
        told = json.loads(line)
        return _LEVELS.get(told.get("level"), logging.ERROR), str(told.get("message") or told.get("error") or line)
    except (ValueError, AttributeError, RecursionError):
        return logging.ERROR if line else 5, line


def _close(pipe: Optional[IO[str]]) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:
        pass


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a process: first by the end of its input, then by a signal."""
    _close(process.stdin)
    for last in (process.terminate, process.kill):
        try:
            process.wait(_GRACE)
            return
        except subprocess.TimeoutExpired:
            last()
    process.wait()
