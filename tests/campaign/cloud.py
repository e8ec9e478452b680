"""plex.tv and Discord in memory, below requests; and the mail server, in the place of smtplib.SMTP."""
import email
import io
import json
import smtplib
from email.utils import formatdate
from xml.sax.saxutils import quoteattr

import requests
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

from tests.campaign import house


class Letter:
    """A mail that the server took. `known`: whether Usher got to hear so."""

    def __init__(self, at, to, subject, id, known):
        self.at, self.to, self.subject, self.id, self.known = at, to, subject, id, known


class Cloud(BaseAdapter):
    """The adapter of every session of requests."""

    def __init__(self, world, services, clock):
        super().__init__()
        self.world, self.services, self.clock = world, services, clock
        self.posts = []                 # (true moment, title, text, whether Usher heard that it was taken)

    def close(self):
        pass

    def send(self, request, stream=False, timeout=None, **_):
        name = "discord" if "discord" in request.url else "plextv"
        mode = self.services.modes[name]
        try:
            self.services.reach(name, timeout[1])
        except ConnectionRefusedError:
            raise requests.exceptions.ConnectionError from None
        except TimeoutError:
            raise requests.exceptions.ReadTimeout from None
        headers, status, body = {}, 200, b""
        if mode == "500":
            status = 500
        elif mode == "429":
            status, headers = 429, {"Retry-After": "900"}
        elif name == "discord":
            if house.HOOK not in request.url:
                status = 404
            else:
                embed = json.loads(request.body)["embeds"][0]
                self.posts.append((self.clock.now, embed["title"], embed["description"], mode != "deafmute"))
                body = b"{}"
        else:
            status, body = self._plextv(request.method, request.url.split("plex.tv", 1)[1].split("?")[0], mode)
        self.clock.step()
        if mode == "deafmute":
            self.clock.sleep(timeout[1])
            raise requests.exceptions.ReadTimeout
        if mode == "half":
            headers["Content-Length"] = str(len(body))
            body = body[: len(body) // 2]
        if body[:1] in (b"[", b"{"):
            headers["Content-Type"] = "application/json"
        return _response(request, status, body, {"Date": formatdate(self.clock.now, usegmt=True), **headers})

    def _plextv(self, method, path, mode):
        world, m = self.world, house.MACHINE
        others = [p for p in world.members.values() if p.kind != "owner"]
        if mode == "lacking":
            others = others[: len(others) // 2]
        if mode == "empty":
            others = []
        at_home = [p for p in others if p.kind in ("home", "managed")]
        if method == "DELETE":
            return world.leave(path)
        if path == "/api/v2/user":
            count = 1 + sum(p.kind in ("home", "managed") for p in world.members.values())
            return 200, (f'<user id="{house.OWNER}" uuid="u" username="boss" title="boss" email="{house.ADMIN}" '
                         f'homeSize="{count}" home="1" restricted="0" authToken="{house.TOKEN}" scrobbleTypes="1" '
                         'friendlyName="" homeAdmin="1"><subscription active="1" status="Active" plan="lifetime"/>'
                         '<profile/><entitlements/><roles/></user>').encode()
        if path == "/api/users/":
            return _list([self._user(p) for p in others])
        if path == f"/api/servers/{m}/shared_servers":
            return _list([
                f'<SharedServer id="{p.id + 50000}" userID="{p.id}" username={quoteattr(p.name)} '
                f'email="{p.email}" acceptedAt="{world.accepted(p)}" invitedAt="{world.accepted(p)}" allLibraries="1"/>'
                for p in others if p.kind != "managed"])
        if path == "/api/home/users":
            return _list([f'<User id="{p.id}" title={quoteattr(p.name)} admin="0" '
                          f'restricted="{int(p.kind == "managed")}"/>' for p in at_home])
        if path.startswith("/api/v2/shared_servers/owned/"):
            accepted = [{"id": p.id + 50000, "machineIdentifier": m} for p in others]
            return 200, json.dumps(accepted if path.endswith("accepted") else []).encode()
        return 404, b"<errors/>"

    def _user(self, p):
        server = (f'<Server id="{p.id + 50000}" machineIdentifier="{house.MACHINE}" name="x" owned="1" pending="0" '
                  'allLibraries="1"/>') if p.kind != "managed" else ""
        return (f'<User id="{p.id}" title={quoteattr(p.name)} username={quoteattr(p.name)} '
                f'email="{p.email if p.kind != "managed" else ""}" home="{int(p.kind in ("home", "managed"))}" '
                f'restricted="{int(p.kind == "managed")}">{server}</User>')


def _list(rows):
    return 200, f'<MediaContainer size="{len(rows)}">{"".join(rows)}</MediaContainer>'.encode()


def _response(request, status, body, headers):
    answer = requests.Response()
    answer.status_code, answer.url, answer.request = status, request.url, request
    answer.headers.update(headers)
    answer.raw = HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
    return answer


def mail_server(world, services, clock):
    """What stands in for smtplib.SMTP: a class, one instance of which is one connection."""

    class SMTP:
        sock = None

        def __init__(self, host, port, **_):
            services.reach("smtp", 15.0)

        def ehlo_or_helo_if_needed(self):
            clock.step()

        def login(self, user, password):
            if services.modes["smtp"] == "login":
                raise smtplib.SMTPAuthenticationError(535, b"no")
            assert password == house.PASSWORD

        def mail(self, sender):
            clock.step()
            return (421, b"4.7.0 too many") if services.modes["smtp"] == "421" else (250, b"ok")

        def rcpt(self, to):
            self.to = to
            if "deadbox" in to:
                return 550, b"5.1.1 no such mailbox"
            return (450, b"4.2.0 greylisted") if services.modes["smtp"] == "grey" else (250, b"ok")

        def data(self, content):
            clock.step()
            if services.modes["smtp"] in ("500", "full"):
                return 452, b"4.3.1 no space"
            head = email.message_from_bytes(content)
            deaf = services.modes["smtp"] == "deafmute"
            subject = str(email.header.make_header(email.header.decode_header(head["Subject"])))
            letter = Letter(clock.now, self.to, subject, head["Message-ID"], False)
            world.letters.append(letter)
            clock.step()                # killed in between: it is on its way, and nobody wrote that down
            if deaf:
                clock.sleep(60.0)
                raise TimeoutError
            letter.known = True
            return 250, b"2.0.0 queued"

        def close(self):
            pass
    return SMTP
