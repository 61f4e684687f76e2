"""The part of HTTP/1.1 that one request and one response need, without any input or output."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Dict, Optional
from urllib.parse import urlsplit

from .errors import BadAnswer, Unreachable

#: The largest head of a response, in bytes.
_LARGEST_HEAD = 64 * 1024

#: The longest line with a chunk's size, in bytes.
_LARGEST_LINE = 1024


@dataclass(frozen=True)
class Endpoint:
    """Where the sidecar's API is."""

    tls: bool
    host: str
    port: int
    #: The path of the base URL, put before every request's path.
    prefix: str
    #: The value of the header `Host`.
    authority: str

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """Reads a URL. Raises `ValueError` if it is not an API's address."""
        wrong = ValueError(f"`{url}` is not the address of an API: write it as http://host:9180 or https://host")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise wrong from None
        if parts.scheme not in ("http", "https") or not host or parts.username is not None:
            raise wrong
        if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
            raise wrong
        tls = parts.scheme == "https"
        return cls(tls, host, port or (443 if tls else 80), parts.path.rstrip("/"), parts.netloc)

    @property
    def numeric(self) -> bool:
        """Whether the host is an IP address, so that no name lookup is needed."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    def request(self, method: str, target: str, token: Optional[str], body: Optional[bytes]) -> bytes:
        """A request as bytes."""
        lines = [
            f"{method} {self.prefix}{target} HTTP/1.1",
            f"Host: {self.authority}",
            "Accept: application/json",
            "User-Agent: vesting-client",
            "Connection: close",
        ]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + (body or b"")


@dataclass(frozen=True)
class Response:
    """A response."""

    status: int
    headers: Dict[str, str]
    body: bytes


class Inbox:
    """Puts a response together from the pieces in which its bytes arrive."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._raw = bytearray()
        self._body = bytearray()
        self._status: Optional[int] = None
        self._headers: Dict[str, str] = {}
        #: The bytes still to come of the body, or of the current chunk; `None` if that is not known.
        self._left: Optional[int] = None
        self._chunked = False
        self._whole = False

    def feed(self, data: bytes) -> bool:
        """Takes one more piece. Returns whether the response is complete."""
        self._raw += data
        if self._status is None and not self._take_head():
            return False
        if self._chunked:
            while not self._whole and self._take_chunk():
                pass
        else:
            self._take(len(self._raw) if self._left is None else self._left)
            self._whole = self._left == 0
        return self._whole

    def end(self) -> None:
        """The connection was closed. Raises an error if the response is not complete."""
        if self._status is None and not self._raw:
            raise Unreachable("the connection was closed without an answer")
        if self._status is None or self._chunked or self._left is not None:
            raise BadAnswer("the answer broke off")
        self._whole = True

    def response(self) -> Response:
        """The response. Raises `BadAnswer` if it is not complete."""
        if self._status is None or not self._whole:
            raise BadAnswer("the answer broke off")
        return Response(self._status, self._headers, bytes(self._body))

    def _take_head(self) -> bool:
        end = self._raw.find(b"\r\n\r\n")
        if end > _LARGEST_HEAD or (end < 0 and len(self._raw) > _LARGEST_HEAD):
            raise BadAnswer("the answer's head does not end")
        if end < 0:
            # If it is not HTTP, there is no need to wait for the end of its head.
            if not self._raw.startswith(b"HTTP/1."[: len(self._raw)]):
                raise BadAnswer("the answer is not HTTP: something else listens there")
            return False
        first, *lines = bytes(self._raw[:end]).decode("latin-1").split("\r\n")
        del self._raw[: end + 4]
        version, _, rest = first.partition(" ")
        digits = rest[:3]
        if version not in ("HTTP/1.0", "HTTP/1.1") or not (digits.isascii() and digits.isdigit() and 200 <= int(digits) <= 599):
            raise BadAnswer("the answer is not HTTP: something else listens there")
        for line in lines:
            name, colon, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            if not colon or self._headers.setdefault(name, value) != value and name in ("content-length", "transfer-encoding"):
                raise BadAnswer("the answer's head is malformed")
        self._status = int(digits)
        encoding = self._headers.get("transfer-encoding")
        length = self._headers.get("content-length")
        if encoding is not None:
            if encoding.lower() != "chunked":
                raise BadAnswer(f"the answer is encoded as {encoding[:40]!r}")
            self._chunked = True
        elif length is not None:
            if not (length.isascii() and length.isdigit() and len(length) < 20):
                raise BadAnswer("the answer's length is no number")
            self._left = int(length)
            self._room(self._left)
        return True

    def _take(self, length: int) -> None:
        """Moves up to `length` of the bytes received into the body."""
        length = min(length, len(self._raw))
        self._room(length)
        self._body += self._raw[:length]
        del self._raw[:length]
        if self._left is not None:
            self._left -= length

    def _take_chunk(self) -> bool:
        """Takes a part of a chunk. Returns whether there may be more to take."""
        if self._left is None:
            end = self._raw.find(b"\r\n")
            if end < 0 and len(self._raw) <= _LARGEST_LINE:
                return False
            size = bytes(self._raw[:end]).partition(b";")[0].strip() if 0 <= end <= _LARGEST_LINE else b""
            if not 0 < len(size) < 16 or not all(digit in b"0123456789abcdefABCDEF" for digit in size):
                raise BadAnswer("the answer's chunks are malformed")
            del self._raw[: end + 2]
            self._left = int(size, 16)
            # The trailers that may follow the last chunk are ignored.
            self._whole = self._left == 0
            self._room(self._left)
            return not self._whole
        if self._left > 0:
            self._take(self._left)
            return self._left == 0
        if len(self._raw) < 2:
            return False
        if self._raw[:2] != b"\r\n":
            raise BadAnswer("the answer's chunks are malformed")
        del self._raw[:2]
        self._left = None
        return True

    def _room(self, more: int) -> None:
        if len(self._body) + more > self._largest:
            raise BadAnswer(f"the answer is too large: more than {self._largest} bytes")
