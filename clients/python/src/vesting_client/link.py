"""One question to the sidecar, over a socket or over asyncio's streams, until a moment and no longer."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from typing import Any, List, Optional, Tuple

from .errors import DeadlineExceeded, Unreachable
from .wire import Endpoint, Inbox, Response

#: How much is taken off a connection at once, in bytes.
_PIECE = 64 * 1024

#: A family and an address, as `socket.getaddrinfo` gives them.
_Address = Tuple[int, Any]


class Deadline:
    """The moment at which a call has to be done."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds left, more than none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self) -> DeadlineExceeded:
        """What to say when it has passed."""
        return exceeded(self._seconds)


def exceeded(seconds: float) -> DeadlineExceeded:
    """What to say of a call that was not done in so many seconds."""
    return DeadlineExceeded(f"there was no whole answer within {seconds:g} s")


def tls(endpoint: Endpoint) -> Optional[ssl.SSLContext]:
    """What checks the other side, where the address asks for it."""
    return ssl.create_default_context() if endpoint.tls else None


def ask(endpoint: Endpoint, context: Optional[ssl.SSLContext], request: bytes, largest: int, deadline: Deadline) -> Response:
    """Asks over a socket."""
    inbox = Inbox(largest)
    try:
        with _connect(endpoint, deadline) as plain:
            if context is None:
                return _exchange(plain, request, inbox, deadline)
            # A timeout of the handshake is one over all of it.
            plain.settimeout(deadline.left())
            with context.wrap_socket(plain, server_hostname=endpoint.host) as secure:
                return _exchange(secure, request, inbox, deadline)
    except socket.timeout:
        raise deadline.exceeded() from None
    except OSError as error:
        raise _unreachable(endpoint, error) from error


def _exchange(connection: socket.socket, request: bytes, inbox: Inbox, deadline: Deadline) -> Response:
    # A timeout is for one operation: before each it becomes what is left of the call.
    rest = memoryview(request)
    try:
        while rest:
            connection.settimeout(deadline.left())
            rest = rest[connection.send(rest) :]
    except (BrokenPipeError, ConnectionResetError):
        # Who does not read all of it may have answered all the same.
        pass
    while True:
        connection.settimeout(deadline.left())
        data = connection.recv(_PIECE)
        if not data:
            inbox.end()
        elif not inbox.feed(data):
            continue
        return inbox.response()


def _connect(endpoint: Endpoint, deadline: Deadline) -> socket.socket:
    addresses = _addresses(endpoint, deadline)
    failed: OSError = OSError("its name has no address")
    for place, (family, address) in enumerate(addresses):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            # An address that swallows what it gets leaves time for the others.
            connection.settimeout(deadline.left() / (len(addresses) - place))
            connection.connect(address)
        except OSError as error:
            connection.close()
            failed = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failed


def _addresses(endpoint: Endpoint, deadline: Deadline) -> List[_Address]:
    found: List[_Address] = []
    failed: List[OSError] = []

    def look_up() -> None:
        try:
            for family, _, _, _, address in socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM):
                found.append((family, address))
        except OSError as error:
            failed.append(error)
        except UnicodeError as error:
            failed.append(OSError(f"its name is none: {error}"))

    if endpoint.numeric:
        look_up()
    else:
        # The system's resolver knows no deadline: it is left behind.
        thread = threading.Thread(target=look_up, name="vesting-lookup", daemon=True)
        thread.start()
        thread.join(deadline.left())
        if thread.is_alive():
            raise deadline.exceeded()
    if failed:
        raise failed[0]
    return found


async def ask_async(endpoint: Endpoint, context: Optional[ssl.SSLContext], request: bytes, largest: int) -> Response:
    """Asks over asyncio's streams; the deadline is the caller's to set. Cancelled, it closes the connection."""
    inbox = Inbox(largest)
    try:
        name = endpoint.host if context is not None else None
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context, server_hostname=name)
        try:
            writer.write(request)
            while True:
                # What was sent without being read shows here; the answer may be there all the same.
                data = await reader.read(_PIECE)
                if not data:
                    inbox.end()
                elif not inbox.feed(data):
                    continue
                return inbox.response()
        finally:
            writer.transport.abort()
    except (OSError, UnicodeError) as error:
        raise _unreachable(endpoint, error) from error


def _unreachable(endpoint: Endpoint, error: Exception) -> Unreachable:
    return Unreachable(f"{endpoint.authority} cannot be asked: {error}")
