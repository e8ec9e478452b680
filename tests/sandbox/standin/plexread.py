"""What the stand-in asks Plex and plex.tv, and how it understands the answers."""
from xml.etree import ElementTree

import requests

TIMEOUT = 15
TEXTS = {  # what a session or item tells of itself: name in Tautulli -> attribute in Plex's XML
    "rating_key": "ratingKey", "parent_rating_key": "parentRatingKey", "grandparent_rating_key": "grandparentRatingKey",
    "media_type": "type", "section_id": "librarySectionID", "library_name": "librarySectionTitle", "title": "title",
    "parent_title": "parentTitle", "grandparent_title": "grandparentTitle", "original_title": "originalTitle",
    "media_index": "index", "parent_media_index": "parentIndex", "studio": "studio", "content_rating": "contentRating",
    "summary": "summary", "tagline": "tagline", "year": "year", "thumb": "thumb", "parent_thumb": "parentThumb",
    "grandparent_thumb": "grandparentThumb", "art": "art", "duration": "duration", "slug": "slug",
    "originally_available_at": "originallyAvailableAt", "added_at": "addedAt", "updated_at": "updatedAt",
    "guid": "guid", "parent_guid": "parentGuid", "grandparent_guid": "grandparentGuid"}
PLAYER = {"ip_address": "address", "ip_address_public": "remotePublicAddress", "device": "device",
          "platform_version": "platformVersion", "product": "product", "product_version": "version",
          "profile": "profile", "player": "title", "machine_id": "machineIdentifier", "state": "state"}
LOCAL = {"user_id": 0, "username": "Local", "friendly_name": "Local", "thumb": "", "email": "", "is_active": 1,
         "is_admin": 0, "is_home_user": 0, "is_allow_sync": 0, "is_restricted": 0, "keep_history": 1,
         "deleted_user": 0, "server_token": None}


class Unusable(Exception):
    """The session list came, and one of its sessions could not be understood: nobody gets anything."""


