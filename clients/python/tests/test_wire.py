"""HTTP, byte by byte."""

import unittest

from vesting import BadAnswer, Unreachable
from vesting.wire import Endpoint, Inbox, Response

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a\r\n\r\nhello"
CHUNKS = b"HTTP/1.1 503 \r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
TO_THE_END = b"HTTP/1.0 200 OK\r\n\r\nhello"


def read(pieces: "list[bytes]", largest: int = 1000) -> Response:
    inbox = Inbox(largest)
    for piece in pieces:
        if inbox.feed(piece):
            return inbox.response()
    inbox.end()
    return inbox.response()


class Answers(unittest.TestCase):
    def test_they_are_the_same_in_whatever_pieces_they_come(self) -> None:
        for raw, status in ((LENGTH, 200), (CHUNKS, 503), (TO_THE_END, 200)):
            for at in range(len(raw) + 1):
                response = read([raw[:at], raw[at:]])
                self.assertEqual((response.status, response.body), (status, b"hello"))
            self.assertEqual(read([raw[at : at + 1] for at in range(len(raw))]).body, b"hello")
        self.assertEqual(read([LENGTH]).headers, {"content-length": "5", "x": "a"})

    def test_what_breaks_off_is_none(self) -> None:
        for raw in (LENGTH, CHUNKS):
            # A response may end right after the size of its last chunk.
            for end in range(1, raw.rindex(b"0\r\n") if raw is CHUNKS else len(raw)):
                with self.assertRaises(BadAnswer):
                    read([raw[:end]])
        with self.assertRaises(Unreachable):
            read([])

    def test_what_is_malformed_or_too_large_is_none(self) -> None:
        ok = b"HTTP/1.1 200 OK\r\n"
        bad = [
            b"SSH-2.0-OpenSSH_9.2",
            b"HTTP/2 200\r\n\r\n",
            b"HTTP/1.1 two\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            ok + b"no colon\r\n\r\n",
            ok + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            ok + b"Content-Length: -1\r\n\r\n",
            ok + b"Content-Length: 1001\r\n\r\n",
            ok + b"Transfer-Encoding: gzip\r\n\r\n",
            ok + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
            ok + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
            ok + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            ok + b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n",
            ok + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
            ok + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1001,
            ok + b"X: " + b"y" * 70_000,
            ok + b"\r\n" + b"x" * 1001,
        ]
        for raw in bad:
            with self.assertRaises(BadAnswer, msg=raw[:80]):
                read([raw])


class Addresses(unittest.TestCase):
    def test_those_that_are_none_are_refused(self) -> None:
        bad = ["", "localhost:9180", "ftp://x", "http://", "http://x:y", "http://x:70000", "http://a b", "http://x/\r\nX: y", "http://u@x", "http://x?y", "http://ü"]
        for url in bad:
            with self.assertRaises(ValueError, msg=url):
                Endpoint.of(url)

    def test_the_request_is_as_http_wants_it(self) -> None:
        endpoint = Endpoint.of("https://[::1]:8443/vesting/")
        self.assertEqual((endpoint.tls, endpoint.host, endpoint.port, endpoint.numeric), (True, "::1", 8443, True))
        sent = endpoint.request("POST", "/v1/x", "sesame", b"{}")
        head, _, body = sent.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        self.assertEqual((lines[0], body), (b"POST /vesting/v1/x HTTP/1.1", b"{}"))
        for line in (b"Host: [::1]:8443", b"Authorization: Bearer sesame", b"Content-Length: 2", b"Connection: close"):
            self.assertIn(line, lines)
        self.assertFalse(Endpoint.of("http://localhost").numeric)
