"""The judge of everything else: nobody removed wrongly, no message twice or lost, no secret told, a sound ledger."""
from collections import Counter

from tests.campaign import calendars, house, knowledge
from tests.campaign.house import DAY, H
from tests.campaign.intervals import length, union
from tests.campaign.referee import JUMP

CLOCKS = H + 60                         # by so much a clock may be wrong before Usher does nothing by it
GRACE, REMOVE_AFTER, MIN_NOTICE, MOST = DAY, 13 * DAY, 2 * DAY, 2
WITHDRAWN = ("withdrawn", "too late for a warning")
SLACK = 3.0                             # seconds by which what was charged of an item may differ from the truth
HANDED_OVER = "handed over, but the process"


def people(month):
    """Removals: of the right ones, after a warning that arrived, not too many at once."""
    wrong, world = [], month.world
    approved = {row[0] for row in month.rows("SELECT user_id FROM removals WHERE approved = 1")}
    for at, person in world.left:
        base, history = _last_play(month, person, at), [p for t, p in world.left if 0 <= at - t < DAY]
        base = max(base, world.joined.get(person.id, 0.0) + GRACE if person.id in world.joined else 0.0)
        warned = [x.at for x in world.letters if x.to == person.email and " ends" in x.subject and base < x.at < at]
        if person.role == "vip" or person.kind in ("owner", "home", "managed"):
            wrong.append(_line(month, at, person, "never removed", "removed"))
        if any(s.person is person and s.began <= at <= (s.ended or at) for s in month.truth.streams):
            wrong.append(_line(month, at, person, "not removed while watching", "removed"))
        dated = base + min(month.offset_at(base), 0.0)      # what was played while the clock was behind is dated so
        if at - dated < REMOVE_AFTER - CLOCKS:
            away = f"removed after {(at - base) / DAY:.2f} days"
            wrong.append(_line(month, at, person, "13 days without a play", away))
        if not any(at - one >= MIN_NOTICE - CLOCKS for one in warned):
            wrong.append(_line(month, at, person, "a warning that arrived two days before", "removed without"))
        if len([p for p in history if p.id not in approved]) > MOST:
            wrong.append(_line(month, at, person, f"{MOST} removals in 24 hours", f"{len(history)}"))
    return wrong


def _last_play(month, person, before):
    """The end of the last play that Usher or Tautulli can know of."""
    ends = [row["stopped"] for row in month.truth.history if row["user_id"] == person.id and row["row_id"] <= 200]
    ends = [end for end in ends if end < month.clock.begun]
    for s in month.truth.streams:
        if s.person is person and s.began < before and (s.told or (s.ended or before) - s.began >= 120):
            ends.append(min(s.ended or before, before))
    return max(ends, default=0.0)


def messages(month):
    """Each occasion arrives once: what stands in the outbox, and what the truth says must have been told."""
    return [*_letters(month), *_rows(month), *_posts(month), *_waiting(month), *_must_be_told(month)]


def _letters(month):
    """A letter that the server is known to have taken comes once; one of which nobody knows may come again."""
    wrong, known = [], set()
    for letter in month.world.letters:
        if letter.id in known:
            wrong.append(f"{calendars.clock(letter.at)}: expected: once; seen again: {letter.subject!r} to {letter.to}")
        if letter.known:
            known.add(letter.id)
    ids = {letter.id for letter in month.world.letters}
    sent = month.rows("SELECT COUNT(*) FROM outbox WHERE kind IN ('mail', 'owner_mail') AND sent_at > 0 AND error = ''")
    unsure = month.rows("SELECT COUNT(*) FROM outbox WHERE kind IN ('mail', 'owner_mail') AND error != ''")
    if not sent[0][0] <= len(ids) <= sent[0][0] + unsure[0][0]:
        wrong.append(f"expected: {sent[0][0]} letters, {unsure[0][0]} more at the most; seen: {len(ids)}")
    return wrong