class PlexReader:
    """host: the StandIn."""

    def __init__(self, host):
        self.host, self.plex, self.plextv_url = host, host.plex, host.plextv.url
        self.store, self.log = host.store, host.log
        self._http = requests.Session()
        self._http.trust_env = False

    def _get(self, base, path, **params):
        token = {"X-Plex-Token": self.plex.people.owner.token}
        return self._http.get(base + path, params=params, headers=token, timeout=TIMEOUT)

    def _xml(self, base, path, **params):
        """The root of the answer, None if there is none."""
        try:
            response = self._get(base, path, **params)
            if response.ok:
                return ElementTree.fromstring(response.content)
            self.log("ERROR", f"Failed to access uri endpoint {path}. Status code {response.status_code}")
        except (requests.RequestException, ElementTree.ParseError) as e:
            self.log("ERROR", f"Failed to access uri endpoint {path}. Connection error: {e}")
        return None

    # ---- sessions and items ----

    def activity(self):
        """The data of get_activity: None if Plex gave no list. Raises Unusable."""
        root = self._xml(self.plex.url, "/status/sessions")
        if root is None:
            self.log("WARNING", "Tautulli Pmsconnect :: Unable to parse XML for get_current_activity.")
            return None
        sessions = [self._session(e) for e in root]
        band = {k: sum(int(s["bandwidth"] or 0) for s in sessions if (s["location"] == "lan") == k)
                for k in (True, False)}
        count = [s["transcode_decision"] for s in sessions].count
        return {"stream_count": str(len(sessions)), "sessions": sessions,
                "stream_count_direct_play": count("direct play"), "stream_count_direct_stream": count("copy"),
                "stream_count_transcode": count("transcode"), "total_bandwidth": sum(band.values()),
                "lan_bandwidth": band[True], "wan_bandwidth": band[False]}

    def item(self, rating_key):
        """Metadata of one item, or None."""
        root = self._xml(self.plex.url, f"/library/metadata/{rating_key}")
        if root is None or not len(root):
            return None
        found = describe(root[0])
        return {**found, "media_info": [{k: found[k] for k in ("container", "bitrate", "video_resolution")}]}

    def search(self, query, limit):
        """The results of Plex's search, by the kind of media."""
        found = {kind: [] for kind in ("movie", "show", "season", "episode", "artist", "album", "track", "collection")}
        root = self._xml(self.plex.url, "/hubs/search", query=query, limit=limit)
        for hub in [] if root is None else root:
            for e in hub if hub.get("type") in found else []:
                found[e.get("type")].append(self.item(e.get("ratingKey")))
        return {"results_count": sum(map(len, found.values())), "results_list": found}

    def _session(self, e):
        user, player = e.find("User"), e.find("Player")
        if user is None or player is None:
            self.log("ERROR", "Tautulli WebSocket :: Failed to process session data: list index out of range.")
            raise Unusable
        told, stream = e.find("Session"), e.find("TranscodeSession")
        who = self.user_details(user.get("id", ""), user.get("title", ""))
        platform = player.get("platform") or ("DLNA" if player.get("product") == "DLNA" else "")
        media = e.find("Media")
        session = {**describe(e), **{k: player.get(a, "") for k, a in PLAYER.items()}, "platform": platform,
                   "session_key": e.get("sessionKey", ""), "view_offset": e.get("viewOffset", "0"),
                   "session_id": "" if told is None else told.get("id", ""),
                   "bandwidth": "" if told is None else told.get("bandwidth", ""),
                   "location": ("lan" if player.get("local") == "1" else "wan") if told is None
                   else told.get("location", ""),
                   "local": int(player.get("local", 0)), "relayed": int(player.get("relayed", 0)),
                   "secure": int(player.get("secure", 0)), "quality_profile": "Original",
                   "live_uuid": tell(media, "uuid"),
                   "user": who["username"], "user_thumb": who["thumb"] or "",
                   **{k: who[k] for k in ("user_id", "username", "friendly_name", "email", "is_active", "is_admin",
                                          "is_home_user", "is_allow_sync", "is_restricted", "keep_history",
                                          "deleted_user")},
                   **decisions(stream), **self._of_file(e, stream), "stream_bitrate": tell(media, "bitrate"),
                   "stream_video_resolution": tell(media, "videoResolution")}
        length = int(session["duration"] or 0)
        session["progress_percent"] = str(int(100 * int(session["view_offset"]) / length) if length else 0)
        session["stream_duration"] = session["duration"]
        return session

    def _of_file(self, e, stream):
        """What the file has, of a session that tells what comes out of its conversion."""
        item = self.item(e.get("ratingKey")) if stream is not None and e.get("ratingKey") else None
        return {k: (item or {})[k] for k in ("bitrate", "height", "width", "video_resolution") if item}

    # ---- people ----

    def user_details(self, user_id, name=""):
        """The row of a user. Plex's own id 1 is the owner; somebody unknown is asked of plex.tv, then Local."""
        user_id = self.plex.people.owner.id if str(user_id) == "1" else user_id
        query = "SELECT * FROM users WHERE user_id = ?"
        row = self.store.one(query, user_id) if str(user_id).isdigit() else None
        if not row and str(user_id).isdigit() and int(user_id):
            self.refresh_users()
            row = self.store.one(query, user_id)
        if not row:
            return {**LOCAL, "id": 0}
        row["friendly_name"] = row["friendly_name"] or row["username"]
        return row

    def refresh_users(self):
        """Ask plex.tv who there is. False if it did not answer."""
        self.log("INFO", "Tautulli Users :: Requesting users list refresh...")
        account, users = self._xml(self.plextv_url, "/users/account"), self._xml(self.plextv_url, "/api/users")
        shares = self._xml(self.plextv_url, f"/api/servers/{self.plex.machine_id}/shared_servers")
        if account is None or users is None or shares is None:
            self.log("WARNING", "Tautulli Users :: Unable to refresh users list.")
            return False
        tokens = {s.get("userID"): s.get("accessToken") for s in shares}
        found = {s.get("userID"): ";".join(x.get("key") for x in s if x.get("shared") == "1") for s in shares}
        owner = account.get("id")
        seen = [(account, 1, account.get("authToken"), "1;2;3;4")]
        seen += [(u, 0, tokens.get(u.get("id")), found.get(u.get("id"), "")) for u in users]
        self.store.run("UPDATE users SET is_active = 0 WHERE user_id != 0")
        for u, admin, token, shared in seen:
            name = u.get("username") or u.get("title")
            self.store.put("users", {"user_id": int(u.get("id"))}, {
                "username": name, "title": u.get("title"), "email": u.get("email") or "", "thumb": u.get("thumb"),
                "is_active": 1, "is_admin": admin, "is_home_user": int(u.get("home") or u.get("id") == owner),
                "is_allow_sync": int(u.get("allowSync", 1)), "is_restricted": int(u.get("restricted", 0)),
                "server_token": token, "shared_libraries": shared,
                **{f"filter_{k}": u.get(f"filter{a}", "") for k, a in
                   (("all", "All"), ("movies", "Movies"), ("tv", "Television"), ("music", "Music"),
                    ("photos", "Photos"))}})
        self.host.names = [r["username"] for r in self.store.all("SELECT username FROM users")]
        self.log("INFO", "Tautulli Users :: Users list refreshed.")
        return True

    def plex_pass(self):
        account = self._xml(self.plextv_url, "/users/account")
        sub = account.find("subscription") if account is not None else None
        return sub is not None and sub.get("active") == "1"

    # ---- the rest of the server ----

    def terminate(self, session_id, reason):
        """True, or an HTTP error as an exception."""
        response = self._get(self.plex.url, "/status/sessions/terminate", sessionId=session_id, reason=reason)
        response.raise_for_status()
        return True

    def identity(self):
        return self._xml(self.plex.url, "/identity")

    def section_items(self, section_id, kind=None):
        root = self._xml(self.plex.url, f"/library/sections/{section_id}/all", **({"type": kind} if kind else {}))
        return [] if root is None else [describe(e) for e in root]

    def refresh_libraries(self):
        self.log("INFO", "Tautulli Libraries :: Requesting libraries list refresh...")
        root = self._xml(self.plex.url, "/library/sections")
        if root is None:
            return False
        kinds = {"movie": (1,), "show": (2, 3, 4), "artist": (8, 9, 10), "photo": (13,)}
        for e in root:
            counts = [len(self.section_items(e.get("key"), k)) for k in kinds[e.get("type")]]
            self.store.put("library_sections", {"section_id": int(e.get("key"))}, {
                "server_id": self.plex.machine_id, "section_name": e.get("title"), "section_type": e.get("type"),
                "agent": e.get("agent"), "thumb": e.get("thumb"), "art": e.get("art"),
                **dict(zip(("count", "parent_count", "child_count"), [*counts, 0, 0], strict=False))})
        self.log("INFO", "Tautulli Libraries :: Libraries list refreshed.")
        return True


