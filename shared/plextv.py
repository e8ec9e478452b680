"""plex.tv: who has a share of this server, ending that, and inviting somebody again.

Every act goes by number, never by a name: plexapi's own look-ups compare display titles first. So of plexapi this takes
the session, the headers, the addresses and the parsing, and leaves its `user()` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from shared import __version__, log
from shared.cloud import CONNECT_WAIT, WAIT, Cloud
from shared.errors import Refused, UsherError
from shared.model import Member
from shared.plextv_members import Entry, Lists, entry, merge, number, pending_member, still_there

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# What plexapi lacks; seen in public code that talks to plex.tv. JSON where the rest of plex.tv speaks XML.
ACCEPTED = "https://clients.plex.tv/api/v2/shared_servers/owned/accepted"
PENDING = "https://clients.plex.tv/api/v2/shared_servers/owned/pending"
SHARE = "https://clients.plex.tv/api/v2/shared_servers/{id}"
IDENTIFIER = "usher-for-tautulli"  # the same for ever: plex.tv lists each one as a device of its own
CLOCKS = 3600.0  # seconds by which this machine's clock and plex.tv's may differ
DEAD = (404, 410)  # how plex.tv answers where there is nothing any more
JSON = {"Accept": "application/json"}


class PlexTV:
    """The owner's account. `server` gives the machine identifier of the server that all is about, when it is needed.

    Every method raises Unreachable without a usable answer (with `retry_after` where plex.tv asks for a pause), Refused
    when plex.tv says no (401, 403 and 410 with what to do about it).
    """

    def __init__(self, token: str, server: Callable[[], str]) -> None:
        log.hide(token)
        self._token, self._server = token, server
        self._cloud = Cloud("plex.tv", "[plex] token")
        self._account: Any = None
        self._machine = ""
        self.note = ""  # what the owner should know about the last list, "" if there is nothing

    def members(self) -> list[Member]:
        """Everybody with a share of this server, who is invited to one, and who is in the owner's Plex Home; the owner.

        Never a friend who shares nothing. Five requests. Lists that are short, empty or contradict each other are
        Unreachable: an absence here is an absence there. So is what is told to a machine whose clock is wrong. That
        nobody is left but the owner is believed only if a sixth request to another of plex.tv's services says so too.
        An invitation to an address without an account has id 0.
        `is_friend` is False also where the friend shares in another server of the owner's: only this share may then go.
        """
        machine, self.note = self.machine(), ""
        account = self._signed_in(afresh=True)
        self._right_time()
        users = self._list(account.query, "https://plex.tv/api/users/", "User")
        shared = self._list(account.query, account.FRIENDINVITE.format(machineId=machine), "SharedServer")
        home = self._list(account.query, account.HOMEUSERS, "User", may_be_dead=True)
        pending = self._owned(PENDING, machine)
        found = merge(Lists(account.id, machine, users, shared, home, pending))
        if found is None:
            raise self._cloud.unreachable("lists a share in one place that is missing in another")
        if not found:
            self._really_nobody(machine, int(account.homeSize or 0))
        elif int(account.homeSize or 0) > 1 and not any(m.kind in ("home", "managed") for m in found):
            raise self._cloud.unreachable("lists nobody of a Plex Home that is not empty")
        owner = Member(account.id, account.username or "", account.title or "", account.email or "", "owner")
        return [owner, *found]

    def remove(self, member: Member) -> bool:
        """End somebody's access, by number. True: plex.tv accepted it (which is not yet gone). False: was gone already.

        A friend is removed as a friend, one who only shares loses this server's share, a pending invitation is taken
        back, a home user leaves the home: never by taking a home user's share, which gives them all libraries.
        """
        account = self._signed_in()
        if member.kind == "owner" or member.id == account.id:
            raise Refused("the owner cannot be removed")
        if not member.id and not member.pending:
            raise Refused("who has no number is not removed")
        if member.kind in ("home", "managed"):
            return self._delete(account.HOMEUSER.format(userId=member.id))
        ways = [account.FRIENDUPDATE.format(userId=member.id)] if member.is_friend and not member.pending else []
        if member.share_id:  # also of a friend: where plex.tv knows of no friendship, the share may be there
            shares = [account.FRIENDSERVERS.format(machineId=self.machine(), serverId=member.share_id)]
            shares += [SHARE.format(id=member.share_id)]
            ways += shares[::-1] if member.pending else shares
        return self._delete(*ways)

    def invite(self, member: Member) -> tuple[str, ...]:
        """Invite somebody again, with exactly these libraries and permissions; they must accept it.

        Returns the titles of libraries that are no more. Where all libraries were shared, all of today's are. Refused:
        a managed user, who is gone for good; nobody to write to; no library left (to plex.tv no library means all).
        """
        if member.kind == "managed":
            raise Refused("a managed user cannot be invited again: make a new one in Plex's settings")
        address = member.email or member.name
        if not address or member.kind == "owner":
            raise Refused("there is neither a mail address nor a user name to invite")
        account, machine = self._signed_in(), self.machine()
        sections = self._sections(account, machine)
        wanted = list(zip(member.libraries, member.library_titles, strict=False))
        ids, gone = still_there(sections, wanted)
        if member.all_libraries:
            ids, gone = sorted(sections), []
        if not ids:
            raise Refused("none of the libraries that were shared is there any more: invite them in Plex")
        if member.kind == "home":
            self._query(account.query, account.EXISTINGUSER.format(username=_quoted(address)), account._session.post)
        post = {
            "server_id": machine,
            "shared_server": {"library_section_ids": ids, "invited_email": address},
            "sharing_settings": dict(member.permissions),
        }
        url = account.FRIENDINVITE.format(machineId=machine)
        self._query(account.query, url, account._session.post, json=post)
        self._right_person(member, address, machine)
        return tuple(gone)

    def machine(self) -> str:
        """The server's machine identifier."""
        self._machine = self._machine or self._server()
        return self._machine

    def close(self) -> None:
        self._cloud.close()

    def _right_time(self) -> None:
        ahead = self._cloud.clock
        if abs(ahead) > CLOCKS:
            days = f"{abs(ahead) / 86400:.1f} days" if abs(ahead) > 86400 else f"{abs(ahead) / 3600:.1f} hours"
            which = "ahead of" if ahead > 0 else "behind"
            raise UsherError(f"this machine's clock is {days} {which} plex.tv's: set it right; nothing is done by it")

    def _right_person(self, member: Member, address: str, machine: str) -> None:
        """Mail addresses and names change hands: an invitation that reached another account is taken back."""
        for invited in map(pending_member, self._owned(PENDING, machine) or ()):
            if address.casefold() not in (invited.email.casefold(), invited.name.casefold()):
                continue
            if invited.id and member.id and invited.id != member.id:
                self._delete(SHARE.format(id=invited.share_id))
                raise Refused("their mail address or name is another account's now: invite them by hand in Plex")

    def _signed_in(self, afresh: bool = False) -> Any:
        """plexapi's account, fetched once; `afresh`: the next one."""
        if self._account is None or afresh:
            plexapi, myplex = _plexapi("plexapi"), _plexapi("plexapi.myplex")
            mine = {"X-Plex-Product": "Usher", "X-Plex-Version": __version__, "X-Plex-Client-Identifier": IDENTIFIER}
            plexapi.BASE_HEADERS.update(mine, **{"X-Plex-Device-Name": "Usher"})
            how = {"token": self._token, "session": self._cloud.session, "timeout": (CONNECT_WAIT, WAIT)}
            account = self._guarded(lambda: myplex.MyPlexAccount(**how), "its account")
            account._token = self._token  # plexapi takes over whatever the answer calls one, even nothing
            if not getattr(account, "id", 0):
                raise self._cloud.unreachable("does not say whose account this is")
            self._account = account
        return self._account

    def _list(self, query: Any, url: str, tag: str, may_be_dead: bool = False) -> list[Entry]:
        """A list of users or shares, all that it says it has."""
        try:
            return [entry(element) for element in self._elements(query, url, tag)]
        except Refused as refusal:
            if may_be_dead and refusal.status in DEAD:
                return []
            raise

    def _elements(self, query: Any, url: str, tag: str) -> list[Element]:
        answer = self._query(query, url)
        if answer is None or isinstance(answer, (str, dict, list)) or answer.tag != "MediaContainer":
            raise self._cloud.unreachable(f"answered with something that is no list of {tag}")
        found: list[Element] = answer.findall(tag)
        said = max(number(answer.get(name)) for name in ("size", "totalSize"))
        if said > len(found):
            raise self._cloud.unreachable(f"lists only {len(found)} of {said} ({tag})")
        return found

    def _owned(self, url: str, machine: str) -> list[Mapping[str, Any]] | None:
        """The shares of this server in one of the newer lists. None: plex.tv has shut that list, which `note` says."""
        try:
            answer = self._query(self._signed_in().query, url, headers=JSON)
        except Refused as refusal:
            if refusal.status not in DEAD:
                raise
            self.note = f"plex.tv has shut its list of invitations ({refusal.status}): Usher needs an update"
            return None
        if not isinstance(answer, list) or not all(isinstance(entry, dict) for entry in answer):
            raise self._cloud.unreachable("answered with something that is no list of shares")
        return [entry for entry in answer if entry.get("machineIdentifier") == machine]

    def _really_nobody(self, machine: str, home_size: int) -> None:
        accepted = self._owned(ACCEPTED, machine)
        if accepted is None or accepted or home_size > 1:
            raise self._cloud.unreachable("lists nobody at all, which cannot be right")

    def _sections(self, account: Any, machine: str) -> dict[int, str]:
        """The libraries of the server as plex.tv numbers them, and their titles."""
        servers = self._elements(account.query, account.PLEXSERVERS.format(machineId=machine), "Server")
        found = {number(e.get("id")): e.get("title", "") for server in servers for e in server.findall("Section")}
        if not found:
            raise self._cloud.unreachable("names no libraries of this server")
        return found

    def _delete(self, *ways: str) -> bool:
        """Try the ways in turn until one leads there. False: there is nothing to delete, by none of them."""
        account, shut = self._signed_in(), None
        for way in ways:
            try:
                self._query(account.query, way, account._session.delete)
                return True
            except Refused as refusal:
                if refusal.status not in DEAD:
                    raise
                shut = refusal if refusal.status == 410 else shut
        if shut is not None:
            raise shut
        return False

    def _query(self, query: Any, url: str, method: Any = None, **more: Any) -> Any:
        return self._guarded(lambda: query(url, method, **more), "something")

    def _guarded(self, ask: Callable[[], Any], what: str) -> Any:
        """Run a call of plexapi's. Its texts hold addresses and answers: they go no further."""
        exceptions, failures = _plexapi("plexapi.exceptions"), _plexapi("requests.exceptions")
        try:
            return ask()
        except UsherError:
            raise
        except failures.JSONDecodeError:
            raise self._cloud.unreachable(f"answered with {what} that cannot be read") from None
        except failures.RequestException as error:
            raise self._cloud.failed(error) from None
        except (exceptions.PlexApiException, AttributeError, LookupError, RecursionError, SyntaxError, TypeError,
                ValueError):  # fmt: skip
            # of plexapi's taking an answer apart; what is not XML is a SyntaxError
            raise self._cloud.unreachable(f"answered with {what} that cannot be read") from None


def _plexapi(module: str) -> Any:
    import configparser  # plexapi reads a file of its own, which may be broken

    try:
        return import_module(module)
    except (ImportError, OSError, ValueError, configparser.Error) as problem:
        raise UsherError(f"{module} cannot be imported ({type(problem).__name__}): run install.py") from None


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