def _rows(month):
    """Tautulli's Notification Logs against the outbox."""
    dropped = _dropped(month)
    arrived = Counter((row["notifier_id"], row["subject_text"],
                       "" if row["subject_text"] in dropped else row["body_text"]) for row in month.services.rows)
    wanted = Counter()
    for kind, to, subject, body, gave_up in month.rows(
            "SELECT kind, recipient, subject, body, given_up FROM outbox WHERE kind IN ('journal', 'owner')"):
        if not gave_up:
            wanted[house.JOURNAL if kind == "journal" else int(to or house.NOTIFIER), subject, body] += 1
    return [f"expected: {wanted[one]} times; seen: {arrived[one]} times: row {one}" for one in wanted | arrived
            if wanted[one] != arrived[one] and not _given_up(month, one)]


def _dropped(month):
    """Subjects of messages whose text is not kept for long."""
    return {row[0] for row in month.rows("SELECT subject FROM outbox WHERE body = '' AND sent_at > 0")}


def _given_up(month, one):
    """Whether it was given up, but may have gone out before."""
    return bool(month.rows("SELECT 1 FROM outbox WHERE subject = ? AND body = ? AND given_up = 1", one[1], one[2]))


def _posts(month):
    dropped = {_plain(subject) for subject in _dropped(month)}
    posts = [(_plain(title), "" if _plain(title) in dropped else _plain(text), heard)
             for _, title, text, heard in month.world.posts]
    known, ever = Counter(post[:2] for post in posts if post[2]), {post[:2] for post in posts}
    wanted, sure = Counter(), set()
    for subject, body, sent, error in month.rows(
            "SELECT subject, body, sent_at, error FROM outbox WHERE kind = 'discord'"):
        wanted[_plain(subject), _plain(body)] += 1
        if sent and not error:
            sure.add((_plain(subject), _plain(body)))
    twice = [f"expected: once on Discord; seen {known[one]} times: {one}" for one in known if known[one] > wanted[one]]
    return twice + [f"expected: on Discord; seen: never: {one}" for one in sure - ever]


def _plain(text):
    """Without what Discord's formatting needs, nor what is cut off."""
    return text.replace("\\", "").replace("\u200b", "")[:100]


def _waiting(month):
    """A day after the last fault nothing waits any more, and nothing was given up but for a reason."""
    wrong = [f"expected: sent; seen: waits in the outbox: {row}" for row in month.rows(
        "SELECT key, kind, attempts, error, due, claimed_at FROM outbox WHERE sent_at IS NULL AND given_up = 0")]
    for key, to, error in month.rows("SELECT key, recipient, error FROM outbox WHERE given_up = 1"):
        if error not in WITHDRAWN and not to.startswith("deadbox"):
            wrong.append(f"expected: sent; seen: given up: {key}: {error}")
    return wrong


def _must_be_told(month):
    """Of who came and who was removed, one letter to each and one word to the owner; of every cut a row."""
    wrong, world = [], month.world
    lost = month.rows("SELECT COUNT(*) FROM outbox WHERE error LIKE ?", HANDED_OVER + "%")[0][0]
    for words, happened in ((" has ended", world.left), ("Welcome", _joined(month))):
        for at, person in happened:
            ids = {x.id for x in world.letters if x.to == person.email and words in x.subject}
            if len(ids) != 1 and not (lost and not ids):
                wrong.append(_line(month, at, person, f"one letter: {words.strip()}", f"{len(ids)}"))
            word = " removed" if words == " has ended" else " has joined"
            rows = [r for r in month.services.rows if r["notifier_id"] == house.NOTIFIER and word in r["subject_text"]
                    and _called(person) in r["subject_text"]]
            if len(rows) != 1:
                wrong.append(_line(month, at, person, f"one word to the owner:{word}", f"{len(rows)}"))
    stopped = [r["body_text"] for r in month.services.rows if r["subject_text"].startswith("Usher: stopped")]
    for at, stream, _ in month.truth.cuts:
        if not any(stream.item.title in text for text in stopped):
            wrong.append(_line(month, at, stream.person, "a row about the cut", "none"))
    return wrong


