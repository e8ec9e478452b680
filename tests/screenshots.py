"""`python3 tests/screenshots.py`: takes the pictures of Tautulli's pages in docs/ again.

Needs TAUTULLI_HOME (the folder of a Tautulli) and a Chromium or Chrome on the PATH, or named in BROWSER. Plex and
plex.tv are the sandbox's; Tautulli is real, and so are Usher and its set-up. pytest does not run this.
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DOCS = PROJECT / "docs"
BIGGEST = 150_000  # bytes
INSIDE = "USHER_SCREENSHOTS"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--hide-scrollbars", "--window-size=1200,900", "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
RULES = """\
[usher]
dry_run = yes
day_starts = {day_starts}

[everyone]
daily = 2h

[person:bob]
users = bob
daily = 1h30m
dry_run = no
"""
WATCHED = {"alice": 120, "bob": 90}  # minutes, earlier today
SEARCH = """\
const box = document.querySelector('#notification_log_table_filter input');
box.value = 'Usher';
box.dispatchEvent(new Event('input'));"""
PICTURES = {  # file: page, tab, what to do there, what must be there then, first and last element of the picture
    "notification-agents.png": (
        "settings", "#nav-tabs-notification_agents", "", "Usher: journal", "#tabs-notification_agents",
        "#plexpy-notifiers-table"),
    "notification-logs.png": (
        "logs", "#notification-logs-btn", SEARCH, "would stop alice", "#log_tabs", "#notification_log_table"),
}  # fmt: skip


def main():
    if not os.environ.get(INSIDE):
        return outside()
    sys.path.insert(0, str(PROJECT))
    from tests.sandbox.base import wait_for
    from tests.sandbox.world import World

    DOCS.mkdir(exist_ok=True)
    with World(host="real") as world:
        set_up(world)
        alice = world.plex.start_stream(world.alice, world.movie2, player="Alice's phone")
        bob = world.plex.start_stream(world.bob, world.movie, player="Bob's TV")
        wait_for(lambda: not bob.alive, 20, what="the stop of bob's stream")
        wait_for(lambda: {"would stop alice", "stopped bob"} <= said(world), 20, what="rows in the Notification Logs")
        assert alice.alive, "alice is in dry run"
        asyncio.run(take_all(world.tautulli.url))
    for name in PICTURES:
        size = (DOCS / name).stat().st_size
        print(f"docs/{name}: {size // 1000} kB")
        assert size < BIGGEST, f"{name} is too big"
    return 0


def outside():
    """The same in the environment of the tests."""
    sys.path.insert(0, str(PROJECT))
    from tests import environment
    from tests.__main__ import LISTS

    python, clean = environment.ready(str(PROJECT), "tests", LISTS)
    return subprocess.run([python, __file__], cwd=PROJECT, env={**clean, INSIDE: "1"}).returncode


def set_up(world):
    """Usher's folder beside this Tautulli's config.ini, one command, and what was watched before."""
    from shared.ledger import Ledger
    from shared.model import Session
    from tests.sandbox import bundle

    now = time.time()
    folder = Path(world.tautulli.datadir, "usher")
    folder.mkdir()
    bundle.copy(folder)
    today = time.strftime("%H:00", time.localtime(now - 12 * 3600))
    (folder / "config.ini").write_text(RULES.format(day_starts=today), encoding="utf-8")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("USHER_", "TAUTULLI_", "PLEX_"))}
    subprocess.run([sys.executable, "install.py", "--yes"], cwd=folder, env=clean, check=True)
    ledger = Ledger(str(folder / "data"))
    with ledger.writing():
        for user in (world.alice, world.bob):
            session = Session("0", "earlier", user.id, user=user.name, media_type="movie", title="Earlier")
            minutes = WATCHED[user.name]
            ledger.add_past_play(session, now - minutes * 60 - 60, now - 60, minutes * 60.0)
    ledger.close()


def said(world):
    """What the rows say after "Usher: "."""
    return {row["subject_text"].removeprefix("Usher: ") for row in world.tautulli.notification_log()}


# ---- the browser ----


async def take_all(url):
    import aiohttp

    with browser() as address:
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
            page = Page(socket)
            for name, (path, tab, act, words, first, last) in PICTURES.items():
                await page.open(f"{url}/{path}")
                await page.until(f"document.readyState == 'complete' && !!document.querySelector('{tab}')")
                await page.run(f"document.querySelector('{tab}').click()")
                await page.until(f"document.querySelector('{last}').innerText.includes('{words}')")
                await page.run(act)
                await asyncio.sleep(3)  # it fades things in and out, and says meanwhile that it fetches rows
                (DOCS / name).write_bytes(await page.picture(first, last))


@contextlib.contextmanager
def browser():
    """A headless browser with a profile of its own; the address at which its one page listens."""
    program = os.environ.get("BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        sys.exit("screenshots: no Chromium here; name one in BROWSER")
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield address_of(Path(profile))
        finally:
            process.terminate()
            process.wait(20)


def address_of(profile):
    """The browser writes its port into a file; the pages are listed there."""
    import requests

    from tests.sandbox.base import wait_for

    told = profile / "DevToolsActivePort"
    port = wait_for(lambda: told.exists() and told.read_text().split("\n")[0], 30, what="the browser")
    with requests.Session() as session:
        session.trust_env = False
        targets = session.get(f"http://127.0.0.1:{port}/json", timeout=10).json()
    return next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page")


class Page:
    """One page of the browser, by the DevTools protocol."""

    def __init__(self, socket):
        self.socket, self.count = socket, 0

    async def call(self, method, **params):
        self.count += 1
        await self.socket.send_json({"id": self.count, "method": method, "params": params})
        while True:  # events come in between
            told = json.loads((await self.socket.receive(timeout=30)).data)
            if told.get("id") == self.count:
                assert "error" not in told, (method, told["error"])
                return told["result"]

    async def open(self, url):
        await self.call("Page.navigate", url=url)

    async def run(self, script):
        done = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return done["result"].get("value")

    async def until(self, script, seconds=30):
        for _ in range(seconds * 5):
            if await self.run(script) is True:
                return
            await asyncio.sleep(0.2)
        raise TimeoutError(f"{script} in {await self.run('location.href')}")

    async def picture(self, first, last, margin=6):
        """A PNG from the top of one element to the very bottom of the other, as wide as both."""
        boxes = [json.loads(await self.run(f"JSON.stringify(document.querySelector('{one}').getBoundingClientRect())"))
                 for one in (first, last)]  # fmt: skip
        left, right = min(b["left"] for b in boxes) - margin, max(b["right"] for b in boxes) + margin
        top, bottom = boxes[0]["top"] - margin, boxes[1]["bottom"]
        clip = {"x": left, "y": top, "width": right - left, "height": bottom - top, "scale": 1}
        told = await self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(told["data"])


if __name__ == "__main__":
    sys.exit(main())
