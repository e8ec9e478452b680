"""One `requests` session for a service on the internet: plex.tv, Discord. Unlike Plex and Tautulli these may lie behind
a proxy (HTTPS_PROXY, NO_PROXY) and a company's certificates (REQUESTS_CA_BUNDLE), which requests knows how to use.

Every answer is judged here: whoever gets one back may use it. No text of an error holds an address or a token.
"""

from __future__ import annotations

import time
import zlib
from importlib import import_module
from typing import Any

from shared import packages, untrusted
from shared.errors import Refused, Unreachable, UsherError

CONNECT_WAIT, WAIT = 5.0, 10.0  # seconds for the connection, and for each piece of an answer
WHOLE = 40.0  # seconds for a whole answer
BIGGEST = 32 * 1024 * 1024  # bytes, unpacked
PACKED = {"": 0, "identity": 0, "gzip": 31}  # how an answer may be packed, for zlib; nothing else is asked for
PIECE = 16 * 1024
LONGEST_RETRY = 3600.0  # seconds; who asks for more is asked again after this


class Cloud:
    """A session with the service called `name` in error texts. `token_key` is the key of config.ini with its secret.

    `session` may be handed to plexapi: its answers are judged too. Raises UsherError where packages are missing.
    """

    def __init__(self, name: str, token_key: str) -> None:
        lacking = packages.provide()
        if lacking:
            raise UsherError(packages.advice(lacking))
        self.name, self._token_key = name, token_key
        self._failures: Any = import_module("requests.exceptions")
        self.session: Any = import_module("requests").Session()
        self.session.headers["Accept-Encoding"] = "gzip"
        self.session.hooks["response"].append(self._judge)
        self.clock = 0.0  # seconds by which this machine's clock is ahead of the service's, by its last answer

    def ask(self, method: str, url: str, **more: Any) -> Any:
        """The answer of requests, its status below 300. Raises Unreachable and Refused; nothing is asked twice."""
        try:
            return self.session.request(method, url, timeout=(CONNECT_WAIT, WAIT), **more)
        except self._failures.RequestException as error:
            # "from None": the texts of these hold the address, and with it a webhook's secret
            raise self.failed(error) from None

    def failed(self, error: Exception) -> UsherError:
        """What an exception of requests means."""
        kinds = self._failures
        if isinstance(error, kinds.ConnectTimeout):
            return self.unreachable(f"could not be reached within {CONNECT_WAIT:g} s")
        if isinstance(error, kinds.Timeout):
            return self.unreachable(f"did not answer within {WAIT:g} s")
        if isinstance(error, kinds.SSLError):
            return self.unreachable("has a certificate that is not trusted, or cannot be talked to by TLS")
        if isinstance(error, kinds.ProxyError):
            return self.unreachable("could not be reached through the proxy of this machine")
        if isinstance(error, (kinds.InvalidURL, kinds.InvalidSchema, kinds.MissingSchema, kinds.InvalidHeader)):
            return UsherError(f"{self.name}: its address or its key holds what cannot be sent: see {self._token_key}")
        if isinstance(error, (kinds.ConnectionError, kinds.ChunkedEncodingError, kinds.ContentDecodingError)):
            return self.unreachable("closed the connection without a whole answer, or cannot be found")
        return self.unreachable(f"did not answer as it should ({type(error).__name__})")

    def unreachable(self, what: str) -> Unreachable:
        """The error for an answer that came but is of no use: `what` completes "plex.tv "."""
        return Unreachable(f"{self.name} {what}")

    def close(self) -> None:
        self.session.close()

    def _judge(self, response: Any, *_: Any, **__: Any) -> None:
        """Read the whole answer, or raise. A hook of requests: it is called before redirects and before any caller."""
        self._read(response)
        self.clock = _ahead(response.headers.get("Date", ""), time.time())
        status = int(response.status_code)
        if status < 300:
            try:
                untrusted.check(response._content)  # whoever gets it gives it to a parser
            except ValueError:
                raise self.unreachable("answered with something that cannot be read") from None
            return
        if status == 429 or status == 408 or status >= 500:
            wait = retry_after(response.headers.get("Retry-After", ""), time.time())
            told = f"; it asks for a pause of {wait:g} s" if wait else ""
            raise Unreachable(f"{self.name} failed with status {status}{told}", wait)
        raise self._refusal(status, response)

    def _refusal(self, status: int, response: Any) -> Refused:
        if status == 401 or (status == 422 and "invalid token" in response.text.lower()):
            return Refused(f"{self.name} does not accept the token ({status}): see {self._token_key}", status)
        if status == 403:
            return Refused(f"{self.name} forbids this (403): see {self._token_key}", status)
        if status == 404:
            return Refused(f"{self.name} knows nothing of the kind (404)", status)
        if status == 410:
            return Refused(f"{self.name} has shut this way for good (410): Usher needs an update", status)
        if status < 400:
            return Refused(f"{self.name} sends us on ({status}), which is not followed", status)
        return Refused(f"{self.name} refused the request (status {status})", status)

    def _read(self, response: Any) -> None:
        until, pieces, size = time.monotonic() + WHOLE, [], 0
        # unpacked here, a piece at a time: urllib3 would unpack 16 kB to 16 MB at once, and as often as the head says
        way = PACKED.get(str(response.raw.headers.pop("Content-Encoding", "")).strip().lower())
        unpack = zlib.decompressobj(way) if way else None
        try:
            if way is None:
                raise self.unreachable("packs its answer in a way that was not asked for")
            for piece in response.iter_content(PIECE):
                pieces.append(unpack.decompress(piece, BIGGEST + 1 - size) if unpack else piece)
                size += len(pieces[-1])
                if size > BIGGEST:
                    raise self.unreachable(f"sent more than {BIGGEST >> 20} MB")
                if time.monotonic() > until:
                    raise self.unreachable(f"did not finish its answer within {WHOLE:g} s")
        except zlib.error:
            response.close()
            raise self.unreachable("answered with something that cannot be read") from None
        except UsherError:
            response.close()
            raise
        # older requests take an answer that broke off for a whole one
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and response.request.method != "HEAD" and response.raw.tell() < int(length):
            raise self.unreachable("broke off in the middle of its answer")
        response._content, response._content_consumed = b"".join(pieces), True
        response.encoding = response.encoding or "utf-8"  # else megabytes are searched for what it may be


def retry_after(text: str, now: float) -> float:
    """The seconds in a Retry-After header, which may hold a number or a date; 0 where it says nothing."""
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, now)
    return min(max(0.0, seconds), LONGEST_RETRY) if seconds == seconds else 0.0  # "nan" is a number too


def _ahead(date: str, now: float) -> float:
    """Seconds by which `now` is later than a Date header; 0 where that says nothing."""
    return -_until(date, now) if date else 0.0


def _until(text: str, now: float) -> float:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
