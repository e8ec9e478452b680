"""An HTTP proxy that knows only CONNECT: it leads the real names of plex.tv and Discord to the fakes."""
import asyncio
import fnmatch
import time

from .base import HOST, reset


class ConnectProxy:
    """Knows only CONNECT, and only to the hosts given by route(); everything else gets 403 and is put in .refused."""

    def __init__(self, loop):
        self.loop, self.port, self.table, self.refused, self.tunnels = loop, 0, [], [], []
        self._server = None

    def route(self, pattern, port):
        """Lead CONNECT host:443 to the TLS port `port` on loopback."""
        self.table.append((pattern, port))

    @property
    def url(self):
        return f"http://{HOST}:{self.port}"

    def env(self):
        no = "127.0.0.1,localhost,::1"
        return {"HTTPS_PROXY": self.url, "https_proxy": self.url, "HTTP_PROXY": self.url, "http_proxy": self.url,
                "NO_PROXY": no, "no_proxy": no}

    def start(self):
        async def go():
            self._server = await asyncio.start_server(self._serve, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]
        self.loop.run(go())
        return self

    def stop(self):
        self.loop.call(self._server.close)

    async def _serve(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split()
            host, _, port = head[1].rpartition(":")
            target = next((p for pattern, p in self.table if fnmatch.fnmatch(host, pattern)), None)
            if head[0] != "CONNECT" or port != "443" or not target:
                self.refused.append((time.time(), head[0], head[1]))
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            self.tunnels.append((time.time(), host))
            up_reader, up_writer = await asyncio.open_connection(HOST, target)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(self._pump(reader, up_writer), self._pump(up_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def _pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()
        except ConnectionError:
            reset(writer.transport)      # pass a RST on as a RST
