"""One small HTTP client on the standard library: a kept connection, time-outs, TLS as an owner sets it.

It serves Plex and Tautulli, which are never reached through a proxy. One `Http` belongs to one thread.
No text of an error holds a token, an API key, a query string or the user part of an address.
"""

from __future__ import annotations

import http.client
import io
import os
import select
import socket
import ssl
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from shared.errors import Refused, Unreachable, UsherError

BIGGEST = 32 * 1024 * 1024  # bytes; 10,000 users in one answer of Tautulli's are 8 MB
BIGGEST_FILE = 256 * 1024 * 1024  # bytes of what goes into a file
CHUNK = 256 * 1024
WAIT = 5.0
PATIENCE = 4  # a whole answer may take this many time-outs: a server that drips must not hold us for ever


class Answer(NamedTuple):
    """What came back. `body` is the undecoded content."""

    status: int
    body: bytes


class Http:
    """A connection to one server. `name` is what error texts call it: "Plex", "Tautulli".

    `verify` is "auto", "yes", "no" or the path of a CA file. "auto" leaves out the check of the certificate only for
    loopback hosts and, with `handed_over`, for an address that Tautulli itself gave to the script.
    Raises UsherError if `url` is no address.
    """

    def __init__(
        self, name: str, url: str, verify: str = "auto", handed_over: bool = False, wait: float = WAIT
    ) -> None:
        self.name = name
        self._verify, self._handed_over, self._wait = verify or "auto", handed_over, wait
        self._scheme, self._host, self._port, self._base = _parts(name, url)
        self._tls: ssl.SSLContext | None = None
        self._kept: http.client.HTTPConnection | None = None

    @property
    def where(self) -> str:
        """The address for people: scheme, host, port and path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        usual = {"http": 80, "https": 443}[self._scheme] == self._port
        return f"{self._scheme}://{host}{'' if usual else f':{self._port}'}{self._base}"

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        form: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        wait: float | None = None,
        again: bool | None = None,
        allow: tuple[int, ...] = (),
        into: BinaryIO | None = None,
    ) -> Answer:
        """Ask for `path` below the address. `wait`: seconds for connecting and for each piece of the answer.

        `again`: whether it does no harm if the server gets the request twice (by default only for GET); only then is it
        repeated when a kept connection turns out to be closed. `into`: a file that takes the body, which then may be
        larger. Raises Unreachable (time-out, refused, reset, DNS, TLS,
        half an answer, status 408, 429, 500 and above) and Refused (any other status from 300 on), unless the status
        is in `allow`.
        """
        target = self._base + path + ("?" + urlencode(query) if query else "")
        body = urlencode(form).encode() if form is not None else None
        sent = {"Connection": "keep-alive", **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        again = method == "GET" if again is None else again
        limit = self._wait if wait is None else wait
        answer, location = self._ask(method, target, body, sent, limit, again, into)
        if answer.status in (301, 302, 303, 307, 308) and self._to_https(location):
            answer, location = self._ask(method, target, body, sent, limit, again, into)
        if answer.status < 300 or answer.status in allow:
            return answer
        raise self.failure(answer.status, location)

    def failure(self, status: int, location: str = "") -> UsherError:
        """The error for an answer with this HTTP status."""
        if 300 <= status < 400:
            host = _shown(location)
            return Refused(f"{self.name} at {self.where} sends us on ({status}){host and ' to ' + host}", status)
        if status in (408, 429) or status >= 500:
            return Unreachable(f"{self.name} at {self.where} failed with status {status}")
        return Refused(f"{self.name} at {self.where} refused the request (status {status})", status)

    def unreachable(self, what: str) -> Unreachable:
        """The error for an answer that came but is of no use: `what` completes "Plex at http://… "."""
        return Unreachable(f"{self.name} at {self.where} {what}")

    def close(self) -> None:
        """Give the kept connection back."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _ask(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], wait: float, again: bool,
        into: BinaryIO | None,
    ) -> tuple[Answer, str]:  # fmt: skip
        if self._kept is not None and _stale(self._kept):
            self.close()
        while True:
            kept = self._kept is not None
            try:
                return self._exchange(method, target, body, headers, wait, into)
            except UsherError:
                self.close()
                raise
            except (http.client.HTTPException, OSError, ValueError) as error:
                self.close()
                if kept and again and isinstance(error, (ConnectionError, http.client.BadStatusLine)):
                    continue
                # "from None": the texts of some of these hold the header or the address that was sent
                raise self._failed(error, wait) from None

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], wait: float, into: BinaryIO | None
    ) -> tuple[Answer, str]:
        connection = self._kept or self._connect(wait)
        if connection.sock is not None:
            connection.sock.settimeout(wait)
        connection.request(method, target, body, headers)
        connection.response_class = partial(_Response, wait=wait)  # type: ignore[assignment]
        response = connection.getresponse()
        pieces: list[bytes] = []
        size, most = 0, BIGGEST
        if into is not None and response.status < 300:
            into.seek(0)
            into.truncate()
            most = BIGGEST_FILE
        while piece := response.read1(CHUNK):
            size += len(piece)
            if size > most:
                raise self.unreachable(f"sent more than {most >> 20} MB")
            if into is not None and response.status < 300:
                into.write(piece)
            else:
                pieces.append(piece)
        if response.length:
            raise self.unreachable("broke off in the middle of its answer")
        response.close()  # read1 leaves that to us; without it the connection takes no further request
        self._kept = connection
        if response.will_close:
            self.close()
        return Answer(response.status, b"".join(pieces)), response.getheader("Location") or ""

    def _connect(self, wait: float) -> http.client.HTTPConnection:
        if self._scheme == "http":
            return http.client.HTTPConnection(self._host, self._port, timeout=wait)
        if self._tls is None:
            self._tls = _context(self.name, self._checks(), self._verify)
        return http.client.HTTPSConnection(self._host, self._port, timeout=wait, context=self._tls)

    def _checks(self) -> bool:
        if self._verify == "auto":
            return not (self._handed_over or is_loopback(self._host))
        return self._verify != "no"

    def _to_https(self, location: str) -> bool:
        """Whether the redirect is from http to https of the same host; then that is where we talk to from now on."""
        try:
            to = urlsplit(location)
            port = to.port or 443
        except ValueError:
            return False
        if self._scheme != "http" or to.scheme != "https" or (to.hostname or "").lower() != self._host.lower():
            return False
        self.close()
        self._scheme, self._port = "https", port
        return True

    def _failed(self, error: Exception, wait: float) -> UsherError:
        if isinstance(error, TimeoutError):
            return self.unreachable(f"did not answer within {wait:g} s")
        if isinstance(error, ssl.SSLCertVerificationError):
            return self.unreachable(f"has a certificate that is not trusted ({error.verify_message}); see verify_tls")
        if isinstance(error, ssl.SSLError):
            return self.unreachable("cannot be talked to by TLS; is it http instead of https, or another port?")
        if isinstance(error, socket.gaierror):
            return self.unreachable("cannot be found: the host name is not known")
        if isinstance(error, ConnectionRefusedError):
            return self.unreachable("is not there: the connection was refused")
        if isinstance(error, (ConnectionError, http.client.RemoteDisconnected, http.client.IncompleteRead)):
            return self.unreachable("closed the connection without a whole answer")
        if isinstance(error, http.client.HTTPException):
            return self.unreachable("does not speak HTTP; is it https instead of http, or another port?")
        if isinstance(error, OSError):
            return self.unreachable(f"cannot be reached ({error.strerror or type(error).__name__})")
        return UsherError(f"{self.name} at {self.where}: its address or its key holds a character that cannot be sent")


