"""What everybody does all month: they sit down to watch, pause, go on, come back after they were stopped; and the owner
gives a bonus, locks somebody out for an evening, lets the refused plan of removals pass."""
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.campaign import house
from tests.campaign.house import DAY, H, M
from tests.campaign.truth import Item

HOURS = (7, 9, 13, 15, 16, 17, 18, 18, 19, 19, 20, 20, 21, 22, 23, 25)   # after midnight, when people sit down


class Lives:
    """Plans a day at a time. `grants` are (kind, key, true moment, true end) that the owner's commands have given."""

    def __init__(self, world, clock, rng, first_day, days):
        self.world, self.clock, self.rng, self.first_day, self.days = world, clock, rng, first_day, days
        self.items, self.grants, self.zone = 0, [], ZoneInfo(house.ZONE)
        self.again = {}
        world.after_cut = self._was_cut

    def begin(self):
        self._past()
        for day in range(self.days):
            self.clock.at(self._at(day, 5 * H), self._plan, day)
        for number in range(3):
            self.clock.at(self._at(self.rng.randrange(2, self.days), self.rng.uniform(0, DAY)), self.world.join,
                          house.newcomer(number))
        for person in self.world.members.values():
            if person.role == "waverer":        # warned when they have been away for ten days, they come back
                self.clock.at(self._at(8 + self.rng.randrange(4), 20 * H), self._sit_down, person)

    def _at(self, day, seconds):
        on = datetime.combine(self.first_day + timedelta(day), datetime.min.time(), self.zone)
        return on.timestamp() + seconds

    def _past(self):
        """What was played before: somebody every other day, and those who drift away until yesterday."""
        begun, history = self.clock.begun, self.world.truth.history
        regulars = [p for p in self.world.members.values() if p.role in ("regular", "owner")]
        last = {p.id: begun - self.rng.uniform(2, 4) * DAY for p in self.world.members.values()
                if p.role in ("waverer", "drifter", "deadbox", "vip", "home")}
        plays = [(begun - n * DAY, self.rng.choice(regulars)) for n in range(1, 75)]
        plays += [(at, self.world.known[id]) for id, at in last.items()]
        plays += [(begun - self.rng.uniform(9, 9.5) * DAY, p) for p in self.world.members.values() if p.id not in last]
        for at, person in sorted(plays, key=lambda play: play[0]):
            history.append({
                "row_id": len(history) + 1, "user_id": person.id, "user": person.name, "machine_id": person.players[0],
                "session_key": "0", "rating_key": "1", "started": int(at), "stopped": int(at) + 1800,
                "play_duration": 1800, "media_type": "movie", "full_title": "Past", "title": "Past",
                "grandparent_title": "", "player": f"TV of {person.id}", "platform": "Roku", "live": 0})

    def _plan(self, day):
        for person in list(self.world.members.values()):
            count = self.rng.choices((0, 1, 2, 3), (1, person.habit, person.habit**2 / 2, person.habit**3 / 6))[0]
            for _ in range(count if person.habit else 0):
                when = self.rng.choice(HOURS) * H + self.rng.uniform(-H, H)
                self.clock.at(self._at(day, when), self._sit_down, person)
        if self.rng.random() < 0.3:
            self.clock.at(self._at(day, self.rng.uniform(14, 19) * H), self._grant)
        if day % 4 == 3:
            self.clock.at(self._at(day, 12 * H), self._approve)

    def _sit_down(self, person, item=None, position=0.0, plan=None):
        rng, world = self.rng, self.world
        if person.id not in world.members:
            return
        busy = {s.player for s in world.truth.open.values()}
        free = [player for player in person.players if player not in busy]
        mine = [s for s in world.truth.open.values() if s.person.key == person.key]
        if not free or len(mine) > 1 or (mine and rng.random() < 0.5 and item is None):
            return
        if item is None:
            self.items += 1
            library, show = rng.choice((("Movies", ""), ("TV", "Show"), ("TV", "Trash"), ("Horror", "")))
            title = f"Title {self.items} <&> \"'@everyone"
            item = Item(1000 + self.items, library, show, title, rng.randrange(20, 170) * M)
        stream = world.start(person, rng.choice(free), item, position)
        if rng.random() < 0.1:
            stream.deaf = stream.deaf_at_first = rng.choice((1, 1, 2))
        at, left = self.clock.now, item.duration - position
        while left > 0:
            sitting = min(left, rng.choice((rng.uniform(60, 900), rng.uniform(600, 4000), 9e9)))
            at, left = at + sitting, left - sitting
            if left <= 0 or rng.random() < 0.1:
                break
            pause = rng.choice((rng.uniform(3, 60), rng.uniform(60, 800), rng.uniform(800, 2500)))
            self.clock.at(at, world.change, stream, "paused")
            self.clock.at(at + pause, world.change, stream, "playing")
            at += pause
        self.clock.at(at, world.stop, stream)

    def _was_cut(self, stream):
        """Most press play again, some of them again and again."""
        key = stream.person.key
        tries = self.again[key] = self.again.get(key, 0) + 1
        if tries <= 4 and self.rng.random() < 0.6:
            wait = self.rng.choice((self.rng.uniform(2, 20), self.rng.uniform(60, 1500)))
            self.clock.after(wait, self._sit_down, stream.person, stream.item, stream.position(self.clock.now))
        else:
            self.again[key] = 0

    # ---- the owner ----

    def _grant(self):
        kids = [p for p in self.world.members.values() if p.role == "kid"]
        person = self.rng.choice(kids)
        command = self.rng.choice((["bonus", str(person.id), "30m"], ["lock", str(person.id), "until", "23:30"]))
        asked = self.clock.now

        def after(process):
            if process.outcome == 0 or process.commits:
                self.grants.append((command[0], person.key, asked, self.clock.now))
        self.world.usher.run("command", command, after=after, unharmed=True)

    def _approve(self):
        """The owner reads that a plan was refused, and says yes."""
        row = self.world.ledger.db.execute("SELECT MAX(id) FROM plans WHERE approved_at IS NULL").fetchone()[0]
        if row is not None:
            self.world.approved.append((self.clock.now, row))
            self.world.usher.run("command", ["--approve", str(row)], "prune_users")
