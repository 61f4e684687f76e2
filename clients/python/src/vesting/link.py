"""One request to the sidecar and its response, over a socket or asyncio's streams, under a deadline."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from typing import Any, List, Optional, Tuple

from .errors import DeadlineExceeded, Unreachable
from .wire import Endpoint, Inbox, Response

#: The most bytes read from a connection at once.
_PIECE = 64 * 1024

#: A family and an address, as `socket.getaddrinfo` gives them.
_Address = Tuple[int, Any]


class Deadline:
    """The moment by which a call must be done."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds left, always above 0. Raises `DeadlineExceeded` if none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self) -> DeadlineExceeded:
        """The error to raise once it has passed."""
        return exceeded(self._seconds)


def exceeded(seconds: float) -> DeadlineExceeded:
    """The error of a call that took longer than `seconds`."""
    return DeadlineExceeded(f"there was no whole answer within {seconds:g} s")


def tls(endpoint: Endpoint) -> Optional[ssl.SSLContext]:
    """The TLS context that verifies the server, or `None` for plain HTTP."""
    return ssl.create_default_context() if endpoint.tls else None


def ask(endpoint: Endpoint, context: Optional[ssl.SSLContext], request: bytes, largest: int, deadline: Deadline) -> Response:
    """Sends a request over a socket and returns the response."""
    inbox = Inbox(largest)
    try:
        with _connect(endpoint, deadline) as plain:
            if context is None:
                return _exchange(plain, request, inbox, deadline)
            # This timeout holds for the whole handshake.
            plain.settimeout(deadline.left())
            with context.wrap_socket(plain, server_hostname=endpoint.host) as secure:
                return _exchange(secure, request, inbox, deadline)
    except socket.timeout:
        raise deadline.exceeded() from None
    except OSError as error:
        raise _unreachable(endpoint, error) from error


def _exchange(connection: socket.socket, request: bytes, inbox: Inbox, deadline: Deadline) -> Response:
    # A socket's timeout holds for one operation, so it is set anew before each.
    rest = memoryview(request)
    try:
        while rest:
            connection.settimeout(deadline.left())
            rest = rest[connection.send(rest) :]
    except (BrokenPipeError, ConnectionResetError):
        # A server may answer without reading the whole request.
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
            # An address that never answers must leave time for the others.
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
        # The system's resolver has no deadline, so it runs in a thread that can be abandoned.
        thread = threading.Thread(target=look_up, name="vesting-lookup", daemon=True)
        thread.start()
        thread.join(deadline.left())
        if thread.is_alive():
            raise deadline.exceeded()
    if failed:
        raise failed[0]
    return found


async def ask_async(endpoint: Endpoint, context: Optional[ssl.SSLContext], request: bytes, largest: int) -> Response:
    """Sends a request over asyncio's streams and returns the response.

    The caller sets the deadline. Cancelling it closes the connection.
    """
    inbox = Inbox(largest)
    try:
        name = endpoint.host if context is not None else None
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context, server_hostname=name)
        try:
            writer.write(request)
            while True:
                # A failed write shows up here as an error; the server may have answered before it.
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
