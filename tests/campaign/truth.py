"""What really happens: who plays what on which player, second by second, and what Usher was told of it."""
import bisect

REPORT = 10.0       # seconds between a player's reports of its position


class Stream:
    """One play. `changes` are (when, state) in true time, the last one "stopped" once it has ended. `told` are the
    stretches [from, to, state, of when] in which Usher was told of it, by an event that it took in or a list that it
    read; what an event that comes late says is of an earlier moment."""

    def __init__(self, number, key, person, player, item, now, position=0.0):
        self.number, self.key, self.person, self.player, self.item = number, key, person, player, item
        self.session_id = f"sess{number:06d}"
        self.began, self.ended, self.cut = now, None, None
        self.changes, self.told = [(now, "playing")], []
        self.positions = [(now, position)]
        self.deaf = self.deaf_at_first = 0      # so many stops it ignores

    @property
    def state(self):
        return self.changes[-1][1]

    def change(self, now, state):
        self.positions.append((now, self.position(now)))
        self.changes.append((now, state))
        if state == "stopped":
            self.ended = now

    def position(self, now):
        """Seconds into the item."""
        at, position = self.positions[-1]
        return position + (now - at if self.state == "playing" else 0.0)

    def reported(self, now):
        """The position that Plex knows: players report every ten seconds and at each change."""
        at, position = self.positions[-1]
        return position + ((now - at) // REPORT * REPORT if self.state == "playing" else 0.0)

    def stretches(self, began=float("-inf"), ended=float("inf")):
        """(from, to) of its playing between two true moments."""
        found = []
        for (at, state), (until, _) in zip(self.changes, [*self.changes[1:], (ended, "")], strict=False):
            if state == "playing" and max(at, began) < min(until, ended):
                found.append((max(at, began), min(until, ended)))
        return found

    def tell(self, now, state, of=None):
        """Usher hears that it is in this state, or was at the moment `of`."""
        if self.told and self.told[-1][2] == state and now - self.told[-1][1] <= 15.0:
            self.told[-1][1] = max(self.told[-1][1], now)
        else:
            self.told.append([max(now, self.told[-1][1]) if self.told else now, now, state, now if of is None else of])

    @property
    def thought(self):
        """The state that Usher takes it to be in, "" where it never heard of it."""
        return self.told[-1][2] if self.told else ""


class Item:
    """Something to watch, each stream something else."""

    def __init__(self, number, library, show, title, duration):
        self.key, self.library, self.show, self.title, self.duration = str(number), library, show, title, duration


class Truth:
    """The streams of all, those that are open in Plex, and Tautulli's history."""

    def __init__(self):
        self.streams, self.open, self.history = [], {}, []
        self.cuts = []                  # (true moment, stream, reason shown)
        self.attempts = []              # true moments at which Usher asked for a stop
        self._keys = 0

    def start(self, person, player, item, now, position=0.0):
        self._keys += 1
        stream = Stream(len(self.streams) + 1, str(self._keys), person, player, item, now, position)
        self.streams.append(stream)
        self.open[stream.key] = stream
        return stream

    def stop(self, stream, now):
        stream.change(now, "stopped")
        self.open.pop(stream.key, None)

    def restart_plex(self):
        """Plex counts its sessions anew."""
        self._keys = 0
        self.open.clear()

    def last_attempt(self):
        return self.attempts[-1] if self.attempts else float("-inf")


def of_regimes(regimes, began, ended):
    """(from, to, offset) between two true moments: pieces in which the machine's clock ran on without a jump."""
    starts = [at for at, _ in regimes]
    first = max(bisect.bisect_right(starts, began) - 1, 0)
    for (at, offset), until in zip(regimes[first:], [*starts[first + 1:], float("inf")], strict=True):
        if at >= ended:
            return
        if max(at, began) < min(until, ended):
            yield max(at, began), min(until, ended), offset
