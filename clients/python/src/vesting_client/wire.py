"""HTTP/1.1 as far as one question and one answer need it, without any input or output."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Dict, Optional
from urllib.parse import urlsplit

from .errors import BadAnswer, Unreachable

#: The largest head of an answer, in bytes.
_LARGEST_HEAD = 64 * 1024

#: The longest line that tells a chunk's size, in bytes.
_LARGEST_LINE = 1024


@dataclass(frozen=True)
class Endpoint:
    """Where the sidecar's API is."""

    tls: bool
    host: str
    port: int
    #: What stands before every path.
    prefix: str
    #: As the header `Host` tells it.
    authority: str

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """Reads an address; one that is none is a `ValueError`."""
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
        """Whether the host is an address, so that nobody has to be asked for it."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    def request(self, method: str, target: str, token: Optional[str], body: Optional[bytes]) -> bytes:
        """The bytes of a request."""
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
    """An answer."""

    status: int
    headers: Dict[str, str]
    body: bytes


class Inbox:
    """Takes in the bytes of an answer, in whatever pieces they come."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._raw = bytearray()
        self._body = bytearray()
        self._status: Optional[int] = None
        self._headers: Dict[str, str] = {}
        #: Bytes of the body still to come, where that is known.
        self._left: Optional[int] = None
        self._chunked = False
        self._whole = False

    def feed(self, data: bytes) -> bool:
        """Takes in a piece; says whether the answer is whole."""
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
        """Nothing more comes."""
        if self._status is None and not self._raw:
            raise Unreachable("the connection was closed without an answer")
        if self._status is None or self._chunked or self._left is not None:
            raise BadAnswer("the answer broke off")
        self._whole = True

    def response(self) -> Response:
        """The answer, once it is whole."""
        if self._status is None or not self._whole:
            raise BadAnswer("the answer broke off")
        return Response(self._status, self._headers, bytes(self._body))

    def _take_head(self) -> bool:
        end = self._raw.find(b"\r\n\r\n")
        if end > _LARGEST_HEAD or (end < 0 and len(self._raw) > _LARGEST_HEAD):
            raise BadAnswer("the answer's head does not end")
        if end < 0:
            # Something that never ends its lines need not be waited for.
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
        """Moves so much into the body, as far as it is there."""
        length = min(length, len(self._raw))
        self._room(length)
        self._body += self._raw[:length]
        del self._raw[:length]
        if self._left is not None:
            self._left -= length

    def _take_chunk(self) -> bool:
        """Takes a part of a chunk; says whether there may be more to take."""
        if self._left is None:
            end = self._raw.find(b"\r\n")
            if end < 0 and len(self._raw) <= _LARGEST_LINE:
                return False
            size = bytes(self._raw[:end]).partition(b";")[0].strip() if 0 <= end <= _LARGEST_LINE else b""
            if not 0 < len(size) < 16 or not all(digit in b"0123456789abcdefABCDEF" for digit in size):
                raise BadAnswer("the answer's chunks are malformed")
            del self._raw[: end + 2]
            self._left = int(size, 16)
            # What may stand after the last one is of no use.
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
