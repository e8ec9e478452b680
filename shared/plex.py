"""Plex Media Server: who is playing what, and stopping it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, BinaryIO

from shared import __version__, log, untrusted
from shared.errors import Refused, Unreachable
from shared.model import PLEX_OWNER, Session
from shared.web import Http

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

DIGITS = 15  # of a number; a longer one is none, nor could the ledger hold it
FILE_WAIT = 2.0  # seconds; nobody's stop waits long for what the library has of another one's film
FILE_AGAIN = 60.0  # seconds until it is asked again of a file of which it told nothing
COMMAND_WAIT = 3.0  # seconds; Plex waits for the player, and the timekeeper for Plex
PACKING = 60.0  # seconds until Plex must have begun to hand out its logs
AT_ONCE = 100  # items that Plex is asked of together
LIST_WAIT = 30.0  # seconds for that
PIECES = 500_000  # of an answer; a hundred streams have some ten thousand
LONGEST_REASON = 1000  # characters; it travels in the address


class Plex:
    """One server. Every method raises Unreachable when there is no usable answer, Refused when the answer is no."""

    def __init__(self, url: str, token: str, verify: str = "auto", handed_over: bool = False) -> None:
        log.hide(token)
        self.http = Http("Plex", url, verify, handed_over)
        self._headers = {
            "Accept": "application/xml",
            "X-Plex-Token": token,
            "X-Plex-Product": "Usher",
            "X-Plex-Version": __version__,
            "X-Plex-Client-Identifier": "usher-for-tautulli",
        }
        self._files: dict[tuple[str, str], tuple[str, int]] = {}
        self._not_before: dict[str, float] = {}

    def sessions(self, owner_id: int = 0, files: bool = False) -> list[Session]:
        """What is played now. Plex's own user id 1 becomes `owner_id` where that is known (not 0). `files`: where the
        list does not tell the resolution and bitrate of a file, since it is converted, the library is asked, once.

        The attributes are taken one by one: a session that lacks a part of it hides none of the others.
        """
        found = [(e, _session(e, owner_id)) for e in self._container("/status/sessions") if _is_session(e)]
        return [self._with_file(_media(e).get("id", ""), session) if files else session for e, session in found]

    def terminate(self, session_id: str, reason: str) -> bool:
        """Ask Plex to stop a session; the reason is shown to the viewer. True: accepted (which is not yet gone).

        False: there is no such session any more. Needs the owner's token and the owner's Plex Pass.
        """
        if not session_id:
            raise Refused("a session without a session id cannot be stopped")
        query = {"sessionId": session_id, "reason": reason[:LONGEST_REASON]}
        answer = self.http.request(
            "GET", "/status/sessions/terminate", query=query, headers=self._headers, allow=(401, 403, 404)
        )
        self._refused(answer.status, "to stop a stream, which needs the owner's token and a Plex Pass")
        return answer.status != 404

    def command(self, path: str, headers: dict[str, str]) -> None:
        """Hand a command of Plex Companion on to the player that the headers name. `path` has its query with it."""
        answer = self.http.request(
            "GET", path, headers={**self._headers, **headers}, allow=(400, 401, 403, 404), wait=COMMAND_WAIT
        )
        if answer.status in (400, 404):
            raise Refused("Plex reaches no remote control of the player", answer.status)
        self._refused(answer.status, "to hand a command on to the player, which needs the owner's token")

    def ratings(self, rating_keys: Sequence[str]) -> dict[str, str]:
        """The content ratings of items by their rating keys; what the library does not have any more is left out."""
        found: dict[str, str] = {}
        keys = [key for key in rating_keys if key.isdecimal()]
        for first in range(0, len(keys), AT_ONCE):
            path = f"/library/metadata/{','.join(keys[first : first + AT_ONCE])}"
            try:
                container = self._container(path, wait=LIST_WAIT, missing=True)
            except Refused as error:
                if error.status != 404:
                    raise
                continue  # it has none of them
            found |= {item.get("ratingKey", ""): item.get("contentRating", "") for item in container}
        return found

    def players(self) -> list[str]:
        """The names of the players that can be stopped by remote control just now."""
        found = [e for e in self._container("/clients") if "playback" in e.get("protocolCapabilities", "").split(",")]
        return sorted({e.get("name", "") or e.get("machineIdentifier", "") for e in found})

    def machine_id(self) -> str:
        """The server's own identifier."""
        found = self._container("/identity").get("machineIdentifier", "")
        if not found:
            raise self.http.unreachable("does not tell its machine identifier: is it a Plex server?")
        return found

    def download_logs(self, file: BinaryIO) -> None:
        """All of the server's log files as one zip, which may be large and takes Plex some time to pack."""
        answer = self.http.request(
            "GET", "/diagnostics/logs", headers=self._headers, wait=PACKING, allow=(401, 403), into=file
        )
        self._refused(answer.status, "to hand out its logs, which needs the owner's token")

    def _with_file(self, media_id: str, session: Session) -> Session:
        """The session with what the library has of its file, as far as it is not known."""
        key = session.rating_key
        if (session.resolution and session.file_bitrate) or not (key.isdecimal() and key.isascii()):
            return session
        if (key, media_id) not in self._files:
            if time.monotonic() < self._not_before.get(key, 0.0):
                return session
            try:
                self._files[key, media_id] = self._file(key, media_id)
            except (Refused, Unreachable):  # it stays unknown, and no rule about it holds
                self._not_before[key] = time.monotonic() + FILE_AGAIN
                return session
        resolution, bitrate = self._files[key, media_id]
        return session._replace(
            resolution=session.resolution or resolution, file_bitrate=session.file_bitrate or bitrate
        )

    def _file(self, rating_key: str, media_id: str) -> tuple[str, int]:
        """Resolution and bitrate of an item's file; of several versions that of the session, else the first."""
        found = self._container(f"/library/metadata/{rating_key}", wait=FILE_WAIT).findall(".//Media")
        media = next((one for one in found if one.get("id") == media_id), found[0] if found else None)
        of_it = {} if media is None else media.attrib
        return of_it.get("videoResolution", "").casefold(), _number(of_it.get("bitrate", ""))

    def _container(self, path: str, wait: float | None = None, missing: bool = False) -> Element:
        """What Plex answers. `missing`: it may be that there is no such thing, which is Refused with status 404."""
        allow = (401, 403, 404) if missing else (401, 403)
        answer = self.http.request("GET", path, headers=self._headers, allow=allow, wait=wait)
        if answer.status == 404:
            raise Refused(f"Plex at {self.http.where} has no {path[:60]}", 404)
        self._refused(answer.status, f"to show {path}, which needs the owner's token")
        try:
            root = untrusted.xml(answer.body, PIECES)
        except ValueError:
            raise self.http.unreachable(f"answered {path} with something that is not XML") from None
        if root.tag != "MediaContainer":
            raise self.http.unreachable(f"answered {path} with something that is not a MediaContainer")
        return root

    def _refused(self, status: int, what: str) -> None:
        if status == 401:
            raise Refused(f"Plex at {self.http.where} does not accept the token (401): see [plex] token", status)
        if status == 403:
            raise Refused(f"Plex at {self.http.where} refuses {what} (403)", status)