class _Response(http.client.HTTPResponse):
    """An answer that has to be whole, from the first byte of its head on, within PATIENCE times the wait."""

    def __init__(self, sock: socket.socket, *arguments: Any, wait: float, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        self.fp = io.BufferedReader(Pieces(self.fp.detach(), sock, wait))


class Pieces(io.RawIOBase):
    """What comes out of a socket, waited for no longer than the whole of it may take, and no more than `most` bytes."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, wait: float, most: int | None = None) -> None:
        self._raw, self._sock, self._wait, self._most = raw, sock, wait, most
        self._until = time.monotonic() + wait * PATIENCE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(min(self._wait, left))
        count = self._raw.readinto(buffer)
        if self._most is not None:
            self._most -= count or 0
            if self._most < 0:
                raise OSError("more than it may be")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by name or number, without asking DNS."""
    host = host.lower().rstrip(".")
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


def checked_tls(name: str) -> ssl.SSLContext:
    """What TLS with a server on the internet needs: its certificate is checked. `name` is for error texts."""
    return _context(name, True, "auto")


def _parts(name: str, url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # a port that is no number, or a host that cannot be one
        host, port = "", None
    if not host or parts.scheme not in ("http", "https") or any(c <= " " for c in host):
        like = f"http://192.168.1.10:{_PORTS.get(name, 80)}"
        raise UsherError(f"the url of {name} is not an address; it looks like {like}")
    base = quote(parts.path.rstrip("/"), safe="/%")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80), base


_PORTS = {"Plex": 32400, "Tautulli": 8181}


def _shown(location: str) -> str:
    try:
        parts = urlsplit(location)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}" if parts.hostname else ""
    except ValueError:
        return ""


def _stale(connection: http.client.HTTPConnection) -> bool:
    """Whether the server closed the kept connection (or sent what nobody asked for) while nobody looked."""
    sock = connection.sock
    try:
        return sock is None or bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _context(name: str, checks: bool, verify: str) -> ssl.SSLContext:
    if not checks:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    own = verify if verify not in ("auto", "yes") else ""
    # OpenSSL itself honours SSL_CERT_FILE and SSL_CERT_DIR; this one is what requests reads
    bundle = own or os.environ.get("REQUESTS_CA_BUNDLE", "")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if not own:
            context.load_default_certs()
        if bundle:
            context.load_verify_locations(**{"capath" if os.path.isdir(bundle) else "cafile": bundle})
    except OSError:  # not there, not readable, or no certificate in it (an SSLError is one)
        what = "verify_tls" if own else "REQUESTS_CA_BUNDLE"
        raise UsherError(f"the CA file for {name} cannot be read: {what} = {bundle}") from None
    if not bundle and not context.cert_store_stats()["x509_ca"]:
        _certifi(context)
    return context


def _certifi(context: ssl.SSLContext) -> None:
    """Python for macOS comes without certificates; the package that requests brings along has them."""
    import importlib

    try:
        context.load_verify_locations(importlib.import_module("certifi").where())
    except (ImportError, OSError):
        return  # whatever certificate comes is then refused, and the error says so
