"""Plex's own log as made up here: in the formats of 2013 and of today, rotated as Plex does, with plays in it."""
import os
import random
import time
from datetime import datetime, timedelta
from typing import NamedTuple

CURRENT = "Plex Media Server.log"
KEPT = 5
NOISE = (
    "DEBUG - [Req#{tag}] Came in with a super-token, authorization succeeded.",
    "DEBUG - Auth: authenticated user {n} as user",
    "VERBOSE - [Req#{tag}] It took {n} ms to retrieve {n} items.",
    "DEBUG - Completed: [127.0.0.1:{port}] 200 GET /library/sections/{n}/all?type=1&sort=addedAt:desc ({live} live) "
    "#{tag} TLS GZIP {n}ms {port} bytes (pipelined: 3)",
    "INFO - [Req#{tag}] Library section {n} (Filme & Söhne) will be updated because of a change in \"/m/{port}\".",
    "DEBUG - Request: [192.168.2.{n}:{port} (Subnet)] GET /photo/:/transcode?width=320&height=180&url=%2Flibrary%2F"
    "metadata%2F{port}%2Fthumb%2F16{n} ({live} live) #{tag} TLS GZIP Signed-in Token (somebody)",
    "DEBUG - [Transcode] TranscodeSession: session {tag}{tag}: Throttle - Going into sloth mode at {port}.{n}.",
    "ERROR - [JobRunner] Unable to find a \"title\" for item {port}; Plex\u2019s own words follow",
)


class Play(NamedTuple):
    """What is to be found again. Times are naive, as in the log."""

    user: str
    client: str
    item: str
    began: datetime
    ended: datetime


def stamp(at, old=False):
    return at.strftime("%b %d, %Y %H:%M:%S") + f"{':' if old else '.'}{at.microsecond // 1000:03d}"


def noise(rng, at, old=False):
    """One line that tells nothing of plays; now and then with a continuation, or with bytes that are not UTF-8."""
    if old:
        line = (f"{stamp(at, True)} [{rng.randrange(9000)}] DEBUG - Request: GET /library/sections/{rng.randrange(9)} "
                f"[192.168.1.{rng.randrange(250)}:{rng.randrange(65000)}] ({rng.randrange(9)} live)")
        return line.encode() + b"".join(b"\n * X-Plex-Product => Plex Web %d" % n for n in range(rng.randrange(4)))
    text = rng.choice(NOISE).format(tag=f"{rng.randrange(16 ** 6):x}", n=rng.randrange(250), port=rng.randrange(65000),
                                    live=rng.randrange(30))
    line = f"{stamp(at)} [{140513305570000 + rng.randrange(200)}] {text}".encode()
    odd = rng.random()
    return line + (b"\n   at frame #1 \xff\xfe\xe9" if odd < 0.01 else b"\r" if odd < 0.015 else b"")


def timeline(at, play, state, offset, duration, tag, old=False, named=True):
    """The lines of one report of a player."""
    query = (f"ratingKey={play.item}&key=%2Flibrary%2Fmetadata%2F{play.item}&state={state}&time={offset}"
             f"&duration={duration}")
    if old:
        return [f"{stamp(at, True)} [{tag % 900}] DEBUG - Request: GET /:/timeline?{query} [192.168.1.10:481] (3 live)",
                f" * X-Plex-Client-Identifier => {play.client}", f" * X-Plex-Username => {play.user}",
                f" * X-Plex-Device-Name => TV of {play.user}"]
    thread, mark = 140513305570000 + tag % 50, f"{tag:06x}"
    token = f" Signed-in Token ({play.user})" if named else ""
    return [f"{stamp(at)} [{thread}] DEBUG - Request: [192.168.2.97:41742 (WAN)] GET /:/timeline?{query} (29 live) "
            f"#{mark} TLS GZIP{token} / X-Plex-Client-Identifier => {play.client} / X-Plex-Device-Name => TV",
            f"{stamp(at)} [{thread}] DEBUG - [Req#{mark}] [Now] User is {play.user} (ID: 1)",
            f"{stamp(at)} [{thread}] DEBUG - [Req#{mark}] Client [{play.client}] reporting timeline state {state}, "
            f"progress of {offset}/{duration}ms for guid=, ratingKey={play.item}",
            f"{stamp(at)} [{thread}] DEBUG - Completed: [192.168.2.97:41742] 200 GET /:/timeline?{query} (29 live) "
            f"#{mark} TLS GZIP 8ms 517 bytes (pipelined: 7)"]


def with_plays(rng, began, plays, hours=24, old=False, noise_every=1.0):
    """Lines of a day or more in which so many plays stand; and these plays."""
    reports, made = [], []
    free = {}
    for n in range(plays):
        user = f"user {n % 7}"
        start = max(free.get(user, began), began + timedelta(hours=hours * n / plays, seconds=rng.randrange(600)))
        length = rng.randrange(30, 5400)
        play = Play(user, f"client-{n % 7}-{rng.randrange(2)}", str(rng.randrange(1, 900) * 100 + n), start,
                    start + timedelta(seconds=length))
        for second in [*range(0, length, 10), length]:
            state = "stopped" if second == length else "paused" if second % 300 == 290 else "playing"
            reports.append((start + timedelta(seconds=second), play, state, second * 1000))
        free[user] = play.ended + timedelta(seconds=rng.randrange(3, 900))
        made.append(play)
    reports.sort(key=lambda r: r[0])
    at, lines = began, []
    for tag, (when, play, state, offset) in enumerate(reports, 1):
        while at < when:
            lines.append(noise(rng, at, old))
            at += timedelta(seconds=rng.random() * 2 * noise_every)
        told = timeline(when, play, state, offset, 5_400_000, tag, old, rng.random() < 0.7)
        lines += [line.encode() for line in told]
    return b"\n".join(lines) + b"\n", made


def filled(path, size, old=False, began=None, seed=1):
    """A log file of so many bytes, one day of it; written in pieces."""
    rng, at = random.Random(seed), began or datetime.now().replace(hour=0, minute=0, second=1, microsecond=0)
    some = [noise(rng, at, old) for _ in range(4000)]
    step = timedelta(seconds=86_000 / (size / 150))
    with open(path, "wb") as file:
        written = 0
        while written < size:
            lines = []
            for _ in range(5000):
                at += step
                line = rng.choice(some)
                lines.append(stamp(at, old).encode() + line[24:])
            written += file.write(b"\n".join(lines) + b"\n")
    os.utime(path, (time.time(), time.time()))


class Folder:
    """Plex's log folder. `text` is all that was ever written, `lost` whether something went that nobody can have."""

    def __init__(self, path, old=False, kept=KEPT):
        self.path, self.old, self.kept, self.text = str(path), old, kept, b""
        os.makedirs(self.path, exist_ok=True)

    def file(self, number=0):
        names = (CURRENT, f"Plex Media Server.log.{number}", f"Plex Media Server.{number}.log")
        return os.path.join(self.path, names[0] if not number else names[1 if self.old else 2])

    def write(self, data):
        self.text += data
        with open(self.file(), "ab") as file:
            file.write(data)

    def rotate(self):
        for number in range(self.kept, -1, -1):
            if os.path.exists(self.file(number)):
                if number == self.kept:
                    os.remove(self.file(number))
                else:
                    os.replace(self.file(number), self.file(number + 1))
        open(self.file(), "ab").close()
