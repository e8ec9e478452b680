"""Faults of one call: whichever fails in whatever way, nobody is removed wrongly and no message is doubled or lost.

In each row dora is due to be removed and wen due to be warned when the fault sets in. It lasts for two rounds; then all
is well again. The regulars watch every other day and are never touched.
"""
import json
import re

from shared import cloud, plextv, viewers, web
from tests.people.house import ADMIN, DAY, HOUR

PLEXTV = {
    "account": ("GET", "/api/v2/user"), "users": ("GET", "/api/users/"),
    "shares": ("GET", "/api/servers/*/shared_servers"), "home": ("GET", "/api/home/users"),
    "invitations": ("GET", "/api/v2/shared_servers/owned/pending"), "removal": ("DELETE", "/api/v2/sharings/*"),
}
PLEX = {"identity": ("GET", "/identity"), "sessions": ("GET", "/status/sessions")}
TAUTULLI = ("get_server_info", "get_users", "get_users_table", "get_activity", "server_status", "get_plays_by_date",
            "get_history", "delete_user")
MODES = [401, 403, 404, 410, 422, 429, 500, "hang", "reset", "half a body", "an empty list", "half a list"]
WAITS = ((web, "WAIT"), (plextv, "WAIT"), (plextv, "CONNECT_WAIT"), (cloud, "WAIT"), (viewers, "WAIT"))


def half_a_body(body):
    return body[: len(body) // 2]


def shorter(keep):
    """A list with fewer entries, in the shape of the service: XML, or JSON in Tautulli's or plex.tv's way."""
    def change(body):
        text = body.decode()
        if text.lstrip().startswith("<"):
            from xml.etree import ElementTree

            root = ElementTree.fromstring(text)
            for child in list(root)[int(len(root) * keep):]:
                root.remove(child)
            for name in ("size", "totalSize"):
                if name in root.attrib:
                    root.set(name, str(len(root)))
            return ElementTree.tostring(root)
        return json.dumps(_shorter(json.loads(text), keep)).encode()
    return change


def _shorter(value, keep):
    if isinstance(value, list):
        return value[: int(len(value) * keep)]
    if isinstance(value, dict):
        return {k: _shorter(v, keep) for k, v in value.items()}
    return value


CHANGES = {"half a body": half_a_body, "an empty list": shorter(0), "half a list": shorter(0.5)}


def spoil(house, service, name, mode):
    """Set the fault; the fake that has it."""
    w = house.world
    if service == "tautulli":
        fake, method, path = w.tautulli.server, "*", "*/api/v2"
    else:
        fake = getattr(w, service)
        method, path = (PLEXTV if service == "plextv" else PLEX)[name]
    which = None if service != "tautulli" else lambda r: re.search(rf"\bcmd={name}(&|$)", r.body.decode())
    headers = {"Retry-After": "1200"} if mode == 429 else {}
    fake.fail(path, None if mode in CHANGES else mode, method=method, headers=headers, change=CHANGES.get(mode),
              when=which)
    return fake


def check(h):
    """What must be true in the end, however it came about."""
    assert h.removed() == ["dora"], h.said
    assert [s.split(" on ")[0] for s in h.mails(h.dora)] == [
        "Your access to Fake Plex ends", "Your access to Fake Plex has ended"], h.said
    assert [s.split(" on ")[0] for s in h.mails(h.wen)] == ["Your access to Fake Plex ends"], h.said
    assert h.mails(ADMIN).count("Usher: dora removed") == 1, h.mails(ADMIN)
    assert len(h.mails(ADMIN)) == len(set(h.mails(ADMIN))), h.mails(ADMIN)
    assert not [u.name for u in h.others if h.mails(u)]
    assert [r["user_id"] for r in h.world.tautulli.sql("SELECT user_id FROM users WHERE deleted_user")] == [h.dora.id]
    assert h.ask("SELECT outcome FROM removals") == [("removed",)]


def begin(house, monkeypatch, mode):
    """The house at the moment at which the faults set in."""
    if mode == "hang":
        for module, name in WAITS:
            monkeypatch.setattr(module, name, 0.4)
        monkeypatch.setattr(web.Http.__init__, "__defaults__", ("auto", False, 0.4))
    h = house()
    h.others = h.regulars(5)
    h.dora, h.wen = h.friend("dora", idle=27.2), h.friend("wen", idle=24.5)
    h.world.tautulli.start()
    h.prune()
    assert len(h.mails(h.dora)) == 1 and not h.removed() and not h.mails(h.wen)
    h.now += 3 * DAY
    return h


def go_through(h, service, name, mode):
    """Two rounds with the fault, one without; then all must be as if it had never been."""
    fake = spoil(h, service, name, mode)
    for later in (0, HOUR):
        h.prune(later)
        assert set(h.removed()) <= {"dora"}
    assert sum(fault.hits for fault in fake.faults), "the fault was never met"
    fake.heal()
    h.prune(2 * HOUR)
    check(h)
