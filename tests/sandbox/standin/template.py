"""From a notifier's argument line and a trigger's parameters to the arguments of the script."""
import re
import shlex
import string

from ..base import words

KINDS = ("movie", "show", "season", "episode", "artist", "album", "track")


class Formatter(string.Formatter):
    """Unknown names stay as they are, conversions !u !l !c, a format that does not fit is left out."""

    def get_value(self, key, args, kwargs):
        return kwargs.get(key, f"{{{key}}}") if isinstance(key, str) else super().get_value(key, args, kwargs)

    def convert_field(self, value, conversion):
        convert = {"s": str, "r": repr, "u": lambda v: str(v).upper(), "l": lambda v: str(v).lower(),
                   "c": lambda v: str(v).title()}.get(conversion)
        return convert(value) if convert else value

    def format_field(self, value, spec):
        try:
            return super().format_field(value, spec)
        except ValueError:
            return value or ""


def clean(line, media_type=""):
    """The line as it is before the split: parts meant for other media types and HTML tags are gone, and what is left of
    & < > outside of braces are entities."""
    for kind in KINDS:
        line = re.sub(f"</?{kind}>" if kind == media_type else f"<{kind}>.*?</{kind}>", "", line, flags=re.I | re.S)
    parts = re.split(r"({.+?})", line)
    parts[::2] = [_entities(re.sub(r"</?[a-zA-Z][^<>]*>", "", p)) for p in parts[::2]]
    return "".join(parts).strip(" \t\n\r")


def _entities(text):
    text = re.sub(r"&(?!(?:[a-zA-Z]+|#\d+|#x[0-9a-fA-F]+);)", "&amp;", text)
    return text.replace("<", "&lt;").replace(">", "&gt;")


def arguments(line, parameters, log):
    """Split like a shell first, substituted afterwards: a value stays one argument, whatever is in it. A line that
    cannot be split or filled in gives no arguments at all."""
    try:
        return [Formatter().format(word, **parameters) for word in shlex.split(line)]
    except LookupError as e:
        log("ERROR", f"Tautulli NotificationHandler :: Unable to parse parameter {e} in script argument. "
                     "Using fallback.")
    except (ValueError, TypeError, AttributeError) as e:
        log("ERROR", f"Tautulli NotificationHandler :: Unable to parse custom script arguments: {e}. Using fallback.")
    return []


# ---- parameters ----

# Known names that are simply empty where nothing fills them. Names that are in neither list arrive literally.
EMPTY = words("""
    user_thumb device platform_version product_version container_decision video_decision audio_decision
    subtitle_decision optimized_version optimized_version_profile synced_version stream_container stream_bitrate
    stream_aspect_ratio stream_video_codec stream_video_bitrate stream_video_framerate stream_video_resolution
    stream_video_height stream_video_width stream_audio_codec stream_audio_bitrate transcode_container
    transcode_video_codec transcode_audio_codec extra_type edition_title track_artist release_date air_date
    added_date updated_date last_viewed_date studio directors writers actors genres labels collections summary
    tagline rating critic_rating audience_rating user_rating container bitrate aspect_ratio video_codec
    video_bitrate video_resolution video_full_resolution video_dynamic_range audio_codec audio_channels
    subtitle_codec subtitle_language file filename file_size file_size_bytes indexes art thumb parent_thumb
    grandparent_thumb poster_thumb poster_title poster_url imdb_id imdb_url thetvdb_id thetvdb_url themoviedb_id
    themoviedb_url tvmaze_id tvmaze_url musicbrainz_id musicbrainz_url lastfm_url trakt_url plex_id plex_url guid
    section_id ip_address player platform product machine_id session_key session_id transcode_key user_id
    rating_key parent_rating_key grandparent_rating_key media_type library_name content_rating year view_offset
    initial_stream quality_profile channel_call_sign channel_identifier channel_title live""")
COPIED = [n for n in EMPTY if n not in ("directors", "writers", "actors", "genres", "labels", "collections")]


def server(host, action):
    """Parameters of a trigger that is of no stream and no item."""
    import datetime
    now = datetime.datetime.now().astimezone()
    return {"tautulli_version": "v2.17.2", "server_name": host.plex.name, "server_ip": "127.0.0.1",
            "server_port": host.plex.port, "server_url": host.plex.url, "server_platform": "Linux",
            "server_machine_id": host.plex.machine_id, "action": action[3:], "unixtime": int(now.timestamp()),
            "datestamp": f"{now:%Y-%m-%d}", "timestamp": f"{now:%H:%M}", "current_year": now.year,
            "current_month": now.month, "current_day": now.day, "current_hour": now.hour,
            "current_minute": now.minute, "current_second": now.second, "current_weekday": now.isoweekday(),
            "current_week": now.isocalendar()[1], "week_number": now.isocalendar()[1]}


def media(host, action, told):
    """Parameters of a trigger of a stream (a row of the sessions table and more) or of an added item."""
    base = server(host, action)
    now, key = base["unixtime"], str(told.get("session_key", ""))
    streams = host.store.all("SELECT * FROM sessions")
    if action == "on_stop":
        streams = [s for s in streams if str(s["session_key"]) != key]
    mine = [s for s in streams if told.get("user_id") not in (None, "") and s["user_id"] == told["user_id"]]
    seconds = 0 if action == "on_play" else now - int(told.get("started") or 0) - int(told.get("paused_counter") or 0)
    length, at = int(told.get("duration") or 0) // 1000, int(told.get("view_offset") or 0) // 1000
    decision = {"transcode": "Transcode", "copy": "Direct Stream"}
    lists = {k: ", ".join(told.get(k) or ()) for k in ("genres", "labels", "directors", "actors")}
    text = {k: told.get(k, "") for k in COPIED}
    parts = {"show_name": "grandparent_title", "season_name": "parent_title", "episode_name": "title",
             "artist_name": "grandparent_title", "album_name": "parent_title", "track_name": "title"}
    return {
        **told, **dict.fromkeys(EMPTY, ""), **{k: "" if v is None else v for k, v in text.items()}, **lists, **base,
        **{k: told.get(v) or "" for k, v in parts.items()},
        "user": told.get("friendly_name", ""), "username": told.get("user", ""), "user_email": told.get("email", ""),
        "ip_address": told.get("ip_address", "N/A" if key else ""), "title": told.get("full_title", ""),
        "session_key": key and told["session_key"], "streams": len(streams), "user_streams": len(mine),
        "stream_location": told.get("location", ""), "stream_bandwidth": told.get("bandwidth", ""),
        "stream_local": told.get("local", ""), "secure": told.get("secure", ""), "relayed": told.get("relayed", ""),
        "started_unixtime": told.get("started", ""), "stopped_unixtime": told.get("stopped", ""),
        "stream_duration_sec": seconds, "stream_duration": round(seconds / 60),
        "progress_duration_sec": at, "progress_duration": round(at / 60),
        "remaining_duration_sec": length - at, "remaining_duration": round(length / 60) - round(at / 60),
        "progress_percent": int(100 * at / length) if length else 0, "duration": round(length / 60),
        "duration_sec": length, "duration_ms": told.get("duration", ""),
        "transcode_decision": decision.get(told.get("transcode_decision"), "Direct Play"),
        "season_num": str(told.get("parent_media_index") or "").zfill(1),
        "season_num00": str(told.get("parent_media_index") or "").zfill(2),
        "episode_num": str(told.get("media_index") or "").zfill(1),
        "episode_num00": str(told.get("media_index") or "").zfill(2)}