def describe(e):
    """An item of Plex's XML in Tautulli's words, all of them strings."""
    d = {k: e.get(a, "") for k, a in TEXTS.items()}
    d["full_title"] = f"{d['grandparent_title']} - {d['title']}" if d["grandparent_title"] else d["title"]
    if d["media_type"] == "season":
        d["full_title"] = f"{d['parent_title']} - {d['title']}"
    for name, tag in (("genres", "Genre"), ("labels", "Label"), ("directors", "Director"), ("actors", "Role"),
                      ("guids", "Guid")):
        d[name] = [x.get("tag") or x.get("id", "") for x in e.findall(tag)]
    d["live"] = int(e.get("live", 0))
    media = e.find("Media")
    part = media.find("Part") if media is not None else None
    for name, attribute in (("container", "container"), ("bitrate", "bitrate"), ("height", "height"),
                            ("width", "width"), ("video_codec", "videoCodec"), ("audio_codec", "audioCodec"),
                            ("video_resolution", "videoResolution"), ("video_framerate", "videoFrameRate"),
                            ("audio_channels", "audioChannels")):
        d[name] = media.get(attribute, "") if media is not None else ""
    d["file"] = part.get("file", "") if part is not None else ""
    d["file_size"] = part.get("size", "") if part is not None else ""
    d["markers"] = []
    return d


def tell(element, attribute):
    return "" if element is None else element.get(attribute, "")


def decisions(stream):
    """What is transcoded, from the <TranscodeSession> (None: nothing)."""
    told = {k: (stream.get(f"{k}Decision", "direct play") if stream is not None else "direct play")
            for k in ("video", "audio")}
    told = {k: "direct play" if v == "directplay" else v for k, v in told.items()}
    overall = next((d for d in ("transcode", "copy") if d in told.values()), "direct play")
    return {"transcode_key": "" if stream is None else stream.get("key", ""), "transcode_decision": overall,
            "container_decision": overall, "video_decision": told["video"], "audio_decision": told["audio"],
            "stream_video_decision": told["video"], "stream_audio_decision": told["audio"], "subtitle_decision": "",
            "transcode_video_codec": "" if stream is None else stream.get("videoCodec", ""),
            "transcode_container": "" if stream is None else stream.get("container", "")}
