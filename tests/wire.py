"""A loopback server that answers byte for byte what a test says: for what no well-behaved server sends."""
import socket
import ssl
import struct
import threading

HANG, RESET, CLOSE = "hang", "reset", "close"  # all other steps are bytes


def answer(body=b"", status="200 OK", **headers):
    """A whole HTTP answer."""
    body = body.encode() if isinstance(body, str) else body
    more = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more, "", ""]).encode() + body


class Wire:
    """`script(number, request)` gives for the request of that number (1, 2, …) bytes or an iterable of bytes to send,
    HANG, RESET or CLOSE; bytes followed by CLOSE: (bytes, CLOSE). Records `requests` and counts `connections`."""

    def __init__(self, script, tls=None):
        self.script = script if callable(script) else lambda number, request: script
        self.tls, self.requests, self.connections = tls, [], 0
        self._over = threading.Event()
        self._open = []

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self._over.set()
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self):
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            file = connection.makefile("rb")
            while request := _read(file):
                self.requests.append(request)
                if not self._reply(connection, self.script(len(self.requests), request)):
                    return
        except (OSError, ssl.SSLError):
            return

    def _reply(self, connection, reply):
        for part in reply if isinstance(reply, tuple) else (reply,):
            if part is HANG:
                self._over.wait(60)
                return False
            if part is RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                return False
            if part is CLOSE:
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()
                return False
            for piece in [part] if isinstance(part, bytes) else part:
                connection.sendall(piece)
                if self._over.is_set():
                    return False
        return True


def _read(file):
    """One request as text, "" at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = file.readline()
        if not line:
            return ""
        head += line
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    length = int(lengths[0]) if lengths else 0
    return (head + file.read(length)).decode("latin-1")
