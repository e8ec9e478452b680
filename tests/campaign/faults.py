"""What goes wrong, and when: drawn from the seed. `log` is the record of it that the referee gets."""
from tests.campaign.house import DAY, H, M
from tests.campaign.services import HARD

KINDS = {  # service -> (how often a month, shortest, longest, ways)
    "plex": (16, 8, 25 * M, ("refused", "refused", "hang", "500", "garbage", "half", "nothing", "slow", "401", "empty",
                             "lacking")),
    "tautulli": (12, 10, 3 * H, ("refused", "hang", "500", "garbage", "half", "nothing", "slow", "deafmute", "empty")),
    "plextv": (9, 10 * M, 30 * H, ("refused", "hang", "500", "429", "half", "empty", "lacking", "slow")),
    "smtp": (9, 5 * M, 10 * H, ("refused", "hang", "421", "grey", "login", "full", "deafmute", "slow")),
    "discord": (6, 5 * M, 6 * H, ("refused", "hang", "500", "429", "deafmute", "slow")),
    "ledger": (8, 2, 3 * M, ("locked", "full")),
}
JUMPS = (3 * H, -2 * H, 70.0, -90.0, 25 * H, -4.0)
FULL, LOCKED = "database or disk is full", "database is locked"


class Faults:
    """log: (kind, way, from, to) in true time. intensity 0: nothing ever goes wrong."""

    def __init__(self, world, clock, services, rng, days, intensity=1.0):
        self.world, self.clock, self.services, self.rng, self.intensity = world, clock, services, rng, intensity
        self.log, self.ledger_mode, self.days = [], "", days
        clock.at_statement = self._statement
        if intensity:
            world.event_fate, world.fate = self._event, self._fate

    def begin(self):
        rng, clock, end = self.rng, self.clock, self.clock.begun + self.days * DAY
        for kind, (often, shortest, longest, ways) in KINDS.items():
            for _ in range(round(often * self.days / 30 * self.intensity)):
                length = shortest * (longest / shortest) ** rng.random()
                at = min(self._moment(), end - length)
                clock.at(at, self._set, kind, rng.choice(ways), length)
        if not self.intensity:
            return
        for _ in range(max(round(self.days / 8), 1)):
            clock.at(self._moment(), self._restart_tautulli, rng.uniform(5, 600))
            clock.at(self._moment(), self._restart_plex, rng.uniform(5, 120))
            clock.at(self._moment(), self._jump, rng.choice(JUMPS), rng.uniform(20, 2 * H))
        for _ in range(round(self.days / 2)):
            clock.at(self._moment(), self._kill_keeper)
        for _ in range(2):
            clock.at(self._moment(), self._kill_all)

    def _moment(self):
        """Most go wrong in the evening, when there is somebody to suffer."""
        day = self.clock.begun + self.rng.randrange(self.days) * DAY
        return day + (self.rng.uniform(11 * H, 20 * H) if self.rng.random() < 0.75 else self.rng.uniform(0, DAY))

    # ---- services and the ledger ----

    def _set(self, kind, way, length):
        now = self.clock.now
        if self.services.modes.get(kind) or (kind == "ledger" and self.ledger_mode):
            return
        self.world.catch_up()
        self.log.append((kind, way, now, now + length))
        if kind == "ledger":
            self.ledger_mode = way
        else:
            self.services.modes[kind] = way
        self.world.changed()
        self.clock.after(length, self._heal, kind)

    def _heal(self, kind):
        self.world.catch_up()
        if kind == "ledger":
            self.ledger_mode = ""
        else:
            self.services.modes[kind] = ""
        self.world.changed()

    def _statement(self, process, db, sql):
        if not self.ledger_mode or not db.is_ledger or process.kind == "command":
            return
        import sqlite3

        writes = sql[:6] in ("INSERT", "UPDATE", "DELETE")
        if self.ledger_mode == "full" and (writes or (sql == "COMMIT" and db.total_changes > db.before)):
            raise sqlite3.OperationalError(FULL)
        if self.ledger_mode == "locked" and (sql == "BEGIN IMMEDIATE" or (writes and not db.in_transaction)):
            waited = 0.0
            while self.ledger_mode == "locked":
                if waited >= db.patience:
                    raise sqlite3.OperationalError(LOCKED)
                self.clock.sleep(0.5)
                waited += 0.5

    # ---- restarts, jumps, kills ----

    def _restart_tautulli(self, length):
        if not self.world.tautulli_up:
            return
        self.log.append(("tautulli", "restart", self.clock.now, self.clock.now + length))
        self.world.tautulli_up, before = False, self.services.modes["tautulli"]
        self.services.modes["tautulli"] = before or "refused"

        def up():
            self.world.tautulli_up = True
            if not before:
                self.services.modes["tautulli"] = ""
            missed, self.world.missed = self.world.missed, {}
            for stream, action in missed.values():      # what happened while it was down is fired at its start
                if action != "resume" and not (stream.ended and action == "play"):
                    self.world.fire(stream, "stop" if stream.ended else action, stream.state,
                                    stream.reported(self.clock.now), self.clock.now)
        self.clock.after(length, up)

    def _restart_plex(self, length):
        """All streams end; for a while nobody answers; then the session keys begin anew."""
        if self.services.modes["plex"]:
            return
        self._set("plex", "refused", length)
        for stream in list(self.world.truth.open.values()):
            self.world.stop(stream)
        self.world.truth.restart_plex()

    def _jump(self, seconds, length):
        """The machine's clock is wrong for a while."""
        if self.clock.offset:
            return
        self.log.append(("clock", f"{seconds:+.0f} s", self.clock.now, self.clock.now + length))
        self._turn(seconds)
        self.clock.after(length, self._turn, 0.0)

    def _turn(self, offset):
        self.world.catch_up()
        self.clock.set_machine(offset)
        self.world.changed()

    def _kill_keeper(self):
        if self.world.keeper:
            self.clock.kill(self.world.keeper)

    def _kill_all(self):
        """A container that is started anew."""
        for process in list(self.clock.processes):
            self.clock.kill(process)

    # ---- events and processes ----

    def _event(self):
        drawn = self.rng.random()
        return (("lost",) if drawn < 0.04 else ("sent", "twice") if drawn < 0.07 else ("late",) if drawn < 0.11
                else ("sent", "late") if drawn < 0.13 else ("sent",))

    def _fate(self, kind):
        chance, reach = {"keeper": (0.2, 3000), "agent": (0.15, 250), "event": (0.04, 50), "tick": (0.03, 40)}.get(
            kind, (0.0, 1))
        return self.rng.randrange(reach) if self.rng.random() < chance else None


def hard(log):
    """Of the faults of Plex those in which nobody could be stopped."""
    return [(a, b) for kind, way, a, b in log if kind == "plex" and way in (*HARD, "slow")]