def _called(person):
    """What no other name has in it."""
    return person.name.rsplit(" ", 1)[1] if person.role != "new" else person.name.rsplit(" ", 1)[0]


def _joined(month):
    world, enough = month.world, month.ended - 2 * DAY
    return [(at, world.known[id]) for id, at in world.joined.items() if at < enough]


# ---- the ledger, the logs ----


def soundness(month):
    """The ledger's file is whole, what it holds is the truth, nothing broke, and no secret stands anywhere."""
    wrong = [f"ledger: {row}" for row in month.rows("PRAGMA integrity_check") if row[0] != "ok"]
    wrong += [f"ledger: foreign key: {row}" for row in month.rows("PRAGMA foreign_key_check")]
    wrong += [f"ledger: expected: ended; seen: open: {row}" for row in month.rows(
        "SELECT id, user, title, began, seen FROM plays WHERE ended IS NULL")]
    wrong += [f"ledger: a span runs backwards: {row}" for row in month.rows(
        "SELECT * FROM spans WHERE ended < began - 0.001")]
    wrong += [f"ledger: two spans of a play overlap: {row}" for row in month.rows(
        "SELECT a.play_id, a.seq, a.ended, b.began FROM spans a JOIN spans b ON b.play_id = a.play_id "
        # what catches up of a gap right before a denial is drawn from both: each second of it is charged once
        "AND b.seq > a.seq AND b.epoch = a.epoch AND b.denied = a.denied AND b.began < a.ended - 0.01")]
    stuck = "SELECT name, step, attempts, error FROM removals WHERE ended_at IS NULL AND planned_at < ?"
    wrong += [f"a removal is stuck: {row}" for row in month.rows(stuck, month.ended - 2 * DAY)]
    wrong += _charges(month)
    wrong += [f"a fault of Usher's own: {what}" for what in month.world.crashes]
    wrong += [line[:300] for line in month.log.splitlines() if "fault of Usher's own" in line]
    return wrong + _secrets(month)


def _charges(month):
    """What the ledger holds of each item against what must, and what may have been charged of it."""
    stretches, held = {}, Counter()
    for key, *of, began, ended in month.rows("SELECT rating_key, s.epoch, s.play_id, s.began, s.ended FROM plays p "
                                             "JOIN spans s ON s.play_id = p.id"):
        stretches.setdefault((key, *of), []).append((began, ended))
    for (key, *_), pieces in stretches.items():
        held[key] += length(union(pieces))
    least, most, of = Counter(), Counter(), {}
    for s in month.truth.streams:
        turned = sum(s.began < at < (s.ended or 9e12) for at, _ in month.clock.regimes[1:])
        slack = SLACK + 0.2 * len(s.changes) + JUMP * turned
        least[s.item.key] += length(knowledge.sure(month, s)) - slack
        most[s.item.key] += length(knowledge.maybe(month, s)) + slack
        of[s.item.key] = s
    return [_line(month, of[key].began, of[key].person, f"{least[key]:.0f} to {most[key]:.0f} s charged of {key}",
                  f"{held[key]:.1f} s")
            for key in of if not least[key] <= held[key] <= most[key]]


def _secrets(month):
    said = [("usher.log", month.log), ("output", "\n".join(month.said.lines)),
            ("rows", "\n".join(r["subject_text"] + r["body_text"] for r in month.services.rows)),
            ("Discord", "\n".join(title + text for _, title, text, _ in month.world.posts))]
    secrets = (house.TOKEN, house.APIKEY, house.PASSWORD, house.HOOK, house.ADMIN, ".private@")
    return [f"a secret ({one[:8]}…) stands in {where}" for where, text in said for one in secrets if one in text]


def _line(month, at, person, expected, seen):
    return (f"day {int((at - month.clock.begun) // DAY) + 1}, {calendars.clock(at)}: {person.key} ({person.id}): "
            f"expected: {expected}; seen: {seen}")
