"""The world around Usher: events of Tautulli that start its scripts, its timekeeper, the schedule, the members.

What is left out to make a month last seconds, and how nothing is lost by it:

- The timekeeper looks every 5 s. A look that would find the world as the one before did is left out: it is woken by the
  next change of anything (a player, a fault, the ledger, a deadline), as much later as it would have looked. What the
  looks left out would have written (how long was played, its heartbeat) `catch_up` writes, by the product's own
  `tracking.observe`, before anything else of Usher's runs.
- So is the look that follows when nothing but the outbox was written to.
- The schedule's tick is left out in minutes in which no timekeeper is needed, nothing waits and no agent is due.
"""

from unittest import mock

from shared.jobs import keep_time
from shared.policy import tracking
from tests.campaign import clock as clocks
from tests.campaign import house
from tests.campaign.services import HARD

LEAP = 3600.0           # the longest time without a look
STEP = 5.0              # of the looks that are left out
TICK = 60.0


class World:
    """members: who has a share now; known: whom Tautulli has ever seen; letters: what the mail server took."""

    def __init__(self, clock, truth, rng, crowd):
        self.clock, self.truth, self.rng = clock, truth, rng
        self.known = {p.id: p for p in crowd}
        self.members = dict(self.known)
        self.joined, self.left, self.deleted, self.letters, self.approved = {}, [], set(), [], []
        self.listed, self.services, self.ledger, self.usher = [], None, None, None
        self.event_fate = lambda: ("sent",)         # what becomes of an event of Tautulli's: see faults
        self.fate = lambda kind: None               # after how many steps a process that begins dies
        self.tautulli_up, self.missed = True, {}
        self.keeper, self.kept, self.deaths, self.crashes = None, [], [], []
        self.looks = self.events = self.ticks = self.starts = 0
        self.after_cut = lambda stream: None
        self.stale = False                          # whether anything has changed since the last look
        self._short = False
        self._leap = None                           # since when looks are left out, and whether they would succeed
        clock.before, clock.after_write, clock.on_death = self._before, self._wrote, self._died

    # ---- players ----

    def start(self, person, player, item, position=0.0):
        stream = self.truth.start(person, player, item, self.clock.now, position)
        self._happened(stream, "play")
        return stream

    def change(self, stream, state):
        if stream.ended is None and stream.state != state:
            self.catch_up()
            stream.change(self.clock.now, state)
            self._happened(stream, "pause" if state == "paused" else "resume")

    def stop(self, stream):
        if stream.ended is None:
            self.catch_up()
            self.truth.stop(stream, self.clock.now)
            row = self.row_of(stream)
            if row["stopped"] - row["started"] >= 120:
                self.truth.history.append({**row, "row_id": len(self.truth.history) + 1})
            self._happened(stream, "stop")

    def cut(self, stream, reason):
        """Plex ends it, since Usher asked for it."""
        self.truth.cuts.append((self.clock.now, stream, reason))
        self.stop(stream)
        self.after_cut(stream)

    def row_of(self, s):
        """A row of Tautulli's history, by the machine's clock."""
        off = self.clock.offset
        ended = s.ended if s.ended is not None else self.clock.now
        return {
            "row_id": None, "user_id": s.person.id, "user": s.person.name, "machine_id": s.player,
            "session_key": s.key, "rating_key": s.item.key, "started": int(s.began + off), "stopped": int(ended + off),
            "play_duration": int(sum(b - a for a, b in s.stretches(ended=ended))),
            "media_type": "episode" if s.item.show else "movie", "full_title": s.item.title, "title": s.item.title,
            "grandparent_title": s.item.show, "player": f"TV of {s.person.id}", "platform": "Roku", "live": 0,
        }

    def _happened(self, stream, action):
        before = self.stale
        self.changed()
        if not self.tautulli_up:
            self.missed[stream.number] = (stream, action)
            return
        state, position = stream.state, stream.reported(self.clock.now)
        fate = self.event_fate()
        if fate == ("sent",) and stream.person.rules == house.FREE:
            self.stale = before             # the event has told it all
        for how in fate:
            late = {"sent": 0.06, "twice": 0.4}.get(how)
            if how != "lost":
                late = late or self.rng.uniform(1.0, 40.0)
                self.clock.after(late, self.fire, stream, action, state, position, self.clock.now)

    def fire(self, stream, action, state, position, made):
        """Tautulli starts the script. What an event says is of the moment at which it was made."""
        self.events += 1
        s, p, i = stream, stream.person, stream.item
        told = {
            "event": action, "session-key": s.key, "session-id": s.session_id, "user-id": p.id, "username": p.name,
            "machine-id": s.player, "player": f"TV of {p.id}", "platform": "Roku", "address": "192.168.1.2",
            "location": "lan", "rating-key": i.key, "media-type": "episode" if i.show else "movie", "title": i.title,
            "show": i.show, "library": i.library, "state": state, "offset": int(position * 1000),
            "duration": i.duration, "live": 0, "home": int(p.kind == "home"), "restricted": int(p.kind == "managed"),
        }
        arguments = [f"--{key}={value}" for key, value in told.items()]
        if not self.members.get(p.id):
            return
        self.usher.run("event", arguments, after=lambda process: self._took(process, stream, action, state, made))

    def _took(self, process, stream, action, state, made):
        if process.commits:
            stream.tell(self.clock.now, "stopped" if action == "stop" else state, made)

    # ---- Usher's timekeeper ----

    def changed(self):
        """Something is not as it was at the last look: the next look comes as soon as it would have."""
        self.catch_up()
        self.stale = True
        after = self.rng.uniform(0.0, self.pace())
        if self.keeper and self._leap:
            after = max(self._leap[0] + self.pace() - self.clock.now, 0.0)
            self._leap, self._short = None, True
        if self.keeper:
            self.clock.wake(self.keeper, after)

    def pace(self):
        """Seconds between two looks."""
        since = self.clock.now - self.truth.last_attempt()
        return 1.0 if since < 60 else 1.5 if since < 1800 else STEP

    def catch_up(self):
        """Write down what the looks that were left out would have: see above."""
        if self._leap is None:
            return
        since, sees = self._leap
        pace = self.pace()
        last = since + (self.clock.now - since) // pace * pace
        if last <= since:
            return
        self._leap = (last, sees)
        at, ledger = last + self.clock.offset, self.ledger
        with ledger.writing():
            if ledger.lease().holder:
                ledger.save_lease(ledger.lease()._replace(heartbeat=at))
            epoch = ledger.clock_epoch(at)
            for play in ledger.open_plays() if sees else ():
                stream = self.truth.open.get(play.session.session_key)
                if stream and stream.item.key == play.session.rating_key and play.epoch == epoch:
                    ledger.save_play(self._observed(play, stream, at))
                    self._tell(stream, play, last)

    def _observed(self, play, stream, at):
        """Look by look while a gap waits for late reports; what then goes on unchanged is one long look."""
        while play.seen < at - 0.001:
            gap = play.gap_ended and play.seen - play.gap_ended <= tracking.CATCHES_UP
            then = min(play.seen + STEP, at) if gap else at
            seen = play.session._replace(offset=stream.reported(then - self.clock.offset))
            with mock.patch.object(tracking, "CONTINUOUS", LEAP * 2):
                play = tracking.observe(play, seen, then, play.epoch)
        return play

    def _tell(self, stream, play, until):
        """It was seen all along: no gap, whatever was left out."""
        if stream.told and stream.told[-1][2] == play.session.state:
            stream.told[-1][1] = max(stream.told[-1][1], until)

    def look_at(self, ledger, config, holder, sessions, asked=float("inf")):
        """In place of keep_time.look_at: the same, and it is known what Usher saw."""
        listed, process = list(self.listed), clocks.here()
        before = process.commits
        self.looks += 1
        try:
            process.look = REAL_LOOK(ledger, config, holder, sessions, asked)
            return process.look
        finally:
            if process.commits > before:
                self._saw(listed)

    def _saw(self, listed):
        self.stale = False
        for stream in listed:
            stream.tell(self.clock.now, stream.state if stream.ended is None else "stopped")
        seen = {stream.number for stream in listed}
        for stream in self.truth.streams[-60:]:
            if stream.thought in ("playing", "paused") and stream.number not in seen:
                stream.tell(self.clock.now, "stopped")

    def keeper_sleeps(self, seconds):
        """In place of time.sleep for keep_time: as long as nothing changes it need not wake."""
        keeper, modes = clocks.here(), self.services.modes
        look = getattr(keeper, "look", None)
        trouble = seconds <= 1.0 and modes["plex"] in HARD
        if keeper.slept == self.looks:
            seconds = min(seconds, 1.0)                 # woken, and deaf yet (keep_time._wait): it listens soon
        keeper.slept = self.looks
        if seconds > STEP and not (look and look.watching):
            seconds = STEP                              # it leaves soon
        if look and any(verdict.stops for verdict in look.verdicts):
            seconds, self._short = min(seconds, self.pace()), True      # somebody does not obey: it looks and looks
        if trouble:
            seconds = self.rng.uniform(20.0, 40.0)      # it would have asked again and again meanwhile
        self._leap = (self.clock.now, not trouble) if seconds > 1.0 else None
        self.clock.sleep(seconds)
        self._leap = None

    def _before(self, process):
        self.catch_up()
        if process is self.keeper and (self._leap or self._short):
            self._leap, self._short = None, False       # so that it looks, and sleeps on no longer
            self.ledger.set_meta("campaign", self.looks)

    def _wrote(self, process):
        """Whoever waits for the ledger to change is told: the timekeeper asks ten times a second."""
        if self.keeper and process is not self.keeper and process.news:
            self.clock.wake(self.keeper, self.rng.uniform(0.0, 0.1))
        for one in self.clock.processes if process.posts else ():
            if one.kind == "errands" and one is not process:
                self.clock.wake(one, 0.25)

    def _died(self, process):
        if process.outcome is not clocks.Killed:
            self.crashes.append((self.clock.now, process.kind, repr(process.outcome)))
        self.deaths.append((self.clock.now, process.kind))

    # ---- the schedule ----

    def tick(self):
        """Once a minute."""
        self.clock.after(TICK, self.tick)
        if not self.tautulli_up:
            return
        full = int(self.clock.now // TICK) % 240 == 0
        if full or (self.keeper is None and (self._unseen() or self.waits())):
            self.ticks += 1
            self.usher.run("tick", ["tick"])

    def _unseen(self):
        """Whether a look would find something new, or a play with a limit goes on that nobody watches."""
        return self.stale or any(s.person.rules != house.FREE for s in self.truth.open.values())

    def until_message(self, most):
        """Seconds until the next message is due, or one whose sender died is asked about."""
        next_one = "SELECT MIN(COALESCE(claimed_at + 120, due)) FROM outbox WHERE sent_at IS NULL AND given_up = 0"
        due = self.ledger.db.execute(next_one).fetchone()[0]
        return most if due is None else min(max(due - self.clock.machine(), 0.0), most)

    def waits(self):
        """Whether a message could go out."""
        return self.until_message(1.0) <= 0.0

    # ---- members ----

    def accepted(self, person):
        return int(self.joined.get(person.id, self.clock.begun - 300 * house.DAY))

    def join(self, person):
        self.known[person.id] = self.members[person.id] = person
        self.joined[person.id] = self.clock.now

    def leave(self, path):
        """plex.tv is asked to remove somebody."""
        id = int("".join(c for c in path.rsplit("/", 1)[1] if c.isdigit()) or 0)
        id = id - 50000 if id > 50000 else id
        if id not in self.members:
            return 404, b"<errors/>"
        self.left.append((self.clock.now, self.members.pop(id)))
        return 204, b""


REAL_LOOK = keep_time.look_at