def _is_session(element: Element) -> bool:
    return "sessionKey" in element.keys() or element.find("Player") is not None or element.find("Session") is not None  # noqa: SIM118


def _session(element: Element, owner_id: int) -> Session:
    item = element.attrib
    user, player, session = (_attributes(element, name) for name in ("User", "Player", "Session"))
    # where the user is not told, the player still says for whom it plays
    user_id = _number(user.get("id", "")) or _number(player.get("userID", ""))
    live = item.get("live", "") == "1"
    media, transcode = _media(element), _transcode(element)
    kind = item.get("type", "")
    relayed = player.get("relayed", "") == "1"
    return Session(
        session_key=item.get("sessionKey", "") or session.get("id", ""),
        machine_id=player.get("machineIdentifier", ""),
        user_id=owner_id if user_id == PLEX_OWNER and owner_id else user_id,
        rating_key="" if live else item.get("ratingKey", ""),
        session_id=session.get("id", ""),
        state=player.get("state", "") or "playing",
        offset=_number(item["viewOffset"]) / 1000 if item.get("viewOffset", "").isdecimal() else None,
        duration=_number(item.get("duration", "")) / 1000,
        user=user.get("title", ""),
        player=player.get("title", ""),
        platform=player.get("platform", ""),
        product=player.get("product", ""),
        address=player.get("address", ""),
        location="relay" if relayed else session.get("location", ""),
        media_type="episode" if live and kind == "clip" else kind,  # television is no trailer
        title=_title(item.get("grandparentTitle", ""), item.get("title", "")),
        library=item.get("librarySectionTitle", ""),
        rating=item.get("contentRating", ""),
        live=live,
        show=item.get("grandparentTitle", "") if kind != "track" else "",
        transcode=transcode,
        # while the video is converted Plex tells what comes out, not what the file has
        resolution=media.get("videoResolution", "").casefold() if transcode in ("no", "audio") else "",
        bitrate=_number(media.get("bitrate", "")),
        file_bitrate=_number(media.get("bitrate", "")) if transcode == "no" else 0,
    )


def _media(element: Element) -> dict[str, str]:
    found = element.findall("Media")
    chosen = next((media for media in found if media.get("selected") == "1"), found[0] if found else None)
    return {} if chosen is None else chosen.attrib


def _transcode(element: Element) -> str:
    """What is converted: no, video, audio or both; "" where Plex does not say."""
    job = _attributes(element, "TranscodeSession")
    if not job:
        return "no" if element.find("Media") is not None else ""
    video, audio = (job.get(f"{word}Decision", "") == "transcode" for word in ("video", "audio"))
    return "both" if video and audio else "video" if video else "audio" if audio else "no"


def _attributes(element: Element, name: str) -> dict[str, str]:
    found = element.find(name)
    return {} if found is None else found.attrib


def _title(show: str, title: str) -> str:
    return f"{show} - {title}" if show and title else show or title


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= DIGITS else 0
