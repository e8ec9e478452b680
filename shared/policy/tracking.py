"""How a play grows: from what is seen of it, now and then, to the stretches in which it was playing.

Events and looks at Plex's session list arrive at odd moments. Between two of them that are close together the play went
on as it was. A longer silence (the timekeeper was dead, or Plex was) is a gap: of it only what the view offset has
moved is charged, at most the whole, never less than nothing, and nothing for Live TV, whose offset means nothing.
Players report their offset only every 10 s, so a gap is looked at again until the reports have caught up.
"""

from __future__ import annotations

from shared.model import Play, Session

CONTINUOUS = 15.0  # the poll interval plus the 10 s in which players report
CATCHES_UP = 30.0  # how long after a gap late reports still count for it


def observe(play: Play, session: Session, now: float, epoch: int) -> Play:
    """The play after it was seen once more. `epoch` is that of the clock: another one than the play's means that the
    clock was set back in between, and the time between the two sights is unknown."""
    if epoch != play.epoch:
        return _keep(play, session)._replace(seen=now, epoch=epoch, gap_ended=0.0)
    now = max(now, play.seen)  # what two processes saw in the same moment may be written down in either order
    elapsed = now - play.seen
    was_playing = play.session.state == "playing"
    if elapsed > CONTINUOUS:  # even if it had paused before: who knows when it was resumed
        play = play._replace(gap_began=play.seen, gap_ended=now, gap_offset=play.session.offset or 0.0)
        play = _stretch(play, now, now)
    elif was_playing and elapsed > 0:
        play = _stretch(play, play.seen, now)
    return _keep(_fill_gap(play, session, now), session)._replace(seen=now)


def close(play: Play, now: float) -> Play:
    """The play is over, as far as is known since it was last seen."""
    return play._replace(ended=now, session=play.session._replace(state="stopped"))


def same(play: Play, session: Session) -> bool:
    """Whether the session is this play going on: in Plex's list session key, machine, user and item make a play."""
    mine = play.session
    return (mine.session_key, mine.machine_id, mine.user_id, mine.rating_key) == (
        session.session_key, session.machine_id, session.user_id, session.rating_key,
    )  # fmt: skip


def _stretch(play: Play, began: float, ended: float) -> Play:
    """Make the newest span reach to `ended`, or begin another one."""
    if play.seq and play.span_ended == began and play.span_denied == play.denied:
        return play._replace(span_ended=ended)
    return play._replace(seq=play.seq + 1, span_began=began, span_ended=ended, span_denied=play.denied)


def _fill_gap(play: Play, session: Session, now: float) -> Play:
    """Charge what the view offset says of the last gap, by drawing the span behind it backwards into the gap."""
    live = session.live or play.session.live
    if not play.gap_ended or session.offset is None or live or now - play.gap_ended > CATCHES_UP:
        return play
    if play.span_ended < play.gap_ended or play.span_began > play.gap_ended:
        return play._replace(gap_ended=0.0)  # it has paused since: another span is the newest
    advanced = session.offset - play.gap_offset - (play.span_ended - play.gap_ended)
    charge = min(max(advanced, 0.0), play.gap_ended - play.gap_began)
    return play._replace(span_began=min(play.span_began, play.gap_ended - charge))


def _keep(play: Play, session: Session) -> Play:
    """What an observation tells of the session; what it does not tell stays as it was."""
    old = play.session
    offset = old.offset if session.offset is None else session.offset
    merged = Session._make(told or known for told, known in zip(session, old, strict=True))
    return play._replace(session=merged._replace(offset=offset))
