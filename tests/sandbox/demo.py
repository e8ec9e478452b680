"""`python3 install.py demo`: what Usher does, shown in half a minute on an embedded Plex and a stand-in for Tautulli.

Nothing is faked but these two: the agents are the real ones, started as Tautulli starts them, with a real ledger, and
the streams are really stopped. Limits are seconds instead of hours. Started outside of its own environment it makes
that first.
"""

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
INSIDE = "USHER_DEMO"
LIMIT, BEDTIME = 12, 17  # seconds


def main():
    if os.environ.get(INSIDE):
        sys.path.insert(0, PROJECT)
        return show()
    return outside()


def outside():
    """Make the environment, and start this again in it."""
    import subprocess

    sys.path.insert(0, PROJECT)
    from tests import environment

    os.environ[INSIDE] = "1"
    lists = [os.path.join(PROJECT, "requirements.txt"), os.path.join(HERE, "requirements.txt")]
    python, clean = environment.ready(PROJECT, "demo", lists)
    try:
        return subprocess.run([python, os.path.abspath(__file__)], cwd=PROJECT, env=clean).returncode
    except KeyboardInterrupt:
        return 130


def show():
    from tests.sandbox.base import wait_for
    from tests.sandbox.world import World

    with World() as world:
        say = Narrator()
        say(
            "A Plex server with four people, and Tautulli beside it: both are stand-ins on this machine. Real is only"
        )
        say("Usher itself. Its config.ini:")
        began = time.time()
        text = config(began)
        print("\n" + "".join(f"      {line}\n" for line in text.splitlines()))
        usher = world.install_usher(text)
        say.clock()
        bob = world.plex.start_stream(world.bob, world.movie, player="Bob's TV")
        owner = world.plex.start_stream(world.owner, world.movie2, player="Living room")
        kid = world.plex.start_stream(world.kid, world.episode, player="Tablet")
        alice = world.plex.start_stream(world.alice, world.movie2, player="Alice's phone")
        say("Four people press play: bob, the owner, the kid and alice. Tautulli fires limit_streams.py for each.")
        wait_for(lambda: "4 s today" in usher.run("status").stdout or time.time() - say.zero > 6, 10, every=0.5)
        say("`limit_streams.py status` says:")
        quote(usher.run("status").stdout)
        say(f"Now nobody does anything. Nothing at Tautulli will fire before bob's {LIMIT} seconds are over …")
        wait_for(lambda: not bob.alive, LIMIT + 5, what="the cut of bob's stream")
        say(f'CUT in the middle of "{world.movie.title}". On bob\'s screen: "{reason(world, bob)}"')
        pressed, again = time.time(), world.plex.start_stream(world.bob, world.movie, player="Bob's TV")
        say("Bob presses play again.")
        wait_for(lambda: not again.alive, 6, what="the second stop")
        say(f"Gone after {again.ended_at - pressed:.1f} s.")
        wait_for(lambda: not kid.alive, 12, what="the kid's bedtime")
        say(f'BEDTIME in mid-play. On the kid\'s screen: "{reason(world, kid)}"')
        pressed, silent = (
            time.time(),
            world.plex.start_stream(world.bob, world.episode, player="Bob's TV", notify=False),
        )
        say("Bob tries another title, in a way of which Tautulli hears nothing (some players resume like that).")
        wait_for(lambda: not silent.alive, 8, what="the silent stop")
        say(f"Gone after {silent.ended_at - pressed:.1f} s: Usher's timekeeper reads Plex's session list itself.")
        wait_for(lambda: "would stop" in str(rows(world, usher)), 5, what="the row about alice")
        say(f"Alice plays on ({alive(alice)}): she is in dry run, Usher only says what it would do.")
        say(f"The owner plays on ({alive(owner)}): exempt.")
        say("Tautulli's Notification Logs, where an owner looks:")
        quote("\n".join(f"{subject}  |  {body}" for subject, body in rows(world, usher)))
        say("The ledger's own account:")
        quote(usher.run("status").stdout)
        say("That was all: agents of a few lines, one ledger, one timekeeper that leaves when nobody watches.")
        print("\nNext: python3 install.py   (sets it up in your Tautulli; stops nobody until you set dry_run = no)")
        return 0 if owner.alive and alice.alive else 1


def config(now):
    """Bedtime begins in some seconds, by the clock on this machine's wall."""
    begins, ends = (time.strftime("%H:%M:%S", time.localtime(now + s)) for s in (BEDTIME, BEDTIME + 3 * 3600))
    return (
        f"[usher]\ndry_run = no\n\n[everyone]\ndaily = {LIMIT}s\n\n"
        f"[person:the kid]\nusers = kid\ndaily = none\nblocked = {begins}-{ends}\n\n"
        f"[person:alice]\nusers = alice\ndry_run = yes\n"
    )


def rows(world, usher):
    return [(r["subject_text"], r["body_text"]) for r in world.tautulli.notification_log(usher.journal)]


def reason(world, stream):
    return next((t.reason for t in world.plex.terminations if t.stream is stream), "")


def alive(stream):
    return "still playing" if stream.alive else "stopped, which is wrong"


def quote(text):
    print("".join(f"          {line}\n" for line in text.strip().splitlines()), flush=True)


class Narrator:
    """Says each line with the seconds since the people pressed play."""

    zero = None

    def clock(self):
        self.zero = time.time()

    def __call__(self, text):
        mark = f"[{time.time() - self.zero:4.1f} s]" if self.zero else " " * 8
        print(f"{mark} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
