"""Starts a script as Tautulli does: own thread, its environment, its folder, closed stdin, SIGKILL at the time-out."""
import os
import selectors
import shlex
import subprocess
import sys
import threading
import time

from ..processes import ask_python

PREFIX = {".py": None, ".pyw": "pythonw", ".pl": "perl", ".rb": "ruby", ".php": "php", ".sh": "", ".bat": "",
          ".cmd": ""}          # None: the interpreter Tautulli runs on
LIBRARY = ("requests", "urllib3", "certifi", "charset_normalizer", "idna", "plexapi", "dateutil", "six.py")


class Scripts:
    def __init__(self, host):
        self.host = host
        self._path, self._lock = None, threading.Lock()

    def run(self, config, arguments, user_id=None, action=""):
        """Start it in a thread of its own. True if it could be started, as far as can be told beforehand."""
        log, script = self.host.log, config["script"]
        log("DEBUG", f"Tautulli Notifiers :: Trying to run notify script: {script}, arguments: {arguments}, "
                     f"action: {action}")
        if not config["script_folder"]:
            log("ERROR", "Tautulli Notifiers :: No script folder specified.")
            return False
        ext = os.path.splitext(script)[1]
        if not script or not os.path.isfile(script) or ext not in PREFIX:
            log("ERROR", f"Tautulli Notifiers :: Invalid script file '{script}' specified, exiting...")
            return False
        python, arguments = True, list(arguments)
        prefix = self.host.python if PREFIX[ext] is None else PREFIX[ext]
        if prefix and arguments[:1] == ["nopythonpath"]:
            python, arguments = False, arguments[1:]
        if prefix and arguments[:1] and arguments[0] in ("python", "python2", "python3"):
            prefix, arguments = arguments[0], arguments[1:]
        command = [*shlex.split(prefix), script, *arguments]
        log("DEBUG", f"Tautulli Notifiers :: Full script is: {command}")
        threading.Thread(target=self._run, args=(command, config, user_id, python, self.host.dead), daemon=True).start()
        return True

    def environment(self, user_id=None, pythonpath=True):
        """What a script finds in its environment. user_id: whose token is PLEX_USER_TOKEN."""
        host, token = self.host, ""
        if user_id:
            row = host.store.one("SELECT server_token FROM users WHERE user_id = ?", user_id)
            token = str(row and row["server_token"])
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": host.datadir, "LANG": "C.UTF-8", **host.env,
               "PLEXAPI_CONFIG_PATH": os.path.join(host.datadir, "plexapi.config.ini"), "PLEXAPI_LOG_LEVEL": "DEBUG",
               "PLEXAPI_LOG_PATH": os.path.join(host.datadir, "logs", "plexapi_script.log"),
               "PLEX_URL": host.plex.url, "PLEX_TOKEN": host.plex.people.owner.token, "PLEX_USER_TOKEN": token,
               "TAUTULLI_URL": host.url, "TAUTULLI_APIKEY": host.api_key,
               "TAUTULLI_PUBLIC_URL": str(host.config.get("http_base_url", "")) + host.root + "/",
               "TAUTULLI_ENCODING": "UTF-8"}
        path, version = self._python()
        own["TAUTULLI_PYTHON_VERSION"] = version
        if pythonpath:
            own["PYTHONPATH"] = path
        return own

    def _python(self):
        """PYTHONPATH and version of the interpreter. The path begins with a lib folder of ours, as Tautulli's does,
        and has the interpreter's own standard library in it."""
        with self._lock:
            if not self._path:
                self._path = self._find_python()
            return self._path

    def _find_python(self):
        lib = os.path.join(self.host.home, "lib")
        os.makedirs(lib, exist_ok=True)
        version, path = ask_python(self.host.python)
        for folder in (p for p in sys.path if p.endswith("site-packages")):
            for name in LIBRARY:
                source, link = os.path.join(folder, name), os.path.join(lib, name)
                if os.path.exists(source) and not os.path.lexists(link):
                    os.symlink(source, link)
        return os.pathsep.join([lib, self.host.home, *path]), version

    def _run(self, *args):
        with self.host.quiet("a script"):
            self._process(*args)

    def _process(self, command, config, user_id, pythonpath, dead):
        log, limit = self.host.log, int(config["timeout"] or 0)
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       cwd=config["script_folder"], env=self.environment(user_id, pythonpath))
        except OSError as e:
            log("ERROR", f"Tautulli Notifiers :: Failed to run script: {e}")
            return
        process.stdin.close()
        killed = []
        timer = threading.Timer(limit, self._kill, (process, limit, killed))
        timer.daemon = True
        if limit > 0:
            timer.start()
        output, error = communicate(process, dead)
        if dead.is_set():           # Tautulli is gone; its script lives on, its pipes are broken
            timer.cancel()
            return
        status = process.wait()
        timer.cancel()
        log("DEBUG", f"Tautulli Notifiers :: Subprocess returned with status code {status}.")
        try:
            if error:
                log("ERROR", "Tautulli Notifiers :: Script error: \n  " + "\n  ".join(error.decode().splitlines()))
            if output:
                log("DEBUG", "Tautulli Notifiers :: Script returned: \n  " + "\n  ".join(output.decode().splitlines()))
        except UnicodeDecodeError:      # there the thread dies of it, and nobody hears of it
            return
        if not killed:
            log("INFO", "Tautulli Notifiers :: Script notification sent.")

    def _kill(self, process, limit, killed):
        if self.host.dead.is_set():
            return
        killed.append(True)
        process.kill()
        self.host.log("WARNING", f"Tautulli Notifiers :: Script exceeded timeout limit of {limit} seconds. "
                                 "Script killed.")


def communicate(process, dead):
    """Both outputs, once every holder of the pipes has let go of them; less if `dead` is set before."""
    parts = {process.stdout: [], process.stderr: []}
    with selectors.DefaultSelector() as waiting:
        for pipe in parts:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map() and not dead.is_set():
            for key, _ in waiting.select(0.2):
                data = os.read(key.fd, 65536)
                if data:
                    parts[key.fileobj].append(data)
                else:
                    waiting.unregister(key.fileobj)
    for pipe in parts:
        pipe.close()
    return tuple(b"".join(p) for p in parts.values())


def wait_until(moment, dead):
    """Sleep until that time. False if `dead` was set before."""
    while not dead.is_set():
        left = moment - time.time()
        if left <= 0:
            return True
        dead.wait(min(left, 1))
    return False
